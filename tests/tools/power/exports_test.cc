// How soon is noticed what exporters tell of seldom: a verdict waits for an export, and the first
// one after a shift tells of before too.

#include "tools/power/exports.h"

#include <gmock/gmock.h>

#include "tests/tools/power/studies.h"
#include "tools/power/plot.h"
#include "tools/power/print.h"

namespace rollbook::power {
namespace {

using namespace std::chrono_literals;
using core::Arm;
using core::Duration;
using testing::HasSubstr;

Study study_of(const core::Machine& machine, double per_second, Duration every,
               std::optional<double> healthy = {}) {
  Settings settings;
  settings.runs = 31;
  settings.every = every;
  settings.healthy_rate = healthy;
  auto made = Study::of(machine, {{"peak", per_second}}, settings);
  EXPECT_TRUE(made.has_value());
  return std::move(*made);
}

Notice notice(const Study& study, double multiple, Since since) {
  return study.notice_of(study.criteria().front(), study.loads().front(), multiple, since);
}
Notice notice(const Study& study, double multiple) {
  return study.notice_of(study.criteria().front(), study.loads().front(), multiple);
}

// Half of the requests are the canary's.
core::Machine two_arms(const std::string& stop) {
  core::Machine shop = machine(stop);
  shop.stages.front().weight = core::Weight{500'000'000};
  return shop;
}
constexpr char kArms[] =
    "stop canary.errors / canary.requests > baseline.errors / baseline.requests * 200% with "
    "confidence 99%";

TEST(Exports, EachArmSendsWithinOneIntervalAndThenInItsOwnRhythm) {
  bool apart = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    tools::Draw draw({seed});
    Exports exports(60s, {Arm::canary, Arm::baseline}, draw);
    const Duration first = exports.at();
    const Arm arm = exports.arm();
    EXPECT_GE(first, 1s);
    exports.go_on(60s);
    EXPECT_NE(exports.arm(), arm);
    EXPECT_GE(exports.at(), first);
    EXPECT_LE(exports.at(), 60s);
    apart = apart || exports.at() - first > 30s;
    exports.go_on(60s);
    EXPECT_EQ(exports.arm(), arm);
    EXPECT_EQ(exports.at(), first + 60s);
  }
  EXPECT_TRUE(apart);
}

TEST(Exports, OneArmSendsAllThatThereIs) {
  tools::Draw draw({1});
  Exports exports(1s, {Arm::total}, draw);
  EXPECT_EQ(exports.arm(), Arm::total);
  EXPECT_EQ(exports.at(), 1s);
  exports.go_on(3s);
  EXPECT_EQ(exports.at(), 4s);
}

// Half of the requests fail: what is counted at all is enough.
TEST(PowerOfExports, WhatBeganBeforeTheShiftIsNotCounted) {
  const core::Machine shop = machine("stop errors / requests > 5% over 1m");
  const Notice at_once = notice(study_of(shop, 100, 20s), 10, Since::shift);
  EXPECT_EQ(at_once.noticed, 1);
  EXPECT_GT(at_once.time, 20s);
  EXPECT_LE(at_once.time, 40s);
  EXPECT_NEAR(at_once.requests, static_cast<double>(at_once.time / 1s) * 100, 300);
  // Where a service was known before, the next export is the first one that tells.
  const Notice later = notice(study_of(shop, 100, 20s), 10, Since::later);
  EXPECT_LE(later.late, 40s);
  EXPECT_LT(later.time, at_once.time);
}

TEST(PowerOfExports, ATestWaitsForExportsToo) {
  const core::Machine shop = machine("stop errors / requests > 1% with confidence 99%");
  // In recordings it takes two points, of which the first may be mostly healthy, and three behind
  // the one that lies across a shift.
  for (const Duration every : {5s, 60s}) {
    const Study study = study_of(shop, 20, every);
    const Notice later = notice(study, 20, Since::later);
    EXPECT_GT(later.time, every);
    EXPECT_LE(later.time, 3 * every);
    const Notice at_once = notice(study, 20, Since::shift);
    EXPECT_GT(at_once.time, 2 * every);
    EXPECT_LE(at_once.time, 5 * every);
  }
}

// Events of few exports may have been one burst each, so arms are told apart late at first.
TEST(PowerOfExports, OfTwoArmsTheLaterIsTold) {
  const core::Machine shop = two_arms(kArms);
  const Study study = study_of(shop, 400, 60s, 0.005);
  const Notice at_once = notice(study, 10, Since::shift);
  const Notice later = notice(study, 10, Since::later);
  EXPECT_EQ(at_once.noticed, 1);
  EXPECT_EQ(later.noticed, 1);
  EXPECT_GT(at_once.time, 60s);
  EXPECT_GT(at_once.time, later.time);
  EXPECT_LE(later.time, 180s);
  const Notice told = notice(study, 10);
  EXPECT_EQ(told.since, Since::shift);
  EXPECT_EQ(told.time, at_once.time);
  EXPECT_EQ(told.late, at_once.late);
  EXPECT_EQ(told.requests, at_once.requests);
}

// Ten minutes that were healthy hide what is bad since one.
TEST(PowerOfExports, OfAWindowTheLaterIsThatOfAFullOne) {
  const core::Machine shop = machine("stop errors / requests > 5% over 10m");
  const Study study = study_of(shop, 100, 15s);
  const Notice told = notice(study, 2);
  EXPECT_EQ(told.since, Since::later);
  EXPECT_GT(told.time, notice(study, 2, Since::shift).time);
}

// A gate's test begins with its stage.
TEST(PowerOfExports, AGateIsTriedFromItsShiftAlone) {
  const core::Machine shop = machine("stop errors / requests > 50% over 1m",
                                     "expect it: errors / requests < 1% with confidence 95%");
  const Study study = study_of(shop, 20, 60s);
  for (const CriterionReport& each : study.criteria()) {
    if (each.id != "whole.it") continue;
    const Notice told = study.notice_of(each, study.loads().front(), 20);
    EXPECT_EQ(told.since, Since::shift);
    EXPECT_GT(told.time, 60s);
    return;
  }
  FAIL() << "no such criterion";
}

TEST(PowerOfExports, ThePlotHasTheLowerChance) {
  const core::Machine shop = two_arms(kArms);
  const Study study = study_of(shop, 400, 60s, 0.005);
  CriterionReport stop = study.criteria().front();
  const Notice at_once = notice(study, 10, Since::shift);
  stop.horizon = at_once.time - 30s;
  EXPECT_LT(study.chance_to_notice(stop, study.loads().front(), 10), 0.6);
  stop.horizon = at_once.late + 10min;
  EXPECT_EQ(study.chance_to_notice(stop, study.loads().front(), 10), 1);
}

TEST(PowerOfExports, AllThreeSayHowFarApartPointsWere) {
  Settings settings;
  settings.runs = 3;
  settings.multiples = {10};
  settings.every = 60s;
  const core::Machine shop = machine("stop errors / requests > 5% over 5m", "", "10m");
  const Report report = study(shop, 20, settings);
  EXPECT_THAT(as_table(report), HasSubstr("point of each series every 1m."));
  EXPECT_THAT(as_json(report, nullptr), HasSubstr(R"("every_seconds":60)"));
  EXPECT_THAT(as_json(report, nullptr), HasSubstr(R"("since":")"));
  const auto made = Study::of(shop, {{"peak", 20}}, settings);
  ASSERT_TRUE(made.has_value());
  EXPECT_THAT(as_svg(*made, {}), HasSubstr("points every 1m;"));
}

}  // namespace
}  // namespace rollbook::power
