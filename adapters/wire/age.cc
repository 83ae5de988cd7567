#include "adapters/wire/age.h"

#include <fmt/format.h>

#include <chrono>

#include "adapters/wire/text.h"

namespace rollbook::adapters {

std::string age_text(core::Duration age) {
  using std::chrono::days;
  using std::chrono::hours;
  if (age < days(2)) return format_duration_short(age);
  const auto whole = std::chrono::floor<days>(age);
  const auto rest = std::chrono::floor<hours>(age - whole);
  if (whole >= days(10) || rest == hours(0)) return fmt::format("{}d", whole.count());
  return fmt::format("{}d{}h", whole.count(), rest.count());
}

}  // namespace rollbook::adapters
