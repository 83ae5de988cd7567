// What doctor says of names and kinds that do not fit, and that the lines it would have written
// work: they are written, and doctor is asked again.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/doctor_fixture.h"

namespace rollbook::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class DoctorAdviceTest : public DoctorTest {
 protected:
  // The runbook with one of its lines otherwise.
  void write(const std::string& part, const std::string& by) {
    text_.replace(text_.find(part), part.size(), by);
    runbook = directory.write("shop.runbook", text_);
  }
  void rename(const std::string& name, const std::string& by) {
    std::string quoted = "\"" + name + "\"";
    for (std::size_t at; (at = lines_.find(quoted)) != std::string::npos;) {
      lines_.replace(at, quoted.size(), "\"" + by + "\"");
    }
  }
  void write_as_told(const Ran& ran) {
    for (std::size_t at = 0; (at = ran.out.find("write: ", at)) != std::string::npos;) {
      at += 7;
      const std::string line = ran.out.substr(at, ran.out.find('\n', at) - at);
      const std::string head = line.substr(0, line.find('=') + 1);
      const std::size_t from = text_.find(head);
      ASSERT_NE(from, std::string::npos) << line;
      text_.replace(from, text_.find('\n', from) - from, line);
    }
    runbook = directory.write("shop.runbook", text_);
  }

  std::string lines_ = healthy();
  std::string text_ = kRunbook;
};

TEST_F(DoctorAdviceTest, ASuffixOrADotMakesNoOtherName) {
  rename("shop_errors_total", "shop.errors");
  rename("shop_requests_total", "http_shop_requests_total");
  send(lines_);
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(
      ran.out,
      AllOf(HasSubstr("no point is named `shop_requests_total`, did you mean "
                      "`http_shop_requests_total`?"),
            HasSubstr("write: metric requests = counter   http_shop_requests_total\n"),
            HasSubstr("warning errors"),  // though `default 0` would take it for a healthy one
            HasSubstr("no point is named `shop_errors_total`, did you mean `shop.errors`?"),
            HasSubstr("write: metric errors   = counter   \"shop.errors\" default 0\n")));
  write_as_told(ran);
  const Ran again = doctor();
  EXPECT_EQ(again.exit, 0) << again.out;
  EXPECT_THAT(again.out, AllOf(HasSubstr("ok      requests"), HasSubstr("ok      errors"),
                               Not(HasSubstr("not seen"))));
}

TEST_F(DoctorAdviceTest, ANameInsideAnotherIsAskedForAndNotTakenForSilence) {
  write("shop_errors_total default 0", "err");
  rename("shop_errors_total", "clienterrors_total");
  send(lines_);
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 0) << ran.out;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("warning errors"),
                             HasSubstr("no point is named `err`; is `clienterrors_total` meant?"),
                             Not(HasSubstr("default 0")), Not(HasSubstr("write:"))));
}

TEST_F(DoctorAdviceTest, OfSeveralNearNamesNoneIsWritten) {
  write("shop_errors_total default 0", "errors");
  rename("shop_errors_total", "grpc.errors");
  send(lines_ + point("http.errors", "old", R"("kind":"counter","value":1)"));
  EXPECT_THAT(doctor().out, AllOf(HasSubstr("no point is named `errors`, did you mean "
                                            "`grpc.errors` or `http.errors`?"),
                                  Not(HasSubstr("write:"))));
}

TEST_F(DoctorAdviceTest, WhereNothingIsNearNamesOfTheKindAreListed) {
  write("shop_requests_total", "visits");
  for (const char* name : {"aa", "bb", "cc", "dd", "ee"}) {
    lines_ += point(name, "old", R"("kind":"counter","value":1)");
  }
  lines_ += point("visits_seconds", "old", R"("kind":"gauge","value":1)");
  send(lines_);
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(
      ran.out,
      AllOf(
          HasSubstr("no point is named `visits`, and none of the 10 names seen is near to it; "
                    "`visits_seconds` is near, but of the kind gauge; counters there: `aa`, `bb`, "
                    "`cc`, `dd`, `ee`\n"),
          Not(HasSubstr("write:"))));
}

TEST_F(DoctorAdviceTest, ErrorsThatAreRequestsWithACodeAreNotTakenForSilence) {
  write("shop_errors_total default 0", "failures");
  lines_ = without(lines_, "shop_errors_total");
  for (const char* version : {"old", "new"}) {
    std::string line = point("shop_requests_total", version, R"("kind":"counter","value":3)");
    lines_ += line.replace(line.find("{\"version"), 1, R"({"http.status_code":"500",)");
  }
  send(lines_);
  const Ran ran = doctor();
  EXPECT_THAT(ran.out, AllOf(HasSubstr("are errors those points of `shop_requests_total` whose "
                                       "`http.status_code` says so?"),
                             Not(HasSubstr("default 0"))));
  write("failures", R"(shop_requests_total{"http.status_code"=~"5.."})");
  EXPECT_THAT(doctor().out, HasSubstr("ok      errors = counter shop_requests_total"));
}

TEST_F(DoctorAdviceTest, ANearNameOfAnotherKindIsNotTakenForSilence) {
  lines_ = without(lines_, "shop_errors_total") +
           point("shop.errors", "old", R"("kind":"gauge","value":1)");
  send(lines_);
  EXPECT_THAT(doctor().out,
              AllOf(HasSubstr("warning errors"),
                    HasSubstr("no point is named `shop_errors_total`; `shop.errors` is near, but "
                              "of the kind gauge"),
                    Not(HasSubstr("write:"))));
}

