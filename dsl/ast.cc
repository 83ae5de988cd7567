#include "dsl/ast.h"

#include "dsl/params.h"

namespace rollbook::dsl::ast {
namespace {

template <class... Functions>
struct overloaded : Functions... {
  using Functions::operator()...;
};

std::string list(const std::vector<Name>& names) {
  std::string out;
  for (const Name& name : names) out += (out.empty() ? "" : ", ") + name.text;
  return out;
}

// " within 5m", or nothing.
std::string clause(const char* word, const std::optional<Number>& number) {
  return number ? " " + std::string(word) + " " + number->text : "";
}

std::string value(const Value& any) {
  return std::visit(overloaded{[](const Number& number) { return number.text; },
                               [](const Text& text) { return quote(text.value); },
                               [](const Name& name) { return name.text; }},
                    any);
}

std::string arguments(const std::vector<Argument>& all) {
  std::string out = "(";
  for (const Argument& argument : all) {
    if (out.size() > 1) out += ", ";
    if (argument.name) out += argument.name->text + ": ";
    out += value(argument.value);
  }
  return out + ")";
}

std::string arm(const std::optional<core::Arm>& which) {
  if (!which) return "";
  switch (*which) {
    case core::Arm::canary:
      return "canary.";
    case core::Arm::baseline:
      return "baseline.";
    case core::Arm::total:
      return "total.";
  }
  return "";
}

// `eu.`, and `eu ` behind `traffic`.
std::string scope(const std::optional<Name>& target) { return target ? target->text + "." : ""; }
std::string whose(const std::optional<Name>& target) { return target ? target->text + " " : ""; }

const char* symbol(core::Comparison comparison) {
  switch (comparison) {
    case core::Comparison::less:
      return " < ";
    case core::Comparison::less_equal:
      return " <= ";
    case core::Comparison::greater:
      return " > ";
    case core::Comparison::greater_equal:
      return " >= ";
  }
  return "";
}

const char* symbol(Binary::Operator op) {
  switch (op) {
    case Binary::Operator::add:
      return " + ";
    case Binary::Operator::subtract:
      return " - ";
    case Binary::Operator::multiply:
      return " * ";
    case Binary::Operator::divide:
      return " / ";
  }
  return "";
}

// With every parenthesis that the tree means.
std::string expression(const Expression& any) {
  return std::visit(overloaded{[](const Number& number) { return number.text; },
                               [](const Reference& node) {
                                 return scope(node.target) + arm(node.arm) + node.metric.text;
                               },
                               [](const Call& node) {
                                 return scope(node.argument.target) + arm(node.argument.arm) +
                                        node.name.text + "(" + node.argument.metric.text + ")";
                               },
                               [](const Binary& node) {
                                 return "(" + expression(node.sides[0]) + symbol(node.op) +
                                        expression(node.sides[1]) + ")";
                               }},
                    any.node);
}

std::string past(const Unchanged& node) {
  switch (node.past) {
    case Unchanged::Past::previous:
      return "previous " + node.previous->text;
    case Unchanged::Past::yesterday:
      return "same hours yesterday";
    case Unchanged::Past::last_week:
      return "same hours last week";
  }
  return "";
}

std::string beyond(const std::optional<Beyond>& any) {
  if (!any) return "";
  return " beyond " + any->first.text + (any->second ? " or " + any->second->text : "");
}

std::string judge(const Judge& node) {
  static constexpr const char* kDirections[] = {" either", " increase", " decrease"};
  const auto clause = [](const char* word, const std::optional<Number>& number) {
    return number ? word + number->text : std::string();
  };
  std::string text = "judge kayenta" + clause(" over ", node.over) + clause(" every ", node.every) +
                     clause(" pass ", node.pass) + clause(" marginal ", node.marginal);
  for (const GroupShare& share : node.weights) {
    text += (&share == node.weights.data() ? " weights " : ", ") + share.group.text + " " +
            share.weight.text;
  }
  text += " {";
  for (const JudgedMetric& metric : node.metrics) {
    text += (&metric == node.metrics.data() ? " " : "; ") + expression(metric.what) +
            kDirections[static_cast<std::size_t>(metric.direction)] + beyond(metric.allowed);
    if (metric.critical) text += " critical" + beyond(metric.intolerable);
    if (metric.required) text += " required";
    if (metric.muted) text += " muted";
    if (metric.trimmed) text += " without outliers" + clause(" beyond ", metric.factor);
    if (metric.cles) text += " by cles";
    if (metric.group) text += " group " + metric.group->text;
  }
  return text + " }";
}

std::string criterion(const Criterion& any) {
  const std::string condition = std::visit(
      overloaded{[](const Comparison& node) {
                   return expression(node.left) + symbol(node.comparison) + expression(node.right);
                 },
                 [](const Absent& node) {
                   return "absent(" + arm(node.metric.arm) + node.metric.metric.text + ")";
                 },
                 [](const Unchanged& node) {
                   return expression(node.what) + " unchanged from " + past(node) + " by at most " +
                          node.tolerance.text;
                 },
                 [](const SplitAsPlanned& node) {
                   return "traffic " + whose(node.target) + "split as planned";
                 },
                 [](const Judge& node) { return judge(node); },
                 [](const NewKinds& node) {
                   return "new(" + arm(node.metric.arm) + node.metric.metric.text + " by " +
                          list(node.labels) + ") at least " + node.at_least.text;
                 }},
      any.condition);
  std::string out = condition + clause("over", any.over) +
                    clause("with confidence", any.confidence) + clause("for", any.sustain);
  if (any.at_least) out += " at least " + any.at_least->text + " requests";
  return out;
}

std::string exit(const Exit& any) {
  switch (any.kind) {
    case Exit::Kind::decide:
      return "decide " + any.target.text;
    case Exit::Kind::rollback:
      return "rollback " + any.target.text;
    case Exit::Kind::halt:
      return "halt";
    case Exit::Kind::end:
      return "end";
  }
  return "";
}

std::string quorum(const Quorum& any) {
  const std::string roles = list(any.roles);
  switch (any.kind) {
    case core::QuorumKind::all:
      return "by all of " + roles;
    case core::QuorumKind::any:
      return (any.roles.size() == 1 ? "by " : "by any of ") + roles;
    case core::QuorumKind::at_least:
      return "by " + any.needed.text + " of " + roles;
  }
  return "";
}

std::string within(const Within& node) {
  std::string out;
  if (node.duration) out = "within " + node.duration->text;
  if (node.otherwise) out += (out.empty() ? "otherwise " : " otherwise ") + exit(*node.otherwise);
  return out;
}

std::string option(const Option& node) {
  const std::string head = "option " + node.name.text + " " + quote(node.text.value) + " ";
  switch (node.kind) {
    case core::OptionKind::next:
      return head + (node.overrides ? "next override" : "next");
    case core::OptionKind::extend:
      return head + "extend " + node.extend_by.text + " at most " + node.extend_at_most.text;
    case core::OptionKind::rollback:
      return head + "rollback " + node.rollback.text;
    case core::OptionKind::halt:
      return head + "halt";
  }
  return head;
}

std::string matcher(const core::LabelMatcher& node) {
  switch (node.kind) {
    case core::MatchKind::equal:
      return node.label + "=" + quote(node.value);
    case core::MatchKind::not_equal:
      return node.label + "!=" + quote(node.value);
    case core::MatchKind::matches:
      return node.label + "=~" + quote(node.value);
    case core::MatchKind::not_matches:
      return node.label + "!~" + quote(node.value);
  }
  return "";
}

std::string kind(const Measured& node) {
  switch (node.kind) {
    case core::MetricKind::counter:
      return "counter ";
    case core::MetricKind::histogram:
      return "histogram ";
    case core::MetricKind::gauge:
      break;
  }
  switch (node.fold) {
    case core::GaugeFold::max:
      return "gauge max ";
    case core::GaugeFold::min:
      return "gauge min ";
    case core::GaugeFold::mean:
      return "gauge mean ";
    case core::GaugeFold::last:
      return "gauge last ";
  }
  return "";
}

std::string unit(core::Fixed one) {
  if (one == core::Fixed::from_nanos(1'000'000)) return " in ms";
  if (one == core::Fixed::from_nanos(1'000)) return " in us";
  if (one == core::Fixed::from_nanos(1)) return " in ns";
  return "";
}

std::string source(const Measured& node) {
  std::string out = kind(node) + quote(node.selector.text);
  if (!node.matchers.empty()) {
    std::string inside;
    for (const core::LabelMatcher& one : node.matchers)
      inside += (inside.empty() ? "" : ", ") + matcher(one);
    out += "{" + inside + "}";
  }
  out += unit(node.unit);
  if (!node.by.empty()) out += " by " + list(node.by);
  if (node.unsplit) out += " unsplit";
  if (node.default_zero) out += " default 0";
  return out;
}

std::string source(const Quotient& node) {
  return node.numerator.text + " / " + node.denominator.text;
}

std::string parameters(const std::vector<Parameter>& all) {
  std::string out;
  for (const Parameter& parameter : all)
    out += (out.empty() ? "" : ", ") + parameter.name.text + ": " +
           std::string(to_string(parameter.type));
  return out;
}

std::string days(const std::vector<Days>& all) {
  std::string out;
  for (const Days& each : all) {
    out += (out.empty() ? "" : ", ") + each.first.text;
    if (each.last.text != each.first.text) out += "-" + each.last.text;
  }
  return out + (out.empty() ? "" : " ");
}

std::string time(const WallTime& node) { return node.hour.text + ":" + node.minute.text; }

template <class Act>
std::string mark(const Act& act) {
  return act.irreversible ? " irreversible" : "";
}

class Printer {
 public:
  template <class AnyStatement>
  void statements(const std::vector<AnyStatement>& all) {
    for (const AnyStatement& statement : all)
      std::visit([this](const auto& node) { print(node); }, statement.node);
  }
  template <class AnyStatement>
  void block(const std::string& head, const std::vector<AnyStatement>& all) {
    line(head + " {");
    ++depth_;
    statements(all);
    --depth_;
    line("}");
  }
  void line(const std::string& text) {
    out_.append(static_cast<std::size_t>(depth_) * 2, ' ');
    out_ += text + "\n";
  }
  std::string take() { return std::move(out_); }

 private:
  void print(const Error& node) {
    line("error " + node.keyword + (node.name ? " " + node.name->text : ""));
  }
  void print(const Traffic& node) {
    line("traffic " + whose(node.target) + node.weight.text + clause("within", node.within) +
         mark(node));
  }
  void print(const Ramp& node) {
    line("ramp traffic " + whose(node.target) + "to " + node.to.text + " over " + node.over.text +
         clause("every", node.every) + clause("within", node.within) + mark(node));
  }
  void print(const Hold& node) {
    std::string head = "hold " + node.duration.text;
    if (node.requests) head += " and " + node.requests->text + " requests";
    head += clause("at most", node.at_most);
    if (node.block.empty())
      line(head);
    else
      block(head, node.block);
  }
  void print(const HoldUntil& node) {
    line("hold until " + node.action.text + " at most " + node.at_most.text);
  }
  void print(const Run& node) {
    line("run " + node.action.text + arguments(node.arguments) + clause("within", node.within) +
         mark(node));
  }
  void print(const Start& node) {
    line("start " + node.action.text + arguments(node.arguments) + mark(node));
  }
  void print(const Checkpoint& node) {
    line("checkpoint " + quote(node.name.value) + clause("within", node.within) + mark(node));
  }
  void print(const Notify& node) {
    line("notify " + list(node.channels) + " " + quote(node.text.value));
  }
  void print(const Page& node) {
    line("page " + list(node.channels) + " " + quote(node.text.value));
  }
  void print(const Open& node) { line("open " + node.kind.text + arguments(node.arguments)); }
  void print(const Report& node) { line("report " + node.kind.text); }
  void print(const OnEnter& node) { block("on enter", node.block); }
  void print(const OnExit& node) { block("on exit", node.block); }
  void print(const Undo& node) { block("undo", node.block); }
  void print(const Expect& node) {
    line(std::string(node.replaces ? "replace " : "") + "expect " +
         (node.name ? node.name->text + ": " : "") + criterion(node.criterion));
  }
  void print(const Confirm& node) {
    line("confirm " + quote(node.text.value) + " " + quorum(node.quorum));
  }
  void print(const DecideUse& node) { line("decide " + node.decision.text); }
  void print(const Within& node) { line(within(node)); }
  void print(const FinishTraffic& node) {
    line("finish traffic " + whose(node.target) + node.weight.text);
  }
  void print(const Title& node) { line("title " + quote(node.text.value)); }
  void print(const Service& node) { line("service " + quote(node.name.value)); }
  void print(const Arms& node) {
    line("arms by label " + quote(node.label.value) + ": baseline " + quote(node.baseline.value) +
         ", canary " + quote(node.canary.value));
  }
  void print(const Load& node) {
    line("load " + node.peak.text + " peak" +
         (node.trough ? ", " + node.trough->text + " trough" : ""));
  }
  void print(const Roles& node) { line("role " + list(node.names)); }
  void print(const Metric& node) {
    line("metric " + node.name.text + " = " +
         std::visit([](const auto& from) { return source(from); }, node.source));
  }
  void print(const Channel& node) {
    line("channel " + node.name.text + " = " + node.kind.text + arguments(node.arguments));
  }
  void print(const Action& node) {
    line("action " + node.name.text + "(" + parameters(node.parameters) + ")" +
         (node.idempotent ? " idempotent" : ""));
  }
  void print(const Param& node) {
    line("param " + node.name.text + ": " + std::string(to_string(node.type)) + " = " +
         value(node.value) + clause("from", node.least) + clause("to", node.most));
  }
  void print(const AdvanceOnly& node) {
    line("advance only " + days(node.days) + time(node.opens) + "-" + time(node.closes) + " " +
         quote(node.zone.value));
  }
  void print(const After& node) { line("after runbook " + list(node.runbooks)); }
  void print(const BeginsTraffic& node) {
    line("begins traffic " + whose(node.target) + node.weight.text);
  }
  void print(const Target& node) {
    line("target " + node.name.text + " where " + node.label.text + " = " +
         quote(node.value.value));
  }
  void print(const Require& node) { block("require", node.block); }
  void print(const Setup& node) { block("setup", node.block); }
  void print(const Guard& node) {
    block(node.always   ? "guard always"
          : node.target ? "guard " + node.target->text
                        : "guard",
          node.block);
  }
  void print(const Stop& node) {
    std::string text = "stop " + criterion(node.criterion);
    for (const Criterion& other : node.also) text += " and " + criterion(other);
    line(text + (node.unless ? " when baseline fails too halt" : ""));
  }
  void print(const BaselineFails&) { line("when baseline fails too halt"); }
  void print(const PauseWhile& node) { line("pause while " + criterion(node.criterion)); }
  void print(const Otherwise& node) { line("otherwise " + exit(node.exit)); }
  void print(const Template& node) { block("template " + node.name.text, node.block); }
  void print(const Stage& node) {
    block("stage " + node.name.text + (node.base ? " using " + node.base->text : ""), node.block);
  }
  void print(const Decision& node) { block("decide " + node.name.text, node.block); }
  void print(const DecidedBy& node) { line(quorum(node.quorum)); }
  void print(const Ask& node) {
    line("ask " + list(node.channels) +
         (node.remind_every ? ", remind every " + node.remind_every->text : ""));
  }
  void print(const Option& node) { line(option(node)); }
  void print(const Rollback& node) { block("rollback " + node.name.text, node.block); }
  void print(const Success& node) { block("success", node.block); }

  std::string out_;
  int depth_ = 0;
};

}  // namespace

std::string_view to_string(Type type) {
  switch (type) {
    case Type::count:
      return "count";
    case Type::ratio:
      return "ratio";
    case Type::points:
      return "points";
    case Type::duration:
      return "duration";
    case Type::rate:
      return "rate";
    case Type::size:
      return "size";
    case Type::text:
      return "text";
  }
  return "";
}

std::string print(const Runbook& runbook) {
  Printer printer;
  printer.block("runbook " + runbook.name.text, runbook.statements);
  return printer.take();
}

}  // namespace rollbook::dsl::ast
