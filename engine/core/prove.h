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

// log(1/α) in micro-nats: where a statistic has proven something.
std::int64_t threshold_of(Fixed alpha);

}  // namespace rollbook::core
