// doctor: what a place lacks, and what a runbook's metrics look like on the topics.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/tools/doctor_fixture.h"

namespace rollbook::tests {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(DoctorTest, MetricsThatFitAreToldWithTheirFacts) {
  send(healthy());
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("ok      requests = counter shop_requests_total: 2 series, counter "
                              "(cumulative)"),
                    HasSubstr("arms: new (1), old (1)"), HasSubstr("labels: version=old|new"),
                    HasSubstr("edges: 5ms, 10ms, 25ms"),
                    HasSubstr("the limit lies inside a bucket, between 10ms and 25ms: "
                              "interpolated"),
                    HasSubstr("the limit is a bucket's edge")));
}

// Of two exports five seconds apart each series has one interval.
TEST_F(DoctorTest, TheFirstPointOfASeriesIsNoPace) {
  std::string later = without(healthy(), "shop_errors_total");
  for (std::size_t at; (at = later.find("T10:00:00Z")) != std::string::npos;) {
    later.replace(at, 10, "T10:00:05Z");
  }
  send(healthy() + later);
  EXPECT_THAT(doctor().out, AllOf(HasSubstr("0.4 points a second, the latest "),
                                  HasSubstr("a point of each series, the latest ")));
}

TEST_F(DoctorTest, AMisspeltNameGetsTheLineToWrite) {
  send(healthy() + point("shop_request_total", "old", R"("kind":"counter","value":1)"));
  std::string text = kRunbook;
  text.replace(text.find("shop_requests_total"), 19, "shop_reqests_total");
  runbook = directory.write("shop.runbook", text);
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("failed  requests = counter shop_reqests_total: not seen"),
                             HasSubstr("no point is named `shop_reqests_total`, did you mean "
                                       "`shop_requests_total`?"),
                             HasSubstr("write: metric requests = counter   shop_requests_total")));
}

TEST_F(DoctorTest, AWrongKindGetsTheLineToWrite) {
  std::string lines = healthy();
  const std::string depth = R"("kind":"counter","value":7)";
  lines.replace(lines.rfind(depth), depth.size(), R"("kind":"gauge","value":7)");
  send(lines);
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("the runbook says counter, its points are of the kind gauge"),
                    HasSubstr("write: metric depth    = gauge max   shop_queue_depth unsplit")));
}

TEST_F(DoctorTest, AnArmUnderAnotherLabelOrValueIsSaid) {
  std::string lines = healthy();
  for (std::size_t at; (at = lines.find("\"version\"")) != std::string::npos;) {
    lines.replace(at, 9, "\"release\"");
  }
  send(lines);
  const Ran other_label = doctor();
  EXPECT_EQ(other_label.exit, 1);
  EXPECT_THAT(other_label.out,
              AllOf(HasSubstr("no series has the arm's label `version`; labels seen: `release`"),
                    HasSubstr(R"(write: arms by label "release": baseline "old", canary "new")")));
}

TEST_F(DoctorTest, AnArmThatIsMissingIsSaid) {
  send(point("shop_requests_total", "old", R"("kind":"counter","value":100)") +
       point("shop_requests_total", "newer", R"("kind":"counter","value":100)"));
  EXPECT_THAT(doctor().out, HasSubstr("no series has `new` in the arm's label `version`; seen: "
                                      "`newer`, `old`"));
}

// ---- Names that were not seen ---------------------------------------------------------------

TEST_F(DoctorTest, AServiceThatHasHadNoErrorYetIsHealthy) {
  send(without(healthy(), "shop_errors_total") +
       point("shop_orders_total", "old", R"("kind":"counter","value":1)"));
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 0) << ran.out;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("ok      errors = counter shop_errors_total: not seen"),
                             HasSubstr("`default 0` counts that as none"),
                             Not(HasSubstr("did you mean")), Not(HasSubstr("write:"))));
}

