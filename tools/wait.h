#pragma once
// Waiting for what another process writes: there is nothing to be woken by.

#include <poll.h>

#include "engine/core/types.h"

namespace rollbook::tools {

// For at most `duration`; a signal ends it early.
inline void wait_for(core::Duration duration) {
  ::poll(nullptr, 0,
         static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(duration).count()));
}

}  // namespace rollbook::tools
