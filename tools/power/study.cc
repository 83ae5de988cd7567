#include "tools/power/study.h"

#include <algorithm>
#include <cmath>

#include "adapters/wire/text.h"
#include "dsl/false_alarms.h"
#include "tools/power/rehearsal.h"

namespace rollbook::power {

using namespace rollbook::core;
using namespace std::chrono_literals;

namespace {

bool is_stop(const Criterion& criterion) { return criterion.kind == CriterionKind::stop; }

// Whether a formula tells how often its windows break a limit.
bool has_formula(const Criterion& criterion) {
  return criterion.test == Test::none && !criterion.other.valid() &&
         sickness_of(criterion) == Sickness::failing;
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

Result<void> check_rate_of(const std::string& id, const Machine& machine) {
  std::vector<std::string_view> others;  // that take one
  for (const Criterion& each : machine.criteria) {
    if (!is_told(each)) continue;
    if (takes_rate(each)) others.push_back(each.id);
    if (each.id != id) continue;
    if (takes_rate(each)) return {};
    return fail("criterion `" + id + "` takes no rate: `" + each.text +
                "` is held against no share of requests and no number of them");
  }
  const std::string asked = "no criterion is called `" + adapters::printable(id) + "`";
  if (others.empty()) return fail(asked + ", and none of this runbook takes a rate");
  const std::string meant = adapters::did_you_mean(id, others);
  if (!meant.empty()) return fail(asked + meant);
  std::string names;
  for (const std::string_view other : others) {
    names += (names.empty() ? "`" : ", `") + std::string(other) + "`";
  }
  return fail(asked + "; those that take a rate are " + names);
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
    TRY_DO(check_rate_of(id, machine));
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

// One rate for all ratios is that of their errors; how many of something come is another thing.
std::optional<double> Study::given_rate(const Criterion& criterion) const {
  const auto named = settings_.healthy_rates.find(criterion.id);
  if (named != settings_.healthy_rates.end()) return named->second;
  const bool errors =
      criterion.measure == Measure::ratio && sickness_of(criterion) == Sickness::failing;
  return errors ? settings_.healthy_rate : std::nullopt;
}

CriterionReport Study::describe(CriterionIndex index) const {
  const Criterion& criterion = machine_.at(index);
  CriterionReport report;
  report.index = index;
  report.id = criterion.id;
  report.text = criterion.text;
  report.kind = criterion.kind;
  if (criterion.target.valid()) report.target = machine_.at(criterion.target).name;
  find_place(report);
  if (criterion.measure == Measure::absent) {
    report.silence = criterion.sustain;
    return report;
  }
  Known known{settings_.healthy, given_rate(criterion), {}, {}, report.weight};
  const auto latency = settings_.latencies.find(criterion.id);
  if (latency != settings_.latencies.end()) known.latency = latency->second;
  const auto level = settings_.levels.find(criterion.id);
  if (level != settings_.levels.end()) known.level = level->second;
  static_cast<Model&>(report) = model_of(machine_, criterion, known);
  report.at_review = report.kind == CriterionKind::expect && criterion.test == Test::none;
  return report;
}

double Study::flow_of(CriterionIndex index, const Load& load, const Weights& weights) const {
  const Criterion& judged = machine_.at(index);
  const WindowIndex window = judged.measure == Measure::ratio ? judged.denominator : judged.window;
  return power::flow_of(machine_, machine_.at(window).series, load, weights);
}

double Study::flow_of(const CriterionReport& criterion, const Load& load) const {
  return flow_of(criterion.index, load, criterion.weights);
}

double Study::healthy_at(const CriterionReport& criterion, const Load& load) const {
  return criterion.healthy * (criterion.by_request ? flow_of(criterion, load) : 1);
}

// ---- Of a healthy canary --------------------------------------------------------------------

Chance Study::guard_alarm(const CriterionReport& criterion, const Load& load) const {
  const Criterion& judged = machine_.at(criterion.index);
  if (judged.test != Test::none) {
    // Ville's inequality, over the guard's whole life, as long as the rate lies within the limit.
    if (criterion.healthy > criterion.allowed) return {};
    return at_most(static_cast<double>(judged.alpha.nanos) * 1e-9, How::promised);
  }
  if (!has_formula(judged)) return {};
  const dsl::WindowedLimit limit = limit_of(machine_, judged);
  double none_likely = 1, none_at_most = 1;  // no alarm: by the least and by the most of each
  bool filling = true;
  for (const Watch& watch : watches_) {
    if (!has_begun(watch, judged.target) || !guards(criterion.index, watch)) continue;
    if (watch.time == Duration{}) continue;
    const double flow = flow_of(criterion.index, load, watch.weights);
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
  if (!has_formula(judged)) return {};
  const dsl::WindowedLimit limit = limit_of(machine_, judged);
  const dsl::Flow flow{flow_of(criterion, load), criterion.healthy};
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
  const Duration over = machine_.at(judged.window).width;
  Notice notice;
  notice.multiple = multiple;
  notice.rate = *criterion.at(multiple);
  const double flow = flow_of(criterion, load);
  notice.noticed = has_formula(judged)
                       ? dsl::chance_of_one(limit_of(machine_, judged), {flow, notice.rate})
                       : tried_at_review(criterion, load, notice.rate).likely;
  notice.time = notice.late = over;
  notice.requests = flow * static_cast<double>(over.count()) * 1e-9;
  return notice;
}

std::vector<CriterionReport> Study::criteria() const {
  std::vector<CriterionReport> all;
  for (std::uint32_t i = 0; i < machine_.criteria.size(); ++i) {
    const Criterion& criterion = machine_.criteria[i];
    if (!is_told(criterion)) continue;
    all.push_back(describe(CriterionIndex{i}));
  }
  return all;
}

}  // namespace rollbook::power