TEST_F(DoctorTest, AnArmThatHasHadNoErrorYetIsHealthy) {
  std::string text = kRunbook;
  text.replace(text.find("shop_errors_total"), 17, "shop_requests_total{code=~\"5..\"}");
  send(without(healthy(), "shop_errors_total") +
       point("shop_errors_total", "old", R"("kind":"counter","value":1)"));
  const Ran one_arm = doctor();
  EXPECT_EQ(one_arm.exit, 0) << one_arm.out;
  EXPECT_THAT(
      one_arm.out,
      AllOf(HasSubstr("ok      errors"),
            HasSubstr("no series has `new` in the arm's label `version` yet; seen: `old`")));
  runbook = directory.write("shop.runbook", text);
  const Ran no_match = doctor();
  EXPECT_EQ(no_match.exit, 0) << no_match.out;
  EXPECT_THAT(no_match.out, AllOf(HasSubstr("ok      errors"),
                                  HasSubstr("no series fits the runbook's matchers yet")));
}

TEST_F(DoctorTest, ANumeratorThatWasNotSeenIsDoubtful) {
  std::string text = kRunbook;
  text.erase(text.find(" default 0"), 10);
  runbook = directory.write("shop.runbook", text);
  send(without(healthy(), "shop_errors_total"));
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 0) << ran.out;
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("warning errors = counter shop_errors_total: not seen"),
                    HasSubstr("until one comes its ratios are no data, which no gate passes"),
                    HasSubstr("write: metric errors   = counter   shop_errors_total default 0")));
}

TEST_F(DoctorTest, AnotherMetricOfTheRunbookIsNoProposal) {
  std::string text = kRunbook;
  text.replace(text.find("shop_errors_total"), 17, "shop_request_total");
  runbook = directory.write("shop.runbook", text);
  send(healthy());
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 0) << ran.out;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("no point is named `shop_request_total` yet"),
                             Not(HasSubstr("did you mean"))));
}

// ---- What is seen and will not do -----------------------------------------------------------

TEST_F(DoctorTest, PointsOfTheFutureAreNoData) {
  std::string lines = healthy();
  const std::string ahead =
      adapters::format_time(core::Time(std::chrono::duration_cast<core::Duration>(
                                std::chrono::system_clock::now().time_since_epoch())) +
                            std::chrono::hours(1));
  for (std::size_t at; (at = lines.find("2026-01-05T10:00:00Z")) != std::string::npos;) {
    lines.replace(at, 20, ahead);
  }
  send(lines);
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("failed  requests"), HasSubstr(" ahead\n"),
                             HasSubstr(" ahead of this machine's clock; what is more than 10s "
                                       "ahead of the engine's is quarantined")));
  EXPECT_THAT(doctor({"-o", "json"}).out,
              AllOf(HasSubstr(R"("lag":"0s")"), HasSubstr(R"("ahead":"59m)")));
}

TEST_F(DoctorTest, TwoSendersUnderOneSetOfLabelsAreTold) {
  std::string lines = healthy();
  for (int i = 1; i <= 6; ++i) {  // one has counted 5000, the other 10
    const std::string value = std::to_string(i % 2 == 1 ? 5000 + i : 10 + i);
    std::string line = point("shop_requests_total", "new", R"("kind":"counter","value":)" + value);
    line.replace(line.find("10:00:00Z"), 9, "10:00:1" + std::to_string(i) + "Z");
    lines += line;
  }
  send(lines);
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("failed  requests"),
                    HasSubstr("the total of {version=\"new\"} goes back and forth, 2 times: two "
                              "senders under one set of labels")));
}

// Requests of the canary in ten seconds each, by one sender or by two that are heard 400 ms apart.
std::string intervals(bool two, bool twice = false) {
  std::string lines;
  for (int i = 1; i <= 4; ++i) {
    for (const char* millis : {".000Z", ".400Z"}) {
      if (!two && millis[1] == '4') continue;
      const auto at = [&](int tens) {
        return "2026-01-05T10:00:" + std::to_string(tens) + "0" + millis;
      };
      const std::string line =
          R"({"metric":"shop_requests_total","labels":{"version":"new"},"kind":"counter_delta",)"
          R"("value":)" +
          std::to_string(100 + i) + R"(,"start":")" + at(i) + R"(","time":")" + at(i + 1) + "\"}\n";
      lines += twice ? line + line : line;
    }
  }
  return lines;
}

