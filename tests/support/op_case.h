// Text cases of operators: tests/ops/<op>.txt. One case until a blank line, `#` begins a comment.
//
//   case relu_clamps_at_zero
//   op FULLY_CONNECTED fused_activation=i8:1 keep_num_dims=bool:true
//   in x int8 [1,3] scale=0.5 zero=-1 = 1 2 3
//   const w int8 [2,3] scale=0.1,0.2 axis=0 = 1 2 3 4 5 6
//   absent
//   state s int8 [1,8] scale=0.5 zero=3
//   out y int8 [1,2] scale=0.5 zero=0 = 3 7
//
// op       an operator of the file format with its options, by the names of tflite_fields.h; an
//          option's prefix is its type: i8: i32: i64: f32: bool: str: ints:1,2,3 floats:0.5,1.
//          Custom operators (CUSTOM:SignalWindow) take flex:shift=12, one for each entry of the
//          map.
// in       a run-time input, const a constant, state a variable tensor, absent an omitted optional
//          input: in the order of the operator's inputs. Values follow `=`, row by row; `random`
//          draws them from the type's whole range, `random -3 3` from that range.
// out      values after `=` are what the oracle must give; without them the oracle decides.
// tolerance 1e-6      of floats: absolute, and relative to the largest magnitude of the tensor
// repeat 20 seed 7    twenty runs in order, with kept state and fresh random inputs
// match tflite        the other runtime's last bit (docs/numerics.md); default tflm
// refused TEXT        the importer must refuse the case with a reason that contains TEXT
#pragma once

#include "formats/tflite_writer.h"
#include "ops/eval.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thimble {

enum class OpCaseRole { input, constant, absent, state, output };

struct OpCaseTensor {
    OpCaseRole role = OpCaseRole::input;
    std::string name;
    TfliteType type = TfliteType::float32;
    std::vector<int64_t> shape;
    std::vector<float> scales;
    std::vector<int64_t> zero_points;
    int axis = 0;
    std::vector<double> values;  // literal ones; empty: none
    bool random = false;
    double least = 0;  // of random values, both ends included
    double most = 0;
};

struct OpCase {
    std::string name;
    int line = 0;
    std::string op;
    std::vector<TfliteOption> options;
    std::vector<uint8_t> custom_options;
    std::vector<OpCaseTensor> tensors;  // inputs in order, then outputs
    std::optional<double> tolerance;
    int repeat = 1;
    uint64_t seed = 1;
    Match match = Match::tflm;
    std::string refused;
};

// Throws std::runtime_error "FILE:LINE: what is wrong".
std::vector<OpCase> parse_op_cases(std::string_view text, const std::string& file_name);

// The number and name of an option field of `op`; throws std::runtime_error naming the known ones.
FlatField option_field(const std::string& op, const std::string& name);

// Values as the bytes of a tensor of `type` in memory: one element after another, int4 one a byte.
std::vector<uint8_t> element_bytes_of(TfliteType type, const std::vector<double>& values);

// One operator between run-time inputs and outputs. Random constants follow from the case's seed.
TfliteDraft draft_of(const OpCase& one);

// Bytes of every run-time input for one run.
std::vector<std::vector<uint8_t>> inputs_of(const OpCase& one, int run);

}  // namespace thimble
