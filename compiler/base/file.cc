#include "base/file.h"

#include "base/error.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>
#include <unistd.h>

namespace thimble {

namespace fs = std::filesystem;

std::vector<uint8_t> read_file(const fs::path& path)
{
    std::error_code ignored;
    require(!fs::is_directory(path, ignored), ErrorCode::T0101,
            {path.string(), "is a folder", "a file", "name a file inside it"});
    std::ifstream in(path, std::ios::binary);
    require(in.good(), ErrorCode::T0101,
            {path.string(), std::string("cannot be opened: ") + std::strerror(errno),
             "a readable file", "check the path"});
    std::vector<uint8_t> bytes((std::istreambuf_iterator<char>(in)),
                               std::istreambuf_iterator<char>());
    return bytes;
}

std::string read_text_file(const fs::path& path)
{
    const std::vector<uint8_t> bytes = read_file(path);
    return std::string(bytes.begin(), bytes.end());
}

void write_file(const fs::path& path, std::span<const uint8_t> bytes)
{
    const fs::path temporary = path.string() + ".tmp" + std::to_string(getpid());
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    out.close();
    std::error_code error;
    if (out.good()) fs::rename(temporary, path, error);
    if (!out.good() || error) {
        const std::string reason = error ? error.message() : std::strerror(errno);
        std::error_code ignored;
        fs::remove(temporary, ignored);
        fail(ErrorCode::T0102, {path.string(), "cannot be written: " + reason, "a writable folder",
                                "create the folder or choose another with -o"});
    }
}

void write_file(const fs::path& path, std::string_view text)
{
    write_file(path, std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

void make_folders_for(const fs::path& path)
{
    std::error_code ignored;
    if (path.has_parent_path()) fs::create_directories(path.parent_path(), ignored);
}

TemporaryFolder::TemporaryFolder()
{
    std::string pattern = (fs::temp_directory_path() / "thimble-XXXXXX").string();
    require(mkdtemp(pattern.data()) != nullptr, ErrorCode::T0102,
            {pattern, std::string("cannot be created: ") + std::strerror(errno),
             "a writable temporary folder", "set TMPDIR"});
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder()
{
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

}  // namespace thimble
