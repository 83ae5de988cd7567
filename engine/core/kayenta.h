#pragma once
// Kayenta: `judge kayenta`, a review's criterion with the rules of Spinnaker's canary judge, for
// people who come from there. The window is cut into steps; each metric has a value in each step of
// either arm, and the two samples are held against each other once, when the window has ended. Not
// again: a test that is peeked at does not keep its promise. docs/judging.md has all of the rules.
//
// Its test (TestState) keeps only `cut`, where the window begins; what the look found is the
// reading, which is state, and stays as it is until the test begins anew.

#include "engine/core/found.h"

namespace rollbook::core {

// ---- From samples to a score ------------------------------------------------------------------

// A metric's samples, held against each other; `canary` and `baseline` may be empty.
JudgedSample classify(const JudgedMetric& metric, std::vector<Fixed> canary,
                      std::vector<Fixed> baseline);

struct Score {
  Fixed value;            // from 0 to 1, rounded to the hundredth of a percent
  bool critical = false;  // 0 for a critical metric that failed
  bool no_data = false;   // 0 because half of the metrics or more had no data
};
// Of what was classified, in the order of the judge's metrics.
Score score_of(const Judge& judge, const std::vector<JudgedSample>& judged);

// ---- The look ---------------------------------------------------------------------------------

// The first border of a step from which everything can be watched.
Time judge_begins(const Subject& subject);

// What the only look finds. Neither true nor false: it is not yet time, or the score is marginal.
Found prove_kayenta(const Subject& subject);
// The verdict of that; nothing that comes later (silence, other points) changes it.
Reading judged_reading(const Found& found, Reading reading);

// "p99(latency) high (critical), queue no data": what did not pass.
std::string failings_of(const Judge& judge, const std::vector<JudgedSample>& judged);

}  // namespace rollbook::core
