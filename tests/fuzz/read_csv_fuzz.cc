// libFuzzer target: a table of arbitrary bytes ends with recordings or an Error, whatever the
// options that cut, label and choose. Run it with tests/fuzz/run_fuzz.sh.
#include "base/error.h"
#include "data/readers.h"
#include "formats/csv.h"

#include <cstddef>
#include <cstdint>

namespace {

// The first byte of the input chooses the options.
thimble::DataOptions options_of(uint8_t choice)
{
    thimble::DataOptions options;
    if (choice & 1) options.labels = thimble::LabelSource::column;
    options.label_column = choice & 2 ? "1" : "a";
    if (choice & 4) options.columns = {"x", "a"};
    if (choice & 8) options.group = "2";
    if (choice & 16) options.samples = 2;
    if (choice & 32) options.header = thimble::Header::absent;
    if (choice & 64) options.kind = thimble::DataKind::text;
    if (choice & 128) options.channels = {"x", "y"};
    return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    if (size == 0) return 0;
    const thimble::DataOptions options = options_of(data[0]);
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    volatile double sink = 0;
    for (const bool lines : {false, true}) {
        thimble::Dataset dataset;
        try {
            const thimble::SourceFile file{options, "fuzz.csv", "fuzz.csv", "label"};
            if (lines) thimble::read_text_lines(file, text, dataset);
            else thimble::read_table(file, text, dataset);
            for (const thimble::Recording& recording : dataset.recordings)
                for (int64_t i = 0; i < recording.count(); ++i) sink = sink + recording.value(i);
        } catch (const thimble::Error&) {
        }
    }
    return 0;
}
