#include "store/turn_writer.h"

#include <algorithm>

#include "store/machine_codec.h"

namespace rollbook::store {

void TurnWriter::go_on_from(runtime::Position last, const Hash& last_hash, const Hash& global) {
  last_ = last;
  last_hash_ = last_hash;
  global_ = global;
}

core::Result<Head> TurnWriter::head_of(core::StreamId stream) {
  if (const auto staged = staged_.heads.find(stream.value); staged != staged_.heads.end()) {
    return staged->second;
  }
  if (const auto known = heads_.find(stream.value); known != heads_.end()) return known->second;
  return source_.head(stream);
}

core::Status TurnWriter::check_events(const runtime::Turn& turn) {
  for (const core::Event& event : turn.events) {
    TRY(Head head, head_of(event.stream));
    if (event.sequence.value != head.sequence.value + 1) {
      return core::fail(place_of(event.stream, event.sequence) + " cannot be appended: event " +
                        std::to_string(head.sequence.value + 1) + " is next there");
    }
    head.sequence = event.sequence;
    staged_.heads.insert_or_assign(event.stream.value, head);
  }
  return {};
}

core::Status TurnWriter::stage_plans(const runtime::Turn& turn) {
  for (const runtime::Plan& plan : turn.plans) {
    Hash digest;
    if (!from_hex(plan.digest, digest)) {
      return core::fail("plan `" + plan.digest + "` cannot be stored: a digest is 64 hex digits");
    }
    TRY(const auto stored, source_.plan_row(digest));
    if (!stored) staged_.new_plans.try_emplace(plan.digest, encode_plan(plan));
  }
  for (const core::Event& event : turn.events) {
    const auto* started = std::get_if<core::RolloutStarted>(&event.body);
    if (started != nullptr) TRY_DO(pin(started->digest));
  }
  return {};
}

core::Status TurnWriter::pin(const core::Digest& digest) {
  if (const auto plan = staged_.new_plans.find(digest); plan != staged_.new_plans.end()) {
    staged_.pins.insert_or_assign(digest, sha_.of(plan->second));
    return {};
  }
  Hash key;
  if (!from_hex(digest, key)) return {};
  TRY(const auto stored, source_.plan_row(key));
  if (stored) staged_.pins.insert_or_assign(digest, sha_.of(*stored));
  return {};
}

void TurnWriter::write_event(const core::Event& event, TurnSink& sink) {
  Head& head = staged_.heads.at(event.stream.value);
  const Hash* pinned = nullptr;
  if (const auto* started = std::get_if<core::RolloutStarted>(&event.body)) {
    const auto found = staged_.pins.find(started->digest);
    if (found != staged_.pins.end()) pinned = &found->second;
  }
  staged_.last.value += 1;
  sink.put_event(event.stream, event.sequence,
                 encoder_.encode(event, staged_.last, head.hash, pinned));
  head = {event.sequence, encoder_.hash()};
  const PositionRow position{event.stream, event.sequence, head.hash};
  sink.put_position(staged_.last, position);
  staged_.last_hash = head.hash;
  staged_.global = sha_.of(staged_.global, encode_position(position).view());
}

core::Result<runtime::Appended> TurnWriter::write(const runtime::Turn& turn,
                                                  const runtime::Render& render, TurnSink& sink) {
  staged_ = Staged{{}, {}, {}, last_, last_hash_, global_};
  TRY_DO(check_events(turn));
  TRY_DO(stage_plans(turn));

  for (const auto& [digest, row] : staged_.new_plans) {
    Hash key;
    ROLLBOOK_CHECK(from_hex(digest, key));
    sink.put_plan(key, row);
  }
  runtime::Appended appended;
  appended.hashes.reserve(turn.events.size());
  for (const core::Event& event : turn.events) {
    write_event(event, sink);
    appended.hashes.push_back(to_hex(as_bytes(staged_.last_hash).substr(0, 4)));
    std::optional<runtime::OutboxRow> row;
    if (render) row = render(event, appended.hashes.back());
    if (!row) continue;
    // A message cancelled in the turn that asks for it never goes out.
    const runtime::OutboxKey key{row->stream, row->sequence};
    if (std::find(turn.closed.begin(), turn.closed.end(), key) != turn.closed.end()) continue;
    sink.open_outbox(*row);
    appended.outbox.push_back(std::move(*row));
  }
  for (const runtime::OutboxKey& key : turn.closed) sink.close_outbox(key);
  for (const runtime::Value& value : turn.values) sink.put_value(value);
  appended.last = staged_.last;
  return appended;
}

void TurnWriter::commit() {
  for (const auto& [stream, head] : staged_.heads) heads_.insert_or_assign(stream, head);
  last_ = staged_.last;
  last_hash_ = staged_.last_hash;
  global_ = staged_.global;
}

}  // namespace rollbook::store
