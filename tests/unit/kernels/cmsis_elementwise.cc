// Sums, products, softmax and SVDF of CMSIS-NN's vectors through the portable kernels.
#include "cmsis_vector.h"
#include "numeric/reference.h"
#include "port/thb_port.h"

#include <cmath>
#include <math.h>

namespace thimble {
namespace {

// Each header in its own namespace: device headers have no include guards.
namespace add {
#include "kernels/add.h"
}
namespace mul {
#include "kernels/mul.h"
}
namespace binary {
#include "kernels/binary.h"
}
namespace softmax {
#include "kernels/softmax.h"
}
namespace svdf {
#include "kernels/svdf.h"
}

int32_t constant(const CmsisVector& v, const char* name)
{
    return static_cast<int32_t>(v.number({name}));
}

template <typename T> CmsisResult add_int(const CmsisVector& v)
{
    const auto a = v.values<T>({"input1"});
    const auto b = v.values<T>({"input2"});
    std::vector<T> out(a.size());
    const int32_t constants[] = {
        -constant(v, "INPUT1_OFFSET"),    constant(v, "INPUT1_MULT"),
        -constant(v, "INPUT1_SHIFT"),     -constant(v, "INPUT2_OFFSET"),
        constant(v, "INPUT2_MULT"),       -constant(v, "INPUT2_SHIFT"),
        constant(v, "OUTPUT_MULT"),       constant(v, "OUTPUT_SHIFT"),
        constant(v, "OUTPUT_OFFSET"),     constant(v, "OUT_ACTIVATION_MIN"),
        constant(v, "OUT_ACTIVATION_MAX")};
    const int left = static_cast<int>(v.number({"LEFT_SHIFT"}));
    add::thb_add_q(a.data(), 0, b.data(), 0, out.data(), THB_PAIR_SAME, 0, nullptr,
                   static_cast<int>(a.size()), sizeof(T) == 2 ? THB_S16 : THB_S8, 0, left, 0, 0,
                   constants);
    return compare_exactly(out, v.values<T>({"output_ref"}));
}

template <typename T> CmsisResult mul_int(const CmsisVector& v)
{
    const auto a = v.values<T>({"input1"});
    const auto b = v.values<T>({"input2"});
    std::vector<T> out(a.size());
    const int32_t constants[] = {
        -constant(v, "INPUT1_OFFSET"),    -constant(v, "INPUT2_OFFSET"),
        constant(v, "OUTPUT_MULT"),       constant(v, "OUTPUT_SHIFT"),
        constant(v, "OUTPUT_OFFSET"),     constant(v, "OUT_ACTIVATION_MIN"),
        constant(v, "OUT_ACTIVATION_MAX")};
    mul::thb_mul_q(a.data(), 0, b.data(), 0, out.data(), THB_PAIR_SAME, 0, nullptr,
                   static_cast<int>(a.size()), sizeof(T) == 2 ? THB_S16 : THB_S8, constants);
    return compare_exactly(out, v.values<T>({"output_ref"}));
}

CmsisResult binary_f32(const CmsisVector& v, int function)
{
    const auto a = v.values<float>({"input1"});
    const auto b = v.values<float>({"input2"});
    std::vector<float> out(a.size());
    binary::thb_binary_f32(a.data(), 0, b.data(), 0, out.data(), THB_PAIR_SAME, 0, nullptr,
                           static_cast<int>(a.size()), function, 1,
                           static_cast<float>(v.real("OUT_ACTIVATION_MIN")),
                           static_cast<float>(v.real("OUT_ACTIVATION_MAX")));
    return compare_floats(out, v.values<float>({"output_ref"}));
}

}  // namespace

CmsisResult run_cmsis_add(const CmsisVector& v)
{
    if (v.types.at("input1") == "float32_t") return binary_f32(v, THB_BINARY_ADD);
    return v.types.at("input1") == "int16_t" ? add_int<int16_t>(v) : add_int<int8_t>(v);
}

CmsisResult run_cmsis_mul(const CmsisVector& v)
{
    if (v.types.at("input1") == "float32_t") return binary_f32(v, THB_BINARY_MUL);
    return v.types.at("input1") == "int16_t" ? mul_int<int16_t>(v) : mul_int<int8_t>(v);
}

std::vector<int8_t> cmsis_softmax_s8(const CmsisVector& v, const std::vector<int8_t>& in)
{
    // The table that the compiler makes of a scale, here from its multiplier and shift.
    std::vector<int32_t> exps;
    const int shift = static_cast<int>(v.number({"SHIFT"}));
    for (int32_t difference = 0; difference >= v.number({"DIFF_MIN"}); --difference) {
        const int32_t scaled = reference::high_mul(difference * (1 << shift), constant(v, "MULT"));
        exps.push_back(reference::exp_negative(scaled, 5));
    }
    const auto count = static_cast<int16_t>(exps.size());
    std::vector<int8_t> out(in.size());
    softmax::thb_softmax_s8(in.data(), exps.data(), count, nullptr, count, out.data(), 0, 1,
                            static_cast<int>(in.size()));
    return out;
}

CmsisResult run_cmsis_softmax(const CmsisVector& v)
{
    const auto in = v.values<float>({"input"});
    std::vector<float> out(in.size());
    softmax::thb_softmax_f32(in.data(), out.data(), constant(v, "NUM_ROWS"),
                             constant(v, "ROW_SIZE"), 1.0f);
    return compare_floats(out, v.values<float>({"output_ref"}));
}

CmsisResult run_cmsis_svdf(const CmsisVector& v)
{
    if (v.name.ends_with("f32"))
        return not_applicable("limits the memory to a range, which the operator does not do");
    const auto in = v.values<int8_t>({"input_sequence"});
    const auto feature = v.values<int8_t>({"weights_feature"});
    const auto time = v.values<int16_t>({"weights_time"});
    const auto bias = v.values<int32_t>({"biases"});
    auto state = v.values<int16_t>({"state"});
    const int filters = constant(v, "FEATURE_BATCHES"), rank = constant(v, "RANK");
    const int batches = constant(v, "INPUT_BATCHES"), size = constant(v, "INPUT_SIZE");
    const std::vector<int32_t> feature_bias(static_cast<size_t>(filters),
                                            0);  // The input's zero point is 0.
    std::vector<int8_t> out(static_cast<size_t>(constant(v, "DST_SIZE")));
    for (size_t at = 0; at < in.size(); at += static_cast<size_t>(batches * size))
        svdf::thb_svdf_s8(in.data() + at, feature.data(), feature_bias.data(), time.data(),
                          bias.data(), state.data(), 1, out.data(), batches, size, filters / rank,
                          rank, constant(v, "TIME_BATCHES"), constant(v, "MULTIPLIER_IN"),
                          static_cast<int8_t>(constant(v, "SHIFT_1")), 0,
                          constant(v, "MULTIPLIER_OUT"),
                          static_cast<int8_t>(constant(v, "SHIFT_2")),
                          static_cast<int16_t>(constant(v, "OUTPUT_OFFSET")));
    return compare_exactly(out, v.values<int8_t>({"output_ref"}));
}

}  // namespace thimble
