#pragma once
// Proposals: the limits that a service as it was recorded would keep.

#include <string>
#include <vector>

#include "tools/power/recorded.h"

namespace rollbook::power {

// A limit that a service as it was recorded breaks in one of a hundred rollouts at most.
struct Proposal {
  std::string id, text;
  double recorded = 0;     // share of bad requests
  std::string limit;       // as it would be written: "0.2%", "50ms"; "" when there is none
  double false_alarm = 0;  // with it
  bool promised = false;   // by its test, and at most that
};
std::vector<Proposal> propose(const core::Machine& machine, const Recorded& recorded,
                              const Study& study);

}  // namespace rollbook::power
