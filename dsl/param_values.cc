#include "dsl/param_values.h"

#include <string>

#include "dsl/lexer.h"
#include "dsl/params.h"

namespace rollbook::dsl {

std::vector<core::Argument> param_values(std::string_view text) {
  Sink unread("");  // what is wrong with the text is said when it is compiled
  const Tokens tokens = lex(text, unread);
  std::vector<core::Argument> values;
  for (const auto& [name, param] : find_params(tokens)) {
    if (param.value == nullptr) continue;
    const std::size_t bytes = param.value->end - param.value->begin;
    values.push_back({name, std::string(text.substr(param.value->begin, bytes))});
  }
  return values;
}

}  // namespace rollbook::dsl
