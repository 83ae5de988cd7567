#include "dsl/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/dsl/support.h"

namespace rollbook::dsl::scenario {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Pair;

// Around statements: line 2 is the first of them.
std::string around(const std::string& body) {
  return "scenario \"t\" for \"r.runbook\" {\n" + body + "\n}\n";
}

Scenario parsed(const std::string& body) {
  Sink sink("t.scenario");
  const auto all = parse(around(body), sink);
  EXPECT_EQ(test::lines(sink).find(" error"), std::string::npos) << test::lines(sink);
  EXPECT_FALSE(sink.has_errors()) << test::lines(sink);
  EXPECT_EQ(all.size(), 1U);
  return all.empty() ? Scenario{} : all.front();
}

// All findings of a whole file.
std::string findings(const std::string& text) {
  Sink sink("t.scenario");
  parse(text, sink);
  return test::lines(sink);
}

TEST(Scenario, ReadsTheExampleOfTheDesign) {
  Sink sink("t.scenario");
  const auto all = parse(
      R"(scenario "an error spike at 10% rolls back within the window" for "hal9-canary.runbook" {
  series healthy at 900/s
  series hal9_errors_total{system="hierarchical"} 0/s until 27h then 5/s      # 24 h of shadow come first
  at every question answer yes
  at 26h30m expect state canary_10
  within 3m of 27h expect state rollback.automatic
  expect effect page oncall
})",
      sink);
  EXPECT_EQ(test::lines(sink), "");
  ASSERT_EQ(all.size(), 1U);
  const Scenario& scenario = all.front();
  EXPECT_EQ(scenario.runbook.value, "hal9-canary.runbook");
  EXPECT_EQ(scenario.healthy->peak, 900);
  EXPECT_EQ(scenario.healthy->trough, 900);
  ASSERT_EQ(scenario.series.size(), 1U);
  EXPECT_THAT(scenario.series[0].labels, ElementsAre(Pair("system", "hierarchical")));
  ASSERT_EQ(scenario.series[0].phases.size(), 2U);
  EXPECT_EQ(scenario.series[0].phases[0].until->after, 27h);
  EXPECT_EQ(scenario.series[0].phases[1].level.number, core::Fixed::from_int(5));
  ASSERT_EQ(scenario.expectations.size(), 3U);
  EXPECT_EQ(scenario.expectations[1].text, "within 3m of 27h expect state rollback.automatic");
  EXPECT_EQ(scenario.expectations[1].within, 3min);
  EXPECT_EQ(std::get<StateExpected>(scenario.expectations[1].what).name, "rollback.automatic");
  EXPECT_EQ(std::get<EffectExpected>(scenario.expectations[2].what).name, "oncall");
}

