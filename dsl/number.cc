#include "dsl/number.h"

#include <optional>
#include <utility>
#include <vector>

#include "dsl/diagnostics.h"
#include "engine/core/limits.h"

namespace rollbook::dsl {
namespace {

using core::Fixed;
using core::Int128;

// More digits than any value within the limits has.
constexpr int kDigits = 27;
// Longer is no number but noise, and messages quote numbers whole.
constexpr std::size_t kBytes = 64;
// Ten years: nobody waits longer, and sums of such durations stay far from overflow.
constexpr Int128 kDurationMost = Int128{3650} * 24 * 3600 * Fixed::kScale;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}

// One unit: the value is digits × multiply / divide, in 10⁻⁹ of the type's own unit.
struct Unit {
  std::string_view name;
  ast::Type type;
  Int128 multiply;
  Int128 divide = 1;
};

const std::vector<Unit>& units() {
  constexpr Int128 kOne = Fixed::kScale;
  static const std::vector<Unit> all = {
      {"", ast::Type::count, kOne},
      {"%", ast::Type::ratio, kOne / 100},
      {"pp", ast::Type::points, kOne / 100},
      {"d", ast::Type::duration, kOne * 86400},
      {"h", ast::Type::duration, kOne * 3600},
      {"m", ast::Type::duration, kOne * 60},
      {"s", ast::Type::duration, kOne},
      {"ms", ast::Type::duration, 1'000'000},
      {"us", ast::Type::duration, 1'000},
      {"ns", ast::Type::duration, 1},
      {"/s", ast::Type::rate, kOne},
      {"/m", ast::Type::rate, kOne, 60},
      {"/h", ast::Type::rate, kOne, 3600},
      {"B", ast::Type::size, kOne},
      {"kB", ast::Type::size, kOne * 1'000},
      {"MB", ast::Type::size, kOne * 1'000'000},
      {"GB", ast::Type::size, kOne * 1'000'000'000},
      {"KiB", ast::Type::size, kOne * 1024},
      {"MiB", ast::Type::size, kOne * 1024 * 1024},
      {"GiB", ast::Type::size, kOne * 1024 * 1024 * 1024},
  };
  return all;
}

const Unit* find_unit(std::string_view name) {
  for (const Unit& unit : units())
    if (unit.name == name) return &unit;
  return nullptr;
}

// Digits with at most one point: `26`, `0.1`.
struct Digits {
  std::size_t length = 0;
  Int128 mantissa = 0;
  Int128 divide = 1;  // 10 to the number of digits after the point
  bool too_long = false;
};

Digits scan_digits(std::string_view rest) {
  Digits result;
  int significant = 0;
  bool point = false;
  std::size_t i = 0;
  for (; i < rest.size(); ++i) {
    if (rest[i] == '.' && !point && i + 1 < rest.size() && is_digit(rest[i + 1])) {
      point = true;
      continue;
    }
    if (!is_digit(rest[i])) break;
    if (result.mantissa != 0 || rest[i] != '0') ++significant;
    if (significant > kDigits || (point && result.divide > Int128{1'000'000'000} * 1'000'000'000)) {
      result.too_long = true;
      continue;
    }
    result.mantissa = result.mantissa * 10 + (rest[i] - '0');
    if (point) result.divide *= 10;
  }
  result.length = i;
  return result;
}

// What people write who do not know the language's one word for it.
std::string_view unit_meant(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> kOthers[] = {
      {"day", "d"},     {"days", "d"}, {"hour", "h"},   {"hours", "h"},   {"hr", "h"},
      {"hrs", "h"},     {"min", "m"},  {"mins", "m"},   {"minute", "m"},  {"minutes", "m"},
      {"sec", "s"},     {"secs", "s"}, {"second", "s"}, {"seconds", "s"}, {"msec", "ms"},
      {"millis", "ms"}, {"KB", "kB"}};
  for (const auto& [other, unit] : kOthers)
    if (other == name) return unit;
  return "";
}

// `/s`, and what people write that is no rate here: `/d`, `/min`. Any other word behind a `/` may
// be a name.
bool is_per_time(std::string_view name) {
  const Unit* time = find_unit(name.substr(1));
  return find_unit(name) != nullptr || !unit_meant(name.substr(1)).empty() ||
         (time != nullptr && time->type == ast::Type::duration);
}

// The unit's name at the front of `rest`: letters, `%`, or `/` with letters right after it when
// they are a unit (else `/` is the operator).
std::string_view scan_unit(std::string_view rest) {
  if (rest.empty()) return rest;
  if (rest[0] == '%') return rest.substr(0, 1);
  std::size_t i = rest[0] == '/' ? 1 : 0;
  const std::size_t from = i;
  while (i < rest.size() && is_letter(rest[i])) ++i;
  if (from == 1) {
    const bool ends = i >= rest.size() || !is_digit(rest[i]);
    return ends && is_per_time(rest.substr(0, i)) ? rest.substr(0, i) : rest.substr(0, 0);
  }
  return rest.substr(0, i);
}

// digits × unit in 10⁻⁹; nothing when that is not a whole number or far too large.
std::optional<Int128> scale(const Digits& digits, const Unit& unit) {
  Int128 product = 0;
  if (__builtin_mul_overflow(digits.mantissa, unit.multiply, &product)) return std::nullopt;
  const Int128 divide = digits.divide * unit.divide;
  if (product % divide != 0) return std::nullopt;
  return product / divide;
}

std::string list_of_units(ast::Type type) {
  std::string list;
  for (const Unit& unit : units())
    if (unit.type == type) list += (list.empty() ? "`" : ", `") + std::string(unit.name) + "`";
  return list;
}

void refuse_unit(ScannedNumber& number, std::string_view name) {
  number.code = Code::unknown_unit;
  number.problem = name.size() > kBytes ? "no unit has so long a name"
                                        : "no unit is called `" + std::string(name) + "`";
  if (name.starts_with('/')) {
    number.help = "a rate is per second, minute or hour: `900/s`, `60/m` or `1/h`";
    return;
  }
  if (name == "w" || name == "week" || name == "weeks") {
    number.help = "a week is written `7d`";
    return;
  }
  const std::string_view meant = unit_meant(name);
  if (!meant.empty()) {
    number.help = "the unit is `" + std::string(meant) + "`";
    return;
  }
  std::vector<std::string> names;
  for (const Unit& unit : units())
    if (!unit.name.empty()) names.emplace_back(unit.name);
  number.help = did_you_mean(name, names);
  if (!number.help.empty()) return;
  number.help = "durations are written in " + list_of_units(ast::Type::duration) +
                "; a ratio as `0.1%`, a rate as `900/s`";
}

void refuse(ScannedNumber& number, Code code, std::string problem, std::string help) {
  number.code = code;
  number.problem = std::move(problem);
  number.help = std::move(help);
}

Int128 most_of(ast::Type type) {
  return type == ast::Type::duration ? kDurationMost : Int128{core::kValueMax} * Fixed::kScale;
}

// Adds one part (`26h`) to the number; false when it is refused.
bool add_part(ScannedNumber& number, const Digits& digits, const Unit& unit) {
  const std::optional<Int128> part = digits.too_long ? std::nullopt : scale(digits, unit);
  const bool large = digits.too_long || digits.mantissa / digits.divide > Int128{core::kValueMax};
  if (!part && !large) {
    refuse(number, Code::bad_number, "this number has no exact value in 10⁻⁹ of its unit",
           unit.divide != 1 ? "write it per second, like `900/s`" : "use fewer digits");
    return false;
  }
  if (large || number.value.nanos + *part > most_of(unit.type)) {
    refuse(number, Code::number_too_large, "this number is too large",
           unit.type == ast::Type::duration ? "the longest duration is 3650d"
                                            : "the largest value is 10¹⁵");
    return false;
  }
  number.value.nanos += *part;
  number.type = unit.type;
  return true;
}

}  // namespace

ScannedNumber scan_number(std::string_view rest) {
  ScannedNumber number;
  const Unit* previous = nullptr;
  bool sound = true;
  do {
    const Digits digits = scan_digits(rest.substr(number.length));
    number.length += digits.length;
    const std::string_view name = scan_unit(rest.substr(number.length));
    number.length += name.size();
    if (!sound) continue;
    const Unit* unit = find_unit(name);
    if (unit == nullptr) {
      refuse_unit(number, name);
      sound = false;
      const std::string_view meant = unit_meant(name);
      const std::size_t digits_end = number.length - name.size();
      if (!meant.empty())
        number.instead = std::string(rest.substr(0, digits_end)) + std::string(meant);
    } else if (previous &&
               (unit->type != ast::Type::duration || unit->multiply >= previous->multiply)) {
      refuse(number, Code::bad_number, "the parts of a duration go from large to small",
             "write it like `26h30m`");
      sound = false;
    } else {
      sound = add_part(number, digits, *unit);
    }
    previous = unit;
    // Only a duration has a second part; digits after any other unit are a mistake too.
    if (number.length < rest.size() && is_digit(rest[number.length])) number.instead.clear();
  } while (number.length < rest.size() && is_digit(rest[number.length]));
  // `5..6`, `5%x`, `1.2.3`: what sticks to a number belongs to its mistake.
  if (sound && number.length < rest.size() && is_letter(rest[number.length])) {
    std::size_t end = number.length;
    while (end < rest.size() && (is_letter(rest[end]) || is_digit(rest[end]))) ++end;
    refuse_unit(number, rest.substr(0, end));
    number.length = end;
  }
  if (sound && number.length > kBytes)
    refuse(number, Code::bad_number, "this number is written too long", "use fewer digits");
  return number;
}

}  // namespace rollbook::dsl
