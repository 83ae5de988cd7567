// `guard eu { … }` and `eu.error_rate`: whatever is measured there is of that target alone.

#include <gtest/gtest.h>

#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

const core::TargetIndex kEu{0};

core::Machine machine_of(const std::string& stop, const std::string& expect) {
  const std::string text = R"(edition 1
runbook shop {
  service "shop"
  arms by label "v": baseline "old", canary "new"
  target eu where region = "eu"
  target us where region = "us"
  metric requests = counter req
  metric errors = counter err by type default 0
  metric latency = histogram dur_seconds
  metric depth = gauge max depth
  metric error_rate = errors / requests
  channel oncall = pagerduty("shop")
  guard eu {
    stop )" + stop + R"(
    stop absent(requests) for 3m
    otherwise rollback off
  }
  stage both {
    traffic eu 10%
    traffic us 10%
    hold 2h
    expect )" + expect + R"(
    within 2h otherwise rollback off
  }
  rollback off {
    traffic eu 0%
    traffic us 0%
    page oncall "{cause}"
  }
  finish traffic eu 10%
  finish traffic us 10%
}
)";
  EXPECT_EQ(errors(text), "");
  auto compiled = compile(text);
  return compiled.plan ? compiled.plan->machine : core::Machine{};
}

// Its criteria, and all that feeds them.
void expect_all_of_eu(const core::Machine& machine, const std::string& what) {
  EXPECT_FALSE(machine.criteria.empty()) << what;
  for (const core::Criterion& criterion : machine.criteria) {
    EXPECT_EQ(criterion.target, kEu) << what << ": " << criterion.id;
  }
  for (const core::Series& series : machine.series) EXPECT_EQ(series.target, kEu) << what;
}

TEST(ResolveTargets, WhatAGuardOfOneMeasuresIsOfThatOne) {
  for (const char* stop :
       {"error_rate > 1% over 5m", "errors / requests > 1% over 5m",
        "error_rate > 1% with confidence 99%", "p99(latency) > 50ms over 5m",
        "rate(requests) > 900/s over 5m", "count(errors) > 100 over 5m", "depth > 10 over 5m",
        "bracket(depth) > 10 over 5m", "new(errors by type) at least 5 over 5m",
        "canary.error_rate > baseline.error_rate * 110% with confidence 99%",
        "error_rate > 1% over 5m when baseline fails too halt"}) {
    expect_all_of_eu(machine_of(stop, "eu.error_rate < 1% over 1h"), stop);
  }
}

TEST(ResolveTargets, WhatAReviewNamesIsOfThatOne) {
  for (const char* expect :
       {"eu.baseline.error_rate < 1% over 1h", "eu.p99(latency) < 50ms over 1h",
        "eu.bracket(depth) < 10 over 1h", "traffic eu split as planned",
        "eu.error_rate unchanged from same hours yesterday by at most 5%",
        "judge kayenta over 1h {\n eu.error_rate increase\n eu.p99(latency) increase\n}"}) {
    expect_all_of_eu(machine_of("error_rate > 1% over 5m", expect), expect);
  }
}

// It is asked for as long as one of them has traffic.
TEST(ResolveTargets, AJudgeOfSeveralIsOfNoneInParticular) {
  const core::Machine machine =
      machine_of("error_rate > 1% over 5m",
                 "judge kayenta over 1h {\n eu.error_rate increase\n us.error_rate increase\n}");
  ASSERT_FALSE(machine.criteria.empty());
  EXPECT_FALSE(machine.criteria.back().target.valid());
}

}  // namespace
}  // namespace rollbook::dsl
