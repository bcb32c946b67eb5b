// Sizes of tensors that only a malformed file can declare.
#include "ir/graph.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

constexpr int64_t kElementCountMax = int64_t{1} << 56;

TEST(Shape, CountsElements)
{
    EXPECT_EQ(element_count({}), 1);
    EXPECT_EQ(element_count({2, 3, 5}), 30);
    EXPECT_EQ(element_count({int64_t{1} << 40, 0, int64_t{1} << 40}), 0);
}

TEST(Shape, ProductBeyondTheLimitIsTheLimit)
{
    EXPECT_EQ(element_count({1483684020660660444, 29791}), kElementCountMax);
    EXPECT_EQ(element_count({int64_t{1} << 30, int64_t{1} << 30, 7}), kElementCountMax);
    Tensor tensor;
    tensor.type = DType::f64;
    tensor.shape = {INT64_MAX, 2};
    EXPECT_EQ(tensor.bytes(), kElementCountMax * 8);
}

}  // namespace
}  // namespace thimble
