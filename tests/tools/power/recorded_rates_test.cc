// What a recording says of each criterion: shares of requests as the engine counts them, counts a
// request, and of which there is none.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "dsl/compiler.h"
#include "tests/tools/program.h"
#include "tools/power/propose.h"
#include "tools/power/recorded.h"

namespace rollbook::tests {
namespace {

using power::Recorded;
using power::Settings;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pair;

core::Fixed ms(std::int64_t count) { return core::Fixed{count * 1'000'000}; }

// Of each region's own too, where there are targets.
core::Machine machine_of(const std::string& stops, const std::string& expects = "",
                         bool targets = false) {
  const std::string regions = targets ? "  target eu where region = \"eu\"\n"
                                        "  target us where region = \"us\"\n"
                                      : "";
  const auto traffic = [&](const std::string& weight) {
    return targets ? "traffic eu " + weight + "\n    traffic us " + weight : "traffic " + weight;
  };
  const std::string text = R"(edition 1
runbook shop_canary {
  service "shop"
  arms by label "version": baseline "old", canary "new"
)" + regions + R"(  metric requests = counter shop_requests_total
  metric errors   = counter shop_errors_total by type default 0
  metric error_rate = errors / requests
  metric failures = counter shop_failures_total
  metric orders   = counter shop_orders_total
  metric refunds  = counter shop_refunds_total default 0
  metric latency  = histogram shop_seconds
  metric queue    = gauge max shop_queue
  )" + stops + R"(
  stage whole {
    )" + traffic("100%") +
                           R"(
    hold 20m
    )" + expects + R"(
    within 1h otherwise rollback automatic
  }
  rollback automatic {
    )" + traffic("0%") + "\n  }\n}\n";
  const runtime::Compiled compiled = dsl::Compiler().compile("shop.runbook", text, {});
  std::string said;
  for (const runtime::Diagnostic& found : compiled.diagnostics) said += found.message + "\n";
  EXPECT_TRUE(compiled.plan.has_value()) << said;
  return compiled.plan ? compiled.plan->machine : core::Machine{};
}
core::Machine guarded(const std::string& stops, const std::string& expects = "") {
  return machine_of("guard {\n    " + stops + "\n    otherwise rollback automatic\n  }", expects);
}

// Twenty minutes at 30 requests a second in one region and 10 in the other. One in a hundred fails,
// and one in two for another counter; one in five of eu's and one in two of us' is an order. Six in
// ten take 5 to 10 ms, three 10 to 25, and one 25 to 50.
class RecordedRates : public testing::Test {
 protected:
  Recorded recorded(const core::Machine& machine, const std::string& missing = "") {
    std::string text;
    for (std::int64_t second = 0; second <= 1200; second += 10) {
      for (const auto& [region, flow] : {std::pair{"eu", 30}, {"us", 10}}) {
        const std::int64_t requests = second * flow;
        const auto line = [&](const std::string& name, const std::string& rest) {
          text += R"({"metric":")" + name + R"(","labels":{"version":"old","region":")" + region +
                  R"("},)" + rest +
                  ",\"time\":" + std::to_string((1'767'600'000 + second) * 1'000'000'000) + "}\n";
        };
        const auto counter = [&](const std::string& name, std::int64_t value) {
          if (name != missing) line(name, R"("kind":"counter","value":)" + std::to_string(value));
        };
        counter("shop_requests_total", requests);
        counter("shop_errors_total", requests / 100);
        counter("shop_failures_total", requests);
        counter("shop_orders_total", flow == 30 ? requests / 5 : requests / 2);
        line("shop_seconds",
             R"("kind":"histogram","bounds":[0.005,0.01,0.025,0.05,0.1],"counts":[0,)" +
                 std::to_string(requests / 10 * 6) + "," + std::to_string(requests / 10 * 3) + "," +
                 std::to_string(requests / 10) + ",0,0]");
      }
    }
    auto read = power::read_recorded(machine, directory_.write("recorded.jsonl", text));
    EXPECT_TRUE(read.has_value()) << read.error().message;
    return read ? *read : Recorded{};
  }
  // Beside it there is a ratio, whose denominator tells the load.
  std::map<std::string, double> rates(const std::string& stop) {
    return recorded(guarded(stop + "\n    stop errors / requests > 5% over 1m")).rates;
  }
  double rate(const std::string& stop) { return rates(stop).at("guard.stop[1]"); }
  Directory directory_;
};

constexpr double kRequests = 48'000;
constexpr double kNone = 3 / kRequests;  // one in twenty recordings hides as many

// Of the tenth between 25 and 50 ms two in five lie above 40 ms: the plain estimate divides it so.
TEST_F(RecordedRates, OfALimitInsideABucketAreThoseThatTheEngineCounts) {
  EXPECT_NEAR(rate("stop p99(latency) > 40ms over 5m"), 0.04, 1e-9);
  EXPECT_NEAR(rate("stop p99(latency) > 25ms over 5m"), 0.1, 1e-9);
  EXPECT_NEAR(rate("stop p99(latency) > 40ms with confidence 99%"), kNone, 1e-12);
  EXPECT_NEAR(rate("stop p99(latency) > 20ms with confidence 99%"), 0.1, 1e-9);
  const auto review = [&](const std::string& limit) {
    const core::Machine machine =
        guarded("stop errors / requests > 5% over 1m",
                "expect it: p99(latency) < " + limit + " with confidence 95%");
    return recorded(machine).rates.at("whole.it");
  };
  EXPECT_NEAR(review("40ms"), 0.1, 1e-9);  // all that may lie above it
  EXPECT_NEAR(review("50ms"), kNone, 1e-12);
}

