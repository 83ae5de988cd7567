// `judge kayenta`: its window and thresholds, and what each of its metrics is held to.

#include <algorithm>
#include <set>

#include "dsl/format_value.h"
#include "dsl/resolve_context.h"

namespace rollbook::dsl {
namespace {

using core::Direction;
using core::EffectSize;
using core::Fixed;

constexpr core::Duration kUsualStep = std::chrono::minutes(1);
constexpr Fixed kWhole = Fixed::from_int(1);
// What Spinnaker's stage offers.
constexpr Fixed kUsualPass{950'000'000};
constexpr Fixed kUsualMarginal{750'000'000};
constexpr Fixed kUsualOutlierFactor = Fixed::from_int(3);
// A sample of fewer, wholly apart from another of as many, is not yet so with 98 %.
constexpr std::int64_t kStepsLeast = 5;
// Kayenta's own advice.
constexpr std::int64_t kStepsAdvised = 50;

class JudgeResolver {
 public:
  JudgeResolver(Context& context, const ast::Judge& node) : context_(context), node_(node) {}

  // False: reported.
  bool resolve(Judgement& judgement) {
    judgement.judge.emplace();
    judgement.judge->written = judgement.text;
    judgement.text = judgement.text.substr(0, judgement.text.find(" {"));
    judgement.measured = "score";
    judgement.test = core::Test::kayenta;
    judgement.comparison = core::Comparison::greater_equal;
    if (!context_.outline.arms) {
      if (!context_.arms_unread) {
        error(Code::not_comparable, node_.span,
              "this runbook names no `arms`: there is no baseline to judge by",
              "declare `arms by label …`");
      }
      return false;
    }
    if (!node_.over || (node_.every && node_.every->duration() <= core::Duration::zero())) {
      return false;  // refused by the form
    }
    const bool window = resolve_window(judgement);
    const bool thresholds = resolve_thresholds(judgement);
    return resolve_metrics(judgement) && resolve_weights(judgement) && window && thresholds;
  }

 private:
  void error(Code code, const core::Span& span, const std::string& what, const std::string& help) {
    context_.findings.error(code, span, what, help);
    good_ = false;
  }

  bool resolve_window(Judgement& judgement) {
    if (!node_.over) return false;  // reported when it was read
    judgement.over = node_.over->duration();
    const core::Duration step = node_.every ? node_.every->duration() : kUsualStep;
    judgement.judge->step = step;
    const core::Span& span = node_.every ? node_.every->span : node_.over->span;
    if (step % core::kPaneMin != core::Duration::zero()) {
      error(Code::bad_value, span, "a step is made of whole seconds", "write `every 30s`");
      return false;
    }
    const std::string steps = "steps of `" + format_duration(step) + "`";
    if (judgement.over % step != core::Duration::zero()) {
      error(Code::bad_value, span, "`over " + node_.over->text + "` is no whole number of " + steps,
            "the window is cut into steps of the same width: `over 1h every 1m`");
      return false;
    }
    steps_ = judgement.over / step;
    if (steps_ < kStepsLeast) {
      error(Code::bad_value, span,
            std::to_string(steps_) + " " + steps + " can never differ: the interval of 98% needs " +
                std::to_string(kStepsLeast) + " at least",
            "judge a longer window, or shorter steps");
    } else if (steps_ > core::kJudgedSteps) {
      error(Code::bad_value, span,
            std::to_string(steps_) + " " + steps + " are more than the " +
                std::to_string(core::kJudgedSteps) + " that a judge compares",
            "take longer steps: `every 5m`");
    } else if (steps_ < kStepsAdvised) {
      context_.findings.warning(Code::too_few_points, span,
                                "each metric is judged by " + std::to_string(steps_) +
                                    " points an arm; Kayenta advises " +
                                    std::to_string(kStepsAdvised) +
                                    " at least, for fewer find large differences only",
                                "judge a longer window, or shorter steps");
    }
    return good_;
  }

