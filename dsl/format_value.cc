#include "dsl/format_value.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace rollbook::dsl {

namespace {

struct Unit {
  core::Duration size;
  const char* name;
};
constexpr Unit kUnits[] = {
    {std::chrono::hours(1), "h"},         {std::chrono::minutes(1), "m"},
    {std::chrono::seconds(1), "s"},       {std::chrono::milliseconds(1), "ms"},
    {std::chrono::microseconds(1), "us"}, {std::chrono::nanoseconds(1), "ns"},
};

}  // namespace

std::string format_duration(core::Duration duration) {
  if (duration == core::Duration::zero()) return "0s";
  std::string text;
  if (duration < core::Duration::zero()) text += '-';
  for (const Unit& unit : kUnits) {
    // Counted towards zero one unit at a time, so that the least duration needs no negation.
    const auto count = duration / unit.size;
    duration -= count * unit.size;
    if (count == 0) continue;
    std::string digits = std::to_string(count);
    digits.erase(0, digits.starts_with('-') ? 1 : 0);
    text += digits + unit.name;
  }
  return text;
}

std::string format_decimal(core::Fixed value) {
  const bool negative = value.nanos < 0;
  __extension__ using Magnitude = unsigned __int128;
  Magnitude rest = static_cast<Magnitude>(value.nanos);
  if (negative) rest = Magnitude{0} - rest;
  std::string digits;  // from the right
  bool significant = false;
  for (int place = 0; place < 9; ++place) {
    const char digit = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
    significant = significant || digit != '0';
    if (significant) digits += digit;
  }
  if (significant) digits += '.';
  do {
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  if (negative) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string format_percent(core::Fixed ratio) {
  return format_decimal(core::Fixed::from_nanos(ratio.nanos * 100)) + "%";
}

std::string format_percent(core::Weight weight) {
  return format_percent(core::Fixed::from_nanos(weight.nanos));
}

std::string about_percent(double share) {
  constexpr double kTiny = 1e-5;  // below it nobody asks how much below
  const double percent = share * 100;
  if (percent == 0) return "0%";
  if (percent >= 100) return "100%";
  if (share < kTiny) return "<0.001%";
  if (percent > 99.9) return ">99.9%";
  std::array<char, 32> text{};
  const char* form = percent > 99 ? "%.1f%%" : percent >= 10 ? "%.0f%%" : "%.2g%%";
  std::snprintf(text.data(), text.size(), form, percent);
  return text.data();
}

std::string about_range(double least, double most) {
  const std::string low = about_percent(least), high = about_percent(most);
  if (low == high || high.starts_with('<')) return high;
  // So much less says nothing.
  return least < most / 100 ? "at most " + high : low + " to " + high;
}

}  // namespace rollbook::dsl
