#include "evaluate/feature_ranges.h"

#include "base/error.h"
#include "evaluate/values.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace thimble {

namespace {

// Features up to here are learnt from as they are: a deviation or two, or sensors in g.
constexpr double kLargeFeature = 20;

}  // namespace

FeatureRanges feature_ranges(const SampleSet& set)
{
    const Tensor& sample = set.sample;
    require(set.ids == 0, ErrorCode::T0105,
            {"the features", fmt::format("ids below {}", set.ids), "numbers with a size",
             "begin the layers with {embedding = 16}: ids need no stage normalize"});
    const auto channels = static_cast<size_t>(sample.shape.empty() ? 1 : sample.shape.back());
    const auto count = static_cast<size_t>(sample.count());
    std::vector<double> sum(channels), squares(channels), greatest(channels);
    for (const LabelledSample& one : set.train)
        for (size_t i = 0; i < count; ++i) {
            const double x = real_value(sample, one.features, static_cast<int64_t>(i));
            sum[i % channels] += x;
            squares[i % channels] += x * x;
            greatest[i % channels] = std::max(greatest[i % channels], std::abs(x));
        }
    const double n = static_cast<double>(set.train.size() * count / channels);
    FeatureRanges ranges{sample.type, {}, {}, greatest};
    for (size_t c = 0; c < channels; ++c) {
        const double mean = sum[c] / n;
        ranges.mean.push_back(mean);
        ranges.deviation.push_back(std::sqrt(std::max(0.0, squares[c] / n - mean * mean)));
    }
    return ranges;
}

Normalization normalization(const FeatureRanges& ranges)
{
    Normalization result;
    for (size_t c = 0; c < ranges.mean.size(); ++c) {
        const double add = -ranges.mean[c];
        const double scale = ranges.deviation[c];
        // What is left of a constant is rounding.
        const bool varies = scale > 1e-6 * (1e-6 + ranges.greatest[c]);
        result.add.push_back((is_integer(ranges.type) ? std::round(add) : add) + 0.0);
        result.scale.push_back(varies ? scale : 1);
    }
    return result;
}

std::string stage_text(const Normalization& normalization, size_t samples)
{
    const auto list = [](const std::vector<double>& values) {
        return values.size() == 1 ? fmt::format("{:.5g}", values[0])
                                  : fmt::format("[{:.5g}]", fmt::join(values, ", "));
    };
    return fmt::format(
        "[[stage]]\nkind = \"normalize\"   # in front of the network: mean and deviation of {} "
        "samples\n"
        "add = {}\nscale = {}\n",
        samples, list(normalization.add), list(normalization.scale));
}

std::optional<std::string> feature_note(const SampleSet& set, const std::string& project)
{
    if (set.ids != 0 || !is_float(set.sample.type)) return std::nullopt;
    const FeatureRanges ranges = feature_ranges(set);
    const auto greatest = std::ranges::max_element(ranges.greatest);
    if (*greatest <= kLargeFeature) return std::nullopt;
    return fmt::format(
        "features reach {:.4g} (number {} of a row): networks learn from values of "
        "about -1 to 1; thimble data {} --normalize prints the stage for it",
        *greatest, greatest - ranges.greatest.begin(), project);
}

}  // namespace thimble
