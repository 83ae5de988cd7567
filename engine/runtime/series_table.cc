#include "engine/runtime/series_table.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/core/limits.h"

namespace rollbook::runtime {

using core::kDistantPast;

// Beyond pace.h's measure a process that began anew with another that fell may count so many times.
constexpr std::int64_t kMuchFaster = 25;

void SeriesTable::learn(const PointBatch& batch) {
  coming_in_.reset();
  if (!batch.new_series.empty()) {
    for (const MetricPoint& point : batch.points) heard_until_ = std::max(heard_until_, point.end);
  }
  for (const SeriesName& name : batch.new_series) {
    if (series_.size() <= name.number.value) series_.resize(name.number.value + 1);
    Entry& entry = series_[name.number.value];
    entry.name = name;
    entry.rhythm = rhythm_of(name.name);
    namesakes_.add(name, heard_until_,
                   [this](SeriesNumber number) -> const SeriesName& { return name_of(number); });
    const auto found = waiting_.find(key_of(name));
    if (found == waiting_.end()) continue;
    entry.base = found->second.base;
    remembered_[found->second.place].seen = name.number;
  }
  layouts_.insert(layouts_.end(), batch.new_layouts.begin(), batch.new_layouts.end());
}

std::optional<Increment> SeriesTable::take(const PointBatch& batch, const MetricPoint& point) {
  Entry& entry = series_[point.series.value];
  if (is_total(point.kind)) return take_cumulative(entry, batch, point);
  if (point.kind != PointKind::gauge) return take_delta(entry.base, batch, point);
  return take_gauge(entry.base, point);
}

// Not only the latest time is known: a batch that is sent again holds more than one, a gauge may
// come late, and one bad clock must not silence it.
std::optional<Increment> SeriesTable::take_gauge(Base& base, const MetricPoint& point) {
  if (note(base, point.kind, {point.end, point.end}) != Noted::fresh) return std::nullopt;
  Increment increment;
  increment.start = point.end;
  increment.end = point.end;
  increment.gauge = true;
  increment.value = point.value;
  return increment;
}

void SeriesTable::load(const PointBatch& batch, const MetricPoint& point) {
  if (is_exponential(point.kind)) {
    exponential_ = exponential_at(batch.buckets, point.first_bucket);
    return;
  }
  const auto from = batch.buckets.begin() + point.first_bucket;
  buckets_.assign(from,
                  from + static_cast<std::ptrdiff_t>(layouts_[point.layout.value].size()) + 1);
}

void SeriesTable::deliver(const MetricPoint& point, Increment& increment) const {
  increment.layout = point.layout;
  if (is_exponential(point.kind)) {
    increment.exponential = &exponential_;
    increment.samples = observations(point);
    return;
  }
  increment.buckets = &buckets_;
  increment.samples = observations(point);
}

std::int64_t SeriesTable::observations(const MetricPoint& point) const {
  return is_exponential(point.kind)
             ? total(exponential_)
             : std::accumulate(buckets_.begin(), buckets_.end(), std::int64_t{0});
}

bool SeriesTable::take_away(Base& base, const MetricPoint& point) {
  const bool exponential = is_exponential(point.kind);
  if (exponential) {
    const bool same = base.known && base.exponential;
    const core::Exponential before = same ? exponential_at(base.buckets, 0) : core::Exponential{};
    base.exponential = true;
    base.buckets.clear();
    put_exponential(exponential_, base.buckets);
    return same && subtract(before, exponential_);
  }
  const bool grown =
      base.known && !base.exponential && buckets_.size() == base.buckets.size() &&
      base.layout.value_or(point.layout) == point.layout &&
      std::equal(buckets_.begin(), buckets_.end(), base.buckets.begin(),
                 [](std::int64_t now, std::int64_t before) { return now >= before; });
  base.exponential = false;
  base.layout = point.layout;
  if (!grown) {
    base.buckets = buckets_;
    return false;
  }
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    buckets_[i] -= std::exchange(base.buckets[i], buckets_[i]);
  }
  return true;
}

