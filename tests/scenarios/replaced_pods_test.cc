// Pods that take other pods' places, told by Prometheus: no total says since when it counted. What
// they have counted until they are scraped first came since then, and not in the moment of it.

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

constexpr int kReplaced = 1200;  // seconds: when the first pod is
constexpr const char* kHold = "canary.hold.wait";

struct Fleet {
  int pods = 1;  // of the canary, which counts ten a second in all
  int scrape_every = 55;
  int phase = 0;          // the new pods are scraped so much later than the old ones would be
  int apart = 30;         // between one replacement and the next
  int sick_from = 99999;  // from when on it counts twenty
  int away_from = 99999, away_to = 99999;  // nothing is scraped
};

// What a pod of the canary has counted in (from, to], ten for a request.
std::int64_t counted(const Fleet& fleet, int from, int to) {
  const int sick = std::max(0, to - std::max(from, fleet.sick_from));
  return 100 / fleet.pods * (std::max(0, to - from) + sick);
}

class ReplacedPods {
 public:
  ReplacedPods(const Fleet& fleet, const std::string& guard, const std::string& before = "")
      : r(text_of({.before = before,
                   .guard = guard + "\nstop absent(requests) for 30m\n",
                   .stages = "stage canary {\n traffic 50%\n hold 1h\n}\n",
                   .success = "finish traffic 50%\n"})),
        fleet_(fleet) {}

  // From the last second on; `each` is called after every one.
  template <class Each>
  void play(int to, const Each& each) {
    for (; second_ < to && !r.rollout().finished(); each(second_)) {
      ++second_;
      r.run_for(1s);
      if (second_ == 300) r.start();
      if (second_ < fleet_.away_from || second_ >= fleet_.away_to) scrape();
    }
  }
  void play(int to) {
    play(to, [](int) {});
  }
  Rehearsal r;

 private:
  void scrape() {
    std::vector<Rehearsal::Sent> points;
    const auto tell = [&](const std::string& arm, const std::string& pod, std::int64_t tenths) {
      for (const auto& [name, value] : {std::pair("req", tenths / 10), {"err", tenths / 100}}) {
        Rehearsal::Sent& point = points.emplace_back();
        point.series = name;
        point.labels = {{"pod", pod}, {"v", arm}};
        point.end = r.now();
        point.value = value;
      }
    };
    for (int i = 0; i < fleet_.pods; ++i) {
      const int offset = i * fleet_.scrape_every / fleet_.pods;
      const int ends = kReplaced + 7 + i * fleet_.apart;
      const std::string number = std::to_string(i);
      const auto is_due = [&](int phase) { return (second_ + phase) % fleet_.scrape_every == 0; };
      if (is_due(offset + 5)) tell("old", "o" + number, counted({.pods = fleet_.pods}, 0, second_));
      if (second_ <= ends && is_due(offset)) tell("new", "a" + number, counted(fleet_, 0, second_));
      if (second_ > ends && is_due(offset - fleet_.phase)) {
        tell("new", "b" + number, counted(fleet_, ends, second_));
      }
    }
    if (!points.empty()) r.deliver(points);
  }

  Fleet fleet_;
  int second_ = 0;
};

std::vector<Fleet> fleets() {
  std::vector<Fleet> all;
  for (const int every : {14, 55}) {  // no window is a multiple of them
    for (const int pods : {1, 2, 4}) {
      for (const int phase : {0, 1, every / 4, every / 2, every * 3 / 4, every - 1}) {
        all.push_back({.pods = pods, .scrape_every = every, .phase = phase});
      }
    }
  }
  return all;
}

std::string name_of(const Fleet& fleet) {
  return std::to_string(fleet.pods) + " pods, every " + std::to_string(fleet.scrape_every) +
         " s, later by " + std::to_string(fleet.phase);
}

