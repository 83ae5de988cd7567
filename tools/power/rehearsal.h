#pragma once
// Rehearsal: criteria of a runbook fed with made-up requests through the engine's own core, so
// that what is told about them is what runs. The machine keeps its metrics, windows and criteria;
// of its states there is one, which arms what is tried and never leaves.
//
//   Rehearsal rehearsal(machine, {stop}, weights);
//   rehearsal.step(1s, {load, rates}, draw);
//   rehearsal.reading(stop).verdict

#include <map>
#include <utility>
#include <vector>

#include "engine/core/decide.h"
#include "tools/draw.h"
#include "tools/power/load.h"

namespace rollbook::power {

using tools::Draw;

// What share of requests is bad in the eyes of each criterion.
struct Traffic {
  Load load;
  std::map<core::CriterionIndex, double> rates;
  // Of those that compare with the other arm: its share, which stays as it is.
  std::map<core::CriterionIndex, double> other_rates{};
};

class Rehearsal {
 public:
  // INVARIANT: each is a ratio against a limit or another arm's, or a quantile against a limit.
  Rehearsal(const core::Machine& machine, std::vector<core::CriterionIndex> criteria,
            const Weights& weights);

  // One span of time: counted, observed, judged and logged. Whole seconds.
  void step(core::Duration span, const Traffic& traffic, Draw& draw);
  // New shifts are asked for and have settled: what begins with them begins anew.
  void shift(const Weights& weights);
  // It is not judged any more; its requests go on.
  void disarm(core::CriterionIndex criterion);

  const core::Reading& reading(core::CriterionIndex criterion) const {
    return state_.readings[criterion.value];
  }
  bool fails(core::CriterionIndex criterion) const {
    return reading(criterion).verdict == core::Verdict::fail;
  }
  // Of the series that feeds the criterion, so far.
  std::int64_t requests(core::CriterionIndex criterion) const;
  core::Duration elapsed() const { return now_ - begun_; }

 private:
  void evolve(core::Body body);
  void count_requests(core::SeriesIndex series, const Traffic& traffic, double seconds, Draw& draw);
  void count_ratio(const core::Criterion& criterion, double rate, Draw& draw);
  void count_other(const core::Criterion& criterion, double rate, Draw& draw);
  void count_buckets(core::SeriesIndex series, const Traffic& traffic, Draw& draw);
  core::Observed observed() const;

  core::Machine machine_;
  core::ShardState shard_;
  core::RolloutState state_;
  std::vector<core::CriterionIndex> criteria_;
  Weights weights_;
  std::int64_t order_ = 0;  // of the last shift
  core::Time begun_, now_;
  std::map<core::SeriesIndex, std::int64_t> counts_;  // of this step
  std::map<core::SeriesIndex, std::vector<std::int64_t>> buckets_;
  std::map<core::SeriesIndex, std::int64_t> total_;
};

// Of a criterion: the share of bad requests that its limit allows. A ratio that must stay above a
// limit is looked at from its other side.
double allowed_share(const core::Criterion& criterion);
bool is_turned(const core::Criterion& criterion);

}  // namespace rollbook::power
