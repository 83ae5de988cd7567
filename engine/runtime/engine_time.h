#pragma once
// EngineTime: the engine's clock. It begins at the later of the last logged time and the wall
// clock, and advances by CLOCK_BOOTTIME, so it never goes back and does not follow a wall clock
// that is set. One thread.

#include <optional>

#include "engine/core/types.h"

namespace rollbook::runtime {

class EngineTime {
 public:
  explicit EngineTime(core::Time last_logged);
  core::Time now() const;
  // How far the wall clock has left engine time, when that changed by more than `limit` since the
  // last call that returned a value; at first, since they were one.
  std::optional<core::Duration> step(core::Duration limit);

  static core::Time wall_clock();

 private:
  static core::Duration boot_time();
  core::Time begin_;
  core::Duration boot_begin_;
  core::Duration known_step_{};
};

}  // namespace rollbook::runtime
