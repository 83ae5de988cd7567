#pragma once
// The leaves of the AST (dsl/ast.h): names, texts, exact literals with their units, and the small
// phrases that several statements share.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/core/machine.h"
#include "engine/core/types.h"

namespace rollbook::dsl::ast {

using core::Span;

// A name as written. Quoted names (`"http.route"`) come without their quotes.
struct Name {
  std::string text;
  Span span;
  bool operator==(const Name&) const = default;
};

// A string with its escapes resolved; `{placeholder}` and `{{` are left as they are.
struct Text {
  std::string value;
  Span span;
  bool operator==(const Text&) const = default;
};

// The type of a value. A literal is never `text`; parameters of actions may be.
enum class Type : std::uint8_t {
  count,     // 100        value: the number itself; only here may it have a fraction (`0.5`)
  ratio,     // 0.1%       value: 0.001
  points,    // 0.02pp     value: 0.0002, a difference of two ratios
  duration,  // 26h30m     value: seconds
  rate,      // 900/s      value: per second
  size,      // 64KiB      value: bytes
  text,      // "canary-25"
};
std::string_view to_string(Type type);

// A literal with its unit, exact: 0.1% is 1'000'000 nanos and nothing near it.
struct Number {
  core::Fixed value;
  Type type = Type::count;
  std::string text;  // as written: `0.1%`
  Span span;
  // Durations only. Fixed is seconds in 10⁻⁹, so this is exact.
  core::Duration duration() const {
    return core::Duration(static_cast<core::Duration::rep>(value.nanos));
  }
  // Counts only; the grammar lets no fraction through where a whole number is needed.
  std::int64_t whole() const {
    return static_cast<std::int64_t>(value.nanos / core::Fixed::kScale);
  }
  bool operator==(const Number&) const = default;
};

// A value handed to an action, a channel or `open`: `10%`, `"canary-25"`, `high`.
using Value = std::variant<Number, Text, Name>;
struct Argument {
  std::optional<Name> name;  // `share` in `share: 10%`; none for `smtp("…")`
  Value value;
  Span span;
  bool operator==(const Argument&) const = default;
};

// A statement that could not be read. Already reported.
struct Error {
  std::string keyword;       // the word it began with, may be ""
  std::optional<Name> name;  // the name it would have declared, when one followed the keyword
  std::vector<Name> words;   // the first words of it: one of them may be a name it declares
  Span span;
  bool operator==(const Error&) const = default;
};

// Where a wait leads: `decide X`, `rollback X`, `halt`, `end`.
struct Exit {
  enum class Kind : std::uint8_t { decide, rollback, halt, end };
  Kind kind = Kind::end;
  Name target;  // the decision or the rollback; empty for `halt` and `end`
  Span span;
  bool operator==(const Exit&) const = default;
};

// `by role`, `by any of a, b`, `by all of a, b`, `by 2 of sre`.
struct Quorum {
  core::QuorumKind kind = core::QuorumKind::any;
  Number needed;  // `at_least` only
  std::vector<Name> roles;
  Span span;
  bool operator==(const Quorum&) const = default;
};

}  // namespace rollbook::dsl::ast
