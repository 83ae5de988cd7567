// Canonical bytes of the states: equal states, equal bytes; damage is refused, never misread.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>

#include "tests/engine/stage_machine.h"

namespace rollbook::core::tests {
namespace {

constexpr Time kBeginOfTime{};

// A state with something in every field that a rollout can fill.
Drive busy_drive() {
  Drive drive;
  drive.to("canary.decide");
  drive.decide("proceed", "dev", "ann");
  Command pause = drive.command(Verb::pause);
  pause.duration = 1h;
  drive.obey(pause);
  drive.decide("back", "ops", "bob");
  drive.pass(90s);
  drive.state.offsets = {{"metrics", 0, 17}, {"metrics", 1, -1}};
  drive.state.shares_offsets = {{"metrics", 0, 16}};
  drive.state.breakdowns = {{{{"oom", "/pay"}, {"", "\0"}}, {{false, {Cell{}}}, {true, {}}}}};
  drive.state.metrics[0].bounds = {Fixed::from_nanos(5), Fixed{Int128{-1} << 90}};
  drive.state.readings[0].low = Fixed::from_int(-3);
  drive.state.readings[0].high = Fixed::from_int(kValueMax);
  drive.state.windows[0].total.buckets = {1, -1, INT64_MAX, INT64_MIN};
  return drive;
}

TEST(Archive, ARolloutsStateComesBackAsItWas) {
  const Drive drive = busy_drive();
  const auto decoded = decode_rollout_state(encode(drive.state));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(*decoded, drive.state);
  EXPECT_EQ(encode(*decoded), encode(drive.state));
  EXPECT_EQ(hash(*decoded), hash(drive.state));
}

TEST(Archive, AShardsStateComesBackAsItWas) {
  const Drive drive = busy_drive();
  const auto decoded = decode_shard_state(encode(drive.shard));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, drive.shard);
}

TEST(Archive, AnEmptyStateComesBack) {
  EXPECT_EQ(*decode_rollout_state(encode(RolloutState{})), RolloutState{});
  EXPECT_EQ(*decode_shard_state(encode(ShardState{})), ShardState{});
}

TEST(Archive, BytesCutShortAreRefusedAtEveryLength) {
  const Drive drive = busy_drive();
  const std::string bytes = encode(drive.state);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(decode_rollout_state(std::string_view(bytes).substr(0, length))) << length;
  }
  const std::string shard = encode(drive.shard);
  for (std::size_t length = 0; length < shard.size(); ++length) {
    EXPECT_FALSE(decode_shard_state(std::string_view(shard).substr(0, length))) << length;
  }
}

TEST(Archive, BytesTooManyAreRefused) {
  const auto decoded = decode_rollout_state(encode(busy_drive().state) + '\0');
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().message, "the bytes of the state are damaged");
}

TEST(Archive, AnotherFormatIsRefusedByName) {
  std::string bytes = encode(RolloutState{});
  bytes[0] = 99;
  const auto decoded = decode_rollout_state(bytes);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().message, "the bytes are a state of another format");
}

// A flipped bit is refused, or read as another state: never as the same, and never with a crash or
// an allocation that the bytes do not warrant.
TEST(Archive, AFlippedBitIsNeverReadAsTheSameState) {
  const Drive drive = busy_drive();
  const std::string bytes = encode(drive.state);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      const auto decoded = decode_rollout_state(flipped);
      if (!decoded) continue;
      EXPECT_FALSE(*decoded == drive.state) << "byte " << at << ", bit " << bit;
    }
  }
}

RC_GTEST_PROP(Archive, AnyBytesAreReadOrRefused, (const std::string& noise)) {
  std::string bytes = noise;
  bytes.insert(bytes.begin(), '\1');
  const auto decoded = decode_rollout_state(bytes);
  if (decoded) RC_ASSERT(*decode_rollout_state(encode(*decoded)) == *decoded);
  const auto shard = decode_shard_state(bytes);
  if (shard) RC_ASSERT(*decode_shard_state(encode(*shard)) == *shard);
}

