// What a step says of why it is taken is of the moment that it is taken.

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/core/sentence.h"
#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Sequence;
using core::Verdict;

const Labels kNew{{"v", "new"}}, kOld{{"v", "old"}};
constexpr const char* kBack = "rollback.automatic.shift";

std::string reviewed(const std::string& review, const std::string& hold) {
  return text_of({.guard = "stop error_rate > 50% over 5m\n",
                  .stages = "stage canary {\n traffic 20%\n hold " + hold + "\n" + review + "}\n"});
}

// What was logged of a criterion, and the last step into a state.
struct Logged {
  std::vector<core::VerdictChanged> readings;
  std::vector<Sequence> at, causes;
  core::Transitioned step;
  Sequence stepped, cause;

  const core::Reading& last() const { return readings.back().reading; }
};
// Up to that step.
Logged logged(const Rehearsal& r, const std::string& criterion, const std::string& state) {
  Logged logged, found;
  for (const core::Event& event : r.events()) {
    const auto* changed = std::get_if<core::VerdictChanged>(&event.body);
    if (changed != nullptr && r.machine().at(changed->criterion).id == criterion) {
      logged.readings.push_back(*changed);
      logged.at.push_back(event.sequence);
      logged.causes.push_back(event.cause);
    }
    const auto* moved = std::get_if<core::Transitioned>(&event.body);
    if (moved == nullptr || r.machine().at(moved->to).name != state) continue;
    found = logged;
    found.step = *moved;
    found.stepped = event.sequence;
    found.cause = event.cause;
  }
  EXPECT_FALSE(found.readings.empty()) << criterion << " before " << state;
  return found;
}
std::size_t times(const Logged& logged, Verdict verdict) {
  return static_cast<std::size_t>(
      std::count_if(logged.readings.begin(), logged.readings.end(),
                    [&](const auto& one) { return one.reading.verdict == verdict; }));
}
std::string quote(const Rehearsal& r, const core::VerdictChanged& read) {
  return core::sentence(r.machine(), r.machine().at(read.criterion), read.reading);
}

// ---- Gates
// ----------------------------------------------------------------------------------------

