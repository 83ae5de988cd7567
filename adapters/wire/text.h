#pragma once
// How values are written for people and for JSON, and read back: times, durations, weights, exact
// decimals, base64, and the nearest known word for "did you mean".
//
//   format_time(Time{1s})            "1970-01-01T00:00:01Z"
//   format_duration(150s)            "2m30s"
//   format_percent(Weight{5e7})      "5%"
//   parse_fixed("0.0124")            exactly 0.0124
//
// Every parse_ takes the whole text or fails with a reason that names the text.

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/types.h"

namespace rollbook::adapters {

// RFC 3339 in UTC with as many digits of a second as are needed, at most nine.
std::string format_time(core::Time time);
// RFC 3339 with `Z` or an offset. Error: not such a text, or beyond what 64 bits of ns hold.
core::Result<core::Time> parse_time(std::string_view text);
// A time as RFC 3339 or as integer nanoseconds since 1970.
core::Result<core::Time> parse_time_or_nanos(std::string_view text);

// "2m30s", "24h", "1s500ms", "0s"; negative ones begin with "-".
std::string format_duration(core::Duration duration);
// For people: whole seconds above a second, at most two units ("1h10m"), rounded down.
std::string format_duration_short(core::Duration duration);
// Units d, h, m, s, ms, us, ns, each once and falling: "1d12h", "2m30s".
core::Result<core::Duration> parse_duration(std::string_view text);

// The longest duration a command or an option may carry; sums with times stay in 64 bits.
inline constexpr core::Duration kDurationMost = std::chrono::hours(24 * 3660);

// Shortest decimal: "120345", "0.001", "-3.25".
std::string format_fixed(core::Fixed value);
// A JSON number's text, exact to 10⁻⁹; digits beyond that are rounded half away from zero.
// Error: no JSON number, or |value| above core::kValueMax.
core::Result<core::Fixed> parse_fixed(std::string_view text);

// "5%", "33.3%".
std::string format_percent(core::Weight weight);
std::string format_percent(core::Fixed ratio);
// "5%" or "0.05". Error: neither, or outside 0–100 %.
core::Result<core::Weight> parse_weight(std::string_view text);

// A JSON text, quoted and escaped.
std::string quoted(std::string_view text);

std::string base64(std::string_view bytes);

// For a terminal: control characters and broken UTF-8 become "?", so that no text that came from
// outside moves the cursor.
std::string printable(std::string_view text);

// Letters that are wrong, left out, too many, or exchanged with their neighbour.
std::size_t slips(std::string_view a, std::string_view b);
// The candidate with the fewest slips from `word`, when it is near enough to be meant; "".
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);
// ", did you mean `x`?" or "".
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

// True for `[a-z0-9-]{1,63}`, what a rollout may be called.
bool is_rollout_name(std::string_view text);

}  // namespace rollbook::adapters
