#pragma once
// Coverage: what has come of a series of deltas, so that an interval that comes again can be told
// from one that is only late, however late it is: what a Collector's queue held back comes in one
// go, behind newer ones. An unbroken stream is one range, for ever; of one with gaps, and of deltas
// without a start, each of which is a moment, the last kMost pieces are kept.

#include <vector>

#include "engine/core/types.h"

namespace rollbook::runtime {

// (start, end]; a moment where both are one.
struct TimeRange {
  core::Time start, end;
  bool operator==(const TimeRange&) const = default;
};

class Coverage {
 public:
  static constexpr std::size_t kMost = 128;
  // Between intervals that follow each other some clocks leave less than this.
  static constexpr core::Duration kJoint = std::chrono::milliseconds(1);

  Coverage() = default;
  // Ranges as they were kept; `forgotten`: as below. Any others are brought in order.
  Coverage(std::vector<TimeRange> ranges, core::Time forgotten);

  // Whether some of it has come, or may have: it lies behind what was forgotten.
  bool meets(const TimeRange& interval) const;
  // Of one that does not meet it.
  void add(const TimeRange& interval);
  // What came in either.
  void unite(const Coverage& other);

  // Rising, and apart.
  const std::vector<TimeRange>& ranges() const { return ranges_; }
  // Up to there nothing is known any more.
  core::Time forgotten() const { return forgotten_; }

 private:
  void forget();

  std::vector<TimeRange> ranges_;
  core::Time forgotten_ = core::kDistantPast;
};

}  // namespace rollbook::runtime
