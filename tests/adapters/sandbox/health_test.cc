#include "adapters/sandbox/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "adapters/sandbox/fault_clock.h"
#include "tests/adapters/sandbox/compiled.h"

namespace rollbook::adapters {
namespace {

using namespace std::chrono_literals;
using core::Fixed;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using tests::compile;
using tests::runbook_of;

std::string format(const WireSeries& series) {
  std::string text = series.name + "{";
  for (const auto& [label, value] : series.labels) text += label + "=" + value + ",";
  if (text.back() == ',') text.pop_back();
  const auto per_million = static_cast<std::int64_t>(series.per_request.nanos / 1000);
  return text + "} " + std::to_string(per_million);
}

// Name, labels and requests in a million.
std::vector<std::string> formatted(const core::Machine& machine) {
  const auto all = healthy_series(machine, 900);
  EXPECT_TRUE(all.has_value()) << all.error().message;
  std::vector<std::string> texts;
  if (all) {
    for (const WireSeries& series : *all) texts.push_back(format(series));
  }
  return texts;
}

Fixed milliseconds(std::int64_t count) { return Fixed::from_nanos(count * 1'000'000); }

TEST(Health, GivesTheShippedCanaryEveryMetricOnBothArms) {
  const core::Machine machine = compile(tests::read_plan("hal9-canary.runbook"));
  EXPECT_THAT(formatted(machine),
              ElementsAre("shadow_responses_total{matched=true} 1000000",
                          "hal9_requests_total{system=flat} 1000000",
                          "hal9_requests_total{system=hierarchical} 1000000",
                          "hal9_errors_total{system=flat} 200",  // a fifth of 0.1 %
                          "hal9_errors_total{system=hierarchical} 200",
                          "hal9_request_duration_seconds{system=flat} 1000000",
                          "hal9_request_duration_seconds{system=hierarchical} 1000000",
                          "hal9_orders_total{system=flat} 1000000",
                          "hal9_orders_total{system=hierarchical} 1000000"));
}

TEST(Health, PutsEveryLimitOnAnEdgeAndTheStrictestQuantileWellInside) {
  const core::Machine machine = compile(tests::read_plan("hal9-canary.runbook"));
  const auto all = *healthy_series(machine, 900);
  const auto found = std::find_if(all.begin(), all.end(), [](const WireSeries& series) {
    return series.kind == core::MetricKind::histogram;
  });
  ASSERT_NE(found, all.end());
  const WireSeries& latency = *found;
  EXPECT_THAT(latency.bounds, IsSupersetOf({milliseconds(10), milliseconds(12), milliseconds(15),
                                            milliseconds(50)}));
  // p99 < 10 ms is the strictest.
  EXPECT_GE(share_within(milliseconds(8), latency.scale), 989'900'000);
  EXPECT_LE(share_within(milliseconds(7), latency.scale), 990'000'000);
}

TEST(Health, FindsLabelsThatExpressionsMatch) {
  const core::Machine machine = compile(runbook_of(
      "  metric requests = counter http_requests_total\n"
      "  metric broken   = counter http_requests_total{code=~\"5..|429\", path!=\"/\"}\n"
      "  metric slow     = counter http_requests_total{code!~\"[45]\\\\d\\\\d\", slow=\"1\"}\n",
      "    stop broken / requests > 1% over 5m\n    stop slow / requests > 2% over 5m\n"
      "    stop absent(requests) for 3m"));
  EXPECT_THAT(formatted(machine), ElementsAre("http_requests_total{code=500,version=old} 2000",
                                              "http_requests_total{code=500,version=new} 2000",
                                              "http_requests_total{slow=1,version=old} 4000",
                                              "http_requests_total{slow=1,version=new} 4000",
                                              // What the others leave.
                                              "http_requests_total{version=old} 994000",
                                              "http_requests_total{version=new} 994000"));
}

TEST(Health, StaysOnTheRightSideOfEveryKindOfLimit) {
  const core::Machine machine = compile(runbook_of(
      "  metric requests = counter r_total\n  metric orders = counter o_total\n"
      "  metric restarts = counter restarts_total\n  metric memory = gauge max memory_bytes\n"
      "  metric spare = gauge min spare_threads\n",
      "    stop orders / requests < 2% over 5m\n    stop rate(restarts) > 0.9/s over 5m\n"
      "    stop memory > 1000 over 5m\n    stop spare < 4 over 5m\n"
      "    stop absent(requests) for 3m"));
  const auto all = *healthy_series(machine, 900);
  for (const WireSeries& series : all) {
    if (series.name == "o_total") {
      EXPECT_EQ(series.per_request, Fixed::from_nanos(25'000'000));
    }
    if (series.name == "restarts_total") {
      EXPECT_EQ(series.per_request, Fixed::from_nanos(200'000));
    }
    if (series.name == "memory_bytes") {
      EXPECT_EQ(series.level, Fixed::from_int(500));
    }
    if (series.name == "spare_threads") {
      EXPECT_EQ(series.level, Fixed::from_int(5));
    }
  }
  EXPECT_EQ(all.size(), 10U);
}

TEST(Health, HasFailuresToRaiseWhereTheyAreOnlyHeldAgainstAnotherArm) {
  const core::Machine machine = compile(
      runbook_of("  metric requests = counter r_total\n  metric errors = counter e_total\n"
                 "  metric error_rate = errors / requests\n",
                 "    stop canary.error_rate > baseline.error_rate * 150% with confidence 99%"));
  const auto all = *healthy_series(machine, 900);
  ASSERT_EQ(all.size(), 4U);
  for (const WireSeries& series : all) {
    if (series.name != "e_total") continue;
    EXPECT_EQ(series.per_request, Fixed::from_nanos(1'000'000));
    ASSERT_EQ(series.ceilings.size(), 1U);
    EXPECT_EQ(series.ceilings[0].per_request, Fixed::from_int(1));
  }
  EXPECT_TRUE(check_fault(machine, *parse_fault("errors 2%"), all));
}

// A judge alone holds them against the baseline's.
TEST(Health, HasFewFailuresWhereOnlyAJudgeLooksAtThem) {
  const core::Machine machine =
      compile(runbook_of("  metric requests = counter r_total\n  metric errors = counter e_total\n"
                         "  metric error_rate = errors / requests\n",
                         "    stop absent(requests) for 3m",
                         "    expect judge kayenta over 30m every 1m {\n"
                         "      error_rate increase critical\n    }\n"));
  const auto all = *healthy_series(machine, 900);
  ASSERT_EQ(all.size(), 4U);
  for (const WireSeries& series : all) {
    const bool errors = series.name == "e_total";
    EXPECT_EQ(series.per_request, errors ? Fixed::from_nanos(1'000'000) : Fixed::from_int(1));
    EXPECT_EQ(series.ceilings.size(), errors ? 1U : 0U);
  }
}

TEST(Health, SaysWhichMetricItCannotMakeUp) {
  core::Machine machine = compile(runbook_of("  metric requests = counter r_total{a=\"1\"}\n",
                                             "    stop absent(requests) for 3m"));
  machine.metrics[0].matchers.push_back({"a", core::MatchKind::equal, "2"});
  const auto all = healthy_series(machine, 900);
  ASSERT_FALSE(all.has_value());
  EXPECT_EQ(all.error().message,
            "the sandbox finds no labels that metric `requests` would count: r_total{a=\"1\", "
            "a=\"2\"}");
}

TEST(Health, ScrapesOftenEnoughForTheShortestWindow) {
  EXPECT_EQ(scrape_interval(compile(tests::read_plan("hal9-canary.runbook")), 15s), 15s);
  EXPECT_EQ(scrape_interval(compile(tests::read_plan("minimal.runbook")), 15s), 2s);
  EXPECT_EQ(scrape_interval(compile(tests::read_plan("minimal.runbook")), 1s), 1s);
}

}  // namespace
}  // namespace rollbook::adapters
