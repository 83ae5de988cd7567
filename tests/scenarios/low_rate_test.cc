// A rate that is too low: of what is silent while nothing happens, silence is what it looks for; of
// what was not heard, or has only begun to count, nothing is known.

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

const Labels kNew{{"v", "new"}}, kOld{{"v", "old"}};
constexpr const char* kBack = "rollback.automatic.shift";
constexpr const char* kHold = "canary.hold.wait";

std::string selling(const std::string& stop) {
  return text_of({.before = "metric sales = counter sold default 0\n",
                  .guard = stop + "\nstop absent(requests) for 30m\n",
                  .stages = "stage canary {\n traffic 50%\n hold 2h\n}\n",
                  .success = "finish traffic 50%\n"});
}

// An SDK that sends deltas says nothing where nothing was sold.
class Sales {
 public:
  explicit Sales(Rehearsal& r) : r_(r) {
    r_.scrape_every = 15s;
    healthy(r_);
  }
  void sell(core::Duration duration, int canary, int baseline, core::Duration every = 15s) {
    for (const core::Time end = r_.now() + duration; r_.now() < end && !r_.rollout().finished();) {
      r_.run_for(every);
      if (canary > 0) point(kNew, canary);
      if (baseline > 0) point(kOld, baseline);
    }
  }

 private:
  void point(const Labels& arm, int count) {
    r_.point("sold", arm, count, 0s, runtime::PointKind::counter_delta, 15s);
  }
  Rehearsal& r_;
};

TEST(LowRate, OfASilenceThatMeansZeroIsFoundHoweverSeldomSomethingComes) {
  for (const core::Duration every : {4min, 10min}) {
    Rehearsal r(selling("stop rate(sales) < 3/m over 10m"));
    Sales sales(r);
    r.start();
    sales.sell(30min, 3, 3);
    ASSERT_EQ(r.state(), kHold);
    sales.sell(30min, 1, 3, every);
    EXPECT_EQ(r.state(), "rolled_back");
  }
}

TEST(LowRate, OfNothingAtAllIsZeroForAsLongAsTheArmIsHeard) {
  for (const char* stop : {"stop rate(sales) < 3/m over 10m", "stop count(sales) < 30 over 10m",
                           "stop canary.rate(sales) < baseline.rate(sales) * 25% over 10m"}) {
    Rehearsal r(selling(stop));
    Sales sales(r);
    r.start();
    sales.sell(30min, 3, 3);
    ASSERT_EQ(r.state(), kHold) << stop;
    const core::Duration stopped = r.elapsed();
    sales.sell(15min, 0, 3);
    EXPECT_EQ(r.state(), "rolled_back") << stop;
    EXPECT_LE(r.entered(kBack), stopped + 10min + 15s) << stop;
  }
}

TEST(LowRate, OfWhatWasNeverSoldIsZeroToo) {
  Rehearsal r(selling("stop rate(sales) < 3/m over 10m"));
  Sales sales(r);
  r.start();
  sales.sell(20min, 0, 3);
  EXPECT_EQ(r.state(), "rolled_back");
}

TEST(LowRate, OfASparseBaselineHoldsNoCanaryBackThatSellsNothing) {
  Rehearsal r(selling("stop canary.rate(sales) < baseline.rate(sales) * 50% over 30m"));
  Sales sales(r);
  r.start();
  sales.sell(50min, 1, 1, 4min);
  ASSERT_EQ(r.state(), kHold);
  sales.sell(35min, 0, 1, 4min);
  EXPECT_EQ(r.state(), "rolled_back");
}

// The Collector was away, and nobody knows what was sold.
TEST(LowRate, AfterASilenceOfTheWholeArmIsWaitedFor) {
  Rehearsal r(selling("stop rate(sales) < 3/m over 10m"));
  Sales sales(r);
  r.start();
  sales.sell(30min, 3, 3);
  r.silence();
  r.run_for(8min);
  r.speak();
  sales.sell(1h, 3, 3);
  EXPECT_EQ(r.state(), kHold);
}

// Exactly ten a second: at the end of the hold the window still lacks what they had begun to count
// before the shift.
TEST(LowRate, AReviewWaitsForTheFirstWindowThatHoldsAllOfWhatCame) {
  Rehearsal r(text_of({.guard = "stop absent(requests) for 30m\n",
                       .stages = "stage canary {\n traffic 50%\n hold 5m\n"
                                 " expect rate(requests) > 9/s over 5m\n"
                                 " within 20m otherwise rollback automatic\n}\n",
                       .success = "finish traffic 50%\n"}));
  // Ten pods that count one a second each; one of them is scraped every six seconds.
  const auto serve = [&](int from, int to) {
    for (int second = from; second < to && !r.rollout().finished(); second += 6) {
      r.run_for(6s);
      for (const char* arm : {"new", "old"}) {
        Rehearsal::Sent sent;
        sent.series = "req";
        sent.labels = {{"pod", std::to_string(second / 6 % 10)}, {"v", arm}};
        sent.end = r.now();
        sent.value = 100'000 + second;
        r.deliver({sent});
      }
    }
  };
  serve(0, 600);
  r.start();
  serve(600, 2400);
  EXPECT_EQ(r.state(), "succeeded");
}

}  // namespace
}  // namespace rollbook::tests
