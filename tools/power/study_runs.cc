// What is tried in the engine's core of one criterion: a sick canary until it is noticed, a healthy
// one until it passes.

#include <algorithm>
#include <cmath>

#include "dsl/false_alarms.h"
#include "engine/core/limits.h"
#include "tools/power/rehearsal.h"
#include "tools/power/study.h"

namespace rollbook::power {

using namespace rollbook::core;
using namespace std::chrono_literals;

namespace {

// A guard that has just begun is quicker than an old one; so long it was healthy before.
constexpr Duration kHealthyBefore = 1h;
// Nobody waits longer to learn that a canary is sick.
constexpr Duration kPatience = 10 * 24h;

Duration whole_seconds(Duration duration) {
  return std::max<Duration>(1s, std::chrono::ceil<std::chrono::seconds>(duration));
}

template <class T>
T quantile(std::vector<T>& values, double share) {
  std::sort(values.begin(), values.end());
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  return values[at];
}

}  // namespace

Draw Study::draw_of(const CriterionReport& criterion, const Load& load, double rate,
                    std::uint64_t number) const {
  return Draw({settings_.seed, criterion.index.value, std::uint64_t(std::llround(load.per_second)),
               std::uint64_t(std::llround(rate * 1e9)), number});
}

Study::Run Study::run_until(Verdict until, const CriterionReport& criterion, const Load& load,
                            double rate, std::uint64_t number, Duration horizon) const {
  const Criterion& judged = machine_.at(criterion.index);
  const bool tests = judged.test != Test::none;
  const bool gate = judged.kind == CriterionKind::expect;
  const bool past = criterion.sickness == Sickness::changed;
  const Window& window = machine_.at(judged.window);
  Draw draw = draw_of(criterion, load, rate, number);
  Rehearsal rehearsal(machine_, {{criterion.index, criterion}}, criterion.weights);
  Traffic traffic{load, {{criterion.index, healthy_at(criterion, load)}}};
  const Duration pane = whole_seconds(window.pane);
  const Duration before = past    ? judged.lag
                          : gate  ? Duration{}
                          : tests ? kHealthyBefore
                                  : window.width;
  // A look at two whole histograms costs as much as hundreds of others: there are fewer of them,
  // but not of points, which tell how what comes is spread.
  const bool dear = criterion.sickness == Sickness::slower && tests;
  const auto step = [&](Duration span) {
    const auto points = dear ? std::clamp<std::int64_t>(span / dsl::kLook, 1, 10) : 1;
    rehearsal.step(span, traffic, draw, points);
  };
  const Duration apart = std::max<Duration>(pane, (dear ? 10 : 1) * dsl::kLook);
  for (Duration at{}; at < before; at += apart) step(apart);
  traffic.rates[criterion.index] = rate;
  const std::int64_t requests = rehearsal.requests(criterion.index);
  const Duration begun = rehearsal.elapsed();
  Run run;
  while (!run.noticed && rehearsal.elapsed() - begun < horizon) {
    // A test only grows: looks a hundredth of the time apart cost a hundredth of it at most, a
    // twentieth where they are dear. One that compares with its past takes pane after pane of it.
    const Duration so_far = rehearsal.elapsed() - begun;
    const Duration next =
        dear ? std::max<Duration>(dsl::kLook, so_far / 20) : Duration(so_far / 100);
    step(tests && !past ? whole_seconds(next) : pane);
    run.noticed = rehearsal.reading(criterion.index).verdict == until;
  }
  run.time = rehearsal.elapsed() - begun;
  run.requests = static_cast<double>(rehearsal.requests(criterion.index) - requests);
  return run;
}

// One whole window, as it is when the review looks; with `for` it looks at all of the last of it.
bool Study::fails_review(const CriterionReport& criterion, const Load& load, double rate,
                         std::uint64_t number) const {
  constexpr int kPoints = 24;  // of a window: how they come does not matter to its sum
  const Criterion& judged = machine_.at(criterion.index);
  const Window& window = machine_.at(judged.window);
  Draw draw = draw_of(criterion, load, rate, number);
  Rehearsal rehearsal(machine_, {{criterion.index, criterion}}, criterion.weights);
  const Traffic traffic{load, {{criterion.index, rate}}};
  const Duration apart =
      std::max(whole_seconds(window.pane), whole_seconds(window.width / kPoints));
  while (rehearsal.elapsed() < window.width + judged.sustain) rehearsal.step(apart, traffic, draw);
  return rehearsal.reading(criterion.index).verdict != Verdict::pass;
}

Chance Study::tried_at_review(const CriterionReport& criterion, const Load& load,
                              double rate) const {
  std::int64_t failed = 0;
  for (int i = 0; i < settings_.runs; ++i) {
    failed += fails_review(criterion, load, rate, static_cast<std::uint64_t>(i)) ? 1 : 0;
  }
  return interval(failed, settings_.runs);
}

// What has changed is compared with what it was; a lag later with what it is. A review waits, but
// not for what has not shown in ten lags.
Duration Study::patience_of(const CriterionReport& criterion, Verdict until) const {
  const Criterion& judged = machine_.at(criterion.index);
  if (criterion.sickness == Sickness::changed) {
    const Duration asked = std::min(criterion.horizon + kReviewWithin, 10 * judged.lag);
    return until == Verdict::fail ? std::min(judged.lag, asked) : asked;
  }
  if (judged.test != Test::none) return kPatience;
  return std::max(criterion.horizon, 4 * (machine_.at(judged.window).width + judged.sustain));
}

Notice Study::notice_of(const CriterionReport& criterion, const Load& load, double multiple) const {
  Notice notice;
  notice.multiple = multiple;
  const std::optional<double> rate = criterion.at(multiple);
  notice.none = !rate;
  if (!rate) return notice;
  notice.rate = *rate;
  if (criterion.at_review) return notice_at_review(criterion, load, multiple);
  if (flow_of(criterion, load) <= 0) return notice;
  const Notice found =
      tried(Verdict::fail, criterion, load, *rate, patience_of(criterion, Verdict::fail));
  notice.noticed = found.noticed;
  notice.requests = found.requests;
  notice.time = found.time;
  notice.late = found.late;
  return notice;
}

std::optional<Notice> Study::pass_of(const CriterionReport& criterion, const Load& load) const {
  const Criterion& judged = machine_.at(criterion.index);
  const bool waits = judged.kind == CriterionKind::expect && judged.test != Test::none;
  if (!waits || !criterion.uncovered.empty()) return std::nullopt;
  if (flow_of(criterion, load) <= 0) return std::nullopt;
  return tried(Verdict::pass, criterion, load, healthy_at(criterion, load),
               patience_of(criterion, Verdict::pass));
}

Notice Study::tried(Verdict until, const CriterionReport& criterion, const Load& load, double rate,
                    Duration horizon) const {
  Notice notice;
  notice.rate = rate;
  std::vector<double> requests;
  std::vector<Duration> times;
  for (int i = 0; i < settings_.runs; ++i) {
    const Run run = run_until(until, criterion, load, rate, static_cast<std::uint64_t>(i), horizon);
    if (!run.noticed) continue;
    requests.push_back(run.requests);
    times.push_back(run.time);
  }
  notice.noticed = static_cast<double>(times.size()) / settings_.runs;
  if (times.empty()) return notice;
  notice.requests = quantile(requests, 0.5);
  notice.time = quantile(times, 0.5);
  notice.late = quantile(times, 0.9);
  return notice;
}

double Study::chance_to_notice(const CriterionReport& criterion, const Load& load,
                               double multiple) const {
  const std::optional<double> rate = criterion.at(multiple);
  if (!rate || flow_of(criterion, load) <= 0) return 0;
  if (criterion.at_review) return notice_at_review(criterion, load, multiple).noticed;
  // As for a healthy canary: what a bound rules out needs no run.
  CriterionReport as_healthy = criterion;
  as_healthy.healthy = *rate;
  const Chance chance = alarm_of(as_healthy, load);
  if (chance.how == How::bound && chance.most <= kNegligible) return 0;
  const Duration most = criterion.sickness == Sickness::changed
                            ? patience_of(criterion, Verdict::fail)
                            : criterion.horizon;
  return tried(Verdict::fail, criterion, load, *rate, std::min(most, criterion.horizon)).noticed;
}

}  // namespace rollbook::power
