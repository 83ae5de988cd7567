#include "tools/draw.h"

#include <algorithm>
#include <cmath>

namespace rollbook::tools {

namespace {

// Above this mean the normal law is near enough, and quick.
constexpr double kMany = 60;

// splitmix64's finisher: neighbouring numbers make unlike seeds.
std::uint64_t mixed(std::uint64_t value) {
  value ^= value >> 30;
  value *= 0xbf58476d1ce4e5b9;
  value ^= value >> 27;
  value *= 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace

Draw::Draw(std::initializer_list<std::uint64_t> parts) {
  std::uint64_t seed = 0x9e3779b97f4a7c15;
  for (const std::uint64_t part : parts) seed = mixed(seed + part + 1);
  random_.seed(seed);
}

// std's distributions differ from library to library; these do not.
double Draw::uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

double Draw::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(6.283185307179586 * uniform());
}

std::int64_t Draw::poisson(double mean) {
  if (mean > kMany) {
    return std::max<std::int64_t>(0, std::llround(mean + std::sqrt(mean) * normal()));
  }
  const double limit = std::exp(-mean);
  std::int64_t count = 0;
  for (double product = uniform(); product > limit; product *= uniform()) ++count;
  return count;
}

std::int64_t Draw::binomial(std::int64_t of, double chance) {
  if (of <= 0 || chance <= 0) return 0;
  if (chance >= 1) return of;
  if (chance > 0.5) return of - binomial(of, 1 - chance);
  const double mean = static_cast<double>(of) * chance;
  if (mean > kMany) {
    const double value = mean + std::sqrt(mean * (1 - chance)) * normal();
    return std::clamp<std::int64_t>(std::llround(value), 0, of);
  }
  // From one success to the next: geometric steps.
  std::int64_t count = 0;
  for (double at = 0;; ++count) {
    at += 1 + std::floor(std::log(1 - uniform()) / std::log1p(-chance));
    if (at > static_cast<double>(of)) return count;
  }
}

}  // namespace rollbook::tools
