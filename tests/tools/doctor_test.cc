// doctor: what a place lacks, and what a runbook's metrics look like on the topics.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "adapters/file_bus.h"
#include "adapters/wire/text.h"
#include "engine/runtime/bus.h"
#include "tests/tools/program.h"

namespace rollbook::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using testing::StartsWith;

constexpr const char* kRunbook = R"(edition 1
runbook shop {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  role dev
  metric requests = counter   shop_requests_total
  metric errors   = counter   shop_errors_total default 0
  metric latency  = histogram shop_seconds
  metric depth    = counter   shop_queue_depth unsplit
  guard {
    stop errors / requests > 1% over 5m
    stop p99(latency) > 15ms over 5m
    stop p50(latency) > 10ms over 5m
    otherwise rollback automatic
  }
  stage canary_10 {
    traffic 10%
    hold 10m
    confirm "fine" by dev
    within 24h otherwise rollback automatic
  }
  rollback automatic { traffic 0% }
  success { finish traffic 10% }
}
)";

class DoctorTest : public testing::Test {
 protected:
  DoctorTest() {
    runbook = directory.write("shop.runbook", kRunbook);
    bus = "file:" + directory.file("bus");
  }
  // Lines of Rollbook JSON onto the topic `metrics`.
  void send(const std::string& lines) {
    auto made = adapters::make_file_bus(directory.file("bus"));
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_TRUE((*made)->ensure_topics({"metrics"}));
    auto producer = (*made)->producer();
    ASSERT_TRUE(producer);
    runtime::Outgoing message;
    message.topic = "metrics";
    message.payload = lines;
    ASSERT_TRUE((*producer)->send(message, [](auto) {}));
    EXPECT_EQ((*producer)->flush(std::chrono::seconds(5)), 0U);
  }
  static std::string point(const std::string& name, const std::string& version,
                           const std::string& rest) {
    return R"({"metric":")" + name + R"(","labels":{)" +
           (version.empty() ? "" : R"("version":")" + version + "\"") + "}," + rest +
           R"(,"time":"2026-01-05T10:00:00Z"})" + "\n";
  }
  Ran doctor(std::vector<std::string> more = {}) {
    std::vector<std::string> words{
        "doctor", "--bus", bus, "--metrics-topic", "metrics", "--for", "1s", "--metrics", runbook};
    words.insert(words.end(), more.begin(), more.end());
    return rollbook(words);
  }
  std::string healthy() const {
    std::string lines;
    for (const char* version : {"old", "new"}) {
      lines += point("shop_requests_total", version, R"("kind":"counter","value":100)");
      lines += point("shop_errors_total", version, R"("kind":"counter","value":1)");
      lines += point("shop_seconds", version,
                     R"("kind":"histogram","bounds":[0.005,0.01,0.025],"counts":[1,2,3,4])");
    }
    return lines + point("shop_queue_depth", "", R"("kind":"counter","value":7)");
  }

  Directory directory;
  std::string runbook, bus;
};

TEST_F(DoctorTest, MetricsThatFitAreToldWithTheirFacts) {
  send(healthy());
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("ok      requests = counter shop_requests_total: 2 series, counter "
                              "(cumulative)"),
                    HasSubstr("arms: new (1), old (1)"), HasSubstr("labels: version=old|new"),
                    HasSubstr("edges: 0.005, 0.01, 0.025"),
                    HasSubstr("the limit lies inside a bucket, between 0.01 and 0.025: "
                              "interpolated"),
                    HasSubstr("the limit is a bucket's edge")));
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
                    HasSubstr("write: metric depth    = gauge   shop_queue_depth unsplit")));
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
                    HasSubstr("edges: 0.01, 0.015"), HasSubstr("the limit is a bucket's edge")));
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
                    HasSubstr(R"("edges":[0.005,0.01,0.025])")));
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