TEST_F(DoctorTest, TwoSendersOfDeltasUnderOneSetOfLabelsAreTold) {
  const std::string others =
      without(healthy(), "shop_requests_total") +
      point("shop_requests_total", "old", R"("kind":"counter_delta","value":9)");
  send(others + intervals(true));
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("failed  requests"),
                             HasSubstr("intervals of {version=\"new\"} overlap, 4 times: two "
                                       "senders under one set of labels; of each two only one "
                                       "counts. Give each a label of its own, such as "
                                       "`service.instance.id`")));
}

TEST_F(DoctorTest, DeltasThatComeTwiceAreNoSecondSender) {
  const std::string others =
      without(healthy(), "shop_requests_total") +
      point("shop_requests_total", "old", R"("kind":"counter_delta","value":9)");
  send(others + intervals(false, true) + intervals(false));
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 0) << ran.out;
  EXPECT_THAT(ran.out, Not(HasSubstr("two senders")));
}

TEST_F(DoctorTest, AGaugeWithTwoValuesAtOneMomentIsTold) {
  std::string text = kRunbook;
  text.replace(text.find("counter   shop_queue_depth"), 26, "gauge max shop_queue_depth");
  runbook = directory.write("shop.runbook", text);
  std::string lines = without(healthy(), "shop_queue_depth");
  for (const char* second : {"10:00:01Z", "10:00:02Z"}) {
    for (const char* value : {"7", "7", "9"}) {
      std::string line =
          point("shop_queue_depth", "", std::string(R"("kind":"gauge","value":)") + value);
      line.replace(line.find("10:00:00Z"), 9, second);
      lines += line;
    }
  }
  send(lines);
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("failed  depth"),
                             HasSubstr("the gauge {} has two values at one moment, 2 times: two "
                                       "senders under one set of labels; of each two only one "
                                       "counts. Give each a label of its own, such as `service")));
}

TEST_F(DoctorTest, ARestartIsNoSecondSender) {
  std::string lines = healthy();
  for (int i = 1; i <= 8; ++i) {  // falls at the fifth, and counts on from there
    const std::string value = std::to_string(i < 5 ? 5000 + 100 * i : 2000 * (i - 4));
    std::string line = point("shop_requests_total", "new", R"("kind":"counter","value":)" + value);
    line.replace(line.find("10:00:00Z"), 9, "10:00:1" + std::to_string(i) + "Z");
    lines += line + line;  // and all of it comes twice
  }
  send(lines);
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 0) << ran.out;
  EXPECT_THAT(ran.out, Not(HasSubstr("two senders")));
}

TEST_F(DoctorTest, ALabelToKeepByThatIsNotThereIsTold) {
  std::string text = kRunbook;
  text.replace(text.find("histogram shop_seconds"), 22, "histogram shop_seconds by layer");
  runbook = directory.write("shop.runbook", text);
  send(healthy());
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 0) << ran.out;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("warning latency"),
                             HasSubstr("no series has the label `layer` that it is kept by")));
}

// ---- What the edges let the limits say ------------------------------------------------------

