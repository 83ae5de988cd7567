#include "adapters/wire/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>

#include "engine/core/limits.h"

namespace rollbook::adapters {
namespace {

using core::Duration;
using core::fail;
using core::Fixed;
using core::Int128;
using core::Result;
using core::Time;
using core::Weight;
using namespace std::chrono_literals;

constexpr std::int64_t kSecond = 1'000'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads `digits` decimal digits at `at`; -1 when there are not so many.
int read_digits(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + digits; ++i) {
    if (!is_digit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

struct Unit {
  std::string_view name;
  std::int64_t nanos;
};
// Two-letter units stand before the one-letter units that they begin with.
constexpr std::array<Unit, 7> kUnits{{{"d", 86'400 * kSecond},
                                      {"h", 3'600 * kSecond},
                                      {"m", 60 * kSecond},
                                      {"s", kSecond},
                                      {"ms", 1'000'000},
                                      {"us", 1'000},
                                      {"ns", 1}}};

// The seconds of the offset at the end of an RFC 3339 text; nothing when it is none.
std::optional<std::int64_t> read_offset(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const int hours = read_digits(text, 1, 2);
  const int minutes = read_digits(text, 4, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  const std::int64_t seconds = hours * 3'600 + minutes * 60;
  return text[0] == '-' ? -seconds : seconds;
}

std::string digits_of(Int128 value) {
  ROLLBOOK_CHECK(value >= 0);
  std::string reversed;
  do {
    reversed += static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  return {reversed.rbegin(), reversed.rend()};
}

// Decimal text of `nanos` × 10^−`places` without trailing zeros.
std::string decimal(Int128 scaled, int places) {
  const bool negative = scaled < 0;
  if (negative) scaled = -scaled;
  Int128 unit = 1;
  for (int i = 0; i < places; ++i) unit *= 10;
  std::string text = (negative ? "-" : "") + digits_of(scaled / unit);
  const Int128 fraction = scaled % unit;
  if (fraction == 0) return text;
  std::string digits = digits_of(fraction);
  digits.insert(0, static_cast<std::size_t>(places) - digits.size(), '0');
  digits.erase(digits.find_last_not_of('0') + 1);
  return text + "." + digits;
}

}  // namespace

std::string format_time(Time time) {
  const auto since = time.time_since_epoch();
  const auto days = std::chrono::floor<std::chrono::days>(since);
  const std::chrono::year_month_day date{std::chrono::sys_days{days}};
  const std::int64_t rest = (since - days).count();
  const std::int64_t seconds = rest / kSecond;
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  seconds / 3'600, seconds / 60 % 60, seconds % 60);
  if (const std::int64_t nanos = rest % kSecond; nanos != 0) {
    std::string digits = fmt::format("{:09}", nanos);
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text + "Z";
}

Result<Time> parse_time(std::string_view text) {
  const auto no_time = [&] {
    return fail(fmt::format("`{}` is no time such as 2026-01-05T10:00:00Z", printable(text)));
  };
  const int year = read_digits(text, 0, 4);
  const int month = read_digits(text, 5, 2);
  const int day = read_digits(text, 8, 2);
  const int hour = read_digits(text, 11, 2);
  const int minute = read_digits(text, 14, 2);
  const int second = read_digits(text, 17, 2);
  if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0) return no_time();
  if (text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':') return no_time();
  if (text[10] != 'T' && text[10] != 't' && text[10] != ' ') return no_time();
  if (hour > 23 || minute > 59 || second > 60) return no_time();
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return no_time();
  std::size_t at = 19;
  std::int64_t nanos = 0;
  if (at < text.size() && text[at] == '.') {
    const std::size_t begin = ++at;
    std::int64_t scale = kSecond;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      scale /= 10;  // digits beyond the ninth are cut off
      nanos += (text[at] - '0') * scale;
    }
    if (at == begin) return no_time();
  }
  const auto offset = read_offset(text.substr(at));
  if (!offset) return no_time();
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  const Int128 seconds = Int128{days} * 86'400 + hour * 3'600 + minute * 60 + second - *offset;
  const Int128 all = seconds * kSecond + nanos;
  if (all > std::numeric_limits<std::int64_t>::max() ||
      all <= std::numeric_limits<std::int64_t>::min()) {
    return fail(fmt::format("`{}` is beyond the times that can be told", text));
  }
  return Time{Duration{static_cast<std::int64_t>(all)}};
}

Result<Time> parse_time_or_nanos(std::string_view text) {
  std::int64_t nanos = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), nanos);
  if (error == std::errc{} && end == text.data() + text.size()) return Time{Duration{nanos}};
  return parse_time(text);
}

std::string format_duration(Duration duration) {
  std::int64_t rest = duration.count();
  if (rest == 0) return "0s";
  std::string text = rest < 0 ? "-" : "";
  // Days stay hours: a runbook says 24h, and so does what is said about it.
  for (std::size_t i = 1; i < kUnits.size(); ++i) {
    const std::int64_t count = rest / kUnits[i].nanos;
    rest %= kUnits[i].nanos;
    if (count != 0) text += fmt::format("{}{}", count < 0 ? -count : count, kUnits[i].name);
  }
  return text;
}

std::string format_duration_short(Duration duration) {
  if (duration < 0s) return "-" + format_duration_short(-duration);
  if (duration < 1s) {
    return format_duration(std::chrono::floor<std::chrono::milliseconds>(duration));
  }
  if (duration < 1h) return format_duration(std::chrono::floor<std::chrono::seconds>(duration));
  return format_duration(std::chrono::floor<std::chrono::minutes>(duration));
}

Result<Duration> parse_duration(std::string_view text) {
  const auto no_duration = [&] {
    return fail(fmt::format("`{}` is no duration such as 2m30s", printable(text)));
  };
  Int128 nanos = 0;
  std::size_t at = 0;
  std::size_t next_unit = 0;
  while (at < text.size()) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), count);
    if (error != std::errc{} || count < 0 || !is_digit(text[at])) return no_duration();
    at = static_cast<std::size_t>(end - text.data());
    std::size_t letters = 0;
    while (at + letters < text.size() && !is_digit(text[at + letters])) ++letters;
    const std::string_view name = text.substr(at, letters);
    while (next_unit < kUnits.size() && kUnits[next_unit].name != name) ++next_unit;
    if (next_unit == kUnits.size()) return no_duration();
    nanos += Int128{count} * kUnits[next_unit].nanos;
    if (nanos > kDurationMost.count()) {
      return fail(
          fmt::format("`{}` is longer than the limit of {}", text, format_duration(kDurationMost)));
    }
    at += letters;
    ++next_unit;
  }
  if (text.empty()) return no_duration();
  return Duration{static_cast<std::int64_t>(nanos)};
}

std::string format_fixed(Fixed value) { return decimal(value.nanos, 9); }

Result<Fixed> parse_fixed(std::string_view text) {
  const auto no_number = [&] { return fail(fmt::format("`{}` is no number", printable(text))); };
  const auto too_big = [&] {
    return fail(fmt::format("`{}` is beyond the limit of {}", text, core::kValueMax));
  };
  constexpr Int128 kMost = Int128{core::kValueMax} * Fixed::kScale;
  // Digits are gathered up to here; more of them can only change what is refused or rounded off.
  constexpr Int128 kEnough = kMost * 1'000;
  std::size_t at = 0;
  const bool negative = at < text.size() && text[at] == '-';
  if (negative) ++at;
  const std::size_t first = at;
  Int128 digits = 0;
  int exponent = 0;  // value = digits × 10^exponent
  const auto take = [&](bool fraction) {
    for (; at < text.size() && is_digit(text[at]); ++at) {
      if (digits < kEnough) {
        digits = digits * 10 + (text[at] - '0');
        exponent -= fraction ? 1 : 0;
      } else {
        exponent += fraction ? 0 : 1;
      }
    }
  };
  take(false);
  if (at == first || (text[first] == '0' && at > first + 1)) return no_number();
  if (at < text.size() && text[at] == '.') {
    const std::size_t begin = ++at;
    take(true);
    if (at == begin) return no_number();
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && text[at] == '+') ++at;
    int power = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), power);
    if (text[at - 1] == '+' && at < text.size() && text[at] == '-') return no_number();
    if (error == std::errc::result_out_of_range) {
      // Digits or not, nobody measures such a number.
      if (end != text.data() + text.size()) return no_number();
      if (digits == 0 || text[at] == '-') return Fixed{};
      return too_big();
    }
    if (error != std::errc{}) return no_number();
    at = static_cast<std::size_t>(end - text.data());
    exponent += std::clamp(power, -10'000, 10'000);
  }
  if (at != text.size()) return no_number();
  for (exponent += 9; exponent > 0 && digits != 0; --exponent) {
    digits *= 10;
    if (digits > kMost) return too_big();
  }
  if (exponent < -40) return Fixed{};
  Int128 divisor = 1;
  for (; exponent < 0 && divisor <= kEnough * 10; ++exponent) divisor *= 10;
  digits = exponent < 0 ? 0 : (digits + divisor / 2) / divisor;
  if (digits > kMost) return too_big();
  return Fixed{negative ? -digits : digits};
}

