// SVDF: the worked numbers of docs/numerics.md, and the contract of the operator's checks.
#include "one_node.h"

namespace thimble {

namespace {

std::vector<TfliteOption> options(int32_t rank, int8_t activation = 0)
{
    return {{tflite_field::svdf::rank, rank}, {tflite_field::svdf::fused_activation, activation}};
}

// One filter with a memory of two steps.
template <typename S> OneNode worked_node(int64_t state_zero_point = 0)
{
    OneNode node("SVDF", options(1));
    node.in<int8_t>({1, 1}, {53}, 0.05f, 3)
        .template constant<int8_t>({1, 1}, {60}, 0.01f)
        .template constant<S>({1, 2}, {40, -70}, 0.02f)
        .template constant<int32_t>({1}, {100})
        .template state<S>({1, 2},
                           {static_cast<S>(state_zero_point), static_cast<S>(state_zero_point)},
                           0.025f, state_zero_point)
        .out(0.04f, -7);
    return node;
}

template <typename S> void expect_worked_numbers(int64_t state_zero_point)
{
    OneNode node = worked_node<S>(state_zero_point);
    const auto zero = static_cast<S>(state_zero_point);
    node.run();
    EXPECT_EQ(node.output<int8_t>(), std::vector<int8_t>{-58});
    EXPECT_EQ(node.value<S>(4), (std::vector<S>{zero, static_cast<S>(60 + zero)}));
    node.run();
    EXPECT_EQ(node.output<int8_t>(), std::vector<int8_t>{-28});
    EXPECT_EQ(node.value<S>(4),
              (std::vector<S>{static_cast<S>(60 + zero), static_cast<S>(60 + zero)}));
    node.run();
    EXPECT_EQ(node.output<int8_t>(), std::vector<int8_t>{-28});
}

TEST(Svdf, int8_worked_numbers)
{
    expect_worked_numbers<int8_t>(0);
    expect_worked_numbers<int16_t>(0);
}

TEST(Svdf, state_zero_point_shifts_only_the_stored_state) { expect_worked_numbers<int8_t>(-9); }

TEST(Svdf, float_applies_rank_bias_and_activation)
{
    OneNode node("SVDF", options(2, 1));
    node.in<float>({1, 2}, {1, 2})
        .constant<float>({4, 2}, {1, 0, 0, 1, 1, 1, -1, 0})
        .constant<float>({4, 2}, {1, 2, 3, 4, 5, 6, 7, 8})
        .constant<float>({2}, {0.5f, -100})
        .state<float>({1, 8}, {0, 10, 0, 20, 0, 30, 0, 40})
        .out();
    node.run();
    // States 10 1 | 20 2 | 30 3 | 40 -1: unit 0 = 0.5 + 12 + 68, unit 1 = -100 + 168 + 272.
    EXPECT_EQ(node.output<float>(), (std::vector<float>{80.5f, 340}));
    EXPECT_EQ(node.value<float>(4), (std::vector<float>{10, 1, 20, 2, 30, 3, 40, -1}));
    node.set<float>(0, {-100, -100});
    node.run();
    // States 1 -100 | 2 -100 | ...: unit 0 = 0.5 - 199 - 394 is clamped by RELU.
    EXPECT_EQ(node.output<float>()[0], 0.0f);
}

TEST(Svdf, missing_bias_is_zero)
{
    OneNode node("SVDF", options(1));
    node.in<float>({1, 1}, {3})
        .constant<float>({1, 1}, {2})
        .constant<float>({1, 1}, {5})
        .absent()
        .state<float>({1, 1}, {0})
        .out();
    node.run();
    EXPECT_EQ(node.output<float>(), std::vector<float>{30});
}

TEST(Svdf, refuses_what_it_cannot_compute)
{
    const auto with = [](int32_t rank, Shape state_shape, TensorKind kind) {
        return error_of([&] {
            OneNode node("SVDF", options(rank));
            node.in<float>({1, 1}, {3})
                .constant<float>({2, 1}, {2, 2})
                .constant<float>({2, 1}, {5, 5})
                .absent();
            node.state<float>(state_shape,
                              std::vector<float>(static_cast<size_t>(element_count(state_shape))))
                .out();
            node.input_tensor(4).kind = kind;
            node.infer();
        });
    };
    EXPECT_EQ(with(3, {1, 2}, TensorKind::state), ErrorCode::T0203);
    EXPECT_EQ(with(0, {1, 2}, TensorKind::state), ErrorCode::T0203);
    EXPECT_EQ(with(1, {1, 3}, TensorKind::state), ErrorCode::T0203);
    EXPECT_EQ(with(1, {1, 2}, TensorKind::activation), ErrorCode::T0203);
    OneNode mixed = worked_node<int16_t>();
    mixed.input_tensor(4).type = DType::i8;
    EXPECT_EQ(error_of([&] { mixed.infer(); }), ErrorCode::T0202);
    OneNode unquantized = worked_node<int16_t>();
    unquantized.input_tensor(4).quant = {};
    EXPECT_EQ(error_of([&] { unquantized.infer(); }), ErrorCode::T0205);
}

TEST(State, assign_writes_and_read_reads)
{
    OneNode assign("assign");
    assign.in<int16_t>({2}, {3, -4}).state<int16_t>({1, 2}, {0, 0});
    assign.run();
    EXPECT_EQ(assign.value<int16_t>(1), (std::vector<int16_t>{3, -4}));
    OneNode read("read");
    read.state<int16_t>({1, 2}, {7, 8}).out();
    read.run();
    EXPECT_EQ(read.output<int16_t>(), (std::vector<int16_t>{7, 8}));
    EXPECT_EQ(read.output_tensor().shape, (Shape{1, 2}));
    OneNode other("assign");
    other.in<int8_t>({2}, {3, -4}).state<int16_t>({2}, {0, 0});
    EXPECT_EQ(error_of([&] { other.infer(); }), ErrorCode::T0202);
}

}  // namespace

}  // namespace thimble