bool SeriesTable::has_fallen(const PointBatch& batch, const MetricPoint& point) const {
  const Base& base = series_[point.series.value].base;
  if (!base.known || point.end <= base.end) return false;
  if (point.kind == PointKind::counter) return point.value < base.value;
  if (point.kind != PointKind::histogram || base.exponential) return false;
  const auto from = batch.buckets.begin() + point.first_bucket;
  const auto size = static_cast<std::ptrdiff_t>(layouts_[point.layout.value].size()) + 1;
  return std::accumulate(from, from + size, std::int64_t{0}) <
         std::accumulate(base.buckets.begin(), base.buckets.end(), std::int64_t{0});
}

bool SeriesTable::others_fell(const PointBatch& batch, const MetricPoint& point,
                              core::Int128 total) {
  find_fallen(batch, point.start);
  const auto began = [&](const Fallen& other) { return other.start == point.start; };
  const bool before = std::any_of(fallen_.begin(), fallen_.end(), began);
  if (falling_.empty() && !before) return false;
  const Entry& entry = series_[point.series.value];
  if (entry.base.pace.allows(total / kMuchFaster, point.end - point.start, entry.base.end)) {
    return true;
  }
  const auto same = [&](SeriesNumber other) {
    return labels_agree(entry.name, series_[other.value].name);
  };
  return std::any_of(falling_.begin(), falling_.end(), same) ||
         std::any_of(fallen_.begin(), fallen_.end(),
                     [&](const Fallen& other) { return began(other) && same(other.series); });
}

void SeriesTable::find_fallen(const PointBatch& batch, core::Time start) {
  const Asked asked{batch.partition, batch.next_offset, start};
  if (numbers_ == Numbers::foreign || asked == asked_) return;
  asked_ = asked;
  falling_.clear();
  for (const MetricPoint& other : batch.points) {
    if (other.start == start && has_fallen(batch, other)) falling_.push_back(other.series);
  }
}

bool SeriesTable::begins_anew(const Base& base, const PointBatch& batch, const MetricPoint& point,
                              core::Int128 total, core::Int128 growth) {
  if (point.start <= base.start) return false;
  if (base.start == kDistantPast && point.start < base.end) return false;  // it says so now
  if (others_fell(batch, point, total)) return true;
  // A process that begins after what was counted before; OpenTelemetry's mark of a start that
  // nobody knows, which is the time of the point itself, begins none.
  if (point.start < base.end || point.start == point.end) return false;
  if (base.pace.allows(total, point.end - point.start, base.end)) return true;
  return !base.pace.allows(growth, point.end - base.end, base.end) && growth >= total - growth;
}

SeriesTable::Taken SeriesTable::take_total(Base& base, const PointBatch& batch,
                                           const MetricPoint& point) {
  const auto loaded = [&] { return core::Int128{observations(point)} * core::Fixed::kScale; };
  const bool histogram = is_histogram(point.kind);
  Taken taken;
  bool fell = false;
  if (histogram) {
    load(batch, point);
    taken.added = taken.total = loaded();
    fell = !take_away(base, point) && base.known;
    if (base.known && !fell) taken.added = loaded();
  } else {
    taken.added = taken.total = point.value.nanos;
    fell = base.known && point.value < base.value;
    if (base.known && !fell) taken.added -= base.value.nanos;
  }
  if (fell && point.start > base.start) {
    fallen_[fallen_count_++ % fallen_.size()] = {point.start, point.series};
  }
  taken.anew = fell || (base.known && begins_anew(base, batch, point, taken.total, taken.added));
  if (taken.anew && !fell) {
    taken.added = taken.total;
    if (histogram) load(batch, point);  // as it was before the base was taken away
  }
  return taken;
}

// Whether it is known since when the point counts. Of a first sample that was counted before, as
// another's or as deltas, it is not: nothing of it has just happened, whatever start it is given.
bool SeriesTable::is_dated(const Base& base, const MetricPoint& point) {
  if (point.start == kDistantPast || point.start == point.end) return false;
  return base.known || !base.retold;
}

Increment SeriesTable::take_waiting(Base& base, const MetricPoint& point) {
  base.waits_since = base.heard = base.end = point.end;
  base.start = point.start;
  base.value = point.value;
  base.pace = {0, point.end};
  if (is_histogram(point.kind)) take_away(base, point);
  Increment increment;
  increment.start = increment.end = point.end;
  increment.untyped = point.kind == PointKind::untyped;
  increment.level = increment.value = point.value;
  increment.first = increment.retold = true;
  if (is_histogram(point.kind)) deliver(point, increment);
  return increment;
}

