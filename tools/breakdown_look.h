#pragma once
// BreakdownLook: what a metric counted by its labels, arm by arm, over a window: "which endpoint,
// which layer, which region". The counts are in the log once a minute, and are taken whole: rates
// are over the time that they span. The facts of `rollbook analyze`.
//
//   TRY(BreakdownLook look, break_down(rollout, ask));

#include <optional>
#include <string>
#include <vector>

#include "engine/core/units.h"
#include "tools/rollouts.h"

namespace rollbook::tools {

enum class Subject : std::uint8_t { errors, latency, traffic };

struct BreakdownAsk {
  Subject subject = Subject::errors;
  std::string metric;           // "": what the runbook's criteria take for that subject
  std::vector<std::string> by;  // of the metric's labels; empty: all
  core::Duration window{};      // zero: since the first shift, or the start
  std::vector<core::Fixed> percentiles;
};

struct PercentileLook {
  core::Fixed value;
  bool beyond = false;  // above the last edge of the buckets, which is the value
};
// What one arm of a row has.
struct ShareLook {
  core::Arm arm = core::Arm::total;
  core::Fixed count;                        // requests of a histogram
  core::Fixed rate;                         // a second, over the time that the counts span
  core::Fixed share;                        // of the arm's count
  std::vector<PercentileLook> percentiles;  // as asked; of histograms with a count
  // Of errors: their share of the arm's requests with the same labels, as far as those have them.
  std::optional<core::Fixed> ratio;
};
struct SetLook {
  std::vector<std::string> values;  // of the labels asked for; empty: all other sets as one
  std::vector<ShareLook> arms;      // those that have counted something
};
// Requests a second, minute by minute.
struct PeakLook {
  core::Arm arm = core::Arm::total;
  core::Fixed peak, trough;
  core::Time peak_at{}, trough_at{};  // the ends of their minutes
};

struct BreakdownLook {
  std::string rollout, runbook;
  core::Sequence sequence;
  core::Time time{};
  Subject subject = Subject::errors;
  std::string metric;
  core::MetricKind kind = core::MetricKind::counter;
  core::Unit unit = core::Unit::seconds;  // of a histogram's values
  std::vector<std::string> by;
  std::string requests;     // the metric that `ratio` is of; "" where it is not kept by labels
  core::Duration window{};  // as it was asked for
  core::Duration seen{};    // what the counts span: what was logged at once is taken whole
  std::optional<core::Time> first_shift;  // nothing from before it is counted
  core::Time at = core::kDistantPast;     // up to here, event time; kDistantPast: nothing yet
  std::size_t kept = 0;                   // label sets that are told apart, of kOtherSet at most
  std::vector<core::Fixed> asked_percentiles;
  std::vector<SetLook> sets;      // what contributes most first, `other` last
  std::vector<ShareLook> totals;  // of each arm
  std::vector<PeakLook> peaks;    // of traffic, where minutes are known
};

// Error: no such metric or label (exit code 2), a metric that is not kept by labels, or no point.
Outcome<BreakdownLook> break_down(const Rollout& rollout, const BreakdownAsk& ask);

// "type,endpoint". Error: exit code 2.
Outcome<std::vector<std::string>> parse_labels(const std::string& text);

// One line.
std::string breakdown_json(const BreakdownLook& look);
// `rows`: of label sets, at most.
std::string breakdown_text(const BreakdownLook& look, std::size_t rows, std::size_t width);

}  // namespace rollbook::tools
