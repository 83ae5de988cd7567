#pragma once
// Draw: random counts that are the same on every machine for the same numbers.

#include <cstdint>
#include <initializer_list>
#include <random>

namespace rollbook::tools {

class Draw {
 public:
  // `parts` tell one run from another: seed, criterion, load, number of the run.
  explicit Draw(std::initializer_list<std::uint64_t> parts);

  double uniform();  // within [0, 1)
  std::int64_t poisson(double mean);
  std::int64_t binomial(std::int64_t of, double chance);

 private:
  double normal();

  std::mt19937_64 random_;
};

}  // namespace rollbook::tools