// What came as deltas was counted, and nobody knows how much of the total that is: it is a base,
// unless it began after them.
void SeriesTable::begin_totals(Base& base, const MetricPoint& point) {
  const bool retold = point.start < base.end;
  base = without_totals(base);
  base.retold = retold;
}

SeriesTable::Base SeriesTable::without_totals(Base& base) {
  Base bare;
  bare.recent = base.recent;
  bare.recent_count = base.recent_count;
  bare.covered = std::move(base.covered);
  return bare;
}

std::optional<Increment> SeriesTable::settle(Entry& entry, const PointBatch& batch,
                                             const MetricPoint& point) {
  Base& base = entry.base;
  if (!is_total(point.kind)) return std::nullopt;
  if (point.end <= base.waits_since || point.start > point.end) return std::nullopt;
  // Of another kind by now: what the first one counted cannot be told in its buckets.
  if (is_histogram(point.kind) == base.buckets.empty() ||
      is_exponential(point.kind) != base.exponential) {
    begin_totals(base, point);
    return std::nullopt;
  }
  const Kin kin = origin_of(entry, batch, point);
  if (kin.origin == Origin::follows) go_on(base_of(kin.of), point, entry.name.number, base);
  base.retold = kin.origin == Origin::beside;
  if (kin.origin == Origin::retold) {
    base.known = true;
    base_of(kin.of).heir = entry.name.number;
  }
  if (kin.origin != Origin::own) return std::nullopt;
  PointBatch waited;
  waited.buckets = std::move(base.buckets);
  MetricPoint first = point;
  first.first_bucket = 0;
  first.layout = base.layout.value_or(point.layout);
  first.start = base.start;
  first.end = base.waits_since;
  first.value = base.value;
  first.only_base = false;
  const core::Time zero = base.zero;
  base = without_totals(base);
  base.own = true;
  base.zero = zero;
  auto counted = take_cumulative(entry, waited, first);
  if (counted) counted->settled = true;
  return counted;
}

std::optional<Increment> SeriesTable::take_cumulative(Entry& entry, const PointBatch& batch,
                                                      const MetricPoint& point) {
  Base& base = entry.base;
  // Late, or the same again.
  if (point.end <= (base.known ? base.end : base.waits_since)) return std::nullopt;
  if (point.start > point.end) return std::nullopt;
  if (base.intervals) begin_totals(base, point);
  if (is_waiting(base)) settle(entry, batch, point);  // whoever wants it has asked
  if (!base.known && !base.retold && !base.own && !point.only_base) {
    base.zero = zero_at(entry, batch, point);
    if (origin_of(entry, batch, point).origin == Origin::waits) return take_waiting(base, point);
  }
  if (base.heir) come_back(entry, batch, point);
  Increment increment;
  increment.end = point.end;
  increment.untyped = point.kind == PointKind::untyped;
  increment.level = point.value;

  const Taken taken = take_total(base, batch, point);
  if (is_histogram(point.kind)) deliver(point, increment);
  increment.value = point.value;
  if (base.known && !taken.anew) increment.value -= base.value;
  const bool dated = is_dated(base, point);
  // A process that began an export ago counted evenly since; one that was first heard later may
  // have had all of it just now.
  const bool is_young = dated && point.end - point.start <= core::kStretchMost;
  increment.measured = base.known || is_young || (dated && base.zero > point.start);
  if (base.known) {
    increment.start = taken.anew && dated ? std::max(point.start, base.end) : base.end;
    if (!point.only_base) rhythms_[entry.rhythm].hear(base.end, point.end);
  } else {
    increment.first = !dated && point.start < point.end;
    if (increment.first) increment.untold = rhythms_[entry.rhythm].untold(point.end);
    increment.retold = base.retold;
    increment.start = dated ? std::max(point.start, base.zero) : point.end;
    base.heard = point.end;
    first_heard_ = std::min(first_heard_, point.end);
  }
  const bool counts = !point.only_base && (base.known || dated || increment.first);
  if (point.only_base) {
    base.pace = {0, point.end};
  } else if (taken.anew || !base.known) {
    base.pace = {0, increment.start};
  }
  if (counts && (base.known || dated)) base.pace.counted += taken.added;
  if (dated && point.start < base.pace.since) base.pace = {taken.total, point.start};
  base.before = base.end;
  base.known = true;
  base.start = point.start;
  base.end = point.end;
  base.value = point.value;
  if (point.start != kDistantPast) note_export(point);
  return counts ? std::optional(increment) : std::nullopt;
}

