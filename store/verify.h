#pragma once
// verify(): is a log what was once written? Every hash chain, the global order, the anchors, the
// plans and the head file are examined from the first event to the last durable one. Decisions
// are not recomputed here: that is `replay --verify`.

#include <cstdint>
#include <functional>
#include <string>

#include "engine/core/event.h"
#include "engine/runtime/event_log.h"
#include "store/rocks_reader.h"

namespace rollbook::store {

enum class Soundness : std::uint8_t { sound, altered, cut_short };

struct VerifyReport {
  Soundness soundness = Soundness::sound;
  // altered: where, as far as it is known. `rollout` is "" for the shard's stream or when the
  // rollout's name cannot be read; `sequence` and `position` 0 are "not known".
  std::string rollout;
  core::StreamId stream;
  core::Sequence sequence;
  runtime::Position position;
  std::string message;  // a sentence; "" when sound
  // False: no readable head file, so events missing at the end could not be seen.
  bool anchored = false;
  std::uint64_t streams = 0;  // without the shard's own
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;
  runtime::Position last;
};

// `progress` is called from time to time with the events examined and their total; may be empty.
VerifyReport verify(const RocksReader& reader,
                    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress);

// One sentence for people: "sound: 3 rollouts, 1204 events, 318 KiB".
std::string summary(const VerifyReport& report);

}  // namespace rollbook::store
