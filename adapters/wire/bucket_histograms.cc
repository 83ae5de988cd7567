#include "adapters/wire/bucket_histograms.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/text.h"
#include "engine/core/limits.h"

namespace rollbook::adapters {

using core::Fixed;
using core::Time;

namespace {

constexpr std::string_view kSuffix = "_bucket";
constexpr std::string_view kEdgeLabel = "le";
// Partitions are read side by side, not in step: so many scrapes of a histogram may be in pieces.
constexpr std::size_t kOpenScrapes = 64;
// Counts that wait, of all histograms together (32 MiB); beyond, each keeps the newest scrape only.
constexpr std::size_t kWaitingCounts = 4 << 20;
// Long enough that no partition lags so far behind another; then the mark of an end was lost.
constexpr core::Duration kForgotten = std::chrono::hours(1);

void append_part(std::string& form, std::string_view part) {
  form += std::to_string(part.size());
  form += ':';
  form += part;
}

// The edge that a label spells: nothing inside for +Inf, nothing at all when it is no number.
std::optional<std::optional<Fixed>> edge_of(std::string_view text) {
  if (text == "+Inf" || text == "Inf" || text == "+inf") return std::optional<Fixed>();
  const auto edge = parse_fixed(text);
  if (!edge) return std::nullopt;
  return *edge;
}

}  // namespace

// ---- Which histogram, which bucket ----------------------------------------------------------

const BucketHistograms::Slot* BucketHistograms::slot_of(runtime::SeriesNumber series) const {
  if (series.value >= slots_.size()) return nullptr;
  const Slot& slot = slots_[series.value];
  return slot.histogram == kNone ? nullptr : &slot;
}

void BucketHistograms::learn(runtime::SeriesNumber series, std::string_view name,
                             const Labels& labels) {
  if (slot_of(series) != nullptr) return;
  if (!name.ends_with(kSuffix) || name.size() == kSuffix.size()) return;
  const auto label = std::find_if(labels.begin(), labels.end(),
                                  [](const auto& pair) { return pair.first == kEdgeLabel; });
  if (label == labels.end()) return;
  const auto edge = edge_of(label->second);
  if (!edge) return;
  Labels rest;
  std::copy_if(labels.begin(), labels.end(), std::back_inserter(rest),
               [](const auto& pair) { return pair.first != kEdgeLabel; });
  std::sort(rest.begin(), rest.end());
  name.remove_suffix(kSuffix.size());
  const std::uint32_t number = histogram_of(name, rest);
  const std::uint32_t bucket = bucket_of(histograms_[number], *edge);
  if (bucket == kNone) return;
  if (slots_.size() <= series.value) slots_.resize(series.value + 1);
  slots_[series.value] = {number, bucket};
}

std::uint32_t BucketHistograms::histogram_of(std::string_view name, const Labels& labels) {
  std::string form;
  append_part(form, name);
  for (const auto& [label, value] : labels) {
    append_part(form, label);
    append_part(form, value);
  }
  const auto [found, made] =
      by_series_.try_emplace(std::move(form), static_cast<std::uint32_t>(histograms_.size()));
  if (!made) return found->second;
  Histogram& histogram = histograms_.emplace_back();
  histogram.name = name;
  histogram.labels = labels;
  const auto [family, first] =
      by_name_.try_emplace(std::string(name), static_cast<std::uint32_t>(families_.size()));
  if (first) families_.emplace_back();
  histogram.family = family->second;
  return found->second;
}

// Two spellings of one edge (`1` and `1.0`) are one bucket. kNone: more than a histogram may have.
std::uint32_t BucketHistograms::bucket_of(Histogram& histogram, std::optional<Fixed> edge) {
  const auto before = [&](std::uint32_t bucket, const std::optional<Fixed>& wanted) {
    const std::optional<Fixed>& mine = histogram.buckets[bucket].edge;
    return mine && (!wanted || *mine < *wanted);
  };
  const auto place = std::lower_bound(histogram.order.begin(), histogram.order.end(), edge, before);
  if (place != histogram.order.end() && histogram.buckets[*place].edge == edge) return *place;
  if (histogram.buckets.size() == core::kBucketsMax) return kNone;
  const auto number = static_cast<std::uint32_t>(histogram.buckets.size());
  histogram.order.insert(place, number);
  histogram.buckets.emplace_back().edge = edge;
  return number;
}

// ---- Scrapes --------------------------------------------------------------------------------

bool BucketHistograms::take(const runtime::MetricPoint& point, std::string_view at) {
  const Slot* slot = slot_of(point.series);
  if (slot == nullptr) return true;
  Histogram& histogram = histograms_[slot->histogram];
  if (point.end <= histogram.handed) return true;  // sent again, or too late for a counter
  if (point.value.nanos < 0 || point.value.nanos % Fixed::kScale != 0) return true;  // no count
  const auto count = static_cast<std::int64_t>(point.value.nanos / Fixed::kScale);
  see(histogram, histogram.buckets[slot->bucket], point.end);
  const bool settled = histogram.settled;
  Scrape* scrape = scrape_of(histogram, point.end);
  if (scrape == nullptr) return true;
  if (scrape->counts.size() < histogram.buckets.size()) {
    waiting_ += histogram.buckets.size() - scrape->counts.size();
    scrape->counts.resize(histogram.buckets.size(), kMissing);
  }
  // Of two scrapes in one second, which is all that a time has here, the later has the higher.
  std::int64_t& known = scrape->counts[slot->bucket];
  scrape->here += known == kMissing ? 1 : 0;
  known = std::max(known, count);
  if (histogram.settled && !settled && !hand_on_all(histogram, at)) return false;
  return hand_on(histogram, point.end, at);
}

bool BucketHistograms::end(runtime::SeriesNumber series, Time time, std::string_view at) {
  const Slot* slot = slot_of(series);
  if (slot == nullptr) return true;
  Histogram& histogram = histograms_[slot->histogram];
  Bucket& bucket = histogram.buckets[slot->bucket];
  if (time <= bucket.seen) return true;
  if (bucket.live) --histogram.live;
  bucket.live = false;
  bucket.ended = std::max(bucket.ended, time);
  return hand_on_all(histogram, at);
}

void BucketHistograms::see(Histogram& histogram, Bucket& bucket, Time time) {
  if (!bucket.live && time > bucket.ended) {
    bucket.live = true;
    ++histogram.live;
    histogram.settled = histogram.told = false;
    histogram.grown = std::max(histogram.newest, time);
  }
  bucket.seen = std::max(bucket.seen, time);
}

BucketHistograms::Scrape* BucketHistograms::scrape_of(Histogram& histogram, Time time) {
  auto& open = histogram.open;
  auto place = open.end();
  while (place != open.begin() && std::prev(place)->time > time) --place;
  if (place != open.begin() && std::prev(place)->time == time) return &*std::prev(place);
  const bool full = open.size() >= kOpenScrapes || (!open.empty() && waiting_ >= kWaitingCounts);
  if (full && place == open.begin()) return nullptr;
  const auto index = place - open.begin();
  open.insert(place, Scrape{time, {}, 0});
  if (time > histogram.newest) begin_newest(histogram, time);
  if (!full) return &open[static_cast<std::size_t>(index)];
  drop_oldest(histogram);
  return &open[static_cast<std::size_t>(index) - 1];
}

void BucketHistograms::begin_newest(Histogram& histogram, Time time) {
  histogram.newest = time;
  for (Bucket& bucket : histogram.buckets) {
    if (!bucket.live || time - bucket.seen < kForgotten) continue;
    bucket.live = false;
    bucket.ended = bucket.seen;
    --histogram.live;
  }
  if (histogram.grown == core::kDistantPast) return;
  histogram.settled = histogram.settled || time - histogram.grown >= core::kGrace;
}

void BucketHistograms::drop_oldest(Histogram& histogram) {
  waiting_ -= histogram.open.front().counts.size();
  histogram.open.pop_front();
}

// ---- Handing on -----------------------------------------------------------------------------

// It holds what was there at its time: what is live, and what ended later.
bool BucketHistograms::is_whole(const Histogram& histogram, const Scrape& scrape) {
  if (scrape.here < histogram.live || scrape.here < 2) return false;
  const auto is_missing = [&](std::uint32_t i) {
    const Bucket& bucket = histogram.buckets[i];
    return (bucket.live || scrape.time < bucket.ended) &&
           (i >= scrape.counts.size() || scrape.counts[i] == kMissing);
  };
  const std::uint32_t last = histogram.order.back();
  return !histogram.buckets[last].edge && last < scrape.counts.size() &&
         scrape.counts[last] != kMissing &&
         std::none_of(histogram.order.begin(), histogram.order.end(), is_missing);
}

namespace {

// Whether `family` knows more of the same.
bool holds_more(const std::vector<Fixed>& family, const std::vector<Fixed>& edges) {
  return family.size() > edges.size() &&
         std::includes(family.begin(), family.end(), edges.begin(), edges.end());
}

}  // namespace

bool BucketHistograms::may_be_handed_on(Histogram& histogram, const Scrape& scrape) {
  if (!is_whole(histogram, scrape)) return false;
  if (histogram.told) return true;
  std::vector<Fixed> edges;
  for (const std::uint32_t i : histogram.order) {
    const Bucket& bucket = histogram.buckets[i];
    if (bucket.edge && bucket.live) edges.push_back(*bucket.edge);
  }
  if (edges.empty()) return false;
  std::vector<Fixed>& family = families_[histogram.family];
  histogram.settled = histogram.settled || edges == family;
  histogram.told = histogram.settled;
  if (histogram.settled && !holds_more(family, edges)) family = std::move(edges);
  return histogram.settled;
}

bool BucketHistograms::hand_on_all(Histogram& histogram, std::string_view at) {
  std::vector<Time> times;
  for (const Scrape& scrape : histogram.open) times.push_back(scrape.time);
  for (const Time time : times) {
    if (!hand_on(histogram, time, at)) return false;
  }
  return true;
}

// The scrape of that time, if it can be; older ones would now come too late.
bool BucketHistograms::hand_on(Histogram& histogram, Time time, std::string_view at) {
  const auto scrape = std::find_if(histogram.open.begin(), histogram.open.end(),
                                   [&](const Scrape& open) { return open.time == time; });
  if (scrape == histogram.open.end() || !may_be_handed_on(histogram, *scrape)) return true;
  const bool emitted = emit(histogram, *scrape, at);
  histogram.handed = time;
  while (!histogram.open.empty() && histogram.open.front().time <= time) drop_oldest(histogram);
  return emitted;
}

bool BucketHistograms::emit(Histogram& histogram, const Scrape& scrape, std::string_view at) {
  std::vector<Fixed> edges;
  std::vector<std::int64_t> counts;
  std::int64_t below = 0;
  for (const std::uint32_t i : histogram.order) {
    if (i >= scrape.counts.size() || scrape.counts[i] == kMissing) continue;
    const Bucket& bucket = histogram.buckets[i];
    if (scrape.counts[i] < below) {
      return sink_.refuse(
          at, fmt::format("`{}` counts fewer up to {} than up to {}", printable(histogram.name),
                          bucket.edge ? format_fixed(*bucket.edge) : "+Inf",
                          format_fixed(edges.back())));
    }
    counts.push_back(scrape.counts[i] - below);
    below = scrape.counts[i];
    if (bucket.edge) edges.push_back(*bucket.edge);
  }
  const bool relaid = edges != histogram.edges;
  if (!find_numbers(histogram, std::move(edges), at)) return false;
  runtime::MetricPoint point;
  point.series = *histogram.number;
  point.kind = runtime::PointKind::histogram;
  point.end = scrape.time;
  // Only a base for the next: other buckets are no new beginning of what they count, and when an
  // engine died with scrapes in pieces nobody knows which of them it had counted.
  point.only_base = relaid;
  if (relaid) point.start = scrape.time;
  point.offset = sink_.record->offset;
  point.layout = histogram.layout;
  point.first_bucket = static_cast<std::uint32_t>(sink_.batch->buckets.size());
  sink_.batch->buckets.insert(sink_.batch->buckets.end(), counts.begin(), counts.end());
  sink_.batch->points.push_back(point);
  return true;
}

bool BucketHistograms::find_numbers(Histogram& histogram, std::vector<Fixed> edges,
                                    std::string_view at) {
  std::string spelling(1, '\x05');  // no format begins so
  if (!histogram.number) {
    const auto number = sink_.table.intern(spelling + histogram.name, histogram.name,
                                           histogram.labels, *sink_.batch);
    if (!number) return sink_.refuse(at, number.error().message);
    histogram.number = *number;
    histogram.labels.clear();
  }
  if (edges == histogram.edges) return true;
  for (const Fixed edge : edges) append_part(spelling, format_fixed(edge));
  const auto layout = sink_.table.intern_layout(spelling, edges, *sink_.batch);
  if (!layout) return sink_.refuse(at, layout.error().message);
  histogram.layout = layout->number;
  histogram.edges = std::move(edges);
  return true;
}

}  // namespace rollbook::adapters
