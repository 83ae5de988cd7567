#include "tools/scenario/meters.h"

#include <algorithm>

namespace rollbook::tools {

using adapters::Whose;
using core::Fixed;
using core::Int128;
using core::MetricKind;
using core::Time;
using dsl::scenario::Level;

namespace {

constexpr Int128 kScale = Fixed::kScale;
// As the sandbox scrapes, so that a plan reacts alike in both.
constexpr core::Duration kScrapeMost = std::chrono::seconds(15);

// The share of observations that take no longer than `bound`: a straight line from quantile to
// quantile, from 0 at 0 to all of them a quarter above the last.
std::int64_t share_within(const Level& level, Fixed bound, Fixed unit) {
  Int128 from_value = 0;
  Int128 from_share = 0;
  const auto on_line = [&](Int128 value, Int128 share) {
    return static_cast<std::int64_t>(
        from_share + (share - from_share) * (bound.nanos - from_value) / (value - from_value));
  };
  for (const auto& quantile : level.quantiles) {
    const Int128 value = Int128{quantile.value.count()} * kScale / unit.nanos;
    if (bound.nanos <= value) return on_line(value, quantile.at.nanos);
    from_value = value;
    from_share = quantile.at.nanos;
  }
  const Int128 end = from_value + from_value / 4;
  return bound.nanos < end ? on_line(end, kScale) : static_cast<std::int64_t>(kScale);
}

}  // namespace

Meters::Meters(const Script& script, Time begin)
    : script_(script),
      begin_(begin),
      now_(begin),
      scrape_at_(begin),
      scrape_every_(adapters::scrape_interval(script.machine(), kScrapeMost)),
      traffic_(script.healthy, script.load, begin, 1, adapters::begins_of(script.machine())) {
  for (const adapters::WireSeries& series : script.healthy) {
    layouts_.push_back(layout_of(series.bounds));
  }
  for (const GivenSeries& series : script.given) {
    layouts_.push_back(layout_of(series.bounds));
    Counted& counted = counted_.emplace_back();
    counted.series = &series;
    counted.buckets.resize(series.kind == MetricKind::histogram ? series.bounds.size() + 1 : 0);
    enter(counted);
  }
}

runtime::LayoutNumber Meters::layout_of(const std::vector<Fixed>& bounds) {
  if (bounds.empty()) return {};
  auto known = std::find(bounds_.begin(), bounds_.end(), bounds);
  if (known == bounds_.end()) known = bounds_.insert(bounds_.end(), bounds);
  return runtime::LayoutNumber{static_cast<std::uint32_t>(known - bounds_.begin())};
}

Time Meters::next() const {
  Time next = scrape_at_;
  for (const Counted& counted : counted_) {
    if (const auto end = counted.ends.find(counted.phase); end != counted.ends.end()) {
      next = std::min(next, end->second);
    }
  }
  return next;
}

void Meters::run_until(Time now, runtime::PointBatch& batch) {
  while (next() <= now) {
    flow_until(next());
    turn_phases(now_);
    if (scrape_at_ > now_) continue;
    read(batch);
    scrape_at_ = now_ + scrape_every_;
  }
  flow_until(now);
}

void Meters::set_weight(core::TargetIndex target, core::Weight weight) {
  traffic_.set_weight(target, weight);
}

void Meters::mark(const std::string& stage, Time now) {
  for (Counted& counted : counted_) {
    for (std::size_t i = 0; i < counted.series->phases.size(); ++i) {
      const auto& until = counted.series->phases[i].until;
      if (until && until->stage == stage) counted.ends.try_emplace(i, now + until->after);
    }
  }
}

void Meters::suffer(const adapters::FaultClock& faults, Time now) { faults.trouble(traffic_, now); }

void Meters::turn_phases(Time now) {
  for (Counted& counted : counted_) {
    for (auto end = counted.ends.find(counted.phase);
         end != counted.ends.end() && end->second <= now; end = counted.ends.find(counted.phase)) {
      ++counted.phase;
      enter(counted);
    }
  }
}

void Meters::enter(Counted& counted) {
  if (counted.level().kind != Level::Kind::latencies) return;
  counted.shares.clear();
  std::int64_t before = 0;
  for (const Fixed bound : counted.series->bounds) {
    const std::int64_t within = share_within(counted.level(), bound, counted.series->unit);
    counted.shares.push_back(within - before);
    before = within;
  }
  counted.shares.push_back(static_cast<std::int64_t>(kScale) - before);
}

Int128 Meters::requests_of(const GivenSeries& series) const {
  return traffic_.requests_of(series.whose, series.target, script_.load.nanos_at(now_));
}

void Meters::flow_until(Time now) {
  if (now <= now_) return;
  for (Counted& counted : counted_) flow(counted, now - now_);
  traffic_.flow_until(now);
  now_ = now;
}

void Meters::flow(Counted& counted, core::Duration passed) const {
  const Level& level = counted.level();
  switch (level.kind) {
    case Level::Kind::rate:
      counted.count += level.number.nanos * passed.count() / kScale;
      return;
    case Level::Kind::share:
      counted.count +=
          requests_of(*counted.series) * passed.count() / kScale * level.number.nanos / kScale;
      return;
    case Level::Kind::latencies: {
      const Int128 a_second =
          level.observations ? level.observations->nanos : requests_of(*counted.series);
      const Int128 observations = a_second * passed.count() / kScale;
      for (std::size_t i = 0; i < counted.buckets.size(); ++i) {
        counted.buckets[i] += observations * counted.shares[i] / kScale;
      }
      return;
    }
    case Level::Kind::value:
    case Level::Kind::silent:
      return;
  }
}

// ---- Reading ----------------------------------------------------------------------------------

void Meters::read(runtime::PointBatch& batch) {
  if (!named_) name_series(batch);
  named_ = true;
  for (std::size_t i = 0; i < traffic_.size(); ++i) put_healthy(batch, i);
  for (std::size_t i = 0; i < counted_.size(); ++i) put_given(batch, i);
  batch.topic = "metrics";
  // One record a scrape: what it says is judged together.
  batch.next_offset = ++offset_;
}

void Meters::name_series(runtime::PointBatch& batch) {
  std::uint32_t number = 0;
  for (const adapters::WireSeries& series : script_.healthy) {
    batch.new_series.push_back({runtime::SeriesNumber{number++}, series.name, series.labels});
  }
  for (const GivenSeries& series : script_.given) {
    batch.new_series.push_back({runtime::SeriesNumber{number++}, series.name, series.labels});
  }
  batch.new_layouts = bounds_;
}

void Meters::put_healthy(runtime::PointBatch& batch, std::size_t index) {
  const adapters::Traffic::Total total = traffic_.total(index);
  if (traffic_.silent(total.series.whose, total.series.target)) return;
  Fixed value = total.series.level;
  if (total.series.kind == MetricKind::counter) value = Fixed{total.count / kScale * kScale};
  put(batch, index, total.series.kind, total.buckets, total.series.bounds, value);
}

void Meters::put_given(runtime::PointBatch& batch, std::size_t index) {
  const Counted& counted = counted_[index];
  const GivenSeries& series = *counted.series;
  if (counted.level().kind == Level::Kind::silent || traffic_.silent(series.whose, series.target))
    return;
  Fixed value = counted.level().number;
  if (series.kind == MetricKind::counter) value = Fixed{counted.count / kScale * kScale};
  put(batch, traffic_.size() + index, series.kind, counted.buckets, series.bounds, value);
}

void Meters::put(runtime::PointBatch& batch, std::size_t number, MetricKind kind,
                 const std::vector<Int128>& buckets, const std::vector<Fixed>& bounds,
                 Fixed value) {
  runtime::MetricPoint point;
  point.series = runtime::SeriesNumber{static_cast<std::uint32_t>(number)};
  point.kind = kind == MetricKind::counter     ? runtime::PointKind::counter
               : kind == MetricKind::histogram ? runtime::PointKind::histogram
                                               : runtime::PointKind::gauge;
  if (kind != MetricKind::gauge) point.start = begin_;
  point.end = now_;
  point.value = value;
  point.offset = offset_;
  if (kind == MetricKind::histogram) {
    point.layout = layouts_[number];
    point.first_bucket = static_cast<std::uint32_t>(batch.buckets.size());
    Int128 sum = 0;
    Int128 below = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      const auto count = static_cast<std::int64_t>(buckets[i] / kScale);
      batch.buckets.push_back(count);
      // The middle of each bucket stands for its observations.
      const Int128 above = i < bounds.size() ? bounds[i].nanos : below;
      sum += count * ((below + above) / 2);
      below = above;
    }
    point.value = Fixed{sum};
  }
  batch.points.push_back(point);
}

}  // namespace rollbook::tools
