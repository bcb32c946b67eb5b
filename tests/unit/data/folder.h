// Files for the tests of data reading: a folder that goes with the test.
#pragma once

#include "base/error.h"
#include "base/file.h"
#include "data/dataset.h"

#include <gtest/gtest.h>

namespace thimble {

struct DataFolder {
    TemporaryFolder folder;

    void write(const std::string& name, std::string_view text) const
    {
        std::filesystem::create_directories((folder.path() / name).parent_path());
        write_file(folder.path() / name, text);
    }
    DataOptions options(std::vector<std::string> files) const
    {
        DataOptions options;
        options.folder = folder.path();
        options.files = std::move(files);
        options.labels = LabelSource::file;
        options.place = "thimble.toml:9: files";
        return options;
    }
};

inline ErrorText refusal_of(const DataOptions& options)
{
    try {
        load_dataset(options);
    } catch (const Error& error) {
        return error.text();
    }
    ADD_FAILURE() << "accepted";
    return {};
}

inline std::vector<double> values_of(const Recording& recording)
{
    std::vector<double> values;
    for (int64_t i = 0; i < recording.count(); ++i) values.push_back(recording.value(i));
    return values;
}

}  // namespace thimble
