#include "emit/package.h"

#include "base/error.h"
#include "base/file.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

namespace fs = std::filesystem;

std::vector<GeneratedFile> two_files()
{
    return {{"a.h", std::string("// ") + kGeneratedMark + " a\nint a;\n"},
            {"Makefile", std::string("# ") + kGeneratedMark + "\n"}};
}

TEST(WritePackage, replaces_what_thimble_wrote)
{
    const TemporaryFolder folder;
    write_package(folder.path() / "new" / "deep", two_files(), false);
    write_package(folder.path() / "new" / "deep", two_files(), false);
    EXPECT_EQ(read_text_file(folder.path() / "new" / "deep" / "a.h"), two_files()[0].text);
}

TEST(WritePackage, keeps_what_it_did_not_write_and_writes_nothing_else)
{
    const TemporaryFolder folder;
    // The mark further down does not make a file ours.
    write_file(folder.path() / "Makefile", std::string("all:\n# ") + kGeneratedMark + "\n");
    try {
        write_package(folder.path(), two_files(), false);
        FAIL() << "overwritten";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::T0005);
    }
    EXPECT_FALSE(fs::exists(folder.path() / "a.h"));
    write_package(folder.path(), two_files(), true);
    EXPECT_EQ(read_text_file(folder.path() / "Makefile"), two_files()[1].text);
}

TEST(WritePackage, leaves_nothing_behind_when_it_fails)
{
    const TemporaryFolder folder;
    fs::create_directory(folder.path() / "a.h.thimble-new");
    EXPECT_THROW(write_package(folder.path(), two_files(), false), Error);
    EXPECT_FALSE(fs::exists(folder.path() / "Makefile"));
    EXPECT_FALSE(fs::exists(folder.path() / "Makefile.thimble-new"));
}

}  // namespace
}  // namespace thimble
