// The chances in the warnings of `check` are those of `power`: one runbook, asked both ways.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "dsl/format_value.h"
#include "tests/tools/program.h"

namespace rollbook::tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// One stage with traffic, so that its hold is the whole rollout.
std::string shop(const std::string& load, const std::string& stop, const std::string& expect) {
  return R"(edition 1
runbook shop_canary {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  load )" +
         load + R"(
  metric requests = counter shop_requests_total
  metric errors   = counter shop_errors_total default 0
  guard {
    stop )" +
         stop + R"(
    stop absent(requests) for 3m
    otherwise rollback automatic
  }
  stage tenth {
    traffic 10%
    hold 2h
    expect )" +
         expect + R"(
    within 1h otherwise rollback automatic
  }
  rollback automatic { traffic 0% }
  finish traffic 10%
}
)";
}

class PowerWarnings : public testing::Test {
 protected:
  std::string check(const std::string& text) {
    const Ran ran = rollbook({"check", directory_.write("shop.runbook", text)});
    EXPECT_EQ(ran.exit, 0) << ran.err;
    return ran.out + ran.err;
  }
  // The false alarm of a criterion at a load: 0 is the peak.
  json alarm(const std::string& text, const std::string& id, std::size_t load,
             const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{
        "power", directory_.write("shop.runbook", text), "--runs", "41", "-o", "json"};
    words.insert(words.end(), more.begin(), more.end());
    const Ran ran = rollbook(words);
    EXPECT_EQ(ran.exit, 0) << ran.err;
    const json report = json::parse(ran.out);
    for (const json& each : report["criteria"]) {
      if (each["id"] == id) return each["loads"][load]["false_alarm"];
    }
    ADD_FAILURE() << "no criterion " << id;
    return {};
  }
  Directory directory_;
};

TEST_F(PowerWarnings, ALimitThatAFewErrorsBreakIsBrokenAsOften) {
  const std::string text = shop("900/s peak, 30/s trough", "errors / requests > 1% over 5m",
                                "errors / requests < 1.2% over 1m");
  const std::string said = check(text);
  const json stop = alarm(text, "guard.stop[1]", 1), expect = alarm(text, "tenth.expect[1]", 1);
  EXPECT_EQ(stop["how"], "formula");
  EXPECT_GT(stop["chance"], 0.05);
  EXPECT_LT(stop["chance"], 0.95);
  EXPECT_THAT(said,
              HasSubstr("breaks it in " + dsl::about_percent(stop["chance"]) + " of holds of 2h"));
  EXPECT_EQ(expect["how"], "formula");
}

TEST_F(PowerWarnings, AReviewFailsAsOften) {
  const std::string text = shop("900/s peak, 30/s trough", "errors / requests > 5% over 5m",
                                "errors / requests < 0.5% over 1m");
  const json expect = alarm(text, "tenth.expect[1]", 1);
  EXPECT_GT(expect["chance"], 0.05);
  EXPECT_THAT(check(text),
              HasSubstr("breaks it in " + dsl::about_percent(expect["chance"]) + " of reviews"));
}

TEST_F(PowerWarnings, EqualThresholdsStopAsOften) {
  const std::string text =
      shop("90/s peak", "errors / requests > 1% over 5m", "errors / requests < 1% over 5m");
  const json stop = alarm(text, "guard.stop[1]", 0, {"--healthy", "0.8%"});
  EXPECT_EQ(stop["how"], "formula");
  EXPECT_THAT(check(text),
              HasSubstr("is rolled back by chance in " + dsl::about_percent(stop["chance"]) +
                        " of holds of 2h at 90/s × 10%"));
}

// With `for` the warning has the bounds of the formulas. What is tried lies between them.
TEST_F(PowerWarnings, WhatMustLastIsTriedWithinTheBoundsThatAreSaid) {
  const std::string text = shop("450/s peak", "errors / requests > 0.1% over 5m for 2m",
                                "errors / requests < 0.1% over 1h");
  const std::string said = check(text);
  const std::string words = "is rolled back by chance in ";
  const std::size_t at = said.find(words);
  ASSERT_NE(at, std::string::npos) << said;
  double least = 0, most = 0;
  ASSERT_EQ(std::sscanf(said.c_str() + at + words.size(), "%lf%% to %*[<>]%lf%%", &least, &most), 2)
      << said;
  const json stop = alarm(text, "guard.stop[1]", 0, {"--healthy", "0.08%"});
  EXPECT_EQ(stop["how"], "simulated");
  EXPECT_GE(stop["most"], least / 100);
  EXPECT_LE(stop["least"], most / 100);
  EXPECT_GT(least, 20);
}

}  // namespace
}  // namespace rollbook::tests
