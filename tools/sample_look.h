#pragma once
// SampleLook: single requests whose traces the log keeps, of the samples that breached: what
// `rollbook samples` shows. Five of a metric and an arm are kept in a minute.

#include <optional>
#include <string>
#include <vector>

#include "tools/rollouts.h"

namespace rollbook::tools {

struct SampleAsk {
  std::string metric;                // "": of all metrics
  std::optional<core::Fixed> above;  // in the metric's unit
  std::optional<core::Arm> arm;
};

struct SampleLook {
  std::string rollout;
  core::Sequence sequence;
  core::Time time{};
  std::vector<std::pair<std::string, core::Fixed>> kept;  // metric, from where on it is kept
  std::vector<core::Exemplar> samples;                    // by rising time
  const core::Machine* machine = nullptr;                 // the rollout's
};

// Error: no such metric (exit code 2), or one of which no criterion says what a breach is.
Outcome<SampleLook> look_at_samples(const runtime::EventLog& log, const Rollout& rollout,
                                    const SampleAsk& ask);

// One line for each sample.
std::string samples_jsonl(const SampleLook& look);
// One line.
std::string samples_json(const SampleLook& look);
// The latest `rows` of them.
std::string samples_text(const SampleLook& look, std::size_t rows, std::size_t width);

}  // namespace rollbook::tools
