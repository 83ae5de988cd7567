#pragma once
// SeenSeries: what was seen of one series on the wire while `rollbook doctor --metrics` listened:
// its facts, and by what two senders under one set of labels give themselves away.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/core/types.h"
#include "engine/runtime/metric_point.h"
#include "engine/runtime/series_table.h"

namespace rollbook::tools {

using Bounds = std::vector<core::Fixed>;
// By the bounds of their buckets: how many observations came in each.
using Layouts = std::map<Bounds, std::vector<std::int64_t>>;

// How a record came.
struct Arrival {
  core::Time at{};     // as its topic stamps it; now, where it came while somebody listened
  bool vague = false;  // its time may be that of the file it stands in, which is a later one
  bool lines = false;  // Influx': no object in braces
};

// A point as it came, with what is needed to read it.
struct Arrived {
  const runtime::PointBatch& batch;
  const runtime::MetricPoint& point;
  const std::vector<Bounds>& layouts;
  const Arrival& how;
  bool clashes = false;  // of a delta: the engine takes it for another sender's
};

class SeenSeries {
 public:
  void take(const Arrived& arrived);

  runtime::SeriesName name;
  std::string unit;  // as its sender says it; "": it does not
  std::set<runtime::PointKind> kinds;
  Layouts layouts;
  std::size_t points = 0;
  core::Time first = core::kDistantFuture, last = core::kDistantPast;  // event time
  core::Duration age{};  // of the last point, when it came; `vague`: at most
  bool vague = false;
  bool lines = false;  // came as Influx' lines

  // Of a cumulative one, as the engine takes it: what is no later than the last point is dropped.
  std::size_t returned = 0;  // times that a total was back in the point after its fall
  std::size_t clashed = 0;   // times that one moment had two totals, or two values of a gauge
  std::size_t overlaps = 0;  // intervals that overlap one that counts, and are another
  // Of deltas without a start, which are told apart by their times.
  struct Bare {
    std::size_t at_once = 1;  // most that had one time
    std::size_t left_out = 0;
    bool differ = false;  // two of one time that are certainly not the same point
  };
  Bare bare;

 private:
  void follow(const Arrived& arrived);
  void follow_total(core::Time end, core::Fixed total);
  void follow_bare(const Arrived& arrived);
  void count(const Arrived& arrived);

  core::Fixed total_, top_;  // of the last point, and of the one before its fall
  bool fell_ = false;        // the last point was below the one before
  core::Time bare_at_ = core::kDistantPast;
  std::size_t run_ = 0;  // that came one behind the other with that time
};
using SeenGroup = std::vector<const SeenSeries*>;

// `{version="new"}`
std::string labels_in_braces(const SeenSeries& seen);
// "" where there is none.
std::string_view label_of(const runtime::SeriesName& name, std::string_view label);

}  // namespace rollbook::tools
