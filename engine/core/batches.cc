#include "engine/core/batches.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "engine/core/pane_steps.h"
#include "engine/core/trials.h"

namespace rollbook::core {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMost = 16;
constexpr Duration kShortest = 10s, kSteps = 5s;
// Of k differences the mean may be small by chance, by a factor of 1 + this / k (calibrated:
// docs/judging.md, How often they err).
constexpr double kUncertain = 6;
// Before there are so many differences, so many requests may have been one draw.
constexpr std::int64_t kEnough = 7;
constexpr double kUnknown = 30;

Part part_at(const Subject& subject, Time at) {
  const std::vector<std::int64_t> counts = counts_at(subject, at);
  return {counts[0], counts[0] + counts[1]};
}

// So long that each sender comes as often in one as in the next; nothing before that is known.
std::optional<Duration> length_for(const Subject& subject, Duration passed) {
  const auto interval = [&](WindowIndex window) {
    return interval_of(subject.state, subject.pending, subject.series_of(window));
  };
  const Duration longest =
      std::max(interval(subject.criterion.window), interval(subject.criterion.other));
  if (longest == Duration::zero() && passed < subject.state.limits.stale_after) return std::nullopt;
  return std::max<Duration>(kShortest, (longest + kSteps / 2) / kSteps * kSteps);
}

// The middle of the longest time in (from, from + length] in which nothing came: senders keep their
// times, and what comes at a border would be counted now on this side of it and now on that.
Time border_within(const Subject& subject, Time from, Duration length) {
  std::vector<Time> ends;
  for (const WindowIndex window : {subject.criterion.window, subject.criterion.other}) {
    const std::vector<Time> mine = borders(subject, window, from, from + length);
    ends.insert(ends.end(), mine.begin(), mine.end());
  }
  if (ends.empty()) return from + length;
  std::sort(ends.begin(), ends.end());
  ends.push_back(ends.front() + length);  // it begins again
  Time middle = from + length;
  Duration longest{};
  for (std::size_t i = 1; i < ends.size(); ++i) {
    const Duration gap = ends[i] - ends[i - 1];
    if (gap > longest) middle = ends[i - 1] + gap / 2;
    longest = std::max(longest, gap);
  }
  return middle;
}

void join_pairs(Batches& batches) {
  for (std::size_t i = 0; i < kMost / 2; ++i) {
    const Part &first = batches.over[2 * i], &second = batches.over[2 * i + 1];
    batches.over[i] = {first.events + second.events, first.exposure + second.exposure};
  }
  batches.over.resize(kMost / 2);
  batches.length *= 2;
}

Batches batches_to(const Subject& subject, Time cut) {
  Batches all = subject.state.tests[subject.index().value].batches;
  if (cut == kDistantPast) return all;
  if (all.end == kDistantPast) {  // they begin with the test, whenever it was first logged
    const Time begun = subject.state.tests[subject.index().value].cut;
    all.end = begun == kDistantPast ? cut : std::min(begun, cut);
  }
  if (all.length == Duration::zero()) {
    const auto length = length_for(subject, cut - all.end);
    if (!length || cut - all.end < *length) return all;
    all.end = border_within(subject, all.end, *length);
    all.length = *length;
  }
  while (cut - all.end >= all.length) {
    all.end += all.length;
    const Part now = part_at(subject, all.end);
    const Part before = std::exchange(all.at_end, now);
    if (before.exposure == 0) continue;  // senders begin with the shift
    all.over.push_back({now.events - before.events, now.exposure - before.exposure});
    if (all.over.size() == kMost) join_pairs(all);
  }
  return all;
}

double number(std::int64_t count) { return static_cast<double>(count); }

}  // namespace

void take_batches(const Subject& subject, Time cut, TestState& test) {
  test.batches = batches_to(subject, cut);
}

Fixed dispersion_of_split(const Subject& subject, Time cut) {
  double apart = 0, expected = 0;
  std::int64_t pairs = 0;
  Part before;
  for (const Part& each : batches_to(subject, cut).over) {
    if (each.exposure <= 0) continue;
    if (const Part last = std::exchange(before, each); last.exposure > 0) {
      const double n = number(each.exposure), m = number(last.exposure);
      const double difference = number(each.events) - number(last.events) * n / m;
      const double events = number(each.events) + number(last.events);
      apart += difference * difference * m / n;
      expected += events * (1 - events / (n + m));
      ++pairs;
    }
  }
  double factor = pairs < kEnough ? kUnknown : 1;
  if (pairs > 0 && expected > 0) {
    factor = std::max(factor, std::max(apart / expected, 1.0) * (1 + kUncertain / number(pairs)));
  }
  return Fixed{std::llround(std::clamp(factor, 1.0, 1e9) * 1e9)};
}

}  // namespace rollbook::core
