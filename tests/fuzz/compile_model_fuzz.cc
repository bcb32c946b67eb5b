// libFuzzer target: arbitrary bytes become generated C, or an Error. No crash, no hang, no
// allocation without bound in the importer, the operators' shape rules, the passes, lowering,
// planning and printing. Run it with tests/fuzz/run_fuzz.sh.
#include "base/error.h"
#include "compile.h"
#include "emit/c_source.h"
#include "formats/tflite.h"
#include "import/import.h"
#include "targets/target.h"

#include <cstddef>
#include <cstdint>

namespace {

// The first byte of the input chooses: a target with flash in another address space, one with
// faster kernels, and this computer.
const char* const kTargets[] = {"host", "avr", "cortex-m4"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    if (size == 0) return 0;
    try {
        const thimble::ResolvedTarget target = thimble::find_target(kTargets[data[0] % 3]);
        const thimble::TfliteModel model =
            thimble::read_tflite(std::span(data + 1, size - 1), "fuzz.tflite");
        const thimble::Graph graph = thimble::import_tflite(model);
        const thimble::Program program =
            thimble::compile(graph, {.name = "fuzz", .target = target.facts});
        volatile size_t printed = thimble::emit_c(program, {.target = target.name}).source.size();
        (void)printed;
    } catch (const thimble::Error&) {
    }
    return 0;
}
