// Tests of one side against another, over points that come as they do: arms are not exported in one
// instant, and an Observed is made whenever it is.

#include "engine/core/arm_steps.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/core/limits.h"
#include "engine/core/prove.h"
#include "tools/calibration/trial.h"

namespace rollbook::calibration {
namespace {

using namespace std::chrono_literals;
using namespace rollbook::core;

constexpr Fixed kOnePercent{10'000'000}, kFivePercent{50'000'000}, kTwice{2'000'000'000};

// Two arms of 500 requests a second each, whose errors may rise from some moment on.
class Service {
 public:
  Service(const Criterion& criterion, Weight weight = Weight{500'000'000})
      : trial(criterion, weight) {}

  Duration every = 10s;
  Duration later{};                    // that the baseline is exported
  Duration log_every = 10s;            // an Observed
  double rate = 0.005, failing = 0.4;  // of errors
  Duration fails_from = 1000h, fails_until = 1000h;
  bool shared = true;
  double canary_share = 0.5;
  Trial trial;
  Pending pending;

  // Until a verdict, or to the end: true if the canary failed.
  bool fails(Duration length) {
    for (Duration at = every; at <= length; at += every) {
      export_arm(Arm::canary, at - every, at);
      if (trial.reading().verdict == Verdict::fail) return true;
      export_arm(Arm::baseline, at + later - every, at + later);
      if (trial.reading().verdict == Verdict::fail) return true;
    }
    return false;
  }
  void log() {
    logs_at_ = Duration::zero();
    look(looked_at_);
  }
  Found found() const {
    return prove_in_full({trial.machine, trial.state, pending, trial.machine.criteria[0]});
  }
  std::mt19937_64 random{1};

 private:
  static double seconds(Duration span) { return std::chrono::duration<double>(span).count(); }

  void export_arm(Arm arm, Duration from, Duration to) {
    const bool canary = arm == Arm::canary;
    const double share = canary ? canary_share : 1 - canary_share;
    const auto requests =
        static_cast<std::int64_t>(std::llround(1000 * share * seconds(to - from)));
    const Duration failed =
        std::max(Duration::zero(), std::min(to, fails_until) - std::max(from, fails_from));
    const double part = canary || shared ? seconds(failed) / seconds(to - from) : 0;
    std::binomial_distribution<std::int64_t> errors(requests, rate + failing * part);
    put(SeriesIndex{canary ? 0U : 3U}, to, requests);
    put(SeriesIndex{canary ? 1U : 4U}, to, errors(random));
    look(to);
  }
  void put(SeriesIndex series, Duration at, std::int64_t value) {
    CellDelta delta;
    delta.series = series;
    delta.reach = Floor::shift;
    delta.cell.latest = begin_ + at;
    delta.cell.end = ceil_to(delta.cell.latest, kPaneMin);
    delta.cell.value = Fixed::from_int(value);
    delta.cell.samples = 1;
    pending.observed.deltas.push_back(std::move(delta));
    pending.observed.seen.push_back({series, begin_ + at, begin_ + at});
    pending.observed.seen.back().interval = every;
  }
  void look(Duration at) {
    looked_at_ = at;
    const bool logs = at >= logs_at_;
    if (logs) logs_at_ = at + log_every;
    std::vector<Event> events;
    advance(trial.machine, trial.shard, trial.state, pending, Input{begin_ + at, Look{logs}},
            events);
  }

  Time begin_ = trial.now;
  Duration logs_at_{}, looked_at_{};
};

Criterion stop_twice() { return stop_above_baseline(kTwice, kOnePercent); }

TEST(ArmSteps, SayTheSameWheneverAnObservedIsMade) {
  for (const Criterion& criterion : {stop_twice(), expect_within_baseline(kTwice, kFivePercent),
                                     expect_unchanged(1min, kFivePercent, kFivePercent)}) {
    std::optional<Evidence> first;
    for (const Duration log_every : {Duration(1s), Duration(10s), Duration(5min), Duration(1h)}) {
      Service service(criterion);
      service.later = 3400ms;
      service.log_every = log_every;
      EXPECT_FALSE(service.fails(20min + 7s));
      service.log();
      const Evidence evidence = service.found().evidence.value();
      EXPECT_GT(evidence.counts.at(1), 100'000);
      EXPECT_LT(evidence.dispersion, Fixed::from_int(2));
      if (!first) first = evidence;
      EXPECT_EQ(evidence, *first)
          << std::chrono::duration_cast<std::chrono::seconds>(log_every).count();
    }
  }
}

TEST(ArmSteps, SeeACanaryThatBreaksWithinAnExportOrTwo) {
  for (const Duration log_every : {Duration(10s), Duration(5min)}) {
    Service service(stop_twice());
    service.later = 3400ms;
    service.log_every = log_every;
    service.shared = false;
    service.fails_from = 30min;
    EXPECT_FALSE(service.fails(30min));
    service.fails_from = Duration::zero();
    EXPECT_TRUE(service.fails(30s));
  }
}

// What both begin to have shows with the arm first whose point comes first.
TEST(ArmSteps, AFailureThatBothArmsHaveIsNobodysOwn) {
  for (const bool guards : {true, false}) {
    for (int seed = 0; seed < 60; ++seed) {
      Service service(guards ? stop_twice() : expect_within_baseline(kTwice, kFivePercent));
      service.random.seed(static_cast<std::uint64_t>(seed));
      service.every = seed % 2 == 0 ? 10s : 30s;
      service.later = service.every * (seed % 7) / 7;
      service.fails_from = 20min + std::chrono::milliseconds(613 * seed);
      service.fails_until = service.fails_from + 5min + std::chrono::milliseconds(411 * seed);
      EXPECT_FALSE(service.fails(40min)) << seed;
    }
  }
}

TEST(ArmSteps, AGuardsProofTellsWhatItWasProvenOf) {
  Service service(stop_above_baseline(Fixed::from_int(2), kOnePercent));
  service.shared = false;
  service.fails_from = 1h;
  ASSERT_TRUE(service.fails(2h));
  const Found found = service.found();
  ASSERT_TRUE(found.true_);
  EXPECT_GT(*found.value, *found.limit);  // on the whole the canary is still well
  EXPECT_LT(found.samples, 20'000);
  ASSERT_EQ(found.evidence->counts.size(), 4U);
  EXPECT_EQ(found.evidence->counts[1], found.samples);
  EXPECT_EQ(found.value->nanos, Int128{found.evidence->counts[0]} * Fixed::kScale / found.samples);
}

TEST(ArmSteps, ASplitIsAsPlannedWhicheverArmIsAhead) {
  for (const Duration later : {Duration(0s), Duration(1s), Duration(30s), Duration(59s)}) {
    for (const double share : {0.1, 0.09, 0.12}) {
      Service service(expect_split(kOnePercent), Weight{100'000'000});
      service.every = 60s;
      service.later = later;
      service.canary_share = share;
      EXPECT_EQ(service.fails(2h), share != 0.1) << share;
    }
  }
}

}  // namespace
}  // namespace rollbook::calibration
