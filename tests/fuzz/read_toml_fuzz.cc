// libFuzzer target: a thimble.toml of arbitrary bytes ends with a project file, data options and a
// composed graph, or an Error. It names no files that exist. Run it with tests/fuzz/run_fuzz.sh.
#include "base/error.h"
#include "project/data_section.h"
#include "project/pipeline.h"
#include "project/project_file.h"

#include <cstddef>
#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const std::string text(reinterpret_cast<const char*>(data), size);
    try {
        const thimble::ProjectFile file =
            thimble::parse_project_file(text, "no-such-folder/thimble.toml");
        try {
            thimble::entry_stage(file);
            volatile size_t patterns = thimble::data_options(file).files.size();
            (void)patterns;
        } catch (const thimble::Error&) {
        }
        volatile size_t nodes = thimble::compose_pipeline(file).graph.nodes.size();
        (void)nodes;
    } catch (const thimble::Error&) {
    }
    return 0;
}
