#pragma once
// Events of the log as JSON: the flat object that `rollbook log -o jsonl` prints, and the same
// inside a CloudEvent for the topic rollbook.events (contract.md, Events out).
//
//   EventContext context = context_of(started, machine);
//   event_json(context, stored)     {"rollout":"hal9-7f3k2q","sequence":42,"time":"…","type":…}
//   event_message(context, stored)  the message for the topic; nothing for `observed`

#include <functional>
#include <optional>
#include <string>

#include "engine/core/event.h"
#include "engine/core/machine.h"
#include "engine/runtime/bus.h"
#include "engine/runtime/event_log.h"

namespace rollbook::adapters {

// What an event needs of its rollout to be told. `machine` may be null (the shard's own stream);
// then its places are told by number.
struct EventContext {
  std::string rollout;
  std::string service;
  std::string version;
  const core::Machine* machine = nullptr;
  // An earlier event of the same stream, for what an event says by sequence only: the id of the
  // effect that settled, the option of a vote. May be empty: then the sequence is printed.
  std::function<std::optional<runtime::StoredEvent>(core::Sequence)> recall;
};
EventContext context_of(const core::RolloutStarted& started, const core::Machine& machine);

// `<rollout>/<sequence>/<8 hex digits>`, the id of an event and of the effect it requests.
std::string public_id(std::string_view rollout, core::Sequence sequence, std::string_view hash);
// A refusal in the shard's stream is told under the rollout that its command named, but it is no
// event of that rollout: it has no `sequence`, the number in its id is a `shard_sequence`.
std::string rollout_of(const EventContext& context, const core::Event& event);

// One line.
std::string event_json(const EventContext& context, const runtime::StoredEvent& stored);

// Key = rollout, id = public_id, type = dev.rollbook.<type>. Nothing for Observed.
std::optional<runtime::Outgoing> event_message(const std::string& topic,
                                               const EventContext& context,
                                               const runtime::StoredEvent& stored);

}  // namespace rollbook::adapters
