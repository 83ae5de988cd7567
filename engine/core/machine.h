#pragma once
// Machine: what a runbook compiles to and what the engine runs. States nest; a transition or an
// armed criterion on a state holds in all its descendants. Nothing here knows "stage" or "canary":
// the compiler (dsl/lower) spells every construct of the language with these tables, `graph`
// prints them, and decide() interprets them. Immutable after compiling; shared by its rollouts.
//
// Tables refer to each other by index; index 0 of `states` is the root.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/core/calendar.h"
#include "engine/core/types.h"

namespace rollbook::core {

// A place in the runbook's text; lines and columns count from 1, columns in bytes.
struct Span {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t end_line = 0;
  std::uint32_t end_column = 0;
  bool operator==(const Span&) const = default;
};

// ---- What is measured ---------------------------------------------------------------------

enum class MetricKind : std::uint8_t { counter, histogram, gauge };
enum class GaugeFold : std::uint8_t { max, min, mean, last };
enum class MatchKind : std::uint8_t { equal, not_equal, matches, not_matches };

// A PromQL label matcher; `matches` and `not_matches` are RE2, anchored at both ends.
struct LabelMatcher {
  std::string label;
  MatchKind kind = MatchKind::equal;
  std::string value;
  bool operator==(const LabelMatcher&) const = default;
};

// How points are selected. Derived metrics (ratios) are resolved away by the compiler.
struct Metric {
  std::string name;  // in the runbook: `errors`
  MetricKind kind = MetricKind::counter;
  GaugeFold fold = GaugeFold::last;  // gauges only
  std::string selector;              // the name on the wire: `hal9_errors_total`
  std::vector<LabelMatcher> matchers;
  bool unsplit = false;             // a total: the arm label is not looked at
  bool default_zero = false;        // a name that may never appear counts as 0
  Fixed unit = Fixed::from_int(1);  // histogram and gauge values are multiplied by it (`in ms`)
  std::vector<std::string> by;      // labels it is also kept by: breakdown.h
  Span span;
  bool operator==(const Metric&) const = default;
};

struct Arms {
  std::string label;
  std::string baseline;
  std::string canary;
  bool operator==(const Arms&) const = default;
};

enum class Arm : std::uint8_t { canary, baseline, total };

// A part of the service with a weight of its own: what carries the label's value. Those of one
// machine share the label, so a request belongs to one of them at most.
struct Target {
  std::string name;
  std::string label;
  std::string value;
  Weight begins;    // `begins traffic eu`
  Weight finishes;  // `finish traffic eu`, else the last weight of its stages
  Span span;
  bool operator==(const Target&) const = default;
};

// What is folded: one metric's share of one arm.
struct Series {
  MetricIndex metric;
  Arm arm = Arm::canary;
  TargetIndex target{};  // invalid: of all targets
  bool operator==(const Series&) const = default;
};

// Where a window may begin at the earliest; each floor lies at or after the one before.
enum class Floor : std::int8_t {
  before = -1,  // before the start, as far as metrics are read back (prerequisites)
  start = 0,    // the start of the rollout
  guard = 1,    // the first shift requested: shadow data never count
  shift = 2,    // the last settled shift
};

// A sliding window over one series: (T − width, T] of event time, kept in panes. A cumulative one
// holds everything since its floor; its width says only how late a point may come.
struct Window {
  SeriesIndex series;
  Duration width{};
  Duration pane{};  // max(1 s, width / 300)
  Floor floor = Floor::guard;
  bool cumulative = false;
  bool by_time = false;  // a rate or a count is read from it: stretches.h
  bool renewed = false;  // begins anew with each shift that settles: floor_of() of windows.h
  bool operator==(const Window&) const = default;
};

// ---- What is judged -----------------------------------------------------------------------

enum class Measure : std::uint8_t {
  ratio,     // numerator / denominator, both counters
  quantile,  // of a histogram, in the metric's unit (seconds)
  rate,      // of a counter, per second
  count,     // of a counter, or of a histogram's samples
  gauge,     // folded as its metric says
  absent,    // no point of the series for `sustain` of engine time
  split,     // the canary's share of both arms' requests
  bracket,   // between the least and the greatest of many gauges
  score,     // of a judge, from 0 to 1
};
// What stands behind a verdict; docs/judging.md has the formulas. All but `none` and `kayenta` may
// be looked at after every point without spending more than `alpha`; `kayenta` looks once.
enum class Test : std::uint8_t {
  none,           // the plain estimate of the window
  proportion,     // a ratio, or the share above a limit, against that limit
  two_rates,      // a ratio against another arm's
  two_quantiles,  // a quantile against another arm's
  unchanged,      // a ratio, rate or count against its own past: equivalence
  split,          // the requests of the arms against the planned weight
  kayenta,        // Mann-Whitney over several metrics, and a score of them
};
enum class Comparison : std::uint8_t { less, less_equal, greater, greater_equal };
enum class CriterionKind : std::uint8_t {
  stop,    // true → fail: the guard acts
  expect,  // true → pass: the gate opens
  pause,   // true → fail: holds and forward steps wait
  enough,  // true → pass: the hold has seen what it must see
};

// ---- A judge as Spinnaker has it (kayenta.h) ------------------------------------------------

enum class Direction : std::uint8_t { either, increase, decrease };
enum class EffectSize : std::uint8_t { mean_ratio, cles };
// An effect that matters lies at or beyond these.
struct EffectBounds {
  Fixed decrease, increase;
  bool operator==(const EffectBounds&) const = default;
};
// One metric of a judge: what is measured of the canary in each step of its window, and of the
// baseline (`other`), as in Criterion.
struct JudgedMetric {
  std::string text;   // as written: `p99(latency)`
  std::string group;  // "": the one of those without
  Measure measure = Measure::ratio;
  Fixed quantile;
  WindowIndex window, denominator, other, other_denominator;
  Direction direction = Direction::either;
  EffectSize effect = EffectSize::mean_ratio;
  EffectBounds allowed, intolerable;  // beyond `intolerable` a critical metric fails everything
  Fixed outlier_factor;               // of the quartiles' distance; 0: outliers are kept
  bool critical = false;
  bool required = false;  // without data it has failed
  bool muted = false;     // told, not counted
  bool operator==(const JudgedMetric&) const = default;
};
struct GroupWeight {
  std::string group;
  Fixed weight;
  bool operator==(const GroupWeight&) const = default;
};
struct Judge {
  Duration over{}, step{};  // INVARIANT: `over` is a multiple of `step`, whole seconds
  Fixed marginal;           // from here up to the criterion's limit the score decides nothing
  std::vector<JudgedMetric> metrics;  // INVARIANT: at least one
  std::vector<GroupWeight> weights;   // groups without one share what is left of 1
  bool operator==(const Judge&) const = default;
};

struct Criterion {
  std::string id;    // "guard.stop[1]", "canary_5.expect[2]", "canary_5.errors_low"
  std::string text;  // as written, white space folded
  CriterionKind kind = CriterionKind::stop;
  Measure measure = Measure::ratio;
  WindowIndex window;       // numerator, histogram, counter or gauge; invalid for `absent`
  WindowIndex denominator;  // `ratio`, and of a `bracket` the least where `window` has the greatest
  SeriesIndex series;       // `absent` only
  Fixed quantile;           // `quantile` only: 0.99
  Comparison comparison = Comparison::greater;
  Fixed limit;  // with `other`: unused
  // The right side, where it is measured too: `baseline.p99(latency) * 105%`.
  WindowIndex other;
  WindowIndex other_denominator;
  Fixed factor = Fixed::from_int(1);
  Test test = Test::none;
  Fixed alpha;                // of a test: the chance of a wrong verdict that is allowed, above 0
  Duration lag{};             // `unchanged` only: how far back the past lies
  Fixed tolerance;            // `unchanged` only: `by at most 2%`
  Duration sustain{};         // `for`; for `absent` the silence allowed
  std::int64_t at_least = 0;  // requests a stop needs before it may speak
  Span span;
  bool part = false;     // of a conjunction: fails alone, acts with the others (Trigger::also)
  bool always = false;   // `for` and `absent` count from the start, not from the first shift
  TargetIndex target{};  // that it speaks of: judged while that one has traffic (judge.h)
  std::optional<Judge> judge;  // `score` only; `window` and `other` are its first metric's
  // `new(errors by type)`, of a `count`: not empty where only label sets count that the arm of
  // `other` has never shown; `limit` is what one of them must have.
  std::vector<std::string> new_by{};
  // Of a test: among how many of its gate the α that was asked for was shared (Bonferroni).
  std::uint32_t shared_by = 1;
  // The baseline's share of another stop's condition, as it is at this instant: it moves nothing by
  // itself, and without data it vetoes nothing (Trigger::unless).
  bool veto = false;
  bool operator==(const Criterion&) const = default;
};

// ---- Who is asked -------------------------------------------------------------------------

enum class QuorumKind : std::uint8_t { all, any, at_least };
struct Quorum {
  QuorumKind kind = QuorumKind::any;
  std::uint32_t needed = 1;  // distinct persons; for `all`: one per role
  std::vector<std::string> roles;
  bool operator==(const Quorum&) const = default;
};

enum class OptionKind : std::uint8_t { next, extend, rollback, halt };
struct Option {
  std::string name;
  std::string text;
  OptionKind kind = OptionKind::next;
  Duration extend_by{};
  std::uint32_t extend_at_most = 0;
  bool overrides = false;  // `next` only: acts though the review does not pass
  bool operator==(const Option&) const = default;
};

enum class ItemKind : std::uint8_t { confirm, decide };
// Something people are asked. A question about it is open while its state is active.
struct Item {
  ItemKind kind = ItemKind::confirm;
  std::string text;  // the confirm's text, or the decision's name
  Quorum quorum;
  std::vector<Option> options;  // `decide` only; INVARIANT: holds one of kind next
  ClockIndex deadline;          // the clock that ends waiting, for `waiting_for`
  Span span;
  bool operator==(const Item&) const = default;
};

// ---- What is done -------------------------------------------------------------------------

enum class EffectKind : std::uint8_t {
  traffic,
  run,
  start,
  stop,
  checkpoint,
  notify,
  page,
  incident,
  report
};

struct Argument {
  std::string name;
  std::string value;  // canonical text: `10%`, `canary-25`
  bool operator==(const Argument&) const = default;
};

struct Effect {
  EffectKind kind = EffectKind::notify;
  std::string name;  // action, checkpoint, incident or report kind
  std::vector<Argument> arguments;
  std::vector<std::string> channels;  // notify and page: one effect goes out for each
  std::string text;  // a message with {placeholders}, filled in when it is requested
  std::string severity;
  Weight to;              // traffic only
  bool rollback = false;  // traffic only: never waited for in vain, only ever lowers
  Duration deadline{};    // awaited kinds (traffic, run, checkpoint): until the settle
  Span span;
  std::uint32_t attempts = 1;  // how often it may be requested in all: an idempotent action
  bool tracked = false;        // `start` only: it settles too, and something waits for that
  TargetIndex target{};        // traffic only
  bool operator==(const Effect&) const = default;
};
constexpr bool is_awaited(EffectKind kind) {
  return kind == EffectKind::traffic || kind == EffectKind::run || kind == EffectKind::checkpoint;
}

// ---- How it moves -------------------------------------------------------------------------

enum class ClockKind : std::uint8_t {
  watched,  // stands still while paused, down, blind, catching up, or without data
  engine,   // leaves out time that was down, catching up or blind
  steady,   // runs on: a rollback's
};
// Runs while its owner is active, is kept when it is left, and can be extended.
struct Clock {
  std::string name;  // "canary_5.hold"
  ClockKind kind = ClockKind::engine;
  Duration limit{};
  StateIndex owner;
  bool restarts = false;  // at zero again whenever its owner is entered (deadlines of a review)
  bool repeats = false;   // at zero again whenever it is reached (reminders)
  std::vector<EffectIndex> on_reached;  // `repeats` only
  bool operator==(const Clock&) const = default;
};

// Steps a weight down (rollback) or up (stage): step k of n is due at (k − 1) × every.
struct Ramp {
  Weight to;
  Duration over{};
  Duration every{};
  Duration deadline{};  // of each forward step's settle
  bool rollback = false;
  std::vector<TargetIndex> targets{};  // empty: the unnamed one; several: in a rollback only
  bool operator==(const Ramp&) const = default;
};

// What a rollback does to a target. Once it was entered nothing of that target shifts forward.
struct Lowering {
  TargetIndex target;
  Weight to;
  // At once, or as its own guard wants it: that guard has no more to say.
  bool disarms = false;
  bool operator==(const Lowering&) const = default;
};

// A review: criteria, confirmations and perhaps a decision that opens when the rest passes.
struct Gate {
  std::vector<CriterionIndex> criteria;
  std::vector<ItemIndex> confirms;
  bool operator==(const Gate&) const = default;
};

enum class StateKind : std::uint8_t { atomic, compound, final_ };
enum class Outcome : std::uint8_t { succeeded, rolled_back, aborted };

// What a state is for, so that status can say it in the author's words.
enum class Phase : std::uint8_t {
  none,
  begin,
  preflight,
  setup,
  shift,
  hold,
  run,
  review,
  decide,
  rollback,
  done
};

struct State {
  std::string name;   // unique path: "canary_5.hold"
  std::string stage;  // what people see: "canary_5", "rollback.automatic"
  Phase phase = Phase::none;
  StateKind kind = StateKind::atomic;
  StateIndex parent;                  // invalid for the root only
  StateIndex initial;                 // compound only
  std::optional<Outcome> outcome;     // final only
  std::vector<EffectIndex> entry;     // in order; an awaited one is the state's own act
  std::vector<EffectIndex> exit;      // however it is left
  std::vector<CriterionIndex> armed;  // judged while inside
  std::vector<ItemIndex> asks;        // asked on entry, closed on exit
  std::optional<Gate> gate;           // inspected at the instants of language.md, Review
  std::optional<Ramp> ramp;
  std::uint32_t rollback_rank = 0;  // 0: no rollback; 1: softer; 2 and above: a guard's own
  Span span;
  bool irreversible = false;       // once it was entered there is no way back
  std::vector<Lowering> lowers{};  // of a rollback, where there are targets
  bool operator==(const State&) const = default;
};

enum class TriggerKind : std::uint8_t {
  always,       // at once
  settled,      // the state's own awaited effects all succeeded; a ramp is at its end
  failed,       // one failed or missed its deadline
  clock,        // `clock` has reached its limit, or was promoted
  stop,         // `criterion` fails
  gate_passed,  // every criterion passes and every confirm is yes
  gate_failed,  // one fails, or one answer is no
  chosen,       // `item`'s quorum chose option `option`
  abort,        // the command
  rollback_immediate,
  rollback_gradual,
  rollback_partial,  // the command, to a weight above nothing
  entered,           // `state` was entered, and not undone since
  all_back,          // every target has been rolled back, and is there
  some_left,         // a target has not been rolled back
  any_back,          // a target has been rolled back; those that have are there
  none_back,         // no target has been rolled back
};
struct Trigger {
  TriggerKind kind = TriggerKind::always;
  ClockIndex clock;
  CriterionIndex criterion;
  ItemIndex item;
  std::uint32_t option = 0;
  // `settled` and `failed`: of this one, requested elsewhere; invalid: of the state's own acts.
  EffectIndex effect{};
  StateIndex state{};                  // `entered` only
  std::vector<CriterionIndex> also{};  // `stop` only: these fail too, at the same instant
  TargetIndex target{};                // of a rollback by command; invalid: of all
  // `stop` only, `when baseline fails too`: not while all of these fail. veto.h says how long it
  // waits for them.
  std::vector<CriterionIndex> unless{};
  bool operator==(const Trigger&) const = default;
};

// Taken when its trigger is true while `from` is active; outer states before inner ones, and of
// one state in table order.
struct Transition {
  StateIndex from;
  Trigger trigger;
  StateIndex to;
  bool forward = false;     // waits while paused, catching up or blind
  bool needs_gate = false;  // also needs the enclosing gate to pass (`next`)
  ClockIndex extends;  // `extend`: this clock's limit (and `extends_most`) grows by the option's
  ClockIndex extends_most;
  std::string label;  // "all checks passed", "error_rate > 0.1% over 5m"
  Span span;
  bool on_calendar = false;  // forward: waits for Machine::advance_only too
  bool overrides = false;    // taken whatever the gate says, which is told (`next override`)
  bool halts = false;        // nothing moves: the rollout is halted where it stands; to = from
  CriterionIndex needs{};    // also needs this one to pass (`hold … and N requests`)
  StateIndex undoes{};       // taking it, that stage is undone
  bool operator==(const Transition&) const = default;
};

// What `extend`, `promote` and status know of a stage.
struct Stage {
  std::string name;
  StateIndex state;  // its compound
  Weight weight;
  ClockIndex hold;  // invalid where it has none
  ClockIndex hold_most;
  StateIndex after_extend;           // where an extension goes on: inside the hold, runs kept
  std::uint32_t extend_at_most = 0;  // 0: the limit of limits.h
  StateIndex shift{};                // its first shift, or what is started before it; else invalid
  CriterionIndex enough{};           // `hold … and N requests`
  std::vector<Weight> weights{};     // by target; `weight` is the highest of them
  bool operator==(const Stage&) const = default;
};

struct Machine {
  std::string name;
  std::string title;
  std::string service;
  std::string file;  // for messages: "hal9.runbook"
  std::uint32_t edition = 1;
  std::vector<std::string> roles;
  std::optional<Arms> arms;
  Weight begins;      // `begins traffic`
  Weight finishes;    // `finish traffic`, else the last stage's
  std::string pager;  // the channel that is paged when a rollback's own act fails; may be ""
  Calendar advance_only;
  std::vector<std::string> after;  // runbooks whose last rollout must have succeeded
  // Empty: the single, unnamed one, whose weights are the fields above.
  std::vector<Target> targets;

