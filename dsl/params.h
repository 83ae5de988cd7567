#pragma once
// Parameters: `param limit: ratio = 0.1% from 0.01% to 1%`. A parameter stands wherever a literal
// of its type may, so the grammar must know them before it reads the first statement: they are
// found in the tokens. What is given at the start of a rollout is put into the text in place of
// the default; the text that results is what runs, and its digest says so.
//
//   std::string text = with_params(source, {{"limit", "0.5%"}}, sink);   // … = 0.5% from …

#include <map>
#include <string>
#include <vector>

#include "dsl/ast_leaves.h"
#include "dsl/diagnostics.h"
#include "dsl/token.h"
#include "engine/core/machine.h"

namespace rollbook::dsl {

struct WrittenParam {
  const Token* name = nullptr;
  ast::Type type = ast::Type::text;
  const Token* value = nullptr;  // null: its declaration cannot be read
  const Token* least = nullptr;
  const Token* most = nullptr;
};

// By name; the first declaration counts. The tokens must outlive it.
std::map<std::string, WrittenParam, std::less<>> find_params(const Tokens& tokens);

// `source` with the given values in place of the defaults; what does not fit is reported at the
// parameter's declaration and left out.
std::string with_params(const std::string& source, const std::vector<core::Argument>& given,
                        Sink& sink);

// `text` as a literal of the language, in quotes.
std::string quote(const std::string& text);

}  // namespace rollbook::dsl
