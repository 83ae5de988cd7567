#pragma once
// Prove: what the tests of a rollout say at one moment, from their state and what is pending. A
// guard is asked at every look, so it is told from cheap bounds whether it could be decided at
// all before a single special function is calculated.

#include "engine/core/found.h"

namespace rollbook::core {

Found prove(const Subject& subject);

// The same with all its evidence, also where nothing is near a decision: for people who look.
Found prove_in_full(const Subject& subject);

// Whether a reading of the baseline's guard passes though its proof stands: what it proved is over.
bool is_well_again(const Reading& reading);

// What a guard's test of a share has counted since one of its starts.
struct Broken {
  Time since = kDistantPast;  // when the start was made: began_at()
  std::int64_t requests = 0, broken = 0;
  Fixed allowed;  // of the requests, as a share
  bool too_many() const {
    return Int128{broken} * Fixed::kScale > Int128{requests} * allowed.nanos;
  }
};
// Since the start that speaks loudest in the test's sum. Empty: of another criterion, or of a test
// that has not begun.
std::optional<Broken> loudest_of(const Subject& subject);
// Since the newest start that was made by then, or else the first.
std::optional<Broken> broken_since(const Subject& subject, Time since);

// log(1/α) in micro-nats: where a statistic has proven something.
std::int64_t threshold_of(Fixed alpha);

}  // namespace rollbook::core
