#pragma once
// The part of the AST (dsl/ast.h) that says what is judged: `p99(latency) > 50ms over 5m for 2m`.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dsl/ast_leaves.h"

namespace rollbook::dsl::ast {

// A metric, perhaps with the target and the arm that are meant: `error_rate`,
// `baseline.error_rate`, `eu.baseline.error_rate`.
struct Reference {
  std::optional<Name> target;
  std::optional<core::Arm> arm;
  Name metric;
  Span span;
  bool operator==(const Reference&) const = default;
};

// `p99(latency)`, `rate(orders)`, `count(orders)`, `bracket(pod_p99)`.
struct Call {
  enum class Function : std::uint8_t { quantile, rate, count, bracket };
  Function function = Function::quantile;
  core::Fixed quantile;  // `quantile` only: 0.99
  Name name;             // as written: `p99`
  Reference argument;    // carries the arm of `canary.p99(latency)` too
  Span span;
  bool operator==(const Call&) const = default;
};

struct Expression;
struct Binary {
  enum class Operator : std::uint8_t { add, subtract, multiply, divide };
  Operator op = Operator::add;
  std::vector<Expression> sides;  // INVARIANT: two
  Span op_span;
  bool operator==(const Binary&) const;
};

struct Expression {
  std::variant<Number, Reference, Call, Binary> node;
  Span span;
  bool operator==(const Expression&) const = default;
};

// `error_rate > 0.1%`, `canary.p99(latency) <= baseline.p99(latency) * 105%`.
struct Comparison {
  Expression left;
  core::Comparison comparison = core::Comparison::greater;
  Span comparison_span;
  Expression right;
  bool operator==(const Comparison&) const = default;
};

// `absent(requests)`: in `stop` only, and with `for`.
struct Absent {
  Reference metric;
  bool operator==(const Absent&) const = default;
};

// `order_rate unchanged from previous 8h by at most 2%`.
struct Unchanged {
  enum class Past : std::uint8_t { previous, yesterday, last_week };
  Expression what;  // a reference or a call
  Past past = Past::previous;
  std::optional<Number> previous;  // INVARIANT: there for `previous`, a duration
  Number tolerance;
  bool operator==(const Unchanged&) const = default;
};

// `traffic [eu] split as planned`: in `expect` only.
struct SplitAsPlanned {
  std::optional<Name> target;
  Span keyword;
  Span span;
  bool operator==(const SplitAsPlanned&) const = default;
};

// `beyond 110%`, `beyond 90% or 110%`.
struct Beyond {
  Number first;
  std::optional<Number> second;
  Span span;
  bool operator==(const Beyond&) const = default;
};
// A line of `judge kayenta`: `p99(latency) increase beyond 110% critical beyond 200%`.
struct JudgedMetric {
  Expression what;
  core::Direction direction = core::Direction::either;
  std::optional<Beyond> allowed, intolerable;
  bool critical = false, required = false, muted = false, cles = false;
  bool trimmed = false;          // `without outliers`
  std::optional<Number> factor;  // … `beyond 3`
  std::optional<Name> group;
  std::string text;  // as written
  Span span;
  bool operator==(const JudgedMetric&) const = default;
};
struct GroupShare {
  Name group;
  Number weight;
  Span span;
  bool operator==(const GroupShare&) const = default;
};
// `judge kayenta over 1h pass 95% marginal 75% { … }`: in `expect` only.
struct Judge {
  std::optional<Number> over, every, pass, marginal;  // INVARIANT: `over` is there
  std::vector<GroupShare> weights;
  std::vector<JudgedMetric> metrics;
  Span span;
  bool operator==(const Judge&) const = default;
};

// `new(errors by type) at least 5`: in `stop` only, and with `over`.
struct NewKinds {
  Reference metric;
  std::vector<Name> labels;  // INVARIANT: one at least
  Number at_least;
  bool operator==(const NewKinds&) const = default;
};

// What `stop` and `expect` judge.
struct Criterion {
  std::variant<Comparison, Absent, Unchanged, SplitAsPlanned, Judge, NewKinds> condition;
  std::optional<Number> over;        // INVARIANT: a Comparison has one of `over` (above 0) …
  std::optional<Number> confidence;  // … and `with confidence`: a ratio
  std::optional<Number> sustain;     // `for 2m`; there for an Absent
  std::optional<Number> at_least;    // `at least 50 requests`, `stop` only
  std::string text;  // as written, white space folded, without `stop`/`expect name:`
  Span span;
  bool operator==(const Criterion&) const = default;
};

inline bool Binary::operator==(const Binary&) const = default;

}  // namespace rollbook::dsl::ast
