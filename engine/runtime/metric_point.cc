#include "engine/runtime/metric_point.h"

#include "engine/core/limits.h"

namespace rollbook::runtime {
namespace {

constexpr std::size_t kHead = 5;  // scale, offset, zero, threshold, how many counts

}  // namespace

std::string labels_text(const SeriesName& name) {
  std::string text;
  for (const auto& [label, value] : name.labels) {
    text += (text.empty() ? "" : ",") + label + "=\"" + value + "\"";
  }
  return text;
}

void put_exponential(const core::Exponential& histogram, std::vector<std::int64_t>& buckets) {
  buckets.insert(buckets.end(),
                 {histogram.scale, histogram.offset, histogram.zero, histogram.threshold_nanos,
                  static_cast<std::int64_t>(histogram.counts.size())});
  buckets.insert(buckets.end(), histogram.counts.begin(), histogram.counts.end());
}

core::Exponential exponential_at(const std::vector<std::int64_t>& buckets, std::size_t first) {
  const std::int64_t* head = buckets.data() + first;
  core::Exponential histogram;
  histogram.scale = static_cast<std::int32_t>(head[0]);
  histogram.offset = static_cast<std::int32_t>(head[1]);
  histogram.zero = head[2];
  histogram.threshold_nanos = head[3];
  histogram.counts.assign(head + kHead, head + kHead + head[4]);
  return histogram;
}

bool holds_exponential(const std::vector<std::int64_t>& buckets) {
  return buckets.size() >= kHead && buckets[0] >= core::kCoarsestScale &&
         buckets[0] <= core::kExponentialScale &&
         buckets[4] == static_cast<std::int64_t>(buckets.size() - kHead);
}

}  // namespace rollbook::runtime
