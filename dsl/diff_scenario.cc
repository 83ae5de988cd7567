// Scenarios that tell two versions apart: each passes with the first and fails with the second. A
// fault of the canary is laid between what the one and what the other bears; where anything else
// in either plan would see it too, it tells nothing apart and there is no scenario.

#include <chrono>

#include "dsl/diff_parts.h"
#include "dsl/format_value.h"

namespace rollbook::dsl {

namespace {

constexpr std::int64_t kUsualLoad = 900;  // a second, where the runbook says nothing

std::string head(const std::string& title, const Outline& outline) {
  const std::string load =
      outline.load ? format_decimal(outline.load->peak) : std::to_string(kUsualLoad);
  std::string text = "scenario \"" + title + "\" for \"" + outline.file + "\" {\n";
  for (const std::string& runbook : outline.after) {
    text += "  given runbook " + runbook + " succeeded\n";
  }
  return text + "  series healthy at " + load + "/s\n  at every question answer yes\n";
}

// What is wrong with the canary.
struct Fault {
  enum class Kind : std::uint8_t { errors, figure, silence };
  Kind kind = Kind::silence;
  core::Fixed value;     // the share, or the figure
  std::string metric;    // that shows it
  core::Fixed quantile;  // of a histogram; zero: the metric is a gauge
};

std::string metric_name(const Outline& outline, core::MetricIndex metric) {
  return metric.valid() ? outline.metrics[metric.value].name : "";
}

// Between the two limits; empty where there is nothing, or it cannot be shown.
std::optional<Fault> fault_between(const Judgement& before, const Judgement* after,
                                   const core::Fixed& without_limit, const Outline& outline) {
  if (before.what.measure == core::Measure::absent) return Fault{};
  if (before.test != core::Test::none || before.other || !bounds_above(before)) return std::nullopt;
  const core::Int128 low = before.limit.nanos;
  const core::Int128 high =
      after != nullptr ? after->limit.nanos : low * without_limit.nanos / core::Fixed::kScale;
  core::Int128 between = low + (high - low) / 2;
  Fault fault{Fault::Kind::figure, {}, metric_name(outline, before.what.metric), {}};
  if (before.what.measure == core::Measure::ratio) {
    if (between > core::Fixed::kScale) return std::nullopt;
    fault.kind = Fault::Kind::errors;
  } else if (before.what.measure == core::Measure::quantile) {
    constexpr std::int64_t kMillisecond = core::Fixed::kScale / 1000;
    between = std::min(between, high * 4 / 5) / kMillisecond * kMillisecond;
    if (between * 20 < low * 21) return std::nullopt;
    fault.quantile = before.what.quantile;
  } else if (before.what.measure != core::Measure::gauge) {
    return std::nullopt;
  }
  if (between <= low || between >= high) return std::nullopt;
  fault.value = core::Fixed::from_nanos(between);
  return fault;
}

bool looks_at(const Judgement& judgement, const std::string& metric, const Outline& outline) {
  const auto is_it = [&](const Measurement& what) {
    return metric_name(outline, what.metric) == metric ||
           metric_name(outline, what.denominator) == metric;
  };
  return is_it(judgement.what) || (judgement.other && is_it(*judgement.other));
}

// What a criterion must bear of a figure. That of a few requests lies about the quantile, and no
// request of such a series takes longer than a quarter more.
core::Fixed most_of(const Fault& fault) {
  const bool spread = fault.quantile != core::Fixed{};
  return spread ? core::Fixed::from_nanos(fault.value.nanos * 5 / 4) : fault.value;
}

// Whether a criterion may fail because of the fault.
bool sees(const Judgement& judgement, const Fault& fault, const Outline& outline) {
  const core::Measure measure = judgement.what.measure;
  if (fault.kind == Fault::Kind::silence) return measure == core::Measure::absent;
  if (judgement.judge) return true;
  const bool bears = judgement.test == core::Test::none && !judgement.other &&
                     bounds_above(judgement) && judgement.limit > most_of(fault);
  if (fault.kind == Fault::Kind::errors) {
    if (measure == core::Measure::ratio) return !bears;
    return looks_at(judgement, fault.metric, outline) && measure != core::Measure::absent;
  }
  if (!looks_at(judgement, fault.metric, outline)) return false;
  return !bears || measure == core::Measure::count || judgement.what.quantile > fault.quantile;
}

bool any_sees(const std::vector<Judgement>& judgements, const Judgement* but, const Fault& fault,
              const Outline& outline) {
  return std::any_of(judgements.begin(), judgements.end(), [&](const Judgement& each) {
    const bool same = but != nullptr && each.span == but->span;
    return !same && sees(each, fault, outline);
  });
}

// Whether something but `but` stops because of it, or ends the rollout before there is traffic.
bool others_act(const Outline& outline, const Judgement* but, const Fault& fault) {
  const bool early = fault.kind == Fault::Kind::figure && outline.require &&
                     any_sees(outline.require->criteria, but, fault, outline);
  return early ||
         std::any_of(outline.guards.begin(), outline.guards.end(), [&](const GuardOutline& guard) {
           return any_sees(guard.stops, but, fault, outline);
         });
}

bool comes_in_time(const Judgement& stop, core::Weight weight, const Outline& outline) {
  const core::Fixed load = outline.load ? outline.load->peak : core::Fixed::from_int(kUsualLoad);
  return requests_in(stop, load, weight) >= static_cast<double>(2 * stop.at_least);
}

// The canary's series of a metric; empty where a pattern selects it.
std::optional<std::string> series_of(const std::string& name, const Outline& outline) {
  const auto metric = std::find_if(outline.metrics.begin(), outline.metrics.end(),
                                   [&](const core::Metric& each) { return each.name == name; });
  if (metric == outline.metrics.end() || metric->unsplit || !outline.arms) return std::nullopt;
  if (metric->unit != core::Fixed::from_int(1)) return std::nullopt;
  std::string labels = outline.arms->label + "=\"" + outline.arms->canary + "\"";
  for (const core::LabelMatcher& matcher : metric->matchers) {
    if (matcher.kind != core::MatchKind::equal) return std::nullopt;
    labels += ", " + matcher.label + "=\"" + matcher.value + "\"";
  }
  return "series " + metric->selector + "{" + labels + "}";
}

// The fault as a statement; empty where it cannot be said.
std::string statement_of(const Fault& fault, const std::string& stage, const Outline& outline) {
  if (fault.kind == Fault::Kind::silence) return "  silence from stage " + stage + "\n";
  if (fault.kind == Fault::Kind::errors) {
    return "  errors " + format_percent(fault.value) + " from stage " + stage + "\n";
  }
  const auto series = series_of(fault.metric, outline);
  if (!series) return "";
  if (fault.quantile == core::Fixed{}) {
    return "  " + *series + " " + format_decimal(fault.value) + "\n";
  }
  const core::Fixed percent{fault.quantile.nanos * 100};
  const core::Duration value(static_cast<std::int64_t>(fault.value.nanos));
  return "  " + *series + " p" + format_decimal(percent) + " " + format_duration(value) + "\n";
}

// Whether whoever answers "yes" cannot go on where a check has not passed.
bool holds_back(const Review& review, const Outline& outline, bool before_traffic) {
  const auto ends = [](const Exit& exit) {
    return exit.kind == Exit::Kind::rollback || exit.kind == Exit::Kind::end;
  };
  const Exit exit = effective(review, outline, before_traffic);
  if (exit.kind != Exit::Kind::decide) return ends(exit);
  const DecisionOutline& decision = outline.decisions[exit.target];
  return ends(decision.otherwise) &&
         std::none_of(decision.options.begin(), decision.options.end(),
                      [](const OptionOutline& option) { return option.option.overrides; });
}

const StageOutline* stage_after(const Outline& outline, const std::string& name) {
  for (std::size_t i = 0; i + 1 < outline.stages.size(); ++i) {
    if (outline.stages[i].name == name) return &outline.stages[i + 1];
  }
  return nullptr;
}

bool is_last(const Outline& outline, const std::string& name) {
  return !outline.stages.empty() && outline.stages.back().name == name;
}

// Whether one person in that role is enough.
bool is_enough(const core::Quorum& quorum, const std::string& role) {
  const bool known =
      std::find(quorum.roles.begin(), quorum.roles.end(), role) != quorum.roles.end();
  const bool alone =
      quorum.kind == core::QuorumKind::all ? quorum.roles.size() == 1 : quorum.needed == 1;
  return known && alone;
}

bool is_asked(const Outline& outline, const std::string& text) {
  const auto asks = [&](const Review& review) {
    return std::any_of(review.confirms.begin(), review.confirms.end(),
                       [&](const Confirmation& confirm) { return confirm.text == text; });
  };
  return (outline.require && asks(*outline.require)) ||
         (outline.success && asks(*outline.success)) ||
         std::any_of(outline.stages.begin(), outline.stages.end(),
                     [&](const StageOutline& stage) { return asks(stage.review); });
}

}  // namespace

// Only where the fault is this stop's alone, in both versions: what two stops see tells nothing
// apart. Tests and other arms need as many requests as they need.
std::string Comparison::scenario_of_stop(const Judgement& before, const Judgement* after) const {
  const auto first = std::find_if(before_.stages.begin(), before_.stages.end(), moves_traffic);
  if (first == before_.stages.end() || leads_to_ == nullptr || !before_.targets.empty()) return "";
  if (leads_to_->kind != Exit::Kind::rollback || before.what.arm != core::Arm::canary) return "";
  const auto fault = fault_between(before, after, core::Fixed::from_int(3), before_);
  if (!fault || (before.always && fault->kind == Fault::Kind::figure)) return "";
  if (others_act(before_, &before, *fault) || others_act(after_, after, *fault)) return "";
  const auto row = static_cast<std::size_t>(first - before_.stages.begin());
  if (!comes_in_time(before, stage_weights(before_)[row], before_)) return "";
  const std::string statement = statement_of(*fault, first->name, before_);
  if (statement.empty()) return "";
  // From the shift on, so that the whole window has it; a minute is left for the shift back.
  const core::Duration seen = before.over + before.sustain + std::chrono::minutes(1);
  return head("`" + before.text + "` stops", before_) + statement + "  within " +
         format_duration(seen) + " of stage " + first->name + " expect state rollback." +
         before_.rollbacks[leads_to_->target].name + "\n}\n";
}

// The first of its stops that can be shown.
std::string Comparison::scenario_of_guard(const GuardOutline& removed) {
  leads_to_ = &removed.otherwise;
  for (const Judgement& stop : removed.stops) {
    if (stop.parts != 1) continue;
    if (std::string scenario = scenario_of_stop(stop, nullptr); !scenario.empty()) return scenario;
  }
  return "";
}

// What is behind the review that is looked at, in both: "never expect state half".
std::string Comparison::stays_back() const {
  if (before_traffic_) {
    const bool same = !before_.stages.empty() && !after_.stages.empty() &&
                      before_.stages.front().name == after_.stages.front().name;
    return same ? "  never expect state " + before_.stages.front().name + "\n}\n" : "";
  }
  if (looked_at_ == nullptr) return "  never expect outcome succeeded\n}\n";
  const StageOutline* next = stage_after(before_, looked_at_->name);
  const StageOutline* then = stage_after(after_, looked_at_->name);
  if (next != nullptr && then != nullptr) {
    return next->name == then->name ? "  never expect state " + next->name + "\n}\n" : "";
  }
  const bool last = is_last(before_, looked_at_->name) && is_last(after_, looked_at_->name);
  return last ? "  never expect outcome succeeded\n}\n" : "";
}

// An expectation of a stage that is looser, or gone. Nothing else of the way there, and where the
// stage is the last one of the whole, may see the fault.
std::string Comparison::scenario_of_expect(const Judgement& before, const Judgement* after) const {
  if (looked_at_ == nullptr || !moves_traffic(*looked_at_) || !before_.targets.empty()) return "";
  if (before.what.arm != core::Arm::canary) return "";
  if (!holds_back(looked_at_->review, before_, false)) return "";
  const auto fault =
      fault_between(before, after, core::Fixed{18 * core::Fixed::kScale / 10}, before_);
  if (!fault || fault->kind == Fault::Kind::silence) return "";
  const auto seen_elsewhere = [&](const Outline& outline, const Judgement* but) {
    if (others_act(outline, but, *fault)) return true;
    if (is_last(outline, looked_at_->name) && outline.success &&
        any_sees(outline.success->criteria, but, *fault, outline)) {
      return true;
    }
    // A figure is there from the start, errors come with the stage.
    for (const StageOutline& stage : outline.stages) {
      const bool here = stage.name == looked_at_->name;
      const bool looks = here || fault->kind == Fault::Kind::figure;
      if (looks && any_sees(stage.review.criteria, but, *fault, outline)) return true;
      if (here) return false;
    }
    return false;
  };
  if (seen_elsewhere(before_, &before) || seen_elsewhere(after_, after)) return "";
  const std::string statement = statement_of(*fault, looked_at_->name, before_);
  const std::string back = stays_back();
  if (statement.empty() || back.empty()) return "";
  return head("`" + before.text + "` is expected of stage " + looked_at_->name, before_) +
         statement + back;
}

std::string Comparison::scenario_of_criterion(const Judgement& before,
                                              const Judgement* after) const {
  if (before.parts != 1) return "";
  if (before.kind == core::CriterionKind::stop) return scenario_of_stop(before, after);
  if (before.kind == core::CriterionKind::expect) return scenario_of_expect(before, after);
  return "";
}

// A question that is not asked any more.
std::string Comparison::scenario_of_confirm(const Confirmation& before) const {
  if (is_asked(after_, before.text)) return "";
  return head("`" + before.text + "` is asked", before_) + "  expect question \"" + before.text +
         "\"\n}\n";
}

// One person who was not enough and is now.
std::string Comparison::scenario_of_quorum(const std::string& question, const Review& review,
                                           const Both<core::Quorum>& both) const {
  const auto role =
      std::find_if(both.after.roles.begin(), both.after.roles.end(), [&](const std::string& each) {
        return is_enough(both.after, each) && !is_enough(both.before, each);
      });
  const std::string back = stays_back();
  if (role == both.after.roles.end() || back.empty()) return "";
  if (!holds_back(review, before_, before_traffic_)) return "";
  return head("one in the role " + *role + " is not enough", before_) + "  at question " +
         question + " answer yes as " + *role + "\n" + back;
}

// Where a stage that asks it always is the first to.
std::string Comparison::scenario_of_decision(const Both<DecisionOutline>& both) {
  const auto asking =
      std::find_if(before_.stages.begin(), before_.stages.end(), [&](const StageOutline& stage) {
        return stage.review.decision &&
               before_.decisions[*stage.review.decision].name == both.before.name;
      });
  if (asking == before_.stages.end()) return "";
  looked_at_ = &*asking;
  before_traffic_ = false;
  std::string scenario =
      scenario_of_quorum(both.before.name, asking->review, {both.before.quorum, both.after.quorum});
  looked_at_ = nullptr;
  return scenario;
}

// Where the clock of the hold begins with the shift and nothing else keeps the stage.
std::string Comparison::scenario_of_hold(const Both<StageOutline>& both) const {
  const Step* before = hold_of(both.before);
  const Step* after = hold_of(both.after);
  const auto keeps = [](const Step& step) {
    return step.kind == Step::Kind::ramp || step.kind == Step::Kind::until;
  };
  const bool kept = std::any_of(both.before.steps.begin(), both.before.steps.end(), keeps) ||
                    std::any_of(both.after.steps.begin(), both.after.steps.end(), keeps);
  if (kept || after->enough || !after_.advance_only.hours.empty()) return "";
  if (!moves_traffic(both.before)) return "";
  const core::Duration between = after->duration + (before->duration - after->duration) / 2;
  return head("stage " + both.before.name + " is held for " + format_duration(before->duration),
              before_) +
         "  at stage " + both.before.name + " + " + format_duration(between) + " expect state " +
         both.before.name + ".hold\n}\n";
}

}  // namespace rollbook::dsl
