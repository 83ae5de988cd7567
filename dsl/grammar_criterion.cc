// Conditions: `p99(latency) > 50ms over 5m for 2m`, `error_rate > 0.1% with confidence 99%`,
// `absent(requests) for 3m`, `new(errors by type) at least 5 over 5m`, `orders unchanged from
// previous 8h by at most 2%`.

#include <array>

#include "dsl/grammar_label.h"
#include "dsl/grammar_rules.h"
#include "dsl/number.h"

namespace rollbook::dsl::grammar {
namespace {

using Kind = Token::Kind;

// ---- Terminals of this part ---------------------------------------------------------------

// `canary.`, `baseline.`, `total.`
struct arm_prefix_parser : x3::parser<arm_prefix_parser> {
  using attribute_type = core::Arm;
  static bool const has_attribute = true;

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext& context, Rule&,
             Attribute& attribute) const {
    static constexpr std::array kArms = {std::pair{"canary", core::Arm::canary},
                                         std::pair{"baseline", core::Arm::baseline},
                                         std::pair{"total", core::Arm::total}};
    if (!first->is(Kind::word) || !first[1].is_symbol(".")) return false;
    for (const auto& [word, arm] : kArms) {
      if (first->is_word(word)) {
        assign(attribute, arm);
        first += 2;
        return true;
      }
      state(context).wanted_word(first, word, word);
    }
    return false;
  }
};
constexpr arm_prefix_parser arm_prefix{};

// `eu.`, where a target is called so.
struct target_prefix_parser : x3::parser<target_prefix_parser> {
  using attribute_type = ast::Name;
  static bool const has_attribute = true;

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext& context, Rule&,
             Attribute& attribute) const {
    if (!first->is(Kind::word) || !first[1].is_symbol(".")) return false;
    for (const std::string& target : state(context).targets()) {
      if (first->is_word(target)) {
        assign(attribute, ast::Name{first->value, first->span});
        first += 2;
        return true;
      }
      state(context).wanted_word(first, target.c_str(), target.c_str());
    }
    return false;
  }
};
constexpr target_prefix_parser target_prefix{};

struct FunctionHead {
  ast::Call::Function function = ast::Call::Function::rate;
  core::Fixed quantile;
  ast::Name name;
};

// `p99.9` is 0.999; nothing for what is no quantile between 0 and 1.
std::optional<core::Fixed> quantile_of(std::string_view word) {
  if (word.size() < 2 || word[0] != 'p' || word[1] < '0' || word[1] > '9') return std::nullopt;
  const ScannedNumber number = scan_number(word.substr(1));
  const bool sound = number.problem.empty() && number.length == word.size() - 1 &&
                     number.type == ast::Type::count && number.value.nanos % 100 == 0;
  if (!sound) return std::nullopt;
  const core::Fixed quantile = core::Fixed::from_nanos(number.value.nanos / 100);
  if (quantile.nanos <= 0 || quantile.nanos >= core::Fixed::kScale) return std::nullopt;
  return quantile;
}

// A function that measures, before its parenthesis.
struct function_parser : x3::parser<function_parser> {
  using attribute_type = FunctionHead;
  static bool const has_attribute = true;

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext& context, Rule&,
             Attribute& attribute) const {
    if (!first->is(Kind::word) || !first[1].is_symbol("(")) return false;
    FunctionHead head;
    head.name = {first->value, first->span};
    if (first->value == "count") {
      head.function = ast::Call::Function::count;
    } else if (const auto quantile = quantile_of(first->value)) {
      head.function = ast::Call::Function::quantile;
      head.quantile = *quantile;
    } else if (first->value == "bracket") {
      head.function = ast::Call::Function::bracket;
    } else if (first->value != "rate") {
      state(context).wanted(first, "a function like `p99`");
      return false;
    }
    assign(attribute, head);
    ++first;
    return true;
  }
};
constexpr function_parser function{};

// `over 5m`, `for 2m`, `at least …` and `with confidence …` go on behind a limit; where they stand
// in its place, it is the limit that is missing, and no metric has that name.
bool begins_clause(Cursor at) {
  if (at->is_word("over") || at->is_word("for")) return at[1].is(Kind::number);
  return (at->is_word("at") && at[1].is_word("least")) ||
         (at->is_word("with") && at[1].is_word("confidence"));
}

// A metric that is not the head of a call.
struct metric_name_parser : x3::parser<metric_name_parser> {
  using attribute_type = ast::Name;
  static bool const has_attribute = true;

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext& context, Rule&,
             Attribute& attribute) const {
    if (!first->is(Kind::word) || first[1].is_symbol("(") || first[1].is_symbol(".") ||
        begins_clause(first)) {
      state(context).wanted(first, "a metric");
      return false;
    }
    assign(attribute, ast::Name{first->value, first->span});
    ++first;
    return true;
  }
};
constexpr metric_name_parser metric_name{};

struct Comparator {
  core::Comparison comparison = core::Comparison::greater;
  core::Span span;
};

