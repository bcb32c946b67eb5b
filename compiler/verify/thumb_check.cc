#include "verify/thumb_check.h"

#include "base/error.h"
#include "base/process.h"
#include "base/text.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

constexpr size_t kLinesShownMax = 5;

bool is_hex(std::string_view word, size_t digits)
{
    return word.size() == digits &&
           word.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_wide_in_v6m(const std::string& mnemonic)
{
    static const std::vector<std::string> wide = {"bl", "msr", "mrs", "dsb", "dmb", "isb", "udf.w"};
    return std::find(wide.begin(), wide.end(), mnemonic) != wide.end();
}

// IT and its forms with up to three more letters t or e.
bool is_narrow_beyond_v6m(const std::string& mnemonic)
{
    if (mnemonic == "cbz" || mnemonic == "cbnz") return true;
    return mnemonic.rfind("it", 0) == 0 && mnemonic.size() <= 5 &&
           mnemonic.find_first_not_of("te", 2) == std::string::npos;
}

}  // namespace

std::vector<std::string> instructions_beyond_v6m(std::string_view disassembly)
{
    std::vector<std::string> found;
    for (const std::string& line : split_lines(disassembly)) {
        // "   8000:\tf000 f801 \tbl\t8006 <main>": address, one or two halfwords, mnemonic.
        const std::vector<std::string> words = split_words(line);
        if (words.size() < 3 || words[0].back() != ':' || !is_hex(words[1], 4)) continue;
        const bool wide = is_hex(words[2], 4) && words.size() > 3;
        const std::string& mnemonic = wide ? words[3] : words[2];
        // Literal pools are shown as .word and .short.
        if (mnemonic[0] == '.') continue;
        if (wide ? !is_wide_in_v6m(mnemonic) : is_narrow_beyond_v6m(mnemonic))
            found.push_back(line);
    }
    return found;
}

void require_v6m_only(const ResolvedTarget& target, const std::filesystem::path& elf)
{
    const ProcessResult result =
        run_process({target.family->tool_prefix + "objdump", "-d", elf.string()});
    THIMBLE_CHECK(result.exit_code == 0, result.error_output);
    std::vector<std::string> found = instructions_beyond_v6m(result.output);
    if (found.empty()) return;
    found.resize(std::min(found.size(), kLinesShownMax));
    fail(ErrorCode::T0402,
         {elf.string(),
          fmt::format("instructions that a Cortex-M0+ lacks:\n{}", fmt::join(found, "\n")),
          "Armv6-M instructions only", "report this with the model"});
}

}  // namespace thimble
