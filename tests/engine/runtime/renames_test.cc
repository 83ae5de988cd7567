// Cumulative series that go on under other label values, and those that are new.

#include "engine/runtime/renames.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "engine/runtime/series_table.h"
#include "tests/engine/points.h"

namespace rollbook::runtime::tests {
namespace {

using core::Exponential;

class RenamesTest : public testing::Test {
 protected:
  // One series of each label set.
  SeriesNumber named(const std::string& name, const Labels& labels) {
    const auto [known, fresh] =
        numbers.try_emplace(SeriesTable::key_of(series_name(0, name, labels)));
    if (fresh) known->second = points.series(name, labels);
    return known->second;
  }
  std::optional<Increment> take(MetricPoint& point) {
    table.learn(points.batch());
    settled = value_of(table.settle(points.batch(), point));
    auto increment = table.take(points.batch(), point);
    if (increment && increment->buckets != nullptr) buckets = *increment->buckets;
    points.take();
    return increment;
  }
  // What it adds where its name was heard for long.
  std::int64_t counted(MetricPoint& point) {
    const std::int64_t added = value_of(take(point));
    return added + settled;
  }
  static std::int64_t value_of(const std::optional<Increment>& increment) {
    if (!increment || (increment->first && increment->retold)) return 0;
    return static_cast<std::int64_t>(increment->value.nanos / Fixed::kScale);
  }
  std::int64_t counter(const std::string& name, const Labels& labels, core::Duration at,
                       std::int64_t total, Time start = core::kDistantPast) {
    return counted(points.counter(named(name, labels), kBegin + at, total, start));
  }
  // A point each 15 s, of a total that is `total` at the beginning: what it adds after the first.
  std::int64_t run(const std::string& name, const Labels& labels, core::Duration from,
                   core::Duration to, std::int64_t total, std::int64_t rate) {
    std::int64_t sum = 0;
    for (core::Duration at = from; at <= to; at += 15s) {
      const std::int64_t added = counter(name, labels, at, total + rate * (at / 1s));
      if (at > from) sum += added;
    }
    return sum;
  }

