#include "adapters/pump/stream_contexts.h"

namespace rollbook::adapters {
namespace {

// A publisher tells the latest streams; contexts of ten thousand others need not stay.
constexpr std::size_t kKept = 4096;

}  // namespace

core::Result<const EventContext*> StreamContexts::of(core::StreamId stream) {
  const auto known = entries_.find(stream);
  if (known != entries_.end()) return &known->second.context;
  if (entries_.size() >= kKept) entries_.clear();
  if (stream == core::kShardStream) return &entries_[stream].context;

  std::optional<core::RolloutStarted> started;
  TRY_DO(log_.read(stream, core::Sequence{1}, [&](const runtime::StoredEvent& stored) {
    if (const auto* body = std::get_if<core::RolloutStarted>(&stored.event.body)) started = *body;
    return false;
  }));
  if (!started) {
    return core::fail("stream " + std::to_string(stream.value) + " does not begin with a start");
  }
  auto& kept = plans_[started->digest];
  std::shared_ptr<const runtime::Plan> plan = kept.lock();
  if (!plan) {
    TRY(runtime::Plan stored, log_.plan(started->digest));
    plan = std::make_shared<const runtime::Plan>(std::move(stored));
    kept = plan;
  }
  Entry entry{plan, context_of(*started, plan->machine)};
  entry.context.recall = [this, stream](core::Sequence sequence) {
    std::optional<runtime::StoredEvent> found;
    const auto read = log_.read(stream, sequence, [&](const runtime::StoredEvent& stored) {
      if (stored.event.sequence == sequence) found = stored;
      return false;
    });
    return read ? found : std::nullopt;
  };
  return &entries_.emplace(stream, std::move(entry)).first->second.context;
}

}  // namespace rollbook::adapters
