#include "engine/core/machine.h"

#include <gtest/gtest.h>

#include "tests/engine/stage_machine.h"

namespace rollbook::core::tests {
namespace {

TEST(Machine, FindsItsStatesByName) {
  const Machine machine = stage_machine();
  EXPECT_EQ(machine.at(machine.find("canary.hold")).name, "canary.hold");
  EXPECT_FALSE(machine.find("nowhere").valid());
}

TEST(Machine, ContainsWhatLiesWithin) {
  const Machine machine = stage_machine();
  const StateIndex root{0}, canary = machine.find("canary"), hold = machine.find("canary.hold");
  EXPECT_TRUE(machine.contains(root, hold));
  EXPECT_TRUE(machine.contains(canary, hold));
  EXPECT_TRUE(machine.contains(hold, hold));
  EXPECT_FALSE(machine.contains(hold, canary));
  EXPECT_FALSE(machine.contains(canary, machine.find("rollback")));
  EXPECT_FALSE(machine.contains(canary, StateIndex{}));
}

TEST(Machine, EntersACompoundByItsInitialStates) {
  const Machine machine = stage_machine();
  EXPECT_EQ(machine.leaf(machine.find("guarded")), machine.find("canary.shift"));
  EXPECT_EQ(machine.leaf(machine.find("rollback")), machine.find("rollback"));
}

TEST(CheckDeathTest, ABrokenInvariantEndsTheProcess) {
  EXPECT_DEATH(ROLLBOOK_CHECK(1 + 1 == 3), "broken invariant: 1 \\+ 1 == 3");
}

TEST(Fixed, IsExact) {
  EXPECT_EQ(Fixed::from_int(2) - Fixed::from_nanos(1), Fixed::from_nanos(1'999'999'999));
  Fixed sum;
  for (int i = 0; i < 10; ++i) sum += Fixed::from_nanos(100'000'000);
  EXPECT_EQ(sum, Fixed::from_int(1));
  sum -= Fixed::from_int(2);
  EXPECT_EQ(sum, Fixed::from_int(-1));
}

}  // namespace
}  // namespace rollbook::core::tests
