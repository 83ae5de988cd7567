#pragma once
// The X3 side of the grammar: terminals over the tokens, and directives around parsers. Included
// by dsl/grammar*.cc only, so that Spirit stays in there.
//
// Conventions that keep X3's known traps away: the grammar is LL(1), with peeks at fixed tokens;
// every rule fills its node by actions, so that no attribute is deduced; there is no skipper; the
// one `with` stands around the whole; errors are expectation failures that a statement's rule
// accepts after recovery, never `fail`. Messages come from the wishes that terminals note.

// get_info would use typeid otherwise; the wishes say it better.
#define BOOST_SPIRIT_X3_NO_RTTI

#include <boost/spirit/home/x3.hpp>
#include <type_traits>
#include <utility>

#include "dsl/ast.h"
#include "dsl/grammar_state.h"

namespace rollbook::dsl::grammar {

namespace x3 = boost::spirit::x3;

struct StateTag;
using Context = x3::context<StateTag, ParseState>;

template <class AnyContext>
ParseState& state(const AnyContext& context) {
  return x3::get<StateTag>(context);
}

template <class Attribute, class Value>
void assign(Attribute& attribute, Value&& value) {
  if constexpr (!std::is_same_v<std::remove_const_t<Attribute>, x3::unused_type>)
    attribute = std::forward<Value>(value);
}

// ---- Terminals ----------------------------------------------------------------------------

// A keyword; its attribute is its place. `shown` is how messages name it, "" for not at all.
struct keyword : x3::parser<keyword> {
  using attribute_type = core::Span;
  static bool const has_attribute = true;

  const char* word;
  const char* shown;
  constexpr keyword(const char* w, const char* s) : word(w), shown(s) {}

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext& context, Rule&,
             Attribute& attribute) const {
    if (!first->is_word(word)) {
      state(context).wanted_word(first, word, shown);
      return false;
    }
    assign(attribute, first->span);
    ++first;
    return true;
  }
};
constexpr keyword kw(const char* word) { return {word, word}; }
constexpr keyword kw(const char* word, const char* shown) { return {word, shown}; }

// Punctuation; its attribute is its place. `what` is how messages name it, "" for not at all.
struct symbol : x3::parser<symbol> {
  using attribute_type = core::Span;
  static bool const has_attribute = true;

  const char* text;
  const char* what;
  constexpr symbol(const char* t, const char* w) : text(t), what(w) {}

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext& context, Rule&,
             Attribute& attribute) const {
    if (!first->is_symbol(text)) {
      if (*what != '\0') state(context).wanted(first, what);
      return false;
    }
    assign(attribute, first->span);
    ++first;
    return true;
  }
};
inline constexpr symbol open_brace{"{", "`{`"};
inline constexpr symbol close_brace{"}", "`}`"};
inline constexpr symbol open_parenthesis{"(", "`(`"};
inline constexpr symbol close_parenthesis{")", "`)`"};
inline constexpr symbol comma{",", "`,`"};
inline constexpr symbol colon{":", "`:`"};
inline constexpr symbol equals{"=", "`=`"};
inline constexpr symbol slash{"/", "`/`"};
inline constexpr symbol dot{".", "`.`"};

// A name: a word, and where `quotable` a text too.
struct name : x3::parser<name> {
  using attribute_type = ast::Name;
  static bool const has_attribute = true;

  const char* what;
  bool quotable;
  constexpr explicit name(const char* w, bool may_quote = false) : what(w), quotable(may_quote) {}

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext& context, Rule&,
             Attribute& attribute) const {
    const bool quoted = quotable && first->is(Token::Kind::text) && !first->value.empty();
    if (!first->is(Token::Kind::word) && !quoted) {
      state(context).wanted(first, what);
      return false;
    }
    assign(attribute, ast::Name{first->value, first->span});
    ++first;
    return true;
  }
};