struct comparator_parser : x3::parser<comparator_parser> {
  using attribute_type = Comparator;
  static bool const has_attribute = true;

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext& context, Rule&,
             Attribute& attribute) const {
    static constexpr std::array kComparisons = {std::pair{"<", core::Comparison::less},
                                                std::pair{"<=", core::Comparison::less_equal},
                                                std::pair{">", core::Comparison::greater},
                                                std::pair{">=", core::Comparison::greater_equal}};
    for (const auto& [written, comparison] : kComparisons)
      if (first->is_symbol(written)) {
        assign(attribute, Comparator{comparison, first->span});
        ++first;
        return true;
      }
    state(context).wanted(first, "a comparison (`<`, `<=`, `>` or `>=`)");
    return false;
  }
};
constexpr comparator_parser comparator{};

struct Operation {
  ast::Binary::Operator op = ast::Binary::Operator::add;
  core::Span span;
};

// `*` and `/`, or `+` and `-`; never wished for, for they are rarely what is missing.
struct operator_parser : x3::parser<operator_parser> {
  using attribute_type = Operation;
  static bool const has_attribute = true;

  std::array<std::pair<const char*, ast::Binary::Operator>, 2> known;
  constexpr explicit operator_parser(
      std::array<std::pair<const char*, ast::Binary::Operator>, 2> operators)
      : known(operators) {}

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext&, Rule&,
             Attribute& attribute) const {
    for (const auto& [written, op] : known)
      if (first->is_symbol(written)) {
        assign(attribute, Operation{op, first->span});
        ++first;
        return true;
      }
    return false;
  }
};
constexpr operator_parser times_or_over{
    {{{"*", ast::Binary::Operator::multiply}, {"/", ast::Binary::Operator::divide}}}};
constexpr operator_parser plus_or_minus{
    {{{"+", ast::Binary::Operator::add}, {"-", ast::Binary::Operator::subtract}}}};

// ---- Rules --------------------------------------------------------------------------------

// A metric or a function of one, with the arm that is meant.
struct Measurement {
  std::optional<ast::Name> target;
  std::optional<core::Arm> arm;
  std::optional<FunctionHead> function;
  ast::Name metric;
  core::Span span;
};

struct FromMeasurement {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    const Measurement& measurement = x3::_attr(context);
    const ast::Reference reference{
        measurement.target, measurement.arm, measurement.metric,
        measurement.function ? measurement.metric.span : measurement.span};
    auto& node = x3::_val(context).node;
    if (!measurement.function) {
      node = reference;
      return;
    }
    const FunctionHead& head = *measurement.function;
    node = ast::Call{head.function, head.quantile, head.name, reference, measurement.span};
  }
};

struct SetNumber {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    x3::_val(context).node = std::move(x3::_attr(context));
  }
};

// The tree leans to the left: what was read so far becomes the operator's first side.
struct BeginBinary {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    ast::Expression& value = x3::_val(context);
    const Operation& operation = x3::_attr(context);
    if (!state(context).deepen()) {
      x3::_pass(context) = false;  // the operator stays where it is, and is reported there
      return;
    }
    ast::Binary binary;
    binary.op = operation.op;
    binary.op_span = operation.span;
    binary.sides.push_back(std::move(value));
    value = ast::Expression{std::move(binary), value.span};
  }
};

struct EndBinary {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    std::get<ast::Binary>(x3::_val(context).node).sides.push_back(std::move(x3::_attr(context)));
  }
};

struct SetComparator {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    ast::Comparison& comparison = x3::_val(context);
    comparison.comparison = x3::_attr(context).comparison;
    comparison.comparison_span = x3::_attr(context).span;
  }
};

struct SetCondition {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    x3::_val(context).condition = std::move(x3::_attr(context));
  }
};

struct SetAbsent {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    const Measurement& measurement = x3::_attr(context);
    x3::_val(context).metric = {measurement.target, measurement.arm, measurement.metric,
                                measurement.span};
  }
};

struct SetNewMetric {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    const Measurement& measurement = x3::_attr(context);
    x3::_val(context).metric = {measurement.target, measurement.arm, measurement.metric,
                                measurement.span};
  }
};

// A measurement that `unchanged` stands behind: looked for before it is read, so that what comes
// next is known. The longest one is `(eu.canary.errors / eu.canary.requests)`.
struct unchanged_ahead_parser : x3::parser<unchanged_ahead_parser> {
  using attribute_type = x3::unused_type;
  static bool const has_attribute = false;

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext&, Rule&, Attribute&) const {
    constexpr int kLongest = 13;
    Iterator at = first;
    for (int i = 0; i <= kLongest; ++i, ++at) {
      if (at->is_word("unchanged")) return i > 0;
      if (!at->is(Kind::word) && !at->is(Kind::symbol)) return false;
    }
    return false;
  }
};
constexpr unchanged_ahead_parser unchanged_ahead{};

struct Begin {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    state(context).begin_expression();
  }
};

