#pragma once
// Ages and silences for people, who count those in days.

#include <string>

#include "engine/core/types.h"

namespace rollbook::adapters {

// As format_duration_short(), from two days on in days: "12m", "1h10m", "3d4h", "1457d".
std::string age_text(core::Duration age);

}  // namespace rollbook::adapters
