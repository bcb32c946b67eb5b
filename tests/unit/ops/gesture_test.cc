// The bundled gesture net by the oracle: every recording that it never saw gets its own class.
#include "formats/npy.h"
#include "import/import.h"
#include "verify/engine.h"

#include <gtest/gtest.h>

namespace thimble {

namespace {

// examples/gesture of the checkout, seen from where the test binary lies.
std::filesystem::path gesture_folder()
{
    std::filesystem::path at = std::filesystem::read_symlink("/proc/self/exe");
    while (at.has_relative_path()) {
        at = at.parent_path();
        if (std::filesystem::exists(at / "examples/gesture/gesture.tflite")) break;
    }
    return at / "examples/gesture";
}

int right_answers(const std::string& recordings, size_t expected_class)
{
    const Graph graph = import_model(gesture_folder() / "gesture.tflite");
    require_supported(graph);
    const NpyArray array = read_npy(gesture_folder() / "data" / (recordings + ".npy"));
    std::vector<TensorBytes> inputs;
    for (auto at = array.bytes.begin(); at != array.bytes.end(); at += 150)
        inputs.push_back({Bytes(at, at + 150)});
    int right = 0;
    for (const RunOutputs& run : run_oracle(graph, Match::tflm, false, inputs)) {
        const auto score = [&](size_t i) { return static_cast<int8_t>(run.outputs[0].at(i)); };
        right += score(expected_class) > score(1 - expected_class);
    }
    return right;
}

TEST(Gesture, recognises_all_recordings)
{
    EXPECT_EQ(right_answers("punch", 0), 20);
    EXPECT_EQ(right_answers("flex", 1), 20);
}

}  // namespace

}  // namespace thimble