// Of intervals that overlap only one can be counted: they may be two senders, but also one whose
// points came through two Collectors, and nothing in them tells which.
SeriesTable::Noted SeriesTable::note(Base& base, PointKind kind, Interval interval) {
  core::Time oldest = interval.end;
  bool meets = false;
  const std::uint32_t kept =
      std::min<std::uint32_t>(base.recent_count, static_cast<std::uint32_t>(base.recent.size()));
  for (std::uint32_t i = 0; i < kept; ++i) {
    const Interval& seen = base.recent[i];
    const bool overlaps = interval.start < seen.end && seen.start < interval.end;
    // A gauge where intervals came is no duplicate but a mistake, which somebody must be told.
    const bool other = kind == PointKind::gauge && seen.start != seen.end;
    if ((seen.end == interval.end && !other) || overlaps) {
      if (is_same(seen, interval)) return Noted::again;
      meets = true;
    }
    if (i == 0 || seen.end < oldest) oldest = seen.end;
  }
  // Of what counts nothing, nothing is lost.
  const bool tells = kind != PointKind::gauge && interval.amount != 0;
  if (meets) return tells && !joins(base, interval) ? Noted::clash : Noted::again;
  // Behind all that is remembered, a duplicate cannot be told from a late point.
  if (kind == PointKind::gauge) {
    if (kept == base.recent.size() && interval.end <= oldest) return Noted::again;
  } else {
    if (base.covered.meets({interval.start, interval.end})) return Noted::again;
    base.covered.add({interval.start, interval.end});
  }
  base.recent[base.recent_count++ % base.recent.size()] = interval;
  base.known = base.intervals = true;
  base.end = std::max(base.end, interval.end);
  return Noted::fresh;
}

bool SeriesTable::is_same(const Interval& seen, const Interval& interval) {
  return seen.start == interval.start && seen.end == interval.end &&
         (seen.amount == interval.amount || seen.amount == kUnknown);
}

// Whether it is made of intervals that were counted, without a gap and with the same sum.
bool SeriesTable::joins(const Base& base, const Interval& interval) {
  core::Duration left = interval.end - interval.start;
  Amount amount = interval.amount;
  bool known = true;
  const std::size_t kept = std::min<std::size_t>(base.recent_count, base.recent.size());
  for (std::size_t i = 0; i < kept; ++i) {
    const Interval& seen = base.recent[i];
    if (seen.end <= interval.start || interval.end <= seen.start) continue;
    if (seen.start < interval.start || interval.end < seen.end) return false;
    left -= seen.end - seen.start;
    amount -= seen.amount;
    known = known && seen.amount != kUnknown;
  }
  return left == core::Duration::zero() && (amount == 0 || !known);
}

SeriesTable::Amount SeriesTable::amount_of(const MetricPoint& point) const {
  core::Int128 amount = point.value.nanos;
  if (is_histogram(point.kind)) amount += core::Int128{observations(point)} * core::Fixed::kScale;
  return static_cast<Amount>(amount);
}

std::optional<Increment> SeriesTable::take_delta(Base& base, const PointBatch& batch,
                                                 const MetricPoint& point) {
  const bool bare = point.start == kDistantPast;
  const core::Time start = bare ? point.end : point.start;
  if (!bare && start >= point.end) return std::nullopt;
  if (is_histogram(point.kind)) load(batch, point);
  const Noted noted = note(base, point.kind, {start, point.end, amount_of(point)});
  if (noted == Noted::again) return std::nullopt;

  Increment increment;
  increment.start = start;
  increment.end = point.end;
  increment.clashes = noted == Noted::clash;
  increment.measured = !bare;
  increment.value = point.value;
  if (is_histogram(point.kind)) deliver(point, increment);
  return increment;
}

}  // namespace rollbook::runtime
