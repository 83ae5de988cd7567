// metrics, traffic and simulate of a runbook with targets: each target's own, side by side.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "adapters/wire/text.h"
#include "tests/tools/program.h"
#include "tests/tools/test_engine.h"

namespace rollbook::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Both arms' requests are looked at in eu and in us, in all only the canary's.
constexpr char kRegions[] = R"(edition 1
runbook shop_regions {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  target eu where region = "eu"
  target us where region = "us"
  metric requests = counter shop_requests_total
  metric errors   = counter shop_errors_total default 0
  metric failed   = errors / requests
  guard {
    stop failed > 20% over 30s at least 20 requests
    stop absent(requests) for 1h
    otherwise rollback automatic
  }
  guard eu {
    stop canary.failed > baseline.failed * 2000% over 30s at least 100 requests
    stop failed > 20% over 30s at least 20 requests
    otherwise rollback eu_off
  }
  guard us {
    stop canary.failed > baseline.failed * 2000% over 30s at least 100 requests
    stop failed > 20% over 30s at least 20 requests
    otherwise rollback us_off
  }
  stage first {
    traffic eu 10%
    hold 1m
    within 1h otherwise rollback automatic
  }
  stage both {
    traffic us 20%
    hold 1m
    within 1h otherwise rollback automatic
  }
  rollback automatic {
    traffic eu 0%
    traffic us 0%
  }
  rollback eu_off { traffic eu 0% }
  rollback us_off { traffic us 0% }
  finish traffic eu 10%
  finish traffic us 20%
}
)";

// Of a hundred requests a second of each region, those of the canary.
struct Shares {
  int eu = 10, us = 20;
};

std::string lines_at(core::Time time, int second, Shares shares) {
  std::string text;
  const auto line = [&](const char* name, const char* region, const char* version, int each) {
    text += std::string(R"({"metric":")") + name + R"(","labels":{"version":")" + version +
            R"(","region":")" + region + R"("},"kind":"counter","value":)" +
            std::to_string(second * each) +
            ",\"time\":" + std::to_string(time.time_since_epoch().count()) + "}\n";
  };
  for (const auto& [region, canary] : {std::pair{"eu", shares.eu}, {"us", shares.us}}) {
    line("shop_requests_total", region, "new", canary);
    line("shop_requests_total", region, "old", 100 - canary);
    line("shop_errors_total", region, "old", 1);
  }
  return text;
}

class TargetLooks : public testing::Test {
 protected:
  TargetLooks() : engine_(directory_.file("data")) {
    engine_.now = *adapters::parse_time("2026-01-05T10:00:00Z");
    core::Command command;
    command.verb = core::Verb::start;
    command.rollout = "shop-1";
    command.actor = "maria";
    command.runbook = kRegions;
    command.file = "shop.runbook";
    engine_.command(command);
  }
  void run_for(int seconds, Shares shares) {
    for (int i = 0; i < seconds; ++i) {
      engine_.now += 1s;
      engine_.metrics(lines_at(engine_.now, ++second_, shares));
      engine_.step();
    }
  }
  Ran run(const std::string& verb, std::vector<std::string> words = {}) {
    words.insert(words.begin(), {"NO_COLOR=1", verb, "shop-1", "--data", directory_.file("data")});
    return rollbook(words);
  }
  json read(const std::string& verb, std::vector<std::string> words = {}) {
    words.insert(words.end(), {"-o", "json"});
    const Ran ran = run(verb, words);
    EXPECT_EQ(ran.exit, 0) << ran.err;
    return json::parse(ran.out, nullptr, false);
  }
  // As it was at the last second: by the clock on the wall all of it is old.
  std::vector<std::string> now(std::vector<std::string> words = {}) const {
    words.insert(words.end(), {"--at", adapters::format_time(engine_.now)});
    return words;
  }
  static json of(const json& looks, const std::string& target, const std::string& name) {
    for (const json& metric : looks.at("metrics")) {
      if (metric.value("target", "") == target && metric.at("name") == name) return metric;
    }
    ADD_FAILURE() << "no " << target << " " << name << " in " << looks;
    return {};
  }

  Directory directory_;
  TestEngine engine_;
  int second_ = 0;
};

