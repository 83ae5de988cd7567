// Every decision of control flow is recomputed from the log alone, word for word.

#include "tools/recompute.h"

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::RollbackHow;
using core::Verb;

const Labels kNew{{"v", "new"}};

// All that a stage can do between its first shift and a step that cannot be taken back.
const std::string kEverything =
    text_of({.before = R"(action copy(phase: text) idempotent
  guard always {
    stop absent(compared) for 1h
    otherwise halt
  }
)",
             .guard = "stop error_rate > 10% over 1m\n"
                      "stop error_rate > 1% over 5m and error_rate > 0.5% over 30m\n"
                      "pause while error_rate > 0.3% over 5m\n",
             .stages = R"(guard {
    stop p99(latency) > 20ms over 5m
    otherwise halt
  }
  stage first {
    start copy(phase: "backfill")
    traffic 10%
    hold 30m and 100000 requests at most 8h { run copy(phase: "beside") within 10m }
    hold until copy at most 8h
    expect error_rate < 0.2% over 5m
    confirm "Fine" by ops
    within 4h otherwise halt
    undo { run copy(phase: "undone") within 5m }
  }
  stage second {
    traffic 20%
    run soak(phase: "contract") within 1h irreversible
    hold 1h
    within 4h otherwise halt
  }
)"});

void expect_recomputed(Rehearsal& r) {
  tools::Recompute recompute(r.log());
  const auto found = recompute.run({});
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_FALSE(found->has_value()) << (*found)->message;
  EXPECT_EQ(recompute.hashes().at("r1"), core::hash(r.rollout()));
}

void begin(Rehearsal& r) {
  healthy(r);
  r.counter("err", kNew, 0);
  r.counter("shadow", {}, 5);
  int failures = 2;
  r.settles = [failures](const core::EffectRequested& effect) mutable {
    const bool copies = effect.name == "copy";
    return Rehearsal::Settlement{.after = copies ? core::Duration(1min) : 200ms,
                                 .succeeds = !copies || failures-- <= 0};
  };
  r.start();
}

