#include "tools/metric_seen.h"

#include <algorithm>

#include "adapters/wire/text.h"
#include "engine/core/exponential.h"

namespace rollbook::tools {
namespace {

using core::Fixed;
using runtime::MetricPoint;
using runtime::PointKind;

bool is_explicit(PointKind kind) {
  return runtime::is_histogram(kind) && !runtime::is_exponential(kind);
}

// The buckets of a histogram of explicit ones.
std::vector<std::int64_t> buckets_of(const Arrived& arrived) {
  const MetricPoint& point = arrived.point;
  const auto from = arrived.batch.buckets.begin() + point.first_bucket;
  const auto size = static_cast<std::ptrdiff_t>(arrived.layouts[point.layout.value].size()) + 1;
  return {from, from + size};
}

// What a cumulative point counts: of a histogram of explicit buckets its observations, of an
// exponential one the sum of its values, which only rises too.
Fixed total_of(const Arrived& arrived) {
  if (arrived.point.kind != PointKind::histogram) return arrived.point.value;
  std::int64_t count = 0;
  for (const std::int64_t bucket : buckets_of(arrived)) count += bucket;
  return Fixed::from_int(count);
}

}  // namespace

void SeenSeries::take(const Arrived& arrived) {
  const MetricPoint& point = arrived.point;
  follow(arrived);
  ++points;
  kinds.insert(point.kind);
  lines = arrived.how.lines;
  first = std::min(first, point.end);
  if (point.end > last) {
    last = point.end;
    age = arrived.how.at - point.end;
    vague = arrived.how.vague;
  }
  if (runtime::is_histogram(point.kind)) count(arrived);
}

void SeenSeries::follow(const Arrived& arrived) {
  const MetricPoint& point = arrived.point;
  if (runtime::is_total(point.kind)) return follow_total(point.end, total_of(arrived));
  if (point.kind == PointKind::gauge) {
    if (point.end == last && point.value != total_) ++clashed;
    if (point.end > last) total_ = point.value;
    return;
  }
  if (point.start == core::kDistantPast) return follow_bare(arrived);
  if (arrived.clashes) ++overlaps;
}

void SeenSeries::follow_total(core::Time end, Fixed total) {
  if (end == last && total != total_) ++clashed;
  if (end <= last) return;
  const bool falls = last != core::kDistantPast && total < total_;
  if (fell_ && total >= top_) ++returned;
  if (falls) top_ = total_;
  fell_ = falls;
  total_ = total;
}

// A message that comes again brings older times again, in their order; what comes one behind the
// other with one time was sent so.
void SeenSeries::follow_bare(const Arrived& arrived) {
  const bool again = arrived.point.end == bare_at_;
  run_ = again ? run_ + 1 : 1;
  bare_at_ = arrived.point.end;
  if (again || arrived.clashes) ++bare.left_out;
  bare.at_once = std::max({bare.at_once, run_, arrived.clashes ? std::size_t{2} : 1});
  bare.differ = bare.differ || arrived.clashes;
}

void SeenSeries::count(const Arrived& arrived) {
  const MetricPoint& point = arrived.point;
  const bool totals = runtime::is_total(point.kind);
  const auto keep = [&](std::vector<std::int64_t>& counts, std::size_t size) {
    if (totals) {  // of the last point; its buckets may be others now
      for (auto& [bounds, former] : layouts) std::fill(former.begin(), former.end(), 0);
    }
    counts.resize(size);
  };
  if (is_explicit(point.kind)) {
    const std::vector<std::int64_t> came = buckets_of(arrived);
    auto& counts = layouts[arrived.layouts[point.layout.value]];
    keep(counts, came.size());
    for (std::size_t i = 0; i < came.size(); ++i) counts[i] += came[i];
    return;
  }
  const auto histogram = runtime::exponential_at(arrived.batch.buckets, point.first_bucket);
  if (core::total(histogram) == 0) return;  // it has no edges yet
  const core::Layout layout = core::grid_for(histogram, Fixed::from_int(1), {});
  auto& counts = layouts[layout.bounds];
  keep(counts, layout.bounds.size() + 1);
  const core::Cell cell = core::on_grid(histogram, *layout.grid, layout.bounds.size());
  for (std::size_t i = 0; i < cell.buckets.size(); ++i) counts[cell.first + i] += cell.buckets[i];
}

std::string labels_in_braces(const SeenSeries& seen) {
  return "{" + adapters::printable(runtime::labels_text(seen.name)) + "}";
}

std::string_view label_of(const runtime::SeriesName& name, std::string_view label) {
  for (const auto& [key, value] : name.labels) {
    if (key == label) return value;
  }
  return {};
}

}  // namespace rollbook::tools
