// A runbook of several targets is each of them by itself: what holds of one is what holds of a
// runbook of that one alone.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dsl/compiler.h"
#include "tools/power/ask.h"
#include "tools/power/study.h"

namespace rollbook::power {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kHead[] = R"(edition 1
runbook shop {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  metric requests = counter shop_requests_total
  metric errors   = counter shop_errors_total default 0
)";
constexpr char kStops[] = R"({
    stop errors / requests > 1% over 5m
    stop errors / requests > 2% with confidence 99%
    otherwise rollback automatic
  }
)";

core::Machine compiled(const std::string& text) {
  const runtime::Compiled compiled = dsl::Compiler().compile("shop.runbook", text, {});
  std::string said;
  for (const runtime::Diagnostic& found : compiled.diagnostics) said += found.message + "\n";
  EXPECT_TRUE(compiled.plan.has_value()) << said;
  return compiled.plan ? compiled.plan->machine : core::Machine{};
}

core::Machine alone() {
  return compiled(std::string(kHead) + "  guard " + kStops + R"(
  stage tenth {
    traffic 10%
    hold 1h
    within 1h otherwise rollback automatic
  }
  stage half {
    traffic 50%
    hold 2h
    within 1h otherwise rollback automatic
  }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)");
}

// Of eu what alone() does, of us from the second stage on.
core::Machine both() {
  return compiled(std::string(kHead) + R"(
  target eu where region = "eu"
  target us where region = "us"
  guard eu )" + kStops +
                  "  guard us " + kStops + R"(
  stage tenth {
    traffic eu 10%
    hold 1h
    within 1h otherwise rollback automatic
  }
  stage half {
    traffic eu 50%
    traffic us 20%
    hold 2h
    within 1h otherwise rollback automatic
  }
  rollback automatic {
    traffic eu 0%
    traffic us 0%
  }
  finish traffic eu 50%
  finish traffic us 20%
}
)");
}

const CriterionReport& of(const Report& report, const std::string& id) {
  for (const CriterionReport& each : report.criteria) {
    if (each.id == id) return each;
  }
  ADD_FAILURE() << "no criterion " << id;
  return report.criteria.front();
}

Report report_of(const core::Machine& machine, const Load& load, double healthy) {
  Settings settings;
  settings.healthy_rate = healthy;
  settings.multiples = {5};
  settings.runs = 101;
  const auto study = Study::of(machine, {load}, settings);
  EXPECT_TRUE(study.has_value());
  return study->run({});
}

TEST(PowerTargets, EachIsWhatItWouldBeByItself) {
  const core::Machine one = alone(), two = both();
  const Report single = report_of(one, {"peak", 60}, 0.004);
  const Report report = report_of(two, {"peak", 90, {60, 30}}, 0.004);
  const AtLoad& mine = of(single, "guard.stop[1]").loads.front();
  const AtLoad& eu = of(report, "guard.stop[1]").loads.front();
  EXPECT_EQ(eu.alarm.how, How::formula);
  EXPECT_GT(eu.alarm.likely, 0.01);
  EXPECT_DOUBLE_EQ(eu.alarm.likely, mine.alarm.likely);
  ASSERT_EQ(eu.after.size(), 1U);
  EXPECT_NEAR(eu.after[0].requests, mine.after[0].requests, 0.15 * mine.after[0].requests);
  // A test that mixes over its starts, in the core, with another target's shift in between.
  const AtLoad& tested = of(report, "guard.stop[2]").loads.front();
  const AtLoad& alone = of(single, "guard.stop[2]").loads.front();
  EXPECT_EQ(tested.alarm.how, How::promised);
  EXPECT_NEAR(tested.after[0].requests, alone.after[0].requests, 0.2 * alone.after[0].requests);
}

TEST(PowerTargets, AGuardIsTriedWhereItsTargetIsFirstShifted) {
  const core::Machine machine = both();
  const auto study = Study::of(machine, {{"peak", 90}}, {});
  ASSERT_TRUE(study);
  EXPECT_THAT(study->loads().front().of_targets, ElementsAre(45, 45));  // nobody said otherwise
  Report report;
  report.criteria = study->criteria();
  const CriterionReport& eu = of(report, "guard.stop[1]");
  EXPECT_EQ(eu.target, "eu");
  EXPECT_EQ(eu.stage, "tenth");
  EXPECT_EQ(eu.traffic, "eu 10%");
  const CriterionReport& us = of(report, "guard[2].stop[1]");
  EXPECT_EQ(us.target, "us");
  EXPECT_EQ(us.stage, "half");
  EXPECT_EQ(us.traffic, "us 20%");
  EXPECT_EQ(us.weight, core::Weight{200'000'000});
}

