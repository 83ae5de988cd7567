// Cumulative series of which one label set holds all of another: told anew under more labels or
// fewer, or what fails beside what is well (OpenTelemetry's `error.type`).

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "engine/runtime/renames.h"
#include "engine/runtime/series_table.h"
#include "tests/engine/points.h"

namespace rollbook::runtime::tests {
namespace {

using core::Duration;
using core::kDistantPast;

const Labels kGood{{"op", "put"}, {"pod", "a"}};
const Labels kBad{{"error.type", "oom"}, {"op", "put"}, {"pod", "a"}};
const Labels kZoned{{"op", "put"}, {"pod", "a"}, {"zone", "x"}};

class RetoldTest : public testing::Test {
 protected:
  struct Total {
    Labels labels;
    std::int64_t total = 0;
    Time start = kDistantPast;
    std::string name = "ops";
  };
  using Counted = std::vector<std::int64_t>;

  void begin() {
    table = SeriesTable();
    points = Points();
    numbers.clear();
  }
  SeriesNumber named(const std::string& name, const Labels& labels) {
    const auto [known, fresh] =
        numbers.try_emplace(SeriesTable::key_of(series_name(0, name, labels)));
    if (fresh) known->second = points.series(name, labels);
    return known->second;
  }
  // What each adds, where its name was heard for long. In one record.
  Counted give(Duration at, const std::vector<Total>& totals) {
    for (const Total& each : totals) {
      points.counter(named(each.name, each.labels), kBegin + at, each.total, each.start);
    }
    return take();
  }
  Counted take() {
    PointBatch batch = points.take();
    for (MetricPoint& point : batch.points) point.offset = batch.points.front().offset;
    return take(batch);
  }
  Counted take(const PointBatch& batch) {
    table.learn(batch);
    Counted counted;
    for (const MetricPoint& point : batch.points) {
      const std::int64_t settled = value_of(table.settle(batch, point));
      last = table.take(batch, point);
      counted.push_back(settled + value_of(last));
    }
    return counted;
  }
  static std::int64_t value_of(const std::optional<Increment>& increment) {
    if (!increment || (increment->first && increment->retold)) return 0;
    return increment->buckets != nullptr
               ? increment->samples
               : static_cast<std::int64_t>(increment->value.nanos / Fixed::kScale);
  }
  // Every 15 s, of a hundred a second.
  void serve(const Labels& labels, Duration until, Time start = kDistantPast, Duration from = 0s) {
    for (Duration at = from; at <= until; at += 15s) give(at, {{labels, served(at), start}});
  }
  static std::int64_t served(Duration at) { return 1'000'000 + 100 * (at / 1s); }

