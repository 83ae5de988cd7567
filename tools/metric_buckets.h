#pragma once
// MetricBuckets: histograms of which only the buckets are there, a counter each, as Prometheus has
// them. They are put together of prometheus-kafka-adapter JSON alone (adapters/wire), whatever else
// brings them.

#include <string>
#include <string_view>

#include "tools/metric_seen.h"

namespace rollbook::tools {

inline constexpr std::string_view kBucketSuffix = "_bucket";

// Whether these are buckets, `NAME_bucket` with a label `le`.
bool are_buckets(const SeenGroup& group);
// Why there is no histogram `name` where its buckets are.
std::string missing_whole(std::string_view name, const SeenGroup& buckets);

}  // namespace rollbook::tools
