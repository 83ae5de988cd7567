#include "dsl/zones.h"

#include <date/tz.h>

#include <exception>

namespace rollbook::dsl {
namespace {

using Seconds = date::sys_seconds;

// No rollout runs earlier; later than 2037 a compiled zone holds a rule and no changes.
constexpr Seconds kFrom = date::sys_days(date::year(2020) / 1 / 1);
constexpr Seconds kTo = date::sys_days(date::year(2038) / 1 / 1);

}  // namespace

std::optional<std::vector<core::OffsetChange>> zone_offsets(const std::string& name) {
  try {
    const date::time_zone* zone = date::locate_zone(name);
    std::vector<core::OffsetChange> changes;
    for (Seconds at = kFrom; at < kTo;) {
      const date::sys_info info = zone->get_info(at);
      if (changes.empty() || changes.back().offset != info.offset) {
        const core::Time from =
            changes.empty() ? core::kDistantPast : core::Time(info.begin.time_since_epoch());
        changes.push_back({from, info.offset});
      }
      if (info.end <= at) break;
      at = info.end;
    }
    return changes;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::vector<std::string> zone_names() {
  try {
    std::vector<std::string> names;
    for (const date::time_zone& zone : date::get_tzdb().zones) names.push_back(zone.name());
    return names;
  } catch (const std::exception&) {
    return {};
  }
}

}  // namespace rollbook::dsl
