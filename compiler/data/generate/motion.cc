// motion: 50 samples of three axes, 20 ms apart, in 1/256 g, limited to -127..127 as an 8-bit
// capture prints them. The sensor is high-pass filtered, so that gravity appears only where the
// hand turns.
//
//   punch  push forward, hard stop, recoil: three short bumps along x, 0.1 to 0.2 s each
//   flex   curl of the forearm: one slow turn of 0.6 to 0.9 s, tangential on z, centripetal on x,
//          while gravity moves from z to x
//   none   what is neither, and often looks like one of them: a pull, a push that nothing stops, a
//          blow to the side, an arm that sinks, a turn of the wrist alone, shaking, steps, a knock
//
// Every motion is a sum of smooth bumps of random size, length and place. Then come a warp of time,
// a sensor that sits turned on the wrist, an offset that fades, and noise. The mean of all
// recordings of a label tells little: a classifier by nearest mean is right in less than 90 %.
#include "data/generate/generate.h"
#include "base/random.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

namespace thimble {

namespace {

constexpr int kSamples = 50;
constexpr double kLimit = 127;
constexpr double kPi = 3.14159265358979323846;

using Vector = std::array<double, 3>;
// Acceleration at sample t.
using Motion = std::function<Vector(double)>;

// cos(d pi / 2)^2 for |d| < 1, d = (t - centre) / width.
double bump(double t, double centre, double width)
{
    const double distance = std::abs(t - centre) / width;
    return distance < 1 ? 0.5 + 0.5 * plain_sine(kPi * (distance + 0.5)) : 0;
}

// Three bumps along one way: a push, a stop `brake` times as strong, a recoil `back` times.
struct Thrust {
    double size, start, push, stop, recoil, brake, back;

