#pragma once
// SeriesBase: what the next point of a series is held against (series_table.h).

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/runtime/coverage.h"
#include "engine/runtime/metric_point.h"
#include "engine/runtime/pace.h"

namespace rollbook::runtime {

struct SeriesInterval {
  // What a point counts, so that it is known when it comes again: two that are joined to one have
  // the sum. Not kept over a restart.
  using Amount = std::uint64_t;
  static constexpr Amount kUnknown = ~Amount{0};
  core::Time start, end;
  Amount amount = kUnknown;
};

struct SeriesBase {
  bool known = false;
  bool intervals = false;  // what came last was no total: deltas, or a gauge
  bool retold = false;     // its first total is a base only: it was counted as another's
  bool own = false;        // it has waited, and its first total is no other's
  // Its first point, where that may be another's: it waits for the second. What follows is of that
  // point then, though nothing is `known`. None of this is in checkpoints.
  core::Time waits_since = core::kDistantPast;
  std::optional<SeriesNumber> retells;  // which one it may be, told under more labels or fewer
  // Of totals. Its first point; the one before the last; and when it was still zero, if that is
  // known (series_firsts.cc). The last two are not in checkpoints.
  core::Time heard = core::kDistantFuture, before = core::kDistantPast, zero = core::kDistantPast;
  core::Time start = core::kDistantPast;
  core::Time end = core::kDistantPast;
  core::Fixed value;
  Pace pace;
  bool exponential = false;                // `buckets` as put_exponential() writes them
  std::vector<std::int64_t> buckets;       // histograms
  std::optional<LayoutNumber> layout;      // of explicit ones; not known after a restart
  std::array<SeriesInterval, 8> recent{};  // delta series and gauges: the last intervals
  std::uint32_t recent_count = 0;
  Coverage covered;                  // delta series: all intervals
  std::optional<SeriesNumber> heir;  // it went on under that one's labels; not in checkpoints
};

}  // namespace rollbook::runtime
