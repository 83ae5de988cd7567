#pragma once
// MetricPoint: one measurement, decoded. Points travel from the metrics thread to the loop in
// batches without heap strings: a series' name and labels go along once, when its number is new.

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/exponential.h"
#include "engine/core/types.h"

namespace rollbook::runtime {

// Given out by the decoder in the order of first sight: 0, 1, 2, …
struct SeriesNumber {
  std::uint32_t value = 0;
  constexpr auto operator<=>(const SeriesNumber&) const = default;
};
// The same for the bounds of histogram buckets.
struct LayoutNumber {
  std::uint32_t value = 0;
  constexpr auto operator<=>(const LayoutNumber&) const = default;
};

struct SeriesName {
  SeriesNumber number;
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;  // sorted by label, no doubles
};
// `instance="a",version="new"`
std::string labels_text(const SeriesName& name);

enum class PointKind : std::uint8_t {
  counter,
  counter_delta,
  gauge,
  histogram,
  histogram_delta,
  exponential,  // histograms of base 2
  exponential_delta,
  untyped,  // a number of which its format does not say whether it counts or is a level
};
constexpr bool is_exponential(PointKind kind) {
  return kind == PointKind::exponential || kind == PointKind::exponential_delta;
}
constexpr bool is_histogram(PointKind kind) {
  return kind == PointKind::histogram || kind == PointKind::histogram_delta || is_exponential(kind);
}
constexpr bool is_delta(PointKind kind) {
  return kind == PointKind::counter_delta || kind == PointKind::histogram_delta ||
         kind == PointKind::exponential_delta;
}
// Counts since a start; a number without a type may.
constexpr bool is_total(PointKind kind) { return kind != PointKind::gauge && !is_delta(kind); }

struct MetricPoint {
  SeriesNumber series;
  PointKind kind = PointKind::counter;
  core::Time start = core::kDistantPast;  // kDistantPast: not given
  core::Time end{};
  bool only_base = false;          // of a total: nobody knows when what is new in it came
  core::Fixed value;               // counters and gauges; histograms: the sum of values
  LayoutNumber layout;             // histograms of explicit buckets
  std::uint32_t first_bucket = 0;  // theirs: buckets[first_bucket, + bounds + 1);
                                   // exponential ones: put_exponential() wrote them there
  std::int64_t offset = 0;         // of its record
};

// One request among those of a point, with its trace.
struct PointExemplar {
  std::uint32_t point = 0;  // into the batch's points
  core::Fixed value;
  core::Time at{};
  std::array<std::uint8_t, 16> trace{};
  // What it has beside those of its series; kLabelSetBytes of them at most.
  std::vector<std::pair<std::string, std::string>> labels;
};

// What the values of a series are, as its sender says it ("ms"); nothing is judged by it.
struct SeriesUnit {
  SeriesNumber series;
  std::string unit;
};

// The points of some consecutive records of one partition.
struct PointBatch {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t next_offset = 0;  // after the last record of the batch
  std::size_t bytes = 0;         // of its records; the queue is bounded by it
  std::vector<SeriesName> new_series;
  std::vector<SeriesUnit> new_units;                  // of new series; OTLP has them
  std::vector<std::vector<core::Fixed>> new_layouts;  // numbered on from the last
  std::vector<MetricPoint> points;
  std::vector<std::int64_t> buckets;
  std::vector<PointExemplar> exemplars;  // by rising `point`
};

// An exponential histogram among the buckets of a batch, and taken out again.
void put_exponential(const core::Exponential& histogram, std::vector<std::int64_t>& buckets);
core::Exponential exponential_at(const std::vector<std::int64_t>& buckets, std::size_t first);
// Whether these are one, whole; for bytes that may be damaged.
bool holds_exponential(const std::vector<std::int64_t>& buckets);

}  // namespace rollbook::runtime