TEST_F(RecordedRates, BeyondTheLastEdgeLiesWhatTheRecordingHasThere) {
  EXPECT_NEAR(rate("stop p99(latency) > 800ms over 5m"), kNone, 1e-12);
  EXPECT_NEAR(rate("stop p99(latency) > 800ms with confidence 99%"), kNone, 1e-12);
}

// What one in twenty recordings hides is a rate, and no part of how long requests take.
TEST_F(RecordedRates, BucketsAreAsTheyWereRecorded) {
  const Recorded all =
      recorded(guarded("stop canary.p99(latency) > baseline.p99(latency) * 150% over 5m"));
  const auto near = [](double share) { return DoubleNear(share, 1e-9); };
  EXPECT_THAT(all.edges.at("guard.stop[1]").above,
              ElementsAre(Pair(ms(5), near(1)), Pair(ms(10), near(0.4)), Pair(ms(25), near(0.1)),
                          Pair(ms(50), 0.0), Pair(ms(100), 0.0)));
  EXPECT_TRUE(all.rates.empty());
}

TEST_F(RecordedRates, WhereAllAreBadItIsSaid) {
  EXPECT_GT(rate("stop failures / requests > 5% over 5m"), 0.999);
  EXPECT_GT(rate("stop p99(latency) > 2ms over 5m"), 0.999);
}

TEST_F(RecordedRates, CountsAreThoseARequest) {
  EXPECT_NEAR(rate("stop rate(errors) > 1/s over 5m"), 0.01, 1e-9);
  EXPECT_NEAR(rate("stop count(refunds) > 10 over 5m"), kNone, 1e-12);
  // How many should come nobody knows.
  EXPECT_FALSE(rates("stop rate(refunds) < 1/s over 5m").contains("guard.stop[1]"));
}

TEST_F(RecordedRates, OfATargetAreThoseOfItsOwnRequests) {
  const core::Machine machine = machine_of(
      R"(guard {
    stop errors / requests > 5% over 1m
    stop rate(orders) < 1/s over 1m
    otherwise rollback automatic
  }
  guard eu {
    stop rate(orders) < 1/s over 1m
    otherwise rollback automatic
  }
  guard us {
    stop rate(orders) < 1/s over 1m
    otherwise rollback automatic
  })",
      "", true);
  const auto rates = recorded(machine).rates;
  EXPECT_NEAR(rates.at("guard.stop[2]"), 0.275, 1e-3);
  EXPECT_NEAR(rates.at("guard[2].stop[1]"), 0.2, 1e-3);
  EXPECT_NEAR(rates.at("guard[3].stop[1]"), 0.5, 1e-3);
}

// The first of what could tell them was not recorded.
TEST_F(RecordedRates, CountsARequestAreOfWhatTellsTheLoad) {
  const core::Machine machine = guarded(
      "stop errors / requests > 5% over 1m\n    stop p99(latency) > 100ms over 5m\n"
      "    stop rate(orders) < 1/s over 5m");
  const Recorded all = recorded(machine, "shop_requests_total");
  EXPECT_NEAR(all.loads.at(0).per_second, 40, 1e-6);
  EXPECT_FALSE(all.rates.contains("guard.stop[1]"));
  EXPECT_NEAR(all.rates.at("guard.stop[3]"), 0.275, 1e-3);
}

// Whatever a runbook judges, its recording does not keep it from being tried.
TEST_F(RecordedRates, NoKindOfCriterionRefusesWhatWasRecorded) {
  const core::Machine machine = guarded(
      R"(stop error_rate > 5% over 5m when baseline fails too halt
    stop error_rate > 5% over 5m and p99(latency) > 100ms over 5m
    stop canary.error_rate > baseline.error_rate * 200% with confidence 99%
    stop rate(requests) < 1/s over 5m
    stop count(errors) > 100 over 5m
    stop canary.rate(errors) > baseline.rate(errors) * 900% over 5m
    stop canary.p99(latency) > baseline.p99(latency) * 150% over 5m
    stop p99(latency) < 1ms over 5m
    stop new(errors by type) at least 20 over 5m
    stop queue > 15 over 5m
    stop canary.queue > baseline.queue * 150% over 5m
    stop absent(requests) for 3m
    pause while error_rate > 1% over 1m)",
      R"(expect traffic split as planned
    expect error_rate unchanged from previous 10m by at most 5%
    expect rate(requests) unchanged from previous 10m by at most 5%
    expect judge kayenta over 1h every 1m {
      p99(latency) increase
    })");
  const Recorded all = recorded(machine);
  Settings settings;
  power::take(all, machine, settings);
  const auto study = power::Study::of(machine, all.loads, settings);
  ASSERT_TRUE(study.has_value()) << study.error().message;
  EXPECT_EQ(study->criteria().size(), 18U);
  EXPECT_FALSE(all.rates.contains("guard.stop[9]"));
  for (const power::Proposal& each : power::propose(machine, all, *study)) {
    EXPECT_NE(each.limit, "") << each.id;
  }
}

// What a test promises is at most that, and not nothing.
TEST_F(RecordedRates, AProposalForATestHasItsPromise) {
  const core::Machine machine = guarded("stop orders / requests > 90% with confidence 99%");
  const Recorded all = recorded(machine);
  Settings settings;
  power::take(all, machine, settings);
  const auto study = power::Study::of(machine, all.loads, settings);
  ASSERT_TRUE(study.has_value()) << study.error().message;
  const auto proposals = power::propose(machine, all, *study);
  ASSERT_EQ(proposals.size(), 1U);
  EXPECT_EQ(proposals[0].limit, "60%");
  EXPECT_TRUE(proposals[0].promised);
  EXPECT_NEAR(proposals[0].false_alarm, 0.01, 1e-9);
}

}  // namespace
}  // namespace rollbook::tests
