#pragma once
// What the parts of the second pass share: the name spaces, the tables behind them, the findings
// and the outline that grows. Internal to dsl/resolve*.cc; one compilation, one thread.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dsl/ast.h"
#include "dsl/outline.h"
#include "dsl/resolve_names.h"
#include "dsl/source.h"

namespace rollbook::dsl {

// A row behind the name space of metrics: one that is measured, or a ratio of two of them.
struct MetricEntry {
  bool measured = true;
  bool broken = false;  // reported already: criteria on it are left out in silence
  core::MetricIndex metric;
  core::MetricIndex denominator;  // ratios only
  // What its values were compared with first; later criteria must agree.
  std::optional<ast::Type> values;
  core::Span values_span;
};

// How the calls of one action name its parameters.
struct ArgumentNames {
  const ast::Action* action = nullptr;
  std::set<std::string> used;
  UnknownAt unknown_at;
};

struct Context {
  explicit Context(Sink& sink) : findings(sink) {}

  Findings findings;
  Names metrics{"metric", Code::unknown_metric};
  Names roles{"role", Code::unknown_role};
  Names channels{"channel", Code::unknown_channel};
  Names actions{"action", Code::unknown_action};
  Names templates{"template", Code::unknown_template};
  Names stages{"stage", Code::unknown_template};  // nothing refers to a stage yet
  Names decisions{"decision", Code::unknown_decision};
  Names params{"parameter", Code::unknown_param};
  Names rollbacks{"rollback", Code::unknown_rollback};
  Names targets{"target", Code::unknown_target};

  std::vector<MetricEntry> metric_entries;
  std::vector<const ast::Action*> action_entries;
  std::map<std::string, ArgumentNames> argument_names;  // by the action's name
  std::vector<const ast::Channel*> channel_entries;
  std::vector<const ast::Template*> template_entries;
  bool arms_unread = false;  // they are there, with a mistake in them
  core::TargetIndex here;    // inside `guard eu`: what its metrics are of

  Outline outline;
};

// ---- resolve_values.cc ----------------------------------------------------------------------

// "a ratio", "a difference in points": for messages.
std::string with_article(ast::Type type);
// The way out where a condition has points in it, which none takes.
inline constexpr const char* kPointsInCondition =
    "points can be handed to an action, no condition takes them: write the limit itself, like "
    "`0.7%`, or scale by `* 105%`";
core::Weight weight_of(const ast::Number& ratio);
core::Quorum resolve_quorum(Context& context, const ast::Quorum& quorum);
Exit resolve_exit(Context& context, const ast::Exit& exit);
// The channels' names, in order; unknown ones are reported and left out.
std::vector<std::string> resolve_channels(Context& context, const std::vector<ast::Name>& names);
bool is_pager(const Context& context, const std::string& channel);
// The canonical text of an argument: `10%`, `canary-25`.
std::string value_text(const ast::Value& value);
core::Span span_of(const ast::Value& value);

// ---- resolve_criterion.cc -------------------------------------------------------------------

std::optional<Judgement> resolve_criterion(Context& context, const ast::Criterion& criterion,
                                           core::CriterionKind kind, std::string id);
// What an expression measures; reported and empty when it measures nothing.
std::optional<Measurement> resolve_measured(Context& context, const ast::Expression& expression);
// Which metric counts the canary's requests: that of this name, else the only denominator.
std::optional<Measurement> requests_of(Context& context, const core::Span& span);

// ---- resolve_lost_dot.cc --------------------------------------------------------------------

// In `p99(latency)` an arm or a target stands before the function.
enum class InFunction : std::uint8_t { no, yes };
// What is meant by an unknown metric that begins with an arm or a target; empty: it does not.
std::optional<Names::Meant> lost_dot(const Context& context, const ast::Reference& reference,
                                     InFunction in_function);

// ---- resolve_judge.cc -----------------------------------------------------------------------

// False: reported.
bool resolve_judge(Context& context, const ast::Judge& judge, Judgement& judgement);

// ---- resolve_constants.cc -------------------------------------------------------------------

struct Constant {
  core::Fixed value;
  ast::Type type = ast::Type::count;
};
// The exact value of an expression of literals; reported and empty when it has none.
std::optional<Constant> fold_constant(Context& context, const ast::Expression& expression);
// As people write it: `50ms`.
std::string constant_text(const Constant& constant);

// ---- resolve_frame.cc -----------------------------------------------------------------------

// After the metrics and roles, whose places parameters share.
void declare_params(Context& context, const ast::Runbook& runbook);
// `advance only` and `after runbook`.
void resolve_frame(Context& context, const ast::Runbook& runbook);

// ---- resolve_metrics.cc ---------------------------------------------------------------------

// `declared` is called when all metrics have their names and no ratio was looked at yet.
void resolve_metrics(Context& context, const ast::Runbook& runbook,
                     void (*declared)(Context& context, const ast::Runbook& runbook));

// ---- resolve_targets.cc ---------------------------------------------------------------------

// `target`, before anything that may name one, and where each begins.
void declare_targets(Context& context, const ast::Runbook& runbook);
void resolve_begins(Context& context, const ast::Runbook& runbook);
void resolve_finish(Context& context, const ast::Runbook& runbook, const ast::Success* success);
// Whose traffic is meant at `span`: the named target, or the unnamed one where there are none.
core::TargetIndex traffic_target(Context& context, const std::optional<ast::Name>& name,
                                 const core::Span& span);
// What a metric is of; reported where the metric selects by the label of the targets itself.
core::TargetIndex metric_target(Context& context, const ast::Reference& reference,
                                const core::Metric& metric);

// ---- resolve_effects.cc ---------------------------------------------------------------------

// When all calls were read: which parameter of an action is misspelt where it is declared.
void blame_parameters(Context& context);
// The effect of run, start, checkpoint, notify, page, open, report or traffic; empty for any
// other statement, and when it refers to something unknown.
std::optional<core::Effect> resolve_effect(Context& context, const ast::Statement& statement);
void check_arguments(Context& context, const ast::Action& action,
                     const std::vector<ast::Argument>& arguments, const core::Span& span);

// ---- resolve_size.cc ------------------------------------------------------------------------

// Whether the runbook stays of a sensible size with its templates put in; reported if not.
bool fits_expanded(Context& context, const ast::Runbook& runbook);

// ---- resolve_steps.cc -----------------------------------------------------------------------

// The blocks whose statements make one body: a template's first, then the stage's own.
using Blocks = std::vector<const std::vector<ast::Statement>*>;

// What acts, in order, without what is under `on enter` and `on exit`.
std::vector<Step> resolve_steps(Context& context, const Blocks& blocks);
StageOutline resolve_stage(Context& context, const ast::Stage& stage);
RollbackOutline resolve_rollback(Context& context, const ast::Rollback& rollback);

// ---- resolve_reviews.cc ---------------------------------------------------------------------

// `name` begins the ids of the criteria: "canary_5".
struct ReviewHead {
  std::string name;
  core::Span span;
};
Review resolve_review(Context& context, const ReviewHead& head, const Blocks& blocks);
DecisionOutline resolve_decision(Context& context, const ast::Decision& decision);
// `name` begins the ids of its criteria: "guard", "guard[2]".
GuardOutline resolve_guard(Context& context, const ast::Guard& guard, const std::string& name);
// What all guards stop (Outline::guard); empty when there is none.
std::optional<GuardOutline> join_guards(const std::vector<GuardOutline>& guards);

// Says that a statement stands there a second time.
void report_second(Context& context, const std::string& what, const core::Span& second,
                   const core::Span& first);

}  // namespace rollbook::dsl
