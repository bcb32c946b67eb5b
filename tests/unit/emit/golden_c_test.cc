// The generated C of one tiny model, kept in tests/emit and reviewed like code. After a wanted
// change:
//
//   THIMBLE_UPDATE_GOLDEN=1 build/thimble_unit --gtest_filter='GoldenC.*'
#include "../formats/draft_models.h"
#include "base/file.h"
#include "compile.h"
#include "emit/c_source.h"
#include "formats/tflite.h"
#include "import/import.h"
#include "targets/target.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>

namespace thimble {
namespace {

namespace fs = std::filesystem;

// tests/emit above the folder of this program; empty when it was moved away from the checkout.
fs::path golden_folder()
{
    for (fs::path at = fs::read_symlink("/proc/self/exe"); at.has_relative_path();) {
        at = at.parent_path();
        if (fs::exists(at / "tests" / "emit")) return at / "tests" / "emit";
    }
    return {};
}

// The tables and calls behind the device files that NAME.c quotes; those are reviewed where they
// lie.
std::string own_part(const std::string& source)
{
    const size_t table = source.find("tiny_table_0[]");
    return source.substr(source.rfind("\n\n", table) + 2);
}

void compare_with(const fs::path& golden, const std::string& text)
{
    if (std::getenv("THIMBLE_UPDATE_GOLDEN")) write_file(golden, text);
    ASSERT_TRUE(fs::exists(golden)) << golden;
    const std::string kept = read_text_file(golden);
    const auto [a, b] = std::mismatch(kept.begin(), kept.end(), text.begin(), text.end());
    const size_t at = static_cast<size_t>(a - kept.begin());
    const size_t line = 1 + static_cast<size_t>(std::count(kept.begin(), a, '\n'));
    EXPECT_EQ(kept, text) << golden.filename() << " differs from line " << line << ", byte " << at;
}

TEST(GoldenC, of_a_dense_layer_for_this_computer)
{
    if (golden_folder().empty()) GTEST_SKIP() << "tests/emit is not above this program";
    const Graph graph = import_tflite(read_tflite(write_tflite(dense_draft()), "tiny.tflite"));
    const ResolvedTarget host = find_target("host");
    const Program program = compile(graph, {.name = "tiny", .target = host.facts});
    const GeneratedSource source = emit_c(program, {.target = host.name});
    compare_with(golden_folder() / "tiny.h.txt", source.header);
    compare_with(golden_folder() / "tiny_own_part.c.txt", own_part(source.source));
}

}  // namespace
}  // namespace thimble
