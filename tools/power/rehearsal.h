#pragma once
// Rehearsal: criteria of a runbook fed with made-up requests through the engine's own core, so
// that what is told about them is what runs. The machine keeps its metrics, windows and criteria;
// of its states there is one, which arms what is tried and never leaves. What is no share of
// requests has series of its own, so that no two models speak of one count.
//
//   Rehearsal rehearsal(machine, {{stop, model}}, weights);
//   rehearsal.step(1s, {load, rates}, draw);
//   rehearsal.reading(stop).verdict

#include <map>
#include <utility>
#include <vector>

#include "engine/core/decide.h"
#include "tools/draw.h"
#include "tools/power/load.h"
#include "tools/power/model.h"

namespace rollbook::power {

using tools::Draw;

// What each criterion sees of a canary, in the terms of its model: of a share that of bad requests;
// how much has changed, what weight arrives, how many come a second.
struct Traffic {
  Load load;
  std::map<core::CriterionIndex, double> rates;
};

class Rehearsal {
 public:
  // INVARIANT: each can be tried: its model says no reason why not.
  Rehearsal(const core::Machine& machine, std::map<core::CriterionIndex, Model> criteria,
            const Weights& weights);

  // One span of time: counted, in so many points at most, observed, judged and logged. Whole
  // seconds.
  void step(core::Duration span, const Traffic& traffic, Draw& draw, std::int64_t points = 1);
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
  // Of the series that feeds the criterion, so far; of the split those of both arms.
  std::int64_t requests(core::CriterionIndex criterion) const;
  core::Duration elapsed() const { return now_ - begun_; }

 private:
  void evolve(core::Body body);
  void set_apart(core::CriterionIndex index);
  std::vector<core::Fixed> edges_of(core::MetricIndex metric) const;

  void count(core::SeriesIndex series, std::int64_t came);
  double flow_of(core::SeriesIndex series, const Traffic& traffic) const;
  void count_requests(core::SeriesIndex series, const Traffic& traffic, Draw& draw);
  void count_all_requests(core::CriterionIndex index, const Traffic& traffic, Draw& draw);
  void count_what_is_judged(core::CriterionIndex index, const Traffic& traffic, Draw& draw);
  void count_ratio(core::CriterionIndex index, double rate, Draw& draw);
  void count_changed(core::CriterionIndex index, const Traffic& traffic, Draw& draw);
  void count_split(core::CriterionIndex index, const Traffic& traffic, Draw& draw);
  void count_buckets(core::SeriesIndex series, const Traffic& traffic, Draw& draw);
  void count_two_quantiles(core::CriterionIndex index, double rate, Draw& draw);
  void put_in_buckets(core::SeriesIndex series, const std::vector<double>& above, Draw& draw);
  void come(core::Duration span, const Traffic& traffic, Draw& draw, core::Observed& observed);
  void tell(core::Duration span, core::Observed& observed) const;

  core::Machine machine_;
  core::ShardState shard_;
  core::RolloutState state_;
  std::map<core::CriterionIndex, Model> criteria_;
  bool compares_times_ = false;  // `changed` among them: gaps between points count
  double seconds_ = 0;           // of what comes
  Weights weights_;
  std::int64_t order_ = 0;  // of the last shift
  core::Time begun_, now_;
  std::map<core::SeriesIndex, std::int64_t> counts_;  // of this step
  std::map<core::SeriesIndex, std::vector<std::int64_t>> buckets_;
  std::map<core::SeriesIndex, std::int64_t> total_;
  // Shares above the edges, of a latency that is so many times slower.
  std::map<std::pair<core::CriterionIndex, double>, std::vector<double>> slowed_;
};

}  // namespace rollbook::power
