#pragma once
// SampleLook: single requests whose traces the log keeps, of the samples that breached: what
// `rollbook samples` shows. Five of a metric and an arm are kept in a minute.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/rollouts.h"

namespace rollbook::tools {

struct SampleAsk {
  std::string metric;                // "": of all metrics
  std::optional<core::Fixed> above;  // in the metric's unit
  std::string above_text;            // as it was written
  bool above_is_time = false;        // as a duration: counters have none above it
  std::optional<core::Arm> arm;
};

struct SampleLook {
  SampleAsk asked;
  std::string rollout;
  core::Sequence sequence;
  core::Time time{};
  // Of those that were asked for, from where on one is kept.
  std::vector<std::pair<core::MetricIndex, core::Fixed>> kept;
  std::vector<core::Exemplar> samples;  // by rising time
  // What the log has before anything is asked of it, of the metric, and of that metric's arm too;
  // the highest of the last.
  std::size_t seen = 0, of_metric = 0, of_arm = 0;
  std::optional<core::Fixed> highest;
  const core::Machine* machine = nullptr;  // the rollout's
};

// Whether a criterion says which samples of the metric breach ("": of any), for only those are
// kept.
bool keeps_samples(const core::Machine& machine, const std::string& metric = "");

// Error: no such metric, or one that has no durations (exit code 2); one of which no criterion says
// what a breach is, with a line that would.
Outcome<SampleLook> look_at_samples(const runtime::EventLog& log, const Rollout& rollout,
                                    const SampleAsk& ask);

// One line for each sample.
std::string samples_jsonl(const SampleLook& look);
// One line.
std::string samples_json(const SampleLook& look);
// The latest `rows` of them; where there is none, why, and what to do.
std::string samples_text(const SampleLook& look, std::size_t rows, std::size_t width);

// A message of Rollbook JSON that brings one sample of the metric, over some lines of 80 columns.
std::string sample_message(const core::Machine& machine, core::MetricIndex metric,
                           core::Fixed from);

}  // namespace rollbook::tools
