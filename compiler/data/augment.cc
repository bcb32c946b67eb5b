#include "data/augment.h"

#include "base/error.h"
#include "data/generate/generate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace thimble {

namespace {

constexpr double kPi = 3.14159265358979323846;

// Values with the axes rows (of time, or of pixels), columns (1 for anything but images), channels.
struct Grid {
    std::vector<double> values;
    int64_t rows = 1, columns = 1, channels = 1;

    double& at(int64_t row, int64_t column, int64_t channel)
    {
        return values[static_cast<size_t>((row * columns + column) * channels + channel)];
    }
    // The outermost value beyond the edges.
    double near(int64_t row, int64_t column, int64_t channel)
    {
        return at(std::clamp<int64_t>(row, 0, rows - 1),
                  std::clamp<int64_t>(column, 0, columns - 1), channel);
    }
    template <typename Source> void fill(Source source)
    {
        Grid result = *this;
        for (int64_t row = 0; row < rows; ++row)
            for (int64_t column = 0; column < columns; ++column)
                for (int64_t channel = 0; channel < channels; ++channel)
                    result.at(row, column, channel) = source(row, column, channel);
        *this = std::move(result);
    }
};

// Images have three axes, or two of bytes; sequences have rows of channels.
Grid grid_of(const Recording& recording)
{
    Grid grid;
    const Shape& shape = recording.shape;
    const bool image = shape.size() == 3 || (shape.size() == 2 && recording.type == DType::u8);
    grid.rows = recording.rows();
    if (image) grid.columns = shape[1];
    grid.channels = grid.rows == 0 ? 1 : recording.count() / (grid.rows * grid.columns);
    for (int64_t i = 0; i < recording.count(); ++i) grid.values.push_back(recording.value(i));
    return grid;
}

void change_speed(Grid& grid, double speed)
{
    const double middle = static_cast<double>(grid.rows - 1) / 2;
    grid.fill([&, middle](int64_t row, int64_t column, int64_t channel) {
        const double from = middle + (static_cast<double>(row) - middle) * speed;
        const double whole = std::floor(from);
        const auto first = static_cast<int64_t>(whole);
        const double a = grid.near(first, column, channel);
        return a + (grid.near(first + 1, column, channel) - a) * (from - whole);
    });
}

void move(Grid& grid, int64_t down, int64_t right)
{
    grid.fill([&](int64_t row, int64_t column, int64_t channel) {
        return grid.near(row - down, column - right, channel);
    });
}

// Rodrigues's formula: v cos a + (k x v) sin a + k (k . v) (1 - cos a), k of length 1.
void turn(Grid& grid, double angle, SplitMix64& random)
{
    std::array<double, 3> k{};
    double length = 0;
    while (length < 1e-3) {
        length = 0;
        for (double& axis : k) {
            axis = random.normal();
            length += axis * axis;
        }
        length = std::sqrt(length);
    }
    for (double& axis : k) axis /= length;
    const double sine = plain_sine(angle), cosine = plain_sine(angle + kPi / 2);
    for (int64_t row = 0; row < grid.rows; ++row) {
        double* const v = &grid.at(row, 0, 0);
        const std::array<double, 3> x = {v[0], v[1], v[2]};
        const double along = k[0] * x[0] + k[1] * x[1] + k[2] * x[2];
        for (size_t i = 0; i < 3; ++i) {
            const size_t j = (i + 1) % 3, l = (i + 2) % 3;
            v[i] = x[i] * cosine + (k[j] * x[l] - k[l] * x[j]) * sine +
                   k[i] * along * (1 - cosine);
        }
    }
}

template <typename T> double within(double value)
{
    return std::clamp(std::floor(value + 0.5), double{std::numeric_limits<T>::min()},
                      double{std::numeric_limits<T>::max()});
}

double as(DType type, double value)
{
    switch (type) {
    case DType::u8: return within<uint8_t>(value);
    case DType::i16: return within<int16_t>(value);
    case DType::i32: return within<int32_t>(value);
    default: return value;
    }
}

}  // namespace

Recording augmented(const Recording& recording, const AugmentOptions& options, SplitMix64& random)
{
    Grid grid = grid_of(recording);
    if (options.warp > 0)
        change_speed(grid, 1 + options.warp * random.uniform(-1, 1));
    if (options.shift > 0) {
        const auto most = static_cast<int64_t>(options.shift);
        const int64_t down = random.whole(-most, most);
        move(grid, down, grid.columns > 1 ? random.whole(-most, most) : 0);
    }
    if (options.rotation > 0) {
        require(grid.channels == 3 && grid.columns == 1, ErrorCode::T0105,
                {recording.place(), fmt::format("{} channels", grid.channels),
                 "three channels, which `rotation` turns", "remove `rotation` from `augment`"});
        turn(grid, options.rotation / 180 * kPi * random.uniform(-1, 1), random);
    }
    const double gain = random.uniform(options.least_gain, options.most_gain);
    Recording copy = recording;
    for (double& value : grid.values)
        value = as(recording.type,
                   value * gain + (options.noise > 0 ? options.noise * random.normal() : 0));
    pack_values(grid.values, recording.type == DType::u8, copy);
    if (copy.type != recording.type) {  // fewer bytes would do; all recordings have one type
        copy.bytes = values_as(copy, recording.type);
        copy.type = recording.type;
    }
    return copy;
}

}  // namespace thimble
