#include "number_words.h"

#include "base/file.h"
#include "draft_builder.h"
#include "formats/npy.h"

#include <cmath>

namespace thimble {

namespace {

std::vector<float> random_values(uint64_t& state, size_t count, double limit)
{
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(uniform(state, limit));
    return values;
}

struct CellOutputs {
    int h, c;
};

// The nodes of an LSTM cell as converters write them: two dense layers, a split, the gates.
CellOutputs add_cell(DraftBuilder& b, int x, int h, int c, int64_t in, int64_t units,
                     const std::vector<float>& kernel, const std::vector<float>& recurrent,
                     const std::vector<float>& bias)
{
    const std::vector<int64_t> all = {1, 4 * units}, one = {1, units};
    const int from_x =
        b.op("FULLY_CONNECTED",
             {x, b.constant({4 * units, in}, kernel), b.constant({4 * units}, bias)}, all);
    const int from_h =
        b.op("FULLY_CONNECTED", {h, b.constant({4 * units, units}, recurrent), -1}, all);
    const int sum = b.op("ADD", {from_x, from_h}, all);
    const std::vector<int> gates = b.ops("SPLIT", {b.whole({}, {1}), sum}, 4, one,
                                         {{tflite_field::split::num_splits, int32_t{4}}});
    const int i = b.op("LOGISTIC", {gates[0]}, one), f = b.op("LOGISTIC", {gates[1]}, one);
    const int g = b.op("TANH", {gates[2]}, one), o = b.op("LOGISTIC", {gates[3]}, one);
    const int next = b.op("ADD", {b.op("MUL", {f, c}, one), b.op("MUL", {i, g}, one)}, one);
    return {b.op("MUL", {o, b.op("TANH", {next}, one)}, one), next};
}

NumberWords::Vector dense(const std::vector<float>& weights, const NumberWords::Vector& x)
{
    NumberWords::Vector y(weights.size() / x.size());
    for (size_t o = 0; o < y.size(); ++o)
        for (size_t i = 0; i < x.size(); ++i) y[o] += double{weights[o * x.size() + i]} * x[i];
    return y;
}

double logistic(double x)
{
    return 1 / (1 + std::exp(-x));
}

}  // namespace

// In [-limit, limit). SplitMix64 (Steele, Lea, Flood 2014).
double uniform(uint64_t& state, double limit)
{
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (static_cast<double>((z ^ (z >> 31)) >> 11) / 4503599627370496.0 - 1) * limit;
}

NumberWords::Cell NumberWords::random_cell(uint64_t& state, size_t in, size_t units)
{
    return {in, units, random_values(state, 4 * units * in, 0.3),
            random_values(state, 4 * units * units, 0.3), random_values(state, 4 * units, 0.5)};
}

NumberWords::NumberWords(uint64_t seed)
    : forward_(random_cell(seed, kWidth, kUnits)),
      backward_(random_cell(seed, kWidth, kUnits)),
      decoder_(random_cell(seed, kWidth, 2 * kUnits)),
      source_(random_values(seed, kDigits * kWidth, 1)),
      target_(random_values(seed, kWords * kWidth, 1)),
      logits_(random_values(seed, kWords * 4 * kUnits, 0.5)),
      logits_bias_(random_values(seed, kWords, 0.5))
{
}

void NumberWords::write_encoder(const std::filesystem::path& path, const Cell& cell) const
{
    DraftBuilder b;
    const int x = b.input("x_in", {1, 1, kWidth});
    const int h = b.input("state_a", {1, kUnits}), c = b.input("state_b", {1, kUnits});
    const CellOutputs next = add_cell(b, b.reshape(x, {1, kWidth}), h, c, kWidth, kUnits,
                                      cell.kernel, cell.recurrent, cell.bias);
    b.write(path, {b.reshape(next.h, {1, 1, kUnits}), next.h, next.c});
}

// Outputs in the order h, c, logits, context.
void NumberWords::write_decoder(const std::filesystem::path& path) const
{
    constexpr int64_t kMemory = kSource, kState = 2 * kUnits;
    DraftBuilder b;
    const int x = b.input("x_in", {1, 1, kWidth});
    const int h = b.input("state_a", {1, kState}), c = b.input("state_b", {1, kState});
    const int memory = b.input("encoded", {1, kMemory, kState});
    const CellOutputs next = add_cell(b, b.reshape(x, {1, kWidth}), h, c, kWidth, kState,
                                      decoder_.kernel, decoder_.recurrent, decoder_.bias);
    // The score is a dense layer whose weights are the hidden state.
    const int score = b.op("FULLY_CONNECTED", {memory, next.h, -1}, {1, kMemory, 1},
                           {{tflite_field::fully_connected::keep_num_dims, true}});
    const int weights = b.op("SOFTMAX", {b.reshape(score, {1, kMemory})}, {1, kMemory},
                             {{tflite_field::softmax::beta, 1.0f}});
    const int weighted =
        b.op("MUL", {b.reshape(weights, {1, kMemory, 1}), memory}, {1, kMemory, kState});
    const std::vector<int> rows =
        b.ops("SPLIT", {b.whole({}, {1}), weighted}, kMemory, {1, 1, kState},
              {{tflite_field::split::num_splits, int32_t{kMemory}}});
    int sum = rows[0];
    for (size_t i = 1; i < rows.size(); ++i) sum = b.op("ADD", {sum, rows[i]}, {1, 1, kState});
    const int context =
        b.op("STRIDED_SLICE",
             {sum, b.whole({3}, {0, 0, 0}), b.whole({3}, {0, 1, 0}), b.whole({3}, {1, 1, 1})},
             {1, kState},
             {{tflite_field::strided_slice::begin_mask, int32_t{5}},
              {tflite_field::strided_slice::end_mask, int32_t{5}},
              {tflite_field::strided_slice::shrink_axis_mask, int32_t{2}}});
    const int joined = b.op("CONCATENATION", {context, next.h}, {1, 2 * kState},
                            {{tflite_field::concatenation::axis, int32_t{1}}});
    const int logits = b.op(
        "FULLY_CONNECTED",
        {joined, b.constant({kWords, 2 * kState}, logits_), b.constant({kWords}, logits_bias_)},
        {1, kWords});
    b.write(path, {next.h, next.c, logits, context});
}

void NumberWords::write_files(const std::filesystem::path& folder) const
{
    write_encoder(folder / "enc_fw.tflite", forward_);
    write_encoder(folder / "enc_bw.tflite", backward_);
    write_decoder(folder / "decoder.tflite");
    write_npy(folder / "source.npy", {"f4", {kDigits, kWidth}, bytes_of(source_)});
    write_npy(folder / "target.npy", {"f4", {kWords, kWidth}, bytes_of(target_)});
    write_file(folder / "digits.txt", "\n3\n9\n7\n2\n6\n5\n4\n8\n1\n0\n");
    write_file(folder / "words.txt",
               "\nand\nhundred\n\n\nthousand\nmillion\none\ntwo\nthree\nfour\nfive\nsix\nseven\n"
               "eight\nnine\nten\neleven\ntwelve\nthirteen\nfourteen\nfifteen\nsixteen\nseventeen\n"
               "billion\neighteen\nnineteen\ntwenty\nthirty\nforty\nfifty\nsixty\nseventy\neighty\n"
               "ninety\n");
}

std::string NumberWords::project_text(const std::string& more)
{
    return R"(name = "number_words"

[[stage]]
kind = "seq2seq"
encoder = {forward = "enc_fw.tflite", backward = "enc_bw.tflite"}
decoder = "decoder.tflite"
source_embedding = "source.npy"
target_embedding = "target.npy"
begin = 3
end = 4
pad = 0
max_source = 10
max_target = 20
input_feeding = "add"
encoder_inputs = {h = "state_a_1", c = 2}
encoder_outputs = {output = 0, h = 1, c = 2}
decoder_inputs = {x = 0, h = 1, c = 2}
decoder_outputs = {h = 0, c = 1, context = 3}
)" + more;
}

