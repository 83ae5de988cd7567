// metrics and traffic: what the log holds of each arm, over windows that the runbook does not have.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "adapters/wire/text.h"
#include "store/rocks_reader.h"
#include "tests/paths.h"
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

// Both arms' requests and errors are looked at, of the latency the canary's only, of orders none.
constexpr char kBothArms[] = R"(edition 1
runbook shop_compare {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  role owner
  metric requests = counter shop_requests_total
  metric errors   = counter shop_errors_total default 0
  metric latency  = histogram shop_request_duration_seconds
  metric orders   = counter shop_orders_total
  metric depth    = gauge max shop_queue_depth unsplit
  metric error_rate = errors / requests
  guard {
    stop error_rate > 5% over 5m
    stop canary.error_rate > baseline.error_rate * 2000% over 2m at least 1000 requests
    stop p99(latency) > 500ms over 5m
    stop depth > 1000000 over 5m
    otherwise rollback automatic
  }
  stage tenth {
    traffic 10%
    hold 30m
    within 1h otherwise rollback automatic
  }
  stage half {
    traffic 50%
    hold 30m
    within 1h otherwise rollback automatic
  }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)";

// Runs a verb on a log, for one rollout.
class Log {
 public:
  Log(std::string data, std::string rollout)
      : data_(std::move(data)), rollout_(std::move(rollout)) {}
  const std::string& data() const { return data_; }

  Ran run(const std::string& verb, std::vector<std::string> words = {}) const {
    words.insert(words.begin(), {"NO_COLOR=1", verb, rollout_});
    words.insert(words.end(), {"--data", data_});
    return rollbook(words);
  }
  json read(const std::string& verb, std::vector<std::string> words = {}) const {
    words.insert(words.end(), {"-o", "json"});
    const Ran ran = run(verb, words);
    EXPECT_EQ(ran.exit, 0) << ran.err;
    return json::parse(ran.out, nullptr, false);
  }
  // The sequence of the nth event of a type.
  std::uint64_t sequence(const std::string& type, int nth) const {
    std::istringstream lines(run("log", {"--type", type, "-o", "jsonl"}).out);
    std::string line;
    for (int i = 0; i < nth; ++i) std::getline(lines, line);
    return json::parse(line).at("sequence");
  }

 private:
  std::string data_, rollout_;
};

json metric_of(const json& looks, const std::string& name) {
  for (const json& metric : looks.at("metrics")) {
    if (metric.at("name") == name) return metric;
  }
  ADD_FAILURE() << "no " << name << " in " << looks;
  return {};
}

void expect_narrow(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto columns = std::count_if(line.begin(), line.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    });
    EXPECT_LE(columns, 80) << line;
  }
}

// ---- A log that the sandbox made ------------------------------------------------------------

class LooksTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new Directory;
    const std::string data = directory_->file("data");
    const Ran ran = rollbook({"sandbox", directory_->write("shop.runbook", kBothArms), "--data",
                              data, "--speed", "max"});
    ASSERT_EQ(ran.exit, 0) << ran.out << ran.err;
    const json all = json::parse(rollbook({"list", "--data", data, "-o", "json"}).out);
    log_ = new Log(data, all.at(0).at("rollout"));
  }
  static void TearDownTestSuite() {
    delete log_;
    delete directory_;
  }

  // In the first stage's hold, twenty minutes in.
  static std::vector<std::string> midway(std::vector<std::string> words = {}) {
    words.insert(words.end(), {"--at", "2026-01-05T00:20:00Z"});
    return words;
  }

  static Directory* directory_;
  static Log* log_;
};
Directory* LooksTest::directory_ = nullptr;
Log* LooksTest::log_ = nullptr;

TEST_F(LooksTest, TheGuardsOwnWindowHasTheGuardsOwnValue) {
  const json looks = log_->read("metrics", midway());
  const json status = log_->read("show", midway());
  const json& errors = status.at("criteria").at(0);
  ASSERT_EQ(errors.at("text"), "error_rate > 5% over 5m");
  const json canary = metric_of(looks, "error_rate").at("arms").at("canary");
  EXPECT_EQ(canary.at("value"), errors.at("value"));
  EXPECT_EQ(canary.at("samples"), errors.at("samples"));
  EXPECT_GT(canary.at("samples"), 1000);
  const json& slow = status.at("criteria").at(2);
  ASSERT_EQ(slow.at("text"), "p99(latency) > 500ms over 5m");
  EXPECT_EQ(metric_of(looks, "p99(latency)").at("arms").at("canary").at("value"), slow.at("value"));
}