// The target of `traffic eu 5%`, where one stands: a word before the weight. Without it there is no
// wish for one, for most runbooks have none.
struct target_of_weight_parser : x3::parser<target_of_weight_parser> {
  using attribute_type = ast::Name;
  static bool const has_attribute = true;

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext& context, Rule&,
             Attribute& attribute) const {
    if (!first->is(Token::Kind::word) || !state(context).number_at(first + 1)) return false;
    assign(attribute, ast::Name{first->value, first->span});
    ++first;
    return true;
  }
};
inline constexpr target_of_weight_parser target_of_weight{};

// A word that `next` stands behind: `ramp traffic eu to`, `guard eu {`.
struct word_before : x3::parser<word_before> {
  using attribute_type = ast::Name;
  static bool const has_attribute = true;

  const char* next;
  constexpr explicit word_before(const char* n) : next(n) {}

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext&, Rule&,
             Attribute& attribute) const {
    if (!first->is(Token::Kind::word)) return false;
    if (!first[1].is_word(next) && !first[1].is_symbol(next)) return false;
    assign(attribute, ast::Name{first->value, first->span});
    ++first;
    return true;
  }
};

// A literal of one type, or of any; or the parameter that stands for one.
struct literal : x3::parser<literal> {
  using attribute_type = ast::Number;
  static bool const has_attribute = true;

  const char* what;
  ast::Type type;
  bool any;
  bool whole;  // no fraction
  constexpr literal(ast::Type t, const char* w, bool no_fraction = false)
      : what(w), type(t), any(false), whole(no_fraction) {}
  constexpr explicit literal(const char* w)
      : what(w), type(ast::Type::count), any(true), whole(false) {}

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext& context, Rule&,
             Attribute& attribute) const {
    const std::optional<ast::Number> number = state(context).number_at(first);
    const bool typed = number && (any || number->type == type);
    if (!typed || (whole && number->value.nanos % core::Fixed::kScale != 0)) {
      state(context).wanted(first, what);
      return false;
    }
    state(context).take_param(first);
    assign(attribute, *number);
    ++first;
    return true;
  }
};
inline constexpr literal duration{ast::Type::duration, "a duration like `5m`"};
inline constexpr literal share{ast::Type::ratio, "a share of traffic like `5%`"};
inline constexpr literal ratio{ast::Type::ratio, "a ratio like `95%`"};
inline constexpr literal whole_number{ast::Type::count, "a number like `2`", true};
inline constexpr literal any_number{"a number with its unit like `0.1%`"};

// A text in quotes, or the parameter that stands for one.
struct text : x3::parser<text> {
  using attribute_type = ast::Text;
  static bool const has_attribute = true;

  const char* what;
  constexpr explicit text(const char* w) : what(w) {}

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext& context, Rule&,
             Attribute& attribute) const {
    const std::optional<ast::Text> value = state(context).text_at(first);
    if (!value) {
      state(context).wanted(first, what);
      return false;
    }
    state(context).take_param(first);
    assign(attribute, *value);
    ++first;
    return true;
  }
};

// A newline between statements.
struct newline_parser : x3::parser<newline_parser> {
  using attribute_type = x3::unused_type;
  static bool const has_attribute = false;

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext&, Rule&, Attribute&) const {
    if (!first->is(Token::Kind::newline)) return false;
    ++first;
    return true;
  }
};
inline constexpr newline_parser newline{};

// The end of a statement: its line's end, or the `}` of the block around it, not consumed.
struct end_of_statement_parser : x3::parser<end_of_statement_parser> {
  using attribute_type = x3::unused_type;
  static bool const has_attribute = false;

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext& context, Rule&, Attribute&) const {
    if (first->is(Token::Kind::newline) || first->is(Token::Kind::end) || first->is_symbol("}"))
      return true;
    state(context).wanted(first, "the end of the line");
    return false;
  }
};
inline constexpr end_of_statement_parser end_of_statement{};

// Looks at the token `ahead` of here, without a wish and without consuming it.
struct peek_parser : x3::parser<peek_parser> {
  using attribute_type = x3::unused_type;
  static bool const has_attribute = false;

