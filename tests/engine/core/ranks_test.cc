#include "engine/core/ranks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "tests/paths.h"

namespace rollbook::core::ranks {
namespace {

using Values = std::vector<Fixed>;

Values values_in(const std::string& line) {
  std::istringstream in(line);
  Values values;
  for (std::int64_t nanos; in >> nanos;) values.push_back(Fixed{nanos});
  return values;
}
Values whole(const std::vector<std::int64_t>& numbers) {
  Values values;
  for (const std::int64_t number : numbers) values.push_back(Fixed::from_int(number));
  return values;
}

std::string text_of(const std::optional<Fixed>& value) {
  return value ? std::to_string(static_cast<std::int64_t>(value->nanos)) : "-";
}

// What scipy and numpy calculate in another way: tools/rank_values.
TEST(Ranks, AreThoseOfScipy) {
  std::ifstream file(std::string(ROLLBOOK_SOURCE_DIR) + "/tests/engine/core/rank_values.txt");
  std::string line, other;
  ASSERT_TRUE(std::getline(file, line));
  int cases = 0;
  while (std::getline(file, line) && std::getline(file, other)) {
    SCOPED_TRACE(line + "\n" + other);
    const Values judged = values_in(line), held = values_in(other);
    std::string u, estimate, low, high, ratio;
    ASSERT_TRUE(file >> u >> estimate >> low >> high >> ratio);
    std::getline(file, line);
    const Shift shift = shift_of(judged, held);
    EXPECT_EQ(static_cast<double>(shift.twice_u) / 2, std::stod(u));
    EXPECT_EQ(text_of(shift.estimate), estimate);
    EXPECT_EQ(text_of(shift.low), low);
    EXPECT_EQ(text_of(shift.high), high);
    const auto mean = mean_ratio(judged, held);
    ASSERT_EQ(mean.has_value(), ratio != "-");
    if (mean) {
      EXPECT_NEAR(static_cast<double>(mean->nanos) * 1e-9, std::stod(ratio), 1e-9);
    }
    ++cases;
  }
  EXPECT_GE(cases, 70);
}

TEST(Ranks, ADayOfMinutesOfTheGreatestValuesIsOrderedExactly) {
  Values judged, other;
  for (int i = 0; i < 1440; ++i) {
    judged.push_back(Fixed::from_int(1'000'000'000'000'000 - i));
    other.push_back(Fixed::from_int(-1'000'000'000'000'000 + i));
  }
  const Shift shift = shift_of(judged, other);
  EXPECT_EQ(shift.twice_u, 2 * 1440 * 1440);
  EXPECT_EQ(shift.estimate, Fixed::from_int(2'000'000'000'000'000 - 1439));
  ASSERT_TRUE(shift.low);
  EXPECT_LT(*shift.low, shift.estimate);
  EXPECT_GT(*shift.high, shift.estimate);
}

// type=7 of R's quantile: of 1 … 12 and 1000, p25 = 4, p75 = 10, p99 = 881.44.
TEST(Ranks, OutliersLieBeyondTheFencesAndBeyondTheOutermostHundredths) {
  const Values values = whole({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1000});
  EXPECT_EQ(without_outliers(values, Fixed::from_int(3)),
            whole({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
  EXPECT_EQ(without_outliers(values, Fixed::from_int(200)), values);
  const Values flat = whole({5, 5, 5, 5, 9});
  EXPECT_EQ(without_outliers(flat, Fixed::from_int(3)), whole({5, 5, 5, 5}));
  EXPECT_EQ(without_outliers({}, Fixed::from_int(3)), Values{});
}

}  // namespace
}  // namespace rollbook::core::ranks