// Added up by hand, from the evidence as it lies in the log.
TEST_F(LooksTest, AWindowThatNoCriterionHasIsAddedUpFromTheLog) {
  const json looks =
      log_->read("metrics", {"--metric", "requests", "--metric", "error_rate", "--window", "17m"});
  auto reader = store::RocksReader::open(log_->data());
  ASSERT_TRUE(reader);
  const auto streams = (*reader)->streams();
  ASSERT_TRUE(streams);
  core::Machine machine;
  std::vector<core::CellDelta> deltas;
  ASSERT_TRUE((*reader)->read(streams->at(0), core::Sequence{1}, [&](const auto& stored) {
    if (const auto* started = std::get_if<core::RolloutStarted>(&stored.event.body)) {
      machine = (*reader)->plan(started->digest)->machine;
    }
    if (const auto* observed = std::get_if<core::Observed>(&stored.event.body)) {
      deltas.insert(deltas.end(), observed->deltas.begin(), observed->deltas.end());
    }
    return true;
  }));
  for (const core::Arm arm : {core::Arm::canary, core::Arm::baseline}) {
    const char* name = arm == core::Arm::canary ? "canary" : "baseline";
    const json told = metric_of(looks, "requests").at("arms").at(name);
    const core::Time at = *adapters::parse_time(told.at("at").get<std::string>());
    core::Fixed sum;
    for (const core::CellDelta& delta : deltas) {
      const core::Series& series = machine.at(delta.series);
      if (machine.at(series.metric).name != "requests" || series.arm != arm) continue;
      if (delta.cell.end > at - 17min && delta.cell.end <= at) sum += delta.cell.value;
    }
    ASSERT_GT(sum.nanos, 0);
    EXPECT_EQ(told.at("seen"), "17m");
    EXPECT_NEAR(told.at("value").get<double>(), static_cast<double>(sum.nanos) * 1e-9 / 1020, 1e-8);
    EXPECT_EQ(metric_of(looks, "error_rate").at("arms").at(name).at("samples"),
              static_cast<std::int64_t>(sum.nanos / core::Fixed::kScale));
  }
}

TEST_F(LooksTest, AWindowLongerThanTheRolloutSaysHowMuchWasSeen) {
  const json looks = log_->read("metrics", {"--window", "7h"});
  EXPECT_EQ(metric_of(looks, "requests").at("arms").at("canary").at("seen"), "1h");
  EXPECT_THAT(log_->run("metrics", {"--window", "7h"}).out,
              HasSubstr("1h of 7h seen: counted from the first shift on, 2026-01-05T00:00:00Z\n"));
}

TEST_F(LooksTest, CompareSaysHowTheArmsDiffer) {
  const json looks = log_->read("metrics", midway({"--compare"}));
  const json errors = metric_of(looks, "error_rate");
  const double canary = errors.at("arms").at("canary").at("value");
  const double baseline = errors.at("arms").at("baseline").at("value");
  EXPECT_NEAR(errors.at("difference").get<double>(), canary - baseline, 2e-9);
  EXPECT_NEAR(errors.at("relative").get<double>(), (canary - baseline) / baseline, 1e-6);
  EXPECT_EQ(errors.at("arms").at("canary").at("at"), errors.at("arms").at("baseline").at("at"));
  const Ran table = log_->run("metrics", midway({"--compare"}));
  EXPECT_THAT(table.out, HasSubstr("METRIC        CANARY     BASELINE     DIFFERENCE"));
  EXPECT_THAT(table.out, HasSubstr(" points ("));
}

TEST_F(LooksTest, AnArmThatNobodyWatchesIsSaidAndNotInvented) {
  const json slow = metric_of(log_->read("metrics", midway({"--compare"})), "p99(latency)");
  const json& baseline = slow.at("arms").at("baseline");
  EXPECT_EQ(baseline.at("kept"), false);
  EXPECT_FALSE(baseline.contains("value"));
  EXPECT_EQ(baseline.at("reason"),
            "not watched by this runbook; compare needs a criterion between arms");
  EXPECT_TRUE(slow.at("difference").is_null());
  EXPECT_THAT(log_->run("metrics", midway({"--compare"})).out,
              HasSubstr("baseline of p50(latency), p99(latency): not watched by this runbook; "
                        "compare\n    needs a criterion between arms\n"));
  EXPECT_THAT(log_->run("metrics", midway()).out, Not(HasSubstr("not watched")));
}