// Every field changes the bytes: none is forgotten.
TEST(Archive, EveryFieldOfAStateChangesItsBytes) {
  const RolloutState plain = busy_drive().state;
  const std::vector<std::function<void(RolloutState&)>> changes{
      [](RolloutState& s) { s.id += "x"; },
      [](RolloutState& s) { ++s.stream.value; },
      [](RolloutState& s) { s.service += "x"; },
      [](RolloutState& s) { s.version += "x"; },
      [](RolloutState& s) { s.digest += "x"; },
      [](RolloutState& s) { s.limits.grace += 1ns; },
      [](RolloutState& s) { s.limits.skew += 1ns; },
      [](RolloutState& s) { s.limits.stale_after += 1ns; },
      [](RolloutState& s) { s.limits.effect_deadline += 1ns; },
      [](RolloutState& s) { ++s.semantics; },
      [](RolloutState& s) { s.started += 1ns; },
      [](RolloutState& s) { s.now += 1ns; },
      [](RolloutState& s) { ++s.last.value; },
      [](RolloutState& s) { ++s.active.value; },
      [](RolloutState& s) { s.outcome = Outcome::aborted; },
      [](RolloutState& s) { s.entered += 1ns; },
      [](RolloutState& s) { ++s.entered_by.value; },
      [](RolloutState& s) { s.because += "x"; },
      [](RolloutState& s) { s.breach += "x"; },
      [](RolloutState& s) { s.breach_criterion = CriterionIndex{2}; },
      [](RolloutState& s) { ++s.rollback_rank; },
      [](RolloutState& s) { s.paused = !s.paused; },
      [](RolloutState& s) { s.paused_until = kBeginOfTime; },
      [](RolloutState& s) { s.halted = !s.halted; },
      [](RolloutState& s) { s.halted_because += "x"; },
      [](RolloutState& s) { s.irreversible = !s.irreversible; },
      [](RolloutState& s) { s.stages_open.insert(StateIndex{77}); },
      [](RolloutState& s) { s.resume_to = StateIndex{78}; },
      [](RolloutState& s) { s.resuming = !s.resuming; },
      [](RolloutState& s) { s.ramp_to = Weight{79}; },
      [](RolloutState& s) { s.sight = Sight::unreachable; },
      [](RolloutState& s) { s.sight_since += 1ns; },
      [](RolloutState& s) { s.quiet_since += 1ns; },
      [](RolloutState& s) { ++s.settled.nanos; },
      [](RolloutState& s) { ++s.settled_order; },
      [](RolloutState& s) { ++s.requested.nanos; },
      [](RolloutState& s) { s.shifted = !s.shifted; },
      [](RolloutState& s) { s.guard_floor += 1ns; },
      [](RolloutState& s) { s.shift_floor += 1ns; },
      [](RolloutState& s) { s.first_settled += 1ns; },
      [](RolloutState& s) { s.whole_from += 1ns; },
      [](RolloutState& s) { s.clocks[0].elapsed += 1ns; },
      [](RolloutState& s) { s.clocks[0].mark = kBeginOfTime; },
      [](RolloutState& s) { s.clocks[0].extra += 1ns; },
      [](RolloutState& s) { s.series[0].seen = !s.series[0].seen; },
      [](RolloutState& s) { s.series[0].watermark += 1ns; },
      [](RolloutState& s) { s.series[0].arrival += 1ns; },
      [](RolloutState& s) { s.series[0].clashed = kBeginOfTime; },
      [](RolloutState& s) { s.series[0].stale = !s.series[0].stale; },
      [](RolloutState& s) { s.series[0].behind = !s.series[0].behind; },
      [](RolloutState& s) {
        s.series[0].gaps = {{kBeginOfTime, kBeginOfTime + 1h}};
      },
      [](RolloutState& s) { s.metrics[0].named = kBeginOfTime; },
      [](RolloutState& s) { s.metrics[0].bounds.pop_back(); },
      [](RolloutState& s) { s.windows[0].cells.pop_back(); },
      [](RolloutState& s) { s.windows[0].cells[0].end += 1ns; },
      [](RolloutState& s) { s.windows[0].cells[0].latest += 1ns; },
      [](RolloutState& s) { ++s.windows[0].cells[0].value.nanos; },
      [](RolloutState& s) { ++s.windows[0].cells[0].samples; },
      [](RolloutState& s) { s.windows[0].total.buckets[1] = 7; },
      [](RolloutState& s) { s.tests[0].cut += 1ns; },
      [](RolloutState& s) { s.tests[0].counts = {1}; },
      [](RolloutState& s) { s.tests[0].logs = {-1}; },
      [](RolloutState& s) {
        s.tests[0].starts = {{1, 2, {3}, {4}}};
      },
      [](RolloutState& s) {
        s.tests[0].starts = {{1, 2, {3}, {5}}};
      },
      [](RolloutState& s) { ++s.tests[0].spread.steps; },
      [](RolloutState& s) { ++s.tests[0].spread.eventful; },
      [](RolloutState& s) { ++s.tests[0].spread.judged_events; },
      [](RolloutState& s) { ++s.tests[0].spread.other_events; },
      [](RolloutState& s) { ++s.tests[0].spread.last_judged.events; },
      [](RolloutState& s) { ++s.tests[0].spread.last_other.exposure; },
      [](RolloutState& s) { ++s.tests[0].spread.pair_events; },
      [](RolloutState& s) { ++s.tests[0].spread.pair_exposure; },
      [](RolloutState& s) { ++s.tests[0].spread.differences.nanos; },
      [](RolloutState& s) { ++s.tests[0].spread.first_events; },
      [](RolloutState& s) { ++s.tests[0].spread.squares.nanos; },
      [](RolloutState& s) { s.tests[0].stepped += 1ns; },
      [](RolloutState& s) { ++s.tests[0].at_step.exposure; },
      [](RolloutState& s) { s.tests[0].edge = Fixed{1}; },
      [](RolloutState& s) { s.tests[0].batches.length += 1ns; },
      [](RolloutState& s) { s.tests[0].batches.end += 1ns; },
      [](RolloutState& s) { ++s.tests[0].batches.at_end.exposure; },
      [](RolloutState& s) {
        s.tests[0].batches.over = {{1, 2}};
      },
      [](RolloutState& s) { s.readings[0].limit = Fixed{1}; },
      [](RolloutState& s) { s.readings[0].evidence = Evidence{}; },
      [](RolloutState& s) { s.readings[0].evidence.emplace().statistic = 1; },
      [](RolloutState& s) { s.readings[0].evidence.emplace().logs = {1}; },
      [](RolloutState& s) { s.readings[0].evidence.emplace().shared_by = 2; },
      [](RolloutState& s) { s.readings[0].evidence.emplace().edges.emplace(); },
      [](RolloutState& s) {
        s.readings[0].evidence.emplace().edges.emplace().other_high = Edge{Fixed{1}, 2, 3};
      },
      [](RolloutState& s) {
        s.readings[0].evidence.emplace().edges.emplace().contrary_pair = {Edge{Fixed{1}, 2, 3}};
      },
      [](RolloutState& s) { s.readings[0].verdict = Verdict::fail; },
      [](RolloutState& s) { s.readings[0].missing = Missing::stale; },
      [](RolloutState& s) { s.readings[0].raw = Raw::true_; },
      [](RolloutState& s) { s.readings[0].value = Fixed{7}; },
      [](RolloutState& s) { s.readings[0].low.reset(); },
      [](RolloutState& s) { s.readings[0].high.reset(); },
      [](RolloutState& s) { ++s.readings[0].samples; },
      [](RolloutState& s) { s.readings[0].at += 1ns; },
      [](RolloutState& s) { s.readings[0].seen += 1ns; },
      [](RolloutState& s) { s.readings[0].held += 1ns; },
      [](RolloutState& s) { s.readings[0].since = kBeginOfTime; },
      [](RolloutState& s) { ++s.judged[0].value; },
      [](RolloutState& s) { s.turned[0] += 1ns; },
      [](RolloutState& s) {
        s.questions.push_back({Sequence{9}, kVerdict, {{"dev", "ann", true, 1}}, {0, 1}});
      },
      [](RolloutState& s) { s.effects.erase(s.effects.begin()); },
      [](RolloutState& s) { ++s.effects.begin()->second.attempts; },
      [](RolloutState& s) { s.effects.begin()->second.retry_at = kBeginOfTime; },
      [](RolloutState& s) { s.effects.begin()->second.rollback ^= true; },
      [](RolloutState& s) { ++s.extensions[0]; },
      [](RolloutState& s) { s.ramp->last_requested += 1ns; },
      [](RolloutState& s) { s.ramp.reset(); },
      [](RolloutState& s) { s.ramp_over = 1min; },
      [](RolloutState& s) { s.offsets[1].topic += "x"; },
      [](RolloutState& s) { ++s.offsets[1].partition; },
      [](RolloutState& s) { ++s.offsets[1].next; },
      [](RolloutState& s) {
        s.commands.insert({"cli", "new"});
      },
      [](RolloutState& s) { s.readings[0].kinds = {"type=\"oom\" 7"}; },
      [](RolloutState& s) { s.breakdowns[0].sets[0][1] += "x"; },
      [](RolloutState& s) { s.breakdowns[0].kinds[0].known = true; },
      [](RolloutState& s) { s.breakdowns[0].kinds[0].cells[0].end += 1ns; },
      [](RolloutState& s) { ++s.shares_offsets[0].next; },
      [](RolloutState& s) { ++s.late; },
      [](RolloutState& s) { ++s.quarantined; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    RolloutState changed = plain;
    changes[i](changed);
    EXPECT_FALSE(changed == plain) << i;
    EXPECT_NE(encode(changed), encode(plain)) << i;
    EXPECT_TRUE(*decode_rollout_state(encode(changed)) == changed) << i;
  }
}

}  // namespace
}  // namespace rollbook::core::tests
