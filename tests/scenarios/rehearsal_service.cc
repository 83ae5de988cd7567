// The service that a Rehearsal watches: what it counts, and how that reaches the engine.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/scenarios/rehearsal.h"

namespace rollbook::tests {

using core::Time;

Rehearsal::Source& Rehearsal::source(const std::string& series, const Labels& labels,
                                     runtime::PointKind kind) {
  Labels sorted = labels;
  std::sort(sorted.begin(), sorted.end());
  for (Source& known : sources_) {
    if (known.name.name == series && known.name.labels == sorted) return known;
  }
  Source& made = sources_.emplace_back();
  made.name = runtime::SeriesName{
      runtime::SeriesNumber{static_cast<std::uint32_t>(sources_.size() - 1)}, series, sorted};
  made.kind = kind;
  return made;
}

void Rehearsal::counter(const std::string& name, const Labels& labels, std::int64_t per_second) {
  Source& counted = source(name, labels, runtime::PointKind::counter);
  counted.per_second = per_second;
  counted.silent = false;
}

void Rehearsal::add(const std::string& name, const Labels& labels, std::int64_t count) {
  source(name, labels, runtime::PointKind::counter).total += count;
}

void Rehearsal::histogram(const std::string& name, const Labels& labels,
                          std::vector<std::int64_t> bounds_ms,
                          std::vector<std::int64_t> per_second) {
  ROLLBOOK_CHECK(per_second.size() == bounds_ms.size() + 1);
  Source& observed = source(name, labels, runtime::PointKind::histogram);
  if (observed.buckets.empty()) {
    std::vector<core::Fixed> bounds;
    for (const std::int64_t bound : bounds_ms) {
      bounds.push_back(core::Fixed::from_nanos(core::Int128{bound} * 1'000'000));
    }
    observed.layout = runtime::LayoutNumber{static_cast<std::uint32_t>(layouts_.size())};
    layouts_.push_back(bounds);
    observed.buckets.resize(per_second.size());
  }
  observed.bucket_rates = std::move(per_second);
  observed.silent = false;
}

void Rehearsal::observe(const std::string& name, const Labels& labels,
                        const std::vector<std::int64_t>& counts) {
  Source& observed = source(name, labels, runtime::PointKind::histogram);
  ROLLBOOK_CHECK(observed.buckets.size() == counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) observed.buckets[i] += counts[i];
}

void Rehearsal::gauge(const std::string& name, const Labels& labels, std::int64_t value) {
  source(name, labels, runtime::PointKind::gauge).total = value;
}

void Rehearsal::restart(const std::string& series, const Labels& labels) {
  source(series, labels, runtime::PointKind::counter).total = 0;
}

void Rehearsal::silence(const std::string& name, const Labels& labels) {
  source(name, labels, runtime::PointKind::counter).silent = true;
}
void Rehearsal::silence() { silent_ = true; }
void Rehearsal::speak() { silent_ = false; }

void Rehearsal::lag(const std::string& name, const Labels& labels, core::Duration by) {
  source(name, labels, runtime::PointKind::counter).lag = by;
}

void Rehearsal::put(runtime::PointBatch& batch, Source& from, runtime::MetricPoint point,
                    const std::vector<std::int64_t>& buckets) {
  if (!from.sent) batch.new_series.push_back(from.name);
  from.sent = true;
  point.first_bucket = static_cast<std::uint32_t>(batch.buckets.size());
  batch.buckets.insert(batch.buckets.end(), buckets.begin(), buckets.end());
  point.offset = offset_++;
  batch.points.push_back(point);
}

// Points carry the time of the scrape; they arrive now, or when their lag is over.
void Rehearsal::scrape(Time at) {
  runtime::PointBatch batch;
  const std::int64_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(scrape_every).count();
  for (Source& scraped : sources_) {
    scraped.total += scraped.per_second * seconds;
    for (std::size_t i = 0; i < scraped.buckets.size(); ++i) {
      scraped.buckets[i] += scraped.bucket_rates[i] * seconds;
    }
    if (scraped.silent || silent_) continue;
    runtime::MetricPoint point;
    point.series = scraped.name.number;
    point.kind = scraped.kind;
    point.end = at + clock_offset;
    point.value = core::Fixed::from_int(scraped.total);
    point.layout = scraped.layout;
    if (scraped.lag > 0s) {
      delayed_.push_back(Delayed{at + scraped.lag, point.series, point, scraped.buckets});
    } else {
      put(batch, scraped, point, scraped.buckets);
    }
  }
  feed(std::move(batch));
}

void Rehearsal::deliver_delayed() {
  runtime::PointBatch batch;
  for (const Delayed& late : delayed_) {
    if (late.at <= now_) put(batch, sources_[late.series.value], late.point, late.buckets);
  }
  if (batch.points.empty()) return;
  std::erase_if(delayed_, [&](const Delayed& late) { return late.at <= now_; });
  feed(std::move(batch));
}

void Rehearsal::feed(runtime::PointBatch batch) {
  if (hoarding_) {
    for (runtime::MetricPoint point : batch.points) {
      point.first_bucket += static_cast<std::uint32_t>(hoard_.buckets.size());
      hoard_.points.push_back(point);
    }
    hoard_.buckets.insert(hoard_.buckets.end(), batch.buckets.begin(), batch.buckets.end());
    hoard_.new_series.insert(hoard_.new_series.end(), batch.new_series.begin(),
                             batch.new_series.end());
    return;
  }
  batch.topic = "metrics";
  batch.new_layouts.assign(layouts_.begin() + static_cast<std::ptrdiff_t>(layouts_sent_),
                           layouts_.end());
  layouts_sent_ = layouts_.size();
  batch.next_offset = offset_;
  history_.push_back(batch);
  if (points_a_turn == 0 || batch.points.empty()) {
    shard_->points(batch, now_);
    commit();
    return;
  }
  runtime::PointBatch part = batch;
  for (std::size_t from = 0; from < batch.points.size(); from += points_a_turn) {
    const std::size_t to = std::min(batch.points.size(), from + points_a_turn);
    part.points.assign(batch.points.begin() + static_cast<std::ptrdiff_t>(from),
                       batch.points.begin() + static_cast<std::ptrdiff_t>(to));
    part.next_offset = part.points.back().offset + 1;
    shard_->points(part, now_);
    commit();
    part.new_series.clear();
    part.new_layouts.clear();
  }
}

void Rehearsal::deliver(const std::vector<Sent>& points, std::int32_t partition) {
  runtime::PointBatch batch;
  batch.partition = partition;
  for (const Sent& sent : points) {
    Source& named = source(sent.series, sent.labels, sent.kind);
    named.silent = true;
    runtime::MetricPoint made;
    made.series = named.name.number;
    made.kind = sent.kind;
    made.start = sent.start;
    made.end = sent.end;
    made.value = core::Fixed::from_int(sent.value);
    made.layout = named.layout;
    put(batch, named, made, sent.buckets);
  }
  feed(std::move(batch));
}

void Rehearsal::point(const std::string& series, const Labels& labels, std::int64_t value,
                      core::Duration age, runtime::PointKind kind,
                      std::optional<core::Duration> span) {
  Source& named = source(series, labels, kind);
  named.silent = true;
  runtime::MetricPoint made;
  made.series = named.name.number;
  made.kind = kind;
  made.end = now_ - age;
  if (span) made.start = made.end - *span;
  made.value = core::Fixed::from_int(value);
  runtime::PointBatch batch;
  put(batch, named, made, {});
  feed(std::move(batch));
}

}  // namespace rollbook::tests
