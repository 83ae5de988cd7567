// `judge kayenta over 1h pass 95% marginal 75% { p99(latency) increase critical … }`.

#include "dsl/grammar_rules.h"

namespace rollbook::dsl::grammar {
namespace {

using core::Direction;

// Whether a metric's line may begin here: with anything that ends neither line nor block.
struct line_ahead_parser : x3::parser<line_ahead_parser> {
  using attribute_type = x3::unused_type;
  static bool const has_attribute = false;

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext&, Rule&, Attribute&) const {
    return !first->is(Token::Kind::end) && !first->is(Token::Kind::newline) &&
           !first->is_symbol("}");
  }
};
constexpr line_ahead_parser line_ahead{};

// A line that could not be read is reported, and left out.
struct PushMetric {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    if (state(context).take_error()) return;
    x3::_val(context).metrics.push_back(std::move(x3::_attr(context)));
  }
};

constexpr literal factor{ast::Type::count, "a factor like `3`"};

ROLLBOOK_RULE(beyond, Plain, ast::Beyond)
ROLLBOOK_RULE(judged_metric, Recovering, ast::JudgedMetric)
ROLLBOOK_RULE(group_share, Plain, ast::GroupShare)

const auto beyond_def = located(kw("beyond") > ratio[set<&ast::Beyond::first>] >>
                                -(kw("or") > ratio[set<&ast::Beyond::second>]));

const auto direction = kw("increase")[put<&ast::JudgedMetric::direction, Direction::increase>] |
                       kw("decrease")[put<&ast::JudgedMetric::direction, Direction::decrease>] |
                       kw("either")[put<&ast::JudgedMetric::direction, Direction::either>];

const auto critical = kw("critical")[put<&ast::JudgedMetric::critical, true>] >>
                      -beyond[set_once<&ast::JudgedMetric::intolerable>("critical beyond")];
const auto outliers = kw("without", "without outliers")[put<&ast::JudgedMetric::trimmed, true>] >
                      kw("outliers") >>
                      -(kw("beyond") >
                        factor[set_once<&ast::JudgedMetric::factor>("outliers beyond")]);
const auto clause = beyond[set_once<&ast::JudgedMetric::allowed>("beyond")] | critical | outliers |
                    kw("required")[put<&ast::JudgedMetric::required, true>] |
                    kw("muted")[put<&ast::JudgedMetric::muted, true>] |
                    (kw("by", "by cles")[put<&ast::JudgedMetric::cles, true>] > kw("cles")) |
                    (kw("group") > name("a group")[set_once<&ast::JudgedMetric::group>("group")]);

const auto judged_metric_def = line_ahead >
                               located(quoted(described("a metric like `p99(latency) increase`")
                                                  [measured_value[set<&ast::JudgedMetric::what>]] >
                                              direction > *clause)) > end_of_statement;

const auto group_share_def =
    located(name("a group")[set<&ast::GroupShare::group>] > ratio[set<&ast::GroupShare::weight>]);

BOOST_SPIRIT_DEFINE(beyond, judged_metric, group_share)

const auto head_clause = (kw("over") > duration[set_once<&ast::Judge::over>("over")]) |
                         (kw("every") > duration[set_once<&ast::Judge::every>("every")]) |
                         (kw("pass") > ratio[set_once<&ast::Judge::pass>("pass")]) |
                         (kw("marginal") > ratio[set_once<&ast::Judge::marginal>("marginal")]) |
                         (kw("weights") > list_of(group_share[push<&ast::Judge::weights>]));

}  // namespace

const auto judge_def =
    located(peek(1, "kayenta") >> kw("judge", "judge kayenta") > kw("kayenta") > *head_clause >
            open_brace > *(newline | judged_metric[PushMetric{}]) > close_brace);

BOOST_SPIRIT_DEFINE(judge)
ROLLBOOK_INSTANTIATE(judge)

}  // namespace rollbook::dsl::grammar
