// WebAssembly: generated and compiled by the user's own toolchain; thimble runs nothing for it.
#include "targets/target.h"

namespace thimble {

extern const Target target_wasm32;
const Target target_wasm32 = {
    .name = "wasm32",
    .description = "WebAssembly in a browser",
    .facts = {.has_float_unit = true},
    .alignment = 8,
    .not_emulated = "everything: check the C with the target host",
};

}  // namespace thimble