std::string format_percent(Weight weight) { return decimal(weight.nanos, 7) + "%"; }
std::string format_percent(Fixed ratio) { return decimal(ratio.nanos, 7) + "%"; }

Result<Weight> parse_weight(std::string_view text) {
  const auto no_weight = [&] {
    return fail(
        fmt::format("`{}` is no weight such as 5% or 0.05, from 0% to 100%", printable(text)));
  };
  const bool percent = text.ends_with('%');
  const auto value = parse_fixed(percent ? text.substr(0, text.size() - 1) : text);
  if (!value) return no_weight();
  const Int128 nanos = percent ? value->nanos / 100 : value->nanos;
  if (nanos < 0 || nanos > core::kAllTraffic.nanos) return no_weight();
  return Weight{static_cast<std::int64_t>(nanos)};
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string base64(std::string_view bytes) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < left ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += j <= left ? kAlphabet[group >> (18 - 6 * j) & 63] : '=';
    }
  }
  return text;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    std::size_t length = 1;
    if (lead >= 0xC2 && lead < 0xE0) length = 2;
    if (lead >= 0xE0 && lead < 0xF0) length = 3;
    if (lead >= 0xF0 && lead < 0xF5) length = 4;
    bool good = lead >= 0x20 && lead != 0x7F && (lead < 0x80 || length > 1);
    // U+0080–U+009F are control characters too: C2 80 – C2 9F.
    if (lead == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      good = false;
    }
    for (std::size_t j = 1; good && j < length; ++j) {
      good = i + j < text.size() && (static_cast<unsigned char>(text[i + j]) & 0xC0) == 0x80;
    }
    if (good) {
      out += text.substr(i, length);
      i += length;
    } else {
      out += '?';
      ++i;
    }
  }
  return out;
}

// Optimal string alignment: swapped neighbours are one slip of the hand.
std::size_t slips(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> previous(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(previous.begin(), previous.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t other = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({previous[j] + 1, row[j - 1] + 1, previous[j - 1] + other});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, previous);
    std::swap(previous, row);
  }
  return previous[b.size()];
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view best;
  std::size_t best_distance = word.size() / 3 + 1;  // more than that is another word
  if (word.empty() || word.size() > 64) return best;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = slips(word, candidate);
    if (distance <= best_distance && (best.empty() || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string_view meant = nearest(word, candidates);
  return meant.empty() ? "" : fmt::format(", did you mean `{}`?", meant);
}

bool is_rollout_name(std::string_view text) {
  return !text.empty() && text.size() <= 63 && std::all_of(text.begin(), text.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-';
  });
}

}  // namespace rollbook::adapters
