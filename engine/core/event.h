#pragma once
// Event: what is appended to the log. A closed variant; evolve() folds events into the state and
// is the only thing that does, live and in replay. Bytes on disk: store/FORMAT.md; as JSON:
// adapters/wire/event_json.h.
//
// Texts in events are final: placeholders are filled in before the event exists.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/core/command.h"
#include "engine/core/machine.h"
#include "engine/core/types.h"

namespace rollbook::core {

// The number of a rollout's stream in its shard's log. 0 is the shard's own stream.
struct StreamId {
  std::uint64_t value = 0;
  constexpr auto operator<=>(const StreamId&) const = default;
};
inline constexpr StreamId kShardStream{0};

using Digest = std::string;  // 64 lower-case hex digits of a SHA-256

// ---- Evidence -----------------------------------------------------------------------------

// What one pane of one series holds. Panes are closed on the right: (end − 1 s, end].
struct Cell {
  Time end{};     // whole second
  Time latest{};  // the latest end time of a point in it
  Fixed value;    // counter: sum of deltas; histogram: sum of values; gauge: its fold (mean: sum)
  std::int64_t samples = 0;  // histogram: observations; else points
  // histogram: a run of the layout's buckets (one more than its bounds) from `first` on; those that
  // are not in it are empty.
  std::vector<std::int64_t> buckets;
  std::uint32_t first = 0;
  bool operator==(const Cell&) const = default;
};
struct CellDelta {
  SeriesIndex series;
  Floor reach = Floor::start;  // the highest floor that lies at or before all of the cell's points
  Cell cell;
  // Where a window tells apart when it came (stretches.h), else zero: the time in which it did, and
  // of how many points it is.
  Duration span{};
  std::int64_t points = 0;
  bool operator==(const CellDelta&) const = default;
};
// ---- Breakdowns (breakdown.h) ---------------------------------------------------------------

// Sets of label values that a breakdown keeps apart; all others are one, of this number.
inline constexpr std::uint32_t kOtherSet = 200;

// A set of label values, in the order of the breakdown's labels. It gets the next number.
struct LabelSet {
  BreakdownIndex breakdown;
  std::vector<std::string> values;
  bool operator==(const LabelSet&) const = default;
};
// What one set of one arm has counted since the last one.
struct Share {
  BreakdownIndex breakdown;
  Arm arm = Arm::total;
  std::uint32_t set = kOtherSet;
  bool shifted = false;  // since the first shift was requested
  Cell cell;             // `latest` = `end`
  bool operator==(const Share&) const = default;
};
// A single request that a metric's sender has kept the trace of.
struct Exemplar {
  MetricIndex metric;
  Arm arm = Arm::total;
  Fixed value;  // in the metric's unit
  Time at{};
  std::string trace;  // 32 lower-case hex digits
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  // Of its series the target and what the metric is kept `by`, then what its sender says of the
  // request itself; kLabelSetBytes of them at most.
  std::vector<std::pair<std::string, std::string>> labels = {};
  bool operator==(const Exemplar&) const = default;
};

// ---- What was seen --------------------------------------------------------------------------

struct SeriesSeen {
  SeriesIndex series;
  Time watermark{};  // latest event time, bounded by the skew limit
  Time arrival{};    // engine time of the last point's arrival
  // Of an arm that is held against another: up to when each of its senders was heard, of those that
  // go on, and the longest time between two points of one (runtime/senders.h).
  Time whole = kDistantPast;  // not known
  Duration interval{};
  bool operator==(const SeriesSeen&) const = default;
};
// Two senders under one set of labels: of intervals that overlap only one is counted.
struct SeriesClash {
  SeriesIndex series;
  Time at{};  // engine time of the last point that was left out for it
  bool operator==(const SeriesClash&) const = default;
};
// The name was seen with the arm's label (or at all, if unsplit) for the first time.
struct NameSeen {
  MetricIndex metric;
  Time at{};  // event time
  bool operator==(const NameSeen&) const = default;
};
// Bounds of a base-2 exponential histogram: bound i is 2^((first + i) / 2^scale), in the metric's
// unit. INVARIANT: no value lies above the last one.
struct Grid {
  std::int32_t scale = 0;
  std::int32_t first = 0;
  bool operator==(const Grid&) const = default;
};
// Upper bounds of a histogram's buckets, rising, without the last (infinite) one. A metric that has
// a layout gets another only when a coarser or a longer one comes: its counts are brought to that.
struct Layout {
  MetricIndex metric;
  std::vector<Fixed> bounds;
  std::optional<Grid> grid = {};  // exponential ones
  bool operator==(const Layout&) const = default;
};
// The next offset that a rollout has not counted yet.
struct SourceOffset {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t next = 0;
  bool operator==(const SourceOffset&) const = default;
};

// ---- Reading back -------------------------------------------------------------------------

// Asked for at the start: metrics of before it, for the windows that may reach there.
struct ReadBack {
  Time from{};                      // points that begin there or later count
  std::vector<SourceOffset> until;  // where the live stream goes on; nothing of other partitions
  bool operator==(const ReadBack&) const = default;
};
// What one window holds of the past, in its own panes.
struct WindowCells {
  WindowIndex window;
  std::vector<Cell> cells;  // by rising `end`
  bool operator==(const WindowCells&) const = default;
};
struct SeriesPast {
  SeriesIndex series;
  Time began{};  // the past holds nothing of the series from before
  Time watermark{};
  bool operator==(const SeriesPast&) const = default;
};
// What was found, whole: up to then windows hold nothing of it, so none is judged half-read.
struct Past {
  Time whole_from{};  // what came before may be gone
  std::vector<WindowCells> windows;
  std::vector<SeriesPast> series;
  std::int64_t points = 0;  // that fed the rollout
  bool operator==(const Past&) const = default;
};

// ---- Bodies -------------------------------------------------------------------------------

// What may differ between two engines and must not between two replays.
struct Limits {
  Duration grace{};
  Duration skew{};
  Duration stale_after{};
  Duration effect_deadline{};
  bool operator==(const Limits&) const = default;
};

struct RolloutStarted {
  std::string rollout;
  std::string service;
  std::string runbook;          // the runbook's name
  std::string version;          // what is rolled out; may be ""
  Digest digest;                // of the expanded text; the key of the stored plan
  std::uint32_t semantics = 1;  // of decide and evolve
  Limits limits;
  Weight weight;  // the canary's weight at the start
  std::vector<Argument> params;
  std::string actor;
  std::string reason;
  CommandKey command;
  std::vector<TargetWeight> targets;  // as the machine has them; empty: the unnamed one
  std::optional<ReadBack> back = {};
  bool operator==(const RolloutStarted&) const = default;
};

// What a test has added up to after the step that ends at `cut`, in 10⁻¹² nats: one sum for each of
// its alternatives, in the order of stats.h. Logged because it is made of logarithms: what is
// replayed copies it.
struct TestSums {
  CriterionIndex criterion;
  Time cut = kDistantPast;
  std::vector<std::int64_t> logs;
  bool operator==(const TestSums&) const = default;
};

struct Observed {
  std::vector<CellDelta> deltas;
  std::vector<SeriesSeen> seen;
  std::vector<NameSeen> names;
  std::vector<Layout> layouts;
  std::vector<SourceOffset> offsets;
  std::vector<SeriesIndex> stale;  // all series that are stale now
  std::int64_t late = 0;           // points since the last one that came after their window
  std::int64_t quarantined = 0;    // points from beyond the skew limit
  std::vector<TestSums> tests;     // with these deltas; of each test by rising cut
  std::vector<LabelSet> sets;      // seen for the first time
  std::vector<Share> kinds;        // of `new(…)`: the canary's, and the baseline's first of each
  // Of the other breakdowns: since the last Observed that had `shares_whole`, up to `offsets`.
  std::vector<Share> shares;
  bool shares_whole = false;
  std::vector<Exemplar> exemplars;
  std::optional<Past> past = {};  // once, when it has been read back
  std::vector<SeriesClash> clashes = {};
  std::int64_t refused =
      0;  // points since the last one that were turned away, those of clashes too
  bool operator==(const Observed&) const = default;
};

enum class Verdict : std::uint8_t { undecided, pass, fail, no_data };
enum class Missing : std::uint8_t {
  none,
  no_series,
  no_arm,
  stale,
  no_traffic,
  too_few,
  two_senders  // SeriesClash
};
enum class Raw : std::uint8_t { unknown, false_, true_ };

// One of the tests that a criterion adds up: what had been counted when it began. Its weight is
// 1/from − 1/to; `to` 0: the whole weight.
struct TestStart {
  std::int64_t from = 1, to = 0;
  std::vector<std::int64_t> counts;  // of Test: trials.h
  std::vector<std::int64_t> logs;    // of TestSums
  bool operator==(const TestStart&) const = default;
};

// What a judge found of one metric. Nothing in an optional that could not be calculated.
enum class Classification : std::uint8_t { pass, high, low, no_data, no_data_failed };
struct JudgedSample {
  Classification classification = Classification::pass;
  bool critical = false;           // this alone fails the judgement
  std::optional<Fixed> u;          // of the canary: how many pairs it exceeds, ties by half
  std::optional<Fixed> estimate;   // Hodges-Lehmann: of the canary's values minus the baseline's
  std::optional<Fixed> low, high;  // the interval around it
  std::optional<Fixed> effect;     // as the metric measures it
  std::vector<Fixed> canary, baseline;  // what was compared: a value for each step
  bool operator==(const JudgedSample&) const = default;
};

// What the counts say of one edge of a histogram: how much lies above it, and the log of the
// e-value, in micro-nats, that this is more (of a lower bound) or less (of an upper one) than may.
struct Edge {
  Fixed at;  // in the metric's unit
  std::int64_t above = 0;
  std::int64_t log = 0;
  bool operator==(const Edge&) const = default;
};

// Of two quantiles: where each lies. A bound is missing where the counts do not show one yet.
struct Edges {
  std::optional<Edge> low, high;              // of the arm that is judged
  std::optional<Edge> other_low, other_high;  // of the one it is compared with
  // The two edges that the statistic is the lesser log of: the judged arm's, the other's.
  std::vector<Edge> pair;
  std::vector<Edge> contrary_pair;  // gates only
  bool operator==(const Edges&) const = default;
};

// What a verdict of a test rests on, so that any other program can calculate it again:
// docs/judging.md.
struct Evidence {
  Test test = Test::none;
  std::int64_t statistic = 0;        // micro-nats: log of the e-value of what the criterion says
  std::int64_t contrary = 0;         // and of the contrary; 0 for a stop
  Fixed alpha;                       // proven at log(1 / alpha)
  Fixed prior_a, prior_b;            // of `statistic`: Beta(a, b)
  std::vector<std::int64_t> counts;  // since the test began: trials.h
  Fixed dispersion;                  // the logarithms were divided by it; 0: not
  std::vector<TestStart> starts;     // a guard's: those that make up the sum
  std::vector<JudgedSample> judged;  // a judge's: its metrics, in their order
  std::vector<std::int64_t> logs;    // of TestSums: `two_rates` and `unchanged`
  std::uint32_t shared_by = 1;       // of alpha: the tests of its gate
  std::optional<Edges> edges;        // `two_quantiles` only
  bool operator==(const Evidence&) const = default;
};

// What one evaluation of a criterion found. Copied into the state as it is.
struct Reading {
  Verdict verdict = Verdict::undecided;
  Missing missing = Missing::none;
  Raw raw = Raw::unknown;  // the condition before its `for`
  std::optional<Fixed> value;
  std::optional<Fixed> low, high;  // bracket of an interpolated quantile, in the metric's unit
  std::optional<Fixed> limit;      // where it is measured too: the right side, times its factor
  std::int64_t samples = 0;
  Time at{};                    // event time of the evaluation
  Duration seen{};              // how much of the window was watched
  Duration held{};              // of `for`, before `since`
  Time since = kDistantFuture;  // raw true without a break since; kDistantFuture: not
  std::optional<Evidence> evidence;
  std::vector<std::string> kinds;  // of `new(…)`: `type="oom" 7`, the most frequent first
  bool operator==(const Reading&) const = default;
};

struct VerdictChanged {  // or is quoted, and reads otherwise than when it did: reason.cc
  CriterionIndex criterion;
  Reading reading;
  bool operator==(const VerdictChanged&) const = default;
};
struct Transitioned {
  TransitionIndex transition;  // invalid for entering the machine
  StateIndex from;             // leaves
  StateIndex to;
  std::string because;  // a sentence
  bool operator==(const Transitioned&) const = default;
};
struct TimerFired {
  ClockIndex clock;
  bool operator==(const TimerFired&) const = default;
};
struct EffectRequested {
  EffectKind kind = EffectKind::notify;
  EffectIndex spec;  // invalid for ramp steps and for pages the engine sends itself
  StateIndex state;  // whose act it is
  std::string name;
  std::vector<Argument> arguments;
  std::string channel;
  std::string text;
  std::string severity;
  Weight from, to;         // traffic
  std::int64_t order = 0;  // traffic
  bool rollback = false;
  bool tracked = false;          // `start`: its settle is waited for
  std::optional<Time> deadline;  // awaited kinds
  Sequence retry_of;             // the first attempt
  std::string cause_text;
  CriterionIndex criterion;  // whose reading is the evidence; may be invalid
  TargetIndex target{};      // traffic
  bool operator==(const EffectRequested&) const = default;
};
struct EffectDelivered {
  Sequence effect;
  bool operator==(const EffectDelivered&) const = default;
};
enum class EffectOutcome : std::uint8_t { succeeded, failed, timed_out };
struct EffectSettled {
  Sequence effect;
  EffectOutcome outcome = EffectOutcome::succeeded;
  std::string detail;
  std::string result;  // JSON text, kept as it came; may be ""
  bool operator==(const EffectSettled&) const = default;
};
// The command as it was taken; `runbook` is left out (the plan is stored under its digest).
struct Commanded {
  Command command;
  bool operator==(const Commanded&) const = default;
};
struct Rejected {
  Command command;     // without `runbook`
  std::string reason;  // one word: contract.md
  std::string detail;  // a sentence with the way out
  bool operator==(const Rejected&) const = default;
};
// Its own sequence is the question's number.
struct Asked {
  ItemIndex item;
  std::optional<Time> deadline;
  std::vector<std::uint32_t> offered;  // decide: indices of the options still offered
  bool operator==(const Asked&) const = default;
};
struct Confirmed {
  Sequence question;
  std::string role;
  std::string actor;
  bool yes = true;
  bool operator==(const Confirmed&) const = default;
};
struct Decided {
  Sequence question;
  std::string role;
  std::string actor;
  std::uint32_t option = 0;
  bool operator==(const Decided&) const = default;
};
struct Paused {
  std::optional<Time> until;
  bool halt = false;      // halted: until somebody resumes, rolls back or aborts
  std::string because{};  // of a halt: a sentence
  bool operator==(const Paused&) const = default;
};
struct Resumed {
  bool operator==(const Resumed&) const = default;
};
struct RolloutFinished {
  Outcome outcome = Outcome::succeeded;
  Weight weight;  // settled at the end
  std::string because;
  std::vector<TargetWeight> targets{};  // settled at the end
  bool operator==(const RolloutFinished&) const = default;
};
struct EngineGap {  // the engine did not run
  Time from{}, to{};
  bool operator==(const EngineGap&) const = default;
};
struct ClockStep {  // the wall clock left engine time
  Duration by{};
  bool operator==(const ClockStep&) const = default;
};
enum class Sight : std::uint8_t { live, catching_up, unreachable };
struct SourceStatus {
  std::string source;  // "bus"
  Sight sight = Sight::live;
  bool operator==(const SourceStatus&) const = default;
};
struct SourceGap {  // offsets that could not be read any more
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t from = 0, to = 0;
  bool operator==(const SourceGap&) const = default;
};

using Body = std::variant<RolloutStarted, Observed, VerdictChanged, Transitioned, TimerFired,
                          EffectRequested, EffectDelivered, EffectSettled, Commanded, Rejected,
                          Asked, Confirmed, Decided, Paused, Resumed, RolloutFinished, EngineGap,
                          ClockStep, SourceStatus, SourceGap>;

struct Event {
  StreamId stream;
  Sequence sequence;
  Time time{};     // engine time
  Sequence cause;  // the event of the same stream that brought it about
  Body body;
  bool operator==(const Event&) const = default;
};

}  // namespace rollbook::core