    double at(double t) const
    {
        const double end = start + 2 * push;
        return size * (bump(t, start + push, push) - brake * bump(t, end + stop, stop) +
                       back * bump(t, end + 2 * stop + recoil, recoil));
    }
};

Thrust draw_thrust(SplitMix64& random)
{
    return {random.uniform(45, 160), random.uniform(2, 12),    random.uniform(3.5, 7.5),
            random.uniform(2.5, 6.5), random.uniform(4, 10),    random.uniform(0.9, 1.6),
            random.uniform(0.25, 0.7)};
}

Motion punch(SplitMix64& random)
{
    const Thrust thrust = draw_thrust(random);
    const double roll = random.uniform(-0.4, 0.4), lift = random.uniform(-0.45, 0.25);
    return [=](double t) {
        const double push = thrust.start + thrust.push, stop = push + thrust.push + thrust.stop;
        const double y = bump(t, push + thrust.push, thrust.push + thrust.stop);
        const double z = bump(t, push, thrust.push) - bump(t, stop, 2 * thrust.stop);
        return Vector{thrust.at(t), roll * thrust.size * y, lift * thrust.size * z};
    };
}

// A curl of the forearm; `way` -1 is an arm that sinks.
Motion curl(SplitMix64& random, double way)
{
    const double size = random.uniform(30, 100), start = random.uniform(0, 8);
    const double length = random.uniform(26, 46), turn = random.uniform(18, 48);
    const double sway = random.uniform(-0.45, 0.45), tremor = random.uniform(0, 7);
    const double rate = random.uniform(0.9, 1.5), phase = random.uniform(0, 2 * kPi);
    return [=](double t) {
        const double part = (t - start) / length;
        const bool moving = part > 0 && part < 1;
        const double half = moving ? plain_sine(kPi * part) : 0;
        const double tangential = moving ? way * size * plain_sine(2 * kPi * part) : 0;
        const double centripetal = 0.5 * size * half * half * half * half;
        // Gravity moves from z to x as the forearm rises; the filter forgets it slowly.
        const double angle = way * bump(t, start + 0.75 * length, 0.6 * length);
        const double shake = moving ? tremor * plain_sine(rate * t + phase) : 0;
        return Vector{turn * angle - centripetal, sway * tangential + shake,
                      tangential - turn * angle};
    };
}

Motion flex(SplitMix64& random) { return curl(random, 1); }
Motion sink(SplitMix64& random) { return curl(random, -1); }

// As a punch, backwards.
Motion pull(SplitMix64& random)
{
    const Motion forward = punch(random);
    return [=](double t) {
        const Vector v = forward(t);
        return Vector{-v[0], v[1], v[2]};
    };
}

// As a punch, along y or z.
Motion blow(SplitMix64& random)
{
    const Motion forward = punch(random);
    const bool upwards = random.below(2) == 1;
    const double sign = random.below(2) == 1 ? 1 : -1;
    return [=](double t) {
        const Vector v = forward(t);
        return upwards ? Vector{0.5 * v[2], v[1], sign * v[0]} : Vector{v[1], sign * v[0], v[2]};
    };
}

// A push along x that nothing stops: it fades over the rest of the second.
Motion glide(SplitMix64& random)
{
    Thrust thrust = draw_thrust(random);
    thrust.push = random.uniform(4, 9);
    thrust.stop = random.uniform(10, 15);
    thrust.brake = random.uniform(0.15, 0.45);
    thrust.back = 0;
    const double lift = random.uniform(-0.4, 0.4);
    return [=](double t) { return Vector{thrust.at(t), 0, lift * thrust.at(t)}; };
}

// The wrist turns, the arm rests: gravity moves as in a curl, nothing else does.
Motion turn(SplitMix64& random)
{
    const double size = random.uniform(35, 70), centre = random.uniform(12, 36);
    const double width = random.uniform(12, 28), side = random.uniform(-1, 1);
    return [=](double t) {
        const double angle = size * bump(t, centre, width);
        return Vector{0.3 * angle, side * angle, -angle};
    };
}

// To and fro along any way, 1.5 to 5 times a second.
Motion shaking(SplitMix64& random)
{
    const double size = random.uniform(35, 120), rate = 2 * kPi * random.uniform(0.03, 0.1);
    const double phase = random.uniform(0, 2 * kPi), start = random.uniform(0, 8);
    const Vector way = {random.uniform(-1, 1), random.uniform(-1, 1), random.uniform(-1, 1)};
    return [=](double t) {
        const double value = t < start ? 0 : size * plain_sine(rate * t + phase);
        return Vector{way[0] * value, way[1] * value, way[2] * value};
    };
}

// Walking: a bump of z at each step, x in between.
Motion steps(SplitMix64& random)
{
    const double size = random.uniform(35, 90), pause = random.uniform(20, 30);
    const double start = random.uniform(2, 12), forward = random.uniform(-0.6, 0.6);
    return [=](double t) {
        Vector v = {};
        for (double at = start; at < kSamples; at += pause) {
            v[2] += size * (bump(t, at, 4) - 0.5 * bump(t, at + 7, 5));
            v[0] += forward * size * bump(t, at + 4, 6);
        }
        return v;
    };
}

// One short bump of any way.
Motion knock(SplitMix64& random)
{
    const double size = random.uniform(50, 150), at = random.uniform(4, 14);
    const double width = random.uniform(1.2, 4);
    const Vector way = {random.uniform(-1, 1), random.uniform(-1, 1), random.uniform(-1, 1)};
    return [=](double t) {
        const double value = size * (bump(t, at, width) - 0.4 * bump(t, at + 2 * width, width));
        return Vector{way[0] * value, way[1] * value, way[2] * value};
    };
}

Motion none(SplitMix64& random)
{
    using Make = Motion (*)(SplitMix64&);
    static const std::vector<Make> kKinds = {pull, blow, glide, sink, turn, shaking, steps, knock};
    return random.one_of(kKinds)(random);
}

// The vector turned by `angle` in the plane of two axes.
Vector turned(Vector v, size_t a, size_t b, double angle)
{
    const double sine = plain_sine(angle), cosine = plain_sine(angle + kPi / 2);
    const double first = v[a];
    v[a] = first * cosine - v[b] * sine;
    v[b] = first * sine + v[b] * cosine;
    return v;
}

std::vector<double> sampled(const Motion& motion, SplitMix64& random)
{
    const double yaw = 0.2 * random.normal(), pitch = 0.2 * random.normal();
    const double roll = 0.25 * random.normal(), noise = random.uniform(1, 5);
    const double tempo = random.uniform(0.88, 1.14), warp = random.uniform(-2.5, 2.5);
    Vector offset;
    for (double& axis : offset) axis = 6 * random.normal();
    std::vector<double> values;
    for (int i = 0; i < kSamples; ++i) {
        const double part = static_cast<double>(i) / kSamples;
        const double t = tempo * i + warp * plain_sine(2 * kPi * part);
        const Vector v = turned(turned(turned(motion(t), 0, 1, yaw), 0, 2, pitch), 1, 2, roll);
        for (size_t axis = 0; axis < 3; ++axis) {
            const double value = v[axis] + offset[axis] * (1 - part) + noise * random.normal();
            values.push_back(std::clamp(std::floor(value + 0.5), -kLimit, kLimit));
        }
    }
    return values;
}

}  // namespace

void generate_motion(const GenerateOptions& options, Dataset& dataset)
{
    struct Kind {
        const char* label;
        Motion (*make)(SplitMix64&);
    };
    constexpr Kind kKinds[] = {{"punch", punch}, {"flex", flex}, {"none", none}};
    SplitMix64 random(options.seed);
    for (int64_t i = 0; i < options.count; ++i) {
        const Kind& kind = kKinds[i % std::ssize(kKinds)];
        Recording recording = generated("motion", i);
        recording.shape = {kSamples, 3};
        recording.label = kind.label;
        pack_values(sampled(kind.make(random), random), false, recording);
        dataset.recordings.push_back(std::move(recording));
    }
    dataset.channels = {"aX", "aY", "aZ"};
}

}  // namespace thimble