TEST(PowerTargets, APlanSaysWhichOfThemItsGuardsWouldStop) {
  const core::Machine machine = both();
  Settings settings;
  settings.healthy_rate = 0.0001;
  settings.healthy_rates["guard[2].stop[1]"] = 0.05;
  settings.healthy_rates["guard[2].stop[2]"] = 0.0001;
  settings.runs = 5;
  const auto study = Study::of(machine, {{"peak", 90, {60, 30}}}, settings);
  ASSERT_TRUE(study);
  const PlanReport plan = study->run({}).plan.front();
  ASSERT_EQ(plan.targets.size(), 2U);
  EXPECT_LT(plan.targets[0].stopped.most, 0.05);
  EXPECT_GT(plan.targets[1].stopped.least, 0.95);
  EXPECT_GT(plan.stopped.least, 0.95);
}

// Simulated where a bound says little: what an alarm of one raises is not the other's.
TEST(PowerTargets, SimulatedAlarmsAreOfTheirOwnTarget) {
  std::string text = std::string(kHead) + R"(
  target eu where region = "eu"
  target us where region = "us"
  guard eu {
    stop errors / requests > 1% over 1m for 30s
    otherwise rollback automatic
  }
  guard us {
    stop errors / requests > 1% over 1m for 30s
    otherwise rollback automatic
  }
  stage tenth {
    traffic eu 10%
    traffic us 10%
    hold 30m
    within 1h otherwise rollback automatic
  }
  rollback automatic {
    traffic eu 0%
    traffic us 0%
  }
  finish traffic eu 10%
  finish traffic us 10%
}
)";
  const core::Machine machine = compiled(text);
  Settings settings;
  settings.healthy_rates = {{"guard.stop[1]", 0.03}, {"guard[2].stop[1]", 0.002}};
  settings.runs = 21;
  const auto study = Study::of(machine, {{"peak", 1200, {600, 600}}}, settings);
  ASSERT_TRUE(study);
  const Report report = study->run({});
  EXPECT_EQ(of(report, "guard.stop[1]").loads.front().alarm.how, How::simulated);
  EXPECT_GT(report.plan.front().targets[0].stopped.likely, 0.99);
  EXPECT_LT(report.plan.front().targets[1].stopped.likely, 0.5);
}

// ---- --load ---------------------------------------------------------------------------------

std::string refused(const std::vector<std::string>& texts, const core::Machine& machine) {
  const auto loads = parse_loads(texts, machine);
  EXPECT_FALSE(loads);
  return loads ? "" : loads.error().message;
}

TEST(PowerLoad, IsSaidOfAllOrOfEach) {
  const core::Machine two = both();
  const auto whole = parse_loads({"90/s,30"}, two);
  ASSERT_TRUE(whole);
  EXPECT_TRUE(whole->front().of_targets.empty());
  const auto each = parse_loads({"us=30/s", "eu=60/s,20/s"}, two);
  ASSERT_TRUE(each);
  ASSERT_EQ(each->size(), 2U);
  const auto near = [](double value) { return testing::DoubleNear(value, 1e-9); };
  EXPECT_THAT((*each)[0].of_targets, ElementsAre(near(60), near(30)));
  EXPECT_NEAR((*each)[0].per_second, 90, 1e-9);
  EXPECT_THAT((*each)[1].of_targets, ElementsAre(near(20), near(30)));
}

TEST(PowerLoad, MistakesNameTheWayOut) {
  const core::Machine one = alone(), two = both();
  EXPECT_THAT(refused({"eu=60/s"}, two), HasSubstr("not said of target `us`: --load us=600/s"));
  EXPECT_THAT(refused({"eu=1/s", "uss=1/s"}, two), HasSubstr("no target `uss`, did you mean `us`"));
  EXPECT_THAT(refused({"eu=1/s", "eu=2/s"}, two), HasSubstr("twice of target `eu`"));
  EXPECT_THAT(refused({"90/s", "eu=2/s"}, two), HasSubstr("of each target, or once of them all"));
  EXPECT_THAT(refused({"eu=60/s"}, one), HasSubstr("has no targets; write 900/s,120/s"));
  EXPECT_THAT(refused({"60/s", "20/s"}, one), HasSubstr("said once"));
  EXPECT_THAT(refused({"eu=20/s,60/s", "us=1/s"}, two), HasSubstr("the peak first"));
}

}  // namespace
}  // namespace rollbook::power
