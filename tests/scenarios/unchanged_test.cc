// A rate that is held against its own past: how many come, not when whoever counts them says so.

#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

constexpr const char* kGate = "canary.expect[1]";

std::string selling(const std::string& gate) {
  return text_of(
      {.before = "metric orders = counter ord\n",
       .guard = "stop absent(requests) for 30m\n",
       .stages = "stage ready { hold 35m }\nstage canary {\n traffic 50%\n hold 2h\n expect " +
                 gate + "\n within 1h otherwise halt\n}\n",
       .success = "finish traffic 50%\n"});
}

// Two pods that export at moments of their own.
class Orders {
 public:
  explicit Orders(Rehearsal& r) : r_(r) { healthy(r_); }
  void come(core::Duration duration, int per_second) {
    for (const core::Time end = r_.now() + duration; r_.now() < end;) {
      r_.run_for(8s);
      point("a", 15 * per_second / 2, 15s);
      r_.run_for(7s);
      untold_ += 15 * per_second / 2;
      untold_for_ += 15s;
      if (away) continue;
      point("b", std::exchange(untold_, 0), std::exchange(untold_for_, core::Duration::zero()));
    }
  }
  // Until the gate says something, at most so long.
  std::optional<core::Duration> until_judged(core::Duration most, int per_second) {
    const core::Time from = r_.now();
    while (r_.now() < from + most) {
      come(15s, per_second);
      const core::Verdict verdict = r_.reading(kGate).verdict;
      if (verdict == core::Verdict::pass || verdict == core::Verdict::fail) return r_.now() - from;
    }
    return std::nullopt;
  }
  // `b` is not heard, and tells all of it later.
  bool away = false;

 private:
  void point(const std::string& pod, std::int64_t count, core::Duration span) {
    r_.point("ord", {{"v", "old"}, {"pod", pod}}, count, 0s, runtime::PointKind::counter_delta,
             span);
  }
  Rehearsal& r_;
  std::int64_t untold_ = 0;
  core::Duration untold_for_{};
};

TEST(Unchanged, IsARateWhosePanesAreShorterThanTheExports) {
  for (const char* gate : {"rate(orders) unchanged from previous 30m by at most 10%",
                           "count(orders) unchanged from previous 30m by at most 10%"}) {
    Rehearsal r(selling(gate));
    Orders orders(r);
    r.start();
    orders.come(36min, 60);
    ASSERT_EQ(r.state(), "canary.hold.wait");
    ASSERT_TRUE(orders.until_judged(15min, 60)) << gate;
    EXPECT_EQ(r.reading(kGate).verdict, core::Verdict::pass) << gate;
    EXPECT_LT(r.reading(kGate).evidence->dispersion, core::Fixed::from_int(10)) << gate;
  }
}

TEST(Unchanged, IsNoRateThatFallsWithTheShift) {
  Rehearsal r(selling("rate(orders) unchanged from previous 30m by at most 10%"));
  Orders orders(r);
  r.start();
  orders.come(35min + 15s, 60);
  ASSERT_EQ(r.state(), "canary.hold.wait");
  ASSERT_TRUE(orders.until_judged(10min, 40));
  EXPECT_EQ(r.reading(kGate).verdict, core::Verdict::fail);
}

// A sender that missed a scrape is waited for; one that was away for longer is not, and what it had
// counted comes for panes that have been judged.
TEST(Unchanged, IsARateOfWhichOneOfTwoSendersTellsLate) {
  for (const core::Duration late : {15s, 120s}) {
    Rehearsal r(selling("rate(orders) unchanged from previous 30m by at most 10%"));
    Orders orders(r);
    r.start();
    orders.come(56min, 60);
    ASSERT_EQ(r.reading(kGate).verdict, core::Verdict::pass);
    for (int i = 0; i < 6; ++i) {
      orders.away = true;
      orders.come(late, 60);
      orders.away = false;
      orders.come(5min, 60);
      EXPECT_NE(r.reading(kGate).verdict, core::Verdict::fail);
    }
    EXPECT_EQ(r.reading(kGate).value->nanos / core::Fixed::kScale, 60) << "nothing was lost";
    if (late == 15s) {
      EXPECT_EQ(r.reading(kGate).verdict, core::Verdict::pass);
    }
  }
}

}  // namespace
}  // namespace rollbook::tests
