// What one evaluation of a criterion costs: of a plain one whatever the length of its window, and
// of a guard's test that mixes the starts of 38 hours.

#include <algorithm>
#include <chrono>

#include "engine/core/decide.h"
#include "store/memory_event_log.h"
#include "tools/benchmarks/benchmarks.h"
#include "tools/benchmarks/fleet.h"

namespace rollbook::bench {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// Its stops are what is evaluated.
std::string runbook_with(const std::string& stops) {
  std::string text = kFleetRunbook;
  const std::size_t begin = text.find("    stop"), end = text.find("    otherwise");
  return text.replace(begin, end - begin, stops);
}

// Nanoseconds of one evaluation, the median of an hour of them after `age`: one a second, each with
// the points of that second, as a look finds them.
double evaluation_ns(const std::string& stops, core::Duration age) {
  store::MemoryEventLog log;
  Fleet fleet(log, 1, runbook_with(stops));
  for (core::Duration at = 0s; at < age; at += 1s) fleet.second();
  std::vector<double> taken;
  for (int i = 0; i < 3600; ++i) {
    fleet.second();
    const auto& rollout = fleet.shard().rollouts().begin()->second;
    const core::Machine& machine = rollout.plan->machine;
    std::size_t count = 0;
    const auto begin = Clock::now();
    for (std::uint32_t c = 0; c < machine.criteria.size(); ++c) {
      if (machine.criteria[c].kind != core::CriterionKind::stop) continue;
      const core::Reading reading = core::evaluate(machine, rollout.state, rollout.pending,
                                                   core::CriterionIndex{c}, fleet.now());
      ROLLBOOK_CHECK(reading.missing == core::Missing::none);
      ++count;
    }
    taken.push_back(std::chrono::duration<double, std::nano>(Clock::now() - begin).count() /
                    static_cast<double>(count));
  }
  std::nth_element(taken.begin(), taken.begin() + 1800, taken.end());
  return taken[1800];
}

std::string plain_stops(const std::string& width) {
  return "    stop error_rate > 50% over " + width + "\n    stop p99(latency) > 50ms over " +
         width + "\n    stop rate(errors) > 1000/s over " + width + "\n";
}

}  // namespace

void evaluation(std::vector<Row>& rows) {
  const double minute = evaluation_ns(plain_stops("1m"), 1h);
  const double day = evaluation_ns(plain_stops("24h"), 26h);
  rows.push_back({"an evaluation over 24 h, beside one over 1 m", number(day, "ns"),
                  number(minute, "ns"), number(day / minute, "×"), "≤ 1.5 ×", day <= 1.5 * minute});
  const double guard = evaluation_ns("    stop error_rate > 10% with confidence 99%\n", 38h) / 1000;
  rows.push_back({"an evaluation of a guard's test after 38 h", number(guard, "µs"), "", "",
                  "< 20 µs", guard < 20});
}

}  // namespace rollbook::bench
