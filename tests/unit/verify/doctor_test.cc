#include "verify/doctor.h"

#include "base/process.h"

#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>

namespace thimble {
namespace {

const ToolStatus& find_tool(const std::vector<ToolStatus>& tools, const std::string& name)
{
    const auto tool = std::find_if(tools.begin(), tools.end(), [&](const ToolStatus& candidate) {
        return candidate.name == name;
    });
    if (tool == tools.end()) throw std::runtime_error("no tool " + name);
    return *tool;
}

TEST(Doctor, lists_each_tool_once_with_all_that_it_unlocks)
{
    const std::vector<ToolStatus> tools = examine_tools();
    const ToolStatus& arm = find_tool(tools, "arm-none-eabi-gcc");
    EXPECT_EQ(arm.unlocks,
              "compiling for cortex-m0plus, cortex-m3, cortex-m4, cortex-m7, cortex-m33, "
              "cortex-m55");
    EXPECT_EQ(arm.found, find_program("arm-none-eabi-gcc").has_value());
    EXPECT_EQ(find_tool(tools, "thimble-run-avr").install,
              "apt-get install libsimavr-dev, then build thimble again");
    for (const ToolStatus& tool : tools) {
        // Not every compiler says where its C library lies.
        const bool library = tool.name.starts_with("C library of ");
        EXPECT_TRUE(tool.found || tool.path.empty()) << tool.name;
        EXPECT_TRUE(!tool.found || library || !tool.path.empty()) << tool.name;
        EXPECT_FALSE(tool.install.empty()) << tool.name;
    }
}

TEST(Doctor, sees_that_programs_are_missing)
{
    const char* path = std::getenv("PATH");
    const std::string saved = path ? path : "";
    setenv("PATH", "/nowhere", 1);
    const std::vector<ToolStatus> tools = examine_tools();
    setenv("PATH", saved.c_str(), 1);
    EXPECT_FALSE(find_tool(tools, "avr-gcc").found);
    EXPECT_FALSE(find_tool(tools, "C library of avr-gcc").found);
    EXPECT_FALSE(find_tool(tools, "qemu-system-arm").found);
}

}  // namespace
}  // namespace thimble
