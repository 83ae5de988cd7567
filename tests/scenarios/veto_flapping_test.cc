// `when baseline fails too halt` with a test: failures of seconds that both arms have, and that
// come and go. The baseline has more requests at a time, so it may never be proven, though it fails
// just as the canary does.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Duration;
using core::EffectKind;
using core::Verdict;

const Labels kNew{{"v", "new"}}, kOld{{"v", "old"}};
constexpr const char* kBack = "rollback.automatic.shift";
constexpr const char* kHold = "canary.hold.wait";

std::string vetoed(const std::string& stop) {
  return text_of({.guard = stop + "\nwhen baseline fails too halt\n",
                  .stages = "stage canary {\n traffic 10%\n hold 6h\n}\n",
                  .success = "finish traffic 10%\n"});
}
const std::string kErrors = vetoed("stop error_rate > 1% with confidence 99%");

// 100 requests a second of the canary and 900 of the baseline, in scrapes of 15 s.
struct Service {
  Rehearsal& r;

  void begin() const {
    r.counter("req", kNew, 100);
    r.counter("req", kOld, 900);
    for (const Labels& arm : {kNew, kOld}) {
      r.counter("err", arm, 0);
      r.histogram("dur", arm, {5, 10, 20, 50}, {arm == kNew ? 100 : 900, 0, 0, 0, 0});
    }
    r.start();
    r.run_for(13min);
  }
  // One scrape, in which so many fail, and as many are slow.
  void scrape(std::int64_t canary, std::int64_t baseline) const {
    fail(kNew, canary);
    fail(kOld, baseline);
    r.run_for(15s);
  }
  // 30 % of both for 20 s in each three minutes; between them the canary may fail as well. What the
  // canary has comes in three scrapes, what the baseline has in two: of that more comes at a time.
  void flap(int times, std::int64_t between = 0) const {
    for (int i = 0; i < times && !r.rollout().finished(); ++i) {
      scrape(90, 0);
      scrape(450, 4050);
      scrape(60, 1350);
      for (int rest = 0; rest < 9; ++rest) scrape(between, 0);
    }
  }

 private:
  void fail(const Labels& arm, std::int64_t requests) const {
    r.add("err", arm, requests);
    r.observe("dur", arm, {-requests, 0, 0, requests, 0});
  }
};

void expect_halted(const Rehearsal& r) {
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.state(), kHold);
  EXPECT_EQ(r.weights(), "10%");
}

TEST(VetoFlapping, WhatBothHaveForSecondsHaltsThoughTheBaselineIsNeverProven) {
  Rehearsal r(kErrors);
  const Service service{r};
  service.begin();
  service.flap(20);
  expect_halted(r);
  ASSERT_FALSE(r.effects(EffectKind::page).empty());
  const std::string page = r.effects(EffectKind::page).front().text;
  EXPECT_NE(page.find("baseline: error_rate > 1% with confidence 99%: "), std::string::npos)
      << page;
  r.run_for(2h);
  expect_halted(r);
}

TEST(VetoFlapping, SoItIsWithQuantiles) {
  Rehearsal r(vetoed("stop p99(latency) > 20ms with confidence 99%"));
  const Service service{r};
  service.begin();
  service.flap(20);
  expect_halted(r);
}

// It is not waited until the canary has failed for 150 s: by then the baseline reads well again.
TEST(VetoFlapping, ItHaltsWhenTheCanaryIsProven) {
  Rehearsal r(kErrors);
  const Service service{r};
  service.begin();
  service.flap(20);
  ASSERT_FALSE(r.effects(EffectKind::page).empty());
  const auto fails = [&](const core::Event& event) {
    const auto* changed = std::get_if<core::VerdictChanged>(&event.body);
    return changed != nullptr && r.machine().at(changed->criterion).id == "guard.stop[1]" &&
           changed->reading.verdict == Verdict::fail;
  };
  const auto proven = std::find_if(r.events().begin(), r.events().end(), fails);
  ASSERT_NE(proven, r.events().end());
  EXPECT_LE(r.times(EffectKind::page).front(), proven->time - Rehearsal::kBegin + 15s);
}

TEST(VetoFlapping, ACanaryThatFailsBetweenAsWellIsRolledBack) {
  Rehearsal r(kErrors);
  const Service service{r};
  service.begin();
  service.flap(4);
  const Duration sick = r.elapsed();
  service.flap(4, 450);
  ASSERT_NE(r.entered(kBack), core::kNever);
  EXPECT_LE(r.entered(kBack), sick + 5min);
}

// Of the baseline's own failures none is among what proves the canary's, or they are not enough.
TEST(VetoFlapping, ACanaryThatAloneIsSickIsRolledBackAsSoonAsBesideAHealthyBaseline) {
  const struct {
    const char* name;
    std::int64_t always, once;  // a scrape
  } baselines[] = {
      {"healthy", 0, 0}, {"failed once, long before", 0, 4050}, {"near the limit", 120, 120}};
  Duration taken[3];
  for (int i = 0; i < 3; ++i) {
    Rehearsal r(kErrors);
    const Service service{r};
    service.begin();
    service.scrape(0, baselines[i].once);
    for (int well = 0; well < 40; ++well) service.scrape(0, baselines[i].always);
    const Duration sick = r.elapsed();
    for (int ill = 0; ill < 40; ++ill) service.scrape(75, baselines[i].always);
    ASSERT_NE(r.entered(kBack), core::kNever) << baselines[i].name;
    EXPECT_FALSE(r.rollout().halted) << baselines[i].name;
    taken[i] = r.entered(kBack) - sick;
    EXPECT_EQ(taken[i], taken[0]) << baselines[i].name;
  }
}

}  // namespace
}  // namespace rollbook::tests
