#pragma once
// Words that stand for values, and the names of types. Included by dsl/grammar*.cc only.

#include <array>
#include <utility>

#include "dsl/grammar_x3.h"

namespace rollbook::dsl::grammar {

// One of a fixed set of words that stand for values.
template <class Value, std::size_t Count>
struct word_of_parser : x3::parser<word_of_parser<Value, Count>> {
  using attribute_type = Value;
  static bool const has_attribute = true;

  std::array<std::pair<const char*, Value>, Count> known;
  constexpr explicit word_of_parser(std::array<std::pair<const char*, Value>, Count> words)
      : known(words) {}

  template <class Iterator, class AnyContext, class Rule, class Attribute>
  bool parse(Iterator& first, const Iterator&, const AnyContext& context, Rule&,
             Attribute& attribute) const {
    for (const auto& [word, value] : known) {
      if (first->is_word(word)) {
        assign(attribute, value);
        ++first;
        return true;
      }
      state(context).wanted_word(first, word, word);
    }
    return false;
  }
};

inline constexpr word_of_parser<ast::Type, 7> type_name{{{{"ratio", ast::Type::ratio},
                                                          {"points", ast::Type::points},
                                                          {"duration", ast::Type::duration},
                                                          {"rate", ast::Type::rate},
                                                          {"count", ast::Type::count},
                                                          {"size", ast::Type::size},
                                                          {"text", ast::Type::text}}}};

}  // namespace rollbook::dsl::grammar