TEST(Recompute, AHaltAndItsResumption) {
  Rehearsal r(kEverything);
  begin(r);
  r.run_for(20min);
  r.add("err", kNew, 120);  // pauses itself
  r.run_for(10min);
  r.histogram("dur", kNew, {5, 10, 20, 50}, {0, 0, 0, 100, 0});
  r.run_for(10min);
  EXPECT_TRUE(r.rollout().halted);
  r.histogram("dur", kNew, {5, 10, 20, 50}, {60, 40, 0, 0, 0});
  r.run_for(10min);
  EXPECT_EQ(r.verb(Verb::promote), "halted");
  EXPECT_EQ(r.verb(Verb::resume), "");
  r.run_to("first.review");
  EXPECT_EQ(r.confirm("Fine", "ops", "ann", false), "");
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_EQ(r.confirm("Fine", "ops", "ann"), "");
  r.run_to("second.hold");
  EXPECT_EQ(r.verb(Verb::abort), "");
  EXPECT_EQ(r.rollback(RollbackHow::immediate), "irreversible");
  EXPECT_EQ(r.verb(Verb::resume), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  expect_recomputed(r);
}

TEST(Recompute, ARollbackInPartAndThenInWholeWithWhatIsUndone) {
  Rehearsal r(kEverything);
  begin(r);
  r.run_to("first.hold.wait");
  EXPECT_EQ(r.rollback_to(core::Weight{50'000'000}, RollbackHow::gradual, 3min), "");
  r.run_for(10min);
  EXPECT_EQ(r.verb(Verb::resume), "");
  r.run_to("first.hold");
  r.run_for(40min);
  r.add("err", kNew, 2000);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  expect_recomputed(r);
}

// What metrics have by their labels is logged once a minute, and before a rollback begins: in the
// middle of what one input brings about.
TEST(Recompute, ARollbackForAKindOfErrorsThatIsNew) {
  for (const bool by_hand : {false, true}) {
    Rehearsal r(text_by_labels("stop new(errors by type) at least 5 over 5m"));
    r.counter("req", {{"v", "new"}, {"endpoint", "/pay"}}, 100);
    r.counter("err", {{"v", "new"}, {"type", "timeout"}}, 1);
    r.counter("err", {{"v", "old"}, {"type", "timeout"}}, 1);
    r.start();
    r.run_for(20min + 20s);
    if (by_hand) {
      EXPECT_EQ(r.verb(Verb::rebalance), "");
      r.run_for(1min + 3s);
      EXPECT_EQ(r.verb(Verb::abort), "");
    } else {
      r.add("err", {{"v", "new"}, {"type", "oom"}}, 9);
    }
    r.run_to_end();
    EXPECT_EQ(r.state(), "rolled_back");
    expect_recomputed(r);
  }
}

// Halted for a cause that both arms share, waiting for the baseline, and the stop that acts when it
// alone recovers; and the same of silence.
TEST(Recompute, AVetoAndItsEnd) {
  for (const char* stop :
       {"stop error_rate > 1% with confidence 99%\n", "stop error_rate > 1% over 5m for 2m\n",
        "stop absent(requests) for 4m\n"}) {
    Rehearsal r(text_of({.guard = std::string(stop) + "when baseline fails too halt\n",
                         .stages = "stage canary {\n traffic 20%\n hold 6h\n}\n"}));
    healthy(r);
    r.start();
    r.run_for(20min);
    r.lag("req", {{"v", "old"}}, 4s);
    r.counter("err", kNew, 5);
    r.counter("err", {{"v", "old"}}, 45);
    if (std::string(stop).find("absent") != std::string::npos) r.silence();
    r.run_for(20min);
    ASSERT_TRUE(r.rollout().halted) << stop;
    r.speak();
    r.silence("req", kNew);
    r.counter("err", {{"v", "old"}}, 0);
    if (std::string(stop).find("absent") == std::string::npos) r.counter("req", kNew, 100);
    r.run_to_end();
    EXPECT_EQ(r.state(), "rolled_back") << stop;
    expect_recomputed(r);
  }
}

// What a step quotes is read again before it: of a gate whose verdict was known for an hour, and of
// one that ran out of time.
TEST(Recompute, AReviewThatEndsLongAfterItsVerdict) {
  for (const char* expect :
       {"error_rate < 0.5% with confidence 95%", "error_rate < 0.5% over 2h"}) {
    Rehearsal r(text_of({.guard = "stop error_rate > 50% over 5m\n",
                         .stages = "stage canary {\n traffic 20%\n hold 1h\n expect " +
                                   std::string(expect) +
                                   "\n within 20m otherwise rollback automatic\n}\n"}));
    healthy(r);
    r.counter("err", kNew, 2);
    r.start();
    r.run_for(10min);
    r.counter("err", kNew, 1);
    r.run_to_end();
    EXPECT_EQ(r.state(), "rolled_back");
    expect_recomputed(r);
  }
}

// Statistics of every kind that is held against something else, over silences short and long.
TEST(Recompute, TestsOfTwoArmsAndOfThePastOverGaps) {
  Rehearsal r(text_of(
      {.guard = "stop canary.p99(latency) > baseline.p99(latency) * 105% with confidence 99%\n"
                "stop error_rate > baseline.error_rate * 150% with confidence 99%\n",
       .stages = "stage canary {\n traffic 20%\n hold 5h\n"
                 " expect rate(requests) unchanged from previous 20m by at most 20%\n"
                 " expect error_rate unchanged from previous 20m by at most 50%\n"
                 " expect canary.p99(latency) <= baseline.p99(latency) * 105% with confidence 95%\n"
                 " expect traffic split as planned\n"
                 " within 4h otherwise halt\n}\n"}));
  healthy(r);
  r.histogram("dur", {{"v", "old"}}, {5, 10, 20, 50}, {540, 360, 0, 0, 0});
  r.counter("err", kNew, 1);
  r.counter("err", {{"v", "old"}}, 9);
  r.start();
  for (const core::Duration silence : {core::Duration(4min), core::Duration(35min)}) {
    r.run_for(50min);
    r.silence();
    r.run_for(silence);
    r.speak();
  }
  r.run_for(90min);
  EXPECT_EQ(r.reading("canary.expect[1]").verdict, core::Verdict::pass);
  r.histogram("dur", kNew, {5, 10, 20, 50}, {50, 30, 0, 20, 0});
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.verdicts("canary.expect[1]").find("fail"), std::string::npos);
  expect_recomputed(r);
}

// ---- What was altered -------------------------------------------------------------------------

// The same log with one event edited, as somebody writes it who makes the chain of hashes anew.
void copy_altered(const Rehearsal& r, core::Sequence which,
                  const std::function<void(core::Body&)>& edit, store::MemoryEventLog& copy) {
  const store::MemoryEventLog& log = const_cast<Rehearsal&>(r).log();
  const auto all = log.read_positions({}, r.events().size());
  ASSERT_TRUE(all.has_value() && all->size() == r.events().size());
  for (const runtime::StoredEvent& stored : *all) {
    runtime::Turn turn;
    turn.events = {stored.event};
    if (const auto* started = std::get_if<core::RolloutStarted>(&stored.event.body)) {
      turn.plans = {*log.plan(started->digest)};
    }
    if (stored.event.sequence == which) edit(turn.events[0].body);
    ASSERT_TRUE(
        copy.append(turn, [](const core::Event&,
                             std::string_view) { return std::optional<runtime::OutboxRow>(); })
            .has_value());
  }
}

