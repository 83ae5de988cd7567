#include "tools/scenario/script.h"

#include "tests/tools/scenario/stage.h"

namespace rollbook::tests {
namespace {

struct Wrong {
  const char* body;
  const char* finding;
};

TEST(Script, EveryNameIsLookedUp) {
  const Wrong table[] = {
      {"expect state hlaf",
       "2:14 RB0713 runbook `shop_canary` has no state `hlaf` | did you mean `half`?"},
      {"expect verdict \"guard.stop[9]\" fail",
       "2:16 RB0714 runbook `shop_canary` has no criterion `guard.stop[9]` | did you mean "
       "`guard.stop[1]`?"},
      {"expect effect page oncal",
       "2:15 RB0715 runbook `shop_canary` has no effect `page oncal` | there are `oncall`"},
      {"expect effect incident", "2:15 RB0715 runbook `shop_canary` has no `incident`"},
      {"at stage haf + 1h expect traffic 50%",
       "2:10 RB0716 runbook `shop_canary` has no stage `haf` | did you mean `half`?"},
      {"at question \"No complaint\" answer yes\nexpect outcome succeeded",
       "2:13 RB0717 runbook `shop_canary` has no question `No complaint` | did you mean `No "
       "complaints`?"},
      {"at question verdict answer proced\nexpect outcome succeeded",
       "2:28 RB0718 runbook `shop_canary` has no option `proced` | did you mean `proceed`?"},
      {"at 1h confirm \"No complaints\" as owne\nexpect outcome succeeded",
       "2:34 RB0719 runbook `shop_canary` has no role `owne` | did you mean `owner`?"},
      {"expect traffic eu 50%", "2:16 RB0730 runbook `shop_canary` has no target `eu`"},
  };
  for (const Wrong& wrong : table) EXPECT_EQ(make(wrong.body).findings, wrong.finding);
}

TEST(Script, ASeriesIsOneThatTheRunbookCounts) {
  const Wrong table[] = {
      {"series shop_error_total{version=\"new\"} 5/s\nexpect outcome succeeded",
       "2:8 RB0711 no metric of runbook `shop_canary` counts this series | did you mean "
       "`shop_errors_total`?"},
      {"series shop_errors_total{version=\"newer\"} 5/s\nexpect outcome succeeded",
       "2:8 RB0711 no metric of runbook `shop_canary` counts this series | its name is known, its "
       "labels are not; the arms are version=\"old\" and \"new\""},
      {"series shop_errors_total{version=\"new\"} 40\nexpect outcome succeeded",
       "2:41 RB0712 `shop_errors_total` is a counter in the runbook | a counter has a rate `5/s`, "
       "or a share of its arm's requests `2%`"},
      {"series shop_errors_total{version=\"new\"} 2%\nexpect outcome succeeded",
       "2:41 RB0721 this follows the requests of its arm, and the scenario does not say how many "
       "there are | say `series healthy at 900/s`, or a rate"},
      {"series shop_errors_total{version=\"new\"} 2/s until 2h then 3/s until 1h then 4/s\nexpect "
       "outcome succeeded",
       "2:69 RB0722 this time is not after the one before it in the same series"},
      {"series shop_errors_total{version=\"new\"} 2/s\nseries shop_errors_total{version=\"new\"} "
       "3/s\nexpect outcome succeeded",
       "3:1 RB0705 this series was given before | what changes in time is written `5/s until 27h "
       "then 0/s`"},
  };
  for (const Wrong& wrong : table) EXPECT_EQ(make(wrong.body).findings, wrong.finding);
}

TEST(Script, FaultsAreTheSandboxs) {
  EXPECT_EQ(make("errors 2\nexpect outcome succeeded").findings,
            "2:1 RB0704 cannot read the fault `errors 2`: expected a share such as `2%`, found "
            "`2`; for example `errors 2% from 33h`");
  EXPECT_EQ(make("errors 2%\nexpect outcome succeeded").findings,
            "2:1 RB0704 the fault `errors 2%` needs a criterion that a ratio of counters must stay "
            "below, and runbook `shop_canary` has none | it acts on `series healthy at …`, which "
            "this scenario does not say");
  EXPECT_EQ(make("shift to 25% fails\nexpect outcome succeeded").findings,
            "2:1 RB0704 the fault `shift to 25% fails` is of a shift to 25%, and runbook "
            "`shop_canary` has none");
  EXPECT_EQ(make("run suit hangs\nexpect outcome succeeded").findings,
            "2:1 RB0704 the fault `run suit hangs` is of `suit`, and runbook `shop_canary` has no "
            "such run, did you mean `suite`?");
  // Nothing waits for it, so nobody would see.
  EXPECT_EQ(make("start suite hangs\nexpect outcome succeeded").findings,
            "2:1 RB0704 the fault `start suite hangs` is of `suite`, and runbook `shop_canary` has "
            "no such start that a `hold until` waits for");
}

TEST(Script, WhatWasBeforeIsWhatTheRunbookAsksFor) {
  EXPECT_EQ(make("given runbook shop_shadow succeeded\nexpect outcome succeeded").findings,
            "2:15 RB0723 runbook `shop_canary` does not say `after runbook shop_shadow` | leave it "
            "out: it comes after none");
  const auto plan =
      plan_of(stage_with("service \"shop\"", "service \"shop\"\nafter runbook shop_shadow"));
  EXPECT_EQ(make("given runbook shop_shdow succeeded\nexpect outcome succeeded", plan).findings,
            "2:15 RB0723 runbook `shop_canary` does not say `after runbook shop_shdow` | did you "
            "mean `shop_shadow`?");
  EXPECT_EQ(make("given runbook shop_shadow succeeded\nexpect outcome succeeded", plan).findings,
            "");
}

TEST(Script, AGivenSeriesTakesThePlaceOfTheHealthyOne) {
  const Made made = make(
      "series healthy at 100/s\nseries shop_errors_total{version=\"new\"} 1/s\n"
      "expect outcome succeeded");
  ASSERT_TRUE(made.script) << made.findings;
  for (const auto& series : made.script->healthy) {
    EXPECT_FALSE(series.name == "shop_errors_total" && series.whose == adapters::Whose::canary);
  }
  ASSERT_EQ(made.script->given.size(), 1U);
  EXPECT_EQ(made.script->given[0].whose, adapters::Whose::canary);
}

TEST(Script, EveryQuantileIsAnEdgeOfItsHistogramOnBothArms) {
  const Made made = make(
      "series healthy at 100/s\nseries shop_latency_seconds{version=\"new\"} p50 7ms p99 13ms\n"
      "expect outcome succeeded");
  ASSERT_TRUE(made.script) << made.findings;
  const auto& bounds = made.script->given[0].bounds;
  for (const std::int64_t ms : {7, 13, 50}) {
    EXPECT_TRUE(
        std::binary_search(bounds.begin(), bounds.end(), core::Fixed::from_nanos(ms * 1'000'000)))
        << ms;
  }
  for (const auto& series : made.script->healthy) {
    if (series.name != "shop_latency_seconds") continue;
    EXPECT_EQ(series.bounds, bounds);
  }
}

}  // namespace
}  // namespace rollbook::tests
