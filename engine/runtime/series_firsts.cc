// First samples of processes that were heard before. A label set of an SDK appears with its first
// event, with the start time of the process, which says too little: an error that is new today came
// "since last week". But all that a process has counted it says in one export; so what came with
// the export before without this series was zero then, and all of it came since.
//
// What comes in one export has one time, and one start: that of the process. Where each instrument
// has a start and a time of its own (OpenTelemetry's for Go), they are near, and the labels that
// both have tell whether it is the same process. A process of which nothing was heard before, as
// when its Collector was away, may have counted for weeks: its first samples are dated by their
// start alone.

#include <algorithm>

#include "engine/core/limits.h"
#include "engine/runtime/series_table.h"

namespace rollbook::runtime {

using core::Duration;
using core::kDistantPast;
using core::Time;

namespace {

// So long a process must have been heard, or from its first export on: of one export some points
// may come later than others.
constexpr Duration kHeard = std::chrono::seconds(150);
constexpr Duration kStartsApart = std::chrono::seconds(1);
constexpr Duration kTimesApart = std::chrono::milliseconds(100);

// `time` may be kDistantPast.
bool near(Time time, Time other, Duration most) {
  return time >= other - most && time <= other + most;
}

// `start`: of its process, which is known.
bool is_heard_enough(const SeriesBase& base, Time start, Time now) {
  return base.heard <= now - kHeard || base.heard <= start + core::kStretchMost;
}

}  // namespace

bool SeriesTable::labels_agree(const SeriesName& a, const SeriesName& b) {
  auto other = b.labels.begin();
  for (const auto& [label, value] : a.labels) {
    while (other != b.labels.end() && other->first < label) ++other;
    if (other == b.labels.end()) return true;
    if (other->first == label && other->second != value) return false;
  }
  return true;
}

void SeriesTable::note_export(const MetricPoint& point) {
  const Export now{point.start, point.end};
  if (now == last_export_) return;
  last_export_ = now;
  exporters_[exports_++ % exporters_.size()] = point.series;
}

// Its point of that time has come already.
bool SeriesTable::comes_with(SeriesNumber number, const MetricPoint& point) const {
  const Base& base = series_[number.value].base;
  return base.known && is_heard_enough(base, point.start, point.end) &&
         near(base.start, point.start, kStartsApart) && near(base.end, point.end, kTimesApart);
}

void SeriesTable::find_companions(const PointBatch& batch, const MetricPoint& point) {
  const Export wanted{point.start, point.end};
  const std::pair in{batch.partition, batch.next_offset};
  if (wanted == companions_of_ && in == companions_in_) return;
  companions_of_ = wanted;
  companions_in_ = in;
  companions_.clear();
  const auto exporters = std::min<std::size_t>(exports_, exporters_.size());
  for (std::size_t i = 0; i < exporters; ++i) {
    if (comes_with(exporters_[i], point)) companions_.push_back(exporters_[i]);
  }
  if (numbers_ == Numbers::foreign) return;
  for (const MetricPoint& other : batch.points) {
    if (!near(other.end, point.end, kTimesApart)) continue;
    if (!near(other.start, point.start, kStartsApart)) continue;
    const Base& base = series_[other.series.value].base;
    if (base.known && base.start == other.start && is_heard_enough(base, point.start, point.end)) {
      companions_.push_back(other.series);
    }
  }
}

Time SeriesTable::zero_at(const Entry& entry, const PointBatch& batch, const MetricPoint& point) {
  if (!is_dated(entry.base, point) || first_heard_ > point.end - kHeard) return kDistantPast;
  find_companions(batch, point);
  Time latest = kDistantPast;
  for (const SeriesNumber number : companions_) {
    const Entry& other = series_[number.value];
    const bool same = other.base.start == point.start;
    if (!same && !labels_agree(entry.name, other.name)) continue;
    // Whether its point of now has come yet, or comes later in the batch.
    const bool told = near(other.base.end, point.end, kTimesApart);
    if (!told && other.base.end > point.end) continue;
    latest = std::max(latest, told ? other.base.before : other.base.end);
  }
  return latest < point.end ? latest : kDistantPast;
}

}  // namespace rollbook::runtime