// The sequence that replay objects to; 0: it has nothing against it.
std::uint64_t objection(const Rehearsal& r, core::Sequence which,
                        const std::function<void(core::Body&)>& edit) {
  store::MemoryEventLog copy;
  copy_altered(r, which, edit, copy);
  tools::Recompute recompute(copy);
  const auto found = recompute.run({});
  EXPECT_TRUE(found.has_value());
  if (!found || !found->has_value()) return 0;
  const std::string number = std::to_string((*found)->sequence.value);
  EXPECT_NE((*found)->message.find("event " + number + " "), std::string::npos);
  return (*found)->sequence.value;
}

// A number in the evidence of a body, where it has one, and what a millionth of a nat is of it.
struct Statistic {
  const char* what;
  std::int64_t micro_nat;
  std::function<std::int64_t*(core::Body&)> of;
};

core::Evidence* evidence_of(core::Body& body) {
  auto* changed = std::get_if<core::VerdictChanged>(&body);
  return changed != nullptr && changed->reading.evidence ? &*changed->reading.evidence : nullptr;
}

const std::vector<Statistic>& statistics() {
  const auto in_evidence = [](auto pick) {
    return [pick](core::Body& body) {
      core::Evidence* evidence = evidence_of(body);
      return evidence == nullptr ? nullptr : pick(*evidence);
    };
  };
  static const std::vector<Statistic> all{
      {"statistic", 1, in_evidence([](core::Evidence& e) { return &e.statistic; })},
      {"contrary", 1,
       in_evidence([](core::Evidence& e) { return e.contrary == 0 ? nullptr : &e.contrary; })},
      {"an edge's log", 1, in_evidence([](core::Evidence& e) {
         return e.edges && !e.edges->pair.empty() ? &e.edges->pair[0].log : nullptr;
       })},
      {"a sum of the evidence", 1'000'000,
       in_evidence([](core::Evidence& e) { return e.logs.empty() ? nullptr : &e.logs[0]; })},
      {"a sum that is carried on", 1'000'000,
       [](core::Body& body) -> std::int64_t* {
         auto* observed = std::get_if<core::Observed>(&body);
         return observed != nullptr && !observed->tests.empty() && !observed->tests[0].logs.empty()
                    ? &observed->tests[0].logs[0]
                    : nullptr;
       }},
  };
  return all;
}

// A rollout whose reviews and guards are proofs of every kind.
void play_proofs(Rehearsal& r) {
  healthy(r);
  r.histogram("dur", {{"v", "old"}}, {5, 10, 20, 50}, {540, 360, 0, 0, 0});
  r.counter("err", kNew, 1);
  r.counter("err", {{"v", "old"}}, 9);
  r.start();
  r.run_for(30min);
  r.counter("err", kNew, 60);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
}
const std::string kProofs = text_of(
    {.guard = "stop error_rate > 5% with confidence 99%\n"
              "stop error_rate > baseline.error_rate * 150% with confidence 99%\n",
     .stages = "stage canary {\n traffic 20%\n hold 2h\n"
               " expect error_rate < 5% with confidence 95%\n"
               " expect error_rate <= baseline.error_rate * 200% with confidence 95%\n"
               " expect canary.p99(latency) <= baseline.p99(latency) * 300% with confidence 95%\n"
               " within 4h otherwise halt\n}\n"});

// The last event that has the number; none: 0.
core::Sequence last_with(const Rehearsal& r, const Statistic& statistic) {
  core::Sequence last;
  for (core::Event event : r.events()) {
    if (event.stream != core::kShardStream && statistic.of(event.body) != nullptr) {
      last = event.sequence;
    }
  }
  return last;
}

TEST(Recompute, AStatisticThatWasAlteredByThreeMillionthsIsObjectedToAndByOneIsNot) {
  Rehearsal r(kProofs);
  play_proofs(r);
  expect_recomputed(r);
  for (const Statistic& statistic : statistics()) {
    const core::Sequence which = last_with(r, statistic);
    ASSERT_NE(which.value, 0U) << "nothing has " << statistic.what;
    for (const std::int64_t by : {-3, -2, -1, 1, 2, 3}) {
      const std::uint64_t objected = objection(
          r, which, [&](core::Body& body) { *statistic.of(body) += by * statistic.micro_nat; });
      EXPECT_EQ(objected, by == 3 || by == -3 ? which.value : 0) << statistic.what << " by " << by;
    }
  }
}

TEST(Recompute, AVerdictThatWasTurnedIsObjectedTo) {
  Rehearsal r(kProofs);
  play_proofs(r);
  std::size_t turned = 0;
  for (const core::Event& event : r.events()) {
    const auto* changed = std::get_if<core::VerdictChanged>(&event.body);
    if (changed == nullptr) continue;
    const auto turn = [](core::Body& body) {
      core::Reading& reading = std::get<core::VerdictChanged>(body).reading;
      reading.verdict =
          reading.verdict == core::Verdict::pass ? core::Verdict::fail : core::Verdict::pass;
    };
    EXPECT_EQ(objection(r, event.sequence, turn), event.sequence.value);
    ++turned;
  }
  EXPECT_GE(turned, 3U);
}

}  // namespace
}  // namespace rollbook::tests
