// Arms of many pods: one of the canary, nine of the baseline, each scraped once a minute at a
// moment of its own. What one arm has told is not held against what most of the other has yet to
// tell.

#include <gtest/gtest.h>

#include <vector>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Verdict;

struct Pod {
  std::string arm, name;
  int phase = 0;  // seconds
  std::int64_t requests = 1'000'000, errors = 1'000;
};

// One pod, and nine.
std::vector<Pod> service(const std::vector<int>& phases) {
  std::vector<Pod> pods;
  for (const int phase : phases) {
    pods.push_back({pods.empty() ? "new" : "old", "p" + std::to_string(pods.size()), phase});
  }
  return pods;
}

// Ten requests a second of every pod; of those of an arm so many in ten fail.
void play(Rehearsal& r, std::vector<Pod>& pods, int seconds, std::int64_t canary,
          std::int64_t baseline) {
  for (int i = 0; i < seconds && !r.rollout().finished(); ++i) {
    r.run_for(1s);
    const auto second = std::chrono::duration_cast<std::chrono::seconds>(r.elapsed()).count();
    std::vector<Rehearsal::Sent> points;
    for (Pod& pod : pods) {
      pod.requests += 10;
      pod.errors += pod.arm == "new" ? canary : baseline;
      if (second % 60 != pod.phase) continue;
      const Labels labels{{"pod", pod.name}, {"v", pod.arm}};
      for (const auto& [name, value] : {std::pair("req", pod.requests), {"err", pod.errors}}) {
        Rehearsal::Sent point;
        point.series = name;
        point.labels = labels;
        point.end = r.now();
        point.value = value;
        points.push_back(point);
      }
    }
    if (!points.empty()) r.deliver(points);
  }
}

const std::vector<std::vector<int>> kPhases = {{7, 1, 12, 20, 33, 41, 48, 52, 55, 57},
                                               {58, 1, 12, 20, 33, 41, 48, 52, 55, 57},
                                               {30, 31, 32, 33, 34, 35, 36, 37, 38, 39},
                                               {0, 5, 11, 17, 23, 29, 35, 41, 47, 53}};

// ---- The split of traffic -------------------------------------------------------------------

std::string split(const std::string& traffic) {
  return text_of({.guard = "stop absent(requests) for 5m\n",
                  .stages = "stage canary {\n traffic " + traffic +
                            "\n hold 20m\n expect traffic split as planned\n"
                            " within 1h otherwise rollback automatic\n}\n",
                  .success = "finish traffic " + traffic + "\n"});
}

TEST(Pods, TrafficThatIsSplitAsPlannedIsSoAtEveryMoment) {
  for (const std::vector<int>& phases : kPhases) {
    Rehearsal r(split("10%"));
    std::vector<Pod> pods = service(phases);
    play(r, pods, 180, 0, 0);
    ASSERT_EQ(r.start(), "");
    for (int minute = 0; minute < 19; ++minute) {
      play(r, pods, 60, 0, 0);
      EXPECT_NE(r.reading("canary.expect[1]").verdict, Verdict::fail) << phases[0] << minute;
    }
    play(r, pods, 180, 0, 0);
    EXPECT_EQ(r.state(), "succeeded") << phases[0];
  }
}

TEST(Pods, TrafficThatIsSplitOtherwiseIsNot) {
  for (const std::vector<int>& phases : kPhases) {
    Rehearsal r(split("20%"));
    std::vector<Pod> pods = service(phases);
    play(r, pods, 180, 0, 0);
    ASSERT_EQ(r.start(), "");
    play(r, pods, 19 * 60, 0, 0);
    EXPECT_EQ(r.reading("canary.expect[1]").verdict, Verdict::fail) << phases[0];
  }
}

// ---- One arm against the other --------------------------------------------------------------

const std::string& against() {
  static const std::string text =
      text_of({.guard = "stop canary.error_rate > baseline.error_rate * 300% over 5m\n"
                        "stop absent(requests) for 5m\n"});
  return text;
}

TEST(Pods, AFailureOfBothArmsIsNoneOfTheCanary) {
  for (const std::vector<int>& phases : kPhases) {
    for (const int begins : {0, 13, 29, 44, 57}) {
      Rehearsal r(against());
      std::vector<Pod> pods = service(phases);
      play(r, pods, 180, 1, 1);
      ASSERT_EQ(r.start(), "");
      play(r, pods, 600 + begins, 1, 1);
      play(r, pods, 900, 9, 9);
      EXPECT_EQ(r.state(), "canary.hold.wait") << phases[0] << " from " << begins;
      play(r, pods, 600, 1, 1);
      EXPECT_EQ(r.state(), "canary.hold.wait") << phases[0] << " until " << begins;
    }
  }
}

TEST(Pods, AFailureOfTheCanaryIsFoundWithItsNextPointsAndTheBaselines) {
  for (const std::vector<int>& phases : kPhases) {
    Rehearsal r(against());
    std::vector<Pod> pods = service(phases);
    play(r, pods, 180, 1, 1);
    ASSERT_EQ(r.start(), "");
    play(r, pods, 600, 1, 1);
    play(r, pods, 300, 9, 1);
    EXPECT_EQ(r.state(), "rolled_back") << phases[0];
  }
}

// ---- A rate -----------------------------------------------------------------------------------

// A process of the canary that counts five a second from its start on, and says so each minute and
// when it ends.
struct Process {
  std::string name;
  int begin = 0, end = 0;

  void tell(Rehearsal& r, int second) const {
    if (second <= begin || second > end) return;
    if ((second - begin) % 60 != 0 && second != end) return;
    Rehearsal::Sent point;
    point.series = "req";
    point.labels = {{"pod", name}, {"v", "new"}};
    point.start = Rehearsal::kBegin + std::chrono::seconds(begin);
    point.end = r.now();
    point.value = 5 * (second - begin);
    r.deliver({point});
  }
};

TEST(Pods, ARateIsNoGreaterWhileProcessesTakeTheirPlaceFromOthers) {
  for (const char* over : {"5m", "2m", "1m", "20s"}) {
    Rehearsal r(text_of({.guard = std::string("stop rate(requests) > 11/s over ") + over + "\n",
                         .stages = "stage canary {\n traffic 20%\n hold 1h\n}\n"}));
    const std::vector<Process> processes = {
        {"a", -600, 1207}, {"b", -583, 1207}, {"c", 1207, 9999}, {"d", 1207, 9999}};
    ASSERT_EQ(r.start(), "");
    for (int second = 1; !r.rollout().finished(); ++second) {
      r.run_for(1s);
      for (const Process& process : processes) process.tell(r, second);
    }
    EXPECT_EQ(r.state(), "succeeded") << over;
  }
}

}  // namespace
}  // namespace rollbook::tests