  bool resolve_thresholds(Judgement& judgement) {
    judgement.limit = node_.pass ? node_.pass->value : kUsualPass;
    judgement.limit_text = format_percent(judgement.limit);
    judgement.judge->marginal =
        node_.marginal ? node_.marginal->value : std::min(kUsualMarginal, judgement.limit);
    if (judgement.limit > kWhole) {
      error(Code::bad_value, node_.pass->span, "no score is above 100%", "write `pass 95%`");
    }
    if (judgement.judge->marginal > judgement.limit) {
      error(Code::bad_value, node_.marginal->span,
            "`marginal` begins above `pass`: nothing would be marginal",
            "write a share below `" + judgement.limit_text + "`");
    }
    return good_;
  }

  bool resolve_metrics(Judgement& judgement) {
    bool counted = false;
    for (const ast::JudgedMetric& metric : node_.metrics) {
      auto resolved = resolve_metric(metric);
      if (!resolved) {
        good_ = false;
        continue;
      }
      counted = counted || !resolved->judged.muted;
      judgement.judge->metrics.push_back(std::move(*resolved));
    }
    if (!good_) return false;
    const std::size_t count = judgement.judge->metrics.size();
    if (!counted) {
      error(Code::missing_statement, node_.span,
            count == 0 ? "this judge has no metric to judge by" : "all of its metrics are muted",
            "write one a line: `p99(latency) increase`");
      return false;
    }
    if (count > core::kJudgedMetrics ||
        2 * steps_ * static_cast<std::int64_t>(count) > core::kJudgedSamples) {
      error(Code::bad_value, node_.span,
            "a judge has " + std::to_string(core::kJudgedMetrics) + " metrics and " +
                std::to_string(core::kJudgedSamples) + " points at most",
            "take longer steps, or the metrics that matter");
      return false;
    }
    // What feeds it, for all that asks that of any criterion: its first metric.
    const Measurement& first = judgement.judge->metrics.front().canary;
    judgement.what.measure = core::Measure::score;
    judgement.what.metric =
        first.measure == core::Measure::ratio ? first.denominator : first.metric;
    judgement.what.arm = core::Arm::canary;
    judgement.what.target = target_of(judgement.judge->metrics);
    judgement.other = judgement.what;
    judgement.other->arm = core::Arm::baseline;
    return true;
  }

  // That of all of them; of none in particular where they differ.
  static core::TargetIndex target_of(const std::vector<JudgedOutline>& metrics) {
    const core::TargetIndex target = metrics.front().canary.target;
    const bool same = std::all_of(metrics.begin(), metrics.end(), [&](const JudgedOutline& one) {
      return one.canary.target == target;
    });
    return same ? target : core::TargetIndex{};
  }

  std::optional<JudgedOutline> resolve_metric(const ast::JudgedMetric& metric) {
    const auto measured = resolve_measured(context_, metric.what);
    if (!measured) return std::nullopt;
    if (measured->measure == core::Measure::bracket) {
      error(Code::not_comparable, metric.what.span,
            "`bracket(x)` says between which values a quantile lies, not which it has",
            "judge the histogram, or a gauge: `queue either`");
      return std::nullopt;
    }
    if (measured->arm != core::Arm::canary) {
      error(Code::not_comparable, metric.what.span,
            "a judge holds the canary's share against the baseline's, this is another",
            "name a metric that the arms split, without an arm");
      return std::nullopt;
    }
    JudgedOutline resolved;
    resolved.canary = resolved.baseline = *measured;
    resolved.baseline.arm = core::Arm::baseline;
    core::JudgedMetric& judged = resolved.judged;
    judged.text = measured_text(metric);
    judged.group = metric.group ? metric.group->text : "";
    judged.measure = measured->measure;
    judged.quantile = measured->quantile;
    judged.direction = metric.direction;
    judged.effect = metric.cles ? EffectSize::cles : EffectSize::mean_ratio;
    judged.critical = metric.critical;
    judged.required = metric.required;
    judged.muted = metric.muted;
    if (metric.trimmed) {
      judged.outlier_factor = metric.factor ? metric.factor->value : kUsualOutlierFactor;
      if (judged.outlier_factor.nanos <= 0 || judged.outlier_factor > Fixed::from_int(1000)) {
        error(Code::bad_value, metric.factor->span, "no outlier lies so near, or so far",
              "a factor of the quartiles' distance, like `3`");
      }
    }
    const Fixed none = metric.cles ? Fixed{Fixed::kScale / 2} : kWhole;
    judged.allowed = judged.intolerable = {none, none};
    if (metric.allowed) bounds(metric, *metric.allowed, none, judged.allowed);
    if (metric.intolerable) bounds(metric, *metric.intolerable, none, judged.intolerable);
    return good_ ? std::optional(std::move(resolved)) : std::nullopt;
  }

