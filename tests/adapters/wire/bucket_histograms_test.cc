// Histograms of Prometheus, one counter a bucket in prometheus-kafka-adapter's shape, put together.

#include <gmock/gmock.h>
#include <malloc.h>

#include <random>

#include "engine/runtime/series_table.h"
#include "tests/adapters/wire/decoding.h"

namespace rollbook::adapters::tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t kBegin = 1'767'607'200;  // 2026-01-05T10:00:00Z

class BucketHistogramsTest : public Decoding {
 protected:
  static std::string line(const std::string& edge, int second, const std::string& value,
                          const std::string& labels = R"("job":"shop","version":"new")") {
    const core::Time time{std::chrono::seconds(kBegin + second)};
    return R"({"timestamp":")" + format_time(time) + R"(","value":")" + value +
           R"(","name":"shop_seconds_bucket","labels":{"__name__":"shop_seconds_bucket","le":")" +
           edge + "\"," + labels + "}}\n";
  }
  void bucket(const std::string& edge, int second, const std::string& value) {
    decode(line(edge, second, value));
  }
  // A scrape of 10, 20 and 30 requests, `more` times.
  void scrape(int second, int more = 1) {
    bucket("0.01", second, std::to_string(10 * more));
    bucket("0.05", second, std::to_string(20 * more));
    bucket("+Inf", second, std::to_string(30 * more));
  }
  // "second kind counts" of what was put together, with the bounds where they are new.
  std::vector<std::string> histograms() const {
    std::vector<std::string> lines;
    for (const runtime::MetricPoint& point : batch.points) {
      if (point.kind != runtime::PointKind::histogram) continue;
      const std::int64_t second = point.end.time_since_epoch().count() / 1'000'000'000 - kBegin;
      const std::string text = describe(point);
      lines.push_back(std::to_string(second) + (point.start == point.end ? " base" : "") +
                      text.substr(text.find(" [")));
    }
    return lines;
  }
};

TEST_F(BucketHistogramsTest, AScrapeIsHandedOnWhenTheNextShowsThatItWasWhole) {
  scrape(0);
  EXPECT_THAT(histograms(), IsEmpty());
  bucket("+Inf", 15, "60");
  EXPECT_THAT(histograms(), ElementsAre("0 base [0.01, 0.05] [10, 10, 10]"));
  bucket("0.01", 15, "20");
  EXPECT_THAT(histograms(), SizeIs(1));
  bucket("0.05", 15, "40");
  EXPECT_THAT(histograms(),
              ElementsAre("0 base [0.01, 0.05] [10, 10, 10]", "15 [0.01, 0.05] [20, 20, 20]"));
  scrape(30, 3);
  EXPECT_THAT(histograms().back(), "30 [0.01, 0.05] [30, 30, 30]");
  EXPECT_THAT(letters, IsEmpty());
}

TEST_F(BucketHistogramsTest, ItIsNamedAsItsBucketsWithoutTheirEdgeAndTheyRemainCounters) {
  decode(line("0.01", 0, "1", R"("version":"new","a":"1")") +
         line("+Inf", 0, "2", R"("version":"new","a":"1")") +
         line("+Inf", 15, "2", R"("a":"1","version":"new")"));
  EXPECT_THAT(all(), ElementsAre("shop_seconds_bucket{a=1,le=0.01,version=new} (-, "
                                 "1767607200000000000] untyped 1",
                                 "shop_seconds_bucket{a=1,le=+Inf,version=new} (-, "
                                 "1767607200000000000] untyped 2",
                                 "shop_seconds_bucket{a=1,le=+Inf,version=new} (-, "
                                 "1767607215000000000] untyped 2",
                                 "shop_seconds{a=1,version=new} (1767607200000000000, "
                                 "1767607200000000000] histogram 0 "
                                 "[0.01] [1, 1]"));
}

TEST_F(BucketHistogramsTest, HalfAScrapeIsNeverHandedOn) {
  scrape(0);
  scrape(15, 2);
  bucket("0.01", 30, "30");
  bucket("+Inf", 30, "90");  // 0.05 is lost
  scrape(45, 4);
  bucket("0.05", 30, "60");  // or came too late
  EXPECT_THAT(histograms(),
              ElementsAre("0 base [0.01, 0.05] [10, 10, 10]", "15 [0.01, 0.05] [20, 20, 20]",
                          "45 [0.01, 0.05] [40, 40, 40]"));
}