TEST(ReplacedPods, OfAHealthyCanaryDoNotRaiseItsRate) {
  for (const Fleet& fleet : fleets()) {
    ReplacedPods play(fleet,
                      "stop rate(requests) > 11/s over 1m\nstop rate(requests) > 10.5/s over 5m\n"
                      "stop count(requests) > 3150 over 5m");
    play.play(2000);
    EXPECT_EQ(play.r.state(), kHold) << name_of(fleet) << ": " << play.r.because();
  }
}

TEST(ReplacedPods, OfASickCanaryHideNothing) {
  for (Fleet fleet : fleets()) {
    fleet.sick_from = kReplaced - 20;
    ReplacedPods play(fleet, "stop rate(requests) > 15/s over 1m");
    play.play(fleet.sick_from + 4 * 60 + fleet.apart * (fleet.pods - 1));
    EXPECT_EQ(play.r.state(), "rolled_back") << name_of(fleet);
  }
}

// All of them while nobody could see it: a first total has what was counted in five minutes.
TEST(ReplacedPods, WhileNothingWasScrapedDoNotRaiseItsRate) {
  for (Fleet fleet : fleets()) {
    fleet.away_from = kReplaced - 60;
    fleet.away_to = kReplaced + 300;
    ReplacedPods play(fleet,
                      "stop rate(requests) > 11/s over 1m\nstop rate(requests) > 11/s over 5m");
    play.play(2400);
    EXPECT_EQ(play.r.state(), kHold) << name_of(fleet) << ": " << play.r.because();
  }
}

// One in ten requests fails, whichever pod takes it; a first total counts whole in both parts.
TEST(ReplacedPods, LeaveAShareOfRequestsAsItIs) {
  for (const Fleet& fleet : fleets()) {
    ReplacedPods play(fleet, "stop rate(requests) > 100/s over 5m\nstop error_rate > 50% over 5m");
    play.play(2000, [&](int second) {
      if (second < 900) return;
      const core::Reading reading = play.r.reading("guard.stop[2]");
      ASSERT_TRUE(reading.value);
      EXPECT_NEAR(static_cast<double>(reading.value->nanos) / 1e9, 0.1, 0.002) << name_of(fleet);
    });
  }
}

// The process that judges ends between an old pod's last total and a new one's first.
TEST(ReplacedPods, CountTheSameAfterARestartOfTheEngine) {
  const std::string guard =
      "stop rate(requests) > 100/s over 1m\nstop rate(requests) > 100/s over 5m";
  for (const Fleet& fleet : {Fleet{.pods = 1}, Fleet{.pods = 2, .phase = 20}}) {
    ReplacedPods steady(fleet, guard), crashing(fleet, guard);
    for (int second = 1100; second < 1600; second += 10) {
      steady.play(second);
      crashing.play(second);
      crashing.r.crash();
      for (const char* stop : {"guard.stop[1]", "guard.stop[2]"}) {
        EXPECT_EQ(steady.r.reading(stop).value, crashing.r.reading(stop).value) << second;
      }
    }
  }
}

// ---- What is new, and no pod that took another's place ------------------------------------------

// Exported once a minute, in windows of half of that.
TEST(ReplacedPods, ErrorsThatAreNewAreSeenWithTheirFirstTotal) {
  for (const std::string kind : {"default 0", ""}) {
    ReplacedPods play({}, "stop count(faults) > 50 over 30s",
                      "metric faults = counter faults " + kind + "\n");
    const auto fail = [&](const char* arm, const char* type, std::int64_t count) {
      Rehearsal::Sent point;
      point.series = "faults";
      point.labels = {{"type", type}, {"v", arm}};
      point.end = play.r.now();
      point.value = count;
      play.r.deliver({point});
    };
    for (int second = 0; second <= 1080; second += 60) {  // the baseline's, all the while
      play.play(second);
      fail("old", "timeout", 100 + second);
    }
    ASSERT_EQ(play.r.state(), kHold) << kind;
    fail("new", "oom", 60);
    play.play(1090);
    EXPECT_EQ(play.r.state(), "rolled_back") << kind;
  }
}

}  // namespace
}  // namespace rollbook::tests