  std::vector<Metric> metrics;
  std::vector<Series> series;
  std::vector<Window> windows;
  std::vector<Criterion> criteria;
  std::vector<Item> items;
  std::vector<Effect> effects;
  std::vector<Clock> clocks;
  std::vector<State> states;
  std::vector<Transition> transitions;
  std::vector<Stage> stages;

  const State& at(StateIndex i) const { return states[i.value]; }
  const Transition& at(TransitionIndex i) const { return transitions[i.value]; }
  const Criterion& at(CriterionIndex i) const { return criteria[i.value]; }
  const Metric& at(MetricIndex i) const { return metrics[i.value]; }
  const Series& at(SeriesIndex i) const { return series[i.value]; }
  const Window& at(WindowIndex i) const { return windows[i.value]; }
  const Clock& at(ClockIndex i) const { return clocks[i.value]; }
  const Effect& at(EffectIndex i) const { return effects[i.value]; }
  const Item& at(ItemIndex i) const { return items[i.value]; }
  const Target& at(TargetIndex i) const { return targets[i.value]; }

  // True when `inner` is `outer` or lies within it.
  bool contains(StateIndex outer, StateIndex inner) const;
  // The atomic or final state that entering `state` ends in.
  StateIndex leaf(StateIndex state) const;
  // The highest rank of the rollbacks around it; 0: none.
  std::uint32_t rank(StateIndex state) const;
  // False for one that the compiler added: another fold of a gauge that was declared.
  bool is_declared(MetricIndex metric) const;
  // The state of that name; invalid when there is none.
  StateIndex find(const std::string& state_name) const;
  // The target of that name; invalid when there is none.
  TargetIndex find_target(const std::string& target_name) const;

  bool operator==(const Machine&) const = default;
};

}  // namespace rollbook::core