struct Edged {
  const char* guard;   // its stop on latency
  const char* expect;  // "": none
  const char* says;
  bool doubtful;
};
class DoctorLimits : public DoctorTest, public testing::WithParamInterface<Edged> {};
TEST_P(DoctorLimits, AreSaidAsTheyAct) {
  std::string text = kRunbook;
  const std::string stop = "stop p99(latency) > 15ms over 5m";
  text.replace(text.find(stop), stop.size(), GetParam().guard);
  const std::string other = "    stop p50(latency) > 10ms over 5m\n";
  text.erase(text.find(other), other.size());
  if (*GetParam().expect != '\0') {
    text.insert(text.find("    confirm"), std::string("    ") + GetParam().expect + "\n");
  }
  runbook = directory.write("shop.runbook", text);
  send(healthy());
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 0) << ran.out;
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr(GetParam().says),
                    HasSubstr(GetParam().doubtful ? "warning latency" : "ok      latency")));
}
INSTANTIATE_TEST_SUITE_P(
    Doctor, DoctorLimits,
    testing::Values(
        Edged{"stop p99(latency) > 25ms with confidence 99%", "",
              "p99(latency) > 25ms with confidence 99%: the limit is a bucket's edge", false},
        Edged{"stop p99(latency) > 12ms with confidence 99%", "",
              "between 10ms and 25ms, where `with confidence` cannot decide: it acts only on what "
              "lies above 25ms; write 10ms or 25ms",
              true},
        Edged{"stop p99(latency) > 25ms over 5m", "expect p99(latency) < 12ms with confidence 95%",
              "cannot decide: it passes only below 10ms and fails only above 25ms, and stays open "
              "between them; write 10ms or 25ms",
              true},
        Edged{"stop p99(latency) > 50ms over 5m", "",
              "the limit lies beyond the last edge, 25ms: all that lies above 25ms counts as above "
              "50ms; add an edge at 50ms, or write 25ms",
              true},
        Edged{"stop p99(latency) > 50ms with confidence 99%", "",
              "the limit lies beyond the last edge, 25ms, above which nothing can be proven: it "
              "never acts; add an edge at 50ms, or write 25ms",
              true},
        Edged{"stop p99(latency) > 25ms over 5m", "expect p99(latency) < 50ms with confidence 95%",
              "above which nothing can be proven: it passes only below 25ms and never fails", true},
        Edged{"stop p99(latency) > 25ms over 5m",
              "expect canary.p99(latency) <= baseline.p99(latency) * 105% with confidence 95%",
              "105% with confidence 95%: a margin of 5% needs edges at most 2.46% apart; they lie "
              "100% to 150% apart: it stays open however much comes",
              true},
        Edged{"stop canary.p99(latency) > baseline.p99(latency) * 220% with confidence 99%", "",
              "a margin of 120% needs edges at most 48.32% apart; they lie 100% to 150% apart: "
              "where they lie further apart a difference within a bucket is not seen",
              true},
        Edged{"stop canary.p99(latency) > baseline.p99(latency) * 105% over 5m", "",
              "both quantiles are interpolated inside their buckets", false}));

// ---- Histograms of Prometheus ---------------------------------------------------------------

// As prometheus-kafka-adapter sends it; two a second below each edge.
std::string sample(const std::string& version, const std::string& edge, int second) {
  const core::Time time =
      *adapters::parse_time("2026-01-05T10:00:00Z") + std::chrono::seconds(second);
  return R"({"labels":{"__name__":"shop_seconds_bucket","le":")" + edge + R"(","version":")" +
         version + R"("},"name":"shop_seconds_bucket","timestamp":")" +
         adapters::format_time(time) + R"(","value":")" + std::to_string(2 * second) + "\"}\n";
}

class DoctorBucketsTest : public DoctorTest {
 protected:
  // Everything but the latency, which comes as buckets: scrapes 15 s apart.
  std::string with_buckets(int scrapes, const std::vector<std::string>& edges) const {
    std::string lines;
    for (const char* version : {"old", "new"}) {
      lines += point("shop_requests_total", version, R"("kind":"counter","value":100)");
      lines += point("shop_errors_total", version, R"("kind":"counter","value":1)");
      for (int i = 0; i < scrapes; ++i) {
        for (const std::string& edge : edges) lines += sample(version, edge, 15 * i);
      }
    }
    return lines + point("shop_queue_depth", "", R"("kind":"counter","value":7)");
  }
};