TEST_F(BucketHistogramsTest, WithoutTheBucketOfAllItIsNone) {
  for (int second = 0; second < 120; second += 15) {
    bucket("0.01", second, "10");
    bucket("0.05", second, "20");
  }
  EXPECT_THAT(histograms(), IsEmpty());
  // Nor when that is all there is.
  decode(line("+Inf", 0, "3", R"("version":"old")") + line("+Inf", 15, "4", R"("version":"old")") +
         line("+Inf", 30, "4", R"("version":"old")"));
  EXPECT_THAT(histograms(), IsEmpty());
}

// The sender has been there for two scrapes; then what three partitions bring is read in turns of
// up to fourteen samples, some scrapes apart. Each histogram is the truth of its time.
TEST_F(BucketHistogramsTest, BucketsOfSomePartitionsMayLagBehind) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    decoder = MetricDecoder();
    batch = {};
    std::vector<std::vector<std::string>> partitions(3);
    for (int i = 0; i < 40; ++i) {
      for (const auto& [edge, share] :
           {std::pair{"0.01", 1}, {"0.05", 2}, {"0.1", 3}, {"+Inf", 5}}) {
        const std::string sample = line(edge, 15 * i, std::to_string(share * i));
        if (i < 3) {
          decode(sample);
        } else {
          partitions[random() % 3].push_back(sample);
        }
      }
    }
    for (bool more = true; more;) {
      more = false;
      for (auto& partition : partitions) {
        const auto end = partition.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(
                                                 1 + random() % 14, partition.size()));
        std::for_each(partition.begin(), end, [&](const std::string& sample) { decode(sample); });
        partition.erase(partition.begin(), end);
        more = more || !partition.empty();
      }
    }
    const std::vector<std::string> got = histograms();
    EXPECT_GE(got.size(), 10U);
    for (const std::string& each : got) {
      const int i = std::stoi(each) / 15;
      const std::string one = std::to_string(i), two = std::to_string(2 * i);
      std::string truth =
          std::to_string(15 * i) + (i == 0 ? " base" : "") + " [0.01, 0.05, 0.1] [" + one;
      truth += ", " + one + ", " + one + ", " + two + "]";
      EXPECT_EQ(each, truth);
    }
    EXPECT_THAT(got.back(), testing::StartsWith("585 "));
    EXPECT_THAT(letters, IsEmpty());
  }
}

TEST_F(BucketHistogramsTest, WhatIsSentTwiceCountsOnce) {
  for (int i = 0; i < 3; ++i) {
    scrape(15 * i, 1 + i);
    scrape(15 * i, 1 + i);
  }
  scrape(15, 2);
  EXPECT_THAT(histograms(), SizeIs(3));
}

TEST_F(BucketHistogramsTest, AHistogramWithTheBucketsOfItsFamilyIsHandedOnAtOnce) {
  scrape(0);
  scrape(15, 2);
  EXPECT_THAT(histograms(), SizeIs(2));
  const std::string pod = R"("version":"new","pod":"b")";
  decode(line("+Inf", 20, "3", pod) + line("0.01", 20, "1", pod));
  EXPECT_THAT(histograms(), SizeIs(2));
  decode(line("0.05", 20, "2", pod));
  EXPECT_THAT(histograms(), SizeIs(3));
  EXPECT_EQ(histograms().back(), "20 base [0.01, 0.05] [1, 1, 1]");
}

TEST_F(BucketHistogramsTest, ABucketThatComesLaterMakesABaseAndNothingIsCountedTwice) {
  scrape(0);
  scrape(15, 2);
  bucket("0.025", 30, "45");
  scrape(30, 3);
  EXPECT_THAT(histograms(), SizeIs(2));
  bucket("0.025", 45, "60");
  scrape(45, 4);
  bucket("0.025", 60, "75");
  scrape(60, 5);
  EXPECT_THAT(histograms(),
              ElementsAre("0 base [0.01, 0.05] [10, 10, 10]", "15 [0.01, 0.05] [20, 20, 20]",
                          "30 base [0.01, 0.025, 0.05] [30, 15, 15, 30]",
                          "45 [0.01, 0.025, 0.05] [40, 20, 20, 40]",
                          "60 [0.01, 0.025, 0.05] [50, 25, 25, 50]"));
}

