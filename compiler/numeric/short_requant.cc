#include "numeric/short_requant.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace thimble {

namespace {

constexpr int kMultiplierTries = 8;  // candidates on either side of the nearest one

// (acc * m + 2^30) >> 31 without rounding twice in one step: acc and m fit 32 bits.
int64_t rounded_high(int64_t acc, int64_t multiplier)
{
    return (acc * multiplier + (int64_t{1} << 30)) >> 31;
}

// Smallest acc in [range.least, range.most + 1] whose exact output is at least q.
int64_t first_reaching(Requant requant, int32_t zero_point, StoredClamp clamp, AccRange range,
                       int32_t q)
{
    int64_t below = range.least, above = range.most + 1;
    while (below < above) {
        const int64_t middle = below + (above - below) / 2;
        if (exact_output(requant, zero_point, clamp, middle) >= q)
            above = middle;
        else
            below = middle + 1;
    }
    return below;
}

struct Offsets {
    int64_t least = std::numeric_limits<int64_t>::min();
    int64_t most = std::numeric_limits<int64_t>::max();
};

}  // namespace

int32_t exact_output(Requant requant, int32_t zero_point, StoredClamp clamp, int64_t acc)
{
    const int left = std::max<int>(requant.shift, 0);
    const int right = std::max<int>(-requant.shift, 0);
    int64_t value =
        rounded_high(static_cast<int32_t>(static_cast<uint32_t>(acc) << left), requant.multiplier);
    if (right > 0) value = (value + (int64_t{1} << (right - 1)) - (value < 0 ? 1 : 0)) >> right;
    return static_cast<int32_t>(
        std::clamp<int64_t>(value + zero_point, clamp.lowest, clamp.highest));
}

// The offsets with which `multiplier` makes every step of `range`; empty when least > most.
static Offsets offsets_for(const std::vector<int64_t>& steps, StoredClamp clamp, AccRange range,
                           int shift, int64_t multiplier)
{
    Offsets offsets;
    for (size_t s = 0; s < steps.size(); ++s) {
        const int64_t target = (clamp.lowest + 1 + static_cast<int64_t>(s)) * (int64_t{1} << shift);
        // The step belongs to this range's accumulators from max(step, least) on, and up to
        // min(step - 1, most).
        if (steps[s] <= range.most)
            offsets.least =
                std::max(offsets.least, target - std::max(steps[s], range.least) * multiplier);
        if (steps[s] > range.least)
            offsets.most = std::min(offsets.most,
                                    target - 1 - std::min(steps[s] - 1, range.most) * multiplier);
    }
    return offsets;
}

std::optional<ShortRequant> short_requant(Requant exact, int32_t zero_point, StoredClamp clamp,
                                          AccRange range, const ShortForm& form)
{
    // A left shift may wrap: then the exact form need not be monotonic.
    constexpr int64_t kAccLimit = int64_t{1} << 30;
    if (exact.multiplier <= 0 || exact.shift > 0 || range.least < -kAccLimit ||
        range.most >= kAccLimit)
        return std::nullopt;
    std::vector<int64_t> steps;  // steps[i]: first acc that reaches clamp.lowest + 1 + i
    for (int32_t q = clamp.lowest + 1; q <= clamp.highest; ++q)
        steps.push_back(first_reaching(exact, zero_point, clamp, range, q));
    const double ideal =
        std::ldexp(static_cast<double>(exact.multiplier), exact.shift - 31 + form.shift);
    // Bounds wider than this never bind: no sum of products comes near them.
    const int64_t far = int64_t{1} << 60;
    // The offset of plain rounding, or the nearest that is allowed.
    const int64_t plain =
        zero_point * (int64_t{1} << form.shift) + (int64_t{1} << (form.shift - 1));
    const auto nearest = [](int64_t wish, const Offsets& offsets) {
        return std::clamp(wish, offsets.least, offsets.most);
    };
    for (int i = 0; i <= 2 * kMultiplierTries; ++i) {
        const int64_t multiplier = std::llround(ideal) + (i % 2 ? (i + 1) / 2 : -i / 2);
        if (multiplier <= 0 || multiplier > form.multiplier_max) continue;
        Offsets plus = offsets_for(steps, clamp, {std::max<int64_t>(range.least, 0), range.most},
                                   form.shift, multiplier);
        Offsets minus = offsets_for(steps, clamp, {range.least, std::min<int64_t>(range.most, -1)},
                                    form.shift, multiplier);
        for (Offsets* offsets : {&plus, &minus}) {
            offsets->least = std::max(offsets->least, -far);
            offsets->most = std::min(offsets->most, far);
        }
        if (plus.least > plus.most || minus.least > minus.most) continue;
        const Offsets both = {std::max(plus.least, minus.least), std::min(plus.most, minus.most)};
        const int64_t offset = nearest(plain, both.least <= both.most ? both : plus);
        const ShortRequant result = {multiplier, offset, nearest(offset, minus), form.shift};
        const int64_t low = (range.least * multiplier +
                             (range.least < 0 ? result.negative_offset : result.offset)) >>
                            form.shift;
        const int64_t high = (range.most * multiplier + result.offset) >> form.shift;
        if (std::max(std::abs(low), std::abs(high)) <= form.result_max) return result;
    }
    return std::nullopt;
}

}  // namespace thimble
