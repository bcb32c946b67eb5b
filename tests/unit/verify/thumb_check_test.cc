#include "verify/thumb_check.h"

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "verify/firmware.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

TEST(ThumbCheck, passes_everything_that_v6m_has)
{
    EXPECT_TRUE(instructions_beyond_v6m("00008000 <main>:\n"
                                        "    8000:\tb510      \tpush\t{r4, lr}\n"
                                        "    8002:\tf000 f801 \tbl\t8008 <f>\n"
                                        "    8006:\tf3bf 8f4f \tdsb\tsy\n"
                                        "    800c:\t20000000 \t.word\t0x20000000\n"
                                        "    8010:\t1234      \t.short\t0x1234\n")
                    .empty());
}

TEST(ThumbCheck, finds_what_v6m_lacks)
{
    EXPECT_EQ(instructions_beyond_v6m("    8000:\tb108      \tcbz\tr0, 8006 <f>\n"
                                      "    8002:\tbf18      \tit\tne\n"
                                      "    8004:\tbf1e      \tittt\tne\n"
                                      "    8006:\tfb90 f0f1 \tsdiv\tr0, r0, r1\n"
                                      "    800a:\t4348      \tmuls\tr0, r1\n")
                  .size(),
              4u);
}

// The emulated machine would run this without complaint: the build must not let it through.
TEST(ThumbCheck, an_image_with_a_hidden_v7m_instruction_is_refused)
{
    if (!find_program("arm-none-eabi-gcc")) GTEST_SKIP() << "arm-none-eabi-gcc is not installed";
    const TemporaryFolder folder;
    write_file(
        folder.path() / "program.c",
        std::string_view("int main(void)\n{\n    __asm__ volatile(\".arch armv7-m\\n"
                         " mov r0, #7\\n mov r1, #2\\n sdiv r0, r0, r1\\n\" ::: \"r0\", \"r1\");\n"
                         "    return 0;\n}\n"));
    const ResolvedTarget target = find_target("cortex-m0plus");
    try {
        build_firmware({.target = &target,
                        .sources = {folder.path() / "program.c"},
                        .output_dir = folder.path()});
        FAIL() << "not refused";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::T0402);
        EXPECT_NE(error.text().found.find("sdiv"), std::string::npos) << error.what();
    }
}

}  // namespace
}  // namespace thimble
