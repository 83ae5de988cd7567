// What doctor says of values that are not in the unit that the runbook takes them for.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/doctor_fixture.h"

namespace rollbook::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Bounds, and how many came in each bucket.
struct Values {
  const char* bounds;
  const char* counts;
};
constexpr Values kMilliseconds{"[5,10,25,50]", "[1,2,3,2,0]"};
constexpr Values kSeconds{"[0.005,0.01,0.025]", "[1,2,3,4]"};

class DoctorUnitsTest : public DoctorTest {
 protected:
  // The latency as OTLP, with a unit, or as Rollbook JSON without one.
  std::string with_latency(const std::string& name, Values values, const std::string& unit) const {
    std::string lines = without(healthy(), "shop_seconds");
    for (const char* version : {"old", "new"}) {
      if (unit.empty()) {
        lines += point(name, version,
                       std::string(R"("kind":"histogram","bounds":)") + values.bounds +
                           R"(,"counts":)" + values.counts);
        continue;
      }
      const auto now = std::chrono::system_clock::now().time_since_epoch();
      lines += R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":")" + name +
               R"(","unit":")" + unit +
               R"(","histogram":{"aggregationTemporality":2,"dataPoints":[{"attributes":[{"key":)"
               R"("version","value":{"stringValue":")" +
               version + R"("}}],"timeUnixNano":")" +
               std::to_string(std::chrono::nanoseconds(now).count()) + R"(","explicitBounds":)" +
               values.bounds + R"(,"bucketCounts":)" + values.counts + R"(,"count":)" +
               (values.bounds == kMilliseconds.bounds ? "8" : "10") + "}]}}]}]}]}\n";
    }
    return lines;
  }
  void write(const std::string& line) {
    std::string text = kRunbook;
    const std::string part = "metric latency  = histogram shop_seconds";
    runbook = directory.write("shop.runbook", text.replace(text.find(part), part.size(), line));
  }
};

TEST_F(DoctorUnitsTest, MillisecondsAreWrittenWhereTheirSenderSaysSo) {
  write("metric latency  = histogram shop_latency by version  # of all");
  send(with_latency("shop_latency", kMilliseconds, "ms"));
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("failed  latency"),
                             HasSubstr("its values are milliseconds, its sender says `ms`, and the "
                                       "runbook takes them for seconds"),
                             HasSubstr("write: metric latency  = histogram shop_latency by version "
                                       "in ms  # of all\n")));
  write("metric latency  = histogram shop_latency by version in ms");
  const Ran again = doctor();
  EXPECT_EQ(again.exit, 0) << again.out;
  EXPECT_THAT(again.out, AllOf(HasSubstr("ok      latency"), HasSubstr("edges: 5ms, 10ms, 25ms")));
}

TEST_F(DoctorUnitsTest, SecondsAreWrittenWhereTheirSenderSaysSo) {
  write("metric latency  = histogram in ms shop_latency");
  send(with_latency("shop_latency", kSeconds, "s"));
  EXPECT_THAT(doctor().out, AllOf(HasSubstr("failed  latency"),
                                  HasSubstr("write: metric latency  = histogram in s "
                                            "shop_latency\n")));
  write("metric latency  = histogram in s shop_latency");
  EXPECT_THAT(doctor().out, HasSubstr("ok      latency"));
}

TEST_F(DoctorUnitsTest, ANameSaysAUnitToo) {
  write("metric latency  = histogram shop_latency_milliseconds");
  send(with_latency("shop_latency_milliseconds", kMilliseconds, ""));
  EXPECT_THAT(doctor().out, AllOf(HasSubstr("its values are milliseconds, as its name says"),
                                  HasSubstr("= histogram shop_latency_milliseconds in ms\n")));
}

TEST_F(DoctorUnitsTest, ANameAndAUnitAreMendedInOneLine) {
  write("metric latency  = histogram latency");
  send(with_latency("shop.latency", kMilliseconds, "ms"));
  EXPECT_THAT(doctor().out,
              HasSubstr("write: metric latency  = histogram \"shop.latency\" in ms\n"));
}

