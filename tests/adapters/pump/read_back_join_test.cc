// The join of what was read back and the live stream: every increment counts once, whatever was
// killed, doubled, reset or scattered over partitions, and however little the engine knew.

#include <algorithm>
#include <random>

#include "engine/core/limits.h"
#include "tests/adapters/pump/read_back_rig.h"

namespace rollbook::tests {
namespace {

// How the senders speak.
enum class Manner { deltas, cumulative, cumulative_with_start };

// Two pods that count the same metric, scraped each minute from 26 hours before the start to ten
// minutes after it; one of them restarts twice, and one record in ten comes twice.
class Senders {
 public:
  Senders(ReadBackRig& rig, Manner manner, unsigned seed)
      : rig_(rig), manner_(manner), random_(seed) {
    for (const char* pod : {"a", "b"}) {
      Pod& made = pods_.emplace_back();
      made.name = pod;
      made.started = kStart - 26h;
      made.next = kStart - 26h + std::chrono::seconds(1 + upto(59));
    }
    restarts_ = {kStart - std::chrono::minutes(30 + upto(600)), kStart + 3min};
  }

  // Everything that is sent up to `time`, in the order of time.
  void run_until(Time time) {
    const auto earlier = [](const Pod& a, const Pod& b) { return a.next < b.next; };
    while (true) {
      Pod& pod = *std::min_element(pods_.begin(), pods_.end(), earlier);
      if (pod.next > time) return;
      scrape(pod);
      pod.next += 1min;
    }
  }
  // Of all that was sent: what was measured after `from`.
  std::int64_t expected_after(Time from) const {
    std::int64_t sum = 0;
    for (const auto& [end, rise] : rises_) sum += end > from ? rise : 0;
    return sum;
  }

 private:
  struct Pod {
    std::string name;
    Time started{}, next{};
    std::int64_t total = 0;
  };
  int upto(int count) { return static_cast<int>(random_() % static_cast<unsigned>(count)); }

  void scrape(Pod& pod) {
    const Time end = pod.next;
    for (Time& restart : restarts_) {
      if (pod.name != "b" || end < restart) continue;
      restart = core::kDistantFuture;
      pod.started = end - 30s;
      pod.total = 0;
    }
    const std::int64_t rise = 10 + upto(90);
    const bool begins = pod.total == 0 && manner_ == Manner::cumulative && end < kStart - 25h;
    pod.total += rise;
    if (!begins) rises_.emplace_back(end, rise);  // a first sample without a start is a base
    for (const char* metric : {"shadow_total", "shadow_match_total"}) {
      PointText point{metric, pod.total, end, "counter", {}, pod.name};
      if (manner_ == Manner::cumulative_with_start) point.start = pod.started;
      if (manner_ == Manner::deltas) {
        point.kind = "counter_delta";
        point.value = rise;
        point.start = std::max(pod.started, end - 1min);
      }
      rig_.put(point, upto(3));
      if (upto(10) == 0) rig_.put(end + 20s, text_of(point), upto(3));
    }
  }

  ReadBackRig& rig_;
  const Manner manner_;
  std::mt19937 random_;
  std::vector<Pod> pods_;
  std::vector<Time> restarts_;
  std::vector<std::pair<Time, std::int64_t>> rises_;
};

struct Case {
  Manner manner;
  core::Duration known;  // how long the engine had run when the rollout started
  unsigned seed;
};

class ReadBackJoin : public testing::TestWithParam<Case> {};

TEST_P(ReadBackJoin, CountsEveryIncrementOnce) {
  const Case& given = GetParam();
  ReadBackRig rig(3);
  Senders senders(rig, given.manner, given.seed);
  std::mt19937 random(given.seed + 1000);
  const auto live_until = [&](Time time) {
    for (; rig.clock < time; rig.clock += 5s) {
      senders.run_until(rig.clock - 1s);
      rig.turn(1 + random() % 20);
    }
  };
  rig.clock = kStart - given.known;
  senders.run_until(rig.clock - 1s);
  rig.open();
  live_until(kStart);
  rig.start(kShadow);
  // The reading takes five minutes; it is killed twice on its way, with the engine.
  ASSERT_TRUE(rig.begin_pass());
  const Time kills[] = {kStart + std::chrono::seconds(random() % 120),
                        kStart + std::chrono::seconds(120 + random() % 120)};
  for (const Time kill : kills) {
    live_until(kill);
    ASSERT_FALSE(rig.step(500));
    rig.open();
    ASSERT_TRUE(rig.state().back.reading());
    ASSERT_TRUE(rig.begin_pass());
  }
  live_until(kStart + 5min);
  while (!rig.step(500)) {
  }
  EXPECT_FALSE(rig.state().back.reading());
  live_until(kStart + 8min);
  rig.open();  // and once more behind the join
  live_until(kStart + 10min);
  rig.turn(100'000);

  // On a border of the window's panes, well inside of it.
  const Time from = kStart - kStart.time_since_epoch() % 288s - 288s * 250;
  EXPECT_EQ(rig.counted_after(from), senders.expected_after(from));
  EXPECT_EQ(rig.pasts().size(), 1U);
  rig.expect_replays();
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Manner manner : {Manner::deltas, Manner::cumulative, Manner::cumulative_with_start}) {
    // An engine that begins with the rollout knows no base; one that has run for an hour all.
    for (const core::Duration known :
         {core::Duration(0s), core::Duration(25s), core::Duration(3min), core::Duration(1h)}) {
      for (unsigned seed = 1; seed <= 5; ++seed) all.push_back({manner, known, seed});
    }
  }
  return all;
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
  static constexpr const char* kManners[] = {"Deltas", "Cumulative", "WithStart"};
  return kManners[static_cast<int>(info.param.manner)] + std::to_string(info.param.known / 1s) +
         "sSeed" + std::to_string(info.param.seed);
}
INSTANTIATE_TEST_SUITE_P(Each, ReadBackJoin, testing::ValuesIn(cases()), name_of);

}  // namespace
}  // namespace rollbook::tests
