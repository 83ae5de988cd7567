#pragma once
// Outline: a runbook after names, types and templates are resolved, before it becomes states.
// resolve() makes it, check() finds faults in it, lower() spells it as a Machine. Names are
// indices into its tables; effects, metrics and quorums are the machine's own already.
//
// INVARIANT: when neither the grammar nor resolve() reported an error, every index is valid and
// every value in range (durations lie above zero and within ten years).

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/limits.h"
#include "engine/core/machine.h"

namespace rollbook::dsl {

// What a criterion looks at.
struct Measurement {
  core::Measure measure = core::Measure::ratio;
  core::MetricIndex metric;
  core::MetricIndex denominator;  // `ratio` only
  core::Arm arm = core::Arm::total;
  core::Fixed quantile;      // `quantile` only
  core::TargetIndex target;  // invalid: of all of them
  bool operator==(const Measurement&) const = default;
};

// A metric of `judge kayenta`; the windows of `judged` come with the machine.
struct JudgedOutline {
  core::JudgedMetric judged;
  Measurement canary, baseline;
};
struct JudgeOutline {
  std::string written;  // all of it, white space folded
  core::Duration step{};
  core::Fixed marginal;
  std::vector<JudgedOutline> metrics;
  std::vector<core::GroupWeight> weights;
};

// A resolved `stop` or `expect`.
struct Judgement {
  std::string id;
  std::string text;
  core::CriterionKind kind = core::CriterionKind::stop;
  Measurement what;
  std::string measured;  // as written: `p99(latency)`
  core::Comparison comparison = core::Comparison::greater;
  core::Fixed limit;
  std::string limit_text;                         // as people write it: `50ms`; "" without a limit
  std::optional<Measurement> other;               // the right side, where it is measured too
  core::Fixed factor = core::Fixed::from_int(1);  // of `other`
  core::Test test = core::Test::none;
  core::Fixed alpha;            // of a test, before it is shared among those of one gate
  std::uint32_t shared_by = 1;  // how many tests of its gate share it
  core::Duration lag{};         // `unchanged` only
  core::Fixed tolerance;        // `unchanged` only
  core::Duration over{};        // zero for a test: it looks at everything since it began
  core::Duration sustain{};
  std::int64_t at_least = 0;
  bool always = false;              // of a `guard always`
  std::vector<std::string> new_by;  // of `new(…)`: the labels; `limit` is its `at least`
  bool veto = false;                // `when baseline fails too halt`
  // A `stop` of several conditions is as many in a row: the first has their number, the others 0.
  std::size_t parts = 1;
  std::optional<JudgeOutline> judge;  // of a score
  core::Span span;
};

// Where a wait leads.
struct Exit {
  enum class Kind : std::uint8_t { none, decide, rollback, halt, end };
  Kind kind = Kind::none;
  std::size_t target = 0;  // into decisions or rollbacks
  core::Span span;
};

struct Confirmation {
  std::string text;
  core::Quorum quorum;
  core::Span span;
};

// What acts, in written order. Consecutive effects that nobody waits for are one step.
struct Step {
  enum class Kind : std::uint8_t {
    effects,  // `effects`: go out, nothing is waited for
    act,      // `effects[0]`: a run or a checkpoint
    shift,    // `effects[0]`: traffic
    ramp,     // `ramp`
    hold,     // `duration`, `enough`, `at_most`, `block`
    until,    // `name`, `at_most`: the action of that name, started before, has settled
  };
  Kind kind = Kind::effects;
  std::vector<core::Effect> effects;
  core::Ramp ramp;
  core::Duration duration{};
  std::optional<Judgement> enough;  // `hold … and N requests`
  core::Duration at_most{};
  std::string name;
  std::vector<Step> block;    // INVARIANT: effects and acts only
  bool irreversible = false;  // once it was entered there is no way back
  core::Span span;
};

struct Review {
  std::vector<Judgement> criteria;
  std::vector<Confirmation> confirms;
  std::optional<std::size_t> decision;  // `decide X` in it
  core::Span decision_span;
  core::Duration within = core::kReviewWithin;
  Exit otherwise;
  core::Span span;  // the head of the block it stands in
  // Nothing is looked at and nobody is asked.
  bool empty() const { return criteria.empty() && confirms.empty() && !decision; }
};

struct StageOutline {
  std::string name;
  std::vector<core::Effect> enter;
  std::vector<core::Effect> irreversible;  // those of `enter` that cannot be taken back
  std::vector<core::Effect> exit;          // with a `stop` for each `start` of the stage
  std::vector<Step> steps;
  std::vector<Step> undo;  // INVARIANT: effects and acts only
  Review review;
  core::Span span;
};

struct OptionOutline {
  core::Option option;
  std::size_t rollback = 0;  // of kind rollback: into rollbacks
  core::Span span;
};

struct DecisionOutline {
  std::string name;
  core::Quorum quorum;
  std::vector<std::string> notified;  // channels of `ask`
  std::vector<std::string> paged;     // those of them that page
  core::Duration remind_every{};      // zero: never
  core::Duration within = core::kReviewWithin;
  Exit otherwise;
  std::vector<OptionOutline> options;  // INVARIANT: one of them is `next`
  core::Span span;
};

struct RollbackOutline {
  std::string name;
  std::vector<core::Effect> entry;  // what nobody waits for
  std::vector<Step> steps;          // INVARIANT: shifts, ramps and acts only
  core::Span span;
};

struct GuardOutline {
  bool always = false;       // armed from the start
  core::TargetIndex target;  // whose guard it is; invalid: of the whole
  std::vector<Judgement> stops;
  std::vector<Judgement> pauses;   // `pause while`
  std::optional<core::Span> veto;  // `when baseline fails too halt`, of the guard or of a stop
  Exit otherwise;
  core::Span span;
};

// Whether the baseline's share can be judged by the same condition: a total, and a comparison of
// arms, is no arm's own.
inline bool is_canarys(const Judgement& judgement) {
  return judgement.what.arm == core::Arm::canary && !judgement.other;
}

struct FinishOutline {
  core::TargetIndex target;
  core::Weight weight;
  core::Span span;
};

struct LoadOutline {
  core::Fixed peak;  // requests a second
  std::optional<core::Fixed> trough;
};

// A name that the runbook declares, and whether anything refers to it.
struct Declared {
  std::string noun;  // "metric", "channel", …
  std::string name;
  bool used = false;
  core::Span span;
};

struct Outline {
  std::string name;
  std::string title;
  std::string service;
  std::string file;
  std::uint32_t edition = 1;
  std::vector<std::string> roles;
  std::optional<core::Arms> arms;
  std::optional<LoadOutline> load;
  std::vector<core::Metric> metrics;
  core::Weight begins;
  std::vector<core::Target> targets;    // empty: the single, unnamed one
  std::vector<FinishOutline> finishes;  // one for each target that says it
  std::string pager;
  core::Calendar advance_only;
  std::vector<std::string> after;  // runbooks

