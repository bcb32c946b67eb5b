#include "train/split.h"

#include "base/random.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace thimble {

TrainingSplit split_for_validation(const SampleSet& set, double share, uint64_t seed)
{
    TrainingSplit split;
    for (size_t i = 0; i < set.train.size(); ++i)
        (set.train[i].validation ? split.validation : split.train)
            .push_back(static_cast<int64_t>(i));
    if (!split.validation.empty()) return split;
    split.train.clear();
    std::map<int, std::vector<size_t>> recordings;  // by label, each once
    for (const LabelledSample& sample : set.train) {
        std::vector<size_t>& list = recordings[sample.label];
        if (list.empty() || list.back() != sample.recording) list.push_back(sample.recording);
    }
    std::set<size_t> aside;
    for (auto& [label, list] : recordings) {
        SplitMix64 random(seed * 1'000'003 + static_cast<uint64_t>(label + 1));
        random.shuffle(list);
        const auto wanted =
            static_cast<size_t>(std::lround(share * static_cast<double>(list.size())));
        const size_t kept =
            share > 0 && list.size() > 1 ? std::clamp<size_t>(wanted, 1, list.size() - 1) : 0;
        aside.insert(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(kept));
    }
    for (size_t i = 0; i < set.train.size(); ++i)
        (aside.contains(set.train[i].recording) ? split.validation : split.train)
            .push_back(static_cast<int64_t>(i));
    return split;
}

}  // namespace thimble
