#include "emit/kernel_library.h"

#include "base/error.h"
#include "emit/device_files.h"

#include <algorithm>
#include <cctype>

namespace thimble {

namespace {

std::vector<std::string> identifiers(const std::string& code)
{
    std::set<std::string> found;
    size_t i = 0;
    while (i < code.size()) {
        if (code.compare(i, 2, "//") == 0) {
            i = std::min(code.find('\n', i), code.size());
            continue;
        }
        if (!std::isalpha(static_cast<unsigned char>(code[i])) && code[i] != '_') {
            ++i;
            continue;
        }
        const size_t begin = i;
        while (i < code.size() &&
               (std::isalnum(static_cast<unsigned char>(code[i])) || code[i] == '_'))
            ++i;
        found.insert(code.substr(begin, i - begin));
    }
    return {found.begin(), found.end()};
}

std::string identifier_at(const std::string& code, size_t at)
{
    size_t end = at;
    while (end < code.size() &&
           (std::isalnum(static_cast<unsigned char>(code[end])) || code[end] == '_'))
        ++end;
    return code.substr(at, end - at);
}

// The names that one item defines: a function's, each macro's, or a declaration's last identifier.
std::vector<std::string> defined_names(const std::string& code)
{
    std::vector<std::string> names;
    if (code.starts_with("#define ")) {
        for (size_t at = 0; at != std::string::npos; at = code.find("\n#define ", at + 1))
            names.push_back(identifier_at(code, at + (at == 0 ? 8 : 9)));
        return names;
    }
    size_t paren = code.find('(');
    if (const size_t attribute = code.find("__attribute__(("); attribute < paren)
        paren = code.find('(', code.find("))", attribute));
    const size_t stop = std::min({paren, code.find('['), code.find('{'), code.find(';')});
    const bool tagged = code.compare(0, 8, "typedef ") == 0;
    size_t end = tagged ? code.rfind(';') : stop;
    THIMBLE_CHECK(end != std::string::npos, "device code without a name: " + code);
    const auto is_name = [&](size_t i) {
        return std::isalnum(static_cast<unsigned char>(code[i])) || code[i] == '_';
    };
    while (end > 0 && !is_name(end - 1)) --end;
    size_t begin = end;
    while (begin > 0 && is_name(begin - 1)) --begin;
    names.push_back(code.substr(begin, end - begin));
    return names;
}

}  // namespace

const KernelLibrary& KernelLibrary::instance()
{
    static const KernelLibrary library = [] {
        KernelLibrary result;
        for (size_t i = 0; i < kDeviceFileCount; ++i) {
            const std::string_view path = kDeviceFiles[i].path;
            const bool kernel = path.starts_with("kernels/") || path.starts_with("arch/");
            if (kernel && path.ends_with(".h")) result.add_file(kDeviceFiles[i].text);
        }
        return result;
    }();
    return library;
}

void KernelLibrary::add_file(std::string_view text)
{
    std::string comment, code;
    bool in_function = false;
    const auto finish = [&] {
        if (!code.empty()) add_item(comment, code);
        comment.clear();
        code.clear();
        in_function = false;
    };
    while (!text.empty()) {
        const size_t newline = std::min(text.find('\n'), text.size());
        const std::string line(text.substr(0, newline));
        text.remove_prefix(std::min(newline + 1, text.size()));
        if (code.empty() && line.starts_with("#include <")) {
            if (std::ranges::find(system_includes_, line) == system_includes_.end())
                system_includes_.push_back(line);
            comment.clear();
        } else if (code.empty() && (line.starts_with("#include") || line.starts_with("#ifndef") ||
                                    line.starts_with("#endif"))) {
            comment.clear();
        } else if (code.empty() && line.starts_with("//")) {
            comment += line + "\n";
        } else if (line.empty() && !in_function) {
            code.empty() ? comment.clear() : finish();
        } else {
            code += line + "\n";
            if (line == "{") in_function = true;
            if (line == "}" || line.starts_with("};") ||
                (line.starts_with("} ") && line.ends_with(";")))
                finish();
        }
    }
    finish();
}

void KernelLibrary::add_item(const std::string& comment, const std::string& code)
{
    Item item;
    item.text = comment + code;
    item.names = defined_names(code);
    item.mentions = identifiers(code);
    // Include guards define a macro that stands for nothing.
    if (code.starts_with("#define THB_") && item.mentions.size() == 2 &&
        item.names[0].ends_with("_H"))
        return;
    for (const std::string& name : item.names) {
        THIMBLE_CHECK(!item_of_.count(name), "two device definitions of " + name);
        item_of_[name] = items_.size();
    }
    items_.push_back(std::move(item));
}

void KernelLibrary::append(size_t index, std::set<size_t>& done, std::string& out) const
{
    if (!done.insert(index).second) return;
    for (const std::string& name : items_[index].mentions)
        if (const auto it = item_of_.find(name); it != item_of_.end())
            append(it->second, done, out);
    out += items_[index].text + "\n";
}

std::string KernelLibrary::source_of(const std::set<std::string>& names) const
{
    std::string body;
    std::set<size_t> done;
    for (const std::string& name : names) {
        const auto it = item_of_.find(name);
        THIMBLE_CHECK(it != item_of_.end(), "no device kernel " + name);
        append(it->second, done, body);
    }
    std::string out;
    for (const std::string& include : system_includes_) {
        const bool math = include.find("math.h") != std::string::npos;
        // math.h is all that kernels include; it is pasted only when a math function is called.
        if (!math || body.find("f(") != std::string::npos) out += include + "\n";
    }
    return out.empty() ? body : out + "\n" + body;
}

}  // namespace thimble
