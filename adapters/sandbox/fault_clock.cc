#include "adapters/sandbox/fault_clock.h"

#include <algorithm>

#include "adapters/wire/text.h"

namespace rollbook::adapters {

using core::Time;

FaultClock::FaultClock(const core::Machine& machine, std::vector<Fault> faults)
    : has_arms_(machine.arms.has_value()), faults_(std::move(faults)), spans_(faults_.size()) {
  for (const core::Target& target : machine.targets) targets_.push_back(target.name);
}

std::vector<Time> FaultClock::mark(const std::string& stage, Time now) {
  std::vector<Time> edges;
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    const Fault& fault = faults_[i];
    Span& span = spans_[i];
    if (!span.from && fault.from.stage == stage) {
      span.from = now + fault.from.after;
      edges.push_back(*span.from);
      if (fault.lasts) edges.push_back(span.until = *span.from + *fault.lasts);
    }
    if (fault.until && fault.until->stage == stage && span.until == core::kDistantFuture) {
      edges.push_back(span.until = now + fault.until->after);
    }
  }
  return edges;
}

void FaultClock::trouble(Traffic& traffic, Time now) const {
  for (std::size_t i = 0; i < std::max<std::size_t>(1, targets_.size()); ++i) {
    const core::TargetIndex target =
        targets_.empty() ? core::TargetIndex{} : core::TargetIndex{static_cast<std::uint32_t>(i)};
    for (const Whose whose : {Whose::all, Whose::canary, Whose::baseline}) {
      traffic.trouble(whose, target) = trouble_of(whose, target, now);
    }
  }
}

Trouble FaultClock::trouble_of(Whose whose, core::TargetIndex target, Time now) const {
  Trouble trouble;
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    const Fault& fault = faults_[i];
    if (!spans_[i].holds(now) || !hits(fault, whose)) continue;
    if (!fault.target.empty() && (!target.valid() || fault.target != targets_[target.value])) {
      continue;
    }
    if (fault.kind == FaultKind::errors && fault.label.empty()) {
      trouble.errors = fault.amount;
      trouble.at_random = fault.at_random;
    }
    if (fault.kind == FaultKind::errors && !fault.label.empty()) {
      trouble.kind_errors = fault.amount;
      trouble.kind_label = fault.label;
      trouble.kind_value = fault.value;
    }
    if (fault.kind == FaultKind::latency) trouble.latency = fault.amount;
    if (fault.kind == FaultKind::silence) trouble.silent = true;
    if (fault.kind == FaultKind::gaps) trouble.gaps = fault.amount;
    if (fault.kind == FaultKind::duplicates) trouble.duplicates = fault.amount;
    if (fault.kind == FaultKind::collector) trouble.collector_away = true;
  }
  return trouble;
}

int FaultClock::begun(FaultKind kind, Time now) const {
  int count = 0;
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    if (faults_[i].kind == kind && spans_[i].from && *spans_[i].from <= now) ++count;
  }
  return count;
}

// Totals suffer where both arms do, or where there are none.
bool FaultClock::hits(const Fault& fault, Whose whose) const {
  if (whose == Whose::canary) return fault.on_canary;
  if (whose == Whose::baseline) return fault.on_baseline;
  return !has_arms_ || (fault.on_canary && fault.on_baseline);
}

const Fault* FaultClock::find(const Suffering& effect, Time now) const {
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    const Fault& fault = faults_[i];
    if (fault.kind != effect.kind || !spans_[i].holds(now)) continue;
    if (fault.to && *fault.to != effect.to) continue;
    if (!fault.target.empty() && fault.target != effect.target) continue;
    if (fault.name.empty() || fault.name == effect.name) return &fault;
  }
  return nullptr;
}

