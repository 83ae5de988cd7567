#include "store/observed_codec.h"

#include "engine/core/limits.h"
#include "store/columns.h"
#include "store/shares_codec.h"

namespace rollbook::store {
namespace {

using core::Cell;
using core::CellDelta;

template <class Column>
bool fits(const Column& column, int count) {
  return column.size() == count;
}
template <class Column>
bool fits_or_empty(const Column& column, int count) {
  return column.empty() || column.size() == count;
}

void put_cells(const std::vector<CellDelta>& deltas, core::Time time, wire::Observed& out) {
  std::int64_t base = first_base(time);
  for (const CellDelta& delta : deltas) {
    const Cell& cell = delta.cell;
    const std::int64_t end = put_time(cell.end);
    const SplitTime step = split_time(wrapping_sub(end, base));
    base = end;
    const SplitFixed value = split_fixed(cell.value);
    out.add_cell_series(put_index(delta.series));
    out.add_cell_reach(static_cast<std::uint32_t>(put_enum(delta.reach)));
    out.add_cell_end(step.seconds);
    out.add_cell_end_nanos(step.nanos);
    out.add_cell_latest(wrapping_sub(end, put_time(cell.latest)));
    out.add_cell_whole(value.whole);
    out.add_cell_nanos(value.nanos);
    out.add_cell_high(value.high);
    out.add_cell_samples(cell.samples);
    out.add_cell_bucket_count(static_cast<std::uint32_t>(cell.buckets.size()));
    out.add_cell_bucket_first(cell.first);
    out.add_cell_span(delta.span.count());
    out.add_cell_points(delta.points);
    out.mutable_buckets()->Add(cell.buckets.begin(), cell.buckets.end());
  }
  drop_if_zero(out.mutable_cell_reach());
  drop_if_zero(out.mutable_cell_end_nanos());
  drop_if_zero(out.mutable_cell_nanos());
  drop_if_zero(out.mutable_cell_high());
  drop_if_zero(out.mutable_cell_samples());
  drop_if_zero(out.mutable_cell_bucket_count());
  drop_if_zero(out.mutable_cell_bucket_first());
  drop_if_zero(out.mutable_cell_span());
  drop_if_zero(out.mutable_cell_points());
}

bool cell_columns_fit(const wire::Observed& stored) {
  const int count = stored.cell_series_size();
  std::uint64_t buckets = 0;
  for (const std::uint32_t n : stored.cell_bucket_count()) buckets += n;
  return fits_or_empty(stored.cell_reach(), count) && fits(stored.cell_end(), count) &&
         fits_or_empty(stored.cell_end_nanos(), count) && fits(stored.cell_latest(), count) &&
         fits(stored.cell_whole(), count) && fits_or_empty(stored.cell_nanos(), count) &&
         fits_or_empty(stored.cell_high(), count) && fits_or_empty(stored.cell_samples(), count) &&
         fits_or_empty(stored.cell_bucket_count(), count) &&
         fits_or_empty(stored.cell_bucket_first(), count) &&
         fits_or_empty(stored.cell_span(), count) && fits_or_empty(stored.cell_points(), count) &&
         buckets == static_cast<std::uint64_t>(stored.buckets_size());
}

void take_cells(const wire::Observed& stored, core::Time time, std::vector<CellDelta>& out,
                Fault& fault) {
  if (!cell_columns_fit(stored)) {
    fault.damaged = true;
    return;
  }
  std::int64_t base = first_base(time);
  const std::int64_t* bucket = stored.buckets().data();
  out.resize(static_cast<std::size_t>(stored.cell_series_size()));
  for (int i = 0; i < stored.cell_series_size(); ++i) {
    CellDelta& delta = out[static_cast<std::size_t>(i)];
    Cell& cell = delta.cell;
    const std::int64_t step = wrapping_add(wrapping_mul(stored.cell_end(i), kNanosPerSecond),
                                           entry(stored.cell_end_nanos(), i));
    base = wrapping_add(base, step);
    delta.series = take_index<core::SeriesIndex>(stored.cell_series(i));
    delta.reach = take_enum<core::Floor>(entry(stored.cell_reach(), i), "floor", fault);
    cell.end = take_time(base);
    cell.latest = take_time(wrapping_sub(base, stored.cell_latest(i)));
    cell.value = join_fixed(
        {stored.cell_whole(i), entry(stored.cell_nanos(), i), entry(stored.cell_high(), i)});
    cell.samples = entry(stored.cell_samples(), i);
    const std::uint32_t buckets = entry(stored.cell_bucket_count(), i);
    cell.buckets.assign(bucket, bucket + buckets);
    cell.first = entry(stored.cell_bucket_first(), i);
    if (cell.first > core::kBucketsMax) fault.damaged = true;
    delta.span = core::Duration(entry(stored.cell_span(), i));
    delta.points = entry(stored.cell_points(), i);
    bucket += buckets;
  }
}

void put_seen(const std::vector<core::SeriesSeen>& seen, core::Time time, wire::Observed& out) {
  for (const core::SeriesSeen& series : seen) {
    out.add_seen_series(put_index(series.series));
    out.add_seen_watermark(wrapping_sub(put_time(time), put_time(series.watermark)));
    out.add_seen_arrival(wrapping_sub(put_time(time), put_time(series.arrival)));
    const bool whole = series.whole != core::kDistantPast;
    out.add_seen_whole(whole ? 1 + (series.watermark - series.whole).count() : 0);
    out.add_seen_interval(series.interval.count());
    out.add_seen_behind(series.behind ? 1 : 0);
  }
  drop_if_zero(out.mutable_seen_whole());
  drop_if_zero(out.mutable_seen_interval());
  drop_if_zero(out.mutable_seen_behind());
}

void take_seen(const wire::Observed& stored, core::Time time, std::vector<core::SeriesSeen>& out,
               Fault& fault) {
  const int count = stored.seen_series_size();
  if (!fits(stored.seen_watermark(), count) || !fits(stored.seen_arrival(), count) ||
      !fits_or_empty(stored.seen_whole(), count) || !fits_or_empty(stored.seen_interval(), count) ||
      !fits_or_empty(stored.seen_behind(), count)) {
    fault.damaged = true;
    return;
  }
  out.resize(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    core::SeriesSeen& seen = out[static_cast<std::size_t>(i)] = {};
    seen.series = take_index<core::SeriesIndex>(stored.seen_series(i));
    seen.watermark = take_time(wrapping_sub(put_time(time), stored.seen_watermark(i)));
    seen.arrival = take_time(wrapping_sub(put_time(time), stored.seen_arrival(i)));
    if (const std::int64_t before = entry(stored.seen_whole(), i); before > 0) {
      seen.whole = take_time(wrapping_sub(put_time(seen.watermark), before - 1));
    }
    seen.interval = core::Duration(entry(stored.seen_interval(), i));
    seen.behind = entry(stored.seen_behind(), i) != 0;
  }
}

void put_clashes(const std::vector<core::SeriesClash>& clashes, core::Time time,
                 wire::Observed& out) {
  for (const core::SeriesClash& clash : clashes) {
    out.add_clash_series(put_index(clash.series));
    out.add_clash_at(wrapping_sub(put_time(time), put_time(clash.at)));
  }
}

void take_clashes(const wire::Observed& stored, core::Time time,
                  std::vector<core::SeriesClash>& out, Fault& fault) {
  const int count = stored.clash_series_size();
  if (!fits(stored.clash_at(), count)) fault.damaged = true;
  out.clear();
  for (int i = 0; i < count && !fault.damaged; ++i) {
    out.push_back({take_index<core::SeriesIndex>(stored.clash_series(i)),
                   take_time(wrapping_sub(put_time(time), stored.clash_at(i)))});
  }
}

// Partitions of one topic stand together, so its name is stored once.
void put_offsets(const std::vector<core::SourceOffset>& offsets, wire::Observed& out) {
  for (const core::SourceOffset& offset : offsets) {
    if (out.topics().empty() || *out.topics().rbegin() != offset.topic) {
      out.add_topics(offset.topic);
    }
    out.add_offset_topic(static_cast<std::uint32_t>(out.topics_size() - 1));
    out.add_offset_partition(offset.partition);
    out.add_offset_next(offset.next);
  }
}

void take_offsets(const wire::Observed& stored, std::vector<core::SourceOffset>& out,
                  Fault& fault) {
  const int count = stored.offset_topic_size();
  if (!fits(stored.offset_partition(), count) || !fits(stored.offset_next(), count)) {
    fault.damaged = true;
    return;
  }
  out.resize(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    if (stored.offset_topic(i) >= static_cast<std::uint32_t>(stored.topics_size())) {
      fault.damaged = true;
      return;
    }
    core::SourceOffset& offset = out[static_cast<std::size_t>(i)];
    offset.topic = stored.topics(static_cast<int>(stored.offset_topic(i)));
    offset.partition = stored.offset_partition(i);
    offset.next = stored.offset_next(i);
  }
}

// The cells of each window by the columns of `Observed`.
void put_past(const core::Past& past, core::Time time, wire::Past& out) {
  out.set_whole_from(put_time(past.whole_from));
  for (const core::WindowCells& window : past.windows) {
    wire::WindowCells& message = *out.add_windows();
    message.set_window(put_index(window.window));
    std::vector<CellDelta> cells;
    for (const Cell& cell : window.cells) cells.push_back({{}, core::Floor::start, cell});
    put_cells(cells, time, *message.mutable_cells());
  }
  for (const core::SeriesPast& series : past.series) {
    wire::SeriesPast& message = *out.add_series();
    message.set_series(put_index(series.series));
    message.set_began(put_time(series.began));
    message.set_watermark(put_time(series.watermark));
  }
  out.set_points(past.points);
}

core::Past take_past(const wire::Past& stored, core::Time time, Fault& fault) {
  core::Past past;
  past.whole_from = take_time(stored.whole_from());
  for (const wire::WindowCells& message : stored.windows()) {
    std::vector<CellDelta> cells;
    take_cells(message.cells(), time, cells, fault);
    core::WindowCells& window = past.windows.emplace_back();
    window.window = take_index<core::WindowIndex>(message.window());
    for (CellDelta& delta : cells) window.cells.push_back(std::move(delta.cell));
  }
  for (const wire::SeriesPast& message : stored.series()) {
    past.series.push_back({take_index<core::SeriesIndex>(message.series()),
                           take_time(message.began()), take_time(message.watermark())});
  }
  past.points = stored.points();
  return past;
}

}  // namespace

void put_observed(const core::Observed& observed, core::Time time, wire::Observed& out) {
  put_cells(observed.deltas, time, out);
  put_seen(observed.seen, time, out);
  for (const core::NameSeen& name : observed.names) {
    wire::NameSeen& message = *out.add_names();
    message.set_metric(put_index(name.metric));
    message.set_at(put_time(name.at));
  }
  for (const core::Layout& layout : observed.layouts) {
    wire::Layout& message = *out.add_layouts();
    message.set_metric(put_index(layout.metric));
    put_all(layout.bounds, message.mutable_bounds());
    if (!layout.grid) continue;
    message.set_grid_scale(layout.grid->scale);
    message.set_grid_first(layout.grid->first);
  }
  put_offsets(observed.offsets, out);
  put_indices(observed.stale, out.mutable_stale());
  out.set_late(observed.late);
  out.set_quarantined(observed.quarantined);
  out.set_refused(observed.refused);
  put_clashes(observed.clashes, time, out);
  for (const core::TestSums& sums : observed.tests) {
    wire::TestSums& message = *out.add_tests();
    message.set_criterion(put_index(sums.criterion));
    message.mutable_logs()->Add(sums.logs.begin(), sums.logs.end());
    message.set_cut(wrapping_sub(put_time(time), put_time(sums.cut)));
  }
  put_breakdowns(observed, time, out);
  if (observed.past) put_past(*observed.past, time, *out.mutable_past());
}

void take_observed(const wire::Observed& stored, core::Time time, core::Observed& out,
                   Fault& fault) {
  take_cells(stored, time, out.deltas, fault);
  take_seen(stored, time, out.seen, fault);
  out.names.clear();
  for (const wire::NameSeen& name : stored.names()) {
    out.names.push_back({take_index<core::MetricIndex>(name.metric()), take_time(name.at())});
  }
  out.layouts.clear();
  for (const wire::Layout& layout : stored.layouts()) {
    core::Layout& taken = out.layouts.emplace_back();
    taken.metric = take_index<core::MetricIndex>(layout.metric());
    taken.bounds = take_all(layout.bounds(), fault);
    if (layout.has_grid_scale()) {
      taken.grid = core::Grid{layout.grid_scale(), layout.grid_first()};
    }
  }
  take_offsets(stored, out.offsets, fault);
  out.stale.clear();
  for (const std::uint32_t series : stored.stale()) {
    out.stale.push_back(take_index<core::SeriesIndex>(series));
  }
  out.late = stored.late();
  out.quarantined = stored.quarantined();
  out.refused = stored.refused();
  take_clashes(stored, time, out.clashes, fault);
  out.tests.clear();
  for (const wire::TestSums& sums : stored.tests()) {
    out.tests.push_back({take_index<core::CriterionIndex>(sums.criterion()),
                         take_time(wrapping_sub(put_time(time), sums.cut())),
                         {sums.logs().begin(), sums.logs().end()}});
  }
  take_breakdowns(stored, time, out, fault);
  out.past.reset();
  if (stored.has_past()) out.past = take_past(stored.past(), time, fault);
}

}  // namespace rollbook::store
