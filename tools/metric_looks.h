#pragma once
// Looks: what a rollout's metrics are over a window that the reader chooses. The runbook's own
// windows are as wide as its criteria want them; so windows of the asked width are put behind them
// before the log is folded, and the engine's own estimates are taken from those. Nothing is shown
// that the log does not hold: an arm that no criterion looks at is not in it, and that is said.
//
//   Rollout::load(log, stream, until, look_windows(5min));
//   TRY(const Looks looks, look_at(rollout, {.percentiles = {…}}, now));
//   looks_text(looks, 80);

#include <optional>
#include <string>
#include <vector>

#include "engine/core/machine.h"
#include "engine/core/units.h"
#include "tools/rollouts.h"

namespace rollbook::tools {

// What one arm says of one measurement.
struct ArmLook {
  core::Arm arm = core::Arm::canary;
  bool kept = false;  // a criterion of the runbook looks at it, so the log has it
  core::Missing missing = core::Missing::none;
  std::optional<core::Fixed> value;
  bool beyond = false;       // a quantile above the last edge of its buckets, which is the value
  std::int64_t samples = 0;  // requests of a ratio, observations of a histogram, else points
  core::Time at = core::kDistantPast;  // where its window ends: event time
  // The newest point of what tells of it: where silence counts as zero, any of the arm's.
  core::Time heard = core::kDistantPast;
  core::Duration seen{};  // how much of the window was watched
};

// Where one of two quantiles lies beyond the last edge of its buckets, only a bound of their
// difference is known.
enum class Known : std::uint8_t { whole, at_least, at_most };

struct MetricLook {
  std::string target;  // "": of all, or there are none
  std::string metric;  // as the runbook calls it; `errors / requests` where it has no name
  std::string name;    // as it is shown: `p99(latency)`
  std::string kind;    // "ratio", "quantile", "rate", "gauge"
  core::Unit unit = core::Unit::ratio;
  std::string of;  // of a ratio: `errors / requests`
  std::optional<core::Fixed> quantile;
  std::vector<ArmLook> arms;
  // Canary less baseline, and that as a share of the baseline, where both have a value and not both
  // of them lie beyond their edges.
  std::optional<core::Fixed> difference, relative;
  Known known = Known::whole;  // how much of the difference
};

struct Looks {
  std::string rollout, runbook;
  core::Sequence sequence;  // the last event that was folded
  core::Time time{};        // its time
  core::Time now{};         // up to when nothing more has come
  core::Duration window{};
  core::Duration grace{}, stale_after{};  // of the rollout
  std::optional<core::Time> first_shift;  // nothing from before it is counted
  core::Time at = core::kDistantPast;     // the latest end of a window; kDistantPast: no point yet
  bool compare = false;
  std::vector<MetricLook> metrics;
};

struct LookAsk {
  std::vector<std::string> metrics;      // `errors`, of one target `eu.errors`; empty: all
  std::vector<core::Fixed> percentiles;  // of histograms
  bool compare = false;
};

// Two windows for each series: from the start, and from the first shift on. Rates are taken of them
// as verdicts take them, also of series that no criterion holds against time (increment_spans.h).
Prepare look_windows(core::Duration width);

// Of a rollout that look_windows() has prepared. Error: a metric that the runbook
// does not have (exit code 2), or that none of its criteria looks at.
// `now` is moment_of() it, for the age of what is shown.
Outcome<Looks> look_at(const Rollout& rollout, const LookAsk& ask, core::Time now);

// "p50,p99.9" → 0.5 and 0.999. Error: exit code 2.
Outcome<std::vector<core::Fixed>> parse_percentiles(const std::string& text);

// One line.
std::string looks_json(const Looks& looks);
std::string looks_text(const Looks& looks, std::size_t width);

}  // namespace rollbook::tools
