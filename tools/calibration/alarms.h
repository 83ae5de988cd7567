#pragma once
// Alarms: how often a test errs where nothing is wrong, and how soon it notices where something
// is. Every run is made by its own number, so that one run is the same on every machine.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/types.h"

namespace rollbook::calibration {

// Traffic with nothing wrong: the arms are alike, and a limit is met exactly. The hardest case.
struct Setting {
  std::string test;                // one of tests()
  core::Fixed rate;                // of errors in both arms; the limit of `guard` and `gate`
  core::Weight weight;             // of the canary
  std::int64_t per_second = 1000;  // requests of both arms
  std::int64_t seconds = 1000;     // watched, with a look after each point
  std::int64_t every = 1;          // seconds of one point
  std::int64_t shift_after = 0;    // then the weight doubles; 0: not
  std::int64_t burst = 1;          // errors come so many at a time; of the split requests do
  std::int64_t seen = 0;           // seconds of the same traffic before the test begins
};
std::vector<std::string> tests();

// Whether run `number` decided wrongly at any of its looks. The traffic does not depend on α.
bool errs(const Setting& setting, core::Fixed alpha, std::uint64_t number);

// Which of `alphas`, which fall, run `number` erred at. A test that errs at one errs at each that
// is greater, in the same run: so only the few runs that erred are made again.
std::size_t errs_at(const Setting& setting, const std::vector<core::Fixed>& alphas,
                    std::uint64_t number);

// The greatest number of wrong runs that chance brings in 999 of 1000 calibrations when the
// true chance of one is alpha: the normal approximation's upper bound.
std::int64_t allowed(core::Fixed alpha, std::int64_t runs);

// The settings of judging.md's promise: each test, splits, a shift in the middle, bursts, rates,
// the last changing first. `few`: those that a test has time for.
std::vector<Setting> settings(bool few);

// Requests until the test of one gate has proven an error rate of `rate` to be above 0.1 % at α = 1
// %, looking after each: each of `runs`, rising.
std::vector<std::int64_t> disprove(core::Fixed rate, int runs, std::uint64_t seed);

// Requests until a guard whose canary was healthy at a fifth of the limit of 0.1 % for
// `healthy_seconds`, at 45 a second, has proven an error rate of `rate` at α = 1 %: each of `runs`,
// rising.
std::vector<std::int64_t> notice(core::Fixed rate, std::int64_t healthy_seconds, int runs,
                                 std::uint64_t seed);

}  // namespace rollbook::calibration
