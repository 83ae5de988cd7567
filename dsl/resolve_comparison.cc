// A comparison measures on its left and holds a constant on its right, or the same measurement of
// another arm; what the left measures says which units the right may have.

#include "dsl/resolve_criterion.h"

namespace rollbook::dsl {

namespace {

using ast::Type;

// ---- A limit --------------------------------------------------------------------------------

// The values of one histogram or gauge have one unit, and nothing in the runbook names it but
// the limits they are compared with: the first one fixes it.
bool agree_on_unit(Context& context, Measured& measured, const Constant& limit,
                   const core::Span& span) {
  if (measured.unit_known) return true;
  MetricEntry& entry = *measured.entry;
  if (!entry.values) {
    entry.values = limit.type;
    entry.values_span = span;
    return true;
  }
  if (*entry.values == limit.type) return true;
  const core::Metric& metric = context.outline.metrics[entry.metric.value];
  context.findings.error(Code::type_mismatch, span,
                         "`" + metric.name + "` is compared with " + with_article(limit.type) +
                             " here and with " + with_article(*entry.values) + " in line " +
                             std::to_string(entry.values_span.line),
                         "compare it in one unit everywhere");
  return false;
}

bool check_limit(Context& context, Measured& measured, const std::string& left,
                 const Constant& limit, const core::Span& span) {
  std::vector<Type> allowed = measured.allowed;
  if (measured.unit_known) allowed = {Type::duration};
  bool fits = false;
  for (const Type type : allowed) fits = fits || type == limit.type;
  if (!fits) {
    const bool one = allowed.size() == 1;
    context.findings.error(Code::type_mismatch, span,
                           "`" + left + "` is " +
                               (one ? with_article(allowed.front()) : "a plain value") +
                               ", this is " + with_article(limit.type),
                           limit.type == Type::points ? kPointsInCondition
                           : !measured.help.empty()   ? measured.help
                           : measured.unit_known      ? "a duration is written `50ms`"
                                                 : "write a number with its unit, or a bare one");
    return false;
  }
  return measured.entry == nullptr || agree_on_unit(context, measured, limit, span);
}

bool measures(const ast::Expression& expression) {
  if (const auto* binary = std::get_if<ast::Binary>(&expression.node)) {
    return measures(binary->sides[0]) || measures(binary->sides[1]);
  }
  return !std::holds_alternative<ast::Number>(expression.node);
}

// The words of `text` up to its comparison sign: what the author calls the measurement.
std::string left_of(const std::string& text) {
  std::string left = text.substr(0, text.find_first_of("<>"));
  while (left.ends_with(' ')) left.pop_back();
  return left;
}

// ---- Tests ----------------------------------------------------------------------------------

// What follows from `over` or `with confidence`; exactly one of them is there, or it is reported.
bool resolve_over(Context& context, const ast::Criterion& criterion, Judgement& judgement) {
  if (criterion.over) judgement.over = criterion.over->duration();
  if (!criterion.confidence) return criterion.over.has_value();
  judgement.alpha = *alpha_of(criterion);
  const core::Measure measure = judgement.what.measure;
  if (measure != core::Measure::ratio && measure != core::Measure::quantile) {
    context.findings.error(Code::not_comparable, criterion.confidence->span,
                           "`with confidence` needs a ratio or a quantile",
                           "write the plain window, like `over 5m`");
    return false;
  }
  const bool ratio = measure == core::Measure::ratio;
  if (judgement.other) {
    judgement.test = ratio ? core::Test::two_rates : core::Test::two_quantiles;
    return true;
  }
  judgement.test = core::Test::proportion;
  if (!ratio || (judgement.limit.nanos > 0 && judgement.limit < core::Fixed::from_int(1))) {
    return true;
  }
  context.findings.error(
      Code::bad_value, criterion.span,
      "no number of requests proves a ratio to be at `" + judgement.limit_text + "`",
      "with confidence, a limit lies between 0% and 100%");
  return false;
}

// ---- Two arms -------------------------------------------------------------------------------

// `baseline.p99(latency) * 105%`: the measurement, and its factor.
struct Scaled {
  const ast::Expression* measured = nullptr;
  core::Fixed factor = core::Fixed::from_int(1);
};
std::optional<Scaled> resolve_scaled(Context& context, const ast::Expression& right) {
  const auto* binary = std::get_if<ast::Binary>(&right.node);
  if (binary == nullptr || binary->op != ast::Binary::Operator::multiply) return Scaled{&right};
  const bool first = measures(binary->sides[0]);
  const ast::Expression& number = binary->sides[first ? 1 : 0];
  if (!measures(number)) {
    const auto factor = fold_constant(context, number);
    if (!factor) return std::nullopt;
    const bool plain = factor->type == Type::ratio || factor->type == Type::count;
    if (plain && factor->value.nanos > 0 && factor->value <= core::Fixed::from_int(1000)) {
      return Scaled{&binary->sides[first ? 0 : 1], factor->value};
    }
  }
  context.findings.error(Code::type_mismatch, number.span, "a measurement is scaled by a ratio",
                         "write `* 105%`");
  return std::nullopt;
}

bool resolve_arms(Context& context, const ast::Criterion& criterion,
                  const ast::Comparison& comparison, Judgement& judgement) {
  const auto left = measure(context, comparison.left);
  const auto scaled = resolve_scaled(context, comparison.right);
  if (!left || !scaled) return false;
  const auto right = measure(context, *scaled->measured);
  if (!right) return false;
  if (left->what.measure == core::Measure::bracket) {
    context.findings.error(Code::not_comparable, comparison.left.span,
                           "two brackets overlap more often than not: they are not compared",
                           "hold each against a limit, or send the histogram");
    return false;
  }
  Measurement same = right->what;
  same.arm = left->what.arm;
  if (same != left->what || right->what.arm == left->what.arm) {
    const bool itself = right->what == left->what;
    context.findings.error(Code::not_comparable, comparison.right.span,
                           itself ? "this compares a measurement with itself"
                                  : "the two sides must measure the same of two arms",
                           "compare one measurement of both arms, like "
                           "`canary.p99(latency) <= baseline.p99(latency) * 105%`");
    return false;
  }
  judgement.measured = left_of(criterion.text);
  judgement.what = left->what;
  judgement.comparison = comparison.comparison;
  judgement.other = right->what;
  judgement.factor = scaled->factor;
  return true;
}

}  // namespace

bool resolve_comparison(Context& context, const ast::Criterion& criterion,
                        const ast::Comparison& comparison, Judgement& judgement) {
  if (measures(comparison.right)) {
    if (!measures(comparison.left)) return false;  // refused by the grammar
    return resolve_arms(context, criterion, comparison, judgement) &&
           resolve_over(context, criterion, judgement);
  }
  auto measured = measure(context, comparison.left);
  const auto limit = fold_constant(context, comparison.right);
  if (!measured || !limit) return false;
  judgement.measured = left_of(criterion.text);
  if (!check_limit(context, *measured, judgement.measured, *limit, comparison.right.span)) {
    return false;
  }
  judgement.what = measured->what;
  judgement.comparison = comparison.comparison;
  judgement.limit = limit->value;
  judgement.limit_text = constant_text(*limit);
  return resolve_over(context, criterion, judgement);
}

}  // namespace rollbook::dsl
