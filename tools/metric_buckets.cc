#include "tools/metric_buckets.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace rollbook::tools {

bool are_buckets(const SeenGroup& group) {
  return std::any_of(group.begin(), group.end(), [](const SeenSeries* seen) {
    return seen->name.name.ends_with(kBucketSuffix) && !label_of(seen->name, "le").empty();
  });
}

std::string missing_whole(std::string_view name, const SeenGroup& group) {
  const std::string buckets = std::string(name) + std::string(kBucketSuffix);
  std::set<std::string> edges;
  bool prometheus = true;
  for (const SeenSeries* seen : group) {
    edges.insert(std::string(label_of(seen->name, "le")));
    // Only remote write leaves open what a number is, and only it comes as an object each.
    const bool untyped = seen->kinds == std::set{runtime::PointKind::untyped};
    prometheus = prometheus && untyped && !seen->lines;
  }
  edges.erase("");
  if (edges.empty()) {
    return fmt::format("no point is named `{}`, and `{}` has no label `le`", name, buckets);
  }
  if (!prometheus) {
    return fmt::format(
        "`{}` comes as a counter for each bucket, and only those of prometheus-kafka-adapter JSON "
        "are put together; send `{}` whole: in Rollbook JSON of the kind `histogram`, with "
        "`bounds` and `counts`, or as a histogram of OTLP",
        buckets, name);
  }
  if (!edges.contains("+Inf")) {
    return fmt::format(
        "`{}` is there, but not its bucket le=\"+Inf\", without which nobody knows how many "
        "requests there were; let the sender keep it",
        buckets);
  }
  return fmt::format(
      "`{}` is there with {} buckets, but no two scrapes of it came whole; listen longer than two "
      "scrapes take: --for 2m",
      buckets, edges.size());
}

}  // namespace rollbook::tools
