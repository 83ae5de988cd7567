// What is tried in the engine's core of one criterion: a sick canary until it is noticed, a healthy
// one until it passes. Points come as exporters send them, so that a verdict waits for an export.

#include <algorithm>
#include <cmath>

#include "dsl/false_alarms.h"
#include "engine/core/limits.h"
#include "tools/power/exports.h"
#include "tools/power/rehearsal.h"
#include "tools/power/study.h"

namespace rollbook::power {

using namespace rollbook::core;
using namespace std::chrono_literals;

namespace {

// Of a guard's test, which has seen by then how what is healthy scatters.
constexpr Duration kHealthyBefore = 1h;
// Nobody waits longer to learn that a canary is sick.
constexpr Duration kPatience = 10 * 24h;
// While it is healthy nobody asks a test, which says the same however often it is looked at.
constexpr std::int64_t kPointsALook = 10;

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

Duration Study::healthy_before(const CriterionReport& criterion, Since since) const {
  const Criterion& judged = machine_.at(criterion.index);
  if (criterion.sickness == Sickness::changed) return judged.lag;  // its past
  if (since == Since::shift) return Duration{};
  return judged.test != Test::none ? kHealthyBefore : machine_.at(judged.window).width;
}

namespace {

bool is_dear(const CriterionReport& criterion, const Criterion& judged) {
  return criterion.sickness == Sickness::slower && judged.test != Test::none;
}

// Whose points it is judged by.
std::vector<Arm> arms_of(const CriterionReport& criterion, const Criterion& judged) {
  if (!judged.other.valid() || criterion.sickness == Sickness::changed) return {Arm::total};
  return {Arm::canary, Arm::baseline};
}

}  // namespace

// A window needs a point each pane. A test only grows: points a hundredth of the time apart cost a
// hundredth of it at most. One that compares with its past takes pane after pane of it.
Duration Study::points_apart(const CriterionReport& criterion, Duration so_far) const {
  const Criterion& judged = machine_.at(criterion.index);
  const bool panes = judged.test == Test::none || criterion.sickness == Sickness::changed;
  const Duration wanted = panes                        ? machine_.at(judged.window).pane
                          : is_dear(criterion, judged) ? so_far / 200
                                                       : so_far / 100;
  return settings_.every * std::max<std::int64_t>(1, wanted / settings_.every);
}

Study::Run Study::run_one(const CriterionReport& criterion, const Load& load, const Trial& trial,
                          std::uint64_t number) const {
  const Criterion& judged = machine_.at(criterion.index);
  Draw draw = draw_of(criterion, load, trial.rate, number);
  Exports exports(settings_.every, arms_of(criterion, judged), draw);
  Rehearsal rehearsal(machine_, {{criterion.index, criterion}}, criterion.weights, settings_.every);
  Traffic traffic{load, {{criterion.index, healthy_at(criterion, load)}}};
  const auto pass_until = [&](Duration at) { rehearsal.pass(at - rehearsal.elapsed()); };
  const auto send = [&](Duration so_far) {
    pass_until(exports.at());
    rehearsal.count(exports.arm(), traffic, draw);
    rehearsal.tell(exports.arm());
    exports.go_on(points_apart(criterion, so_far));
  };
  const Duration before = healthy_before(criterion, trial.since);
  for (std::int64_t points = 1; exports.at() <= before; ++points) {
    send({});
    if (judged.test == Test::none || points % kPointsALook == 0) rehearsal.look();
  }
  pass_until(before);
  rehearsal.count(Arm::total, traffic, draw);
  traffic.rates[criterion.index] = trial.rate;
  const std::int64_t requests = rehearsal.requests(criterion.index);
  Run run;
  // A look at two whole histograms costs as much as hundreds of others: there are fewer of them,
  // but not of points, which tell how what comes is spread.
  Duration next_look{};
  while (!run.noticed && exports.at() - before <= trial.horizon) {
    const Duration so_far = exports.at() - before;
    send(so_far);
    if (so_far < next_look) continue;
    if (is_dear(criterion, judged)) next_look = so_far + so_far / 20;
    rehearsal.look();
    run.noticed = rehearsal.reading(criterion.index).verdict == trial.until;
  }
  rehearsal.count(Arm::total, traffic, draw);
  run.time = rehearsal.elapsed() - before;
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

Notice Study::notice_of(const CriterionReport& criterion, const Load& load, double multiple,
                        Since since) const {
  Notice notice;
  notice.multiple = multiple;
  const std::optional<double> rate = criterion.at(multiple);
  notice.none = !rate;
  if (!rate) return notice;
  notice.rate = *rate;
  if (criterion.at_review) return notice_at_review(criterion, load, multiple);
  if (flow_of(criterion, load) <= 0) return notice;
  notice =
      tried(criterion, load, {Verdict::fail, *rate, since, patience_of(criterion, Verdict::fail)});
  notice.multiple = multiple;
  return notice;
}

namespace {

// A gate begins with its stage, and what has changed has its past before it.
bool may_be_later(const CriterionReport& criterion) {
  return criterion.kind != CriterionKind::expect && criterion.sickness != Sickness::changed;
}

// By what part is noticed, and where that is most of them by the time.
bool is_sooner(const Notice& a, const Notice& b) {
  const auto missed = [](const Notice& notice) {
    return notice.noticed >= 0.5 ? 0.0 : 1 - notice.noticed;
  };
  return std::pair{missed(a), a.time} < std::pair{missed(b), b.time};
}

}  // namespace

Notice Study::notice_of(const CriterionReport& criterion, const Load& load, double multiple) const {
  const Notice at_once = notice_of(criterion, load, multiple, Since::shift);
  if (at_once.none || !may_be_later(criterion)) return at_once;
  const Notice later = notice_of(criterion, load, multiple, Since::later);
  return is_sooner(later, at_once) ? at_once : later;
}

std::optional<Notice> Study::pass_of(const CriterionReport& criterion, const Load& load) const {
  const Criterion& judged = machine_.at(criterion.index);
  const bool waits = judged.kind == CriterionKind::expect && judged.test != Test::none;
  if (!waits || !criterion.uncovered.empty()) return std::nullopt;
  if (flow_of(criterion, load) <= 0) return std::nullopt;
  return tried(criterion, load,
               {Verdict::pass, healthy_at(criterion, load), Since::shift,
                patience_of(criterion, Verdict::pass)});
}

Notice Study::tried(const CriterionReport& criterion, const Load& load, const Trial& trial) const {
  Notice notice;
  notice.rate = trial.rate;
  notice.since = trial.since;
  std::vector<double> requests;
  std::vector<Duration> times;
  for (int i = 0; i < settings_.runs; ++i) {
    const Run run = run_one(criterion, load, trial, static_cast<std::uint64_t>(i));
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
  Trial trial{Verdict::fail, *rate, Since::shift, std::min(most, criterion.horizon)};
  const double at_once = tried(criterion, load, trial).noticed;
  if (!may_be_later(criterion)) return at_once;
  trial.since = Since::later;
  return std::min(at_once, tried(criterion, load, trial).noticed);
}

}  // namespace rollbook::power
