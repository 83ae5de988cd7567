// `rollbook power --from FILE`: what only a recording knows of criteria that are no share of bad
// requests.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tools/program.h"

namespace rollbook::tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr char kShop[] = R"(edition 1
runbook shop_canary {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  metric requests = counter shop_requests_total
  metric errors   = counter shop_errors_total default 0
  metric orders   = counter shop_orders_total
  metric latency  = histogram shop_seconds
  metric queue    = gauge max shop_queue
  guard {
    stop errors / requests > 5% over 1m
    stop queue > 15 over 1m
    stop rate(orders) < 1/s over 1m
    otherwise rollback automatic
  }
  stage half {
    traffic 50%
    hold 20m
    expect same_orders: orders / requests unchanged from previous 10m by at most 20%
    expect as_fast: canary.p90(latency) <= baseline.p90(latency) * 105% over 10m
    within 1h otherwise rollback automatic
  }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)";

// Twenty minutes at 40 requests a second. One in four is an order; a tenth takes more than 50 ms
// and one in twenty more than 100 ms; the queue grows by one a minute.
std::string recorded() {
  std::string text;
  std::int64_t requests = 0;
  for (std::int64_t second = 0; second <= 1200; second += 10, requests += 400) {
    const std::int64_t time = 1'767'600'000'000'000'000 + second * 1'000'000'000;
    const auto line = [&](const std::string& name, const std::string& rest) {
      text += R"({"metric":")" + name + R"(","labels":{"version":"old"},)" + rest +
              ",\"time\":" + std::to_string(time) + "}\n";
    };
    const auto counter = [&](const std::string& name, std::int64_t value) {
      line(name, R"("kind":"counter","value":)" + std::to_string(value));
    };
    counter("shop_requests_total", requests);
    counter("shop_errors_total", requests / 100);
    counter("shop_orders_total", requests / 4);
    line("shop_queue", R"("kind":"gauge","value":)" + std::to_string(second / 60));
    line("shop_seconds", R"("kind":"histogram","sum":1,"bounds":[0.05,0.1],"counts":[)" +
                             std::to_string(requests - requests / 10) + "," +
                             std::to_string(requests / 10 - requests / 20) + "," +
                             std::to_string(requests / 20) + "]");
  }
  return text;
}

class PowerOfARecording : public testing::Test {
 protected:
  Ran power(const std::vector<std::string>& more) {
    std::vector<std::string> words{"power",  directory_.write("shop.runbook", kShop),
                                   "--from", directory_.write("recorded.jsonl", recorded()),
                                   "--runs", "5"};
    words.insert(words.end(), more.begin(), more.end());
    Ran ran = rollbook(words);
    EXPECT_EQ(ran.exit, 0) << ran.err;
    return ran;
  }
  Directory directory_;
};

TEST_F(PowerOfARecording, TellsLevelsLatencyAndRanges) {
  const json report = json::parse(power({"-o", "json"}).out);
  const auto of = [&](const std::string& id) {
    for (const json& each : report["criteria"]) {
      if (each["id"] == id) return each;
    }
    ADD_FAILURE() << "no criterion " << id;
    return json::object();
  };
  const json orders = of("half.same_orders");
  EXPECT_EQ(orders["sick"], "changed");
  EXPECT_NEAR(orders["a_request"].get<double>(), 0.25, 0.001);
  EXPECT_FALSE(orders.contains("not_tried"));
  EXPECT_TRUE(orders["loads"][0].contains("pass"));

  const json fast = of("half.as_fast");
  EXPECT_EQ(fast["sick"], "slower");
  EXPECT_EQ(fast["latency"], "recorded");
  EXPECT_NEAR(fast["limit"].get<double>(), 0.1, 1e-9);
  // 105 % of 50 ms: of the twentieth between 50 and 100 ms another twentieth is faster.
  EXPECT_NEAR(fast["healthy"].get<double>(), 0.0975, 0.0005);
  EXPECT_EQ(fast["loads"][0]["false_alarm"]["how"], "simulated");

  const json rate = of("guard.stop[3]");
  EXPECT_EQ(rate["sick"], "level");
  EXPECT_EQ(rate["healthy_from"], "given");
  EXPECT_NEAR(rate["loads"][0]["healthy"].get<double>(), 5, 0.1);  // of 20/s a quarter

  const json queue = of("guard.stop[2]");
  EXPECT_THAT(queue["not_tried"].get<std::string>(), HasSubstr("not how it will be"));
  EXPECT_EQ(queue["recorded"], json::parse(R"({"least":0,"greatest":20,"spans":5,"beyond":1})"));
  EXPECT_EQ(report["plan"][0]["left_out"], 1);
}

TEST_F(PowerOfARecording, SaysThemInTheTable) {
  const std::string table = power({}).out;
  EXPECT_THAT(table, HasSubstr("recorded from 0 to 20, beyond its limit in 1 of 5 spans of 5m"));
  EXPECT_THAT(table, HasSubstr("healthy unchanged at 0.25 a request, limit 20%"));
  EXPECT_THAT(table, HasSubstr("latency as it was recorded"));
  EXPECT_THAT(table, HasSubstr("healthy 5/s (given), limit 1/s"));
}

}  // namespace
}  // namespace rollbook::tests
