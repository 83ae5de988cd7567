// The exemplars of the synthetic service's metrics: which requests are traced, and how many.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "adapters/sandbox/traffic.h"
#include "adapters/wire/metric_decoder.h"
#include "adapters/wire/text.h"

namespace rollbook::adapters {
namespace {

using core::Fixed;
using namespace std::chrono_literals;

constexpr core::Time kBegin{std::chrono::seconds(1767571200)};
constexpr auto kScrape = 15s;
constexpr Fixed kOne = Fixed::from_int(1);

WireSeries requests() {
  WireSeries series;
  series.name = "requests";
  series.per_request = kOne;
  return series;
}
// Two in a thousand.
WireSeries errors() {
  WireSeries series;
  series.name = "errors";
  series.per_request = Fixed::from_nanos(2'000'000);
  series.ceilings.push_back({Fixed::from_nanos(10'000'000), std::chrono::minutes(5), kOne});
  return series;
}
WireSeries latency() {
  WireSeries series;
  series.name = "latency";
  series.kind = core::MetricKind::histogram;
  series.scale = Fixed::from_nanos(100'000'000);
  for (const std::int64_t ms : {20, 40, 60, 80, 100, 200, 500}) {
    series.bounds.push_back(Fixed{core::Int128{ms} * 1'000'000});
  }
  return series;
}

class Traces : public testing::Test {
 protected:
  static Traffic traffic(WireSeries series, std::uint64_t seed = 1) {
    return Traffic({std::move(series)}, Load{900, 900}, kBegin, seed, {core::kNoTraffic});
  }
  // So many scrapes; takes down what came with each.
  void scrape(Traffic& traffic, int times) {
    for (int i = 0; i < times; ++i) {
      now_ += kScrape;
      traffic.flow_until(now_);
      const std::string lines = traffic.lines(Whose::all, now_);
      runtime::PointBatch batch;
      decoder_.decode({"metrics", 0, offset_++, now_, "", lines}, batch, letters_);
      ASSERT_TRUE(letters_.empty()) << letters_.front().reason;
      most_ = std::max(most_, batch.exemplars.size());
      count_ = batch.points.front().value;
      for (const runtime::PointExemplar& one : batch.exemplars) {
        EXPECT_GT(one.at, now_ - kScrape);
        EXPECT_LE(one.at, now_);
        EXPECT_TRUE(traces_.insert(one.trace).second);
        values_.push_back(one.value);
      }
    }
  }

  MetricDecoder decoder_;
  std::vector<DeadLetter> letters_;
  core::Time now_ = kBegin;
  std::int64_t offset_ = 0;
  std::size_t most_ = 0;  // of a scrape
  Fixed count_;           // of the last
  std::set<std::array<std::uint8_t, 16>> traces_;
  std::vector<Fixed> values_;
};

TEST_F(Traces, AreOfEveryTenthFailure) {
  Traffic service = traffic(errors());
  scrape(service, 240);
  EXPECT_NEAR(static_cast<double>(count_.nanos) / 1e9, 900 * 0.002 * 3600, 10);
  EXPECT_EQ(static_cast<std::int64_t>(values_.size()),
            static_cast<std::int64_t>(count_.nanos / Fixed::kScale / 10));
  for (const Fixed value : values_) EXPECT_EQ(value, kOne);
}

TEST_F(Traces, AreThreeOfAScrapeAtMost) {
  Traffic service = traffic(errors());
  service.trouble(Whose::all).errors = Fixed::from_nanos(500'000'000);
  scrape(service, 10);
  EXPECT_EQ(most_, 3U);
  EXPECT_EQ(values_.size(), 30U);
  // What was beyond them is not made up for.
  service.trouble(Whose::all).errors = {};
  values_.clear();
  scrape(service, 10);
  EXPECT_NEAR(static_cast<double>(values_.size()), 900 * 0.002 * 15 * 10 / 10, 2);
}

TEST_F(Traces, AreOfSlowRequestsWithWhatTheyTook) {
  Traffic service = traffic(latency());
  scrape(service, 240);
  EXPECT_NEAR(static_cast<double>(values_.size()), 900 * 0.002 * 3600 / 100, 2);
  for (const Fixed value : values_) {
    EXPECT_GE(value, Fixed::from_nanos(80'000'000));
    EXPECT_LE(value, Fixed::from_nanos(100'000'000));
  }
  // Of those beyond the healthy end ten times as many.
  values_.clear();
  service.trouble(Whose::all).latency = Fixed::from_int(3);
  scrape(service, 40);
  EXPECT_EQ(values_.size(), 120U);
  const auto beyond = std::count_if(values_.begin(), values_.end(), [](Fixed value) {
    return value > Fixed::from_nanos(100'000'000);
  });
  EXPECT_GT(beyond, 100);
  EXPECT_GT(*std::max_element(values_.begin(), values_.end()), Fixed::from_nanos(200'000'000));
  EXPECT_LE(*std::max_element(values_.begin(), values_.end()), Fixed::from_nanos(500'000'000));
  // So fast that none is slow: nothing is left to tell.
  service.trouble(Whose::all).latency = Fixed::from_nanos(100'000'000);
  scrape(service, 1);
  values_.clear();
  scrape(service, 40);
  EXPECT_TRUE(values_.empty());
}

TEST_F(Traces, AreNotOfWhatIsWell) {
  Traffic service = traffic(requests());
  scrape(service, 100);
  EXPECT_TRUE(values_.empty());
}

TEST_F(Traces, AreTheSameForTheSameSeed) {
  const auto lines = [](std::uint64_t seed) {
    Traffic service = traffic(errors(), seed);
    std::string text;
    for (core::Time now = kBegin; now < kBegin + 1h; now += kScrape) {
      service.flow_until(now);
      text += service.lines(Whose::all, now);
    }
    return text;
  };
  EXPECT_THAT(lines(1), testing::HasSubstr("trace_id"));
  EXPECT_EQ(lines(1), lines(1));
  EXPECT_NE(lines(1), lines(2));
}

// Who asks for no lines, as `rollbook power` does, sees the same service.
TEST_F(Traces, ChangeNoTraffic) {
  Traffic told = traffic(errors()), untold = traffic(errors());
  for (Traffic* service : {&told, &untold}) {
    service->trouble(Whose::all).errors = Fixed::from_nanos(50'000'000);
    service->trouble(Whose::all).at_random = true;
    for (core::Time now = kBegin; now < kBegin + 1h; now += kScrape) {
      service->flow_until(now);
      if (service == &told) service->lines(Whose::all, now);
      service->vary();
    }
  }
  EXPECT_TRUE(told.total(0).count == untold.total(0).count);
}

}  // namespace
}  // namespace rollbook::adapters
