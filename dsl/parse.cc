#include "dsl/parse.h"

#include "dsl/braces.h"
#include "dsl/form.h"
#include "dsl/grammar.h"
#include "dsl/lexer.h"

namespace rollbook::dsl {

ast::Runbook parse(const std::string& text, Sink& sink) {
  ast::Runbook runbook;
  Tokens tokens = lex(text, sink);
  if (tokens.size() == 1) {
    if (!sink.has_errors())
      sink.error(Code::empty, tokens.front().span, "the runbook is empty",
                 "it begins with `edition 1` and `runbook NAME {`");
    return runbook;
  }
  // Where the lexer gave up the text goes on, and with it the blocks that seem to be open.
  Sink unsaid("");
  const bool is_cut = tokens.back().begin < text.size();
  const std::set<std::uint32_t> quiet_lines = balance_braces(tokens, is_cut ? unsaid : sink);
  ParseState state(text, tokens, quiet_lines, sink);
  const Cursor rest = grammar::read_file(tokens, state, runbook);
  if (runbook.name.text.empty() && !sink.has_errors())
    sink.error(Code::unexpected, rest->span,
               "expected `runbook NAME {`, found " + describe(*rest, text),
               "a runbook begins with `edition 1` and `runbook NAME {`");
  if (!rest->is(Token::Kind::end) && quiet_lines.empty())
    sink.error(Code::unexpected, rest->span,
               "expected the end of the file, found " + describe(*rest, text),
               "a file holds one runbook");
  for (ast::RunbookStatement& statement : runbook.statements)
    if (auto* param = std::get_if<ast::Param>(&statement.node))
      param->used = state.is_used(param->name.text);
  check_form(runbook, sink);
  return runbook;
}

std::set<std::size_t> param_uses(const std::string& text) {
  Sink ignored("");
  Tokens tokens = lex(text, ignored);
  const std::set<std::uint32_t> quiet_lines = balance_braces(tokens, ignored);
  ParseState state(text, tokens, quiet_lines, ignored);
  ast::Runbook runbook;
  grammar::read_file(tokens, state, runbook);
  return state.param_uses();
}

}  // namespace rollbook::dsl