TEST_F(LooksTest, PercentilesRiseAndGaugesAreFoldedAsTheyAreDeclared) {
  const json looks = log_->read("metrics", midway({"--percentiles", "p50,p99,p99.9"}));
  const auto of = [&](const std::string& name) {
    return metric_of(looks, name).at("arms").at("canary").at("value").get<double>();
  };
  EXPECT_GT(of("p50(latency)"), 0);
  EXPECT_LT(of("p50(latency)"), of("p99(latency)"));
  EXPECT_LT(of("p99(latency)"), of("p99.9(latency)"));
  EXPECT_EQ(metric_of(looks, "p99.9(latency)").at("quantile"), 0.999);
  const json depth = metric_of(looks, "depth");
  EXPECT_EQ(depth.at("kind"), "gauge");
  EXPECT_FALSE(depth.at("arms").contains("canary"));
  EXPECT_GT(depth.at("arms").at("total").at("value"), 0);
}

TEST_F(LooksTest, BeforeTheFirstPointThereIsNoValue) {
  const std::string first = std::to_string(log_->sequence("effect_requested", 1));
  const json looks = log_->read("metrics", {"--at", first});
  const json canary = metric_of(looks, "error_rate").at("arms").at("canary");
  EXPECT_TRUE(looks.at("at").is_null());
  EXPECT_TRUE(canary.at("value").is_null());
  EXPECT_EQ(canary.at("missing"), "no_series");
  EXPECT_THAT(
      log_->run("metrics", {"--at", first}).out,
      AllOf(HasSubstr("no point of these metrics has come yet"), HasSubstr(": no series yet\n")));
}

TEST_F(LooksTest, TheShapeOfTheObjectsIsAsItIs) {
  const json looks = log_->read("metrics", midway({"--metric", "error_rate"}));
  const std::vector<std::string> keys{"rollout", "runbook", "sequence",    "time",
                                      "window",  "at",      "first_shift", "metrics"};
  for (const std::string& key : keys) EXPECT_TRUE(looks.contains(key)) << key;
  EXPECT_EQ(looks.size(), keys.size());
  EXPECT_EQ(looks.at("window"), "5m");
  ASSERT_EQ(looks.at("metrics").size(), 1U);
  EXPECT_EQ(looks.at("metrics")[0].at("of"), "errors / requests");
  EXPECT_FALSE(looks.at("metrics")[0].contains("difference"));
}

TEST_F(LooksTest, MistakesAreNamedWithAWayOut) {
  struct Case {
    std::vector<std::string> words;
    int exit;
    const char* message;
  };
  const Case cases[] = {
      {{"--metric", "error-rate"},
       2,
       "rollbook: no metric `error-rate` in this runbook, did you mean `error_rate`?\n"},
      {{"--metric", "xyzzy"},
       2,
       "rollbook: no metric `xyzzy` in this runbook; it has error_rate, requests, errors, latency, "
       "orders, depth\n"},
      {{"--metric", "orders"},
       1,
       "rollbook: `orders` is not watched by this runbook: none of its criteria measures it, so "
       "the log does not hold it\n"},
      {{"--window", "0s"}, 2, "rollbook: `0s` is no window: it lies between 1s and 3660d\n"},
      {{"--percentiles", "p50,"}, 2, "rollbook: `` is no percentile such as p50 or p99.9\n"},
      {{"--percentiles", "99"}, 2, "rollbook: `99` is no percentile such as p50 or p99.9\n"},
      {{"--percentiles", "p100"}, 2, "rollbook: `p100` is no percentile such as p50 or p99.9\n"},
      {{"--percentiles", "p0.00000001"},
       2,
       "rollbook: `p0.00000001` is no percentile such as p50 or p99.9\n"},
      {{"-w", "--at", "3"},
       2,
       "rollbook: --at shows a moment that is over, --watch what comes: say one of them\n"},
      {{"--at", "2026-01-04T00:00:00Z"}, 1, "rollbook: the rollout had not begun at that moment\n"},
  };
  for (const Case& each : cases) {
    const Ran ran = log_->run("metrics", each.words);
    EXPECT_EQ(ran.exit, each.exit) << each.message;
    EXPECT_EQ(ran.err, each.message);
    EXPECT_EQ(ran.out, "");
  }
  EXPECT_THAT(log_->run("metrics", {"--window", "five"}).err, StartsWith("rollbook: "));
  EXPECT_EQ(log_->run("metrics", {"--window", "five"}).exit, 2);
  EXPECT_EQ(rollbook({"metrics", "--data", directory_->file("nowhere")}).exit, 6);
  EXPECT_EQ(rollbook({"traffic", "--data", directory_->file("nowhere")}).exit, 6);
}