  Points points;
  SeriesTable table;
  std::map<std::string, SeriesNumber> numbers;
  std::optional<Increment> last;
};

// ---- What fails beside what is well -------------------------------------------------------------

TEST_F(RetoldTest, AFailureThatIsNewCountsAtOnceWhereverItStandsInTheExport) {
  for (const Time start : {kDistantPast, kBegin - 24h}) {
    for (const bool first : {false, true}) {
      begin();
      serve(kGood, 585s, start);
      std::vector<Total> totals{{kGood, served(600s), start}, {kBad, 300, start}};
      if (first) std::swap(totals[0], totals[1]);
      EXPECT_EQ(give(600s, totals), first ? Counted({300, 1500}) : Counted({1500, 300}));
      EXPECT_EQ(give(615s, {{kBad, 310, start}}), Counted{10});
    }
  }
}

TEST_F(RetoldTest, SoDoesOneThatIsAsManyAsAllThatWasWell) {
  for (const std::int64_t failed : {5, 7, 300, 100'000}) {
    begin();
    for (Duration at = 0s; at <= 585s; at += 15s) give(at, {{kGood, 5}});
    EXPECT_EQ(give(600s, {{kBad, failed}, {kGood, 5}}), Counted({failed, 0})) << failed;
  }
}

TEST_F(RetoldTest, WhatIsWellForTheFirstTimeCountsBesideWhatFails) {
  for (const bool first : {false, true}) {
    begin();
    for (Duration at = 0s; at <= 585s; at += 15s) give(at, {{kBad, 20 + at / 15s}});
    std::vector<Total> totals{{kBad, 60}, {kGood, 9000}};
    if (first) std::swap(totals[0], totals[1]);
    EXPECT_EQ(give(600s, totals), first ? Counted({9000, 1}) : Counted({1, 9000}));
  }
}

TEST_F(RetoldTest, AProcessThatBeginsWithBothCountsBoth) {
  const Time start = kBegin + 1h;
  for (const bool first : {false, true}) {
    begin();
    std::vector<Total> totals{{kGood, 3000, start}, {kBad, 3000, start}};
    if (first) std::swap(totals[0], totals[1]);
    EXPECT_EQ(give(1h + 60s, totals), Counted({3000, 3000}));
    EXPECT_EQ(last->start, start);
  }
}

// One export in several messages, in whatever order: what comes first waits for the next export.
TEST_F(RetoldTest, WhereItComesInAMessageBeforeTheOtherItCountsWithTheNextExport) {
  serve(kGood, 585s);
  EXPECT_EQ(give(600s, {{kBad, 300}}), Counted{0});
  EXPECT_EQ(give(600s, {{kGood, served(600s)}}), Counted{1500});
  EXPECT_EQ(give(615s, {{kBad, 310}}), Counted{310});
  EXPECT_EQ(give(615s, {{kGood, served(615s)}}), Counted{1500});
  EXPECT_EQ(give(630s, {{kBad, 320}}), Counted{10});
}

TEST_F(RetoldTest, AndInAMessageBehindItAtOnce) {
  serve(kGood, 600s);
  EXPECT_EQ(give(600s, {{kBad, 300}}), Counted{300});
}

// So it is whether a crash has put both messages into one batch, or not.
TEST_F(RetoldTest, AsWhereBothMessagesAreInOneBatch) {
  serve(kGood, 585s);
  points.counter(named("ops", kBad), kBegin + 600s, 300);
  points.counter(named("ops", kGood), kBegin + 600s, served(600s));
  points.counter(named("ops", kBad), kBegin + 615s, 310);
  points.counter(named("ops", kGood), kBegin + 615s, served(615s));
  EXPECT_EQ(take(points.take()), Counted({0, 1500, 310, 1500}));
}

TEST_F(RetoldTest, AlsoWhereAnExportOfTheOtherWasLost) {
  serve(kGood, 585s);
  EXPECT_EQ(give(600s, {{kBad, 300}}), Counted{0});
  EXPECT_EQ(give(615s, {{kBad, 310}, {kGood, served(615s)}}), Counted({310, 3000}));
}

TEST_F(RetoldTest, HistogramsOfWhatFailsCountToo) {
  const LayoutNumber layout = points.layout({5, 10});
  const auto put = [&](const Labels& labels, Duration at, std::vector<std::int64_t> total) {
    points.histogram(PointKind::histogram, named("dur", labels), layout, kBegin + at,
                     std::move(total), kBegin - 24h);
  };
  for (std::int64_t i = 0; i < 40; ++i) {
    put(kGood, i * 15s, {9'000 + i, 900, 90});
    take();
  }
  put(kBad, 600s, {20, 30, 50});
  put(kGood, 600s, {9'040, 900, 90});
  EXPECT_EQ(take(), Counted({100, 1}));
}

// ---- Told otherwise -----------------------------------------------------------------------------

TEST_F(RetoldTest, UnderMoreLabelsOrFewerNothingOfALifeIsNew) {
  for (const auto& [before, after] : {std::pair(kGood, kZoned), std::pair(kZoned, kGood)}) {
    for (const Time start : {kDistantPast, kBegin - 24h}) {
      for (const Duration gap : {Duration(15s), Duration(10min)}) {
        begin();
        serve(before, 30min, start);
        const Duration at = 30min + gap;
        EXPECT_EQ(give(at, {{after, served(at), start}}), Counted{0});
        EXPECT_EQ(give(at + 15s, {{after, served(at + 15s), start}}), Counted{1500});
        EXPECT_EQ(last->start, kBegin + at);
        EXPECT_TRUE(last->measured);
        EXPECT_EQ(give(at + 30s, {{after, served(at + 30s), start}}), Counted{1500});
      }
    }
  }
}

TEST_F(RetoldTest, NotEvenWhereItIsLittle) {
  for (Duration at = 0s; at <= 30min; at += 15s) give(at, {{kGood, 3, kDistantPast, "err"}});
  EXPECT_EQ(give(31min, {{kZoned, 3, kDistantPast, "err"}}), Counted{0});
  EXPECT_EQ(give(32min, {{kZoned, 4, kDistantPast, "err"}}), Counted{1});
}

TEST_F(RetoldTest, NorWhereACollectorGivesItsOwnStart) {
  serve(kGood, 30min, kBegin - 24h);
  const Time seen = kBegin + 30min + 5s;
  EXPECT_EQ(give(30min + 15s, {{kZoned, served(30min + 15s), seen}}), Counted{0});
  EXPECT_EQ(give(30min + 30s, {{kZoned, served(30min + 30s), seen}}), Counted{1500});
}

TEST_F(RetoldTest, NorWhereTheOtherWasHeardOnce) {
  give(0s, {{kGood, 1'000'000, kBegin - 24h}});
  EXPECT_EQ(give(15s, {{kZoned, 1'001'500, kBegin + 10s}}), Counted{0});
  EXPECT_EQ(give(30s, {{kZoned, 1'003'000, kBegin + 10s}}), Counted{1500});
}

TEST_F(RetoldTest, FailuresAndWhatIsWellAreToldTogether) {
  const Labels bad_zoned{{"error.type", "oom"}, {"op", "put"}, {"pod", "a"}, {"zone", "x"}};
  for (const bool first : {false, true}) {
    for (const Time start : {kDistantPast, kBegin + 30min + 5s}) {
      begin();
      for (Duration at = 0s; at <= 30min; at += 15s) {
        give(at, {{kGood, served(at)}, {kBad, 50'000 + at / 15s}});
      }
      std::vector<Total> totals{{kZoned, served(30min + 15s), start}, {bad_zoned, 50'121, start}};
      if (first) std::swap(totals[0], totals[1]);
      EXPECT_EQ(give(30min + 15s, totals), Counted({0, 0}));
      totals[0].total += 10;
      totals[1].total += 10;
      EXPECT_EQ(give(30min + 30s, totals), Counted({10, 10}));
    }
  }
}

TEST_F(RetoldTest, AKindOfFailureThatIsNewThereafterCountsAtOnce) {
  serve(kGood, 30min);
  serve(kZoned, 31min, kDistantPast, 30min + 15s);
  const Labels bad_zoned{{"error.type", "oom"}, {"op", "put"}, {"pod", "a"}, {"zone", "x"}};
  EXPECT_EQ(give(31min + 15s, {{bad_zoned, 300}, {kZoned, served(31min + 15s)}}),
            Counted({300, 1500}));
}

TEST_F(RetoldTest, OneMayBeToldAsSeveralAndSeveralAsOne) {
  const Labels east{{"op", "put"}, {"pod", "a"}, {"zone", "e"}};
  const Labels west{{"op", "put"}, {"pod", "a"}, {"zone", "w"}};
  serve(kGood, 30min);
  EXPECT_EQ(give(31min, {{east, 1'000'000}, {west, 186'000}}), Counted({0, 0}));
  for (Duration at = 32min; at <= 60min; at += 15s) {
    EXPECT_EQ(give(at, {{east, 1'000'000 + at / 1s}, {west, 186'000}})[1], 0);
  }
  begin();
  for (Duration at = 0s; at <= 30min; at += 15s) {
    give(at, {{east, 1'000'000 + at / 1s}});
    give(at + 7s, {{west, 200'000 + at / 1s}});
  }
  EXPECT_EQ(give(31min, {{kGood, 1'203'720}}), Counted{0});
  EXPECT_EQ(give(32min, {{kGood, 1'203'840}}), Counted{120});
}

// What others have outlived fell silent for another reason.
TEST_F(RetoldTest, OneThatWasGoneBeforeIsNotToldAnew) {
  const Labels retried{{"error.type", "oom"}, {"op", "put"}, {"pod", "a"}, {"retry", "1"}};
  for (const bool lately : {false, true}) {
    begin();
    for (Duration at = 0s; at <= 30min; at += 15s) {
      std::vector<Total> totals{{kGood, served(at)}};
      if (lately || at < 25min) totals.push_back({kBad, 40});
      give(at, totals);
    }
    EXPECT_EQ(give(30min + 15s, {{kGood, served(30min + 15s)}, {retried, 50}}),
              lately ? Counted({1500, 0}) : Counted({1500, 50}));
  }
}

TEST_F(RetoldTest, WhatBeganBehindTheOthersLastPointIsAnotherProcess) {
  serve(kGood, 30min, kBegin - 24h);
  const Time start = kBegin + 30min + 20s;
  for (const std::int64_t failed : {40, 4'000}) {
    const Labels labels{
        {"error.type", std::to_string(failed)}, {"op", "put"}, {"pod", "a"}, {"v", "1"}};
    EXPECT_EQ(give(31min, {{labels, failed, start}}), Counted{failed});
    EXPECT_EQ(last->start, start);
  }
}

TEST_F(RetoldTest, ASecondCollectorBesideTheFirstIsABase) {
  serve(kGood, 30min);
  EXPECT_EQ(give(30min + 15s, {{kGood, served(30min + 15s)}, {kZoned, served(30min + 15s)}}),
            Counted({1500, 0}));
  EXPECT_EQ(give(30min + 30s, {{kZoned, served(30min + 30s)}, {kGood, served(30min + 30s)}}),
            Counted({0, 1500}));
}

TEST_F(RetoldTest, OneThatComesBackGoesOnWithWhatTheOtherHad) {
  serve(kGood, 30min);
  serve(kZoned, 60min, kDistantPast, 30min + 15s);
  EXPECT_EQ(give(61min, {{kGood, served(61min)}}), Counted{6000});
  EXPECT_EQ(give(62min, {{kGood, served(62min)}}), Counted{6000});
}

TEST_F(RetoldTest, HistogramsAreToldAnewToo) {
  const LayoutNumber layout = points.layout({5, 10});
  const auto give_one = [&](const Labels& labels, Duration at, std::vector<std::int64_t> total) {
    points.histogram(PointKind::histogram, named("dur", labels), layout, kBegin + at,
                     std::move(total));
    return take();
  };
  for (std::int64_t i = 0; i <= 120; ++i) give_one(kGood, i * 15s, {9'000 + i, 900, 90});
  EXPECT_EQ(give_one(kZoned, 31min, {9'124, 901, 90}), Counted{0});
  EXPECT_EQ(give_one(kZoned, 31min + 15s, {9'125, 901, 93}), Counted{4});
  const auto give_exponential = [&](const Labels& labels, Duration at, std::int64_t total) {
    points.exponential(PointKind::exponential, named("lat", labels), kBegin + at,
                       {4, 10, 0, 0, {total, 900}});
    take();
    return last->retold ? 0 : last->samples;
  };
  for (std::int64_t i = 0; i <= 120; ++i) give_exponential(kGood, i * 15s, 9'000 + i);
  EXPECT_EQ(give_exponential(kZoned, 31min, 9'124), 0);
  EXPECT_EQ(give_exponential(kZoned, 31min + 15s, 9'130), 6);
}

TEST_F(RetoldTest, WhatWasToldOtherwiseWhileTheEngineWasDownIsKnownFromTheCheckpoint) {
  serve(kGood, 30min);
  const std::string bytes = table.save();
  begin();
  ASSERT_TRUE(table.restore(bytes));
  EXPECT_EQ(give(35min, {{kZoned, served(35min)}}), Counted{0});
  // Down once more, between its two points: what it had is not kept.
  const std::string again = table.save();
  begin();
  ASSERT_TRUE(table.restore(again));
  EXPECT_EQ(give(36min, {{kZoned, served(36min)}}), Counted{0});
  EXPECT_EQ(give(37min, {{kZoned, served(37min)}}), Counted{6000});
}

TEST_F(RetoldTest, AfterARestartAFailureThatIsNewIsToldByWhatComesWithIt) {
  serve(kGood, 30min);
  const std::string bytes = table.save();
  begin();
  ASSERT_TRUE(table.restore(bytes));
  EXPECT_EQ(give(31min, {{kBad, 300}, {kGood, served(31min)}}), Counted({300, 6000}));
}

// What the first point counted cannot be told in the buckets of the second.
TEST_F(RetoldTest, AKindThatChangesWhileItWaitsIsABase) {
  const LayoutNumber layout = points.layout({5, 10});
  const auto put = [&](PointKind kind, Duration at) {
    if (kind == PointKind::counter) return give(at, {{kZoned, served(at)}});
    if (kind == PointKind::exponential) {
      points.exponential(kind, named("ops", kZoned), kBegin + at, core::Exponential{},
                         kDistantPast);
    } else {
      points.histogram(kind, named("ops", kZoned), layout, kBegin + at, {4, 5, 6}, kDistantPast);
    }
    return take();
  };
  constexpr PointKind kKinds[] = {PointKind::counter, PointKind::histogram, PointKind::exponential};
  for (const PointKind first : kKinds) {
    for (const PointKind second : kKinds) {
      if (first == second) continue;
      begin();
      points.layout({5, 10});
      serve(kGood, 585s);
      put(first, 600s);
      EXPECT_EQ(put(second, 615s), Counted{0});
    }
  }
}

// Whatever the order, the messages and the moment: all that fails and is well counts once, but for
// what came while all were told anew.
TEST_F(RetoldTest, NothingIsLostNorDoubledHoweverAnExportIsToldAndWhenever) {
  constexpr int kExports = 120, kKinds = 12;
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    begin();
    std::mt19937 random(seed);
    const auto below = [&](std::int64_t n) { return static_cast<std::int64_t>(random()) % n; };
    const std::int64_t relabelled = seed % 2 == 0 ? 30 + below(60) : kExports;
    std::map<Labels, std::int64_t> totals;
    std::int64_t added = 0, untold = 0;
    for (int i = 0; i < kExports; ++i) {
      for (int kind = 0; kind < kKinds; ++kind) {
        Labels labels{{"op", std::to_string(kind % 2)}};
        if (kind >= 2) labels.insert(labels.begin(), {"error.type", std::to_string(kind / 2)});
        // Of most operations nothing is told for a while, and then much or little.
        if (!totals.contains(labels) && (i > kExports - 3 || below(30) != 0)) continue;
        const std::int64_t more = kind < 2 ? below(3000) : below(4) == 0 ? below(60) : 0;
        totals[labels] += more;
        if (i >= relabelled && i < relabelled + 2) untold += more;
      }
      std::vector<Total> told;
      for (const auto& [labels, total] : totals) {
        told.push_back({labels, total});
        if (i >= relabelled) told.back().labels.emplace_back("zone", "x");
      }
      std::shuffle(told.begin(), told.end(), random);
      const auto cut = told.begin() + below(static_cast<std::int64_t>(told.size()) + 1);
      for (const auto& message : {std::vector(told.begin(), cut), std::vector(cut, told.end())}) {
        for (const std::int64_t each : give(i * 15s, message)) added += each;
      }
    }
    std::int64_t truth = 0;
    for (const auto& [labels, total] : totals) truth += total;
    EXPECT_LE(added, truth) << seed;
    EXPECT_GE(added, truth - untold - truth / 50) << seed;
  }
}

}  // namespace
}  // namespace rollbook::runtime::tests