void NumberWords::step(const Cell& cell, const Vector& x, Vector& h, Vector& c)
{
    const Vector a = dense(cell.kernel, x), b = dense(cell.recurrent, h);
    const size_t n = cell.units;
    for (size_t u = 0; u < n; ++u) {
        const auto gate = [&](size_t g) {
            return a[g * n + u] + b[g * n + u] + cell.bias[g * n + u];
        };
        c[u] = logistic(gate(1)) * c[u] + logistic(gate(0)) * std::tanh(gate(2));
        h[u] = logistic(gate(3)) * std::tanh(c[u]);
    }
}

NumberWords::State NumberWords::encode(const std::vector<int32_t>& source) const
{
    State state;
    state.memory.assign(kSource, {});
    state.context.assign(kWidth, 0);
    for (const bool reverse : {false, true}) {
        Vector h(kUnits), c(kUnits);
        for (size_t i = 0; i < kSource; ++i) {
            const size_t t = reverse ? kSource - 1 - i : i;
            const auto row = source_.begin() + source[t] * static_cast<int64_t>(kWidth);
            step(reverse ? backward_ : forward_, Vector(row, row + kWidth), h, c);
            state.memory[t].insert(state.memory[t].end(), h.begin(), h.end());
        }
        state.h.insert(state.h.end(), h.begin(), h.end());
        state.c.insert(state.c.end(), c.begin(), c.end());
    }
    return state;
}