TEST(Scenario, ReadsEveryLevelOfASeries) {
  const Scenario scenario = parsed(R"(  series healthy at 900/s trough 120/s
  series errors_total{code="500", arm="new"} 0.02% until 27h then 2% until stage half + 1h then silent
  series "queue.depth" 40 until 2h then 64KiB
  series latency_seconds p50 8ms p99.9 12ms at 90/s until 1h then p99 1s)");
  EXPECT_EQ(scenario.healthy->trough, 120);
  const Series& errors = scenario.series[0];
  EXPECT_THAT(errors.labels, ElementsAre(Pair("arm", "new"), Pair("code", "500")));
  EXPECT_EQ(errors.phases[0].level.kind, Level::Kind::share);
  EXPECT_EQ(errors.phases[0].level.number, core::Fixed::from_nanos(200'000));
  EXPECT_EQ(errors.phases[1].until->stage, "half");
  EXPECT_EQ(errors.phases[1].until->after, 1h);
  EXPECT_EQ(errors.phases[2].level.kind, Level::Kind::silent);
  EXPECT_EQ(scenario.series[1].name.text, "queue.depth");
  EXPECT_EQ(scenario.series[1].phases[1].level.number, core::Fixed::from_int(65536));
  const Level& latency = scenario.series[2].phases[0].level;
  ASSERT_EQ(latency.quantiles.size(), 2U);
  EXPECT_EQ(latency.quantiles[1].at, core::Fixed::from_nanos(999'000'000));
  EXPECT_EQ(latency.quantiles[1].value, 12ms);
  EXPECT_EQ(latency.observations, core::Fixed::from_int(90));
}

TEST(Scenario, ReadsWhatGoesWrong) {
  const Scenario scenario = parsed(R"(  errors   2% from stage canary_5 + 1h for 10m on both
  shift to 25% fails
  run suite hangs
  engine away from 27h for 30m
  bus away from stage half until stage half + 1h
  end at 50h)");
  ASSERT_EQ(scenario.faults.size(), 3U);
  EXPECT_EQ(scenario.faults[0].text, "errors 2% from stage canary_5 + 1h for 10m on both");
  EXPECT_EQ(scenario.faults[1].text, "shift to 25% fails");
  ASSERT_EQ(scenario.aways.size(), 2U);
  EXPECT_TRUE(scenario.aways[0].engine);
  EXPECT_EQ(scenario.aways[0].lasts, 30min);
  EXPECT_FALSE(scenario.aways[1].engine);
  EXPECT_EQ(scenario.aways[1].until->after, 1h);
  EXPECT_EQ(scenario.end->after, 50h);
}

TEST(Scenario, ReadsWhatPeopleDo) {
  const Scenario scenario = parsed(R"(  at every question answer yes after 30s
  at question "No complaints" answer no, nothing, yes as lead, ops
  at question verdict answer extend
  at 1h confirm "No complaints" no as lead by otto
  at 2h decide proceed
  at 3h pause for 1h
  at 4h resume rejected finished
  at from stage half + 5m promote
  at stage half extend by 2h
  at 5h rollback gradual over 10m
  at 6h rollback rejected
  at 7h abort
  at 8h settle run failed)");
  ASSERT_EQ(scenario.answers.size(), 3U);
  EXPECT_EQ(scenario.answers[0].after, 30s);
  EXPECT_EQ(scenario.answers[1].words.size(), 3U);
  EXPECT_EQ(scenario.answers[1].roles.size(), 2U);
  EXPECT_EQ(scenario.answers[2].question->value, "verdict");
  ASSERT_EQ(scenario.acts.size(), 10U);
  const auto& acts = scenario.acts;
  EXPECT_EQ(acts[0].verb, core::Verb::confirm);
  EXPECT_FALSE(acts[0].yes);
  EXPECT_EQ(acts[0].actor, "otto");
  EXPECT_EQ(acts[1].option.text, "proceed");
  EXPECT_EQ(acts[2].duration, core::Duration(1h));
  EXPECT_TRUE(acts[3].rejected);
  EXPECT_EQ(acts[3].reason, "finished");
  EXPECT_EQ(acts[4].at.stage, "half");
  EXPECT_EQ(acts[4].at.after, 5min);
  EXPECT_EQ(acts[5].verb, core::Verb::extend);
  EXPECT_EQ(acts[6].how, core::RollbackHow::gradual);
  EXPECT_EQ(acts[6].duration, core::Duration(10min));
  EXPECT_TRUE(acts[7].rejected);
  EXPECT_EQ(acts[8].verb, core::Verb::abort);
  EXPECT_EQ(acts[9].effect, core::EffectKind::run);
  EXPECT_FALSE(acts[9].succeeded);
}

TEST(Scenario, ReadsWhatIsExpected) {
  const Scenario scenario = parsed(R"(  expect outcome rolled_back
  never expect effect traffic 50%
  at 1h expect traffic 5%
  expect verdict "guard.stop[1]" fail
  expect verdict canary_5.errors_low no_data
  within 1m of stage half + 1h expect question verdict)");
  using When = Expectation::When;
  ASSERT_EQ(scenario.expectations.size(), 6U);
  const auto& all = scenario.expectations;
  EXPECT_EQ(std::get<OutcomeExpected>(all[0].what).outcome, core::Outcome::rolled_back);
  EXPECT_EQ(all[1].when, When::never);
  EXPECT_EQ(all[1].text, "never expect effect traffic 50%");
  EXPECT_EQ(std::get<EffectExpected>(all[1].what).weight, core::Weight{500'000'000});
  EXPECT_EQ(all[2].when, When::at);
  EXPECT_EQ(std::get<WeightExpected>(all[2].what).weight, core::Weight{50'000'000});
  EXPECT_EQ(std::get<VerdictExpected>(all[3].what).criterion, "guard.stop[1]");
  EXPECT_EQ(std::get<VerdictExpected>(all[4].what).criterion, "canary_5.errors_low");
  EXPECT_EQ(std::get<VerdictExpected>(all[4].what).verdict, core::Verdict::no_data);
  EXPECT_EQ(all[5].when, When::within);
}

TEST(Scenario, ReadsWhatWasBeforeAndWhatItIsStartedWith) {
  const Scenario scenario = parsed(R"(  given runbook hal9_canary succeeded
  given runbook "hal9_shadow" succeeded
  given param limit = 2.5%
  given param phase = "smoke test"
  start backfill hangs from 1h
  expect start rejected after
  expect start rejected
  at 1h expect halted
  never expect paused)");
  ASSERT_EQ(scenario.predecessors.size(), 2U);
  EXPECT_EQ(scenario.predecessors[0].runbook.text, "hal9_canary");
  EXPECT_EQ(scenario.predecessors[1].runbook.text, "hal9_shadow");
  ASSERT_EQ(scenario.params.size(), 2U);
  EXPECT_EQ(scenario.params[0].name.text, "limit");
  EXPECT_EQ(scenario.params[0].value, "2.5%");
  EXPECT_EQ(scenario.params[1].value, "smoke test");
  EXPECT_EQ(scenario.faults[0].text, "start backfill hangs from 1h");
  ASSERT_EQ(scenario.expectations.size(), 4U);
  EXPECT_EQ(std::get<RefusalExpected>(scenario.expectations[0].what).reason, "after");
  EXPECT_EQ(std::get<RefusalExpected>(scenario.expectations[1].what).reason, "");
  EXPECT_TRUE(std::get<StandingExpected>(scenario.expectations[2].what).halted);
  EXPECT_FALSE(std::get<StandingExpected>(scenario.expectations[3].what).halted);
}

TEST(Scenario, ReadsARollbackToAWeightAndAReason) {
  const Scenario scenario =
      parsed(R"(  at 1h rollback gradual to 10% over 30m by otto because "too slow"
  at 2h rollback to 5% rejected softer
  at 3h settle start failed
  expect outcome rolled_back)");
  ASSERT_EQ(scenario.acts.size(), 3U);
  EXPECT_EQ(scenario.acts[0].how, core::RollbackHow::gradual);
  EXPECT_EQ(scenario.acts[0].to, core::Weight{100'000'000});
  EXPECT_EQ(scenario.acts[0].duration, core::Duration(30min));
  EXPECT_EQ(scenario.acts[0].actor, "otto");
  EXPECT_EQ(scenario.acts[0].because, "too slow");
  EXPECT_EQ(scenario.acts[1].to, core::Weight{50'000'000});
  EXPECT_EQ(scenario.acts[1].reason, "softer");
  EXPECT_EQ(scenario.acts[2].effect, core::EffectKind::start);
}

struct Wrong {
  const char* statement;
  const char* finding;  // place, code, message, help
};

TEST(Scenario, SaysWhatItDoesNotUnderstand) {
  const Wrong table[] = {
      {"sereis healthy at 9/s",
       "2:1 RB0702 no statement of a scenario begins with `sereis` | did you mean `series`?"},
      {"please pass",
       "2:1 RB0702 no statement of a scenario begins with `please` | a scenario has `given`, "
       "`series`, faults, `at`, `within`, `expect`, `never`"},
      {"given runbook",
       "2:14 RB0701 expected the name of a runbook that was run before, found the "
       "end of the line"},
      {"given runbook a failed", "2:17 RB0701 expected `succeeded`, found `failed`"},
      {"given weight 5%", "2:7 RB0701 expected one of `runbook`, `param`, found `weight`"},
      {"given param limit 2%", "2:19 RB0701 expected `=` and a value, found `2%`"},
      {"given param limit = high",
       "2:21 RB0701 expected a value such as `2%`, `30m` or `\"smoke\"`, found `high`"},
      {"at 1h rollback to half", "2:19 RB0701 expected a share such as `25%`, found `half`"},
      {"at 1h rollback to 150%", "2:19 RB0703 `150%` is more than all traffic"},
      {"at 1h abort because late", "2:21 RB0701 expected the reason in quotes, found `late`"},
      {"expect start refused", "2:14 RB0701 expected `rejected`, found `refused`"},
      {"series",
       "2:7 RB0701 expected `healthy at 900/s`, or the name of a series, found the end "
       "of the line"},
      {"series healthy at 900",
       "2:19 RB0701 expected requests a second such as `900/s`, found `900`"},
      {"series healthy at 0/s",
       "2:19 RB0703 `0/s` is no whole number of requests from 1 to 10,000,000"},
      {"series healthy at 10/s trough 20/s", "2:1 RB0703 the trough is above the peak"},
      {"series x 5/s until 27 then 0/s",
       "2:20 RB0703 `27` is a count where a duration is expected | write it like `26h30m`"},
      {"series x 5/s until 27h 0/s", "2:24 RB0701 expected `then`, found `0/s`"},
      {"series x many",
       "2:10 RB0701 expected what the series shows: `5/s`, `2%`, `40`, `p50 8ms "
       "p99 12ms` or `silent`, found `many`"},
      {"series x p50 8ms p99 5ms",
       "2:10 RB0722 quantiles and their latencies rise from one to "
       "the next | write them like `p50 8ms p99 12ms`"},
      {"series x{a=~\"b\"} 5/s",
       "2:9 RB0706 a series that is sent has labels with values, no "
       "patterns | write `a=\"…\"` with the value it has on the wire"},
      {"engine away for 10m", "2:13 RB0701 expected `from`, found `for`"},
      {"bus away from 2h until 1h", "2:1 RB0703 it ends before it begins"},
      {"at 1h start",
       "2:7 RB0701 the rollout starts by itself, at 0s | times count from its "
       "start"},
      {"at 1h pase",
       "2:7 RB0701 expected one of `expect`, `confirm`, `decide`, `pause`, `resume`, "
       "`promote`, `extend`, `rollback`, `abort`, `settle`, `rebalance`, found `pase` | did you "
       "mean `pause`?"},
      {"at soon pause", "2:4 RB0701 expected a duration such as `26h30m`, found `soon`"},
      {"at 1h extend 2h", "2:14 RB0701 expected `by` and a duration, found `2h`"},
      {"at 1h abort twice", "2:13 RB0701 expected the end of the line, found `twice`"},
      {"at every answer yes", "2:10 RB0701 expected `question`, found `answer`"},
      {"within 3m 27h expect state a", "2:11 RB0701 expected `of`, found `27h`"},
      {"expect sate a",
       "2:8 RB0701 expected one of `state`, `verdict`, `effect`, `outcome`, "
       "`traffic`, `question`, `halted`, `paused`, `start`, found `sate` | did you mean `state`?"},
      {"expect outcome fine",
       "2:16 RB0701 expected one of `succeeded`, `rolled_back`, `aborted`, "
       "found `fine`"},
      {"expect traffic 120%", "2:16 RB0703 `120%` is more than all traffic"},
      {"expect verdict a passes",
       "2:18 RB0701 expected one of `pass`, `fail`, `undecided`, `no_data`, found `passes` | did "
       "you mean `pass`?"},
      {"never state a", "2:7 RB0701 expected `expect`, found `state`"},
      {"expect effect checkpoint pre-canary",
       "2:29 RB0701 expected the end of the line, found `-` | a name with other characters than "
       "letters, digits and `_` is quoted"},
  };
  for (const Wrong& wrong : table) {
    EXPECT_EQ(findings(around(std::string(wrong.statement) + "\nexpect outcome succeeded")),
              "\nt.scenario:" + std::string(wrong.finding))
        << wrong.statement;
  }
}

TEST(Scenario, ReportsEachWrongLineOnceAndReadsOn) {
  EXPECT_EQ(findings(around("  series\n  at 1h pause\n  exepct outcome aborted\n  end at\n"
                            "  expect outcome aborted")),
            "\nt.scenario:2:9 RB0701 expected `healthy at 900/s`, or the name of a series, found "
            "the end of the line"
            "\nt.scenario:4:3 RB0702 no statement of a scenario begins with `exepct` | did you "
            "mean `expect`?"
            "\nt.scenario:5:9 RB0701 expected a duration such as `26h30m`, found the end of the "
            "line");
}

TEST(Scenario, WhatIsSaidTwiceIsRefused) {
  EXPECT_EQ(findings(around("series healthy at 9/s\nseries healthy at 8/s\nend at 1h\nend at 2h\n"
                            "at every question answer yes\nat every question answer no\n"
                            "expect outcome aborted")),
            "\nt.scenario:3:1 RB0705 `series healthy` was said before, in line 2"
            "\nt.scenario:5:1 RB0705 `end at` was said before, in line 4"
            "\nt.scenario:7:1 RB0705 these questions were answered before, in line 6 | several "
            "answers in turn are written `answer no, yes`");
  EXPECT_EQ(findings(around("given runbook a succeeded\ngiven runbook a succeeded\n"
                            "given param b = 1\ngiven param b = 2\nexpect outcome aborted")),
            "\nt.scenario:3:1 RB0705 this was said before, in line 2"
            "\nt.scenario:5:1 RB0705 parameter `b` was given before, in line 4");
  const std::string one = around("expect outcome aborted");
  EXPECT_EQ(findings(one + one),
            "\nt.scenario:4:10 RB0705 a scenario of this title stands in line 1");
}

TEST(Scenario, AFileHoldsWholeScenarios) {
  EXPECT_EQ(findings(""),
            "\nt.scenario:1:1 RB0103 the file is empty | it begins with `scenario "
            "\"TITLE\" for \"RUNBOOK\" {`");
  EXPECT_EQ(findings("runbook x {\n}\n"),
            "\nt.scenario:1:1 RB0701 expected `scenario \"TITLE\" for \"RUNBOOK\" {`, found "
            "`runbook`");
  EXPECT_EQ(findings("scenario \"t\" {\n  expect outcome aborted\n}\n"),
            "\nt.scenario:1:14 RB0701 expected `for`, found `{`");
  EXPECT_EQ(findings("scenario \"t\" for \"r\" {\n  expect outcome aborted\n"),
            "\nt.scenario:1:1 RB0701 the scenario \"t\" is not closed | put a `}` at its end");
  EXPECT_EQ(findings(around("series healthy at 9/s")),
            "\nt.scenario:1:1 RB0720 the scenario \"t\" expects nothing | say what must come of "
            "it, like `expect outcome rolled_back`");
}

// Every prefix, and every statement with one token missing: findings, no crash, no hang.
TEST(Scenario, NeverFailsForBrokenTexts) {
  const std::string text = test::read_file("plans/hal9-canary.scenario");
  for (std::size_t end = 0; end < text.size(); end += 7) {
    Sink sink("t.scenario");
    parse(text.substr(0, end), sink);
  }
  std::uint32_t state = 1;
  for (int round = 0; round < 300; ++round) {
    std::string broken = text.substr(0, 3000);
    for (int i = 0; i < 4; ++i) {
      state = state * 1664525U + 1013904223U;
      const std::size_t at = (state >> 8U) % broken.size();
      broken.erase(at, 1 + (state >> 28U));
    }
    Sink sink("t.scenario");
    parse(broken, sink);
  }
}

}  // namespace
}  // namespace rollbook::dsl::scenario
