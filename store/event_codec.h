#pragma once
// EventCodec: the bodies of events as the log stores them (event.proto, FORMAT.md). Exact both
// ways; equal bodies give equal bytes. An object keeps its buffers, so that a log is read without
// heap churn: make one per thread and keep it.
//
//   EventCodec codec;
//   codec.encode(event, row);                              // appends the body's bytes
//   TRY_DO(codec.decode(kind, bytes, event));              // event.time is known already

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/core/event.h"
#include "engine/core/types.h"

namespace rollbook::store {

// The kinds of FORMAT.md: never reused.
enum class EventKind : std::uint8_t {
  rollout_started = 1,
  observed = 2,
  verdict_changed = 3,
  transitioned = 4,
  timer_fired = 5,
  effect_requested = 6,
  effect_delivered = 7,
  effect_settled = 8,
  commanded = 9,
  rejected = 10,
  asked = 11,
  confirmed = 12,
  decided = 13,
  paused = 14,
  resumed = 15,
  rollout_finished = 16,
  engine_gap = 17,
  clock_step = 18,
  source_status = 19,
  source_gap = 20,
};
EventKind kind_of(const core::Body& body);

class EventCodec {
 public:
  EventCodec();
  ~EventCodec();
  EventCodec(const EventCodec&) = delete;
  EventCodec& operator=(const EventCodec&) = delete;

  // Appends the bytes of `event.body`; times in it may be relative to `event.time`.
  void encode(const core::Event& event, std::string& out);
  // Fills `event.body`, reusing its memory; reads `event.time`. Error: a kind or a value that this
  // version does not know, or damaged bytes; the sentence does not name the place.
  core::Status decode(std::uint8_t kind, std::string_view bytes, core::Event& event);

 private:
  struct Messages;
  std::unique_ptr<Messages> messages_;
};

}  // namespace rollbook::store
