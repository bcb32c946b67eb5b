// The kernels that read texts, byte by byte, against a plain model of the rules: every combination
// of the rules, on random bytes and on words of 10,000.
#include "kernels/collect_ids.h"
#include "kernels/hash_words.h"
#include "kernels/vocabulary.h"
#include "kernels/word_stream.h"

#include "ir/token_table.h"

#include <algorithm>
#include <cctype>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace thimble {
namespace {

using Words = std::vector<std::string>;

struct Rules {
    int lower, punctuation, non_ascii, characters, digits;
};

// U+00C0 to U+00FF without their accents; blank: nothing.
const std::string kLetters = "AAAAAAACEEEEIIIIDNOOOOO OUUUUYTsaaaaaaaceeeeiiiidnooooo ouuuuyty";

// The words of a whole text: first its bytes become letters, blanks and marks, then these are cut.
Words words_of(const std::string& text, const Rules& rules, size_t capacity)
{
    Words words;
    std::string word;
    const auto end = [&] {
        if (!word.empty()) words.push_back(word.substr(0, capacity));
        word.clear();
    };
    for (size_t i = 0; i < text.size(); ++i) {
        auto byte = static_cast<uint8_t>(text[i]);
        if (byte >= 128 && rules.non_ascii == 0) continue;
        if (byte >= 128 && rules.non_ascii == 2) {
            const bool accent = i > 0 && text[i - 1] == '\xC3' && byte < 0xC0;
            if (!accent || kLetters[byte - 128u] == ' ') continue;
            byte = static_cast<uint8_t>(kLetters[byte - 128u]);
        }
        const bool blank = byte <= 32 || byte == 127;
        const bool mark = !blank && byte < 128 && !std::isalnum(byte);
        if (mark && rules.punctuation == 1) continue;
        if (blank || (mark && rules.punctuation == 2)) {
            end();
            continue;
        }
        if (rules.lower && byte < 128) byte = static_cast<uint8_t>(std::tolower(byte));
        const bool digit = byte >= '0' && byte <= '9';
        if (digit && rules.digits > 0) byte = '0';
        const bool other =
            !word.empty() && (std::isdigit(static_cast<uint8_t>(word.back())) != 0) != digit;
        const bool alone = mark && rules.punctuation == 3;
        const bool continues = rules.characters && byte >= 0x80 && byte < 0xC0;
        if (alone || (rules.characters && !continues) || (rules.digits == 2 && other)) end();
        word += static_cast<char>(byte);
        if (alone) {
            // A character takes the bytes behind it along.
            const bool more = rules.characters && rules.non_ascii == 1;
            if (!more) end();
        }
    }
    end();
    return words;
}

// Memory of exactly the size that the kernel may touch, so that a sanitizer sees one byte more.
class Stream {
public:
    Stream(const Rules& rules, size_t capacity)
        : rules_(rules), capacity_(capacity), word_(new uint8_t[capacity]), scan_(new uint8_t[4]())
    {
    }

    Words words(const std::string& text)
    {
        Words words;
        for (size_t i = 0; i <= text.size(); ++i) {
            const uint8_t byte = i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0};
            const uint8_t end = i == text.size();
            uint8_t complete = 2;
            thb_word_stream(&byte, &end, word_.get(), scan_.get(), &complete,
                            static_cast<int>(capacity_), letters(), rules_.lower,
                            rules_.punctuation, rules_.non_ascii, rules_.characters, rules_.digits);
            if (complete) words.emplace_back(word_.get(), word_.get() + scan_[0]);
        }
        return words;
    }

private:
    static const uint8_t* letters()
    {
        static const std::vector<uint8_t> table = [] {
            std::vector<uint8_t> bytes(kLetters.begin(), kLetters.end());
            for (uint8_t& byte : bytes)
                if (byte == ' ') byte = 0;
            return bytes;
        }();
        return table.data();
    }
    Rules rules_;
    size_t capacity_;
    std::unique_ptr<uint8_t[]> word_, scan_;
};

TEST(TextKernel, words)
{
    constexpr char kBytes[] = "aZ09 .'-\t_\xC3\xA9\xC3\x97\xC4\xFF\x80\x7F";
    std::mt19937 random(1);
    for (int combination = 0; combination < 144; ++combination) {
        const Rules rules = {combination & 1, combination / 2 % 4, combination / 8 % 3,
                             combination / 24 % 2, combination / 48};
        for (const size_t capacity : {size_t{1}, size_t{3}, size_t{255}}) {
            Stream stream(rules, capacity);
            for (int t = 0; t < 100; ++t) {
                std::string text;
                for (size_t i = random() % 30; i > 0; --i)
                    text += t % 2 ? static_cast<char>(random() % 256)
                                  : kBytes[random() % (sizeof kBytes - 1)];
                ASSERT_EQ(stream.words(text), words_of(text, rules, capacity))
                    << "rules " << combination << ", text " << testing::PrintToString(text);
            }
        }
    }
}

