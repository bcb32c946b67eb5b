#include "verify/input_files.h"

#include "base/error.h"
#include "base/file.h"
#include "formats/npy.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

// Inputs a: int8 [1, 3] and b: float32 [2].
class InputFiles : public testing::Test {
protected:
    InputFiles()
    {
        graph.inputs = {graph.add_tensor({.name = "a", .type = DType::i8, .shape = {1, 3}}),
                        graph.add_tensor({.name = "b", .type = DType::f32, .shape = {2}})};
        graph.tensor(0).quant = {{0.5f}, {-3}, 0};
        b = save("b.npy", "f4", {2}, Bytes(8, 7));
    }

    std::string save(const std::string& name, const std::string& dtype, const Shape& shape,
                     const Bytes& bytes)
    {
        const std::string path = (folder.path() / name).string();
        write_npy(path, {dtype, shape, bytes});
        return path;
    }

    std::string remedy_of(const std::vector<std::string>& specs, int64_t runs, ErrorCode code)
    {
        try {
            read_inputs(graph, specs, runs);
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), code) << error.what();
            return error.text().remedy;
        }
        ADD_FAILURE() << "no error";
        return "";
    }

    TemporaryFolder folder;
    Graph graph;
    std::string b;
};

TEST_F(InputFiles, bind_in_order_and_by_name)
{
    const std::string a = save("a.npy", "i1", {1, 3}, {1, 2, 3});
    EXPECT_EQ(read_inputs(graph, {a, b}, 1)[0], (TensorBytes{{1, 2, 3}, Bytes(8, 7)}));
    EXPECT_EQ(read_inputs(graph, {"b=" + b, "a=" + a}, 1)[0],
              (TensorBytes{{1, 2, 3}, Bytes(8, 7)}));
    EXPECT_EQ(read_inputs(graph, {"b=" + b, a}, 1)[0][0], (Bytes{1, 2, 3}));
}

TEST_F(InputFiles, axes_of_one_do_not_matter)
{
    const std::string a = save("a.npy", "i1", {3, 1}, {1, 2, 3});
    EXPECT_EQ(read_inputs(graph, {a, b}, 1)[0][0], (Bytes{1, 2, 3}));
}

TEST_F(InputFiles, a_leading_axis_gives_each_run_its_own)
{
    const std::string a = save("a.npy", "i1", {2, 3}, {1, 2, 3, 4, 5, 6});
    const std::vector<TensorBytes> runs = read_inputs(graph, {a, b}, 2);
    ASSERT_EQ(runs.size(), 2u);
    EXPECT_EQ(runs[1], (TensorBytes{{4, 5, 6}, Bytes(8, 7)}));
    EXPECT_EQ(remedy_of({a, b}, 1, ErrorCode::T0105), "--runs 2");
}

TEST_F(InputFiles, raw_bytes)
{
    const std::string a = (folder.path() / "a.bin").string();
    write_file(a, Bytes{1, 2, 3, 4, 5, 6});
    EXPECT_EQ(read_inputs(graph, {a, b}, 2)[1][0], (Bytes{4, 5, 6}));
    remedy_of({a, b}, 1, ErrorCode::T0105);
}

TEST_F(InputFiles, floats_for_a_quantized_input_are_refused_with_the_formula)
{
    const std::string a = save("a.npy", "f4", {1, 3}, Bytes(12));
    EXPECT_EQ(remedy_of({a, b}, 1, ErrorCode::T0105),
              "quantize first: q = round(x / 0.5) + -3, saturated to int8");
}

TEST_F(InputFiles, names_and_counts)
{
    const std::string a = save("a.npy", "i1", {1, 3}, {1, 2, 3});
    EXPECT_EQ(remedy_of({"aa=" + a, b}, 1, ErrorCode::T0004), "--input a=" + a);
    remedy_of({a}, 1, ErrorCode::T0004);
    remedy_of({a, b, b}, 1, ErrorCode::T0004);
    remedy_of({"a=" + a, "b=none.npy"}, 1, ErrorCode::T0101);
}

TEST(FileStem, is_a_plain_file_name)
{
    EXPECT_EQ(file_stem("StatefulPartitionedCall:0"), "StatefulPartitionedCall_0");
    EXPECT_EQ(file_stem("../etc/x"), "output.._etc_x");
    EXPECT_EQ(file_stem(""), "output");
}

}  // namespace
}  // namespace thimble