NumberWords::Vector NumberWords::decode(State& state, int32_t token) const
{
    Vector x(kWidth);
    for (size_t i = 0; i < kWidth; ++i)
        x[i] = target_[static_cast<size_t>(token) * kWidth + i] + state.context[i];
    step(decoder_, x, state.h, state.c);
    Vector weights;
    double sum = 0;
    for (const Vector& row : state.memory) {
        double score = 0;
        for (size_t i = 0; i < row.size(); ++i) score += row[i] * state.h[i];
        weights.push_back(std::exp(score));
        sum += weights.back();
    }
    state.context.assign(kWidth, 0);
    for (size_t t = 0; t < kSource; ++t)
        for (size_t i = 0; i < kWidth; ++i)
            state.context[i] += weights[t] / sum * state.memory[t][i];
    Vector joined = state.context;
    joined.insert(joined.end(), state.h.begin(), state.h.end());
    Vector logits = dense(logits_, joined);
    for (size_t i = 0; i < kWords; ++i) logits[i] += logits_bias_[i];
    return logits;
}

NumberWords::Vector NumberWords::log_probabilities(const Vector& logits)
{
    double sum = 0;
    for (const double x : logits) sum += std::exp(x);
    Vector result;
    for (const double x : logits) result.push_back(x - std::log(sum));
    return result;
}

double NumberWords::score(const std::vector<int32_t>& source, const std::vector<int32_t>& ids) const
{
    State state = encode(source);
    double score = 0;
    int32_t token = kBegin;
    for (size_t i = 0; i <= ids.size() && i < kTarget; ++i) {
        const Vector more = log_probabilities(decode(state, token));
        // An output that is not full ended with the better of the two symbols that end it.
        token = i < ids.size() ? ids[i] : more[kEnd] >= more[kPad] ? kEnd : kPad;
        score += more[static_cast<size_t>(token)];
    }
    return score;
}

std::vector<int32_t> NumberWords::random_source(uint64_t& state)
{
    std::vector<int32_t> source(kSource, kPad);
    const auto length = static_cast<size_t>(uniform(state, 5) + 6);  // 1 to 10
    for (size_t i = 0; i < length; ++i) source[i] = static_cast<int32_t>(uniform(state, 5) + 6);
    return source;
}

}  // namespace thimble
