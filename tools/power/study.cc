#include "tools/power/study.h"

#include <algorithm>
#include <cmath>

#include "adapters/wire/text.h"
#include "dsl/false_alarms.h"
#include "engine/core/found.h"
#include "tools/power/rehearsal.h"

namespace rollbook::power {

using namespace rollbook::core;
using namespace std::chrono_literals;

namespace {

bool is_stop(const Criterion& criterion) { return criterion.kind == CriterionKind::stop; }

// `canary.error_rate > baseline.error_rate * 150%`: what is healthy has to be given.
bool compares_arms(const Criterion& criterion) {
  return criterion.measure == Measure::ratio && criterion.other.valid() && !is_turned(criterion) &&
         (criterion.test == Test::none || criterion.test == Test::two_rates);
}

bool judges_shares(const Criterion& criterion) {
  return (criterion.measure == Measure::ratio || criterion.measure == Measure::quantile) &&
         !criterion.other.valid() &&
         (criterion.test == Test::none || criterion.test == Test::proportion);
}

// Why neither a formula nor a run says anything of it; "" where one does.
std::string uncovered(const Criterion& criterion) {
  if (criterion.measure == Measure::absent) return "";
  if (compares_arms(criterion)) {
    return "it compares two arms: say their healthy rate with --healthy " + criterion.id + "=RATE";
  }
  if (criterion.other.valid() || criterion.test == Test::unchanged) {
    return "it compares with another arm or time: no limit says what is healthy";
  }
  if (!judges_shares(criterion)) {
    return "it is no share of requests: the load does not say what is healthy";
  }
  const bool turned = is_turned(criterion);
  if (criterion.measure == Measure::quantile && turned) {
    return "a quantile that must stay above a limit has no share of bad requests";
  }
  if (turned && criterion.limit.nanos <= Fixed::kScale / 2) {
    return "a ratio that must stay above a limit under 50% counts what goes well, not what fails";
  }
  const double allowed = allowed_share(criterion);
  if (allowed <= 0 || allowed >= 1) return "its limit lies at 0% or 100%";
  return "";
}

dsl::WindowedLimit limit_of(const Machine& machine, const Criterion& criterion) {
  dsl::WindowedLimit limit;
  limit.limit = Fixed{std::llround(allowed_share(criterion) * 1e9)};
  limit.at_limit = dsl::breaks_at_limit(criterion.kind, criterion.comparison);
  limit.over = machine.at(criterion.window).width;
  limit.sustain = criterion.sustain;
  limit.at_least = criterion.at_least;
  return limit;
}

Chance surely(double value) { return {How::formula, value, value, value}; }
Chance at_most(double value, How how) { return {how, 0, 0, value}; }

}  // namespace

Study::Study(const Machine& machine, std::vector<Load> loads, Settings settings)
    : machine_(machine), loads_(std::move(loads)), settings_(std::move(settings)) {
  for (Load& load : loads_) {
    shared_evenly_ = shared_evenly_ || (!machine.targets.empty() && load.of_targets.empty());
    share_evenly(machine, load);
  }
}

Result<Study> Study::of(const Machine& machine, std::vector<Load> loads, Settings settings) {
  for (const auto& [id, rate] : settings.healthy_rates) {
    const bool known = std::any_of(machine.criteria.begin(), machine.criteria.end(),
                                   [&](const Criterion& each) { return each.id == id; });
    if (!known) return fail("no criterion is called `" + id + "`");
  }
  Study study(machine, std::move(loads), std::move(settings));
  study.find_watches();
  study.find_alarms();
  return study;
}

// The longest window within a stage stands for a hold that is not there.
void Study::find_watches() {
  for (const Stage& stage : machine_.stages) {
    Watch watch{stage.name, stage.state, weights_of(stage), Duration{}};
    if (stage.hold.valid()) watch.time = machine_.at(stage.hold).limit;
    for (std::uint32_t i = 0; watch.time == Duration{} && i < machine_.states.size(); ++i) {
      if (!machine_.contains(stage.state, StateIndex{i})) continue;
      for (const CriterionIndex index : machine_.states[i].armed) {
        if (!machine_.at(index).window.valid()) continue;
        const Window& window = machine_.at(machine_.at(index).window);
        if (!window.cumulative) watch.time = std::max(watch.time, window.width);
      }
    }
    watches_.push_back(std::move(watch));
  }
}

void Study::find_alarms() {
  for (const Transition& transition : machine_.transitions) {
    if (transition.trigger.kind != TriggerKind::stop) continue;
    // What halts because the baseline fails too is the same alarm, and not one of its own.
    const auto vetoes = [&](CriterionIndex index) { return machine_.at(index).veto; };
    const auto& also = transition.trigger.also;
    if (std::any_of(also.begin(), also.end(), vetoes)) continue;
    Alarm alarm{transition.trigger.also, machine_.at(transition.trigger.criterion).target};
    alarm.all.push_back(transition.trigger.criterion);
    std::sort(alarm.all.begin(), alarm.all.end());
    const bool known = std::any_of(alarms_.begin(), alarms_.end(),
                                   [&](const Alarm& other) { return other.all == alarm.all; });
    if (!known && is_stop(machine_.at(transition.trigger.criterion))) alarms_.push_back(alarm);
  }
}

// Armed by the stage or around it.
bool Study::guards(CriterionIndex index, const Watch& watch) const {
  for (StateIndex i = watch.state; i.valid(); i = machine_.at(i).parent) {
    const auto& armed = machine_.at(i).armed;
    if (std::find(armed.begin(), armed.end(), index) != armed.end()) return true;
  }
  return false;
}

bool Study::has_begun(const Watch& watch, TargetIndex target) const {
  if (!machine_.arms) return true;
  if (target.valid()) return watch.weights[target.value] > kNoTraffic;
  return *std::max_element(watch.weights.begin(), watch.weights.end()) > kNoTraffic;
}

void Study::set_place(const Weights& weights, CriterionReport& report) const {
  report.weights = weights;
  const TargetIndex own = machine_.at(report.index).target;
  report.weight =
      own.valid() ? weights[own.value] : *std::max_element(weights.begin(), weights.end());
  report.traffic.clear();
  for (std::uint32_t i = 0; i < weights.size(); ++i) {
    if (own.valid() && own.value != i) continue;
    if (!report.traffic.empty()) report.traffic += ", ";
    if (!machine_.targets.empty()) report.traffic += machine_.targets[i].name + " ";
    report.traffic += adapters::format_percent(weights[i]);
  }
}

// Where it is judged first: a guard's criterion at its first weight above nothing.
void Study::find_place(CriterionReport& report) const {
  const TargetIndex own = machine_.at(report.index).target;
  for (const Watch& watch : watches_) {
    const bool stops = report.kind != CriterionKind::expect;
    bool here = stops && has_begun(watch, own) && guards(report.index, watch);
    for (std::uint32_t i = 0; !stops && !here && i < machine_.states.size(); ++i) {
      const auto& armed = machine_.states[i].armed;
      here = machine_.contains(watch.state, StateIndex{i}) &&
             std::find(armed.begin(), armed.end(), report.index) != armed.end();
    }
    if (!here) continue;
    report.stage = watch.stage;
    report.horizon = watch.time;
    return set_place(watch.weights, report);
  }
  // Before the first stage, or after the last.
  Weights weights;
  for (const Target& target : machine_.targets) weights.push_back(target.begins);
  if (weights.empty()) weights.push_back(machine_.begins);
  for (std::uint32_t i = 0; i < machine_.states.size(); ++i) {
    const State& state = machine_.states[i];
    if (std::find(state.armed.begin(), state.armed.end(), report.index) == state.armed.end()) {
      continue;
    }
    report.stage = state.stage;
    const bool before = state.phase == Phase::preflight || state.phase == Phase::begin;
    if (!before && !watches_.empty()) weights = watches_.back().weights;
  }
  set_place(weights, report);
}

std::optional<double> Study::given_rate(const Criterion& criterion) const {
  const auto named = settings_.healthy_rates.find(criterion.id);
  if (named != settings_.healthy_rates.end()) return named->second;
  return criterion.measure == Measure::ratio ? settings_.healthy_rate : std::nullopt;
}

CriterionReport Study::describe(CriterionIndex index) const {
  const Criterion& criterion = machine_.at(index);
  CriterionReport report;
  report.index = index;
  report.id = criterion.id;
  report.text = criterion.text;
  report.kind = criterion.kind;
  if (criterion.target.valid()) report.target = machine_.at(criterion.target).name;
  const std::optional<double> given = given_rate(criterion);
  const bool compared = compares_arms(criterion) && given;
  if (!compared) report.uncovered = uncovered(criterion);
  find_place(report);
  if (criterion.measure == Measure::absent) report.silence = criterion.sustain;
  if (report.silence || !report.uncovered.empty()) return report;
  // Against another arm the limit is a multiple of what is healthy there.
  report.allowed = compared ? *given * static_cast<double>(criterion.factor.nanos) * 1e-9
                            : allowed_share(criterion);
  report.at_review =
      report.kind == CriterionKind::expect && criterion.test == Test::none && !compared;
  report.given = given.has_value();
  report.healthy = given.value_or(report.allowed * settings_.healthy);
  return report;
}

double Study::flow_of(const CriterionReport& criterion, const Load& load,
                      const Weights& weights) const {
  const Criterion& judged = machine_.at(criterion.index);
  const WindowIndex window = judged.measure == Measure::ratio ? judged.denominator : judged.window;
  return power::flow_of(machine_, machine_.at(window).series, load, weights);
}

// ---- Of a healthy canary --------------------------------------------------------------------

Chance Study::guard_alarm(const CriterionReport& criterion, const Load& load) const {
  const Criterion& judged = machine_.at(criterion.index);
  if (judged.test != Test::none) {
    // Ville's inequality, over the guard's whole life, as long as the rate lies within the limit.
    if (criterion.healthy > criterion.allowed) return {};
    return at_most(static_cast<double>(judged.alpha.nanos) * 1e-9, How::promised);
  }
  if (judged.other.valid()) return {};  // no formula
  const dsl::WindowedLimit limit = limit_of(machine_, judged);
  double none_likely = 1, none_at_most = 1;  // no alarm: by the least and by the most of each
  bool filling = true;
  for (const Watch& watch : watches_) {
    if (!has_begun(watch, judged.target) || !guards(criterion.index, watch)) continue;
    if (watch.time == Duration{}) continue;
    const double flow = flow_of(criterion, load, watch.weights);
    const dsl::Alarm alarm =
        dsl::alarm_within(limit, {flow, criterion.healthy}, watch.time, filling);
    none_likely *= 1 - alarm.least;
    none_at_most *= 1 - alarm.most;
    filling = false;
  }
  if (limit.sustain == Duration::zero()) return surely(1 - none_at_most);
  return {How::bound, 0, 1 - none_likely, 1 - none_at_most};
}

// A review looks once, at a whole window.
Chance Study::review_alarm(const CriterionReport& criterion, const Load& load) const {
  const Criterion& judged = machine_.at(criterion.index);
  if (judged.test != Test::none) {
    if (criterion.healthy > criterion.allowed) return {};
    return at_most(static_cast<double>(judged.alpha.nanos) * 1e-9, How::promised);
  }
  if (judged.other.valid()) return {};  // no formula
  const dsl::WindowedLimit limit = limit_of(machine_, judged);
  const dsl::Flow flow{flow_of(criterion, load, criterion.weights), criterion.healthy};
  const dsl::Alarm alarm = dsl::alarm_at_review(limit, flow);
  if (alarm.exact) return surely(alarm.most);
  return {How::bound, 0, alarm.least, alarm.most};
}

Chance Study::alarm_of(const CriterionReport& criterion, const Load& load) const {
  const Criterion& judged = machine_.at(criterion.index);
  // It sends points, whatever the load.
  if (criterion.silence) return surely(0);
  if (!criterion.uncovered.empty()) {
    if (judged.test == Test::none || judged.test == Test::kayenta) return {};
    return at_most(static_cast<double>(judged.alpha.nanos) * 1e-9, How::promised);
  }
  return criterion.kind == CriterionKind::expect ? review_alarm(criterion, load)
                                                 : guard_alarm(criterion, load);
}

// ---- Of a sick one --------------------------------------------------------------------------

Notice Study::notice_at_review(const CriterionReport& criterion, const Load& load,
                               double multiple) const {
  const Criterion& judged = machine_.at(criterion.index);
  const dsl::WindowedLimit limit = limit_of(machine_, judged);
  Notice notice;
  notice.multiple = multiple;
  notice.rate = criterion.allowed * multiple;
  const double flow = flow_of(criterion, load, criterion.weights);
  notice.noticed = dsl::chance_of_one(limit, {flow, std::min(1.0, notice.rate)});
  notice.time = notice.late = limit.over;
  notice.requests = flow * static_cast<double>(limit.over.count()) * 1e-9;
  return notice;
}

std::vector<CriterionReport> Study::criteria() const {
  std::vector<CriterionReport> all;
  for (std::uint32_t i = 0; i < machine_.criteria.size(); ++i) {
    const Criterion& criterion = machine_.criteria[i];
    if (criterion.kind == CriterionKind::enough || criterion.veto) continue;
    all.push_back(describe(CriterionIndex{i}));
  }
  return all;
}

}  // namespace rollbook::power
