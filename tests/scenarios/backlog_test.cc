// A backlog is judged as the live stream was: the same points give the same verdicts, with the
// same values at the same event times, however they are cut into turns and however late they come.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <sstream>

#include "engine/core/sentence.h"
#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Duration;

const Labels kNew{{"v", "new"}};

const std::string& watched() {
  static const std::string text =
      text_of({.guard = "stop error_rate > 3% over 5m for 2m\nstop error_rate > 20% over 1m\n"
                        "stop p99(latency) > 50ms over 5m for 4m\nstop absent(requests) for 3m\n",
               .stages = "stage canary {\n traffic 20%\n hold 24h\n"
                         " expect error_rate < 0.5% over 5m\n expect p99(latency) < 20ms over 1m\n"
                         " within 4h otherwise decide verdict\n}\n"});
  return text;
}

// Every change of a verdict or of the condition under it, with what it was judged by. Within one
// instant of event time the criteria have no order: in a turn of one point each speaks with its
// own last point, and of two stops that come true at once the first to speak rolls back.
std::vector<std::string> verdicts(const Rehearsal& r, Duration after) {
  std::vector<std::pair<core::Time, std::string>> changes;
  core::Time stopped = core::kDistantFuture;
  for (const core::Event& event : r.events()) {
    const auto* changed = std::get_if<core::VerdictChanged>(&event.body);
    if (changed == nullptr || event.time <= r.kBegin + after) continue;
    const core::Reading& reading = changed->reading;
    if (reading.verdict == core::Verdict::fail &&
        r.machine().at(changed->criterion).kind == core::CriterionKind::stop) {
      stopped = std::min(stopped, reading.at);
    }
    std::ostringstream line;
    line << r.machine().at(changed->criterion).id << " " << static_cast<int>(reading.verdict)
         << static_cast<int>(reading.raw) << static_cast<int>(reading.missing) << " "
         << (reading.value ? core::decimal_text(*reading.value) : "-") << " in " << reading.samples
         << " at " << core::duration_text(reading.at - r.kBegin);
    changes.emplace_back(reading.at, line.str());
  }
  std::sort(changes.begin(), changes.end());
  std::vector<std::string> lines;
  for (auto& [at, line] : changes) {
    if (at < stopped) lines.push_back(std::move(line));
  }
  if (stopped != core::kDistantFuture) {
    lines.push_back("stopped at " + core::duration_text(stopped - r.kBegin));
  }
  return lines;
}

// Half an hour of a service with fits: errors and slow answers that come, go and stay.
struct Weather {
  std::mt19937 random;
  explicit Weather(unsigned seed) : random(seed) {}
  void blow(Rehearsal& r) {
    const auto one_in = [&](unsigned n) { return random() % n == 0; };
    if (one_in(6)) r.add("err", kNew, static_cast<std::int64_t>(random() % 300));
    if (one_in(15)) {
      const auto slow = static_cast<std::int64_t>(random() % 4);
      r.histogram("dur", kNew, {5, 10, 20, 50}, {60, 40 - slow, 0, slow / 2, slow - slow / 2});
    }
  }
};

void begin(Rehearsal& r) {
  r.counter("err", kNew, 0);
  healthy(r);
  r.start();
  r.run_for(10min);
}

std::vector<std::string> live(unsigned seed, std::size_t points_a_turn) {
  Rehearsal r(watched());
  begin(r);
  r.points_a_turn = points_a_turn;
  Weather weather(seed);
  for (int i = 0; i < 120 && r.state() == "canary.hold.wait"; ++i) {
    weather.blow(r);
    r.run_for(15s);
  }
  return verdicts(r, 10min);
}

std::vector<std::string> backlog(unsigned seed, std::size_t points_a_turn) {
  Rehearsal r(watched());
  begin(r);
  r.points_a_turn = points_a_turn;
  Weather weather(seed);
  r.hoard();  // the topic fills while nobody reads
  for (int i = 0; i < 120; ++i) {
    weather.blow(r);
    r.run_for(15s);
  }
  r.release();
  return verdicts(r, 10min);
}

TEST(Backlog, IsJudgedAsTheLiveStreamWas) {
  std::size_t stopped = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const auto wanted = live(seed, 0);
    EXPECT_GT(wanted.size(), 0U);
    stopped += !wanted.empty() && wanted.back().starts_with("stopped");
    for (const std::size_t points_a_turn : {0U, 1U, 7U, 64U}) {
      EXPECT_EQ(backlog(seed, points_a_turn), wanted) << seed << ", " << points_a_turn << " a turn";
    }
  }
  EXPECT_GT(stopped, 3U);
  EXPECT_LT(stopped, 20U);
}

TEST(Backlog, TheLiveStreamIsJudgedAlikeAtEveryTurnSize) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    const auto wanted = live(seed, 0);
    for (const std::size_t points_a_turn : {1U, 2U, 3U}) {
      EXPECT_EQ(live(seed, points_a_turn), wanted) << seed << ", " << points_a_turn << " a turn";
    }
  }
}

}  // namespace
}  // namespace rollbook::tests
