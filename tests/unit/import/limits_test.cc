// Files that ask for more than any model needs are refused before anything is allocated.
#include "../formats/draft_models.h"
#include "base/error.h"
#include "formats/tflite.h"
#include "import/import.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

TEST(ImportLimits, refuses_variables_of_gigabytes)
{
    for (const int64_t rows : {int64_t{1} << 24, int64_t{1} << 30}) {
        TfliteDraft draft = dense_draft();
        draft.subgraphs[0].tensors.push_back(
            {.name = "kept", .shape = {rows, 9}, .is_variable = true});
        try {
            import_tflite(read_tflite(write_tflite(draft), "huge.tflite"));
            FAIL() << "accepted " << rows << " rows";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::T0202);
            EXPECT_NE(error.text().place.find("kept"), std::string::npos);
        }
    }
}

TEST(ImportLimits, accepts_a_constant_without_elements)
{
    TfliteDraft draft;
    draft.subgraphs.push_back({
        .tensors = {{.name = "x", .shape = {1}},
                    {.name = "shape", .type = TfliteType::int32, .shape = {0}},
                    {.name = "y"}},
        .inputs = {0},
        .outputs = {2},
        .operators = {{.name = "RESHAPE", .inputs = {0, 1}, .outputs = {2}}},
    });
    const Graph graph = import_tflite(read_tflite(write_tflite(draft), "scalar.tflite"));
    EXPECT_NO_THROW(require_supported(graph));
    EXPECT_EQ(graph.tensor(graph.outputs[0]).count(), 1);
}

}  // namespace
}  // namespace thimble