TEST(Reason, OfAGateIsWhatItReadsWhenItEnds) {
  Rehearsal r(
      reviewed(" expect error_rate < 0.5% with confidence 95%\n"
               " within 1h otherwise rollback automatic\n",
               "1h"));
  healthy(r);
  r.counter("err", kNew, 2);
  r.start();
  r.run_for(10min);
  r.counter("err", kNew, 1);
  r.run_to(kBack);
  const Logged gate = logged(r, "canary.expect[1]", kBack);
  // When it was proven, and when the hold was over: the log has nothing of the hour in between.
  ASSERT_EQ(times(gate, Verdict::fail), 2U);
  EXPECT_LT(gate.readings[gate.readings.size() - 2].reading.samples, 60'000);
  EXPECT_GT(gate.last().samples, 350'000);
  EXPECT_EQ(gate.step.because, "not met: " + quote(r, gate.readings.back()));
  EXPECT_EQ(gate.cause, gate.at.back());
  // Which in its turn came of the review's beginning.
  EXPECT_EQ(gate.causes.back(), logged(r, "canary.expect[1]", "canary.review.gate").stepped);
}

TEST(Reason, OfATimeThatRanOutIsWhatTheReviewLackedThen) {
  Rehearsal r(reviewed(
      " expect error_rate < 0.5% over 2h\n within 20m otherwise rollback automatic\n", "10m"));
  healthy(r);
  r.start();
  r.run_to(kBack);
  const Logged gate = logged(r, "canary.expect[1]", kBack);
  EXPECT_EQ(times(gate, Verdict::undecided), 2U);
  EXPECT_GT(gate.last().seen, 29min);
  EXPECT_NE(gate.step.because.find(quote(r, gate.readings.back()) + ", 29m"), std::string::npos)
      << gate.step.because;
}

TEST(Reason, IsNotLoggedTwiceWhereTheVerdictHasJustTurned) {
  Rehearsal r(reviewed("", "1h"));
  healthy(r);
  r.start();
  r.run_for(10min);
  r.counter("err", kNew, 80);
  r.run_to(kBack);
  const Logged stop = logged(r, "guard.stop[1]", kBack);
  EXPECT_EQ(times(stop, Verdict::fail), 1U);
  EXPECT_EQ(stop.cause, stop.at.back());
  EXPECT_EQ(stop.step.because, quote(r, stop.readings.back()));
}

// Two healthy hours say nothing of what was proven then.
TEST(Reason, OfAProofAgainstTheBaselineIsOfTheTimeThatProvesIt) {
  Rehearsal r(
      text_of({.guard = "stop canary.error_rate > baseline.error_rate * 200% with confidence 99%\n",
               .stages = "stage canary {\n traffic 20%\n hold 6h\n}\n"}));
  healthy(r);
  for (const Labels& arm : {kNew, kOld}) r.counter("req", arm, 1000);
  r.counter("err", kNew, 1);
  r.counter("err", kOld, 2);
  r.start();
  r.run_for(2h);
  r.counter("err", kNew, 100);
  r.run_to(kBack);
  const Logged stop = logged(r, "guard.stop[1]", kBack);
  const core::Reading& said = stop.last();
  EXPECT_GT(*said.value, core::Fixed{50'000'000});
  EXPECT_GT(*said.value, *said.limit);
  EXPECT_LT(said.samples, 200'000);
  ASSERT_EQ(said.evidence->counts.size(), 4U);
  EXPECT_EQ(said.evidence->counts[1], said.samples);
  EXPECT_EQ(stop.step.because, quote(r, stop.readings.back()));
}

// ---- Stops that were held back
// --------------------------------------------------------------------

std::string vetoed(const std::string& stop) {
  return text_of({.guard = stop + "\nwhen baseline fails too halt\n",
                  .stages = "stage canary {\n traffic 20%\n hold 6h\n}\n"});
}

void expect_quoted(const Rehearsal& r, const Logged& stop) {
  EXPECT_EQ(stop.step.because, quote(r, stop.readings.back()));
  EXPECT_EQ(stop.cause, stop.at.back());
  // The evidence of every message is what the state has.
  EXPECT_EQ(r.rollout().readings[stop.readings.back().criterion.value], stop.last());
  EXPECT_EQ(r.rollout().breach, stop.step.because);
}

TEST(Reason, OfAStopThatASharedCauseHeldBackIsOfTheMomentThatItActs) {
  Rehearsal r(vetoed("stop error_rate > 1% over 5m for 2m"));
  healthy(r);
  r.start();
  r.run_for(30min);
  r.counter("err", kNew, 5);
  r.counter("err", kOld, 45);
  r.run_for(20min);
  ASSERT_TRUE(r.rollout().halted);
  r.counter("err", kOld, 0);
  r.run_to(kBack, 3h);
  const Logged stop = logged(r, "guard.stop[1]", kBack);
  expect_quoted(r, stop);
  EXPECT_EQ(stop.last().value, core::Fixed::from_nanos(50'000'000));
  EXPECT_LT(stop.readings[stop.readings.size() - 2].reading.value,  // when both were halted
            core::Fixed::from_nanos(40'000'000));
  // And what let it act, beside it: the baseline is below its limit.
  const Logged baseline = logged(r, "guard.stop[1].baseline", kBack);
  EXPECT_EQ(baseline.last().verdict, Verdict::pass);
  EXPECT_GE(baseline.last().at, stop.last().at - 15s);
}

TEST(Reason, OfAStopThatWaitedForASilentBaselineIsOfTheMomentThatItActs) {
  Rehearsal r(vetoed("stop error_rate > 1% with confidence 99%"));
  healthy(r);
  r.start();
  r.run_for(30min);
  for (const char* series : {"req", "err", "dur"}) r.silence(series, kOld);
  r.counter("err", kNew, 20);
  r.run_to(kBack, 5min);
  const Logged stop = logged(r, "guard.stop[1]", kBack);
  ASSERT_EQ(times(stop, Verdict::fail), 2U);
  expect_quoted(r, stop);
  const core::Reading& turned = stop.readings[stop.readings.size() - 2].reading;
  EXPECT_GT(stop.last().at, turned.at + 1min);
  EXPECT_GT(stop.last().evidence->statistic, turned.evidence->statistic);
}

}  // namespace
}  // namespace rollbook::tests
