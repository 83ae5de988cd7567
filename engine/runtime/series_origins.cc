// Series that another goes on as under other labels: renames.h says by which rules.

#include <algorithm>
#include <numeric>
#include <string_view>

#include "engine/core/fnv.h"
#include "engine/runtime/series_table.h"

namespace rollbook::runtime {

using core::Fixed;
using core::Int128;
using core::kDistantPast;

namespace {

std::uint64_t hash_of(std::string_view text) {
  core::Fnv hash;
  hash.take_text(text);
  return hash.value;
}

using LabelSet = std::vector<std::pair<std::string, std::string>>;  // rising

// Of those labels, with their values, that the other has not.
void take_those(const LabelSet& labels, const LabelSet& other, core::Fnv& hash) {
  for (const auto& label : labels) {
    if (std::binary_search(other.begin(), other.end(), label)) continue;
    hash.take_text(label.first);
    hash.take_text(label.second);
  }
  hash.end();
}

std::size_t lacking(const LabelSet& labels, const LabelSet& other) {
  return static_cast<std::size_t>(std::count_if(
      labels.begin(), labels.end(),
      [&](const auto& label) { return !std::binary_search(other.begin(), other.end(), label); }));
}

// Numbers without a type may be levels, which are near each other by nature (when a process began,
// its memory): then a change is one of that name alone, unless the name is a counter's.
bool tells_of_others(const SeriesName& name, PointKind kind) {
  if (kind != PointKind::untyped) return true;
  const std::string_view text = name.name;
  return text.ends_with("_total") || text.ends_with("_count") || text.ends_with("_sum");
}

Beginning beginning_of(const MetricPoint& point, Int128 total) {
  return {point.start == point.end ? kDistantPast : point.start, point.end, total};
}

core::Time first_of(const SeriesBase& base, const MetricPoint& point) {
  return base.waits_since == kDistantPast ? point.end : base.waits_since;
}

}  // namespace

const SeriesName& SeriesTable::name_of(SeriesNumber number) const {
  return number.value < kWaiting ? series_[number.value].name
                                 : remembered_[number.value - kWaiting].name;
}

SeriesNumber SeriesTable::seen_as(SeriesNumber number) const {
  if (number.value < kWaiting) return number;
  return remembered_[number.value - kWaiting].seen.value_or(number);
}

SeriesTable::Base& SeriesTable::base_of(SeriesNumber number) {
  number = seen_as(number);
  if (number.value < kWaiting) return series_[number.value].base;
  return waiting_.at(key_of(remembered_[number.value - kWaiting].name)).base;
}

// Not of the whole batch: after a crash its records may come in others.
void SeriesTable::find_coming(const PointBatch& batch, std::int64_t record) {
  if (coming_in_ == record) return;
  coming_in_ = record;
  coming_.clear();
  if (numbers_ == Numbers::foreign) return;
  auto point = std::lower_bound(
      batch.points.begin(), batch.points.end(), record,
      [](const MetricPoint& each, std::int64_t offset) { return each.offset < offset; });
  for (; point != batch.points.end() && point->offset == record; ++point) {
    coming_.emplace_back(point->series, point->end);
  }
  std::sort(coming_.begin(), coming_.end());
}

core::Time SeriesTable::told_until(SeriesNumber number, const PointBatch& batch,
                                   const MetricPoint& point) {
  const core::Time until = base_of(number).end;
  if (until >= first_of(series_[point.series.value].base, point)) return until;
  find_coming(batch, point.offset);
  const SeriesNumber seen = seen_as(number);
  const auto behind =
      std::upper_bound(coming_.begin(), coming_.end(), std::pair(seen, core::kDistantFuture));
  if (behind == coming_.begin() || std::prev(behind)->first != seen) return until;
  return std::max(until, std::prev(behind)->second);
}

bool SeriesTable::is_silent(SeriesNumber number, const PointBatch& batch,
                            const MetricPoint& point) {
  return told_until(number, batch, point) < first_of(series_[point.series.value].base, point);
}

Int128 SeriesTable::total_of(const MetricPoint& point) const {
  return is_histogram(point.kind) ? Int128{observations(point)} * Fixed::kScale : point.value.nanos;
}

Int128 SeriesTable::total_of(const Base& base) {
  if (base.buckets.empty()) return base.value.nanos;
  const std::int64_t observations =
      base.exponential ? total(exponential_at(base.buckets, 0))
                       : std::accumulate(base.buckets.begin(), base.buckets.end(), std::int64_t{0});
  return Int128{observations} * Fixed::kScale;
}

bool SeriesTable::same_shape(const Base& base, const MetricPoint& point) const {
  if (!base.known || base.intervals) return false;
  if (!is_histogram(point.kind)) return base.buckets.empty();
  if (base.buckets.empty() || base.exponential != is_exponential(point.kind)) return false;
  return base.exponential || (base.layout.value_or(point.layout) == point.layout &&
                              base.buckets.size() == buckets_.size());
}

bool SeriesTable::holds(const Base& base, const MetricPoint& point) const {
  if (!is_histogram(point.kind)) return point.value >= base.value;
  if (base.exponential) {
    core::Exponential now = exponential_;
    return subtract(exponential_at(base.buckets, 0), now);
  }
  return std::equal(buckets_.begin(), buckets_.end(), base.buckets.begin(),
                    [](std::int64_t now, std::int64_t before) { return now >= before; });
}

std::optional<SeriesTable::Candidate> SeriesTable::candidate(const Entry& entry,
                                                             const PointBatch& batch,
                                                             const MetricPoint& point,
                                                             SeriesNumber number) {
  const Base& other = base_of(number);
  if (!same_shape(other, point)) return std::nullopt;
  const Int128 total = total_of(point);
  Candidate candidate;
  candidate.number = number;
  candidate.total = total_of(other);
  candidate.apart = total > candidate.total ? total - candidate.total : candidate.total - total;
  const bool silent = is_silent(number, batch, point);
  candidate.kinship = kinship({other, candidate.total, silent}, beginning_of(point, total));
  if (candidate.kinship == Kinship::none) return std::nullopt;
  if (candidate.kinship == Kinship::follows && !holds(other, point)) return std::nullopt;
  core::Fnv change;
  if (!tells_of_others(entry.name, point.kind)) change.take_text(entry.name.name);
  const auto& before = name_of(number).labels;
  take_those(before, entry.name.labels, change);
  take_those(entry.name.labels, before, change);
  candidate.change = change.value;
  candidate.labels = lacking(entry.name.labels, before);
  return candidate;
}

// What another has outlived began nothing. Of the rest it is that which has most labels in common:
// a failure whose success is told beside it is no other series that has just fallen silent.
std::optional<SeriesNumber> SeriesTable::retold_by(const Entry& entry, const PointBatch& batch,
                                                   const MetricPoint& point) {
  struct Nested {
    SeriesNumber number;
    core::Time until{};
    std::size_t labels = 0;  // that differ
  };
  std::vector<Nested> all;
  core::Time last = kDistantPast;
  namesakes_.each_nested(entry.name, [&](SeriesNumber number) {
    if (!base_of(number).known) return;
    const auto [few, more] = std::minmax({entry.name.labels.size(), name_of(number).labels.size()});
    all.push_back({number, told_until(number, batch, point), more - few});
    last = std::max(last, all.back().until);
  });
  std::erase_if(all, [&](const Nested& other) { return other.until < last - kAway; });
  std::stable_sort(all.begin(), all.end(),
                   [](const Nested& a, const Nested& b) { return a.labels < b.labels; });
  const Beginning beginning = beginning_of(point, total_of(point));
  for (const auto& [number, until, labels] : all) {
    if (labels > all.front().labels) break;
    const Base& other = base_of(number);
    if (is_retold({other, total_of(other), until < point.end}, beginning)) return number;
  }
  return std::nullopt;
}

SeriesTable::Kin SeriesTable::origin_of(Entry& entry, const PointBatch& batch,
                                        const MetricPoint& point) {
  if (is_histogram(point.kind)) load(batch, point);
  Base& base = entry.base;
  const bool first = base.waits_since == kDistantPast;
  if (first) base.retells = retold_by(entry, batch, point);
  if (!base.retells) return likeliest(entry, batch, point);
  if (first) return {Origin::waits, {}};
  if (is_silent(*base.retells, batch, point)) return {Origin::retold, *base.retells};
  return likeliest(entry, batch, point);
}

SeriesTable::Kin SeriesTable::likeliest(const Entry& entry, const PointBatch& batch,
                                        const MetricPoint& point) {
  const std::uint64_t name = hash_of(entry.name.name);
  bool perhaps = false;
  std::optional<Candidate> best;
  // One that another has gone on as may have been taken for its neighbour.
  const auto likelier = [this](const Candidate& a, const Candidate& b) {
    if (a.kinship != b.kinship) return a.kinship == Kinship::follows;
    const bool taken = base_of(a.number).heir.has_value();
    if (taken != base_of(b.number).heir.has_value()) return !taken;
    return a.labels != b.labels ? a.labels < b.labels : a.apart < b.apart;
  };
  const auto see = [&](SeriesNumber number) {
    const auto found = candidate(entry, batch, point, number);
    if (!found) return;
    // Its process was heard without it: it is no second replica's.
    if (found->kinship == Kinship::beside && entry.base.zero != kDistantPast) return;
    changes_.support(found->change, name, found->total, point.end);
    const bool holds = changes_.holds(found->change, point.end);
    perhaps = perhaps || holds ||
              (found->kinship == Kinship::follows &&
               found->total >= Int128{Changes::kFew} * Fixed::kScale);
    if (holds && (!best || likelier(*found, *best))) best = found;
  };
  namesakes_.each_like(entry.name, see);
  namesakes_.each_nested(entry.name, [&](SeriesNumber number) {
    if (!is_silent(number, batch, point)) see(number);  // else it is not this
  });
  if (entry.base.waits_since == kDistantPast) return {perhaps ? Origin::waits : Origin::own, {}};
  if (!best) return {};
  return {best->kinship == Kinship::follows ? Origin::follows : Origin::beside, best->number};
}

// Also of a start time: it says when somebody heard of these labels first, or of the process.
void SeriesTable::go_on(Base& from, const MetricPoint& point, SeriesNumber as, Base& base) {
  base = from;
  base.heir.reset();
  base.start = point.start;
  from.heir = as;
}

void SeriesTable::come_back(Entry& entry, const PointBatch& batch, const MetricPoint& point) {
  Base& base = entry.base;
  SeriesNumber last = *base.heir;
  while (const auto& next = base_of(last).heir) last = *next;
  base.heir.reset();
  Base& heir = base_of(last);
  if (point.end - base.end <= kAway || heir.end >= point.end) return;
  if (is_histogram(point.kind)) load(batch, point);
  if (!same_shape(heir, point) || !holds(heir, point)) return;
  const Beginning beginning = beginning_of(point, total_of(point));
  if (kinship({heir, total_of(heir), true}, beginning) != Kinship::follows) return;
  go_on(heir, point, entry.name.number, base);
}

}  // namespace rollbook::runtime