TEST_F(DoctorBucketsTest, BucketsOfPrometheusAreOneHistogram) {
  send(with_buckets(3, {"0.01", "0.015", "+Inf"}));
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("ok      latency = histogram shop_seconds: 2 series, "
                              "histogram (cumulative)"),
                    HasSubstr("edges: 10ms, 15ms"), HasSubstr("the limit is a bucket's edge")));
}

TEST_F(DoctorBucketsTest, BucketsThatMakeNoHistogramAreSaid) {
  send(with_buckets(1, {"0.01", "0.015", "+Inf"}));
  EXPECT_THAT(doctor().out,
              HasSubstr("`shop_seconds_bucket` is there with 3 buckets, but no two scrapes of it "
                        "came whole; listen longer than two scrapes take: --for 2m"));
}

TEST_F(DoctorBucketsTest, WithoutTheBucketOfAllNothingCanBeTold) {
  send(with_buckets(3, {"0.01", "0.015"}));
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, HasSubstr("`shop_seconds_bucket` is there, but not its bucket le=\"+Inf\""));
}

TEST_F(DoctorBucketsTest, TheNameOfTheBucketsIsNotTheHistograms) {
  std::string text = kRunbook;
  text.replace(text.find("histogram shop_seconds"), 22, "histogram shop_seconds_bucket");
  runbook = directory.write("shop.runbook", text);
  send(with_buckets(3, {"0.01", "0.015", "+Inf"}));
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("the points of `shop_seconds_bucket` are a counter for each "
                                       "bucket; the histogram that they are put together to is "
                                       "named `shop_seconds`"),
                             HasSubstr("write: metric latency  = histogram shop_seconds")));
}

// ---------------------------------------------------------------------------------------------

TEST_F(DoctorTest, JsonHasTheSameFacts) {
  send(healthy() + "no metric\n");
  const Ran ran = doctor({"-o", "json"});
  EXPECT_EQ(ran.exit, 0) << ran.out;
  EXPECT_THAT(ran.out,
              AllOf(StartsWith("{\"records\":1,\"points\":7,\"names\":4,\"unreadable\":1"),
                    HasSubstr(R"("metric":"latency","name":"shop_seconds","kind":"histogram")"),
                    HasSubstr(R"("arms":{"new":1,"old":1})"), HasSubstr(R"("on_edge":true)"),
                    HasSubstr(R"("edges":[0.005,0.01,0.025])"), HasSubstr(R"("unit":"seconds")"),
                    HasSubstr(R"("limit":0.015,"on_edge":false,"low":0.01,"high":0.025,"says":)")));
  EXPECT_THAT(ran.out, ContainsRegex("\"lag\":\"([0-9]+[dhms])+\""));  // whole seconds
}

TEST_F(DoctorTest, APlaceIsExamined) {
  send(healthy());
  const Ran ran = rollbook(
      {"doctor", "--bus", bus, "--metrics-topic", "metrics", "--data", directory.file("none")});
  EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
  EXPECT_THAT(
      ran.out,
      AllOf(HasSubstr("ok       topic   metrics (metrics, format auto): 1 partition"),
            HasSubstr("warning  store"), HasSubstr("is not there yet"), HasSubstr("clock")));
}

TEST_F(DoctorTest, ABrokerThatIsNotThereIsUnreachable) {
  const Ran ran = rollbook({"doctor", "--brokers", "127.0.0.1:1", "-o", "json"});
  EXPECT_EQ(ran.exit, 6) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr(R"({"check":"broker","state":"failed")"));
}

TEST_F(DoctorTest, WhatCannotBeAskedIsRefused) {
  EXPECT_EQ(doctor({"--for", "soon"}).exit, 2);
  const Ran no_runbook = rollbook({"doctor", "--bus", bus, "--metrics", directory.file("x")});
  EXPECT_EQ(no_runbook.exit, 1);
}

}  // namespace
}  // namespace rollbook::tests
