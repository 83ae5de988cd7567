#pragma once
// Recorded: what a healthy service really does, from metrics that were recorded: how many requests
// come, which share of them is bad in the eyes of each criterion, and which limits it would keep.

#include <map>
#include <string>
#include <vector>

#include "tools/cli.h"
#include "tools/power/study.h"

namespace rollbook::power {

struct Recorded {
  std::vector<Load> loads;              // the busiest and the quietest five minutes
  std::map<std::string, double> rates;  // by a criterion's id
  // Of each criterion on a quantile: edges of its buckets, rising, and the share above each.
  std::map<std::string, std::vector<std::pair<core::Fixed, double>>> above;
  core::Duration span{};
};
// Lines of Rollbook JSON, each with its time; all arms together. Error: no such file, a line that
// is no metric or has no time, or nothing in it that a criterion looks at.
tools::Outcome<Recorded> read_recorded(const core::Machine& machine, const std::string& path);

// A limit that a service as it was recorded breaks in one of a hundred rollouts at most.
struct Proposal {
  std::string id, text;
  double recorded = 0;     // share of bad requests
  std::string limit;       // as it would be written: "0.2%", "50ms"; "" when there is none
  double false_alarm = 0;  // with it
};
std::vector<Proposal> propose(const core::Machine& machine, const Recorded& recorded,
                              const Study& study);

}  // namespace rollbook::power
