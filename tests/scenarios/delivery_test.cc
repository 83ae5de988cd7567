// Guards of every kind over metrics that are delivered as they are in life: a healthy canary is
// never stopped but for silence that a stop asks about, and a broken one always is, and soon.

#include "tests/scenarios/delivery.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/core/sentence.h"
#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Duration;
using Break = Delivery::Break;

struct Guard {
  const char* text;
  Break found;  // what it must find
};
constexpr Guard kGuards[] = {
    {"stop error_rate > 1% over 5m", Break::errors},
    {"stop error_rate > 1% with confidence 99%", Break::errors},
    {"stop error_rate > baseline.error_rate * 300% with confidence 99%", Break::errors},
    {"stop p99(latency) > 50ms over 5m", Break::slow},
    {"stop p99(latency) > 50ms with confidence 99%", Break::slow},
    {"stop canary.p99(latency) > baseline.p99(latency) * 200% over 5m", Break::slow},
    {"stop canary.p99(latency) > baseline.p99(latency) * 200% with confidence 99%", Break::slow},
    {"stop order_rate < baseline.order_rate * 50% over 5m", Break::no_orders},
    {"stop rate(orders) < 2/s over 5m", Break::no_orders},
    {"stop canary.rate(orders) < baseline.rate(orders) * 10% over 5m", Break::no_orders},
    {"stop rate(requests) > 250/s over 5m", Break::flood},
    {"stop count(requests) > 75000 over 5m", Break::flood},
};

std::string runbook(const std::string& guards) {
  return text_of({.before = "metric orders = counter ord\nmetric order_rate = orders / requests\n",
                  .guard = guards,
                  .stages = "stage canary {\n traffic 20%\n hold 12h\n}\n"});
}

// `fewest` of them, or as many as ROLLBOOK_SEEDS says, from ROLLBOOK_FIRST_SEED on.
struct Seeds {
  std::uint64_t first = 1, end = 1;
};
Seeds seeds(std::uint64_t fewest) {
  const auto asked = [](const char* name, std::uint64_t otherwise) {
    const char* value = std::getenv(name);
    return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
  };
  const std::uint64_t first = asked("ROLLBOOK_FIRST_SEED", 1);
  return {first, first + asked("ROLLBOOK_SEEDS", fewest)};
}

std::int64_t refused(const Rehearsal& r) {
  std::int64_t points = 0;
  for (const core::Event& event : r.events()) {
    if (const auto* seen = std::get_if<core::Observed>(&event.body)) points += seen->refused;
  }
  return points;
}

bool was_stopped(const Rehearsal& r) { return r.state() != "canary.hold.wait"; }

TEST(Delivery, AHealthyCanaryIsNeverStoppedButForSilence) {
  std::string all;
  for (const Guard& guard : kGuards) all += std::string(guard.text) + "\n";
  std::uint64_t silent = 0, stopped = 0;
  const Seeds played = seeds(8);
  for (std::uint64_t seed = played.first; seed < played.end; ++seed) {
    const bool asks = seed % 3 == 0;
    Rehearsal r(runbook(all + (asks ? "stop absent(requests) for 3m\n" : "")));
    Delivery delivery(r, seed);
    delivery.start();
    delivery.run_for(4h);
    EXPECT_EQ(refused(r), 0) << "what comes twice is no other sender, seed " << seed;
    if (!was_stopped(r)) continue;
    ++stopped;
    const std::string why = r.because("rollback.automatic.shift");
    if (asks && why.find("absent(requests)") != std::string::npos) {
      ++silent;
      continue;
    }
    ADD_FAILURE() << "seed " << seed << " at " << core::duration_text(r.elapsed()) << ": " << why
                  << "\n"
                  << delivery.ills();
  }
  EXPECT_EQ(stopped, silent);
}

TEST(Delivery, ABrokenCanaryIsStoppedByEachGuard) {
  constexpr Duration kSoon = 45min;
  const Seeds played = seeds(2 * std::size(kGuards));
  for (std::uint64_t seed = played.first; seed < played.end; ++seed) {
    const Guard& guard = kGuards[seed % std::size(kGuards)];
    Rehearsal r(runbook(std::string(guard.text) + "\n"));
    Delivery delivery(r, seed);
    delivery.start();
    delivery.run_for(std::chrono::minutes(5 + seed * 7 % 120));
    EXPECT_FALSE(was_stopped(r)) << "too early, seed " << seed << ": "
                                 << r.because("rollback.automatic.shift");
    delivery.breaks = guard.found;
    const Duration from = r.elapsed();
    delivery.run_for(kSoon);
    EXPECT_TRUE(was_stopped(r)) << guard.text << " did not stop seed " << seed << " within "
                                << core::duration_text(kSoon) << " from "
                                << core::duration_text(from) << "\n"
                                << delivery.ills();
  }
}

}  // namespace
}  // namespace rollbook::tests