ROLLBOOK_RULE(plain_metric, Plain, Measurement)
ROLLBOOK_RULE(measurement, Plain, Measurement)
ROLLBOOK_RULE(primary, Plain, ast::Expression)
ROLLBOOK_RULE(product, Plain, ast::Expression)
ROLLBOOK_RULE(sum, Plain, ast::Expression)
ROLLBOOK_RULE(comparison, Plain, ast::Comparison)
ROLLBOOK_RULE(absent, Plain, ast::Absent)
ROLLBOOK_RULE(unchanged, Plain, ast::Unchanged)
ROLLBOOK_RULE(split_as_planned, Plain, ast::SplitAsPlanned)
ROLLBOOK_RULE(new_kinds, Plain, ast::NewKinds)

const auto plain_metric_def =
    located(-target_prefix[set<&Measurement::target>] >> -arm_prefix[set<&Measurement::arm>] >>
            metric_name[set<&Measurement::metric>]);

const auto measurement_def =
    located(-target_prefix[set<&Measurement::target>] >> -arm_prefix[set<&Measurement::arm>] >>
            ((function[set<&Measurement::function>] > open_parenthesis >
              metric_name[set<&Measurement::metric>] > close_parenthesis) |
             metric_name[set<&Measurement::metric>]));

const auto primary_def = located(any_number[SetNumber{}] | measurement[FromMeasurement{}] |
                                 (symbol("(", "") > sum[set_value] > close_parenthesis));

const auto product_def =
    located(primary[set_value] >> *(times_or_over[BeginBinary{}] > primary[EndBinary{}]));

const auto sum_def =
    located(product[set_value] >> *(plus_or_minus[BeginBinary{}] > product[EndBinary{}]));

const auto comparison_def = x3::eps[Begin{}] >> sum[set<&ast::Comparison::left>] >
                            comparator[SetComparator{}] >
                            described("a limit like `0.1%`")[sum[set<&ast::Comparison::right>]];

const auto absent_def = peek(1, "(") >> kw("absent", "") > open_parenthesis
                        > plain_metric[SetAbsent{}] > close_parenthesis;

using Past = ast::Unchanged::Past;
const auto same_hours = kw("same", "same hours") > kw("hours") >
                        (kw("yesterday")[put<&ast::Unchanged::past, Past::yesterday>] |
                         (kw("last", "last week")[put<&ast::Unchanged::past, Past::last_week>] >
                          kw("week")));
const auto previous = kw("previous") > duration[set<&ast::Unchanged::previous>];
const auto unchanged_def = unchanged_ahead >> x3::eps[Begin{}] >> sum[set<&ast::Unchanged::what>] >
                           kw("unchanged") > kw("from") > (previous | same_hours) >
                           kw("by", "by at most") > kw("at") >
                           kw("most") > ratio[set<&ast::Unchanged::tolerance>];

const auto split_as_planned_def =
    located((peek(1, "split") | peek(2, "split")) >>
            kw("traffic", "traffic split as planned")[set<&ast::SplitAsPlanned::keyword>] >
            -word_before("split")[set<&ast::SplitAsPlanned::target>] > kw("split") > kw("as") >
            kw("planned"));

const auto new_kinds_def = peek(1, "(") >> kw("new", "") > open_parenthesis
                           > plain_metric[SetNewMetric{}] > kw("by") >
                           list_of(label[push<&ast::NewKinds::labels>]) > close_parenthesis >
                           kw("at", "at least") >
                           kw("least") > whole_number[set<&ast::NewKinds::at_least>];

// `absent` and `new` are only tried in `stop`, and after its `and`: in `expect` they are reported
// as misplaced.
struct InStop {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    Cursor before = &x3::_where(context).begin()[-1];
    while (before->is(Token::Kind::newline)) --before;
    x3::_pass(context) = before->is_word("stop") || before->is_word("and");
  }
};

const auto over_clause = kw("over") > duration[set_once<&ast::Criterion::over>("over")];
const auto confidence_clause =
    kw("with", "with confidence") >
    kw("confidence") > ratio[set_once<&ast::Criterion::confidence>("with confidence")];
const auto for_clause = kw("for") > duration[set_once<&ast::Criterion::sustain>("for")];
const auto at_least_clause = kw("at", "at least") > kw("least") >
                             whole_number[set_once<&ast::Criterion::at_least>("at least")] >
                             kw("requests");
const auto condition = described(
    "a condition like `error_rate > 0.1%`")[(x3::eps[InStop{}] >> absent[SetCondition{}]) |
                                            (x3::eps[InStop{}] >> new_kinds[SetCondition{}]) |
                                            split_as_planned[SetCondition{}] |
                                            judge[SetCondition{}] | unchanged[SetCondition{}] |
                                            comparison[SetCondition{}]];
const auto measured_value_def = x3::eps[Begin{}] >> sum[set_value];

const auto criterion_def =
    located(quoted(condition > *(over_clause | confidence_clause | for_clause | at_least_clause)));

BOOST_SPIRIT_DEFINE(plain_metric, measurement, primary, product, sum, comparison, absent, unchanged,
                    split_as_planned, new_kinds)

}  // namespace

BOOST_SPIRIT_DEFINE(criterion, measured_value)
ROLLBOOK_INSTANTIATE(criterion)
ROLLBOOK_INSTANTIATE(measured_value)

}  // namespace rollbook::dsl::grammar
