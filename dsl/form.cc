#include "dsl/form.h"

#include <algorithm>

namespace rollbook::dsl {
namespace {

template <class... Functions>
struct overloaded : Functions... {
  using Functions::operator()...;
};

bool measures(const ast::Expression& expression) {
  return std::visit(
      overloaded{[](const ast::Number&) { return false; },
                 [](const ast::Reference&) { return true; }, [](const ast::Call&) { return true; },
                 [](const ast::Binary& binary) {
                   return std::any_of(binary.sides.begin(), binary.sides.end(), measures);
                 }},
      expression.node);
}

class FormCheck {
 public:
  explicit FormCheck(Sink& sink) : sink_(sink) {}

  template <class AnyStatement>
  void block(const std::vector<AnyStatement>& statements) {
    for (const AnyStatement& statement : statements)
      std::visit([this](const auto& node) { check(node); }, statement.node);
  }

 private:
  void bad_value(core::Span span, std::string message, std::string help = "") {
    sink_.error(Code::bad_value, span, std::move(message), std::move(help));
  }

  static const ast::Number* opt(const std::optional<ast::Number>& number) {
    return number ? &*number : nullptr;
  }
  void wrong_type(const ast::Param& node, core::Span span, const std::string& what) {
    sink_.error(Code::type_mismatch, span,
                "parameter `" + node.name.text + "` is a " + std::string(to_string(node.type)) +
                    ", this is " + what,
                "write a value of its type, or declare it with another one");
  }
  void share(const ast::Number& weight) {
    if (weight.value > core::Fixed::from_int(1))
      bad_value(weight.span, "`" + weight.text + "` is more than all of the traffic",
                "all of it is `100%`");
  }
  void positive(const ast::Number& number) {
    if (!number.text.empty() && number.value <= core::Fixed{})
      bad_value(number.span, "`" + number.text + "` must be above 0", above_nothing(number.type));
  }
  static std::string above_nothing(ast::Type type) {
    switch (type) {
      case ast::Type::duration:
        return "write how long, like `5m`; what shall take no time is left out";
      case ast::Type::ratio:
        return "write a share, like `2%`";
      case ast::Type::rate:
        return "write how many there are, like `900/s`";
      case ast::Type::count:
        return "write 1 or more";
      case ast::Type::points:
      case ast::Type::size:
      case ast::Type::text:
        return "write more";
    }
    return "";
  }
  void positive(const std::optional<ast::Number>& number) {
    if (number) positive(*number);
  }

  // Statements without a value that could be wrong.
  template <class Node>
  void check(const Node&) {}

  void check(const ast::Traffic& node) {
    share(node.weight);
    positive(node.within);
  }
  void check(const ast::Param& node) {
    if (const auto* text = std::get_if<ast::Text>(&node.value)) {
      if (node.type != ast::Type::text) wrong_type(node, text->span, "a text");
      if (node.least)
        bad_value(node.least->span, "a text has no bounds", "leave `from … to …` out");
      return;
    }
    const auto& value = std::get<ast::Number>(node.value);
    for (const ast::Number* number : {&value, opt(node.least), opt(node.most)}) {
      if (number == nullptr || number->type == node.type) continue;
      wrong_type(node, number->span, "a " + std::string(to_string(number->type)));
      return;
    }
    if (!node.least) return;
    if (node.least->value > node.most->value) {
      bad_value(node.least->span, "the bounds of `" + node.name.text + "` leave nothing between",
                "write the lower one first");
    } else if (value.value < node.least->value || value.value > node.most->value) {
      bad_value(value.span, "the default `" + value.text + "` lies outside of its own bounds",
                "take one between `" + node.least->text + "` and `" + node.most->text + "`");
    }
  }
  void check(const ast::BeginsTraffic& node) { share(node.weight); }
  void check(const ast::FinishTraffic& node) { share(node.weight); }
  void check(const ast::Ramp& node) {
    share(node.to);
    positive(node.over);
    positive(node.every);
    positive(node.within);
    if (node.every && node.every->value > node.over.value)
      bad_value(node.every->span,
                "a step every `" + node.every->text + "` is longer than the `" + node.over.text +
                    "` of the whole ramp",
                "write a step that fits into the ramp several times");
  }
  void check(const ast::Hold& node) {
    positive(node.duration);
    if (node.at_most && node.at_most->value <= node.duration.value)
      bad_value(node.at_most->span,
                "`at most " + node.at_most->text + "` would end the hold before its own `" +
                    node.duration.text + "`",
                "write more than `" + node.duration.text + "`, or leave `at most` out");
    block(node.block);
  }
  void check(const ast::Run& node) { positive(node.within); }
  void check(const ast::Checkpoint& node) { positive(node.within); }
  void check(const ast::OnEnter& node) { block(node.block); }
  void check(const ast::OnExit& node) { block(node.block); }
  void check(const ast::Within& node) { positive(node.duration); }
  void check(const ast::Confirm& node) { quorum(node.quorum); }
  void check(const ast::DecidedBy& node) { quorum(node.quorum); }
  void check(const ast::Ask& node) { positive(node.remind_every); }
  void check(const ast::Option& node) {
    positive(node.extend_by);
    positive(node.extend_at_most);
  }
  void check(const ast::Require& node) { block(node.block); }
  void check(const ast::Setup& node) { block(node.block); }
  void check(const ast::Guard& node) { block(node.block); }
  void check(const ast::Template& node) { block(node.block); }
  void check(const ast::Stage& node) { block(node.block); }
  void check(const ast::Decision& node) { block(node.block); }
  void check(const ast::Rollback& node) { block(node.block); }
  void check(const ast::Success& node) { block(node.block); }
  void check(const ast::Stop& node) {
    in_stop_ = true;
    criterion(node.criterion);
    in_stop_ = false;
  }
  void check(const ast::Expect& node) {
    criterion(node.criterion);
    if (node.criterion.at_least)
      sink_.error(Code::misplaced_statement, node.criterion.at_least->span,
                  "`at least … requests` belongs in `stop`",
                  "an `expect` always needs a window that was watched whole");
  }

