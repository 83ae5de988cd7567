// Types of criteria. A comparison measures on its left and holds a constant on its right, or the
// same measurement of another arm; what the left measures says which units the right may have.

#include <algorithm>

#include "dsl/format_value.h"
#include "dsl/resolve_context.h"

namespace rollbook::dsl {

namespace {

using ast::Type;

// The left side of a comparison.
struct Measured {
  Measurement what;
  MetricEntry* entry = nullptr;  // histograms and gauges: whose values have a unit
  bool unit_known = false;       // `in ms` or the name on the wire says that they are durations
  std::vector<Type> allowed;
  std::string help;  // how a limit of the right type looks
};

std::string quoted(const std::string& text) { return "`" + text + "`"; }

// ---- Arms -----------------------------------------------------------------------------------

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

// ---- The left side --------------------------------------------------------------------------

struct Found {
  MetricEntry* entry;
  const core::Metric* metric;  // the numerator of a ratio
  core::Arm arm;
  core::TargetIndex target;
};

std::optional<Found> find_metric(Context& context, const ast::Reference& reference,
                                 InFunction in_function = InFunction::no) {
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

bool measures_seconds(const core::Metric& metric) {
  return metric.unit != core::Fixed::from_int(1) || metric.selector.ends_with("_seconds");
}

std::optional<Measured> measure_reference(Context& context, const ast::Reference& reference) {
  const auto found = find_metric(context, reference);
  if (!found) return std::nullopt;
  Measured measured;
  measured.what.metric = found->entry->metric;
  measured.what.arm = found->arm;
  measured.what.target = found->target;
  if (!found->entry->measured) {
    measured.what.measure = core::Measure::ratio;
    measured.what.denominator = found->entry->denominator;
    measured.allowed = {Type::ratio};
    measured.help = "a ratio is written `0.1%`";
    return measured;
  }
  const std::string name = quoted(reference.metric.text);
  switch (found->metric->kind) {
    case core::MetricKind::gauge:
      measured.what.measure = core::Measure::gauge;
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
  measured.what.measure = core::Measure::quantile;
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
std::optional<Measured> measure_bracket(Context& context, const ast::Call& call, Found found) {
  if (!found.entry->measured || found.metric->kind != core::MetricKind::gauge) {
    context.findings.error(Code::type_mismatch, call.argument.span,
                           "`bracket` needs a gauge, `" + call.argument.metric.text + "` is " +
                               (found.entry->measured ? "none" : "a ratio"),
                           "it is for quantiles that others have computed; of a histogram take "
                           "`p99(x)`");
    return std::nullopt;
  }
  Measured measured;
  measured.what.measure = core::Measure::bracket;
  measured.what.arm = found.arm;
  measured.entry = found.entry;
  measured.unit_known = measures_seconds(*found.metric);
  measured.allowed = {Type::duration, Type::count, Type::ratio, Type::size, Type::rate};
  const core::MetricIndex metric = found.entry->metric;
  measured.what.metric = folded_as(context, metric, core::GaugeFold::max);
  measured.what.denominator = folded_as(context, metric, core::GaugeFold::min);
  return measured;
}

std::optional<Measured> measure_call(Context& context, const ast::Call& call) {
  const auto found = find_metric(context, call.argument, InFunction::yes);
  if (!found) return std::nullopt;
  if (call.function == ast::Call::Function::bracket) return measure_bracket(context, call, *found);
  std::optional<Measured> measured;
  if (call.function == ast::Call::Function::quantile) {
    measured = measure_quantile(context, call, *found);
  } else {
    const bool rate = call.function == ast::Call::Function::rate;
    const bool counts =
        found->entry->measured && (found->metric->kind == core::MetricKind::counter ||
                                   (!rate && found->metric->kind == core::MetricKind::histogram));
    if (!counts) {
      context.findings.error(
          Code::type_mismatch, call.argument.span,
          quoted(call.name.text) + " needs a counter" + (rate ? "" : " or a histogram") + ", `" +
              call.argument.metric.text + "` is " + (found->entry->measured ? "none" : "a ratio"),
          "take a metric that is declared as `counter`");
      return std::nullopt;
    }
    measured.emplace();
    measured->what.measure = rate ? core::Measure::rate : core::Measure::count;
    measured->allowed = {rate ? Type::rate : Type::count};
    measured->help = rate ? "a rate is written `900/s`" : "a count is a bare number like `100`";
  }
  if (!measured) return std::nullopt;
  measured->what.metric = found->entry->metric;
  measured->what.arm = found->arm;
  measured->what.target = found->target;
  return measured;
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
  measured.what.measure = core::Measure::ratio;
  measured.what.metric = above->entry->metric;
  measured.what.denominator = below->entry->metric;
  measured.what.arm = above->arm;
  measured.what.target = above->target;
  measured.allowed = {Type::ratio};
  measured.help = "a ratio is written `0.1%`";
  return measured;
}

std::optional<Measured> measure(Context& context, const ast::Expression& expression);

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

// ---- Both -----------------------------------------------------------------------------------

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

// `unchanged from` without `with confidence`, and `traffic split as planned`.
constexpr core::Fixed kUsualAlpha{50'000'000};
constexpr core::Fixed kSplitAlpha{1'000'000};

std::optional<core::Fixed> alpha_of(const ast::Criterion& criterion) {
  if (!criterion.confidence) return std::nullopt;
  return core::Fixed::from_int(1) - criterion.confidence->value;
}

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

// Totals unless an arm is named.
void default_to_total(ast::Expression& expression) {
  if (auto* reference = std::get_if<ast::Reference>(&expression.node)) {
    if (!reference->arm) reference->arm = core::Arm::total;
  } else if (auto* call = std::get_if<ast::Call>(&expression.node)) {
    if (!call->argument.arm) call->argument.arm = core::Arm::total;
  } else if (auto* binary = std::get_if<ast::Binary>(&expression.node)) {
    for (ast::Expression& side : binary->sides) default_to_total(side);
  }
}

bool resolve_unchanged(Context& context, const ast::Criterion& criterion,
                       const ast::Unchanged& unchanged, Judgement& judgement) {
  ast::Expression what = unchanged.what;
  default_to_total(what);
  const auto measured = measure(context, what);
  if (!measured) return false;
  const core::Measure measure = measured->what.measure;
  const bool counter =
      context.outline.metrics[measured->what.metric.value].kind == core::MetricKind::counter;
  if (!counter || (measure != core::Measure::ratio && measure != core::Measure::rate &&
                   measure != core::Measure::count)) {
    context.findings.error(Code::not_comparable, unchanged.what.span,
                           "`unchanged from` needs a ratio, `rate(x)` or `count(x)` of counters",
                           "compare a quantile with another arm's: `canary.p99(x) <= "
                           "baseline.p99(x) * 105%`");
    return false;
  }
  using Past = ast::Unchanged::Past;
  constexpr core::Duration kDay = std::chrono::hours(24);
  judgement.what = measured->what;
  judgement.measured = criterion.text.substr(0, criterion.text.find(" unchanged"));
  judgement.test = core::Test::unchanged;
  judgement.alpha = alpha_of(criterion).value_or(kUsualAlpha);
  judgement.tolerance = unchanged.tolerance.value;
  judgement.lag = unchanged.past == Past::yesterday   ? kDay
                  : unchanged.past == Past::last_week ? 7 * kDay
                                                      : unchanged.previous->duration();
  if (judgement.lag % core::kPaneMin != core::Duration::zero()) {
    context.findings.error(Code::bad_value, unchanged.previous->span,
                           "the past is compared second by second",
                           "write whole seconds, like `5m`");
    return false;
  }
  return true;
}

// The requests of both arms: what some ratio of this runbook is divided by.
bool resolve_split(Context& context, const ast::SplitAsPlanned& split, Judgement& judgement) {
  judgement.measured = "traffic split";
  judgement.what.measure = core::Measure::split;
  judgement.what.arm = core::Arm::canary;
  judgement.what.target = traffic_target(context, split.target, split.span);
  judgement.test = core::Test::split;
  judgement.alpha = kSplitAlpha;
  for (const MetricEntry& entry : context.metric_entries) {
    if (entry.measured || entry.broken || !context.outline.arms) continue;
    if (context.outline.metrics[entry.denominator.value].unsplit) continue;
    judgement.what.metric = entry.denominator;
    judgement.other = judgement.what;
    judgement.other->arm = core::Arm::baseline;
    return true;
  }
  context.findings.error(Code::not_comparable, split.span,
                         "nothing says what counts the requests of each arm",
                         "name a ratio: `metric error_rate = errors / requests`");
  return false;
}

bool resolve_absent(Context& context, const ast::Absent& absent, Judgement& judgement) {
  const auto found = find_metric(context, absent.metric);
  if (!found) return false;
  if (!found->entry->measured) {
    const std::string& denominator = context.outline.metrics[found->entry->denominator.value].name;
    context.findings.error(
        Code::type_mismatch, absent.metric.span,
        "`absent` needs a measured metric, `" + absent.metric.metric.text + "` is a ratio",
        "write `absent(" + denominator + ")`");
    return false;
  }
  judgement.measured = "absent(" + absent.metric.metric.text + ")";
  judgement.what.measure = core::Measure::absent;
  judgement.what.metric = found->entry->metric;
  judgement.what.arm = found->arm;
  judgement.what.target = found->target;
  return true;
}

// What the canary shows and the baseline, since the first shift, does not.
bool resolve_new(Context& context, const ast::Criterion& criterion, const ast::NewKinds& node,
                 Judgement& judgement) {
  const auto found = find_metric(context, node.metric);
  if (!found) return false;
  const std::string name = quoted(node.metric.metric.text);
  const core::Metric& metric = *found->metric;
  const auto refuse = [&](Code code, const core::Span& span, const std::string& why,
                          const std::string& help, const Sink::Fix& fix = {}) {
    context.findings.error(code, span, why, help, fix);
    return false;
  };
  if (!found->entry->measured || metric.kind != core::MetricKind::counter) {
    return refuse(
        Code::type_mismatch, node.metric.span,
        "`new` needs a counter, " + name + " is " + (found->entry->measured ? "none" : "a ratio"),
        "take a metric that is declared as `counter`");
  }
  if (found->arm != core::Arm::canary) {
    return refuse(Code::type_mismatch, node.metric.span,
                  "`new` holds the canary against the baseline, and " + name + " is not split",
                  "name the `arms`, and take a metric that is not `unsplit`");
  }
  if (metric.by.empty()) {
    return refuse(Code::type_mismatch, node.metric.span, name + " is not kept by its labels",
                  "declare it as `metric " + metric.name + " = counter " + metric.selector +
                      " by " + node.labels.front().text + "`");
  }
  for (const ast::Name& label : node.labels) {
    if (std::find(metric.by.begin(), metric.by.end(), label.text) == metric.by.end()) {
      std::string help = did_you_mean(label.text, metric.by);
      if (help.empty()) help = "it is kept by " + alternatives(metric.by);
      return refuse(Code::unknown_label, label.span, name + " is not kept by `" + label.text + "`",
                    help, replace_by_near(label, metric.by));
    }
    judgement.new_by.push_back(label.text);
  }
  judgement.measured = "new(" + node.metric.metric.text + ")";
  judgement.what.measure = core::Measure::count;
  judgement.what.metric = found->entry->metric;
  judgement.what.arm = core::Arm::canary;
  judgement.other = judgement.what;
  judgement.other->arm = core::Arm::baseline;
  judgement.comparison = core::Comparison::greater_equal;
  judgement.limit = node.at_least.value;
  judgement.over = criterion.over->duration();
  return true;
}

// A point estimate of few requests says nothing; other measures do not count requests.
std::int64_t default_at_least(const Judgement& judgement) {
  const bool requests = judgement.what.measure == core::Measure::ratio ||
                        judgement.what.measure == core::Measure::quantile;
  const bool acts =
      judgement.kind == core::CriterionKind::stop || judgement.kind == core::CriterionKind::pause;
  const bool estimate = acts && judgement.test == core::Test::none;
  return estimate && requests ? core::kAtLeastRequests : 0;
}

}  // namespace

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

std::optional<Judgement> resolve_criterion(Context& context, const ast::Criterion& criterion,
                                           core::CriterionKind kind, std::string id) {
  Judgement judgement;
  judgement.id = std::move(id);
  judgement.text = criterion.text;
  judgement.kind = kind;
  judgement.span = criterion.span;
  bool good = true;
  if (const auto* comparison = std::get_if<ast::Comparison>(&criterion.condition)) {
    good = resolve_comparison(context, criterion, *comparison, judgement);
  } else if (const auto* unchanged = std::get_if<ast::Unchanged>(&criterion.condition)) {
    good = resolve_unchanged(context, criterion, *unchanged, judgement);
  } else if (const auto* split = std::get_if<ast::SplitAsPlanned>(&criterion.condition)) {
    good = resolve_split(context, *split, judgement);
  } else if (const auto* judge = std::get_if<ast::Judge>(&criterion.condition)) {
    good = resolve_judge(context, *judge, judgement);
  } else if (const auto* kinds = std::get_if<ast::NewKinds>(&criterion.condition)) {
    good = resolve_new(context, criterion, *kinds, judgement);
  } else {
    good = resolve_absent(context, std::get<ast::Absent>(criterion.condition), judgement);
  }
  if (criterion.sustain) judgement.sustain = criterion.sustain->duration();
  if (!good) return std::nullopt;
  judgement.at_least =
      criterion.at_least ? criterion.at_least->whole() : default_at_least(judgement);
  return judgement;
}

}  // namespace rollbook::dsl
