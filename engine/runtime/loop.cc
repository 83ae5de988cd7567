#include "engine/runtime/loop.h"

#include <algorithm>

#include "engine/runtime/bytes.h"

namespace rollbook::runtime {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kTurnBytes = 256 << 10;  // of points: turns of about 5 ms
constexpr core::Duration kHeartbeat = 1s;

bool reached(const std::vector<core::SourceOffset>& read, const core::SourceOffset& target) {
  if (target.next <= 0) return true;
  return std::any_of(read.begin(), read.end(), [&](const core::SourceOffset& offset) {
    return offset.topic == target.topic && offset.partition == target.partition &&
           offset.next >= target.next;
  });
}

}  // namespace

Loop::Loop(Shard& shard, InputQueue& queue, LoopHooks hooks)
    : shard_(shard), queue_(queue), hooks_(std::move(hooks)), time_(shard.last_time()) {
  last_turn_ = time_.now();
}

core::Result<std::optional<core::Time>> Loop::last_heartbeat(const EventLog& log) {
  TRY(const auto value, log.value("heartbeat"));
  if (!value) return std::optional<core::Time>{};
  BytesReader bytes(*value);
  return std::optional<core::Time>{bytes.time()};
}

core::Result<Position> Loop::published(const EventLog& log) {
  TRY(const auto value, log.value("published"));
  if (!value) return Position{};
  BytesReader bytes(*value);
  return Position{bytes.number()};
}

core::Result<std::optional<TooLarge>> Loop::last_too_large(const EventLog& log) {
  TRY(const auto value, log.value("too_large"));
  if (!value) return std::optional<TooLarge>{};
  BytesReader bytes(*value);
  const core::Time at = bytes.time();
  return std::optional<TooLarge>{TooLarge{at, bytes.text()}};
}

void Loop::wake(std::optional<core::Time> heartbeat, std::vector<core::SourceOffset> ends) {
  const core::Time now = time_.now();
  if (heartbeat && *heartbeat < now) shard_.wake(core::EngineGap{*heartbeat, now}, now);
  catch_up(std::move(ends));
}

void Loop::catch_up(std::vector<core::SourceOffset> ends) {
  targets_ = std::move(ends);
  awaiting_ends_ = false;
  shard_.sight(core::Sight::catching_up, time_.now());
  look_whether_caught_up();
}

void Loop::look_whether_caught_up() {
  if (shard_.sight() != core::Sight::catching_up || awaiting_ends_ || !reachable_) return;
  if (time_.now() < held_until_) return;
  std::vector<core::SourceOffset> read = shard_.metric_offsets();
  const auto commands = shard_.command_offsets();
  read.insert(read.end(), commands.begin(), commands.end());
  for (const core::SourceOffset& target : targets_) {
    if (!reached(read, target)) return;
  }
  targets_.clear();
  shard_.sight(core::Sight::live, time_.now());
}

void Loop::take(UrgentInput input) {
  const core::Time now = time_.now();
  if (auto* command = std::get_if<CommandInput>(&input)) {
    shard_.command(*command, now);
  } else if (const auto* delivered = std::get_if<DeliveredInput>(&input)) {
    shard_.delivered(delivered->key, now);
  } else if (const auto* reach = std::get_if<ReachInput>(&input)) {
    if (reach->reachable == reachable_) return;
    reachable_ = reach->reachable;
    if (!reachable_) {
      shard_.sight(core::Sight::unreachable, now);
    } else {
      // What was missed must be read before anything is judged by its silence.
      shard_.sight(core::Sight::catching_up, now);
      awaiting_ends_ = true;
      if (hooks_.ask_ends) hooks_.ask_ends();
    }
  } else if (auto* ends = std::get_if<EndsInput>(&input)) {
    if (reachable_) catch_up(std::move(ends->ends));
  } else if (const auto* skipped = std::get_if<SkippedInput>(&input)) {
    shard_.command_read(skipped->position);
  } else if (const auto* gap = std::get_if<GapInput>(&input)) {
    if (gap->commands) shard_.commands_go_on({gap->gap.topic, gap->gap.partition, gap->gap.to});
    shard_.gap(core::Miss{gap->gap, gap->commands}, now);
  } else if (const auto* large = std::get_if<TooLargeInput>(&input)) {
    Bytes bytes;
    bytes.time(now);
    bytes.text(large->what);
    shard_.remember(Value{"too_large", std::move(bytes.data)});
    if (large->row) shard_.undeliverable(*large->row, large->effect, large->what, now);
  } else if (const auto* published = std::get_if<PublishedInput>(&input)) {
    published_ = std::max(published_, published->position);
  } else if (auto* recalled = std::get_if<RecalledInput>(&input)) {
    shard_.recall(std::move(*recalled->past), now);
  } else if (const auto* read = std::get_if<ReadSoFarInput>(&input)) {
    shard_.read_so_far(read->stream, read->so_far);
  } else if (auto* fatal = std::get_if<FatalInput>(&input)) {
    fatal_ = std::move(fatal->error);
  }
}

// A stall of the loop is a gap like a restart; a wall clock that left engine time is a step.
void Loop::watch_clock(core::Time now) {
  if (now - last_turn_ > core::kStall) {
    shard_.wake(core::EngineGap{last_turn_, now}, now);
    if (reachable_ && hooks_.ask_ends) {
      shard_.sight(core::Sight::catching_up, now);
      awaiting_ends_ = true;
      hooks_.ask_ends();
    }
  }
  if (const auto step = time_.step(core::kClockStep)) shard_.clock_step(*step, now);
}

core::Duration Loop::wait_until_due() const {
  const core::Time now = time_.now();
  const core::Time due = std::min(shard_.next_deadline(), heartbeat_at_);
  return std::clamp<core::Duration>(due - now, 0ns, kHeartbeat);
}

core::Status Loop::turn(InputQueue::Drained drained) {
  watch_clock(time_.now());
  for (UrgentInput& input : drained.urgent) take(std::move(input));
  if (fatal_) return tl::make_unexpected(*fatal_);
  for (const PointBatch& batch : drained.points) shard_.points(batch, time_.now());
  look_whether_caught_up();
  const core::Time now = time_.now();
  shard_.tick(now);
  if (now >= heartbeat_at_) {
    heartbeat_at_ = now + kHeartbeat;
    Bytes bytes;
    bytes.time(now);
    shard_.remember(Value{"heartbeat", std::move(bytes.data)});
    Bytes cursor;
    cursor.number(published_.value);
    shard_.remember(Value{"published", std::move(cursor.data)});
  }
  TRY(const Committed committed, shard_.commit(now));
  if (hooks_.on_committed) hooks_.on_committed(committed);
  if (hooks_.on_turn) hooks_.on_turn(shard_, now);
  return {};
}

core::Status Loop::run() {
  last_turn_ = time_.now();
  while (true) {
    InputQueue::Drained drained = queue_.drain(wait_until_due(), kTurnBytes);
    const bool closed = drained.closed;
    TRY_DO(turn(std::move(drained)));
    // After the turn: waiting for the disk is no stall of what was seen.
    last_turn_ = time_.now();
    if (closed) return {};
  }
}

}  // namespace rollbook::runtime
