// What a Collector wrote to Kafka (tests/adapters/wire/otlp) goes through a real broker and a real
// engine into verdicts. The recorded bytes are sent with their times moved to now.

#include "tests/acceptance/recorded_otlp.h"
#include "tests/acceptance/world.h"
#include "tests/paths.h"

namespace rollbook::tests {
namespace {

constexpr int kMessages = 15;  // one for each second; from the eighth on about 30 % errors
constexpr int kFirstBad = 8;

std::string path_of(int number) {
  return ROLLBOOK_SOURCE_DIR "/tests/adapters/wire/otlp/message-" +
         std::string(number < 10 ? "0" : "") + std::to_string(number) + ".binpb";
}

std::string runbook(const std::string& stop) {
  return R"(edition 1
runbook hal9 {
  service "hal9"
  arms by label "system": baseline "flat", canary "hierarchical"
  role dev
  metric requests = counter   hal9_requests_total{region="eu-1"}
  metric errors   = counter   hal9_errors_total default 0
  metric latency  = histogram hal9_request_duration_exp
  guard {
    stop )" +
         stop + R"(
    otherwise rollback automatic
  }
  stage canary_5 {
    traffic 5%
    hold 30m
    confirm "fine" by dev
    within 24h otherwise rollback automatic
  }
  rollback automatic { traffic 0% }
  success { finish traffic 5% }
}
)";
}

class OtlpOverKafka : public WithKafka {
 protected:
  // Sends a message each second from the settled shift on, until the rollout has ended. Returns how
  // many were sent.
  int play(const World& world, const std::string& stop) {
    Outside outside(world);
    Child engine = world.engine("data");
    EXPECT_TRUE(engine.says("rollbook engine ready")) << engine.err();
    outside.command("start", {{"rollout", "r"}, {"runbook", runbook(stop)}, {"actor", "maria"}});
    EXPECT_TRUE(outside.until([&] { return !outside.events_of("r", "effect_settled").empty(); }));
    const std::int64_t by = now_ns() + 1'500'000'000 - recorded_time(path_of(0));
    int sent = 0;
    const auto ended = [&] { return outside.finished("r") != ""; };
    while (sent < kMessages && !ended()) {
      const std::int64_t due = recorded_time(path_of(sent)) + by;
      outside.until([&] { return ended() || now_ns() >= due; });
      if (!ended()) outside.send(world.topics().metrics, "", moved(path_of(sent++), by));
    }
    EXPECT_TRUE(outside.until(ended));
    EXPECT_EQ(outside.finished("r"), "rolled_back");
    EXPECT_TRUE(outside.letters().empty()) << outside.letters().front().payload;
    for (const Json& verdict : outside.events_of("r", "verdict_changed")) {
      if (verdict["verdict"] == "fail") failed = verdict;
    }
    return sent;
  }
  Json failed;
};

TEST_F(OtlpOverKafka, ErrorsOfTheCanaryRollItBack) {
  const World world = World::kafka(bootstrap());
  const int sent = play(world, "errors / requests > 5% over 10s at least 50 requests");
  EXPECT_GT(sent, kFirstBad);
  EXPECT_GT(failed["value"].get<double>(), 0.05);
  EXPECT_LT(failed["value"].get<double>(), 0.5);
  EXPECT_GE(failed["samples"].get<int>(), 50);
}

TEST_F(OtlpOverKafka, AnExponentialHistogramIsJudgedAgainstALimitInsideABucket) {
  const World world = World::kafka(bootstrap());
  play(world, "p50(latency) > 3ms over 10s at least 50 requests");
  EXPECT_GT(failed["value"].get<double>(), 0.003);
  EXPECT_LT(failed["value"].get<double>(), 0.02);
  EXPECT_GE(failed["samples"].get<int>(), 50);
}

}  // namespace
}  // namespace rollbook::tests
