// The table of keys, and the page that is made from it. After a wanted change:
//
//   THIMBLE_UPDATE_GOLDEN=1 build/thimble_unit --gtest_filter='Schema.*'
#include "project/schema.h"

#include "base/file.h"
#include "project/stage.h"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <set>

namespace thimble {
namespace {

namespace fs = std::filesystem;

// docs/project-file.md above the folder of this program; empty when it was moved away.
fs::path reference_file()
{
    for (fs::path at = fs::read_symlink("/proc/self/exe"); at.has_relative_path();) {
        at = at.parent_path();
        if (fs::exists(at / "docs" / "architecture.md")) return at / "docs" / "project-file.md";
    }
    return {};
}

TEST(Schema, reference_page_is_made_from_the_table)
{
    const fs::path file = reference_file();
    if (file.empty()) GTEST_SKIP() << "docs is not above this program";
    if (std::getenv("THIMBLE_UPDATE_GOLDEN")) write_file(file, project_reference());
    EXPECT_EQ(read_text_file(file), project_reference());
}

TEST(Schema, is_consistent)
{
    std::set<std::string> known;
    for (const KeySpec& spec : project_keys()) {
        EXPECT_TRUE(known.insert(std::string(spec.section) + "." + std::string(spec.key)).second)
            << spec.key;
        EXPECT_TRUE(spec.sentence.ends_with(".")) << spec.key;
        const bool ranged = spec.type == KeyType::whole || spec.type == KeyType::number ||
                            spec.type == KeyType::wholes || spec.type == KeyType::numbers;
        EXPECT_TRUE(!ranged || spec.least() <= spec.most()) << spec.key;
        EXPECT_TRUE(spec.type != KeyType::choice || !spec.choices().empty()) << spec.key;
        const bool nested = spec.type == KeyType::table || spec.type == KeyType::file_or_table;
        EXPECT_TRUE(!nested || !keys_of(table_section(spec.section, spec.key)).empty()) << spec.key;
    }
    for (const std::string& kind : stage_kinds())
        EXPECT_TRUE(kind == "seq2seq" || find_stage(kind) != nullptr) << kind;
}

}  // namespace
}  // namespace thimble
