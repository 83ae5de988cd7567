// Scenarios that tell two versions apart: each passes with the first and fails with the second.

#include "dsl/diff_parts.h"
#include "dsl/format_value.h"

namespace rollbook::dsl {

namespace {

constexpr std::int64_t kUsualLoad = 900;  // a second, where the runbook says nothing

std::string head(const std::string& title, const Outline& outline) {
  const std::string load =
      outline.load ? format_decimal(outline.load->peak) : std::to_string(kUsualLoad);
  return "scenario \"" + title + "\" for \"" + outline.file + "\" {\n  series healthy at " + load +
         "/s\n  at every question answer yes\n";
}

// How much must fail between the two limits, as a share; empty when it cannot be said so.
std::optional<core::Fixed> share_between(const Judgement& before, const Judgement* after) {
  if (before.what.measure != core::Measure::ratio || !bounds_above(before)) return std::nullopt;
  const core::Int128 low = before.limit.nanos;
  const core::Int128 high = after != nullptr ? after->limit.nanos : 3 * low;
  const core::Int128 between = low + (high - low) / 2;
  if (between <= low || between > core::Fixed::kScale) return std::nullopt;
  return core::Fixed::from_nanos(between);
}

// Whether a stop acts on a canary with that share of errors; on a silent one without a share.
bool acts_on(const Judgement& stop, const std::optional<core::Fixed>& share) {
  if (!share) return stop.what.measure == core::Measure::absent;
  return stop.what.measure == core::Measure::ratio && (stop.other || stop.limit < *share);
}

// Whether something but `but` acts on it too: then it shows nothing.
bool others_act(const Outline& outline, const Judgement* but,
                const std::optional<core::Fixed>& share) {
  for (const GuardOutline& guard : outline.guards) {
    for (const Judgement& stop : guard.stops) {
      const bool same = but != nullptr && stop.span == but->span;
      if (!same && acts_on(stop, share)) return true;
    }
  }
  return false;
}

bool comes_in_time(const Judgement& stop, core::Weight weight, const Outline& outline) {
  const core::Fixed load = outline.load ? outline.load->peak : core::Fixed::from_int(kUsualLoad);
  return requests_in(stop, load, weight) >= static_cast<double>(2 * stop.at_least);
}

}  // namespace

// Only where the fault is this stop's alone, in both versions: what two stops see tells nothing
// apart. Tests and other arms need as many requests as they need.
std::string Comparison::scenario_of_stop(const Judgement& before, const Judgement* after) const {
  const auto first = std::find_if(before_.stages.begin(), before_.stages.end(), moves_traffic);
  if (first == before_.stages.end() || leads_to_ == nullptr) return "";
  if (leads_to_->kind != Exit::Kind::rollback || before.what.arm != core::Arm::canary) return "";
  const bool silence = before.what.measure == core::Measure::absent;
  const auto share = silence ? std::nullopt : share_between(before, after);
  const bool plain = silence || (share && before.test == core::Test::none && !before.other);
  if (!plain || others_act(before_, &before, share) || others_act(after_, after, share)) return "";
  const auto row = static_cast<std::size_t>(first - before_.stages.begin());
  if (!silence && !comes_in_time(before, stage_weights(before_)[row], before_)) return "";
  // From the shift on, so that the whole window has it; a minute is left for the shift back.
  const core::Duration seen = before.over + before.sustain + std::chrono::minutes(1);
  return head("`" + before.text + "` stops", before_) + "  " +
         (silence ? "silence" : "errors " + format_percent(*share)) + " from stage " + first->name +
         "\n  within " + format_duration(seen) + " of stage " + first->name +
         " expect state rollback." + before_.rollbacks[leads_to_->target].name + "\n}\n";
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
