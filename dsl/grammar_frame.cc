// What fits a runbook to its surroundings: param, advance only, after runbook.

#include "dsl/grammar_rules.h"
#include "dsl/grammar_types.h"

namespace rollbook::dsl::grammar {
namespace {

// Literals only, in a declaration: what stands for a value cannot be made of another.
template <class Parser>
struct literally_directive : x3::unary_parser<Parser, literally_directive<Parser>> {
  using base_type = x3::unary_parser<Parser, literally_directive<Parser>>;
  static bool const is_pass_through_unary = true;

  constexpr explicit literally_directive(const Parser& inner) : base_type(inner) {}

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator& last, const AnyContext& context, Rule& rule,
             Attribute& attribute) const {
    if (first->is(Token::Kind::word)) {
      state(context).wanted(first, this->subject.what);
      return false;
    }
    return this->subject.parse(first, last, context, rule, attribute);
  }
};
template <class Parser>
constexpr auto literally(const Parser& parser) {
  return literally_directive<Parser>(parser);
}

struct SetParamValue {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    x3::_val(context).value = std::move(x3::_attr(context));
  }
};

// `Mon` alone is from Monday to Monday.
struct SetDay {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    x3::_val(context).first = x3::_val(context).last = x3::_attr(context);
  }
};

ROLLBOOK_RULE(days, Plain, ast::Days)
ROLLBOOK_RULE(wall_time, Plain, ast::WallTime)

constexpr name day{"a day like `Mon`"};
constexpr literal hour{ast::Type::count, "a time like `09:00`", true};
constexpr symbol dash{"-", "`-`"};

const auto days_def = located(day[SetDay{}] >> -(symbol("-", "") > day[set<&ast::Days::last>]));

const auto wall_time_def =
    located(hour[set<&ast::WallTime::hour>] > colon > whole_number[set<&ast::WallTime::minute>]);

BOOST_SPIRIT_DEFINE(days, wall_time)

constexpr text zone{"a time zone like `\"Europe/Berlin\"`"};
constexpr text default_text{"a text in quotes"};

}  // namespace

const auto param_def =
    located(kw("param") > name("a parameter's name")[set<&ast::Param::name>] > colon >
            described("a type (`ratio`, `points`, `duration`, `rate`, `count`, `size` or "
                      "`text`)")[type_name[set<&ast::Param::type>]] > equals >
            (literally(any_number)[SetParamValue{}] | literally(default_text)[SetParamValue{}]) >>
            -(kw("from") > literally(any_number)[set<&ast::Param::least>] > kw("to") >
              literally(any_number)[set<&ast::Param::most>]));

const auto advance_only_def =
    located(kw("advance") > kw("only") > -list_of(days[push<&ast::AdvanceOnly::days>]) >
            wall_time[set<&ast::AdvanceOnly::opens>] > dash >
            wall_time[set<&ast::AdvanceOnly::closes>] > zone[set<&ast::AdvanceOnly::zone>]);

const auto after_runbook_def = located(
    kw("after") > kw("runbook") > list_of(name("a runbook's name")[push<&ast::After::runbooks>]));

BOOST_SPIRIT_DEFINE(param, advance_only, after_runbook)

ROLLBOOK_INSTANTIATE(param)
ROLLBOOK_INSTANTIATE(advance_only)
ROLLBOOK_INSTANTIATE(after_runbook)

}  // namespace rollbook::dsl::grammar