TEST_F(BucketHistogramsTest, ABucketThatHasEndedIsNotWaitedFor) {
  scrape(0);
  scrape(15, 2);
  decode(line("0.05", 30, "NaN"));
  bucket("0.01", 30, "30");
  bucket("+Inf", 30, "90");
  EXPECT_EQ(histograms().back(), "30 base [0.01] [30, 60]");
  bucket("0.01", 45, "40");
  bucket("+Inf", 45, "120");
  EXPECT_EQ(histograms().back(), "45 [0.01] [40, 80]");
  EXPECT_THAT(letters, IsEmpty());
}

TEST_F(BucketHistogramsTest, AnEndThatOvertakesItsScrapeLeavesThatWhole) {
  scrape(0);
  scrape(15, 2);
  decode(line("0.05", 45, "NaN") + line("0.01", 45, "NaN") + line("+Inf", 45, "NaN"));
  bucket("+Inf", 30, "90");
  bucket("0.01", 30, "30");
  EXPECT_THAT(histograms(), SizeIs(2));
  bucket("0.05", 30, "60");
  EXPECT_EQ(histograms().back(), "30 [0.01, 0.05] [30, 30, 30]");
}

TEST_F(BucketHistogramsTest, ATargetThatComesBackIsWhatItWas) {
  scrape(0);
  scrape(15, 2);
  for (const char* edge : {"0.01", "0.05", "+Inf"}) bucket(edge, 30, "NaN");
  scrape(60);
  EXPECT_EQ(histograms().back(), "60 [0.01, 0.05] [10, 10, 10]");
}

TEST_F(BucketHistogramsTest, AnEndThatWasLostIsGivenUpAfterAnHour) {
  scrape(0);
  scrape(15, 2);
  for (int second = 30; second < 3700; second += 60) {
    bucket("0.01", second, std::to_string(second));
    bucket("+Inf", second, std::to_string(2 * second));
  }
  const std::vector<std::string> got = histograms();
  ASSERT_GE(got.size(), 3U);
  EXPECT_EQ(got[2], "3630 base [0.01] [3630, 3630]");
}

TEST_F(BucketHistogramsTest, WhatCountsFewerThanABucketInsideItIsRefused) {
  scrape(0);
  scrape(15, 2);
  bucket("0.01", 30, "70");
  bucket("0.05", 30, "60");
  EXPECT_THAT(letters, IsEmpty());
  bucket("+Inf", 30, "90");
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].reason,
            "line 1, column 57: `shop_seconds` counts fewer up to 0.05 than up to 0.01");
  scrape(45, 8);
  EXPECT_EQ(histograms().back(), "45 [0.01, 0.05] [80, 80, 80]");
}

TEST_F(BucketHistogramsTest, TwoSpellingsOfAnEdgeAreOneBucket) {
  bucket("1", 0, "5");
  bucket("2.5", 0, "6");
  bucket("+Inf", 0, "7");
  bucket("1.0", 15, "8");
  bucket("2.5", 15, "9");
  bucket("+Inf", 15, "10");
  EXPECT_THAT(histograms(), ElementsAre("0 base [1, 2.5] [5, 1, 1]", "15 [1, 2.5] [8, 1, 1]"));
}

TEST_F(BucketHistogramsTest, WhatIsNoBucketIsLeftAlone) {
  for (int second = 0; second < 60; second += 15) {
    const std::string time = format_time(core::Time{std::chrono::seconds(kBegin + second)}) +
                             R"(","value":"1","name":")";
    decode(R"({"timestamp":")" + time + R"(cache_bucket","labels":{"s3":"b"}})");
    decode(R"({"timestamp":")" + time + R"(x_bucket","labels":{"le":"wide"}})");
    decode(R"({"timestamp":")" + time + R"(_bucket","labels":{"le":"+Inf"}})");
    bucket("0.01", second, "0.5");  // of a recording rule, a rate
    bucket("+Inf", second, "1.25");
  }
  EXPECT_THAT(histograms(), IsEmpty());
  EXPECT_THAT(letters, IsEmpty());
}

TEST_F(BucketHistogramsTest, TheTypesOfOtherFormatsAreNotPutTogether) {
  for (int second = 0; second < 60; second += 15) {
    for (const char* edge : {"0.01", "+Inf"}) {
      decode(R"({"metric":"shop_seconds_bucket","labels":{"le":")" + std::string(edge) +
             R"("},"kind":"counter","value":7,"time":)" +
             std::to_string((kBegin + second) * 1'000'000'000) + "}");
    }
  }
  EXPECT_THAT(histograms(), IsEmpty());
}

