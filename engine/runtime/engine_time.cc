#include "engine/runtime/engine_time.h"

#include <time.h>

#include <algorithm>

namespace rollbook::runtime {
namespace {

core::Duration read_clock(clockid_t clock) {
  timespec time{};
  ROLLBOOK_CHECK(clock_gettime(clock, &time) == 0);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

core::Duration EngineTime::boot_time() { return read_clock(CLOCK_BOOTTIME); }
core::Time EngineTime::wall_clock() { return core::Time(read_clock(CLOCK_REALTIME)); }

EngineTime::EngineTime(core::Time last_logged)
    : begin_(std::max(last_logged, wall_clock())), boot_begin_(boot_time()) {}

core::Time EngineTime::now() const { return begin_ + (boot_time() - boot_begin_); }

std::optional<core::Duration> EngineTime::step(core::Duration limit) {
  const core::Duration step = wall_clock() - now();
  const core::Duration change = step - known_step_;
  if (change <= limit && change >= -limit) return std::nullopt;
  known_step_ = step;
  return change;
}

}  // namespace rollbook::runtime
