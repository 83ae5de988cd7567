// What the OpenTelemetry SDK's own exporter sends (tests/peers/opentelemetry, delta and cumulative,
// explicit and exponential histograms) goes through a real broker and a real engine into verdicts,
// which are held against what the recording counted beside the SDK.

#include <cmath>
#include <fstream>

#include "tests/acceptance/recorded_otlp.h"
#include "tests/acceptance/world.h"
#include "tests/paths.h"

namespace rollbook::tests {
namespace {

constexpr int kMessages = 12;  // one for each second; from the seventh on the canary is ill
constexpr const char* kFolder = ROLLBOOK_SOURCE_DIR "/tests/peers/opentelemetry/recorded/";

std::string path_of(const std::string& recording, int number) {
  return kFolder + recording + "/" + (number < 10 ? "0" : "") + std::to_string(number) + ".binpb";
}

// What had happened up to each message, of the canary.
std::vector<Json> truth() {
  std::ifstream stream(std::string(kFolder) + "truth.jsonl");
  std::vector<Json> all;
  for (std::string line; std::getline(stream, line);) {
    all.push_back(Json::parse(line)["hierarchical"]);
  }
  return all;
}

// Its window is longer than the recording, so that it holds everything since the shift.
std::string runbook(const std::string& service, const std::string& stop) {
  return "edition 1\nrunbook " + service + " {\n  service \"" + service + "\"\n" + R"(
  arms by label "system": baseline "flat", canary "hierarchical"
  role dev
  metric requests = counter   hal9_requests_total{region="eu-1"}
  metric errors   = counter   hal9_errors_total default 0
  metric latency  = histogram hal9_request_duration_seconds
  guard {
    stop )" +
         stop + R"( over 1m at least 50 requests
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

class OtlpSdkOverKafka : public WithKafka, public testing::WithParamInterface<const char*> {
 protected:
  // Two rollouts over the same messages, until both have ended.
  void play(const World& world) {
    Outside outside(world);
    Child engine = world.engine("data");
    ASSERT_TRUE(engine.says("rollbook engine ready")) << engine.err();
    start(outside, "errors", "errors / requests > 5%");
    start(outside, "latency", "p95(latency) > 20ms");
    ASSERT_TRUE(outside.until([&] {
      return !outside.events_of("errors", "effect_settled").empty() &&
             !outside.events_of("latency", "effect_settled").empty();
    }));
    const std::int64_t by = now_ns() + 1'500'000'000 - recorded_time(path_of(GetParam(), 0));
    const auto ended = [&] {
      return outside.finished("errors") != "" && outside.finished("latency") != "";
    };
    for (int sent = 0; sent < kMessages && !ended(); ++sent) {
      const std::int64_t due = recorded_time(path_of(GetParam(), sent)) + by;
      outside.until([&] { return ended() || now_ns() >= due; });
      if (!ended()) outside.send(world.topics().metrics, "", moved(path_of(GetParam(), sent), by));
    }
    ASSERT_TRUE(outside.until(ended));
    EXPECT_TRUE(outside.letters().empty()) << outside.letters().front().payload;
    for (const char* rollout : {"errors", "latency"}) {
      EXPECT_EQ(outside.finished(rollout), "rolled_back");
      for (const Json& verdict : outside.events_of(rollout, "verdict_changed")) {
        if (verdict["verdict"] == "fail") failed_[rollout] = verdict;
      }
    }
  }

  // How many messages had been counted when it failed, by its samples; 0: none fits.
  std::size_t messages_of(const std::string& rollout, const std::vector<Json>& happened) {
    for (std::size_t i = 0; i < happened.size(); ++i) {
      if (happened[i]["requests"] == failed_[rollout]["samples"]) return i + 1;
    }
    return 0;
  }

  std::map<std::string, Json> failed_;  // verdict, by rollout

 private:
  static void start(Outside& outside, const std::string& name, const std::string& stop) {
    outside.command("start",
                    {{"rollout", name}, {"runbook", runbook(name, stop)}, {"actor", "maria"}});
  }
};

double share_of(const Json& happened, const char* what) {
  return happened[what].get<double>() / happened["requests"].get<double>();
}

TEST_P(OtlpSdkOverKafka, IsJudgedAsTheServiceItselfCounted) {
  const World world = World::kafka(bootstrap());
  ASSERT_NO_FATAL_FAILURE(play(world));
  const std::vector<Json> happened = truth();

  const std::size_t errors = messages_of("errors", happened);
  ASSERT_GT(errors, 1U) << failed_["errors"].dump();
  EXPECT_NEAR(failed_["errors"]["value"].get<double>(), share_of(happened[errors - 1], "errors"),
              1e-9);
  EXPECT_GT(share_of(happened[errors - 1], "errors"), 0.05);
  EXPECT_LE(share_of(happened[errors - 2], "errors"), 0.05);

  const std::size_t latency = messages_of("latency", happened);
  ASSERT_GT(latency, 1U) << failed_["latency"].dump();
  EXPECT_GT(failed_["latency"]["value"].get<double>(), 0.02);
  // 20 ms is an edge of the explicit histogram; in the exponential one it lies inside a bucket.
  const double slack = std::string(GetParam()).ends_with("explicit") ? 0 : 0.01;
  EXPECT_GT(share_of(happened[latency - 1], "above_20ms"), 0.05 - slack);
  EXPECT_LE(share_of(happened[latency - 2], "above_20ms"), 0.05 + slack);
}

std::string name_of(const testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  replace_all(name, "-", "_");
  return name;
}
INSTANTIATE_TEST_SUITE_P(Recorded, OtlpSdkOverKafka,
                         testing::Values("delta-explicit", "delta-exponential",
                                         "cumulative-explicit", "cumulative-exponential"),
                         name_of);

}  // namespace
}  // namespace rollbook::tests