// Increments as the rollouts get them.
TEST_F(BucketHistogramsTest, ARestartOfTheTargetIsAResetOfAllBuckets) {
  scrape(0, 5);
  scrape(15, 6);
  scrape(30);  // smaller in each: the target has begun anew
  scrape(45, 2);
  runtime::SeriesTable table;
  table.learn(batch);
  std::vector<std::vector<std::int64_t>> increments;
  for (const runtime::MetricPoint& point : batch.points) {
    if (point.kind != runtime::PointKind::histogram) continue;
    const auto increment = table.take(batch, point);
    if (increment) increments.push_back(*increment->buckets);
  }
  using Counts = std::vector<std::int64_t>;
  EXPECT_THAT(increments, ElementsAre(Counts{10, 10, 10}, Counts{10, 10, 10}, Counts{10, 10, 10}));
}

TEST_F(BucketHistogramsTest, ANewBucketGivesNoIncrementOfWhatWasCountedBefore) {
  scrape(0, 5);
  scrape(15, 6);
  bucket("0.025", 30, "105");
  scrape(30, 7);
  bucket("0.025", 45, "120");
  scrape(45, 8);
  runtime::SeriesTable table;
  table.learn(batch);
  std::int64_t counted = 0;
  for (const runtime::MetricPoint& point : batch.points) {
    if (point.kind != runtime::PointKind::histogram) continue;
    if (const auto increment = table.take(batch, point); increment && !increment->first) {
      counted += increment->samples;
    }
  }
  EXPECT_EQ(counted, 60);  // from 0 s to 15 s, and from 30 s to 45 s
}

// An engine that died after it had counted a scrape reads it again, whole or the end of it.
TEST_F(BucketHistogramsTest, WhatIsReadAgainAfterARestartIsNotCountedTwice) {
  for (const bool whole : {true, false}) {
    runtime::SeriesTable before, after;
    batch = {};
    decoder = MetricDecoder();
    scrape(0);
    scrape(15, 2);
    before.learn(batch);
    for (const runtime::MetricPoint& point : batch.points) before.take(batch, point);
    ASSERT_TRUE(after.restore(before.save()));
    batch = {};
    decoder = MetricDecoder();
    if (whole) bucket("0.01", 30, "30");  // it had been counted then
    bucket("0.05", 30, "60");
    bucket("+Inf", 30, "90");
    scrape(45, 4);
    scrape(60, 5);
    after.learn(batch);
    std::vector<core::Time> counted;
    for (const runtime::MetricPoint& point : batch.points) {
      if (point.kind != runtime::PointKind::histogram) continue;
      const auto increment = after.take(batch, point);
      if (!increment) continue;
      counted.push_back(increment->start);
      EXPECT_EQ(increment->samples, 30);
    }
    ASSERT_FALSE(counted.empty());
    EXPECT_GE(counted.front(), core::Time{std::chrono::seconds(kBegin + 30)});
  }
}

TEST_F(BucketHistogramsTest, ScrapesInPiecesDoNotFillMemory) {
  const auto in_use = [] { return mallinfo2().uordblks + mallinfo2().hblkhd; };
  scrape(0);
  for (int second = 1; second < 1000; ++second) bucket("0.01", second, "10");
  batch.points.clear();
  const std::size_t before = in_use();
  for (int second = 1000; second < 20'000; ++second) {
    bucket("0.01", second, "10");
    batch.points.clear();
  }
  EXPECT_LT(in_use(), before + (64 << 10));
  EXPECT_THAT(letters, IsEmpty());
}

TEST_F(BucketHistogramsTest, AHistogramHasNoMoreBucketsThanAnyOther) {
  for (int second = 0; second < 45; second += 15) {
    for (int i = 0; i < 600; ++i) bucket(std::to_string(i + 1), second, std::to_string(i));
    bucket("+Inf", second, "600");
  }
  // `+Inf` came after the last that has a place: it is none of this histogram's.
  EXPECT_THAT(histograms(), IsEmpty());
}

TEST_F(BucketHistogramsTest, WhereNoSeriesIsTakenAnyMoreTheCountersGoOn) {
  decoder = MetricDecoder(DecoderLimits{.series = 3});
  scrape(0);
  EXPECT_THAT(letters, IsEmpty());
  const std::size_t before = batch.points.size();
  bucket("+Inf", 15, "60");
  EXPECT_EQ(batch.points.size(), before + 1);
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_THAT(letters[0].reason, HasSubstr("more than 3 series"));
}

}  // namespace
}  // namespace rollbook::adapters::tests
