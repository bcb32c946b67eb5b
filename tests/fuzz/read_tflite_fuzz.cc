// libFuzzer target: read_tflite() on arbitrary bytes ends with a model or an Error, and whatever it
// gives can be read to the end. Run it with tests/fuzz/run_fuzz.sh.
#include "base/error.h"
#include "formats/flexbuffers.h"
#include "formats/tflite.h"

#include <cstddef>
#include <cstdint>

namespace {

// Touches every byte that the model's structs point to, so that the address sanitizer sees them.
uint64_t touch(std::span<const uint8_t> bytes)
{
    uint64_t sum = 0;
    for (uint8_t byte : bytes) sum += byte;
    return sum;
}

// Reads fields as an importer would, of every kind, whatever the operator means by them.
uint64_t read_options(const thimble::FlatTable& options)
{
    uint64_t sum = 0;
    for (int field = 0; field < 8; ++field) {
        sum += static_cast<uint64_t>(options.has(field));
        try {
            sum += static_cast<uint64_t>(options.i32(field)) + options.u8(field);
            sum += options.string(field).size();
            sum += options.vector<int32_t>(field).size();
            sum += options.bytes(field).size();
        } catch (const thimble::Error&) {
        }
    }
    return sum;
}

uint64_t read_operator(const thimble::TfliteOperator& op)
{
    uint64_t sum = touch(op.custom_options) + read_options(op.options) + read_options(op.options_2);
    try {
        const auto map = thimble::FlexMap::read(op.custom_options, op.name);
        sum += static_cast<uint64_t>(map.i64("T", 0));
    } catch (const thimble::Error&) {
    }
    return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    volatile uint64_t sink = 0;
    try {
        const thimble::TfliteModel model =
            thimble::read_tflite(std::span(data, size), "fuzz.tflite");
        uint64_t sum = 0;
        for (const thimble::TfliteSubgraph& subgraph : model.subgraphs) {
            for (const thimble::TfliteTensor& tensor : subgraph.tensors) sum += touch(tensor.data);
            for (const thimble::TfliteOperator& op : subgraph.operators) sum += read_operator(op);
        }
        sink = sum;
    } catch (const thimble::Error&) {
    }
    return 0;
}
