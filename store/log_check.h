#pragma once
// check_log: the whole examination of a log, or of its end behind an anchor: positions without
// holes, every event of them in place with the right hash, every stream's chain, the global chain,
// the anchors. Opening does it from the last anchor on, verify() from the beginning. Internal to
// store.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "store/data_directory.h"
#include "store/rocks_tables.h"

namespace rollbook::store {

// A position that everything up to is known to have been sound, and the global chain there.
struct Anchor {
  runtime::Position position;
  Hash global = log_seed();
};
// The newest anchor in the log; the beginning when there is none.
core::Result<Anchor> last_anchor(const RocksTables& tables);

struct Finding {
  bool cut_short = false;  // else altered
  core::StreamId stream;
  core::Sequence sequence;     // 0: not known
  runtime::Position position;  // 0: not known
  std::string message;
};

struct LogCheck {
  Anchor from;
  runtime::Position limit = kNoLimit;
  std::optional<HeadMark> head;
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;  // events; may be empty
};
struct Checked {
  std::uint64_t streams = 0;  // rollouts met, without the shard's own stream
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;  // of their rows
  runtime::Position last;
  Hash last_hash{};  // of the event there
  Hash global{};     // the chain there
  std::optional<Finding> finding;
};
// Error: the database cannot be read (a finding is no error).
core::Result<Checked> check_log(const RocksTables& tables, const LogCheck& check);

}  // namespace rollbook::store
