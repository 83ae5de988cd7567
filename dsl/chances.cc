#include "dsl/chances.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <vector>

namespace rollbook::dsl {

namespace {

// The exact tail takes longer the more there is to sum: up to here half a millisecond at most.
constexpr std::int64_t kExactMost = 100'000'000'000;

// A compiler never throws, whatever the numbers.
namespace policies = boost::math::policies;
using Quiet = policies::policy<policies::domain_error<policies::ignore_error>,
                               policies::overflow_error<policies::ignore_error>,
                               policies::evaluation_error<policies::ignore_error>>;

}  // namespace

double chance_above(std::int64_t requests, double rate, std::int64_t most) {
  if (most < 0) return 1;
  if (most >= requests || rate <= 0) return 0;
  if (rate >= 1) return 1;
  const auto n = static_cast<double>(requests);
  const auto k = static_cast<double>(most);
  if (requests > kExactMost) {
    // De Moivre and Laplace: at such counts no percentage that is printed differs.
    const double away = (k + 0.5 - n * rate) / std::sqrt(n * rate * (1 - rate));
    return 0.5 * std::erfc(away / std::sqrt(2.0));
  }
  return boost::math::ibeta(k + 1, n - k, rate, Quiet());
}

double chance_of_run(double each, std::int64_t windows, std::int64_t run) {
  // Longer holds than this change nothing that anybody would print.
  constexpr std::int64_t kWindowsMost = 100'000;
  constexpr std::int64_t kRunMost = 64;
  windows = std::clamp<std::int64_t>(windows, 1, kWindowsMost);
  run = std::clamp<std::int64_t>(run, 1, std::min(windows, kRunMost));
  // length[k]: the chance that no run is complete and the last k windows were true.
  std::vector<double> length(static_cast<std::size_t>(run), 0);
  length[0] = 1;
  double complete = 0;
  for (std::int64_t i = 0; i < windows; ++i) {
    double none = 0;
    for (const double chance : length) none += chance;
    complete += length.back() * each;
    for (std::size_t k = length.size(); k-- > 1;) length[k] = length[k - 1] * each;
    length[0] = none * (1 - each);
  }
  return std::clamp(complete, 0.0, 1.0);
}

}  // namespace rollbook::dsl
