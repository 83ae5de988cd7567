// Kinds of criteria that are no share of bad requests against a limit: two arms, two times, the
// split of traffic, counts a second. Through the engine's own core, in few runs.

#include <gmock/gmock.h>

#include "tests/tools/power/studies.h"
#include "tools/power/plot.h"
#include "tools/power/print.h"

namespace rollbook::power {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr char kStop[] = "stop errors / requests > 5% over 1m";

// Both arms have requests.
core::Machine halved(core::Machine shop) {
  shop.stages.front().weight = core::Weight{500'000'000};
  return shop;
}
core::Machine of_expect(const std::string& expect, const std::string& hold = "2h") {
  return halved(machine(kStop, "expect it: " + expect, hold));
}
Settings few(int runs, std::vector<double> multiples) {
  Settings settings;
  settings.runs = runs;
  settings.every = 1s;
  settings.multiples = std::move(multiples);
  return settings;
}

// ---- Two quantiles ----------------------------------------------------------------------------

TEST(PowerOfTwoQuantiles, AHealthyCanaryIsAsFastAsTheOtherArm) {
  const Report report =
      study(of_expect("canary.p99(latency) <= baseline.p99(latency) * 105% over 10m"), 900,
            few(21, {2, 5}));
  const CriterionReport& it = of(report, "whole.it");
  EXPECT_EQ(it.sickness, Sickness::slower);
  EXPECT_EQ(it.uncovered, "");
  EXPECT_NEAR(it.allowed, 0.01, 1e-9);
  EXPECT_NEAR(it.healthy, 0.0083, 0.0001);  // beyond 105 % of a log-normal p99
  ASSERT_TRUE(it.at_review);
  const AtLoad& at = it.loads.front();
  EXPECT_EQ(at.alarm.how, How::simulated);
  EXPECT_LT(at.alarm.likely, 0.1);
  EXPECT_GT(at.after[0].noticed, 0.9);
  EXPECT_EQ(at.after[1].noticed, 1);
  EXPECT_EQ(at.after[0].requests, 450 * 600);
  EXPECT_EQ(report.plan.front().reviews_untold, 0U);
  EXPECT_EQ(report.plan.front().not_passed.how, How::simulated);
}

// Few requests tell a p99 badly: two equal arms differ by chance, and by more with fewer.
TEST(PowerOfTwoQuantiles, FewRequestsFailAHealthyCanaryByChance) {
  const core::Machine shop =
      of_expect("canary.p99(latency) <= baseline.p99(latency) * 105% over 1m");
  const auto fails = [&](double per_second) {
    return of(study(shop, per_second, few(61, {})), "whole.it").loads.front().alarm.likely;
  };
  EXPECT_GT(fails(10), 0.2);
  EXPECT_LT(fails(3000), 0.1);
}

TEST(PowerOfTwoQuantiles, ATestIsPromisedAndTried) {
  const Report report =
      study(of_expect("canary.p99(latency) <= baseline.p99(latency) * 150% with confidence 95%"),
            1000, few(5, {5}));
  const AtLoad& at = of(report, "whole.it").loads.front();
  EXPECT_EQ(at.alarm.how, How::promised);
  EXPECT_NEAR(at.alarm.most, 0.05, 1e-9);
  EXPECT_EQ(at.after[0].noticed, 1);
  EXPECT_GT(at.after[0].requests, 1000);
  EXPECT_LT(at.after[0].requests, 60'000);
  ASSERT_TRUE(at.pass.has_value());
  EXPECT_EQ(at.pass->noticed, 1);
}

// A guard's joins the others that a healthy canary is walked through.
TEST(PowerOfTwoQuantiles, AGuardsIsPartOfThePlan) {
  const core::Machine shop =
      halved(machine("stop errors / requests > 5% over 1m\n"
                     "    stop canary.p99(latency) > baseline.p99(latency) * 110% over 1m",
                     "", "10m"));
  const Report report = study(shop, 20, few(21, {20}));
  const CriterionReport& slow = of(report, "guard.stop[2]");
  EXPECT_EQ(slow.loads.front().alarm.how, How::simulated);
  EXPECT_GT(slow.loads.front().alarm.likely, 0.5);  // 600 requests a minute hold six above p99
  EXPECT_EQ(report.plan.front().stops_untold, 0U);
  EXPECT_GE(report.plan.front().stopped.likely, slow.loads.front().alarm.likely - 1e-9);
  EXPECT_EQ(slow.loads.front().after[0].noticed, 1);
}

// Buckets as they were recorded: where they are wide, 5 % more cannot be seen.
TEST(PowerOfTwoQuantiles, TakesTheLatencyThatWasRecorded) {
  Settings settings = few(5, {2});
  settings.latencies.emplace("whole.it", Latency::recorded({{core::Fixed{50'000'000}, 0.1},
                                                            {core::Fixed{100'000'000}, 0.05},
                                                            {core::Fixed{200'000'000}, 0.005}}));
  const core::Machine shop =
      of_expect("canary.p99(latency) <= baseline.p99(latency) * 105% over 10m");
  const CriterionReport it = of(study(shop, 900, settings), "whole.it");
  ASSERT_TRUE(it.latency.has_value());
  EXPECT_TRUE(it.latency->is_recorded());
  EXPECT_NEAR(it.healthy, 0.00575, 1e-5);  // above 1.05 times 188.9 ms
  settings.latencies.clear();
  settings.latencies.emplace("whole.it", Latency::recorded({{core::Fixed{50'000'000}, 0.1}}));
  EXPECT_THAT(of(study(shop, 900, settings), "whole.it").uncovered,
              HasSubstr("beyond the last bucket"));
}

// Nothing took longer than 50 ms, so any limit beyond that looks alike to what is healthy.
TEST(PowerOfTwoQuantiles, ALimitBeyondAllThatWasRecordedStopsNoHealthyCanary) {
  const std::vector<std::pair<core::Fixed, double>> recorded{
      {core::Fixed{5'000'000}, 1},  {core::Fixed{10'000'000}, 0.4}, {core::Fixed{25'000'000}, 0.1},
      {core::Fixed{50'000'000}, 0}, {core::Fixed{100'000'000}, 0},  {core::Fixed{500'000'000}, 0}};
  for (const auto& [factor, twice] : {std::pair{"110%", 1.161}, {"150%", 1.583}, {"300%", 3.167}}) {
    Settings settings = few(5, {2, 5});
    settings.latencies.emplace("guard.stop[1]", Latency::recorded(recorded));
    const core::Machine shop = halved(machine(
        "stop canary.p99(latency) > baseline.p99(latency) * " + std::string(factor) + " over 1m",
        "", "10m"));
    const CriterionReport it = of(study(shop, 200, settings), "guard.stop[1]");
    EXPECT_EQ(it.healthy, 0) << factor;
    EXPECT_EQ(it.slowdown(it.healthy), 1) << factor;
    // Of 47.5 ms at p99: 2 % take longer than 45 ms, 5 % than 37.5 ms.
    EXPECT_NEAR(it.slowdown(0.02), twice, 0.001) << factor;
    EXPECT_NEAR(it.slowdown(0.05) / it.slowdown(0.02), 45 / 37.5, 1e-9) << factor;
    EXPECT_EQ(it.loads.front().alarm.likely, 0) << factor;
    EXPECT_EQ(it.loads.front().after[0].noticed, 1) << factor;
    EXPECT_LE(it.loads.front().after[1].time, it.loads.front().after[0].time) << factor;
  }
}

// Beyond the last edge lies one in two hundred: of a canary that has fewer beyond its limit nobody
// knows how fast it is.
TEST(PowerOfTwoQuantiles, WhatLiesBeyondTheLastEdgeIsNoRate) {
  Settings settings = few(1, {2});
  settings.latencies.emplace("whole.it", Latency::recorded({{core::Fixed{50'000'000}, 0.1},
                                                            {core::Fixed{100'000'000}, 0.005}}));
  const core::Machine shop =
      of_expect("canary.p99(latency) <= baseline.p99(latency) * 150% over 10m");
  const CriterionReport it = of(study(shop, 20, settings), "whole.it");
  EXPECT_FALSE(it.at(0.2).has_value());
  EXPECT_FALSE(it.at(0.5).has_value());
  ASSERT_TRUE(it.at(0.8).has_value());
  EXPECT_NEAR(it.healthy, 0.005, 1e-12);
  EXPECT_EQ(it.slowdown(it.healthy), 1);
  EXPECT_NEAR(it.slowdown(0.1), 1.5 * 97.37 / 50, 0.001);
}

TEST(PowerOfTwoQuantiles, ARateSaysNothingOfThem) {
  const core::Machine shop =
      of_expect("canary.p99(latency) <= baseline.p99(latency) * 105% over 10m");
  Settings settings = few(1, {2});
  settings.healthy_rates["whole.it"] = 0.01;
  const auto made = Study::of(shop, {{"peak", 100}}, settings);
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().message, HasSubstr("criterion `whole.it` takes no rate"));
}

// ---- Two times --------------------------------------------------------------------------------

TEST(PowerOfUnchanged, NeedsToKnowHowManyCome) {
  const core::Machine shop =
      of_expect("errors / requests unchanged from previous 30m by at most 5%");
  Settings settings = few(7, {2, 5, 20, 40});
  settings.healthy_rate = 0.0002;  // of errors: no word on how many of something come
  const CriterionReport untold = of(study(shop, 100, settings), "whole.it");
  EXPECT_THAT(untold.uncovered, HasSubstr("--healthy whole.it=RATE"));
  EXPECT_EQ(untold.loads.front().alarm.how, How::promised);
  settings.healthy_rates["whole.it"] = 0.2;
  const CriterionReport it = of(study(shop, 1000, settings), "whole.it");
  EXPECT_EQ(it.uncovered, "");
  EXPECT_EQ(it.sickness, Sickness::changed);
  EXPECT_NEAR(it.allowed, 0.05, 1e-9);
  EXPECT_NEAR(it.base, 0.2, 1e-9);
  const AtLoad& at = it.loads.front();
  EXPECT_EQ(at.alarm.how, How::promised);
  EXPECT_NEAR(at.after[0].rate, 0.1, 1e-9);  // falls by a tenth
  EXPECT_EQ(at.after[0].noticed, 1);
  EXPECT_LE(at.after[1].time, at.after[0].time);
  EXPECT_TRUE(at.after[2].none);  // by all of it
  ASSERT_TRUE(at.pass.has_value());
  EXPECT_EQ(at.pass->noticed, 1);
}

// What is sick is compared with what was well for one lag; then with itself.
TEST(PowerOfUnchanged, WhatIsNotSeenWithinALagIsNotSeen) {
  Settings settings = few(5, {2});
  settings.healthy_rates["whole.it"] = 0.001;
  const Report report =
      study(of_expect("errors / requests unchanged from previous 1h by at most 1%"), 10, settings);
  const AtLoad& at = of(report, "whole.it").loads.front();
  EXPECT_EQ(at.after[0].noticed, 0);
  EXPECT_EQ(at.pass->noticed, 0);  // nor is it ever proven to be unchanged
}

TEST(PowerOfUnchanged, RequestsComeAsTheLoadSays) {
  const Report report = study(of_expect("rate(requests) unchanged from previous 30m by at most 5%"),
                              100, few(5, {5}));
  const CriterionReport& it = of(report, "whole.it");
  EXPECT_EQ(it.uncovered, "");
  EXPECT_EQ(it.base, 1);
  EXPECT_EQ(it.loads.front().after[0].noticed, 1);
  const CriterionReport arm =
      of(study(of_expect("canary.rate(requests) unchanged from previous 30m by at most 5%"), 100,
               few(1, {})),
         "whole.it");
  EXPECT_THAT(arm.uncovered, HasSubstr("changes with each shift"));
}

// ---- The split --------------------------------------------------------------------------------

core::Machine of_split() {
  core::Machine shop = machine(kStop, "expect it: errors / requests < 1% with confidence 99%");
  for (core::Criterion& each : shop.criteria) {
    if (each.id != "whole.it") continue;
    each.measure = core::Measure::split;
    each.test = core::Test::split;
    each.alpha = core::Fixed{1'000'000};
    each.window = each.denominator;
    each.denominator = {};
    core::Window other = shop.at(each.window);
    core::Series series = shop.at(other.series);
    series.arm = core::Arm::baseline;
    other.series = core::SeriesIndex{static_cast<std::uint32_t>(shop.series.size())};
    shop.series.push_back(series);
    each.other = core::WindowIndex{static_cast<std::uint32_t>(shop.windows.size())};
    shop.windows.push_back(other);
  }
  return halved(shop);
}

// judging.md: from 100 requests on; some more prove that a quarter is not a half, for many may be
// one draw.
TEST(PowerOfTheSplit, APartOfWhatWasPlannedIsNoticedSoon) {
  const CriterionReport it = of(study(of_split(), 10, few(21, {0.25, 1.25, 2, 20})), "whole.it");
  EXPECT_EQ(it.sickness, Sickness::diverted);
  EXPECT_NEAR(it.healthy, 0.5, 1e-9);
  const AtLoad& at = it.loads.front();
  EXPECT_EQ(at.alarm.how, How::promised);
  EXPECT_NEAR(at.alarm.most, 0.001, 1e-9);
  EXPECT_TRUE(at.after[0].none);  // twice the traffic that there is
  EXPECT_NEAR(at.after[1].rate, 0.4, 1e-9);
  EXPECT_EQ(at.after[1].noticed, 1);
  EXPECT_GT(at.after[1].requests, at.after[2].requests);
  EXPECT_GE(at.after[2].requests, 100);
  EXPECT_LT(at.after[2].requests, 1500);
  ASSERT_TRUE(at.pass.has_value());
  EXPECT_NEAR(at.pass->requests, 105, 15);
}

// ---- Counts a second --------------------------------------------------------------------------

TEST(PowerOfALevel, AFloorUnderTheRequestsIsHeldAgainstTheLoad) {
  const core::Machine shop = of_expect("rate(requests) > 5/s over 1m");
  const CriterionReport many = of(study(shop, 100, few(21, {2})), "whole.it");
  EXPECT_EQ(many.healthy_from, "load");
  EXPECT_NEAR(many.loads.front().healthy, 50, 1e-9);
  EXPECT_EQ(many.loads.front().alarm.likely, 0);
  EXPECT_NEAR(many.loads.front().after[0].rate, 2.5, 1e-9);  // half of the limit
  EXPECT_EQ(many.loads.front().after[0].noticed, 1);
  const CriterionReport night = of(study(shop, 8, few(21, {})), "whole.it");
  EXPECT_GT(night.loads.front().alarm.likely, 0.9);  // 4/s, and 5/s are asked for
}

// At a tenth of the traffic few come, at all of it too many for the limit.
TEST(PowerOfALevel, GrowsWithTheWeightFromStageToStage) {
  core::Machine shop = machine(std::string(kStop) + "\n    stop rate(requests) > 50/s over 1m");
  core::Stage first = shop.stages.front();
  first.weight = core::Weight{100'000'000};
  const core::Machine alone = [&] {
    core::Machine tenth = shop;
    tenth.stages = {first};
    return tenth;
  }();
  EXPECT_EQ(of(study(alone, 100, few(3, {})), "guard.stop[2]").loads.front().alarm.likely, 0);
  shop.stages.insert(shop.stages.begin(), first);
  const Report report = study(shop, 100, few(3, {}));
  EXPECT_EQ(of(report, "guard.stop[2]").loads.front().alarm.likely, 1);
  EXPECT_EQ(report.plan.front().stopped.likely, 1);
}

TEST(PowerOfALevel, OfErrorsHealthyIsAFifthOfTheLimit) {
  const Report report = study(machine("stop rate(errors) > 1/s over 1m\n    pause while "
                                      "count(errors) > 60 over 1m",
                                      "", "20m"),
                              100, few(11, {2, 20}));
  const CriterionReport& stop = of(report, "guard.stop[1]");
  EXPECT_EQ(stop.healthy_from, "limit");
  EXPECT_NEAR(stop.loads.front().healthy, 0.2, 1e-9);
  EXPECT_EQ(stop.loads.front().alarm.how, How::simulated);
  EXPECT_EQ(stop.loads.front().after[0].noticed, 1);
  EXPECT_LE(stop.loads.front().after[1].time, 10s);
  const CriterionReport& pause = of(report, "guard.pause[1]");  // the same in other words
  EXPECT_NEAR(pause.allowed, 1, 1e-9);
  EXPECT_EQ(pause.loads.front().alarm.how, How::simulated);
  EXPECT_EQ(report.plan.front().stops_untold, 0U);
}

// ---- What is left -----------------------------------------------------------------------------

TEST(PowerOfTheRest, WhatCannotBeToldSaysWhyAndWhatToDo) {
  const struct {
    const char* expect;
    const char* why;
  } cases[] = {
      {"p99(latency) > 5ms over 5m", "has no share of bad requests"},
      {"errors / requests > 5% over 5m", "counts what goes well"},
      {"canary.errors / canary.requests < baseline.errors / baseline.requests * 120% over 5m",
       "--healthy whole.it=RATE"},
      {"canary.rate(requests) < baseline.rate(requests) * 120% over 5m", "compare a ratio"},
      {"canary.queue < baseline.queue * 120% over 5m", "how two gauges scatter is not known"},
  };
  for (const auto& c : cases) {
    const Report report = study(of_expect(c.expect), 45, few(1, {2}));
    const CriterionReport& it = of(report, "whole.it");
    EXPECT_THAT(it.uncovered, HasSubstr(c.why)) << c.expect;
    EXPECT_EQ(it.loads.front().alarm.how, How::unknown) << c.expect;
    EXPECT_TRUE(it.loads.front().after.empty()) << c.expect;
    EXPECT_EQ(report.plan.front().reviews_untold, 1U) << c.expect;
  }
}

TEST(PowerOfTheRest, AGaugeIsSaidAsItWasRecorded) {
  core::Machine shop = machine(kStop, "expect it: errors / requests < 1% over 5m");
  for (core::Criterion& each : shop.criteria) {
    if (each.id == "whole.it") each.measure = core::Measure::gauge;
  }
  Settings settings = few(1, {2});
  EXPECT_THAT(of(study(shop, 45, settings), "whole.it").uncovered, HasSubstr("--from a recording"));
  settings.levels["whole.it"] = Level{3, 71.5, 288, 2};
  const Report report = study(shop, 45, settings);
  EXPECT_THAT(as_table(report),
              HasSubstr("recorded from 3 to 71.5, beyond its limit in 2 of 288 spans of 5m"));
  EXPECT_THAT(as_json(report, nullptr),
              HasSubstr(R"("recorded":{"least":3.0,"greatest":71.5,"spans":288,"beyond":2})"));
  EXPECT_EQ(report.plan.front().reviews_untold, 1U);
}

// Five times what its limit allows: its promise says nothing of that, and it never passes.
TEST(PowerOfTheRest, AGateThatNoHealthyCanaryPassesSaysSo) {
  Settings settings = few(5, {2});
  settings.healthy_rate = 0.05;
  const Report report =
      study(of_expect("errors / requests < 1% with confidence 95%", "10m"), 100, settings);
  const AtLoad& at = of(report, "whole.it").loads.front();
  EXPECT_EQ(at.alarm.how, How::simulated);
  EXPECT_EQ(at.alarm.likely, 1);
  EXPECT_EQ(report.plan.front().reviews_untold, 0U);
  EXPECT_THAT(as_table(report), HasSubstr("  at the peak no healthy one passes\n"));
}

TEST(PowerOfTheRest, NothingIsSaidOfWhatCannotBeSoSick) {
  const Report report =
      study(of_expect("rate(requests) unchanged from previous 10m by at most 50%", "10m"), 100,
            few(1, {2}));
  EXPECT_TRUE(of(report, "whole.it").loads.front().after[0].none);
  EXPECT_THAT(as_table(report), testing::Not(HasSubstr("sick:")));
}

TEST(PowerOfTheRest, TablesAndPlotsSayWhatIsSick) {
  Settings settings = few(1, {2});
  settings.healthy_rates["whole.it"] = 0.2;
  const Report changed =
      study(of_expect("errors / requests unchanged from previous 10m by at most 5%", "10m"), 100,
            settings);
  EXPECT_THAT(as_table(changed), HasSubstr("healthy unchanged at 0.2 a request, limit 5%"));
  EXPECT_THAT(as_table(changed), HasSubstr("sick: it falls by 10%"));
  const Report split = study(of_split(), 100, few(1, {2}));
  EXPECT_THAT(as_table(split), HasSubstr("sick: 25% of requests reach the canary"));
  EXPECT_THAT(as_table(split), HasSubstr("plan / 2"));
  const core::Machine level =
      halved(machine(std::string(kStop) + "\n    stop rate(requests) < 5/s over 1m", "", "5m"));
  EXPECT_THAT(as_table(study(level, 100, few(1, {2}))),
              HasSubstr("healthy 50/s (as the load says)"));
  const std::string svg = as_svg(*Study::of(level, {{"peak", 100}}, few(1, {2})), {});
  EXPECT_THAT(svg, HasSubstr("of 5/s, within 5m of whole"));
  EXPECT_THAT(svg, HasSubstr(">1/20<"));
}

}  // namespace
}  // namespace rollbook::power
