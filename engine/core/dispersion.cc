#include "engine/core/dispersion.h"

#include <algorithm>
#include <cmath>

namespace rollbook::core {
namespace {

// Steps with events of the reference, from which on its differences say enough.
constexpr std::int64_t kEnoughEventful = 30;
// … from which on it no longer counts that there was nothing before the first.
constexpr std::int64_t kEnoughToForget = 10;

// Of k differences the mean may be small by chance, by a factor of 1 + this / k (calibrated:
// docs/judging.md, How often they err).
constexpr double kUncertain = 6;

// What lies beyond is a burst however large it is.
constexpr std::int64_t kMostEvents = 1'000'000'000'000;
constexpr Int128 kMostSum = Int128{1} << 120;

// In 10⁻⁹, and bounded.
Int128 difference(const Part& now, const Part& before) {
  constexpr std::int64_t kMostExposure = 1'000'000'000'000'000'000;
  constexpr Int128 kMicro = 1'000'000, kMostDifference = Int128{1'000'000'000} * kMicro;
  const auto events = [](std::int64_t count) { return Int128{std::min(count, kMostEvents)}; };
  const Int128 n = std::min(now.exposure, kMostExposure);
  const Int128 m = std::min(before.exposure, kMostExposure);
  const Int128 apart =
      std::clamp(events(now.events) * kMicro - events(before.events) * n * kMicro / m,
                 -kMostDifference, kMostDifference);
  const Int128 longer = std::min<Int128>(m * kMicro / n, Int128{1'000} * kMicro);
  return apart * apart / 1'000 * longer / kMicro;
}

void add_pair(const Part& now, const Part& before, Spread& spread) {
  if (before.exposure <= 0) return;
  spread.differences.nanos = std::min(spread.differences.nanos + difference(now, before), kMostSum);
  spread.pair_events += now.events + before.events;
}

void take_reference(const Part& part, Spread& spread) {
  add_pair(part, spread.last_other, spread);
  spread.other_events += part.events;
  spread.last_other = part;
  if (part.events > 0) ++spread.eventful;
  ++spread.steps;
}

double number(std::int64_t count) { return static_cast<double>(count); }
double number(Fixed value) { return static_cast<double>(value.nanos) * 1e-9; }

// Two arms: until there are enough differences they may be small by chance, and count for more; but
// for no more than if all that came in one step of either had been one burst.
double factor_of_arms(const Spread& spread) {
  double factor = 1;
  if (spread.pair_events > 0) factor = number(spread.differences) / number(spread.pair_events);
  if (spread.steps == 0 || spread.eventful >= kEnoughEventful) return factor;
  const double all_at_once =
      number(std::max(spread.judged_events, spread.other_events)) / number(spread.steps);
  if (spread.eventful < 2) return std::max(factor, all_at_once);
  const double uncertain = 1 + kUncertain / number(spread.eventful - 1);
  return std::max(factor, std::min(all_at_once, std::max(factor, 1.0) * uncertain));
}

// One arm. The fewer its steps with events, the more their differences may be small by chance: they
// count for more, but for no more than if all that came in a step had been one burst. Before the
// first step there was nothing; with enough of them that no longer counts.
double factor_of_one(const Spread& spread) {
  if (spread.other_events <= 0) return 1;
  double differences = number(spread.differences), events = number(spread.pair_events);
  if (spread.eventful < kEnoughToForget) {
    differences += number(spread.first_events) * number(spread.first_events);
    events += number(spread.first_events);
  }
  double factor = events > 0 ? differences / events : 1;
  // Of requests that fail with a chance p, the number of failures varies by 1 − p less. What is to
  // be disproved is never more than a half.
  if (factor > 1 && spread.pair_exposure > 0) {
    factor /= std::max(1 - number(spread.pair_events) / number(spread.pair_exposure), 0.5);
  }
  const double all_at_once = number(spread.squares) / number(spread.other_events);
  return std::max(factor,
                  std::min(all_at_once, factor * (1 + kUncertain / number(spread.eventful))));
}

}  // namespace

void take_step(const stats::Step& step, Spread& spread) {
  const Part judged{step.events, step.exposure};
  if (spread.eventful < kEnoughEventful) add_pair(judged, spread.last_judged, spread);
  spread.judged_events += judged.events;
  spread.last_judged = judged;
  take_reference({step.other_events, step.other_exposure}, spread);
}

void take_step(const Part& part, Spread& spread) {
  if (spread.last_other.exposure > 0) {
    spread.pair_exposure += part.exposure + spread.last_other.exposure;
  }
  if (spread.steps == 0) spread.first_events = part.events;
  const Int128 events = std::min(part.events, kMostEvents);
  spread.squares.nanos = std::min(spread.squares.nanos + events * events * Fixed::kScale, kMostSum);
  take_reference(part, spread);
}

Fixed dispersion_of(const Spread& spread) {
  const double factor = spread.squares > Fixed{} ? factor_of_one(spread) : factor_of_arms(spread);
  return Fixed{std::llround(std::clamp(factor, 1.0, 1e9) * 1e9)};
}

}  // namespace rollbook::core