TEST(TextKernel, words_of_10000_bytes)
{
    Stream stream({1, 0, 1, 0, 0}, 255);
    EXPECT_EQ(stream.words(std::string(10000, 'x')), Words{std::string(255, 'x')});
    EXPECT_EQ(stream.words(std::string(10000, '\xFF') + " a"),
              (Words{std::string(255, '\xFF'), "a"}));
    EXPECT_EQ(stream.words(""), Words{});
    EXPECT_EQ(stream.words(" \n\t "), Words{});
}

TEST(TextKernel, hash_reads_only_the_word)
{
    std::mt19937 random(2);
    for (size_t length = 0; length <= 255; ++length) {
        const std::unique_ptr<uint8_t[]> word(new uint8_t[length]);
        for (size_t i = 0; i < length; ++i) word[i] = static_cast<uint8_t>(random());
        const uint8_t scan[4] = {static_cast<uint8_t>(length), 1, 0, 0};
        int32_t id = 0;
        thb_hash_word(word.get(), scan, &id, 255, 1000, 5);
        EXPECT_GE(id, 1);
        EXPECT_LE(id, 1000);
    }
}

TEST(TextKernel, parts_of_words_fill_their_places_exactly)
{
    constexpr int capacity = 12, least = 2, most = 14;
    thb_index_t places = 2;
    for (int n = least; n <= most; ++n) places += capacity + 2 - n + 1;
    const std::unique_ptr<int32_t[]> ids(new int32_t[static_cast<size_t>(places)]);
    const std::unique_ptr<uint8_t[]> marked(new uint8_t[capacity + 2]);
    uint32_t history[2] = {0, 0};
    for (uint8_t length = 1; length <= capacity; ++length) {
        const std::vector<uint8_t> word(length, 'x');
        const uint8_t scan[4] = {length, 1, 0, 0};
        int32_t count = 0;
        thb_hash_words(word.data(), scan, history, ids.get(), &count, marked.get(), capacity, 4096,
                       0, 2, least, most, places);
        if (length == capacity) {
            EXPECT_EQ(count, places);
        } else {
            EXPECT_LT(count, places);
        }
    }
}

TEST(TextKernel, finds_every_token)
{
    std::mt19937 random(3);
    for (const size_t count : {1u, 2u, 7u, 8u, 9u, 16u, 17u, 1000u}) {
        Words tokens;
        for (size_t i = 0; i < count; ++i) {
            std::string token;
            for (size_t k = random() % 4; k > 0; --k)
                token += static_cast<char>(1 + random() % 255);
            tokens.push_back(token);  // some are empty, some equal
        }
        const TokenTable table = token_table(tokens);
        const auto find = [&](const std::string& word) {
            return thb_token_id(reinterpret_cast<const uint8_t*>(word.data()), word.size(),
                                table.bytes.data(), table.starts.data(),
                                table.ids.empty() ? nullptr : table.ids.data(),
                                static_cast<int32_t>(table.count), -1);
        };
        for (const std::string& token : tokens) {
            const auto first = std::find(tokens.begin(), tokens.end(), token) - tokens.begin();
            EXPECT_EQ(find(token), token.empty() ? -1 : first);
            const std::string longer = token + "\x01";
            const auto other = std::find(tokens.begin(), tokens.end(), longer);
            EXPECT_EQ(find(longer), other == tokens.end() ? -1 : other - tokens.begin());
        }
    }
}

TEST(TextKernel, lists_are_never_overrun)
{
    const std::unique_ptr<int32_t[]> list(new int32_t[3]), out(new int32_t[3]);
    const int32_t ids[4] = {5, 6, 7, 8};
    const int32_t many = 100;
    int32_t filled = 0;
    thb_collect_ids(ids, &many, list.get(), &filled, 4, 3);
    thb_collect_ids(ids, nullptr, list.get(), &filled, 4, 3);
    EXPECT_EQ(filled, 3);
    thb_take_ids(list.get(), &filled, out.get(), 3, 0, 0);
    EXPECT_EQ(std::vector<int32_t>(out.get(), out.get() + 3), (std::vector<int32_t>{5, 6, 7}));
    thb_take_ids(list.get(), &filled, out.get(), 3, 9, 0);
    EXPECT_EQ(std::vector<int32_t>(out.get(), out.get() + 3), (std::vector<int32_t>{9, 9, 9}));
    filled = 2;
    thb_take_ids(list.get(), &filled, out.get(), 3, 9, 0);
    EXPECT_EQ(std::vector<int32_t>(out.get(), out.get() + 3), (std::vector<int32_t>{5, 6, 9}));
    filled = 2;
    thb_take_ids(list.get(), &filled, out.get(), 3, 9, 1);
    EXPECT_EQ(std::vector<int32_t>(out.get(), out.get() + 3), (std::vector<int32_t>{9, 5, 6}));
}

}  // namespace
}  // namespace thimble