  // What the author calls it: all before its direction.
  static std::string measured_text(const ast::JudgedMetric& metric) {
    constexpr const char* kDirections[] = {" either", " increase", " decrease"};
    return metric.text.substr(
        0, metric.text.find(kDirections[static_cast<std::size_t>(metric.direction)]));
  }

  // `none`: the effect of arms that are alike.
  void bounds(const ast::JudgedMetric& metric, const ast::Beyond& beyond, Fixed none,
              core::EffectBounds& found) {
    const bool both = metric.direction == Direction::either;
    if (both != beyond.second.has_value()) {
      error(Code::bad_value, beyond.span,
            both ? "`either` needs two bounds, of a decrease and of an increase"
                 : "one direction has one bound",
            both ? "write `beyond 90% or 110%`" : "write `beyond 110%`, or `either`");
      return;
    }
    const Fixed least = metric.direction == Direction::increase ? none : beyond.first.value;
    const Fixed most = metric.direction == Direction::increase ? beyond.first.value
                       : both                                  ? beyond.second->value
                                                               : none;
    if (least > none || most < none || most > Fixed::from_int(1000)) {
      error(Code::bad_value, beyond.span,
            "arms that are alike are at " + format_percent(none) +
                ": a decrease lies below that, an increase above",
            metric.cles ? "like `increase beyond 70% by cles`" : "like `increase beyond 110%`");
      return;
    }
    found = {least, most};
  }

  bool resolve_weights(Judgement& judgement) {
    std::set<std::string> groups, weighted;
    for (const JudgedOutline& metric : judgement.judge->metrics) {
      if (!metric.judged.muted) groups.insert(metric.judged.group);
    }
    Fixed sum;
    for (const ast::GroupShare& share : node_.weights) {
      if (!groups.contains(share.group.text)) {
        std::vector<std::string> known(groups.begin(), groups.end());
        std::erase(known, "");
        error(Code::bad_value, share.group.span,
              "no metric of this judge is in a group `" + share.group.text + "`",
              known.empty() ? "say at a metric: `p99(latency) increase group latency`"
                            : did_you_mean(share.group.text, known));
        continue;
      }
      if (!weighted.insert(share.group.text).second) {
        error(Code::duplicate_clause, share.span,
              "group `" + share.group.text + "` has a weight already", "leave one of the two out");
      }
      sum += share.weight.value;
      judgement.judge->weights.push_back({share.group.text, share.weight.value});
    }
    if (!good_ || node_.weights.empty()) return good_;
    const bool all = weighted.size() == groups.size();
    if (sum > kWhole || (all && sum != kWhole)) {
      error(Code::bad_value, node_.weights.front().span,
            "the weights add up to " + format_percent(sum) + (all ? ", not to 100%" : ""),
            "groups without a weight share what the others leave of 100%");
    }
    return good_;
  }

  Context& context_;
  const ast::Judge& node_;
  std::int64_t steps_ = 0;
  bool good_ = true;
};

}  // namespace

bool resolve_judge(Context& context, const ast::Judge& judge, Judgement& judgement) {
  return JudgeResolver(context, judge).resolve(judgement);
}

}  // namespace rollbook::dsl
