#pragma once
// Shares: what one rollout's metrics count by their labels (engine/core/breakdown.h). A series is
// given its label set with its first point; from then on a point costs an addition. Sets beyond the
// two hundredth are one, so neither memory nor log grows with what a sender puts into labels.
//
//   shares.take({machine, state, feed.match, increment, bounds, now}, feed, name, pending);
//
// The loop's thread.

#include <string>
#include <unordered_map>
#include <vector>

#include "engine/core/breakdown.h"
#include "engine/runtime/feeds.h"
#include "engine/runtime/fold.h"

namespace rollbook::runtime {

class Shares {
 public:
  // Numbers sets on from those that the state knows.
  void begin(const core::Machine& machine, const core::RolloutState& state);

  // Whether some breakdown is logged once a minute only.
  bool any() const { return any_; }
  // Whether a criterion looks at it: then it is logged as its windows are.
  bool is_judged(core::BreakdownIndex breakdown) const {
    return breakdowns_[breakdown.value].criterion.valid();
  }

  // `name` is the series' of the point, `feed` the one of its feeds that named the breakdown.
  void take(const FoldInput& input, Feed& feed, const SeriesName& name, core::Pending& pending);

 private:
  // Where a set's share waits in Pending::shares: before and since the first shift.
  struct Slot {
    std::uint64_t turn[2] = {0, 0};  // of turn_ when it was put there
    std::uint32_t at[2] = {0, 0};
  };
  std::uint32_t set_of(core::BreakdownIndex breakdown, const SeriesName& name,
                       core::Pending& pending);
  void add_share(const core::Share& share, const core::Metric& metric, core::Pending& pending);
  void add_kind(const FoldInput& input, core::Share share, core::Floor reach,
                core::Pending& pending) const;

  std::vector<core::Breakdown> breakdowns_;
  std::vector<std::unordered_map<std::string, std::uint32_t>> numbers_;  // by breakdown, of values
  std::vector<std::vector<Slot>> slots_;  // by breakdown; by set and arm, as far as they are used
  std::uint64_t turn_ = 0;                // rises when what waited was logged
  bool any_ = false;
};

}  // namespace rollbook::runtime
