// What a runbook declares in one line: title, service, arms, load, role, metric, channel, action,
// target.

#include "dsl/grammar_label.h"
#include "dsl/grammar_rules.h"
#include "dsl/grammar_types.h"
#include "dsl/selector.h"

namespace rollbook::dsl::grammar {
namespace {

using Kind = Token::Kind;

// ---- Terminals of this part ---------------------------------------------------------------

// The labels after a metric's name on the wire.
struct label_selector_parser : x3::parser<label_selector_parser> {
  using attribute_type = std::vector<core::LabelMatcher>;
  static bool const has_attribute = true;

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext& context, Rule&,
             Attribute& attribute) const {
    if (!first->is(Kind::selector)) return false;
    assign(attribute, parse_selector(first->value, first->span, state(context).sink()));
    ++first;
    return true;
  }
};
constexpr label_selector_parser label_selector{};

constexpr word_of_parser<core::GaugeFold, 4> gauge_fold{{{{"max", core::GaugeFold::max},
                                                          {"min", core::GaugeFold::min},
                                                          {"mean", core::GaugeFold::mean},
                                                          {"last", core::GaugeFold::last}}}};

constexpr word_of_parser<core::Fixed, 4> time_unit{{{{"ms", core::Fixed::from_nanos(1'000'000)},
                                                     {"us", core::Fixed::from_nanos(1'000)},
                                                     {"ns", core::Fixed::from_nanos(1)},
                                                     {"s", core::Fixed::from_int(1)}}}};

constexpr literal rate{ast::Type::rate, "a rate like `900/s`"};
constexpr name wire_name{"the metric's name where it is sent", true};

// ---- Rules --------------------------------------------------------------------------------

// `default 0` is the one default there is.
struct SetDefault {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    const ast::Number& number = x3::_attr(context);
    x3::_val(context).default_zero = true;
    if (number.value != core::Fixed{})
      state(context).sink().error(Code::bad_value, number.span,
                                  "the default of a metric that is not there can only be `0`",
                                  "write `default 0`, or leave it out");
  }
};

struct SetSource {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    x3::_val(context).source = std::move(x3::_attr(context));
  }
};

// Kind words are no names of metrics: `metric counter = counter / requests` reads as two things.
struct NotReserved {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    const ast::Name& metric_name = x3::_attr(context);
    for (const char* word : {"counter", "histogram", "gauge"})
      if (metric_name.text == word)
        state(context).sink().error(Code::reserved_name, metric_name.span,
                                    "`" + metric_name.text + "` is a kind of metric, not a name",
                                    "give the metric another name");
    x3::_val(context).name = metric_name;
  }
};

ROLLBOOK_RULE(measured, Plain, ast::Measured)
ROLLBOOK_RULE(quotient, Plain, ast::Quotient)
ROLLBOOK_RULE(parameter, Plain, ast::Parameter)

using core::MetricKind;

const auto in_unit = kw("in") > time_unit[set<&ast::Measured::unit>];

const auto kind = kw("counter")[put<&ast::Measured::kind, MetricKind::counter>] |
                  (kw("histogram")[put<&ast::Measured::kind, MetricKind::histogram>] >> -in_unit) |
                  (kw("gauge")[put<&ast::Measured::kind, MetricKind::gauge>] >
                   gauge_fold[set<&ast::Measured::fold>] >> -in_unit);

const auto clause = (kw("by") > list_of(label[push<&ast::Measured::by>])) |
                    kw("unsplit")[put<&ast::Measured::unsplit, true>] |
                    (kw("default") > literal(ast::Type::count, "`0`")[SetDefault{}]) | in_unit;

const auto measured_def = kind > wire_name[set<&ast::Measured::selector>] >>
                          -label_selector[set<&ast::Measured::matchers>] >> *clause;

const auto quotient_def = peek(1, "/") >> name("a metric")[set<&ast::Quotient::numerator>] >> slash
                          > name("a metric")[set<&ast::Quotient::denominator>];

const auto parameter_def =
    located(name("a parameter like `share: ratio`")[set<&ast::Parameter::name>] > colon >
            described("a type (`ratio`, `points`, `duration`, `rate`, `count`, "
                      "`size` or `text`)")[type_name[set<&ast::Parameter::type>]]);

BOOST_SPIRIT_DEFINE(measured, quotient, parameter)

constexpr text some_text{"a text in quotes"};

}  // namespace

const auto title_def = located(kw("title") > some_text[set<&ast::Title::text>]);

const auto service_def = located(kw("service") > some_text[set<&ast::Service::name>]);

const auto arms_def =
    located(kw("arms") > kw("by") > kw("label") > some_text[set<&ast::Arms::label>] > colon >
            kw("baseline") > some_text[set<&ast::Arms::baseline>] > comma > kw("canary") >
            some_text[set<&ast::Arms::canary>]);

const auto load_def = located(kw("load") > rate[set<&ast::Load::peak>] > kw("peak") >
                              -(comma > rate[set<&ast::Load::trough>] > kw("trough")));

const auto roles_def = located(kw("role") > list_of(name("a role")[push<&ast::Roles::names>]));

const auto metric_def =
    located(kw("metric") > name("a metric's name")[NotReserved{}] > equals >
            described("`counter`, `histogram`, `gauge` or a quotient like `errors / requests`")
                [measured[SetSource{}] | quotient[SetSource{}]]);

const auto channel_def =
    located(kw("channel") > name("a channel's name")[set<&ast::Channel::name>] > equals >
            name("a kind of channel like `smtp`")[set<&ast::Channel::kind>] > open_parenthesis >
            -list_of(argument[push<&ast::Channel::arguments>]) > close_parenthesis);

const auto action_declaration_def =
    located(kw("action") > name("an action's name")[set<&ast::Action::name>] > open_parenthesis >
            -list_of(parameter[push<&ast::Action::parameters>]) > close_parenthesis >>
            -kw("idempotent")[put<&ast::Action::idempotent, true>]);

const auto target_def =
    located(kw("target") > name("a target's name")[set<&ast::Target::name>] > kw("where") >
            name("a label", true)[set<&ast::Target::label>] > equals >
            text("the label's value in quotes")[set<&ast::Target::value>]);

BOOST_SPIRIT_DEFINE(title, service, arms, load, roles, metric, channel, action_declaration, target)

ROLLBOOK_INSTANTIATE(title)
ROLLBOOK_INSTANTIATE(service)
ROLLBOOK_INSTANTIATE(arms)
ROLLBOOK_INSTANTIATE(load)
ROLLBOOK_INSTANTIATE(roles)
ROLLBOOK_INSTANTIATE(metric)
ROLLBOOK_INSTANTIATE(channel)
ROLLBOOK_INSTANTIATE(action_declaration)
ROLLBOOK_INSTANTIATE(target)

}  // namespace rollbook::dsl::grammar
