// The golden log: rows that format 1 once wrote (golden/format-1.txt), one event of every kind with
// every field set. They must decode to the same events for ever, and their chain must hold. A row
// is never changed; fields that come later stay at their defaults here.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "store/machine_codec.h"
#include "store/record.h"
#include "store/turn_writer.h"
#include "tests/paths.h"
#include "tests/store/log_fixture.h"

namespace rollbook::store {
namespace {

using namespace core;

constexpr const char* kFile = ROLLBOOK_SOURCE_DIR "/tests/store/golden/format-1.txt";

Time at(std::int64_t seconds, std::int64_t nanos = 0) {
  return Time{std::chrono::seconds(1'767'571'200 + seconds) + std::chrono::nanoseconds(nanos)};
}

Machine golden_machine() {
  Machine machine;
  machine.name = "hal9_canary";
  machine.title = "HAL 9 canary";
  machine.service = "hal9";
  machine.file = "hal9.runbook";
  machine.edition = 1;
  machine.roles = {"sre", "lead"};
  machine.arms = Arms{"system", "flat", "hierarchical"};
  machine.begins = Weight{1};
  machine.finishes = kAllTraffic;
  machine.pager = "pager";
  machine.metrics = {{"latency",
                      MetricKind::gauge,
                      GaugeFold::mean,
                      "hal9_seconds",
                      {{"region", MatchKind::not_matches, "test.*"}},
                      true,
                      true,
                      Fixed::from_nanos(1'000'000),
                      {"region"},
                      {1, 2, 3, 4}}};
  machine.series = {{MetricIndex{0}, Arm::total}};
  machine.windows = {
      {SeriesIndex{0}, std::chrono::minutes(5), std::chrono::seconds(1), Floor::shift}};
  Criterion criterion;
  criterion.id = "guard.stop[1]";
  criterion.text = "p99(latency) > 50ms over 5m";
  criterion.kind = CriterionKind::expect;
  criterion.measure = Measure::quantile;
  criterion.window = WindowIndex{0};
  criterion.denominator = WindowIndex{};
  criterion.series = SeriesIndex{0};
  criterion.quantile = Fixed::from_nanos(990'000'000);
  criterion.comparison = Comparison::greater_equal;
  criterion.limit = Fixed::from_nanos(50'000'000);
  criterion.sustain = std::chrono::minutes(2);
  criterion.at_least = 100;
  criterion.span = {5, 6, 7, 8};
  machine.criteria = {criterion};
  machine.items = {{ItemKind::decide,
                    "go_on",
                    {QuorumKind::at_least, 2, {"sre"}},
                    {{"extend", "wait", OptionKind::extend, std::chrono::hours(4), 2}},
                    ClockIndex{0},
                    {9, 1, 9, 2}}};
  machine.effects = {{EffectKind::page,
                      "p",
                      {{"k", "v"}},
                      {"ops", "pager"},
                      "{cause}",
                      "high",
                      Weight{5},
                      true,
                      std::chrono::minutes(5),
                      {10, 1, 10, 2}}};
  machine.clocks = {{"canary_5.hold",
                     ClockKind::steady,
                     std::chrono::hours(8),
                     StateIndex{0},
                     true,
                     true,
                     {EffectIndex{0}}}};
  State state;
  state.name = "canary_5.hold";
  state.stage = "canary_5";
  state.phase = Phase::done;
  state.kind = StateKind::final_;
  state.parent = StateIndex{};
  state.initial = StateIndex{0};
  state.outcome = Outcome::aborted;
  state.entry = {EffectIndex{0}};
  state.exit = {EffectIndex{0}, EffectIndex{0}};
  state.armed = {CriterionIndex{0}};
  state.asks = {ItemIndex{0}};
  state.gate = Gate{{CriterionIndex{0}}, {ItemIndex{0}}};
  state.ramp = Ramp{kAllTraffic, std::chrono::hours(1), std::chrono::minutes(1),
                    std::chrono::minutes(5), true};
  state.rollback_rank = 2;
  state.span = {11, 1, 12, 2};
  machine.states = {state};
  machine.transitions = {{StateIndex{0},
                          {TriggerKind::chosen, ClockIndex{0}, CriterionIndex{0}, ItemIndex{0}, 1},
                          StateIndex{0},
                          true,
                          true,
                          ClockIndex{0},
                          ClockIndex{0},
                          "extend",
                          {13, 1, 13, 2}}};
  machine.stages = {{"canary_5", StateIndex{0}, Weight{50'000'000}, ClockIndex{0}, ClockIndex{},
                     StateIndex{0}, 3}};
  return machine;
}

runtime::Plan golden_plan() {
  return {"16f0ad0dd3ee0e4bfbde0e3fd4f8cb77d1e5a5b2a7ef0ed0c2a5a7ee2a2b4c6d", "hal9.runbook",
          "edition 1 \xff", "edition 1", golden_machine()};
}

std::optional<runtime::OutboxRow> golden_render(const Event& event, std::string_view hash) {
  if (event.sequence.value != 6) return std::nullopt;
  return runtime::OutboxRow{event.stream,  event.sequence,
                            false,         "rollbook.effects",
                            "hal9-7f3k2q", "hal9-7f3k2q/6/" + std::string(hash),
                            "{}"};
}

Command golden_command() {
  Command command;
  command.key = {"ops/cli", "c-81"};
  command.verb = Verb::rollback;
  command.rollout = "hal9-7f3k2q";
  command.actor = "maria";
  command.reason = "p99 looks wrong \xff";
  command.sent = at(-3, 5);
  command.item = "people told";
  command.role = "sre";
  command.yes = false;
  command.question = 12;
  command.option = "next";
  command.duration = std::chrono::minutes(30);
  command.how = RollbackHow::gradual;
  command.to = Weight{50'000'000};
  command.target = "prod";
  command.effect = "hal9-7f3k2q/42/0a1b2c3d";
  command.succeeded = false;
  command.detail = "timeout";
  command.result = "{\"id\":7}";
  command.runbook = "edition 1";
  command.file = "hal9.runbook";
  command.params = {{"image", "sha256:1"}, {"", "x"}};
  command.version = "41";
  command.digest = std::string(64, 'd');
  command.weight = kAllTraffic;
  return command;
}

Observed golden_observed() {
  Observed observed;
  const Cell counter{at(9), at(8, 900'000'000), Fixed::from_int(12'345), 3, {}};
  const Cell histogram{
      at(10), at(10), Fixed::from_nanos(4'123'456'789), 1'000, {0, 900, 80, 15, -1}};
  const Cell huge{at(10, 7), kDistantPast, Fixed{-(Int128{1} << 100)}, -2, {}};
  observed.deltas = {{SeriesIndex{0}, Floor::start, counter},
                     {SeriesIndex{1}, Floor::shift, histogram},
                     {SeriesIndex{}, Floor::guard, huge}};
  observed.seen = {{SeriesIndex{1}, at(10), at(11, 1)}, {SeriesIndex{2}, kDistantPast, at(0)}};
  observed.names = {{MetricIndex{3}, at(1)}};
  observed.layouts = {{MetricIndex{1}, {Fixed::from_nanos(5'000'000), Fixed::from_int(1)}}};
  observed.offsets = {{"metrics", 0, 100}, {"metrics", 5, 101}, {"more", -1, INT64_MAX}};
  observed.stale = {SeriesIndex{2}};
  observed.late = 4;
  observed.quarantined = 5;
  return observed;
}

EffectRequested golden_effect() {
  EffectRequested effect;
  effect.kind = EffectKind::checkpoint;
  effect.spec = EffectIndex{6};
  effect.state = StateIndex{7};
  effect.name = "canary-25";
  effect.arguments = {{"weight", "25%"}};
  effect.channel = "ops";
  effect.text = "shifting";
  effect.severity = "high";
  effect.from = Weight{10};
  effect.to = Weight{250'000'000};
  effect.order = 1'767'571'200'000'001;
  effect.rollback = true;
  effect.deadline = at(300);
  effect.retry_of = Sequence{5};
  effect.cause_text = "the guard";
  effect.criterion = CriterionIndex{2};
  return effect;
}

std::vector<Body> golden_bodies() {
  RolloutStarted started;
  started.rollout = "hal9-7f3k2q";
  started.service = "hal9";
  started.runbook = "hal9_canary";
  started.version = "41";
  started.digest = golden_plan().digest;
  started.semantics = 1;
  started.limits = {std::chrono::seconds(10), std::chrono::seconds(11), std::chrono::seconds(150),
                    std::chrono::minutes(5)};
  started.weight = Weight{1};
  started.params = {{"a", "b"}};
  started.actor = "maria";
  started.reason = "release 41";
  started.command = {"ops/cli", "c-1"};
  Reading reading;
  reading.verdict = Verdict::fail;
  reading.missing = Missing::too_few;
  reading.raw = Raw::true_;
  reading.value = Fixed::from_nanos(12'400'000);
  reading.low = Fixed::from_nanos(-1);
  reading.high = Fixed{Int128{1} << 90};
  reading.samples = 15'021;
  reading.at = at(12);
  reading.seen = std::chrono::minutes(5);
  reading.held = std::chrono::seconds(30);
  reading.since = kDistantFuture;
  return {
      started,
      golden_observed(),
      VerdictChanged{CriterionIndex{1}, reading},
      Transitioned{TransitionIndex{4}, StateIndex{5}, StateIndex{6}, "errors above 0.1 %"},
      TimerFired{ClockIndex{3}},
      golden_effect(),
      EffectDelivered{Sequence{6}},
      EffectSettled{Sequence{6}, EffectOutcome::timed_out, "no answer", "[1]"},
      Commanded{golden_command()},
      Rejected{golden_command(), "late", "the deadline has passed"},
      Asked{ItemIndex{2}, at(86'400), {0, 2}},
      Confirmed{Sequence{11}, "sre", "jo", false},
      Decided{Sequence{11}, "lead", "al", 2},
      Paused{at(60)},
      Resumed{},
      RolloutFinished{Outcome::rolled_back, Weight{7}, "the guard"},
      EngineGap{at(1), at(2)},
      ClockStep{std::chrono::hours(-1)},
      SourceStatus{"bus", Sight::unreachable},
      SourceGap{"metrics", 3, 10, 20},
      Observed{},
      VerdictChanged{},
      EffectRequested{},
      Paused{},
      Asked{},
  };
}

std::vector<Event> golden_events() {
  std::vector<Event> events;
  for (Body& body : golden_bodies()) {
    const std::uint64_t sequence = events.size() + 1;
    events.push_back({{3},
                      {sequence},
                      at(static_cast<std::int64_t>(sequence), 17),
                      {sequence / 2},
                      std::move(body)});
  }
  return events;
}

// Lines of `table key value`, both in hex.
struct GoldenRow {
  std::string table, key, value;
};
std::string from_hex_text(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}
std::vector<GoldenRow> golden_rows() {
  std::ifstream file(kFile);
  EXPECT_TRUE(file) << kFile;
  std::vector<GoldenRow> rows;
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string table, key, value;
    if (words >> table >> key >> value) {
      rows.push_back({table, from_hex_text(key), from_hex_text(value)});
    }
  }
  return rows;
}

TEST(GoldenLog, decodes_to_the_same_events_for_ever) {
  const std::vector<Event> expected = golden_events();
  RowDecoder decoder;
  Sha256 sha;
  Hash previous = stream_seed({3});
  std::size_t found = 0;
  for (const GoldenRow& golden : golden_rows()) {
    if (golden.table != "events") continue;
    ASSERT_LT(found, expected.size());
    const Event& event = expected[found++];
    SCOPED_TRACE(place_of(event.stream, event.sequence));
    EXPECT_EQ(golden.key, event_key(event.stream, event.sequence).view());
    runtime::StoredEvent stored;
    const auto status = decoder.decode(event.stream, event.sequence, golden.value, stored);
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_EQ(stored.event, event);
    EXPECT_EQ(stored.position.value, event.sequence.value);
    EventRow row;
    ASSERT_TRUE(split_row(golden.value, row));
    previous = sha.of(previous, row.hashed);
    EXPECT_EQ(as_bytes(previous), row.hash);
  }
  EXPECT_EQ(found, expected.size());
}

TEST(GoldenLog, keeps_its_plan_and_the_hash_that_pins_it) {
  std::string plan_row, pinned;
  for (const GoldenRow& golden : golden_rows()) {
    EventRow row;
    if (golden.table == "plans") plan_row = golden.value;
    if (golden.table == "events" && pinned.empty() && split_row(golden.value, row)) {
      pinned = pinned_plan_hash(row);
    }
  }
  const auto expected = golden_plan();
  const auto plan = decode_plan(expected.digest, plan_row);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->file, expected.file);
  EXPECT_EQ(plan->source, expected.source);
  EXPECT_EQ(plan->expanded, expected.expanded);
  EXPECT_EQ(plan->machine, expected.machine);
  EXPECT_EQ(as_bytes(Sha256().of(plan_row)), pinned);
}

TEST(GoldenLog, keeps_its_positions_and_its_outbox) {
  std::uint64_t positions = 0;
  int outbox = 0;
  for (const GoldenRow& golden : golden_rows()) {
    if (golden.table == "positions") {
      PositionRow row;
      ASSERT_TRUE(decode_position(golden.value, row));
      EXPECT_EQ(row.stream, StreamId{3});
      EXPECT_EQ(row.sequence.value, ++positions);
    } else if (golden.table == "state") {
      const auto row = decode_outbox({{3}, {6}}, golden.value);
      ASSERT_TRUE(row) << row.error().message;
      EXPECT_EQ(row->topic, "rollbook.effects");
      EXPECT_FALSE(row->forward);
      ++outbox;
    }
  }
  EXPECT_EQ(positions, golden_events().size());
  EXPECT_EQ(outbox, 1);
}

// A turn as lines of the golden file.
class GoldenSink final : public TurnSink, public TurnSource {
 public:
  Result<Head> head(StreamId stream) const override { return Head{{}, stream_seed(stream)}; }
  Result<std::optional<std::string>> plan_row(const Hash&) const override { return std::nullopt; }
  void put_event(StreamId stream, Sequence sequence, std::string_view row) override {
    line("events", event_key(stream, sequence).view(), row);
  }
  void put_position(runtime::Position position, const PositionRow& row) override {
    line("positions", position_key(position).view(), encode_position(row).view());
  }
  void put_plan(const Hash& digest, std::string_view row) override {
    line("plans", as_bytes(digest), row);
  }
  void open_outbox(const runtime::OutboxRow& row) override {
    line("state", outbox_key(row.stream, row.sequence).view(), encode_outbox(row));
  }
  void close_outbox(runtime::OutboxKey) override {}
  void put_value(const runtime::Value&) override {}
  std::string text;

 private:
  void line(const std::string& table, std::string_view key, std::string_view value) {
    text += table + ' ' + to_hex(key) + ' ' + to_hex(value) + '\n';
  }
};

// Fields that are added later are left out at their defaults, so this holds for them too.
TEST(GoldenLog, is_still_written_byte_for_byte) {
  GoldenSink sink;
  TurnWriter writer(sink);
  ASSERT_TRUE(writer.write({golden_events(), {golden_plan()}, {}, {}}, golden_render, sink));
  std::ifstream file(kFile, std::ios::binary);
  std::ostringstream golden;
  golden << file.rdbuf();
  if (sink.text == golden.str()) return;
  const std::string now = ROLLBOOK_BINARY_DIR "/golden-now.txt";
  store::test::write_bytes(now, sink.text);
  FAIL() << "this version writes other bytes than " << kFile << " holds: see " << now;
}

}  // namespace
}  // namespace rollbook::store