  void quorum(const ast::Quorum& quorum) {
    if (quorum.kind == core::QuorumKind::at_least) positive(quorum.needed);
  }

  void criterion(const ast::Criterion& criterion) {
    positive(criterion.over);
    positive(criterion.sustain);
    positive(criterion.at_least);
    confidence(criterion);
    std::visit(overloaded{[&](const ast::Absent&) { absent(criterion); },
                          [&](const ast::Unchanged& node) { unchanged(criterion, node); },
                          [&](const ast::SplitAsPlanned&) { split(criterion); },
                          [&](const ast::Judge& node) { judge(criterion, node); },
                          [&](const ast::NewKinds& node) { new_kinds(criterion, node); },
                          [&](const ast::Comparison& node) { comparison(criterion, node); }},
               criterion.condition);
  }

  // A test looks at everything since it began and holds once it is proven: what bounds a plain
  // estimate has no place beside it.
  void confidence(const ast::Criterion& criterion) {
    if (!criterion.confidence) return;
    const ast::Number& given = *criterion.confidence;
    const core::Fixed one = core::Fixed::from_int(1);
    if (given.value.nanos * 2 < one.nanos || given.value >= one)
      bad_value(given.span, "`with confidence " + given.text + "` promises nothing",
                "a confidence lies from 50% to below 100%, like `99%`");
    for (const auto* clause : {&criterion.over, &criterion.sustain, &criterion.at_least})
      if (*clause)
        sink_.error(Code::duplicate_clause, (*clause)->span,
                    "`with confidence` takes the place of `over`, `for` and `at least`",
                    "leave it out: the test says itself when it has seen enough");
  }

  void only_in_expect(const ast::Criterion& criterion, const std::string& what,
                      const std::string& help) {
    if (in_stop_)
      sink_.error(Code::misplaced_statement, criterion.span, what + " belongs in `expect`", help);
    for (const auto* clause : {&criterion.over, &criterion.sustain, &criterion.at_least})
      if (*clause)
        sink_.error(Code::duplicate_clause, (*clause)->span, what + " has no such clause",
                    "leave it out");
  }

  void unchanged(const ast::Criterion& criterion, const ast::Unchanged& node) {
    only_in_expect(criterion, "`unchanged from`", "to stop at a limit, write a comparison");
    positive(node.previous);
    positive(node.tolerance);
    if (node.tolerance.value >= core::Fixed::from_int(1))
      bad_value(node.tolerance.span,
                "a change by `" + node.tolerance.text + "` is no change to speak of",
                "a tolerance lies below 100%, like `2%`");
  }

  void split(const ast::Criterion& criterion) {
    only_in_expect(criterion, "`traffic split as planned`",
                   "a shift that does not settle is a breach already");
  }

  void judge(const ast::Criterion& criterion, const ast::Judge& node) {
    only_in_expect(criterion, "`judge kayenta`",
                   "it looks once, at the end of its window: a guard looks all the time");
    if (criterion.confidence)
      sink_.error(Code::duplicate_clause, criterion.confidence->span,
                  "`judge kayenta` has no such clause",
                  "its interval is one of 98%, and it promises nothing about all metrics together");
    for (const auto* clause : {&node.over, &node.every, &node.pass, &node.marginal})
      positive(*clause);
    for (const ast::GroupShare& share : node.weights) positive(share.weight);
    if (!node.over)
      sink_.error(Code::missing_window, node.span, "over what time? a judge needs `over`",
                  "add `over 1h`");
  }

  void absent(const ast::Criterion& criterion) {
    if (!criterion.sustain)
      sink_.error(Code::missing_sustain, criterion.span,
                  "how long may it be silent? `absent` needs `for`", "add `for 3m`");
    for (const auto* clause : {&criterion.over, &criterion.confidence, &criterion.at_least})
      if (*clause)
        sink_.error(Code::duplicate_clause, (*clause)->span,
                    "`absent` knows only `for`: silence has no window and no requests",
                    "leave it out");
  }

  void new_kinds(const ast::Criterion& criterion, const ast::NewKinds& node) {
    positive(node.at_least);
    if (!criterion.over)
      sink_.error(Code::missing_window, criterion.span, "over what time? `new` needs `over`",
                  "add `over 5m`");
    for (const auto* clause : {&criterion.confidence, &criterion.sustain, &criterion.at_least})
      if (*clause)
        sink_.error(Code::duplicate_clause, (*clause)->span,
                    "`new` knows only `at least` behind it and `over`", "leave it out");
  }

  void comparison(const ast::Criterion& criterion, const ast::Comparison& node) {
    if (measures(node.right) && !measures(node.left)) {
      sink_.error(Code::not_comparable, node.right.span, "the limit stands on the right",
                  "write the metric first, like `error_rate < 0.1%`");
      return;
    }
    if (!criterion.over && !criterion.confidence)
      sink_.error(Code::missing_window, criterion.span, "over what time? a condition needs `over`",
                  "add `over 5m`");
  }

  Sink& sink_;
  bool in_stop_ = false;
};

}  // namespace

void check_form(const ast::Runbook& runbook, Sink& sink) {
  FormCheck(sink).block(runbook.statements);
}

}  // namespace rollbook::dsl
