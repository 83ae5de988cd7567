#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <set>

#include "dsl/resolve_context.h"

namespace rollbook::dsl {

namespace {

core::Metric measured_metric(const ast::Metric& metric, const ast::Measured& measured) {
  core::Metric resolved;
  resolved.name = metric.name.text;
  resolved.kind = measured.kind;
  resolved.fold = measured.fold;
  resolved.selector = measured.selector.text;
  resolved.matchers = measured.matchers;
  resolved.unsplit = measured.unsplit;
  resolved.default_zero = measured.default_zero;
  resolved.unit = measured.unit;
  for (const ast::Name& label : measured.by) resolved.by.push_back(label.text);
  resolved.span = metric.span;
  return resolved;
}

// `shop_p99_seconds`, `latency_quantile`, `x{quantile="0.99"}`: what others have computed already.
bool holds_quantiles(const ast::Measured& measured) {
  static const re2::RE2 kName(
      R"((?i)(^|[^a-z0-9])(p[0-9]{2,5}|[0-9]{2,3}(th|p|pct)|percentiles?|quantiles?)([^a-z0-9]|$))");
  static const re2::RE2 kLabel("(?i)quantile|percentile");
  return re2::RE2::PartialMatch(measured.selector.text, kName) ||
         std::any_of(measured.matchers.begin(), measured.matchers.end(),
                     [](const core::LabelMatcher& matcher) {
                       return re2::RE2::FullMatch(matcher.label, kLabel);
                     });
}

void check_averaged(Context& context, const ast::Metric& metric, const ast::Measured& measured) {
  const bool averages =
      measured.kind == core::MetricKind::gauge && measured.fold == core::GaugeFold::mean;
  if (!averages || !holds_quantiles(measured)) return;
  context.findings.error(
      Code::averaged_quantile, measured.selector.span,
      "`" + measured.selector.text +
          "` looks like quantiles that others have computed, and the "
          "mean of quantiles is the quantile of nothing",
      "write `gauge max` and judge `bracket(" + metric.name.text + ")`, or send the histogram");
}

// `{a="1", a="2"}`: no series has two values of one label.
void check_matchers(Context& context, const ast::Metric& metric, const ast::Measured& measured) {
  std::map<std::string, std::string> values;
  for (const core::LabelMatcher& matcher : measured.matchers) {
    if (matcher.kind != core::MatchKind::equal) continue;
    const auto [known, is_new] = values.emplace(matcher.label, matcher.value);
    if (is_new || known->second == matcher.value) continue;
    context.findings.error(Code::bad_value, metric.span,
                           "metric `" + metric.name.text + "` selects `" + matcher.label +
                               "` by two values, and no series has both",
                           "for either of them write `" + matcher.label + "=~\"" + known->second +
                               "|" + matcher.value + "\"`");
  }
}

void check_measured(Context& context, const ast::Metric& metric, const ast::Measured& measured,
                    const core::Arms* arms) {
  check_matchers(context, metric, measured);
  check_averaged(context, metric, measured);
  std::set<std::string> seen;
  for (const ast::Name& label : measured.by) {
    if (seen.insert(label.text).second) continue;
    context.findings.error(Code::duplicate_name, label.span,
                           "label `" + label.text + "` stands twice after `by`", "leave one out");
  }
  if (arms == nullptr || measured.unsplit) return;
  for (const core::LabelMatcher& matcher : measured.matchers) {
    if (matcher.label != arms->label) continue;
    context.findings.error(
        Code::bad_value, metric.span,
        "metric `" + metric.name.text + "` selects by `" + matcher.label +
            "`, the label that tells the arms apart",
        "leave the matcher out (the arms are told apart anyway), or add `unsplit` for a total");
  }
}

// A part of a ratio: a counter, measured and not a ratio itself.
std::optional<core::MetricIndex> resolve_part(Context& context, const ast::Name& name,
                                              const char* which) {
  const auto row = context.metrics.find(name, context.findings);
  if (!row) return std::nullopt;
  const MetricEntry& entry = context.metric_entries[*row];
  if (entry.measured &&
      context.outline.metrics[entry.metric.value].kind == core::MetricKind::counter) {
    return entry.metric;
  }
  context.findings.error(Code::bad_quotient, name.span,
                         std::string("the ") + which + " of a ratio must be a counter, `" +
                             name.text + "` is " + (entry.measured ? "none" : "a ratio"),
                         "take a metric that is declared as `counter`");
  return std::nullopt;
}

void resolve_quotient(Context& context, const ast::Metric& metric, const ast::Quotient& quotient,
                      MetricEntry& entry) {
  entry.broken = true;
  const auto numerator = resolve_part(context, quotient.numerator, "numerator");
  const auto denominator = resolve_part(context, quotient.denominator, "denominator");
  if (!numerator || !denominator) return;
  const auto& metrics = context.outline.metrics;
  if (metrics[numerator->value].unsplit != metrics[denominator->value].unsplit) {
    const bool first = metrics[numerator->value].unsplit;
    context.findings.error(Code::bad_quotient, metric.span,
                           "`" + (first ? quotient.numerator : quotient.denominator).text +
                               "` is unsplit and `" +
                               (first ? quotient.denominator : quotient.numerator).text +
                               "` is not: their ratio is of nothing",
                           "make both `unsplit`, or neither");
    return;
  }
  entry.broken = false;
  entry.metric = *numerator;
  entry.denominator = *denominator;
}

}  // namespace

void resolve_metrics(Context& context, const ast::Runbook& runbook,
                     void (*declared)(Context& context, const ast::Runbook& runbook)) {
  const auto metrics = ast::all<ast::Metric>(runbook.statements);
  const core::Arms* arms = context.outline.arms ? &*context.outline.arms : nullptr;
  std::vector<std::pair<const ast::Metric*, std::size_t>> ratios;
  for (const ast::Metric* metric : metrics) {
    const std::size_t row = context.metric_entries.size();
    if (!context.metrics.declare(metric->name, row, context.findings)) continue;
    MetricEntry entry;
    if (const auto* measured = std::get_if<ast::Measured>(&metric->source)) {
      check_measured(context, *metric, *measured, arms);
      entry.metric = core::MetricIndex{static_cast<std::uint32_t>(context.outline.metrics.size())};
      context.outline.metrics.push_back(measured_metric(*metric, *measured));
    } else {
      entry.measured = false;
      ratios.emplace_back(metric, row);
    }
    context.metric_entries.push_back(entry);
  }
  declared(context, runbook);
  for (const auto& [metric, row] : ratios) {
    MetricEntry entry = context.metric_entries[row];
    resolve_quotient(context, *metric, std::get<ast::Quotient>(metric->source), entry);
    context.metric_entries[row] = entry;
  }
}

}  // namespace rollbook::dsl