TEST_F(LooksTest, ADamagedLogIsSaidAndNothingShown) {
  const Directory copy;
  std::filesystem::copy(log_->data(), copy.file("data"), std::filesystem::copy_options::recursive);
  for (const auto& file : std::filesystem::recursive_directory_iterator(copy.file("data"))) {
    if (file.path().filename().string().starts_with("MANIFEST-")) {
      std::filesystem::resize_file(file.path(), 10);
    }
  }
  for (const char* verb : {"metrics", "traffic"}) {
    const Ran ran = rollbook({verb, "shop", "--data", copy.file("data")});
    EXPECT_EQ(ran.exit, 6) << ran.err;
    EXPECT_THAT(ran.err, StartsWith("rollbook: "));
    EXPECT_EQ(ran.out, "");
  }
}

TEST_F(LooksTest, TheNextCommandFindsTheSameLog) {
  for (const char* verb : {"metrics", "traffic", "status", "show", "log"}) {
    EXPECT_THAT(log_->run(verb).err, HasSubstr(" --data " + log_->data() + "\n")) << verb;
  }
  EXPECT_THAT(rollbook({"list", "--data", log_->data()}).err,
              HasSubstr(" --data " + log_->data() + "\n"));
}

TEST_F(LooksTest, EightyColumnsAreEnough) {
  for (const auto& words : {midway(), midway({"--compare"}), midway({"--at", "4", "--compare"}),
                            std::vector<std::string>{"--window", "7h", "--compare"}}) {
    expect_narrow(log_->run("metrics", words).out);
  }
  expect_narrow(log_->run("traffic", midway()).out);
  expect_narrow(log_->run("traffic").out);
}

