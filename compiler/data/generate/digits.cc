// digits: light digits on dark paper, 16 x 16 pixels, as somebody draws them in a hurry.
//
// Each digit is one of a few sequences of strokes in a unit square; their points tremble, the whole
// is slanted, turned, stretched and moved, and drawn with a pen of some width; the paper is not
// quite dark. `none` is what is no digit: scribbles, a half of a digit, empty paper.
#include "data/generate/generate.h"
#include "base/random.h"

#include <algorithm>
#include <cmath>

namespace thimble {

namespace {

constexpr int kSize = 16;
constexpr double kPi = 3.14159265358979323846;

struct Point {
    double x, y;  // right and down, 0 to 1
};
using Stroke = std::vector<Point>;
using Strokes = std::vector<Stroke>;

// Ways to draw each digit.
const std::vector<std::vector<Strokes>>& drawings()
{
    static const std::vector<std::vector<Strokes>> kDrawings = {
        {{{{.5, 0}, {.15, .15}, {0, .5}, {.15, .85}, {.5, 1}, {.85, .85}, {1, .5}, {.85, .15},
           {.5, 0}}}},
        {{{{.2, .25}, {.55, 0}, {.55, 1}}},
         {{{.5, 0}, {.5, 1}}},
         {{{.2, .25}, {.5, 0}, {.5, 1}}, {{.2, 1}, {.8, 1}}}},
        {{{{.05, .25}, {.3, 0}, {.75, 0}, {.95, .25}, {.8, .5}, {0, 1}, {1, 1}}}},
        {{{{.05, .1}, {.5, 0}, {.9, .2}, {.8, .42}, {.4, .5}, {.85, .6}, {.95, .8}, {.5, 1},
           {.05, .9}}},
         {{{.05, 0}, {.9, 0}, {.4, .42}, {.9, .6}, {.9, .85}, {.5, 1}, {.05, .9}}}},
        {{{{.6, 0}, {0, .65}, {1, .65}}, {{.7, .35}, {.7, 1}}},
         {{{.1, 0}, {.05, .5}, {.9, .5}}, {{.8, 0}, {.8, 1}}}},
        {{{{.95, 0}, {.15, 0}, {.1, .45}, {.6, .4}, {.95, .65}, {.8, .93}, {.4, 1}, {.05, .9}}}},
        {{{{.75, 0}, {.3, .3}, {.05, .7}, {.3, 1}, {.75, .95}, {.9, .7}, {.6, .5}, {.1, .65}}}},
        {{{{.05, 0}, {.95, 0}, {.4, 1}}},
         {{{.05, 0}, {.95, 0}, {.45, 1}}, {{.35, .5}, {.85, .5}}}},
        {{{{.5, .48}, {.15, .3}, {.2, .08}, {.5, 0}, {.8, .08}, {.85, .3}, {.5, .48}, {.1, .7},
           {.2, .95}, {.5, 1}, {.8, .95}, {.9, .7}, {.5, .48}}}},
        {{{{.9, .35}, {.6, .5}, {.2, .42}, {.1, .2}, {.4, 0}, {.8, .05}, {.9, .35}, {.8, .7},
           {.5, 1}}},
         {{{.85, .3}, {.5, .5}, {.15, .3}, {.45, 0}, {.85, .1}, {.85, 1}}}},
    };
    return kDrawings;
}

double distance(Point p, Point a, Point b)
{
    const double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    const double along = ((p.x - a.x) * dx + (p.y - a.y) * dy) / std::max(length, 1e-9);
    const double part = std::clamp(along, 0.0, 1.0);
    const double x = p.x - a.x - part * dx, y = p.y - a.y - part * dy;
    return std::sqrt(x * x + y * y);
}

// From the unit square to pixels.
void place(Strokes& strokes, SplitMix64& random)
{
    const double turn = 0.16 * random.normal(), slant = 0.15 * random.normal();
    const double sine = plain_sine(turn), cosine = plain_sine(turn + kPi / 2);
    const double width = random.uniform(5, 9), height = random.uniform(9, 13);
    const double right = random.uniform(6.5, 8.5), down = random.uniform(6.5, 8.5);
    for (Stroke& stroke : strokes) {
        for (Point& point : stroke) {
            const double y = (point.y - 0.5 + 0.03 * random.normal()) * height;
            const double x = (point.x - 0.5 + 0.04 * random.normal()) * width - slant * y;
            point = {right + cosine * x - sine * y, down + sine * x + cosine * y};
        }
    }
}

std::vector<double> drawn(const Strokes& strokes, SplitMix64& random)
{
    const double pen = random.uniform(0.7, 1.3), light = random.uniform(170, 255);
    const double paper = random.uniform(0, 30), noise = random.uniform(0, 15);
    std::vector<double> pixels;
    for (int row = 0; row < kSize; ++row) {
        for (int column = 0; column < kSize; ++column) {
            const Point at = {static_cast<double>(column), static_cast<double>(row)};
            double nearest = kSize;
            for (const Stroke& stroke : strokes)
                for (size_t i = 1; i < stroke.size(); ++i)
                    nearest = std::min(nearest, distance(at, stroke[i - 1], stroke[i]));
            const double ink = std::clamp(pen + 0.5 - nearest, 0.0, 1.0);
            const double value = paper + ink * (light - paper) + noise * random.normal();
            pixels.push_back(std::clamp(std::floor(value + 0.5), 0.0, 255.0));
        }
    }
    return pixels;
}

Strokes digit(int64_t number, SplitMix64& random)
{
    return random.one_of(drawings()[static_cast<size_t>(number)]);
}

// One half of each stroke of a digit; a walk at random; or nothing.
Strokes scribble(SplitMix64& random)
{
    const uint64_t kind = random.below(4);
    if (kind == 0) return {};
    Strokes strokes;
    if (kind == 1) {
        constexpr int64_t kWithHalves[] = {0, 2, 3, 5, 8};  // whose half is no other digit
        strokes = digit(kWithHalves[random.below(std::size(kWithHalves))], random);
        Stroke& first = strokes[0];
        first.resize((first.size() + 1) / 2);
        return strokes;
    }
    for (uint64_t count = 1 + random.below(2); count > 0; --count) {
        Stroke stroke;
        for (uint64_t points = 3 + random.below(5); points > 0; --points)
            stroke.push_back({random.uniform(-0.2, 1.2), random.uniform(-0.1, 1.1)});
        strokes.push_back(std::move(stroke));
    }
    return strokes;
}

}  // namespace

void generate_digits(const GenerateOptions& options, Dataset& dataset)
{
    SplitMix64 random(options.seed);
    for (int64_t i = 0; i < options.count; ++i) {
        const int64_t number = i % 11;
        Strokes strokes = number < 10 ? digit(number, random) : scribble(random);
        place(strokes, random);
        Recording recording = generated("digits", i);
        recording.shape = {kSize, kSize};
        recording.label = number < 10 ? std::to_string(number) : "none";
        pack_values(drawn(strokes, random), true, recording);
        dataset.recordings.push_back(std::move(recording));
    }
}

}  // namespace thimble
