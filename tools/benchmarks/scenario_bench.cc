// What a scenario of the canary costs: a day of shadow and 38 hours of stages, scraped every 15 s.
// In processor time: the machine may be doing other things.

#include <ctime>
#include <iostream>

#include "tools/benchmarks/benchmarks.h"
#include "tools/scenario/suite.h"

namespace rollbook::bench {

namespace {

struct Cost {
  double seconds = 0;
  double hours = 0;  // of virtual time
  std::size_t scenarios = 0;
};

// Of the scenarios that match, compiling their runbook included. None: one does not pass.
Cost play(const std::string& filter) {
  const std::clock_t begun = std::clock();
  tools::Suite suite(filter);
  const tools::FileResult& file = suite.add("plans/hal9-canary.scenario");
  Cost cost;
  cost.seconds = static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC;
  if (!file.passed()) return {};
  for (const tools::ScenarioResult& one : file.scenarios) {
    cost.hours += std::chrono::duration<double, std::ratio<3600>>(one.took).count();
    ++cost.scenarios;
  }
  return cost;
}

}  // namespace

void scenarios(std::vector<Row>& rows) {
  const std::pair<const char*, const char*> parts[] = {
      {"a scenario of the canary, on average", ""},
      {"the canary to its good end, 62 h", "a healthy release goes all the way"}};
  for (const auto& [what, filter] : parts) {
    const Cost cost = play(filter);
    if (cost.scenarios == 0) {
      std::cerr << "plans/hal9-canary.scenario does not pass; run from the root of the tree\n";
      rows.push_back({what, "failed", "", "", "< 100 ms", false});
      continue;
    }
    const double each = cost.seconds / static_cast<double>(cost.scenarios);
    rows.push_back({what, number(each * 1000, "ms"), "",
                    number(cost.hours / cost.seconds, "virtual h/s"), "< 100 ms", each < 0.1});
  }
}

}  // namespace rollbook::bench
