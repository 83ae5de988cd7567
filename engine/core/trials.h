#pragma once
// Trials: how the tests of a rollout grow. Their state (TestState) changes in evolve() alone, so a
// look that was not logged leaves no trace, and holds integers only; the logarithms that some of
// them add up are calculated when an Observed is made, logged in it, and copied.
//
// Counts of a test, in this order:
//   proportion      requests, events for certain, events perhaps (the same, but where the limit
//                   of a quantile lies inside a bucket)
//   two_rates       events and exposure of the judged arm, events and exposure of the other
//   unchanged       the same; the other is the past
//   two_quantiles   buckets of the judged arm, then as many of the other
//   split           requests of the canary, of the baseline
//
// A gate's test begins when its criterion is armed or its windows begin anew. A guard watches for
// days, and good hours would dilute a breach: it is a sum of tests, one begun with every pane k of
// five seconds, with weight 1/k − 1/(k+1), of which about 16 are kept for each doubling of their
// age (Shin, Ramdas & Rinaldo, E-detectors, arXiv 2203.03532; judging.md).

#include "engine/core/arm_steps.h"
#include "engine/core/buckets.h"
#include "engine/core/found.h"

namespace rollbook::core {

// Up to where the parts of a test can be counted alike.
Time cut_of(const Subject& subject);
// What a window of buckets holds at `cut`, one more than edges.
std::vector<std::int64_t> buckets_at(const Subject& subject, WindowIndex window, Time cut);
// What the criterion's windows hold at `cut`; empty for `unchanged`.
std::vector<std::int64_t> counts_at(const Subject& subject, Time cut);

// When a start was made that a guard counts from; of the first one when the guard was armed, also
// where the test began anew since. kDistantFuture: it is not armed.
Time began_at(const Subject& subject, const TestStart& start);

// decide: the books of a test of two sides with a step more, as grow() will have them.
void add_step(const ArmStep& step, const Criterion& criterion, TestState& test);
// decide: the sums as they are with what is pending, of every armed test that takes a step: after
// its last one, and where a guard's test begins.
std::vector<TestSums> sums_of(const Machine& machine, const RolloutState& state,
                              const Pending& pending);

// evolve: the tests take in an Observed, after the windows have.
void grow(const Machine& machine, RolloutState& state, const Observed& observed);
// The buckets of both arms on another layout; as they are where there are none yet.
std::vector<std::int64_t> on_layout(const BucketMap& map, const std::vector<std::int64_t>& both);
// evolve: another layout of a metric; the tests that keep its buckets are brought to it.
void lay_out_tests(const Machine& machine, RolloutState& state, MetricIndex metric,
                   const BucketMap& map);
// evolve: the test begins anew.
void begin_test(const Machine& machine, RolloutState& state, CriterionIndex criterion);
// evolve: every test whose windows begin at that floor.
void begin_tests(const Machine& machine, RolloutState& state, Floor floor);
// The same for those alone whose guard begins with the first shift of `target`.
void begin_tests_of(const Machine& machine, RolloutState& state, TargetIndex target);

}  // namespace rollbook::core
