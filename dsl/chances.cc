#include "dsl/chances.h"

#include <boost/math/special_functions/beta.hpp>
#include <cmath>

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

}  // namespace rollbook::dsl