  std::ptrdiff_t ahead;
  const char* value;
  bool negate;
  constexpr peek_parser(std::ptrdiff_t a, const char* v, bool n) : ahead(a), value(v), negate(n) {}

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator& last, const AnyContext&, Rule&, Attribute&) const {
    const bool there = last - first > ahead &&
                       (first[ahead].is(Token::Kind::symbol) || first[ahead].is(Token::Kind::word));
    return (there && first[ahead].value == value) != negate;
  }
};
constexpr peek_parser peek(std::ptrdiff_t ahead, const char* value) {
  return {ahead, value, false};
}
constexpr peek_parser peek_not(std::ptrdiff_t ahead, const char* value) {
  return {ahead, value, true};
}

// A statement that its block does not know: reported, and skipped. Matches whatever is no end.
struct refused : x3::parser<refused> {
  using attribute_type = x3::unused_type;
  static bool const has_attribute = false;

  Block block;
  constexpr explicit refused(Block b) : block(b) {}

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext& context, Rule&, Attribute&) const {
    if (first->is(Token::Kind::end) || first->is(Token::Kind::newline) || first->is_symbol("}"))
      return false;
    first = state(context).refuse_statement(first, block);
    return true;
  }
};

// described("a condition like …")[p]: when p does not even begin, messages name it so.
template <class Subject>
struct described_directive : x3::unary_parser<Subject, described_directive<Subject>> {
  using base_type = x3::unary_parser<Subject, described_directive<Subject>>;
  static bool const is_pass_through_unary = true;

  const char* what;
  constexpr described_directive(const Subject& inner, const char* w) : base_type(inner), what(w) {}

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator& last, const AnyContext& context, Rule& rule,
             Attribute& attribute) const {
    const Iterator start = first;
    const std::size_t kept = state(context).wishes(start);
    if (this->subject.parse(first, last, context, rule, attribute)) return true;
    state(context).summarise(start, kept, what);
    return false;
  }
};
struct described {
  const char* what;
  template <class Subject>
  constexpr auto operator[](const Subject& subject) const {
    using Parser = typename x3::extension::as_parser<Subject>::value_type;
    return described_directive<Parser>(x3::as_parser(subject), what);
  }
};

// located[p]: the rule's node gets its place, from its first token up to the `{` of its block. (A
// rule's on_success could not do it: X3 hands it no attribute where there are actions.)
template <class Subject>
struct located_directive : x3::unary_parser<Subject, located_directive<Subject>> {
  using base_type = x3::unary_parser<Subject, located_directive<Subject>>;
  static bool const is_pass_through_unary = true;

  constexpr explicit located_directive(const Subject& inner) : base_type(inner) {}

  template <class Iterator, class AnyContext, class Node, class Attribute>
  bool parse(Iterator& first, const Iterator& last, const AnyContext& context, Node& node,
             Attribute& attribute) const {
    const Iterator begin = first;
    if (!this->subject.parse(first, last, context, node, attribute)) return false;
    node.span = head_span(begin, first);
    return true;
  }
};
template <class Subject>
constexpr auto located(const Subject& subject) {
  using Parser = typename x3::extension::as_parser<Subject>::value_type;
  return located_directive<Parser>(x3::as_parser(subject));
}

// quoted(p): the rule's node keeps what was written, for people to read.
template <class Subject>
struct quoted_directive : x3::unary_parser<Subject, quoted_directive<Subject>> {
  using base_type = x3::unary_parser<Subject, quoted_directive<Subject>>;
  static bool const is_pass_through_unary = true;

  constexpr explicit quoted_directive(const Subject& inner) : base_type(inner) {}

  template <class Iterator, class AnyContext, class Node, class Attribute>
  bool parse(Iterator& first, const Iterator& last, const AnyContext& context, Node& node,
             Attribute& attribute) const {
    const Iterator begin = first;
    if (!this->subject.parse(first, last, context, node, attribute)) return false;
    node.text = state(context).written(begin, first);
    return true;
  }
};
template <class Subject>
constexpr auto quoted(const Subject& subject) {
  using Parser = typename x3::extension::as_parser<Subject>::value_type;
  return quoted_directive<Parser>(x3::as_parser(subject));
}

}  // namespace rollbook::dsl::grammar