TEST_F(TargetLooks, TheSplitOfEachTargetIsHeldAgainstItsOwnWeight) {
  run_for(50, {});
  const json first = read("traffic", now({"--verify"}));  // us has not been shifted
  EXPECT_EQ(first.at("split"), "agrees");
  EXPECT_EQ(first.at("targets").at(0).at("split"), "agrees");
  EXPECT_EQ(first.at("targets").at(1).at("split"), "too_little");
  EXPECT_EQ(first.at("targets").at(1).at("reason"), "no shift has settled yet");
  run_for(50, {});
  const Ran ran = run("traffic", now({"--verify"}));
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("split     ✓ eu: as planned: 10% of "),
                             HasSubstr("split     ✓ us: as planned: 20% of ")));
  const json look = read("traffic", now());
  const json &eu = look.at("targets").at(0), &us = look.at("targets").at(1);
  // Each with its own order, and since when.
  EXPECT_LT(eu.at("since").get<std::string>(), us.at("since").get<std::string>());
  EXPECT_LT(eu.at("order"), us.at("order"));
  for (const auto& [target, weight] : {std::pair(&eu, "eu: 10%"), {&us, "us: 20%"}}) {
    const std::string since = target->at("since"), order = target->at("order").dump();
    EXPECT_THAT(ran.out, HasSubstr(std::string("planned   ") + weight + " settled since " + since +
                                   ", order " + order));
  }
  EXPECT_EQ(look.at("settled").at("weight"), 0.2);
  EXPECT_EQ(look.at("settled").at("since"), us.at("since"));
  EXPECT_EQ(look.at("settled").at("order"), us.at("order"));
  EXPECT_EQ(us.at("name"), "us");
  EXPECT_EQ(us.at("settled"), 0.2);
  EXPECT_EQ(us.at("observed").at("share"), 0.2);
  EXPECT_EQ(us.at("observed").at("counted_by"), "requests");
}

TEST_F(TargetLooks, ATargetThatIsNotAsPlannedIsNamed) {
  run_for(110, {10, 40});
  const Ran ran = run("traffic", now({"--verify"}));
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.err, AllOf(StartsWith("rollbook: eu: as planned: 10% of "),
                             HasSubstr("; us: the canary gets 40% of "),
                             HasSubstr(" where 20% is settled since ")));
  const json look = read("traffic", now());
  EXPECT_EQ(look.at("split"), "contradicts");
  EXPECT_EQ(look.at("targets").at(0).at("split"), "agrees");
  const Ran asked = run("traffic", {"--rebalance", "--yes", "--dry-run"});
  EXPECT_EQ(asked.exit, 0) << asked.err;
}

TEST_F(TargetLooks, MetricsAreOfAllAndOfEachTarget) {
  run_for(110, {10, 20});
  const json looks = read("metrics", {"--compare", "--window", "30s"});
  EXPECT_EQ(of(looks, "eu", "requests").at("arms").at("canary").at("value"), 10);
  EXPECT_EQ(of(looks, "us", "requests").at("arms").at("canary").at("value"), 20);
  EXPECT_EQ(of(looks, "us", "requests").at("arms").at("baseline").at("value"), 80);
  EXPECT_EQ(of(looks, "", "requests").at("arms").at("canary").at("value"), 30);
  EXPECT_EQ(of(looks, "us", "failed").at("arms").at("baseline").at("value"), 0.0125);
  EXPECT_THAT(run("metrics", {"--compare"}).out,
              AllOf(HasSubstr("\neu.failed "), HasSubstr("\nus.failed "), HasSubstr("\nfailed ")));
  // Asked for by its name it is of all; of one target by the name that the runbook has for it.
  EXPECT_EQ(read("metrics", {"--metric", "failed"}).at("metrics").size(), 3U);
  const json one = read("metrics", {"--metric", "us.failed"}).at("metrics");
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one.at(0).at("target"), "us");
  EXPECT_EQ(run("metrics", {"--metric", "ap.failed"}).exit, 2);
}

// ---- simulate -------------------------------------------------------------------------------

class TargetSimulation : public testing::Test {
 protected:
  Ran simulate(const std::vector<std::string>& more) {
    std::string text;
    const core::Time begin = *adapters::parse_time("2026-01-05T08:00:00Z");
    for (int second = 0; second <= 180; ++second) {
      text += lines_at(begin + std::chrono::seconds(second), second, {});
    }
    std::vector<std::string> words{"simulate", directory_.write("shop.runbook", kRegions),
                                   "--metrics", directory_.write("recorded.jsonl", text)};
    words.insert(words.end(), more.begin(), more.end());
    return rollbook(words);
  }
  Directory directory_;
};

TEST_F(TargetSimulation, AHealthyRecordingOfTwoTargetsSucceeds) {
  const Ran ran = simulate({});
  EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("succeeded at eu 10%, us 20%"));
}

TEST_F(TargetSimulation, AFaultInOneTargetRollsThatOneBack) {
  const Ran ran = simulate({"--fault", "errors 30% in us from 90s", "-o", "jsonl"});
  // The other one stays where it is, and people are asked to look.
  EXPECT_EQ(ran.exit, 4) << ran.out << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr(R"("to":"rollback.us_off.shift")"),
                             Not(HasSubstr("rollback.eu_off")), Not(HasSubstr("automatic"))));
}

TEST_F(TargetSimulation, AFaultInAllRollsBothBack) {
  const Ran ran = simulate({"--fault", "errors 60% from 90s", "--data", directory_.file("data")});
  EXPECT_EQ(ran.exit, 3) << ran.out << ran.err;
  EXPECT_EQ(rollbook({"replay", directory_.file("data"), "--verify"}).exit, 0);
}

TEST_F(TargetSimulation, ATargetThatIsNotThereIsNamed) {
  const Ran ran = simulate({"--fault", "errors 30% in uk from 90s"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.err, HasSubstr("is in target `uk`, which runbook `shop_regions` does not have"));
}

}  // namespace
}  // namespace rollbook::tests