namespace {

core::Status check_stage(const core::Machine& machine, const Fault& fault, const FaultTime& time) {
  if (time.stage.empty()) return {};
  std::vector<std::string_view> names;
  for (const core::Stage& stage : machine.stages) names.push_back(stage.name);
  if (std::find(names.begin(), names.end(), time.stage) != names.end()) return {};
  return core::fail("the fault `" + fault.text + "` counts from stage `" + time.stage +
                    "`, which runbook `" + machine.name + "` does not have" +
                    did_you_mean(time.stage, names));
}

bool is_in(const core::Machine& machine, const Fault& fault, core::TargetIndex target) {
  return fault.target.empty() || (target.valid() && machine.at(target).name == fault.target);
}

core::Status check_target(const core::Machine& machine, const Fault& fault) {
  if (!fault.target.empty() && is_of_delivery(fault.kind)) {
    return core::fail("the fault `" + fault.text + "` is of the way of all metrics: leave `in " +
                      fault.target + "` out");
  }
  if (fault.target.empty() || machine.find_target(fault.target).valid()) return {};
  std::vector<std::string_view> names;
  for (const core::Target& target : machine.targets) names.push_back(target.name);
  return core::fail("the fault `" + fault.text + "` is in target `" + fault.target +
                    "`, which runbook `" + machine.name + "` does not have" +
                    did_you_mean(fault.target, names));
}

// A fault of an effect that the runbook never asks for would never show.
core::Status check_effect(const core::Machine& machine, const Fault& fault) {
  if (fault.to) {
    const bool shifts = std::any_of(
        machine.effects.begin(), machine.effects.end(), [&](const core::Effect& effect) {
          return effect.kind == core::EffectKind::traffic && !effect.rollback &&
                 effect.to == *fault.to && is_in(machine, fault, effect.target);
        });
    if (!shifts) {
      return core::fail("the fault `" + fault.text + "` is of a shift to " +
                        format_percent(*fault.to) + ", and runbook `" + machine.name +
                        "` has none");
    }
  }
  if (fault.name.empty()) return {};
  const auto kind = fault.kind == FaultKind::run     ? core::EffectKind::run
                    : fault.kind == FaultKind::start ? core::EffectKind::start
                                                     : core::EffectKind::checkpoint;
  std::vector<std::string_view> names;
  for (const core::Effect& effect : machine.effects) {
    const bool awaited = kind != core::EffectKind::start || effect.tracked;
    if (effect.kind == kind && awaited) names.push_back(effect.name);
  }
  if (std::find(names.begin(), names.end(), fault.name) != names.end()) return {};
  return core::fail("the fault `" + fault.text + "` is of `" + fault.name + "`, and runbook `" +
                    machine.name + "` has no such " +
                    (kind == core::EffectKind::run     ? "run"
                     : kind == core::EffectKind::start ? "start that a `hold until` waits for"
                                                       : "checkpoint") +
                    did_you_mean(fault.name, names));
}

}  // namespace

core::Status check_fault_of_figures(const core::Machine& machine, const Fault& fault,
                                    const std::vector<WireSeries>& series) {
  if (is_of_delivery(fault.kind) || fault.at_random) {
    return core::fail("the fault `" + fault.text +
                      "` is one of the made-up service alone; try it with `rollbook sandbox` "
                      "without a scenario");
  }
  return check_fault(machine, fault, series);
}

core::Status check_fault(const core::Machine& machine, const Fault& fault,
                         const std::vector<WireSeries>& series) {
  TRY_DO(check_target(machine, fault));
  TRY_DO(check_effect(machine, fault));
  TRY_DO(check_stage(machine, fault, fault.from));
  if (fault.until) TRY_DO(check_stage(machine, fault, *fault.until));
  const auto any = [&](auto holds) { return std::any_of(series.begin(), series.end(), holds); };
  if (fault.kind == FaultKind::errors &&
      !any([](const WireSeries& one) { return !one.ceilings.empty(); })) {
    return core::fail("the fault `" + fault.text +
                      "` needs a criterion that a ratio of counters "
                      "must stay below, and runbook `" +
                      machine.name + "` has none");
  }
  if (!fault.label.empty() && !any([&](const WireSeries& one) {
        return one.kind_label == fault.label && one.kind_value == fault.value;
      })) {
    return core::fail("the fault `" + fault.text + "` needs a counter of errors that runbook `" +
                      machine.name + "` keeps by `" + fault.label + "`");
  }
  if (fault.kind == FaultKind::latency &&
      !any([](const WireSeries& one) { return one.kind == core::MetricKind::histogram; })) {
    return core::fail("the fault `" + fault.text + "` needs a histogram, and runbook `" +
                      machine.name + "` has none");
  }
  return {};
}

}  // namespace rollbook::adapters
