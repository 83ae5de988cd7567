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

// Every change of a verdict or of the condition under it, with what it was judged by, in order of
// event time. Criteria of different series that change at one instant have no order among them:
// each is judged when its own points are there. For the same reason only the stop counts of the
// instant that ends the hold: what else would have changed in it may be read after it.
std::vector<std::string> verdicts(const Rehearsal& r, Duration after) {
  std::vector<std::pair<core::Time, std::string>> found;
  for (const core::Event& event : r.events()) {
    const auto* changed = std::get_if<core::VerdictChanged>(&event.body);
    if (changed == nullptr || event.time <= r.kBegin + after) continue;
    const core::Reading& reading = changed->reading;
    std::ostringstream line;
    line << r.machine().at(changed->criterion).id << " " << static_cast<int>(reading.verdict)
         << static_cast<int>(reading.raw) << static_cast<int>(reading.missing) << " "
         << (reading.value ? core::decimal_text(*reading.value) : "-") << " in " << reading.samples
         << " at " << core::duration_text(reading.at - r.kBegin);
    found.emplace_back(reading.at, line.str());
  }
  std::sort(found.begin(), found.end());
  if (r.state() != "canary.hold.wait" && !found.empty()) {
    const core::Time last = found.back().first;
    std::erase_if(found, [&](const auto& line) {
      return line.first == last && line.second.find(" 22") == std::string::npos;
    });
  }
  std::vector<std::string> lines;
  for (auto& [at, line] : found) lines.push_back(std::move(line));
  return lines;
}

// Half an hour of a service with fits: errors and slow answers that come, go and stay. Every fourth
// is too mild for the guard.
struct Weather {
  std::mt19937 random;
  bool mild;
  explicit Weather(unsigned seed) : random(seed), mild(seed % 4 == 0) {}
  void blow(Rehearsal& r) {
    const auto one_in = [&](unsigned n) { return random() % n == 0; };
    if (one_in(6)) r.add("err", kNew, static_cast<std::int64_t>(random() % (mild ? 150 : 400)));
    if (one_in(15) && !mild) {
      const auto slow = static_cast<std::int64_t>(random() % 8);
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
  for (unsigned seed = 1; seed <= 40; ++seed) {
    const auto wanted = live(seed, 0);
    EXPECT_GT(wanted.size(), 0U);
    stopped += !wanted.empty() && wanted.back().find(" 22") != std::string::npos;
    for (const std::size_t points_a_turn : {0U, 1U, 7U, 64U}) {
      EXPECT_EQ(backlog(seed, points_a_turn), wanted) << seed << ", " << points_a_turn << " a turn";
    }
  }
  EXPECT_GT(stopped, 3U);
  EXPECT_LT(stopped, 40U);
}

TEST(Backlog, TheLiveStreamIsJudgedAlikeAtEveryTurnSize) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    const auto wanted = live(seed, 0);
    for (const std::size_t points_a_turn : {1U, 2U, 3U}) {
      EXPECT_EQ(live(seed, points_a_turn), wanted) << seed << ", " << points_a_turn << " a turn";
    }
  }
}

}  // namespace
}  // namespace rollbook::tests
