// Which model is the float one.
#include "evaluate/float_project.h"

#include "../data/folder.h"

#include <filesystem>
#include <gtest/gtest.h>

namespace thimble {
namespace {

namespace fs = std::filesystem;

// examples/ above the folder of this program; empty when it was moved away.
fs::path examples()
{
    for (fs::path at = fs::canonical("/proc/self/exe").parent_path(); at != at.root_path();
         at = at.parent_path())
        if (fs::exists(at / "examples" / "sine" / "sine.tflite")) return at / "examples";
    return {};
}

TEST(FloatProject, takes_the_float_model_that_lies_beside)
{
    if (examples().empty()) GTEST_SKIP() << "examples/ is not above this program";
    DataFolder data;
    const fs::path model = data.folder.path() / "sine.tflite";
    fs::copy_file(examples() / "sine" / "sine.tflite", model);
    EXPECT_THROW(float_model(model), Error);
    data.write("sine.float.tflite", "never read");
    EXPECT_EQ(float_model(model), data.folder.path() / "sine.float.tflite");
    const ProjectFile file = float_project(parse_project_file(R"(
name = "sine"
[input]
kind = "tensor"
shape = [1]
[[stage]]
kind = "network"
model = "sine.tflite"
fold = "int8"
)", data.folder.path() / "thimble.toml"));
    EXPECT_EQ(file.stages[0].file("model"), data.folder.path() / "sine.float.tflite");
    EXPECT_EQ(file.stages[0].text("fold"), "float");
}

TEST(FloatProject, a_float_model_is_its_own)
{
    const fs::path model = examples() / "gesture" / "gesture_float.tflite";
    if (!fs::exists(model)) GTEST_SKIP() << "no float model among the examples";
    EXPECT_EQ(float_model(model), model);
}

}  // namespace
}  // namespace thimble
