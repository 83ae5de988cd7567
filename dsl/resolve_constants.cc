// The right sides of comparisons: literals, folded exactly.

#include <limits>

#include "dsl/format_value.h"
#include "dsl/resolve_context.h"

namespace rollbook::dsl {

namespace {

using ast::Type;

std::optional<core::Fixed> bounded(Context& context, core::Int128 nanos, const core::Span& span) {
  const core::Int128 most = core::Fixed::from_int(core::kValueMax).nanos;
  if (nanos <= most && nanos >= -most) return core::Fixed::from_nanos(nanos);
  context.findings.error(Code::number_too_large, span, "this value is too large to be compared",
                         "the largest value is 10¹⁵");
  return std::nullopt;
}

bool is_factor(Type type) { return type == Type::ratio || type == Type::count; }

std::optional<Constant> fold_product(Context& context, const ast::Expression& whole,
                                     const Constant& left, const Constant& right) {
  // Both are within kValueMax, and a factor of both that large is refused below: no overflow.
  core::Int128 nanos = 0;
  if (__builtin_mul_overflow(left.value.nanos, right.value.nanos, &nanos)) {
    context.findings.error(Code::number_too_large, whole.span,
                           "this value is too large to be compared", "the largest value is 10¹⁵");
    return std::nullopt;
  }
  const auto value = bounded(context, nanos / core::Fixed::kScale, whole.span);
  if (!value) return std::nullopt;
  return Constant{*value, is_factor(right.type) ? left.type : right.type};
}

void report_mismatch(Context& context, const ast::Expression& whole, const ast::Binary& binary,
                     const Constant& left, const Constant& right) {
  using Operator = ast::Binary::Operator;
  const Operator op = binary.op;
  if (op == Operator::divide && right.value.nanos == 0) {
    context.findings.error(Code::bad_value, whole.span, "a division by nothing",
                           "divide by a number above 0");
    return;
  }
  static constexpr const char* kDone[] = {"added", "subtracted", "multiplied", "divided"};
  std::string help = "compute with values of one unit, or scale by a percentage";
  if (left.type == Type::points || right.type == Type::points) help = kPointsInCondition;
  Sink::Fix fix;
  if (op <= Operator::subtract && right.type == Type::ratio) {
    const core::Fixed one = core::Fixed::from_int(1);
    const core::Fixed factor = op == Operator::add ? one + right.value : one - right.value;
    help = "to scale, write `* " + format_percent(factor) + "`";
    const core::Span from = binary.sides[0].span;
    const core::Span to = binary.sides[1].span;
    // Of `10ms + 40ms + 5%` only people know what is to be scaled.
    if (std::holds_alternative<ast::Number>(binary.sides[0].node)) {
      fix = {{core::Span{from.end_line, from.end_column, to.end_line, to.end_column},
              " * " + format_percent(factor)}};
    }
  }
  context.findings.error(Code::type_mismatch, whole.span,
                         with_article(left.type) + " and " + with_article(right.type) +
                             " cannot be " + kDone[static_cast<std::size_t>(op)],
                         help, fix);
}

std::optional<Constant> fold_binary(Context& context, const ast::Expression& whole,
                                    const ast::Binary& binary) {
  const auto left = fold_constant(context, binary.sides[0]);
  const auto right = fold_constant(context, binary.sides[1]);
  if (!left || !right) return std::nullopt;
  using Operator = ast::Binary::Operator;
  const bool sum = binary.op == Operator::add || binary.op == Operator::subtract;
  if (sum && left->type == right->type) {
    const core::Fixed value =
        binary.op == Operator::add ? left->value + right->value : left->value - right->value;
    const auto checked = bounded(context, value.nanos, whole.span);
    if (!checked) return std::nullopt;
    return Constant{*checked, left->type};
  }
  if (binary.op == Operator::multiply && (is_factor(left->type) || is_factor(right->type))) {
    return fold_product(context, whole, *left, *right);
  }
  if (binary.op == Operator::divide && is_factor(right->type) && right->value.nanos != 0) {
    core::Int128 scaled = 0;
    if (!__builtin_mul_overflow(left->value.nanos, core::Fixed::kScale, &scaled)) {
      const auto value = bounded(context, scaled / right->value.nanos, whole.span);
      if (!value) return std::nullopt;
      return Constant{*value, left->type};
    }
  }
  report_mismatch(context, whole, binary, *left, *right);
  return std::nullopt;
}

}  // namespace

std::optional<Constant> fold_constant(Context& context, const ast::Expression& expression) {
  if (const auto* number = std::get_if<ast::Number>(&expression.node)) {
    const auto value = bounded(context, number->value.nanos, number->span);
    if (!value) return std::nullopt;
    return Constant{*value, number->type};
  }
  if (const auto* binary = std::get_if<ast::Binary>(&expression.node)) {
    return fold_binary(context, expression, *binary);
  }
  return std::nullopt;  // a measurement: refused by the grammar
}

std::string constant_text(const Constant& limit) {
  switch (limit.type) {
    case Type::ratio:
      return format_percent(limit.value);
    case Type::duration: {
      ast::Number number;
      number.value = limit.value;
      constexpr core::Int128 kMost = std::numeric_limits<core::Duration::rep>::max();
      if (limit.value.nanos > kMost || limit.value.nanos < -kMost) {
        return format_decimal(limit.value) + "s";
      }
      return format_duration(number.duration());
    }
    case Type::rate:
      return format_decimal(limit.value) + "/s";
    case Type::count:
    case Type::points:
    case Type::size:
    case Type::text:
      return format_decimal(limit.value);
  }
  return "";
}

}  // namespace rollbook::dsl
