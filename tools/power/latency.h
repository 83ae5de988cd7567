#pragma once
// Latency: how long requests take, where the quantiles of two arms are compared: as it was
// recorded, or where nothing was, by a convention that the report states. A canary is as fast as
// the other arm when it is healthy, and by one factor slower in all its requests when it is sick.
//
//   const Latency latency = Latency::usual(Fixed{990'000'000});
//   latency.above(latency.quantile(0.99) * 1.05)            // the share that takes still longer

#include <utility>
#include <vector>

#include "engine/core/types.h"

namespace rollbook::power {

class Latency {
 public:
  // Log-normal with a p99 of five medians, in buckets 2.2 % apart around the quantile, as
  // OpenTelemetry's scale 5 has them.
  static Latency usual(core::Fixed quantile);
  // Of the edges of a histogram, rising, with the share above each. Within a bucket it falls
  // evenly, as Prometheus takes it. INVARIANT: at least one edge.
  static Latency recorded(const std::vector<std::pair<core::Fixed, double>>& above);

  const std::vector<core::Fixed>& edges() const { return edges_; }
  bool is_recorded() const { return !above_.empty(); }

  // The share of requests that take longer, and what a share takes longer than. Where nothing was
  // between two edges many times have the same share: the least of them, or the nearest to `near`.
  double above(double at) const;
  double exceeded_by(double share) const;
  double exceeded_by(double share, double near) const;
  // Whether that can be told: it does not lie beyond the last edge.
  bool knows(double share) const;

 private:
  std::vector<core::Fixed> edges_;
  std::vector<double> above_;  // each edge; empty: log-normal
};

}  // namespace rollbook::power
