// Types of criteria: comparisons, and the conditions that compare nothing with a limit.

#include "dsl/resolve_criterion.h"

#include <algorithm>

#include "dsl/format_value.h"

namespace rollbook::dsl {

namespace {

// `unchanged from` without `with confidence`, and `traffic split as planned`.
constexpr core::Fixed kUsualAlpha{50'000'000};
constexpr core::Fixed kSplitAlpha{1'000'000};

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
  judgement.what = found->measured_as(core::Measure::absent);
  return true;
}

// What the canary shows and the baseline, since the first shift, does not.
bool resolve_new(Context& context, const ast::Criterion& criterion, const ast::NewKinds& node,
                 Judgement& judgement) {
  const auto found = find_metric(context, node.metric);
  if (!found || !criterion.over) return false;  // without `over`: refused by the form
  const std::string name = "`" + node.metric.metric.text + "`";
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
  judgement.what = found->measured_as(core::Measure::count);
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