  std::optional<Review> require;
  std::vector<Step> setup;           // INVARIANT: effects and acts only
  std::vector<GuardOutline> guards;  // as written
  // All of them as one, for whoever compares limits: what stops alone, wherever it leads to. Its
  // exit and its place are those of the first.
  std::optional<GuardOutline> guard;
  std::vector<StageOutline> stages;
  std::optional<Review> success;
  std::vector<DecisionOutline> decisions;
  std::vector<RollbackOutline> rollbacks;

  std::vector<Declared> declared;
  core::Span span;  // of the header
};

// Whether there is no way back once these have begun.
inline bool is_irreversible(const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    if (step.irreversible || is_irreversible(step.block)) return true;
  }
  return false;
}

inline bool is_irreversible(const StageOutline& stage) {
  return !stage.irreversible.empty() || is_irreversible(stage.steps);
}

// The weight a step of a stage or rollback leaves the canary at; empty when it moves nothing.
inline std::optional<core::Weight> weight_after(const Step& step) {
  if (step.kind == Step::Kind::shift) return step.effects.front().to;
  if (step.kind == Step::Kind::ramp) return step.ramp.to;
  return std::nullopt;
}

// The same for one target; invalid: the unnamed one. In a rollback one step shifts several.
inline std::optional<core::Weight> weight_after(const Step& step, core::TargetIndex target) {
  if (step.kind == Step::Kind::ramp) {
    const core::TargetIndex own =
        step.ramp.targets.empty() ? core::TargetIndex{} : step.ramp.targets.front();
    if (own == target) return step.ramp.to;
  }
  if (step.kind != Step::Kind::shift) return std::nullopt;
  for (const core::Effect& effect : step.effects) {
    if (effect.target == target) return effect.to;
  }
  return std::nullopt;
}

// The weight that the last of `steps` leaves a target at; empty when none moves it.
inline std::optional<core::Weight> weight_after(const std::vector<Step>& steps,
                                                core::TargetIndex target) {
  std::optional<core::Weight> last;
  for (const Step& step : steps) {
    if (const auto weight = weight_after(step, target)) last = weight;
  }
  return last;
}

// Every target, or the single unnamed one.
inline std::vector<core::TargetIndex> targets_of(const Outline& outline) {
  std::vector<core::TargetIndex> all(outline.targets.empty() ? 1 : 0);
  for (std::uint32_t i = 0; i < outline.targets.size(); ++i) all.push_back(core::TargetIndex{i});
  return all;
}
inline core::Weight begins_of(const Outline& outline, core::TargetIndex target) {
  return target.valid() ? outline.targets[target.value].begins : outline.begins;
}
// "", or the name and a blank: as it stands behind `traffic`.
inline std::string whose(const Outline& outline, core::TargetIndex target) {
  return target.valid() ? outline.targets[target.value].name + " " : "";
}

}  // namespace rollbook::dsl
