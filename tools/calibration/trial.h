#pragma once
// Trial: one criterion with a test, fed second by second through the engine's own core, so that
// what is calibrated is what runs. Time is event time; every second is observed and judged.
//
//   Trial trial(stop_above(Fixed{1'000'000}, Fixed{10'000'000}));      // 0.1 %, α = 1 %
//   for (...) if (trial.second({.requests = 45, .errors = 1}).verdict == Verdict::fail) break;

#include <vector>

#include "engine/core/decide.h"
#include "engine/core/machine.h"

namespace rollbook::calibration {

// What came in one second from one arm.
struct Second {
  std::int64_t requests = 0;
  std::int64_t errors = 0;
  std::vector<std::int64_t> buckets{};  // of the trial's bounds; empty: no latencies
};

// Criteria on the trial's series, as the compiler would make them.
core::Criterion stop_above(core::Fixed limit, core::Fixed alpha);
core::Criterion expect_below(core::Fixed limit, core::Fixed alpha);
// The canary's error rate against the baseline's times `factor`.
core::Criterion stop_above_baseline(core::Fixed factor, core::Fixed alpha);
core::Criterion expect_within_baseline(core::Fixed factor, core::Fixed alpha);
// p99 of the canary against `limit`, or against the baseline's times `factor`.
core::Criterion stop_p99_above(core::Fixed limit, core::Fixed alpha);
core::Criterion expect_p99_below(core::Fixed limit, core::Fixed alpha);
core::Criterion expect_p99_within_baseline(core::Fixed factor, core::Fixed alpha);
core::Criterion stop_p99_above_baseline(core::Fixed factor, core::Fixed alpha);
core::Criterion expect_unchanged(core::Duration lag, core::Fixed tolerance, core::Fixed alpha);
core::Criterion expect_split(core::Fixed alpha);

class Trial {
 public:
  explicit Trial(core::Criterion criterion, core::Weight weight = core::Weight{500'000'000});

  // One second of both arms: observed, judged and logged. The reading as it stands.
  const core::Reading& second(const Second& canary, const Second& baseline = {});
  // The same for `seconds` at once, as one point.
  const core::Reading& seconds(std::int64_t count, const Second& canary,
                               const Second& baseline = {});
  // A new shift has settled: what begins with it begins anew.
  void shift(core::Weight weight);

  const core::Reading& reading() const { return state.readings.front(); }
  std::int64_t requests() const { return requests_; }  // of the canary, so far

  core::Machine machine;
  core::ShardState shard;
  core::RolloutState state;
  core::Time now;

 private:
  void put(core::Observed& observed, std::uint32_t series, std::int64_t value,
           const std::vector<std::int64_t>& buckets) const;

  std::int64_t requests_ = 0;
};

}  // namespace rollbook::calibration
