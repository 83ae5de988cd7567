#pragma once
// StreamContexts: what telling an event of a stream needs, read from the log once per stream. For
// the publisher's thread and for programs that only read. One thread.

#include <functional>
#include <map>
#include <memory>

#include "adapters/wire/event_json.h"
#include "engine/runtime/event_log.h"

namespace rollbook::adapters {

class StreamContexts {
 public:
  explicit StreamContexts(const runtime::EventLog& log) : log_(log) {}

  // Error: the log's; or a stream that does not begin with RolloutStarted.
  core::Result<const EventContext*> of(core::StreamId stream);

 private:
  struct Entry {
    std::shared_ptr<const runtime::Plan> plan;
    EventContext context;
  };
  const runtime::EventLog& log_;
  std::map<core::StreamId, Entry> entries_;
  std::map<core::Digest, std::weak_ptr<const runtime::Plan>> plans_;
};

}  // namespace rollbook::adapters
