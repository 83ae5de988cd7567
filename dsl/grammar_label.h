#pragma once
// label: the name of a metric's label, in quotes or without. Those of OpenTelemetry have dots, and
// are one name as long as no blank stands in them: `by http.route, region`. For dsl/grammar*.cc.

#include "dsl/grammar_x3.h"

namespace rollbook::dsl::grammar {

struct label_parser : x3::parser<label_parser> {
  using attribute_type = ast::Name;
  static bool const has_attribute = true;

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext& context, Rule&,
             Attribute& attribute) const {
    const bool quoted = first->is(Token::Kind::text) && !first->value.empty();
    if (!first->is(Token::Kind::word) && !quoted) {
      state(context).wanted(first, "a label");
      return false;
    }
    ast::Name label{first->value, first->span};
    std::size_t end = first->end;
    const bool dotted = !quoted;
    ++first;
    while (dotted && first->is_symbol(".") && first->begin == end) {
      const auto part = first + 1;
      if (!part->is(Token::Kind::word) || part->begin != first->end) break;
      label.text += "." + part->value;
      label.span.end_line = part->span.end_line;
      label.span.end_column = part->span.end_column;
      end = part->end;
      first = part + 1;
    }
    assign(attribute, std::move(label));
    return true;
  }
};
inline constexpr label_parser label{};

}  // namespace rollbook::dsl::grammar