TEST_F(LooksTest, TrafficAgreesWithItsPlan) {
  const json look = log_->read("traffic", midway({"--verify"}));
  EXPECT_EQ(look.at("settled").at("weight"), 0.1);
  EXPECT_EQ(look.at("settled").at("since"), "2026-01-05T00:00:00.2Z");
  EXPECT_GT(look.at("settled").at("order"), 0);
  EXPECT_TRUE(look.at("shift").is_null());
  EXPECT_EQ(look.at("split"), "agrees");
  EXPECT_LT(look.at("statistic"), look.at("threshold"));
  EXPECT_NEAR(look.at("threshold").get<double>(), 6.907755, 1e-6);
  const json& observed = look.at("observed");
  EXPECT_EQ(observed.at("counted_by"), "requests");
  const double canary = observed.at("requests").at("canary");
  const double baseline = observed.at("requests").at("baseline");
  EXPECT_GT(baseline, 100'000);
  EXPECT_NEAR(observed.at("share").get<double>(), canary / (canary + baseline), 1e-9);
  EXPECT_EQ(log_->read("traffic", {"--verify"}).at("settled").at("weight"), 0.5);
  EXPECT_THAT(log_->run("traffic").out,
              AllOf(HasSubstr("planned   50% settled since 2026-01-05T00:30:00.4Z, order "),
                    HasSubstr("split     ✓ as planned: ")));
}

TEST_F(LooksTest, AShiftThatHasNotSettledIsSaidAndTheOldWeightJudged) {
  const std::string second = std::to_string(log_->sequence("effect_requested", 2));
  const json look = log_->read("traffic", {"--at", second});
  EXPECT_EQ(look.at("settled").at("weight"), 0.1);
  EXPECT_EQ(look.at("requested"), 0.5);
  EXPECT_EQ(look.at("shift").at("to"), 0.5);
  EXPECT_TRUE(look.at("shift").at("outcome").is_null());
  EXPECT_GT(look.at("shift").at("order"), look.at("settled").at("order"));
  EXPECT_EQ(look.at("split"), "agrees");
  EXPECT_THAT(log_->run("traffic", {"--at", second}).out,
              HasSubstr("asked     50% since 2026-01-05T00:30:00"));
}

TEST_F(LooksTest, WhatCannotBeToldYetIsNoYes) {
  const std::string first = std::to_string(log_->sequence("effect_requested", 1));
  const Ran early = log_->run("traffic", {"--verify", "--at", first});
  EXPECT_EQ(early.exit, 1);
  EXPECT_EQ(early.err, "rollbook: too little to tell: no shift has settled yet\n");
  EXPECT_THAT(early.out, HasSubstr("as the rollout began, nothing\n          was shifted\n"));
  const std::string settled = std::to_string(log_->sequence("effect_settled", 2));
  const Ran again = log_->run("traffic", {"--verify", "--at", settled});
  EXPECT_EQ(again.exit, 1);
  EXPECT_EQ(again.err,
            "rollbook: too little to tell: 0 requests since the shift, the test needs 100\n");
  EXPECT_EQ(log_->read("traffic", {"--at", settled}).at("split"), "too_little");
}

TEST_F(LooksTest, NothingIsRebalancedThatIsAsPlanned) {
  const Ran ran = log_->run("traffic", {"--rebalance"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_THAT(ran.err, HasSubstr(": nothing to do, as planned: "));
  EXPECT_EQ(ran.out, "");
  const Ran both = log_->run("traffic", {"--rebalance", "--at", "3"});
  EXPECT_EQ(both.exit, 2);
  EXPECT_THAT(both.err, HasSubstr("--at shows a moment that is over, --rebalance acts now"));
}

// ---- Logs of a test's own engine: each arm gets 50 requests a second, whatever is planned ------

core::Command start(const char* runbook) {
  core::Command command;
  command.verb = core::Verb::start;
  command.rollout = "shop-1";
  command.actor = "maria";
  command.runbook = runbook;
  command.file = "shop.runbook";
  return command;
}

class LiveLooksTest : public testing::Test {
 protected:
  LiveLooksTest() : engine_(directory_.file("data")), log_(directory_.file("data"), "shop-1") {
    engine_.now = *adapters::parse_time("2026-01-05T10:00:00Z");
  }
  Directory directory_;
  TestEngine engine_;
  Log log_;
};

TEST_F(LiveLooksTest, WhatIsComparedHasNoLimitBeforeThereAreData) {
  engine_.command(start(kBothArms));
  const json first = log_.read("status").at("criteria");
  EXPECT_EQ(first.at(0).at("limit"), 0.05);
  EXPECT_EQ(first.at(1).at("verdict"), "no_data");
  EXPECT_TRUE(first.at(1).at("limit").is_null()) << first;
  engine_.run_for(30s);
  EXPECT_TRUE(log_.read("status").at("criteria").at(1).at("limit").is_number());
}

TEST_F(LiveLooksTest, ASplitThatContradictsItsPlanFails) {
  engine_.command(start(kBothArms));
  engine_.run_for(60s);
  const Ran ran = log_.run("traffic", {"--verify"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.err, AllOf(StartsWith("rollbook: the canary gets 50% of "),
                             HasSubstr(" requests where 10% is settled since 2026-01-05T10:00:0")));
  EXPECT_THAT(ran.out, HasSubstr("split     ✗ the canary gets 50% of "));
  expect_narrow(ran.out);
  const Ran look = log_.run("traffic", {"-o", "json"});  // looking is no verifying
  EXPECT_EQ(look.exit, 0);
  EXPECT_EQ(json::parse(look.out).at("split"), "contradicts");
}

TEST_F(LiveLooksTest, ASplitThatContradictsItsPlanIsAskedForOnceMore) {
  engine_.command(start(kBothArms));
  engine_.run_for(60s);
  const Ran asked = log_.run("traffic", {"--rebalance"});
  EXPECT_EQ(asked.exit, 2);
  EXPECT_EQ(asked.err, "rollbook: there is no terminal to ask on; say --yes\n");
  const Ran ran = log_.run("traffic", {"--rebalance", "--yes", "--dry-run"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  const json message = json::parse(ran.out);
  EXPECT_EQ(message.at("type"), "dev.rollbook.command.rebalance");
  EXPECT_EQ(message.at("data").at("rollout"), "shop-1");
}

TEST_F(LiveLooksTest, TheSplitOfOneArmAloneIsNotMeasured) {
  engine_.command(start(kShop));
  engine_.run_for(30s);
  const Ran ran = log_.run("traffic", {"--verify"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_EQ(ran.err,
            "rollbook: the split is not measured: no criterion of this runbook counts the requests "
            "of both arms; `expect traffic split as planned` does\n");
  EXPECT_TRUE(log_.read("traffic").at("observed").is_null());
  // A ratio without a name is called by its parts.
  const json looks = log_.read("metrics", {"--metric", "errors / requests", "--compare"});
  EXPECT_EQ(metric_of(looks, "errors / requests").at("arms").at("canary").at("value"), 0);
}

TEST_F(LiveLooksTest, ASilentMetricSaysSinceWhen) {
  engine_.command(start(kBothArms));
  engine_.run_for(60s);
  engine_.metrics(
      R"({"metric":"shop_queue_depth","labels":{},"kind":"gauge","value":7,"time":"2026-01-05T10:01:00Z"})"
      "\n");
  engine_.run_for(60s);
  EXPECT_THAT(log_.run("metrics").out,
              HasSubstr("total of depth: ends at 2026-01-05T10:01:00Z: no point has come since\n"));
}

TEST_F(LiveLooksTest, WhereNothingComesAnyMoreTheAgeIsSaid) {
  engine_.command(start(kBothArms));
  engine_.run_for(60s);
  const core::Time last = *adapters::parse_time(log_.read("metrics").at("at").get<std::string>());
  const auto after = [&](core::Duration age) {
    return log_.run("metrics", {"--at", adapters::format_time(last + age)}).out;
  };
  EXPECT_THAT(after(149s), Not(HasSubstr("the last point is")));
  EXPECT_THAT(after(150s), HasSubstr("\nthe last point is 2m30s old\n"));
  // Its engine does not run, and the log does not grow: by the clock on the wall it is old.
  EXPECT_THAT(log_.run("metrics").out, HasSubstr("\nthe last point is "));
}

// Like kBothArms, but with the half of the traffic that the engine's points show.
TEST_F(LiveLooksTest, ASplitThatAgreedLongAgoIsNoYes) {
  std::string text = kBothArms;
  text.erase(text.find("  stage tenth"), text.find("  stage half") - text.find("  stage tenth"));
  engine_.command(start(text.c_str()));
  engine_.run_for(60s);
  const core::Time last =
      *adapters::parse_time(log_.read("traffic").at("observed").at("at").get<std::string>());
  const auto after = [&](core::Duration age) {
    return log_.run("traffic", {"--verify", "--at", adapters::format_time(last + age)});
  };
  EXPECT_EQ(after(149s).exit, 0) << after(149s).err;
  EXPECT_EQ(after(150s).exit, 1);
  EXPECT_EQ(after(150s).err, "rollbook: too little to tell: the last point is 2m30s old\n");
  EXPECT_EQ(log_.run("traffic", {"--verify"}).exit, 1);  // by the clock on the wall
}

TEST_F(LiveLooksTest, NamesLongerThanATableStillFit) {
  std::string text = kBothArms;
  const std::string name = "the_share_of_all_requests_that_came_to_nothing_at_all_or_worse";
  for (std::size_t at; (at = text.find("error_rate")) != std::string::npos;) {
    text.replace(at, 10, name);
  }
  engine_.command(start(text.c_str()));
  engine_.run_for(20s);
  const Ran ran = log_.run("metrics", {"--compare"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("\n" + name + "\n  0%"));
  expect_narrow(ran.out);
}

TEST_F(LiveLooksTest, WatchingShowsWhatComesUntilTheEnd) {
  engine_.command(start(kBothArms));
  engine_.run_for(20s);
  const std::string command = std::string(ROLLBOOK_BINARY_DIR) +
                              "/rollbook metrics shop-1 -w -o json --data " + log_.data();
  FILE* watching = popen(command.c_str(), "r");
  ASSERT_NE(watching, nullptr);
  const auto next_line = [&] {
    std::string line;
    for (int c = fgetc(watching); c != EOF && c != '\n'; c = fgetc(watching)) {
      line += static_cast<char>(c);
    }
    return line;
  };
  const json first = json::parse(next_line());
  engine_.run_for(20s);
  const json second = json::parse(next_line());  // it comes, or the test hangs
  EXPECT_GT(second.at("sequence"), first.at("sequence"));
  EXPECT_GT(second.at("at").get<std::string>(), first.at("at").get<std::string>());
  core::Command abort;
  abort.verb = core::Verb::abort;
  abort.rollout = "shop-1";
  abort.actor = "otto";
  engine_.command(abort);
  std::string last, line;
  while (!(line = next_line()).empty()) last = line;
  EXPECT_EQ(pclose(watching), 0);
  EXPECT_EQ(json::parse(last).at("sequence"), log_.read("metrics").at("sequence"));
}

}  // namespace
}  // namespace rollbook::tests
