#pragma once
// Judging: one criterion over made-up points, for tests of what a verdict is made of. Points are
// put into Pending as the runtime would fold them; evolve() makes them part of the state.
//
//   Judging j(ratio(Comparison::greater, "0.001"));
//   j.see(kRequests, 60s, 1000);
//   j.see(kErrors, 60s, 2);
//   EXPECT_EQ(j.read().verdict, Verdict::fail);

#include <string>
#include <vector>

#include "engine/core/decide.h"
#include "engine/core/limits.h"

namespace rollbook::core::tests {

using namespace std::chrono_literals;

// 2026-01-05T00:00Z: the rollout starts, its shift is requested and settles at this moment.
inline constexpr Time kBegin{std::chrono::seconds(1767571200)};

inline constexpr SeriesIndex kRequests{0}, kErrors{1}, kLatency{2}, kDepth{3};

// "0.001" → 10⁶ × 10⁻⁹.
Fixed decimal(const std::string& text);

// Over the last five minutes, or over `width`; index 0 of the machine that Judging makes.
Criterion ratio(Comparison comparison, const std::string& limit);
Criterion quantile(const std::string& quantile, Comparison comparison, const std::string& limit);
Criterion rate(Comparison comparison, const std::string& limit);
Criterion count(Comparison comparison, const std::string& limit);
Criterion gauge(Comparison comparison, const std::string& limit);
Criterion absent(Duration silence);
Criterion expecting(Criterion criterion);
Criterion lasting(Criterion criterion, Duration sustain);

class Judging {
 public:
  explicit Judging(Criterion criterion, Duration width = 5min, Floor floor = Floor::shift);

  // A point of `series` that ends `at` after the begin and arrives then, or at `arrives`.
  void see(SeriesIndex series, Duration at, std::int64_t value, Floor reach = Floor::shift);
  // Observations by bucket of the bounds 5, 10, 25 and 50 ms.
  void see_latency(Duration at, std::vector<std::int64_t> buckets);
  void put(const CellDelta& delta);

  // The criterion as it stands at `at`; by default at the latest point.
  Reading read(Duration at) const;
  Reading read() const;
  // What is pending becomes state, as an Observed would make it.
  void evolve();
  // The reading is remembered, as a VerdictChanged would.
  Reading remember(Duration at);
  // 1000 requests a second and `errors` errors, a point a second in (from, to].
  void traffic(Duration from, Duration to, std::int64_t errors);

  Metric& metric(SeriesIndex series) { return machine.metrics[series.value]; }
  Criterion& criterion() { return machine.criteria[0]; }

  Machine machine;
  RolloutState state;
  Pending pending;

 private:
  Time latest_ = kBegin;
};

}  // namespace rollbook::core::tests
