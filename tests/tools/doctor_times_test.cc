// What doctor says of points that are old when they come, that came to an end, or of which several
// have one time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/tools/doctor_fixture.h"
#include "tools/metric_times.h"

namespace rollbook::tests {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

class DoctorTimesTest : public DoctorTest {
 protected:
  // All that has `part`, so much earlier.
  static std::string earlier(std::string lines, core::Duration by, const std::string& part = "") {
    lines = as_of_now(lines);
    std::string result;
    for (std::size_t begin = 0; begin < lines.size();) {
      const std::size_t end = lines.find('\n', begin) + 1;
      std::string line = lines.substr(begin, end - begin);
      begin = end;
      if (line.find(part) != std::string::npos) {
        const std::size_t at = line.rfind(R"("time":")") + 8;
        const std::size_t size = line.find('Z', at) + 1 - at;
        line.replace(at, size,
                     adapters::format_time(*adapters::parse_time(line.substr(at, size)) - by));
      }
      result += line;
    }
    return result;
  }
  std::string requests(const std::string& others_of = "shop_requests_total") const {
    return without(healthy(), others_of) +
           point("shop_requests_total", "old", R"("kind":"counter_delta","value":9)");
  }
};

TEST_F(DoctorTimesTest, PointsThatAreOldWhenTheyComeAreNoData) {
  send_as_is(earlier(healthy(), 1h));
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("failed  requests"), HasSubstr("failed  errors"),
                             HasSubstr("its points come, but are 1h old when they come: see to "
                                       "its sender's clock, or to what holds them up"),
                             Not(HasSubstr("ok  "))));
}

TEST_F(DoctorTimesTest, AnArmWhosePointsAreOldIsTold) {
  send_as_is(earlier(healthy(), 1h, "\"new\""));
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("failed  requests"),
                             HasSubstr("points of the canary come, but are 1h old when they come"),
                             HasSubstr("ok      depth")));
}

TEST(MetricTimes, APodWhosePointsAreOldAmongOthersIsTold) {
  core::Machine machine;
  machine.arms = core::Arms{"version", "old", "new"};
  core::Metric metric;
  const std::string text;
  const core::Time now{100h};
  const auto pod = [&](const char* name, core::Duration age) {
    tools::SeenSeries seen;
    seen.name.labels = {{"pod", name}, {"version", "new"}};
    seen.last = now - age;
    seen.age = age;
    return seen;
  };
  const tools::SeenSeries timely = pod("a", 1s);
  tools::SeenSeries late = pod("b", 1h);
  const auto told = [&] {
    const tools::Subject subject{machine, metric, text, "", false, {&timely, &late}, {}, {}, {}};
    tools::MetricFinding found;
    found.lag = 1s;
    tools::check_clock(subject, found, now);
    EXPECT_THAT(found.problems, IsEmpty());
    return found.warnings;
  };
  EXPECT_THAT(told(), ElementsAre(HasSubstr("points of 1 of 2 series come, but are too old when "
                                            "they do, those of {pod=\"b\",version=\"new\"} 1h")));
  late.vague = true;  // a pod that is gone, for all that a file tells
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(DoctorTimesTest, ASenderThatIsGoneIsDoubtful) {
  std::string enveloped;
  const std::string lines = earlier(healthy(), 1h);
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t end = lines.find('\n', begin);
    const std::string line = lines.substr(begin, end - begin);
    const std::size_t at = line.rfind(R"("time":)");
    enveloped += "{" + line.substr(at, line.size() - at - 1) + R"(,"value":)" + line + "}\n";
    begin = end + 1;
  }
  std::filesystem::create_directory(directory.file("bus"));
  directory.write("bus/metrics.jsonl", enveloped);
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 0) << ran.out;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("warning requests"),
                             HasSubstr("nothing newer came for 1h: is its sender still running?"),
                             HasSubstr("ok      errors")));  // which are silent while all is well
}

// ---- Deltas without a start -----------------------------------------------------------------

std::string events(int each, const char* value) {
  std::string lines;
  for (int second = 1; second <= 4; ++second) {
    for (int i = 0; i < each; ++i) {
      lines += R"({"metric":"shop_requests_total","labels":{"version":"new"},"kind":)"
               R"("counter_delta","value":)" +
               std::string(i == 0 ? "1" : value) + R"(,"time":"2026-01-05T10:00:0)" +
               std::to_string(second) + "Z\"}\n";
    }
  }
  return lines;
}

TEST_F(DoctorTimesTest, SeveralDeltasOfOneTimeAreCountedAndTold) {
  send(requests() + events(3, "1"));
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(
      ran.out,
      AllOf(HasSubstr("failed  requests"),
            HasSubstr("3 points of {version=\"new\"} have one time: of deltas without `start` the "
                      "first of them counts, 8 of 12 are left out. Send their sum as one point, or "
                      "each with a time of its own"),
            Not(HasSubstr("two senders under"))));
}

TEST_F(DoctorTimesTest, TwoDeltasOfOneTimeThatDifferAreTold) {
  send(requests() + events(2, "7"));
  EXPECT_THAT(doctor().out, AllOf(HasSubstr("failed  requests"), HasSubstr("4 of 8 are left out")));
}

TEST_F(DoctorTimesTest, TwoDeltasOfOneTimeThatAreAlikeMayBeOneThatCameAgain) {
  send(requests() + events(2, "1"));
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 0) << ran.out;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("warning requests"), HasSubstr("4 of 8 are left out")));
}

TEST_F(DoctorTimesTest, AMessageThatComesAgainIsNoMatter) {
  send(requests() + events(1, "1") + events(1, "1"));
  const Ran ran = doctor();
  EXPECT_EQ(ran.exit, 0) << ran.out;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("ok      requests"), Not(HasSubstr("one time"))));
}

}  // namespace
}  // namespace rollbook::tests
