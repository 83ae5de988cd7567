#include "engine/runtime/series_table.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/runtime/bytes.h"

namespace rollbook::runtime {

using core::kDistantPast;

namespace {

constexpr std::uint64_t kFormat = 3;  // 1 had no exponential histograms, 2 no pace

}  // namespace

void SeriesTable::learn(const PointBatch& batch) {
  for (const SeriesName& name : batch.new_series) {
    if (series_.size() <= name.number.value) series_.resize(name.number.value + 1);
    Entry& entry = series_[name.number.value];
    entry.name = name;
    const std::string key = key_of(name);
    const auto found = std::lower_bound(
        waiting_.begin(), waiting_.end(), key,
        [](const auto& waiting, const std::string& wanted) { return waiting.first < wanted; });
    if (found != waiting_.end() && found->first == key) entry.base = found->second;
    entry.base.retold = namesakes_.add(name, [this](SeriesNumber number) -> const SeriesName& {
      return series_[number.value].name;
    });
  }
  layouts_.insert(layouts_.end(), batch.new_layouts.begin(), batch.new_layouts.end());
}

std::optional<Increment> SeriesTable::take(const PointBatch& batch, const MetricPoint& point) {
  Base& base = series_[point.series.value].base;
  switch (point.kind) {
    case PointKind::counter:
    case PointKind::histogram:
    case PointKind::exponential:
    case PointKind::untyped:
      return take_cumulative(base, batch, point);
    case PointKind::counter_delta:
    case PointKind::histogram_delta:
    case PointKind::exponential_delta:
      return take_delta(base, batch, point);
    case PointKind::gauge:
      break;
  }
  return take_gauge(base, point);
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

bool SeriesTable::others_fell(const PointBatch& batch, core::Time start) {
  if (std::find(fallen_.begin(), fallen_.end(), start) != fallen_.end()) return true;
  const Asked asked{batch.partition, batch.next_offset, start};
  if (asked == asked_) return answer_;
  asked_ = asked;
  answer_ = std::any_of(batch.points.begin(), batch.points.end(), [&](const MetricPoint& other) {
    return other.start == start && has_fallen(batch, other);
  });
  return answer_;
}

bool SeriesTable::begins_anew(const Base& base, const PointBatch& batch, const MetricPoint& point,
                              core::Int128 total, core::Int128 growth) {
  if (point.start <= base.start) return false;
  if (base.start == kDistantPast && point.start < base.end) return false;  // it says so now
  if (others_fell(batch, point.start)) return true;
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
  if (fell && point.start > base.start) fallen_[fallen_count_++ % fallen_.size()] = point.start;
  taken.anew = fell || (base.known && begins_anew(base, batch, point, taken.total, taken.added));
  if (taken.anew && !fell) {
    taken.added = taken.total;
    if (histogram) load(batch, point);  // as it was before the base was taken away
  }
  return taken;
}

// Whether it is known since when the point counts. Of a first sample that was counted before under
// other labels it is not: nothing of it has just happened, whatever start a Collector gives it.
bool SeriesTable::is_dated(const Base& base, const MetricPoint& point) {
  if (point.start == kDistantPast || point.start == point.end) return false;
  return base.known || !base.retold;
}

std::optional<Increment> SeriesTable::take_cumulative(Base& base, const PointBatch& batch,
                                                      const MetricPoint& point) {
  if (base.known && point.end <= base.end) return std::nullopt;  // late, or the same again
  if (point.start > point.end) return std::nullopt;
  Increment increment;
  increment.end = point.end;
  increment.untyped = point.kind == PointKind::untyped;
  increment.level = point.value;

  const Taken taken = take_total(base, batch, point);
  if (is_histogram(point.kind)) deliver(point, increment);
  increment.value = point.value;
  if (base.known && !taken.anew) increment.value -= base.value;
  const bool dated = is_dated(base, point);
  increment.measured = base.known;
  if (base.known) {
    increment.start = taken.anew && dated ? std::max(point.start, base.end) : base.end;
  } else {
    increment.first = !dated && point.start < point.end;
    increment.retold = base.retold;
    increment.start = dated ? point.start : point.end;
  }
  const bool counts = !point.only_base && (base.known || dated || increment.first);
  if (point.only_base) {
    base.pace = {0, point.end};
  } else if (taken.anew || !base.known) {
    base.pace = {0, increment.start};
  }
  if (counts && (base.known || dated)) base.pace.counted += taken.added;
  if (dated && point.start < base.pace.since) base.pace = {taken.total, point.start};
  base.known = true;
  base.start = point.start;
  base.end = point.end;
  base.value = point.value;
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
  if (kept == base.recent.size() && interval.end <= oldest) return Noted::again;
  base.recent[base.recent_count++ % base.recent.size()] = interval;
  base.known = true;
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

std::string SeriesTable::key_of(const SeriesName& name) {
  std::string key = name.name;
  for (const auto& [label, value] : name.labels) {
    key += '\0';
    key += label;
    key += '\0';
    key += value;
  }
  return key;
}

std::string SeriesTable::save() const {
  Bytes bytes;
  bytes.number(kFormat);
  std::vector<std::pair<std::string, const Base*>> known;
  for (const Entry& entry : series_) {
    if (entry.base.known) known.emplace_back(key_of(entry.name), &entry.base);
  }
  for (const auto& [key, base] : waiting_) known.emplace_back(key, &base);
  // A series seen since the restore stands first among equals and wins.
  std::stable_sort(known.begin(), known.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  known.erase(std::unique(known.begin(), known.end(),
                          [](const auto& a, const auto& b) { return a.first == b.first; }),
              known.end());
  bytes.number(known.size());
  for (const auto& [key, base] : known) {
    bytes.text(key);
    bytes.time(base->start);
    bytes.time(base->end);
    bytes.fixed(base->value);
    bytes.number(base->exponential ? 1 : 0);
    bytes.number(base->buckets.size());
    for (const std::int64_t bucket : base->buckets) bytes.signed_number(bucket);
    bytes.number(base->recent_count);
    for (const Interval& interval : base->recent) {
      bytes.time(interval.start);
      bytes.time(interval.end);
    }
    bytes.fixed(core::Fixed{base->pace.counted});
    bytes.time(base->pace.since);
  }
  return std::move(bytes.data);
}

core::Result<SeriesTable::KeyedBases> SeriesTable::parse(std::string_view data) {
  BytesReader bytes(data);
  const std::uint64_t format = bytes.number();
  if (format < 1 || format > kFormat) {
    return core::fail("the bases of series are of another format");
  }
  KeyedBases bases;
  for (std::uint64_t left = bytes.number(); left > 0 && !bytes.failed; --left) {
    std::string key = bytes.text();
    Base base;
    base.known = true;
    base.start = bytes.time();
    base.end = bytes.time();
    base.value = bytes.fixed();
    base.exponential = format > 1 && bytes.number() == 1;
    for (std::uint64_t n = bytes.number(); n > 0 && !bytes.failed; --n) {
      base.buckets.push_back(bytes.signed_number());
    }
    if (base.exponential && !holds_exponential(base.buckets)) bytes.failed = true;
    base.recent_count = static_cast<std::uint32_t>(bytes.number());
    for (Interval& interval : base.recent) {
      interval.start = bytes.time();
      interval.end = bytes.time();
    }
    if (format > 2) {
      base.pace.counted = bytes.fixed().nanos;
      base.pace.since = bytes.time();
    }
    bases.emplace_back(std::move(key), std::move(base));
  }
  if (bytes.failed) return core::fail("the bases of series are damaged");
  return bases;
}

core::Status SeriesTable::restore(std::string_view data) {
  TRY(waiting_, parse(data));
  return {};
}

// The last intervals of both, the oldest first.
void SeriesTable::remember(const Base& other, Base& base) {
  std::vector<Interval> all;
  for (const Base* each : {&other, static_cast<const Base*>(&base)}) {
    const std::size_t kept = std::min<std::size_t>(each->recent_count, each->recent.size());
    all.insert(all.end(), each->recent.begin(),
               each->recent.begin() + static_cast<std::ptrdiff_t>(kept));
  }
  const auto by_end = [](const Interval& a, const Interval& b) { return a.end < b.end; };
  std::stable_sort(all.begin(), all.end(), by_end);
  const auto same_end = [](const Interval& a, const Interval& b) { return a.end == b.end; };
  all.erase(std::unique(all.begin(), all.end(), same_end), all.end());
  const std::size_t kept = std::min(all.size(), base.recent.size());
  std::copy(all.end() - static_cast<std::ptrdiff_t>(kept), all.end(), base.recent.begin());
  base.recent_count = static_cast<std::uint32_t>(kept);
}

core::Status SeriesTable::adopt(std::string_view data, const std::vector<SeriesNumber>& here) {
  TRY(const KeyedBases found, parse(data));
  const auto below = [](const auto& entry, const std::string& key) { return entry.first < key; };
  for (const SeriesNumber number : here) {
    Entry& entry = series_[number.value];
    const std::string key = key_of(entry.name);
    const auto theirs = std::lower_bound(found.begin(), found.end(), key, below);
    if (theirs == found.end() || theirs->first != key) continue;
    if (!entry.base.known) {
      entry.base = theirs->second;
    } else if (entry.base.recent_count > 0) {
      remember(theirs->second, entry.base);
    }
  }
  const std::size_t before = waiting_.size();
  for (const auto& [key, base] : found) {
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(before);
    const auto known = std::lower_bound(waiting_.begin(), end, key, below);
    if (known == end || known->first != key) waiting_.emplace_back(key, base);
  }
  std::inplace_merge(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(before),
                     waiting_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
  return {};
}

}  // namespace rollbook::runtime
