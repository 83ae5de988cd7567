// What an expression measures: which metric of which arm and target, how, and in which units a
// limit of it is written.

#include <algorithm>

#include "dsl/format_value.h"
#include "dsl/resolve_criterion.h"

namespace rollbook::dsl {

namespace {

using ast::Type;

std::string quoted(const std::string& text) { return "`" + text + "`"; }

std::optional<core::Arm> resolve_arm(Context& context, const ast::Reference& reference,
                                     const core::Metric& metric) {
  const bool split = context.outline.arms && !metric.unsplit;
  const core::Arm arm = reference.arm.value_or(split ? core::Arm::canary : core::Arm::total);
  if (split || arm == core::Arm::total) return arm;
  if (context.arms_unread && !metric.unsplit) return std::nullopt;
  const std::string why =
      metric.unsplit
          ? "metric `" + metric.name + "` is a total (`unsplit`): it has no share of one arm"
          : "this runbook names no `arms`, so no metric has a share of one";
  context.findings.error(Code::type_mismatch, reference.span, why,
                         "write `" + reference.metric.text + "` alone");
  return std::nullopt;
}

}  // namespace

Measurement Found::measured_as(core::Measure measure) const {
  Measurement measurement;
  measurement.measure = measure;
  measurement.metric = entry->metric;
  measurement.arm = arm;
  measurement.target = target;
  return measurement;
}

std::optional<Found> find_metric(Context& context, const ast::Reference& reference,
                                 InFunction in_function) {
  std::optional<Names::Meant> meant;
  if (!context.metrics.has(reference.metric.text)) {
    meant = lost_dot(context, reference, in_function);
  }
  const auto row = context.metrics.find(reference.metric, context.findings, meant);
  if (!row) return std::nullopt;
  MetricEntry& entry = context.metric_entries[*row];
  if (entry.broken) return std::nullopt;
  const core::Metric& metric = context.outline.metrics[entry.metric.value];
  const auto arm = resolve_arm(context, reference, metric);
  if (!arm) return std::nullopt;
  return Found{&entry, &metric, *arm, metric_target(context, reference, metric)};
}

namespace {

bool measures_seconds(const core::Metric& metric) {
  return metric.unit != core::Fixed::from_int(1) || metric.selector.ends_with("_seconds");
}

std::optional<Measured> measure_reference(Context& context, const ast::Reference& reference) {
  const auto found = find_metric(context, reference);
  if (!found) return std::nullopt;
  Measured measured;
  if (!found->entry->measured) {
    measured.what = found->measured_as(core::Measure::ratio);
    measured.what.denominator = found->entry->denominator;
    measured.allowed = {Type::ratio};
    measured.help = "a ratio is written `0.1%`";
    return measured;
  }
  const std::string name = quoted(reference.metric.text);
  switch (found->metric->kind) {
    case core::MetricKind::gauge:
      measured.what = found->measured_as(core::Measure::gauge);
      measured.entry = found->entry;
      measured.unit_known = measures_seconds(*found->metric);
      measured.allowed = {Type::count, Type::ratio, Type::duration, Type::size, Type::rate};
      return measured;
    case core::MetricKind::counter:
      context.findings.error(Code::not_comparable, reference.span,
                             name + " is a counter: it only ever rises",
                             "compare `rate(" + reference.metric.text + ")`, `count(" +
                                 reference.metric.text + ")` or its ratio to another counter");
      return std::nullopt;
    case core::MetricKind::histogram:
      context.findings.error(Code::not_comparable, reference.span,
                             name + " is a histogram: it has no single value",
                             "compare a quantile of it: `p99(" + reference.metric.text + ")`");
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Measured> measure_quantile(Context& context, const ast::Call& call,
                                         const Found& found) {
  if (!found.entry->measured || found.metric->kind != core::MetricKind::histogram) {
    context.findings.error(Code::type_mismatch, call.argument.span,
                           quoted(call.name.text) + " needs a histogram, `" +
                               call.argument.metric.text + "` is " +
                               (found.entry->measured ? "none" : "a ratio"),
                           "take a metric that is declared as `histogram`");
    return std::nullopt;
  }
  Measured measured;
  measured.what = found.measured_as(core::Measure::quantile);
  measured.what.quantile = call.quantile;
  measured.entry = found.entry;
  measured.unit_known = measures_seconds(*found.metric);
  measured.allowed = {Type::duration, Type::size, Type::count};
  measured.help = "a latency is written `50ms`";
  return measured;
}

// The metric with another fold of the same gauges, which is added where there is none.
core::MetricIndex folded_as(Context& context, core::MetricIndex index, core::GaugeFold fold) {
  auto& metrics = context.outline.metrics;
  core::Metric wanted = metrics[index.value];
  if (wanted.fold == fold) return index;
  wanted.fold = fold;
  wanted.name += fold == core::GaugeFold::max ? " (max)" : " (min)";
  const auto found = std::find(metrics.begin(), metrics.end(), wanted);
  const auto place = static_cast<std::uint32_t>(found - metrics.begin());
  if (found == metrics.end()) metrics.push_back(std::move(wanted));
  return core::MetricIndex{place};
}

// `bracket(pod_p99)`: the greatest and the least of all its points.
std::optional<Measured> measure_bracket(Context& context, const ast::Call& call,
                                        const Found& found) {
  if (!found.entry->measured || found.metric->kind != core::MetricKind::gauge) {
    context.findings.error(Code::type_mismatch, call.argument.span,
                           "`bracket` needs a gauge, `" + call.argument.metric.text + "` is " +
                               (found.entry->measured ? "none" : "a ratio"),
                           "it is for quantiles that others have computed; of a histogram take "
                           "`p99(x)`");
    return std::nullopt;
  }
  Measured measured;
  measured.what = found.measured_as(core::Measure::bracket);
  measured.entry = found.entry;
  measured.unit_known = measures_seconds(*found.metric);
  measured.allowed = {Type::duration, Type::count, Type::ratio, Type::size, Type::rate};
  const core::MetricIndex metric = found.entry->metric;
  measured.what.metric = folded_as(context, metric, core::GaugeFold::max);
  measured.what.denominator = folded_as(context, metric, core::GaugeFold::min);
  return measured;
}

// `rate(x)` and `count(x)`.
std::optional<Measured> measure_counted(Context& context, const ast::Call& call,
                                        const Found& found) {
  const bool rate = call.function == ast::Call::Function::rate;
  const bool counts =
      found.entry->measured && (found.metric->kind == core::MetricKind::counter ||
                                (!rate && found.metric->kind == core::MetricKind::histogram));
  if (!counts) {
    context.findings.error(Code::type_mismatch, call.argument.span,
                           quoted(call.name.text) + " needs a counter" +
                               (rate ? "" : " or a histogram") + ", `" + call.argument.metric.text +
                               "` is " + (found.entry->measured ? "none" : "a ratio"),
                           "take a metric that is declared as `counter`");
    return std::nullopt;
  }
  Measured measured;
  measured.what = found.measured_as(rate ? core::Measure::rate : core::Measure::count);
  measured.allowed = {rate ? Type::rate : Type::count};
  measured.help = rate ? "a rate is written `900/s`" : "a count is a bare number like `100`";
  return measured;
}

std::optional<Measured> measure_call(Context& context, const ast::Call& call) {
  const auto found = find_metric(context, call.argument, InFunction::yes);
  if (!found) return std::nullopt;
  switch (call.function) {
    case ast::Call::Function::bracket:
      return measure_bracket(context, call, *found);
    case ast::Call::Function::quantile:
      return measure_quantile(context, call, *found);
    case ast::Call::Function::rate:
    case ast::Call::Function::count:
      return measure_counted(context, call, *found);
  }
  return std::nullopt;
}

// `errors / requests` in place.
std::optional<Measured> measure_quotient(Context& context, const ast::Expression& whole,
                                         const ast::Reference& numerator,
                                         const ast::Reference& denominator) {
  const auto above = find_metric(context, numerator);
  const auto below = find_metric(context, denominator);
  if (!above || !below) return std::nullopt;
  const auto is_counter = [](const Found& found) {
    return found.entry->measured && found.metric->kind == core::MetricKind::counter;
  };
  if (!is_counter(*above) || !is_counter(*below)) {
    const ast::Reference& wrong = is_counter(*above) ? denominator : numerator;
    context.findings.error(Code::bad_quotient, wrong.span,
                           "a ratio is of two counters, `" + wrong.metric.text + "` is none",
                           "take metrics that are declared as `counter`");
    return std::nullopt;
  }
  if (above->arm != below->arm || above->target != below->target) {
    const std::string what = above->arm != below->arm ? "arm" : "target";
    context.findings.error(Code::bad_quotient, whole.span,
                           "the two counters of this ratio are not of the same " + what,
                           "take both from one " + what + ": `errors / requests`");
    return std::nullopt;
  }
  Measured measured;
  measured.what = above->measured_as(core::Measure::ratio);
  measured.what.denominator = below->entry->metric;
  measured.allowed = {Type::ratio};
  measured.help = "a ratio is written `0.1%`";
  return measured;
}

std::optional<Measured> measure_binary(Context& context, const ast::Expression& whole,
                                       const ast::Binary& binary) {
  const ast::Expression& left = binary.sides[0];
  const ast::Expression& right = binary.sides[1];
  const auto* numerator = std::get_if<ast::Reference>(&left.node);
  const auto* denominator = std::get_if<ast::Reference>(&right.node);
  if (binary.op == ast::Binary::Operator::divide && numerator && denominator) {
    return measure_quotient(context, whole, *numerator, *denominator);
  }
  const bool sum =
      binary.op == ast::Binary::Operator::add || binary.op == ast::Binary::Operator::subtract;
  const auto* number = std::get_if<ast::Number>(&right.node);
  if (number != nullptr && number->type == Type::points) {
    context.findings.error(Code::type_mismatch, whole.span,
                           quoted(number->text) + " is a difference in points", kPointsInCondition);
    return std::nullopt;
  }
  if (number != nullptr && number->type == Type::ratio && sum) {
    const auto measured = measure(context, left);
    if (!measured) return std::nullopt;
    // 5% more is a factor; said for everything but ratios, where 5% can be added, and means
    // something else than people think.
    const core::Fixed whole_ratio = core::Fixed::from_int(1);
    const core::Fixed factor = binary.op == ast::Binary::Operator::add
                                   ? whole_ratio + number->value
                                   : whole_ratio - number->value;
    context.findings.error(
        Code::type_mismatch, whole.span,
        quoted(number->text) + " is a ratio: it cannot be added to or taken from " +
            "what is measured",
        "to scale, write `* " + format_percent(factor) + "`, and write it at the limit");
    return std::nullopt;
  }
  context.findings.error(Code::not_comparable, whole.span,
                         "the left side of a comparison is one measurement",
                         "a ratio of two counters, `rate(x)`, `count(x)`, `p99(x)` or a gauge; "
                         "calculate on the right side");
  return std::nullopt;
}

}  // namespace

std::optional<Measured> measure(Context& context, const ast::Expression& expression) {
  if (const auto* reference = std::get_if<ast::Reference>(&expression.node)) {
    return measure_reference(context, *reference);
  }
  if (const auto* call = std::get_if<ast::Call>(&expression.node)) {
    return measure_call(context, *call);
  }
  if (const auto* binary = std::get_if<ast::Binary>(&expression.node)) {
    return measure_binary(context, expression, *binary);
  }
  context.findings.error(Code::not_comparable, expression.span,
                         "a comparison begins with what is measured",
                         "turn it round: `error_rate > 0.1%`");
  return std::nullopt;
}

std::optional<Measurement> resolve_measured(Context& context, const ast::Expression& expression) {
  const auto measured = measure(context, expression);
  return measured ? std::optional(measured->what) : std::nullopt;
}

std::optional<Measurement> requests_of(Context& context, const core::Span& span) {
  std::optional<core::MetricIndex> found;
  bool several = false;
  const auto& metrics = context.outline.metrics;
  for (const MetricEntry& entry : context.metric_entries) {
    if (entry.broken) return std::nullopt;
    const core::Metric& metric = metrics[entry.metric.value];
    if (entry.measured && metric.name == "requests" && metric.kind != core::MetricKind::gauge) {
      found = entry.metric;
      several = false;
      break;
    }
    if (entry.measured) continue;
    several = several || (found && *found != entry.denominator);
    found = entry.denominator;
  }
  if (!found || several) {
    context.findings.error(Code::unknown_metric, span, "nothing says which metric counts requests",
                           "declare it as `metric requests = counter …`");
    return std::nullopt;
  }
  // The hold that counts uses it.
  const core::Metric& metric = metrics[found->value];
  context.metrics.find(ast::Name{metric.name, span}, context.findings);
  const bool split = context.outline.arms && !metric.unsplit;
  Measurement requests;
  requests.measure = core::Measure::count;
  requests.metric = *found;
  requests.arm = split ? core::Arm::canary : core::Arm::total;
  return requests;
}

}  // namespace rollbook::dsl