  Points points;
  SeriesTable table;
  std::map<std::string, SeriesNumber> numbers;
  std::vector<std::int64_t> buckets;
  std::int64_t settled = 0;  // of the point before, with the last one
};

const Labels kA{{"replica", "a"}, {"v", "new"}};
const Labels kB{{"replica", "b"}, {"v", "new"}};

TEST_F(RenamesTest, AReplicaThatTakesOverGoesOnWithTheTotal) {
  for (const core::Duration gap : {core::Duration(4s), core::Duration(15s), core::Duration(2min)}) {
    table = SeriesTable();
    points = Points();
    numbers.clear();
    run("req", kA, 0s, 30min, 1'000'000, 200);
    EXPECT_EQ(counter("req", kB, 30min + gap, 1'000'000 + 200 * ((30min + gap) / 1s)), 0);
    const auto next = 30min + gap + 15s;
    const auto told =
        take(points.counter(named("req", kB), kBegin + next, 1'000'000 + 200 * (next / 1s)));
    ASSERT_TRUE(told);
    EXPECT_FALSE(told->first);
    EXPECT_TRUE(told->measured);
    EXPECT_EQ(told->start, kBegin + 30min) << "where the other ended";
    EXPECT_EQ(told->value, Fixed::from_int(200 * ((gap + 15s) / 1s)));
  }
}

TEST_F(RenamesTest, OneThatComesBackGoesOnWithWhatTheOtherHad) {
  run("req", kA, 0s, 30min, 1'000'000, 200);
  run("req", kB, 30min + 40s, 60min, 1'000'000, 200);
  const auto added = counter("req", kA, 61min, 1'000'000 + 200 * 3660);
  EXPECT_EQ(added, 200 * (61min - (30min + 40s + 15s * 117)) / 1s);
  run("req", kA, 61min, 90min, 1'000'000, 200);
  EXPECT_EQ(counter("req", kB, 91min, 1'000'000 + 200 * 5460), 200 * 60) << "and again";
}

TEST_F(RenamesTest, APodThatIsNewCountsWhole) {
  run("req", {{"pod", "a"}}, 0s, 30min, 0, 200);
  EXPECT_EQ(counter("req", {{"pod", "b"}}, 30min + 20s, 2'000), 2'000);
  EXPECT_EQ(counter("req", {{"pod", "b"}}, 30min + 35s, 5'000), 3'000);
}

// Pods of one age have totals that are near: the other goes on, so it is another.
TEST_F(RenamesTest, APodThatBeganBesideAnotherCountsWhole) {
  std::int64_t sum = 0;
  for (core::Duration at = 0s; at <= 10min; at += 15s) {
    counter("req", {{"pod", "a"}}, at + 10s, 200 * ((at + 10s) / 1s));
    if (at >= 1min) sum += counter("req", {{"pod", "b"}}, at + 11s, 220 * ((at + 11s) / 1s));
  }
  EXPECT_EQ(sum, 220 * 611);
}

// The first point when it came, and what came since: a pod that is older than a rollout has told
// the seconds between.
TEST_F(RenamesTest, WhatWaitedCountsWhereItCame) {
  const Labels timeout{{"type", "timeout"}}, refused{{"type", "refused"}};
  for (const Time start : {core::kDistantPast, kBegin - 1h}) {
    table = SeriesTable();
    points = Points();
    numbers.clear();
    for (core::Duration at = 0s; at <= 30min; at += 15s) {
      counter("err", timeout, at, at / 44s, start);
    }
    EXPECT_EQ(counter("err", refused, 30min + 7s, 45, start), 0);
    counter("err", timeout, 30min + 15s, 41, start);
    MetricPoint& next = points.counter(named("err", refused), kBegin + 30min + 22s, 47, start);
    table.learn(points.batch());
    const auto first = table.settle(points.batch(), next);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->end, kBegin + 30min + 7s);
    EXPECT_EQ(first->value, Fixed::from_int(45));
    EXPECT_EQ(first->start, start == core::kDistantPast ? first->end : start);
    const auto more = take(next);
    ASSERT_TRUE(more);
    EXPECT_EQ(more->value, Fixed::from_int(2));
    EXPECT_EQ(more->start, kBegin + 30min + 7s);
    EXPECT_TRUE(more->measured);
  }
}

TEST_F(RenamesTest, AnErrorThatIsNewCountsWholeWhileItsNamesakeLives) {
  const Labels timeout{{"type", "timeout"}}, gone{{"type", "db_gone"}};
  for (core::Duration at = 0s; at <= 30min; at += 15s) counter("err", timeout, at, at / 44s);
  EXPECT_EQ(counter("err", gone, 30min, 39), 39) << "less than the other: at once";
  const Labels refused{{"type", "refused"}};
  EXPECT_EQ(counter("err", refused, 30min + 7s, 45), 0) << "may be the other";
  counter("err", timeout, 30min + 15s, 41);
  EXPECT_EQ(counter("err", refused, 30min + 22s, 47), 47) << "the other lives";
}

// Of a thousand label sets most have one error: there is always another that had as many.
TEST_F(RenamesTest, FewCountWholeUnlessTheirChangeIsKnown) {
  for (const bool replica : {false, true}) {
    table = SeriesTable();
    points = Points();
    numbers.clear();
    run("req", kA, 0s, 30min, 1'000'000, 200);
    run("err", kA, 0s, 30min, 3, 0);
    if (replica) run("req", kB, 30min + 30s, 30min + 30s, 1'000'000, 200);
    EXPECT_EQ(counter("err", kB, 30min + 30s, 3), replica ? 0 : 3);
    EXPECT_EQ(counter("err", kB, 30min + 45s, 4), 1);
  }
}

TEST_F(RenamesTest, TwoNamesThatChangeAlikeAreWitnessesOfEachOther) {
  for (const bool both : {false, true}) {
    table = SeriesTable();
    points = Points();
    numbers.clear();
    run("req", kA, 0s, 30min, 500, 0);
    run("err", kA, 0s, 30min, 40, 0);
    if (both) counter("req", kB, 31min, 501);
    EXPECT_EQ(counter("err", kB, 31min, 41), 0);
    EXPECT_EQ(counter("err", kB, 31min + 15s, 42), both ? 2 : 42);
  }
}

TEST_F(RenamesTest, ASecondReplicaBesideTheFirstIsABase) {
  run("req", kA, 0s, 30min, 1'000'000, 200);
  std::int64_t sum = 0;
  for (core::Duration at = 30min; at <= 40min; at += 15s) {
    sum += counter("req", kB, at + 7s, 1'000'000 + 200 * ((at + 7s) / 1s));
    EXPECT_EQ(counter("req", kA, at + 15s, 1'000'000 + 200 * ((at + 15s) / 1s)), 200 * 15);
  }
  EXPECT_NEAR(static_cast<double>(sum), 200 * 600, 200 * 15);
}

// Errors that began while the replica changed count, without those of before.
TEST_F(RenamesTest, ABurstWhileTheReplicaChangesIsCountedWithoutTheLifeBefore) {
  run("err", kA, 0s, 30min, 50'000, 0);
  counter("err", kB, 31min, 50'600);
  EXPECT_EQ(counter("err", kB, 31min + 15s, 50'900), 900);
}

TEST_F(RenamesTest, AProcessThatBeganAnewAfterItWasRenamedIsAReset) {
  run("req", kA, 0s, 30min, 1'000'000, 200);
  run("req", kB, 30min + 15s, 40min, 1'000'000, 200);
  EXPECT_EQ(counter("req", kB, 40min + 15s, 700), 700);
  EXPECT_EQ(counter("req", kB, 40min + 30s, 900), 200);
}

// Each lives for minutes, and fails as often as the one before while it begins.
TEST_F(RenamesTest, PodsThatFailAlikeOneAfterTheOtherCountEach) {
  std::int64_t sum = 0;
  for (int pod = 0; pod < 5; ++pod) {
    for (core::Duration at = 0s; at <= 5min; at += 15s) {
      sum += counter("err", {{"pod", std::to_string(pod)}}, pod * 6min + at, 300);
    }
  }
  EXPECT_EQ(sum, 5 * 300);
  for (int pod = 5; pod < 10; ++pod) {  // once a pod
    EXPECT_EQ(counter("err", {{"pod", std::to_string(pod)}}, 1h + pod * 15s, 5'000), 5'000);
  }
}

// Two pods behind one balancer, which fail alike from one moment on; each says so in two metrics.
TEST_F(RenamesTest, PodsThatFailAlikeAtOnceCountEach) {
  const auto tell = [&](const std::string& pod, core::Duration at, std::int64_t failed) {
    const Time start = kBegin - 1h + (pod == "a" ? 0s : 7s);
    std::int64_t added = 0;
    for (const char* name : {"ops", "secs"}) {
      counter(name, {{"code", "200"}, {"pod", pod}}, at, 50 * (at / 1s) + 180'000, start);
      if (failed == 0) continue;
      added += counter(name, {{"code", "504"}, {"pod", pod}}, at, failed, start);
    }
    return added;
  };
  std::int64_t added = 0, minute = 0;
  for (const std::int64_t failed : {0, 0, 0, 0, 0, 0, 124, 310, 400, 400, 400}) {
    added += tell("a", minute * 1min, failed);
    added += tell("b", minute * 1min + 20s, failed == 0 ? 0 : failed + 3);
    ++minute;
  }
  EXPECT_EQ(added, 2 * (400 + 403));
}

TEST_F(RenamesTest, LabelsThatChangeTogetherAreOneChange) {
  run("req", {{"instance", "1"}, {"pod", "a"}, {"v", "new"}}, 0s, 30min, 1'000'000, 200);
  run("req", {{"instance", "2"}, {"pod", "c"}, {"v", "new"}}, 0s, 30min, 3'000'000, 200);
  const Labels after{{"instance", "9"}, {"pod", "b"}, {"v", "new"}};
  counter("req", after, 31min, 1'000'000 + 200 * 1860);
  EXPECT_EQ(counter("req", after, 32min, 1'000'000 + 200 * 1920), 200 * 120);
}

TEST_F(RenamesTest, ALabelThatIsRenamedIsAChangeToo) {
  run("req", {{"pod", "a"}, {"v", "new"}}, 0s, 30min, 1'000'000, 200);
  const Labels after{{"pod_name", "a"}, {"v", "new"}};
  counter("req", after, 31min, 1'000'000 + 200 * 1860);
  EXPECT_EQ(counter("req", after, 32min, 1'000'000 + 200 * 1920), 200 * 120);
}

TEST_F(RenamesTest, AStartThatACollectorMadeUpSaysNothing) {
  for (core::Duration at = 0s; at <= 30min; at += 15s) {
    counter("req", kA, at, 1'000'000 + 200 * (at / 1s), kBegin - 1s);
  }
  const Time seen = kBegin + 30min;
  EXPECT_EQ(counter("req", kB, 30min + 15s, 1'363'000, seen), 0);
  EXPECT_EQ(counter("req", kB, 30min + 30s, 1'366'000, seen), 6'000);
  EXPECT_EQ(counter("req", kB, 30min + 45s, 1'369'000, seen), 3'000);
}

TEST_F(RenamesTest, AStartThatATotalFitsIsBelieved) {
  for (core::Duration at = 0s; at <= 60s; at += 15s) {
    counter("req", {{"pod", "a"}}, at, 200 * (at / 1s), kBegin - 1s);
  }
  const auto first =
      take(points.counter(named("req", {{"pod", "b"}}), kBegin + 65s, 13'000, kBegin + 1s));
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->first);
  EXPECT_EQ(first->value, Fixed::from_int(13'000));
}

TEST_F(RenamesTest, HistogramsGoOnWhereNoBucketFell) {
  const LayoutNumber layout = points.layout({5, 10});
  const auto give = [&](const Labels& labels, core::Duration at, std::vector<std::int64_t> total) {
    auto& point = points.histogram(PointKind::histogram, named("dur", labels), layout, kBegin + at,
                                   std::move(total));
    return take(point);
  };
  for (std::int64_t i = 0; i <= 120; ++i) give(kA, i * 15s, {9'000 + i, 900, 90});
  EXPECT_TRUE(give(kB, 31min, {9'124, 901, 90})->retold);
  EXPECT_EQ(give(kB, 31min + 15s, {9'125, 901, 91})->samples, 5 + 1 + 1);
  EXPECT_EQ(buckets, (std::vector<std::int64_t>{5, 1, 1}));
  // As many in all, but some bucket has less.
  const Labels other{{"replica", "c"}, {"v", "new"}};
  EXPECT_EQ(give(other, 32min, {9'900, 800, 95})->samples, 9'900 + 800 + 95);
}

TEST_F(RenamesTest, ExponentialHistogramsGoOnToo) {
  const auto give = [&](const Labels& labels, core::Duration at, const Exponential& total) {
    return take(
        points.exponential(PointKind::exponential, named("dur", labels), kBegin + at, total));
  };
  for (std::int64_t i = 0; i <= 120; ++i) give(kA, i * 15s, {4, 10, 0, 0, {9'000 + i, 900}});
  EXPECT_TRUE(give(kB, 31min, {4, 10, 0, 0, {9'124, 901}})->retold);
  EXPECT_EQ(give(kB, 31min + 15s, {3, 5, 0, 0, {10'027}})->samples, 7);
}

// A number without a type may be a level, which is not to be kept back.
TEST_F(RenamesTest, ALevelIsToldThoughItsTotalMayBeAnothers) {
  const auto give = [&](const Labels& labels, core::Duration at, std::int64_t value) {
    return take(points.add(PointKind::untyped, named("memory", labels), kBegin + at, value));
  };
  for (std::int64_t i = 0; i <= 120; ++i) give(kA, i * 15s, 5'000 + i);
  EXPECT_EQ(give(kB, 31min, 5'300)->level, Fixed::from_int(5'300));
  EXPECT_EQ(give(kB, 31min + 15s, 5'400)->level, Fixed::from_int(5'400));
}

TEST_F(RenamesTest, AFailoverWhileTheEngineIsDownIsToldFromTheCheckpoint) {
  run("req", kA, 0s, 30min, 1'000'000, 200);
  const std::string bytes = table.save();
  for (const bool waiting : {false, true}) {
    table = SeriesTable();
    points = Points();
    numbers.clear();
    ASSERT_TRUE(table.restore(bytes));
    counter("req", kB, 31min, 1'000'000 + 200 * 1860);
    if (waiting) {  // and again, between its two points
      const std::string again = table.save();
      table = SeriesTable();
      ASSERT_TRUE(table.restore(again));
      points = Points();
      numbers.clear();
      EXPECT_EQ(counter("req", kB, 31min + 15s, 1'000'000 + 200 * 1875), 0);
    }
    EXPECT_EQ(counter("req", kB, 31min + 30s, 1'000'000 + 200 * 1890), 200 * 90);
  }
}

// Whatever the moment, the gap and the counts: what is added is what came, but for what the last
// point has not told yet.
TEST_F(RenamesTest, NothingIsLostNorDoubledWheneverSeriesAreRenamed) {
  struct Process {
    std::int64_t pod = 0, replica = 0, total = 0, rate = 0, added = 0;
    core::Duration next{}, away{};
  };
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    table = SeriesTable();
    points = Points();
    numbers.clear();
    std::mt19937 random(seed);
    const auto below = [&](std::int64_t n) { return static_cast<std::int64_t>(random()) % n; };
    std::vector<Process> processes(8);
    for (std::size_t i = 0; i < processes.size(); ++i) {
      Process& process = processes[i];
      process.pod = static_cast<std::int64_t>(i);
      process.rate = 20 + below(200);
      process.total = 100'000 + below(10'000'000);
      process.next = core::Duration(below(15'000) * 1ms);
    }
    std::vector<std::int64_t> begun(processes.size(), -1);
    for (core::Duration now = 0s; now < 3h; now += 1s) {
      for (std::size_t i = 0; i < processes.size(); ++i) {
        Process& process = processes[i];
        process.total += below(2 * process.rate);
        if (now < process.next) continue;
        process.next += 15s;
        if (now > 20min && below(40) == 0) {
          ++process.replica;
          process.next += below(45) * 1s;
          continue;
        }
        const Labels labels{{"pod", std::to_string(process.pod)},
                            {"replica", std::to_string(process.replica)}};
        const std::int64_t added = counter("req", labels, now, process.total);
        if (begun[i] < 0) {
          begun[i] = process.total;
        } else {
          process.added += added;
        }
      }
    }
    for (std::size_t i = 0; i < processes.size(); ++i) {
      const Process& process = processes[i];
      const std::int64_t truth = process.total - begun[i];
      EXPECT_LE(process.added, truth) << seed;
      EXPECT_GE(process.added, truth - 2 * process.rate * 90) << seed << ": two scrapes and a gap";
    }
  }
}

// New pods and new errors, at random, among many that are alike: all of them count.
TEST_F(RenamesTest, NothingIsLostOfWhatIsNew) {
  for (std::uint32_t seed = 1; seed <= 100; ++seed) {
    table = SeriesTable();
    points = Points();
    numbers.clear();
    std::mt19937 random(seed);
    const auto below = [&](std::int64_t n) { return static_cast<std::int64_t>(random()) % n; };
    struct Series {
      Labels labels;
      core::Duration next{}, until{};
      std::int64_t total = 0, rate = 0;
    };
    std::vector<Series> living;
    std::int64_t truth = 0, added = 0;
    for (core::Duration now = 0s; now < 1h; now += 1s) {
      if (below(10) == 0) {
        living.push_back(
            {{{"pod", std::to_string(living.size())}, {"type", std::to_string(below(3))}},
             now + below(15) * 1s,
             now + 1min + below(900) * 1s,
             below(60),
             below(2)});
      }
      for (Series& one : living) {
        if (now > one.until || now < one.next) continue;
        one.next += 15s;
        const std::int64_t more = below(3) * one.rate;
        one.total += more;
        added += counter("err", one.labels, now, one.total);
      }
    }
    for (const Series& one : living) truth += one.total;
    EXPECT_LE(added, truth) << seed;
    EXPECT_GE(added, truth - truth / 50) << seed;
  }
}

}  // namespace
}  // namespace rollbook::runtime::tests
