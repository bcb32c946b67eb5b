// Which decisions are reported, one after the other: worked numbers. tests/ops/report.txt has the
// kernel.
#include "ops/report.h"

#include "one_node.h"

namespace thimble {
namespace {

struct Decided {
    int32_t label;
    bool certain;
    bool reported;
};

// Label 0 is silent; two decisions are passed over behind a report.
const std::vector<Decided> kDecided = {{0, true, false},  {2, false, false}, {2, true, true},
                                       {1, true, false},  {2, true, false},  {0, true, false},
                                       {1, false, false}, {1, true, true},   {1, false, false},
                                       {1, false, false}, {1, true, true}};
const ReportAttributes kAttributes = {{0, 7}, 2};

TEST(Report, passes_over_silent_labels_and_what_follows_a_report)
{
    OneNode node("report");
    node.in<int32_t>({1}, {0}).in<uint8_t>({1}, {0}).state<int32_t>({1}, {0}).out();
    node.input_tensor(1).type = DType::boolean;
    node.node().attributes = kAttributes;
    for (const Decided& one : kDecided) {
        node.set<int32_t>(0, {one.label});
        node.set<uint8_t>(1, {one.certain});
        node.run();
        EXPECT_EQ(node.output<uint8_t>()[0] != 0, one.reported) << one.label;
    }
}

}  // namespace
}  // namespace thimble
