#pragma once
// Rehearsal: criteria of a runbook fed with made-up requests through the engine's own core, so
// that what is told about them is what runs. The machine keeps its metrics, windows and criteria;
// of its states there is one, which arms what is tried and never leaves. What is no share of
// requests has series of its own, so that no two models speak of one count.
//
//   Rehearsal rehearsal(machine, {{stop, model}}, weights);
//   rehearsal.step(1s, {load, rates}, draw);
//   rehearsal.reading(stop).verdict
//
// Arms tell what they counted at moments of their own; step() is for where that does not matter.

#include <array>
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
  // INVARIANT: each can be tried: its model says no reason why not. Points of a series come so far
  // apart, and none just at the shift: what its first one tells began before, and counts nothing.
  // Zero: all begin to count with the shift.
  Rehearsal(const core::Machine& machine, std::map<core::CriterionIndex, Model> criteria,
            const Weights& weights, core::Duration every = {});

  // One span of time, in whole seconds: counted and told by all, judged and logged.
  void step(core::Duration span, const Traffic& traffic, Draw& draw);

  // The same bit by bit. Of Arm::total: by all; of Arm::canary: by all but the baseline.
  void pass(core::Duration span) { now_ += span; }
  // What came since it was counted last, at these rates.
  void count(core::Arm arm, const Traffic& traffic, Draw& draw);
  // A point of each series, of what was counted since the last one.
  void tell(core::Arm arm);
  // What was told is judged and logged.
  void look();

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
  // Of the series that feeds the criterion, as counted so far; of the split those of both arms.
  std::int64_t requests(core::CriterionIndex criterion) const;
  core::Duration elapsed() const { return now_ - begun_; }

 private:
  void evolve(core::Body body);
  void set_apart(core::CriterionIndex index);
  std::vector<core::Fixed> edges_of(core::MetricIndex metric) const;

  // Whether the arm that counts, or tells, has it.
  bool is_of(core::Arm arm, core::SeriesIndex series) const;
  // The baseline's, or all others: in the order of the arrays below.
  std::size_t side_of(core::SeriesIndex series) const;
  void mark(core::Arm arm, std::array<core::Time, 2>& sides) const;
  double seconds_of(core::SeriesIndex series) const;

  void add(core::SeriesIndex series, std::int64_t came);
  double flow_of(core::SeriesIndex series, const Traffic& traffic) const;
  void count_requests(core::SeriesIndex series, const Traffic& traffic, Draw& draw);
  void count_all_requests(core::CriterionIndex index, const Traffic& traffic, Draw& draw);
  void count_what_is_judged(core::CriterionIndex index, const Traffic& traffic, Draw& draw);
  void count_ratio(core::CriterionIndex index, const Traffic& traffic, Draw& draw);
  void count_changed(core::CriterionIndex index, const Traffic& traffic, Draw& draw);
  void count_split(core::CriterionIndex index, const Traffic& traffic, Draw& draw);
  void count_level(core::CriterionIndex index, const Traffic& traffic, Draw& draw);
  void count_buckets(core::SeriesIndex series, const Traffic& traffic, Draw& draw);
  void count_two_quantiles(core::CriterionIndex index, double rate, Draw& draw);
  void put_in_buckets(core::SeriesIndex series, const std::vector<double>& above, Draw& draw);
  struct Untold {
    std::int64_t count = 0;
    std::vector<std::int64_t> buckets;
  };
  void tell(core::SeriesIndex series, Untold& untold);

  core::Machine machine_;
  core::ShardState shard_;
  core::RolloutState state_;
  std::map<core::CriterionIndex, Model> criteria_;
  bool compares_times_ = false;  // `changed` among them: gaps between points count
  core::Duration every_;
  Weights weights_;
  std::int64_t order_ = 0;  // of the last shift
  core::Time begun_, now_;
  std::array<core::Time, 2> counted_, told_;          // up to when, by side_of()
  core::Arm arm_ = core::Arm::total;                  // that counts
  std::map<core::SeriesIndex, std::int64_t> counts_;  // in this count
  std::map<core::SeriesIndex, std::vector<std::int64_t>> buckets_;
  std::map<core::SeriesIndex, Untold> untold_;
  core::Pending pending_;
  std::map<core::SeriesIndex, std::int64_t> total_;
  // Shares above the edges, of a latency that is so many times slower.
  std::map<std::pair<core::CriterionIndex, double>, std::vector<double>> slowed_;
};

}  // namespace rollbook::power
