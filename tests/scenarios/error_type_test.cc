// Metrics by OpenTelemetry's conventions: what fails has `error.type`, what is well has not; and a
// Collector that gives all of them one label more while the rollout runs.

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

const std::string kText = R"(edition 1
runbook shop {
  service "shop"
  arms by label "v": baseline "old", canary "new"
  metric requests = counter ops
  metric failed = counter ops{error.type=~".+"} by error.type
  metric error_rate = failed / requests
  guard {
    stop error_rate > 1% over 2m
    stop absent(requests) for 30m
    otherwise rollback automatic
  }
  stage canary {
    traffic 50%
    hold 40m
    expect error_rate < 1% over 30m
    within 1h otherwise rollback automatic
  }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)";

struct Process {
  std::string arm, id;
  core::Time start{};
  std::int64_t good = 0;
  std::map<std::string, std::int64_t> failed;  // by type
  Labels more;                                 // after the others
};

enum class Order { good_first, failed_first };

// All that it counts, in one instant.
void tell(Rehearsal& r, const Process& process, Order order) {
  std::vector<Rehearsal::Sent> points;
  const auto put = [&](Labels labels, std::int64_t value) {
    Rehearsal::Sent& point = points.emplace_back();
    point.series = "ops";
    labels.insert(labels.end(), {{"id", process.id}, {"op", "put"}, {"v", process.arm}});
    labels.insert(labels.end(), process.more.begin(), process.more.end());
    point.labels = std::move(labels);
    point.start = process.start;
    point.end = r.now();
    point.value = value;
  };
  put({}, process.good);
  for (const auto& [type, count] : process.failed) put({{"error.type", type}}, count);
  if (order == Order::failed_first) std::reverse(points.begin(), points.end());
  r.deliver(points);
}

// A minute of a hundred requests a second of each, of which so many in a thousand fail.
void serve(Rehearsal& r, std::vector<Process>& processes, std::int64_t failing,
           Order order = Order::good_first) {
  r.run_for(1min);
  for (Process& process : processes) {
    process.good += 6000 - 6 * failing;
    if (failing > 0) process.failed["timeout"] += 6 * failing;
    tell(r, process, order);
  }
}

std::vector<Process> service() {
  return {{"old", "b", Rehearsal::kBegin - 24h, 5'000'000, {{"timeout", 300'000}}, {}},
          {"new", "a", Rehearsal::kBegin - 24h, 5'000'000, {{"timeout", 300'000}}, {}}};
}

TEST(ErrorType, ACanaryThatCrashesBeforeItsSecondExportIsSeenToFail) {
  for (const Order order : {Order::good_first, Order::failed_first}) {
    Rehearsal r(kText);
    std::vector<Process> baseline{service()[0]};
    r.start();
    for (int life = 0; life < 5 && !r.rollout().finished(); ++life) {
      const core::Time start = r.now();
      serve(r, baseline, 1);
      tell(r, {"new", "c" + std::to_string(life), start, 3000, {{"oom", 3000}}, {}}, order);
      serve(r, baseline, 1);
    }
    EXPECT_EQ(r.state(), "rolled_back");
  }
}

TEST(ErrorType, EachKindOfFailureThatIsNewCountsFromItsFirstExport) {
  for (const core::Time start : {core::kDistantPast, Rehearsal::kBegin - 24h}) {
    for (const Order order : {Order::good_first, Order::failed_first}) {
      Rehearsal r(kText);
      std::vector<Process> processes = service();
      for (Process& process : processes) process.start = start;
      for (int i = 0; i < 5; ++i) serve(r, processes, 1);
      r.start();
      for (int i = 0; i < 8; ++i) serve(r, processes, 1);
      ASSERT_EQ(r.state(), "canary.hold.wait");
      processes[1].failed["oom"] = 1500;  // once, and never again
      serve(r, processes, 1, order);
      serve(r, processes, 1, order);
      r.run_for(10s);  // the shift back is settled
      EXPECT_EQ(r.state(), "rolled_back");
    }
  }
}

TEST(ErrorType, PodsThatBeginWithBothDoNotFailMoreThanTheyDo) {
  for (const Order order : {Order::good_first, Order::failed_first}) {
    Rehearsal r(kText);
    std::vector<Process> processes = service();
    for (int i = 0; i < 5; ++i) serve(r, processes, 3, order);
    r.start();
    for (int i = 0; i < 10; ++i) serve(r, processes, 3, order);
    for (int i = 0; i < 9; ++i) {
      processes.push_back({"new", "n" + std::to_string(i), r.now(), 0, {}, {}});
    }
    serve(r, processes, 3, order);
    EXPECT_EQ(r.reading("guard.stop[1]").samples, 66'000);
    for (int i = 0; i < 35; ++i) serve(r, processes, 3, order);
    EXPECT_EQ(r.state(), "succeeded") << r.because();
  }
}

// Six in a hundred have failed in the processes' life before.
TEST(ErrorType, ALabelThatIsGivenToAllCountsNothingOfTheirLife) {
  for (const core::Time start : {core::kDistantPast, Rehearsal::kBegin - 24h}) {
    for (const bool crash : {false, true}) {
      Rehearsal r(kText);
      std::vector<Process> processes = service();
      for (Process& process : processes) process.start = start;
      for (int i = 0; i < 5; ++i) serve(r, processes, 3);
      r.start();
      for (int i = 0; i < 10; ++i) serve(r, processes, 3);
      for (Process& process : processes) process.more = {{"zone", "x"}};
      serve(r, processes, 3);
      if (crash) r.crash();
      for (int i = 0; i < 3; ++i) serve(r, processes, 3);
      EXPECT_EQ(r.reading("guard.stop[1]").samples, 12'000) << r.because();
      for (int i = 0; i < 35; ++i) serve(r, processes, 3);
      EXPECT_EQ(r.state(), "succeeded") << r.because();
    }
  }
}

// What fails came in a message before what is well, and the engine ends before the next.
TEST(ErrorType, WhatWaitsForTheNextExportCountsOnceThoughTheEngineCrashes) {
  for (const bool crash : {false, true}) {
    Rehearsal r(kText);
    std::vector<Process> processes = service();
    processes[1].failed.clear();
    for (int i = 0; i < 5; ++i) serve(r, processes, 0);
    r.start();
    for (int i = 0; i < 10; ++i) serve(r, processes, 0);
    processes[1].failed["oom"] = 60;
    serve(r, processes, 0, Order::failed_first);
    if (crash) r.crash();
    serve(r, processes, 0, Order::failed_first);
    const core::Reading reading = r.reading("guard.stop[1]");
    ASSERT_TRUE(reading.value);
    EXPECT_EQ(reading.value->nanos, 60 * core::Fixed::kScale / reading.samples) << reading.samples;
  }
}

}  // namespace
}  // namespace rollbook::tests