TEST_F(DoctorUnitsTest, ValuesFarAboveEachLimitAreAskedFor) {
  write("metric latency  = histogram shop_latency");
  send(with_latency("shop_latency", kMilliseconds, ""));
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 0) << ran.out;
  EXPECT_THAT(
      ran.out,
      AllOf(HasSubstr("warning latency"),
            HasSubstr("all 16 observations lie more than 10 times above the limits from 10ms "
                      "to 15ms: are its values milliseconds, and not seconds? If so, write "
                      "the line below"),
            HasSubstr("write: metric latency  = histogram shop_latency in ms\n")));
  write("metric latency  = histogram shop_latency in ms");
  EXPECT_THAT(doctor().out, HasSubstr("ok      latency"));
}

TEST_F(DoctorUnitsTest, ValuesFarBelowEachLimitAreAskedFor) {
  write("metric latency  = histogram shop_latency in ms");
  send(with_latency("shop_latency", {"[0.005,0.01,0.025]", "[1,2,3,0]"}, ""));
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 0) << ran.out;
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("warning latency"), HasSubstr("more than 10 times below the limits"),
                    HasSubstr("write: metric latency  = histogram shop_latency in s\n")));
}

TEST_F(DoctorUnitsTest, SecondsFarBelowALimitAreAMatterOfTaste) {
  send(with_latency("shop_seconds", {"[0.0005,0.001,0.01,0.015]", "[1,2,0,0,0]"}, ""));
  EXPECT_THAT(doctor().out, HasSubstr("ok      latency"));
  write("metric latency  = histogram shop_latency");
  send(with_latency("shop_latency", {"[0.0005,0.001,0.01,0.015]", "[1,2,0,0,0]"}, ""));
  EXPECT_THAT(doctor().out, AllOf(HasSubstr("warning latency"), Not(HasSubstr("write:"))));
}

TEST_F(DoctorUnitsTest, ExponentialBucketsGoAsFarAsTheirValues) {
  write("metric latency  = histogram shop_latency");
  std::string lines = with_latency("shop_latency", kMilliseconds, "ms");
  const std::string bounds = std::string(R"("explicitBounds":)") + kMilliseconds.bounds +
                             R"(,"bucketCounts":)" + kMilliseconds.counts;
  for (std::size_t at; (at = lines.find(bounds)) != std::string::npos;) {  // from 4 ms to 8 ms
    lines.replace(at, bounds.size(), R"("scale":0,"positive":{"offset":2,"bucketCounts":["8"]})");
  }
  for (std::size_t at; (at = lines.find("\"histogram\":{\"agg")) != std::string::npos;) {
    lines.replace(at, 11, "\"exponentialHistogram\"");
  }
  send(lines);
  EXPECT_THAT(doctor().out, AllOf(HasSubstr("failed  latency"),
                                  HasSubstr("write: metric latency  = histogram shop_latency in "
                                            "ms\n")));
  write("metric latency  = histogram shop_latency in ms");
  EXPECT_THAT(doctor().out,
              AllOf(HasSubstr("ok      latency"),
                    HasSubstr("> 15ms over 5m: the limit lies above all that was seen"),
                    Not(HasSubstr("add an edge"))));
}

TEST_F(DoctorUnitsTest, AKindAndAUnitAreMendedInOneLine) {
  std::string text = kRunbook;
  text.replace(text.find("stop p50"), 0, "stop count(other) > 1000 over 5m\n    ");
  const std::string part = "metric latency  = histogram shop_seconds";
  runbook = directory.write("shop.runbook",
                            text.replace(text.find(part), part.size(),
                                         part + "\n  metric other    = counter shop_latency"));
  send(healthy() + with_latency("shop_latency", kMilliseconds, "ms"));
  const Ran ran = doctor();  // of the kind first, and of the unit then: both in one line
  EXPECT_THAT(ran.out, AllOf(HasSubstr("failed  other"),
                             HasSubstr("write: metric other    = histogram shop_latency in ms\n")));
}

TEST_F(DoctorUnitsTest, OneBucketThatHoldsAllTellsNothing) {
  write("metric latency  = histogram shop_latency");
  send(with_latency("shop_latency", {"[5,10,25,50]", "[8,0,0,0,0]"}, ""));
  EXPECT_THAT(
      doctor().out,
      AllOf(HasSubstr("warning latency"),
            HasSubstr("all 16 observations lie in one bucket that holds the limits from 10ms to "
                      "15ms and ten times that: how many lie above cannot be told")));
}

}  // namespace
}  // namespace rollbook::tests
