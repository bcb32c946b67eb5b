// The ring between push and poll against a list: random pushes, polls and ends in any order, for
// windows shorter, as long and longer than the hop.
#include "kernels/stream.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace thimble {
namespace {

struct Cutting {
    thb_position_t window, hop, capacity;
};

struct Event {
    bool end = false;
    uint32_t samples = 0;         // of the recording, up to the end of the window or of itself
    std::vector<int16_t> window;  // two elements a sample

    bool operator==(const Event&) const = default;
};

// What poll has to see of one recording.
void add_expected(const std::vector<int16_t>& recording, const Cutting& cutting,
                  std::vector<Event>& events)
{
    const size_t count = recording.size() / 2;
    for (size_t at = 0; at + cutting.window <= count; at += cutting.hop) {
        const auto begin = recording.begin() + static_cast<std::ptrdiff_t>(2 * at);
        events.push_back({false,
                          static_cast<uint32_t>(at + cutting.window),
                          {begin, begin + 2 * cutting.window}});
    }
    events.push_back({true, static_cast<uint32_t>(count), {}});
}

class Machine {
public:
    Machine(const Cutting& cutting, uint32_t seed)
        : cutting_(cutting), ring_(static_cast<size_t>(cutting.capacity) * 4), random_(seed)
    {
    }

    // Pushes some samples of the present recording, or begins with them; says how many were taken.
    void push(size_t count)
    {
        std::vector<int16_t> samples;
        for (size_t i = 0; i < 2 * count; ++i) samples.push_back(static_cast<int16_t>(random_()));
        const size_t taken =
            thb_stream_push(&stream_, ring_.data(), samples.data(), count, cutting_.capacity, 4);
        ASSERT_LE(taken, count);
        recording_.insert(recording_.end(), samples.begin(),
                          samples.begin() + static_cast<std::ptrdiff_t>(2 * taken));
    }
    void flush()
    {
        if (!thb_stream_flush(&stream_)) return;
        add_expected(recording_, cutting_, expected);
        recording_.clear();
    }
    bool poll()
    {
        Event event;
        event.window.resize(2 * static_cast<size_t>(cutting_.window));
        const uint8_t due = thb_stream_next(
            &stream_, ring_.data(), cutting_.window, cutting_.hop, cutting_.capacity, 4,
            reinterpret_cast<uint8_t*>(event.window.data()), &event.samples);
        if (due == 0) return false;
        event.end = due == 2;
        if (event.end) event.window.clear();
        found.push_back(event);
        return true;
    }
    void finish()
    {
        while (poll()) {
        }
        flush();
        while (poll()) {
        }
    }

    std::vector<Event> expected, found;

private:
    Cutting cutting_;
    thb_stream_t stream_ = {};
    std::vector<uint8_t> ring_;
    std::vector<int16_t> recording_;
    std::mt19937 random_;
};

TEST(StreamKernel, cuts_recordings_as_a_list_does)
{
    const Cutting cuttings[] = {{1, 1, 2},  {5, 2, 7},   {5, 5, 10},
                                {3, 8, 11}, {8, 3, 300}, {1, 20, 21}};
    for (const Cutting& cutting : cuttings) {
        for (uint32_t seed = 0; seed < 50; ++seed) {
            Machine machine(cutting, seed);
            std::mt19937 random(seed + 1000);
            for (int i = 0; i < 400; ++i) {
                const uint32_t what = random() % 40;
                if (what == 0)
                    machine.flush();
                else if (what < 20)
                    machine.push(random() % (cutting.capacity + 2));
                else
                    machine.poll();
            }
            machine.finish();
            ASSERT_EQ(machine.expected.size(), machine.found.size())
                << cutting.window << " " << cutting.hop << " " << cutting.capacity << " seed "
                << seed;
            ASSERT_TRUE(machine.expected == machine.found) << "seed " << seed;
        }
    }
}

TEST(StreamKernel, holds_as_many_samples_as_it_says)
{
    thb_stream_t stream = {};
    std::vector<uint8_t> ring(10);
    const std::vector<uint8_t> samples(30, 1);
    EXPECT_EQ(thb_stream_push(&stream, ring.data(), samples.data(), 30, 10, 1), 10u);
    EXPECT_EQ(thb_stream_push(&stream, ring.data(), samples.data(), 30, 10, 1), 0u);
    EXPECT_TRUE(thb_stream_flush(&stream));
    EXPECT_FALSE(thb_stream_flush(&stream)) << "the first end has not been reached";
}

}  // namespace
}  // namespace thimble
