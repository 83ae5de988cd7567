#pragma once
// What the parts of prove.h share: weights, counts since a start, evidence. Internal to
// engine/core/prove*.cc.

#include <algorithm>
#include <cmath>

#include "engine/core/prove.h"

namespace rollbook::core {

// prove_arms.cc
Found prove_two_rates(const Subject& subject, bool in_full);
Found prove_split(const Subject& subject);
// prove_quantiles.cc
Found prove_two_quantiles(const Subject& subject, bool in_full);

// Starts that add less than this to a guard's sum are not worth a special function: together they
// change the statistic by less than a hundredth of a micro-nat.
inline const double kNegligible = std::log(1e-11);

inline double log_of(std::int64_t number) { return std::log(static_cast<double>(number)); }

// A log of what takes events for independent, where they come so many at a time.
inline double divided(double log, Fixed dispersion) {
  return log * 1e9 / static_cast<double>(dispersion.nanos);
}

// log(1/from − 1/to).
inline double log_weight(const TestStart& start) {
  if (start.to == 0) return 0;
  return std::log(static_cast<double>(start.to - start.from)) - log_of(start.from) -
         log_of(start.to);
}

// log(e^a + e^b).
inline double log_sum(double a, double b) {
  const double most = std::max(a, b);
  return most == -HUGE_VAL ? most : most + std::log1p(std::exp(std::min(a, b) - most));
}

inline std::vector<std::int64_t> since(const std::vector<std::int64_t>& now,
                                       const std::vector<std::int64_t>& then) {
  std::vector<std::int64_t> counts = now;
  for (std::size_t i = 0; i < counts.size() && i < then.size(); ++i) counts[i] -= then[i];
  return counts;
}

// Whether a statistic has proven what its criterion says.
inline bool stands(const Evidence& evidence) {
  return evidence.statistic >= threshold_of(evidence.alpha);
}

inline void settle_verdict(const Criterion& criterion, Found& found) {
  found.true_ = stands(*found.evidence);
  found.false_ = !found.true_ && found.evidence->contrary >= threshold_of(criterion.alpha);
}

inline Evidence evidence_of(const Criterion& criterion) {
  Evidence evidence;
  evidence.test = criterion.test;
  evidence.alpha = criterion.alpha;
  evidence.shared_by = criterion.shared_by;
  return evidence;
}

}  // namespace rollbook::core
