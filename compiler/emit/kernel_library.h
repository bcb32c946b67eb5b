// The device sources as a library of single definitions, so that NAME.c holds only what it uses.
//
// Every header under device/kernels and device/arch is cut into items: a comment followed by one
// function (`THB_KERNEL ... name(...) {` up to a closing brace in the first column), one macro, or
// one other declaration that ends at a blank line. An item depends on every item whose name it
// mentions.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace thimble {

class KernelLibrary {
public:
    // All device headers, read once.
    static const KernelLibrary& instance();

    bool has(std::string_view name) const { return item_of_.count(std::string(name)) > 0; }
    // The items that define `names` and all that they need, dependencies first, as C text.
    std::string source_of(const std::set<std::string>& names) const;

private:
    struct Item {
        std::string text;
        std::vector<std::string> names;     // what it defines
        std::vector<std::string> mentions;  // identifiers in its code
    };
    void add_file(std::string_view text);
    void add_item(const std::string& comment, const std::string& code);
    void append(size_t index, std::set<size_t>& done, std::string& out) const;

    std::vector<Item> items_;
    std::map<std::string, size_t> item_of_;
    std::vector<std::string> system_includes_;
};

}  // namespace thimble