TEST_F(DoctorAdviceTest, WhatComesFromOutsideMovesNoCursor) {
  rename("shop_requests_total", "shop_requests\\u001b[2J");
  send(lines_);
  EXPECT_THAT(doctor().out, AllOf(HasSubstr("did you mean `shop_requests?[2J`?"),
                                  Not(HasSubstr("\x1b")), Not(HasSubstr("write:"))));
}

TEST_F(DoctorAdviceTest, MatchersThatTakeNothingAreTold) {
  write("shop_queue_depth", "shop_queue_depth{queue=\"orders\"}");
  send(lines_);
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, HasSubstr("no series has the label `queue`"));
}

// ---- Kinds ----------------------------------------------------------------------------------

TEST_F(DoctorAdviceTest, AGaugeIsWrittenAsTheLanguageHasIt) {
  const std::string depth = R"("kind":"counter","value":7)";
  lines_.replace(lines_.rfind(depth), depth.size(), R"("kind":"gauge","value":7)");
  send(lines_);
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("which of several values in a window counts, say `max`, `min`, "
                              "`mean` or `last`"),
                    HasSubstr("write: metric depth    = gauge max   shop_queue_depth unsplit")));
  write_as_told(ran);
  const Ran again = doctor();
  EXPECT_EQ(again.exit, 0) << again.out;
  EXPECT_THAT(again.out, HasSubstr("ok      depth = gauge shop_queue_depth"));
}

TEST_F(DoctorAdviceTest, AKindThatTheRunbookCannotUseIsNotWritten) {
  for (const char* version : {"old", "new"}) {
    lines_ += point("shop_p99", version, R"("kind":"gauge","value":0.01)");
  }
  write("shop_seconds", "shop_p99");
  send(lines_);
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("the runbook says histogram, its points are of the kind gauge"),
                    HasSubstr("it cannot be read as a gauge: `p99` needs a histogram, `latency` is "
                              "none (line 12); let its sender send a histogram"),
                    Not(HasSubstr("write:"))));
}

TEST_F(DoctorAdviceTest, ARatioOfAGaugeIsNotWritten) {
  const std::string counter = R"("kind":"counter","value":100)";
  for (std::size_t at; (at = lines_.find(counter)) != std::string::npos;) {
    lines_.replace(at, counter.size(), R"("kind":"gauge","value":100)");
  }
  send(lines_);
  EXPECT_THAT(
      doctor().out,
      AllOf(
          HasSubstr("it cannot be read as a gauge: a ratio is of two counters, `requests` is none"),
          HasSubstr("let its sender send a counter"), Not(HasSubstr("write:"))));
}

TEST_F(DoctorAdviceTest, TheLabelOfTheArmsIsWrittenWhereAllMetricsHaveIt) {
  rename("version", "release");
  send(without(lines_, "shop_queue_depth"));
  const Ran both = doctor();
  EXPECT_THAT(both.out, HasSubstr(R"(write: arms by label "release": baseline "old")"));
  write("\"version\"", "\"release\"");
  EXPECT_THAT(doctor().out, HasSubstr("ok      requests"));
}

TEST_F(DoctorAdviceTest, TheLabelOfTheArmsIsNotWrittenWhereOthersLoseIt) {
  std::string requests;
  for (const char* version : {"old", "new"}) {
    std::string line = point("shop_requests_total", version, R"("kind":"counter","value":100)");
    requests += line.replace(line.find("version"), 7, "release");
  }
  send(without(lines_, "shop_requests_total") + requests);
  EXPECT_THAT(doctor().out,
              AllOf(HasSubstr("no series has the arm's label `version`; labels seen: `release`"),
                    Not(HasSubstr("write:"))));
}

// ---- Buckets that nobody puts together ------------------------------------------------------

TEST_F(DoctorAdviceTest, BucketsOfAnotherFormatAreNotWaitedFor) {
  lines_ = without(lines_, "shop_seconds");
  for (int i = 0; i < 4; ++i) {
    for (const char* edge : {"0.01", "+Inf"}) {
      std::string line = point("shop_seconds_bucket", "old", R"("kind":"counter","value":9)");
      line.replace(line.find("{\"version"), 1, std::string(R"({"le":")") + edge + "\",");
      line.replace(line.find("10:00:00Z"), 9, "10:00:" + std::to_string(10 + 10 * i) + "Z");
      lines_ += line;
    }
  }
  send(lines_);
  const std::string says =
      "`shop_seconds_bucket` comes as a counter for each bucket, and only those of "
      "prometheus-kafka-adapter JSON are put together; send `shop_seconds` whole: in Rollbook JSON "
      "of the kind `histogram`, with `bounds` and `counts`, or as a histogram of OTLP";
  EXPECT_THAT(doctor().out, AllOf(HasSubstr(says), Not(HasSubstr("--for 2m"))));
  write("shop_seconds", "shop_seconds_bucket");
  EXPECT_THAT(doctor().out, AllOf(HasSubstr(says), Not(HasSubstr("write:"))));
  write("shop_seconds_bucket", "shop");  // its histogram would be near
  EXPECT_THAT(doctor().out, AllOf(HasSubstr(says), Not(HasSubstr("write:"))));
}

TEST_F(DoctorAdviceTest, BucketsOfInfluxLinesAreNotWaitedFor) {
  send(without(lines_, "shop_seconds"));
  std::string lines;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  for (const char* edge : {"0.01", "+Inf"}) {
    lines += std::string("shop,version=old,le=") + edge + " seconds_bucket=9i " +
             std::to_string(std::chrono::nanoseconds(now).count()) + "\n";
  }
  send_as_is(lines);
  EXPECT_THAT(doctor().out, HasSubstr("only those of prometheus-kafka-adapter JSON are put"));
}

}  // namespace
}  // namespace rollbook::tests
