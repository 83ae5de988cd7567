// Cumulative counters of an OpenTelemetry SDK: each label set appears with its first event, under
// the start time of its process, which began long before the rollout.

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

struct Process {
  std::string arm, pod;
  core::Time start{};
  std::int64_t requests = 0;
  std::map<std::string, std::int64_t> errors;  // by type
};

// A hundred requests a second of each, exported in one instant every minute.
void serve(Rehearsal& r, std::vector<Process>& processes, int minutes) {
  for (; minutes > 0 && !r.rollout().finished(); --minutes) {
    r.run_for(1min);
    for (Process& process : processes) {
      process.requests += 6000;
      std::vector<Rehearsal::Sent> points;
      const auto put = [&](const std::string& name, const Labels& labels, std::int64_t value) {
        Rehearsal::Sent& point = points.emplace_back();
        point.series = name;
        point.labels = labels;
        point.start = process.start;
        point.end = r.now();
        point.value = value;
      };
      for (const auto& [type, count] : process.errors) {
        put("err", {{"pod", process.pod}, {"type", type}, {"v", process.arm}}, count);
      }
      put("req", {{"pod", process.pod}, {"v", process.arm}}, process.requests);
      r.deliver(points);
    }
  }
}

std::vector<Process> service(core::Time canary_began) {
  std::vector<Process> processes(2);
  processes[0] = {"new", "a", canary_began, 90'000, {}};
  processes[1] = {"old", "b", Rehearsal::kBegin - 24h, 5'000'000, {}};
  return processes;
}

TEST(Firsts, ErrorsOfAKindThatAProcessHasNotHadBeforeAreCountedAtOnce) {
  for (const char* guard :
       {"stop error_rate > 1% over 5m", "stop new(errors by type) at least 10 over 5m"}) {
    Rehearsal r(text_by_labels(guard));
    std::vector<Process> processes = service(Rehearsal::kBegin - 15min);
    serve(r, processes, 5);
    r.start();
    serve(r, processes, 10);
    ASSERT_EQ(r.state(), "canary.hold.wait");
    processes[0].errors["oom"] = 600;
    serve(r, processes, 5);  // a kind that is new waits for the baseline, which has had no error
    EXPECT_EQ(r.state(), "rolled_back") << guard;
  }
}

// One arm's process began before the shift, the other's behind it: both are counted alike.
TEST(Firsts, AnErrorThatBothArmsBeginToHaveIsNotTheCanarysAlone) {
  Rehearsal r(text_by_labels("stop new(errors by type) at least 10 over 5m"));
  std::vector<Process> processes = service(Rehearsal::kBegin - 15min);
  serve(r, processes, 5);
  r.start();
  serve(r, processes, 2);
  processes[0] = {"new", "a", r.now(), 0, {}};
  serve(r, processes, 10);
  for (Process& process : processes) process.errors["db_gone"] = 275;
  std::swap(processes[0], processes[1]);  // the baseline's comes first, a moment before
  serve(r, processes, 3);
  EXPECT_EQ(r.state(), "canary.hold.wait");
}

// A pod of which nothing was heard before has counted for days: a base, with all that it has.
TEST(Firsts, AProcessThatIsHeardForTheFirstTimeCountsNothingOfItsLife) {
  Rehearsal r(text_by_labels("stop error_rate > 1% over 5m"));
  std::vector<Process> processes = service(Rehearsal::kBegin - 15min);
  const Process late = {"new", "c", Rehearsal::kBegin - 48h, 9'000'000, {{"oom", 900'000}}};
  serve(r, processes, 5);
  r.start();
  serve(r, processes, 10);
  processes.push_back(late);
  serve(r, processes, 5);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  EXPECT_EQ(r.reading("guard.stop[1]").samples, 54'000);
}

}  // namespace
}  // namespace rollbook::tests
