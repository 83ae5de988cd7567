#include "dsl/expected.h"

#include <algorithm>

#include "dsl/grammar.h"
#include "dsl/grammar_state.h"
#include "dsl/lexer.h"
#include "dsl/words.h"

namespace rollbook::dsl {
namespace {

using Kind = Token::Kind;

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::size_t word_begin(std::string_view text, std::size_t offset) {
  while (offset > 0 && is_word_byte(text[offset - 1])) --offset;
  // `0.5`, `p99.9`: the point belongs to the number before it.
  if (offset > 1 && text[offset - 1] == '.' && text[offset - 2] >= '0' && text[offset - 2] <= '9')
    return word_begin(text, offset - 1);
  return offset;
}

// Braces open behind a token.
std::int32_t depth_behind(const Token& token) {
  return token.depth + (token.is_symbol("{") ? 1 : 0);
}

Token piece(Kind kind, std::string value, const Token& where, std::int32_t depth) {
  Token token = where;
  token.kind = kind;
  token.value = std::move(value);
  token.depth = depth;
  token.first_in_line = false;  // else it would begin a statement where a line breaks off
  token.synthetic = true;
  return token;
}

// The tokens before the place, the one that nothing accepts, and what closes all blocks.
Tokens with_marker(std::string_view before, std::size_t& marker) {
  Sink ignored("");
  Tokens tokens = lex(before, ignored);
  const Token end = tokens.back();
  tokens.pop_back();
  const std::int32_t depth = tokens.empty() ? 0 : depth_behind(tokens.back());
  marker = tokens.size();
  tokens.push_back(piece(Kind::bad, "", end, depth));
  for (std::int32_t open = depth - 1; open >= 0; --open) {
    tokens.push_back(piece(Kind::newline, "\n", end, open + 1));
    tokens.push_back(piece(Kind::symbol, "}", end, open));
  }
  tokens.push_back(end);
  return tokens;
}

// "a role" is a use of one, "a role's name" is not.
void add_thing(const std::string& thing, Expected& expected) {
  std::string noun = thing.substr(thing.find(' ') + 1);
  const std::size_t like = noun.find(" like ");
  const bool example = like != std::string::npos;
  if (example) noun = noun.substr(0, like);
  if (!example) {
    if (const auto kind = name_kind(noun)) expected.names.push_back(*kind);
  }
  if (noun == "metric" || noun == "condition") expected.measurement = true;
  if (noun == "argument") expected.argument = true;
  if (noun == "number with its unit") expected.any_literal = true;
  if (noun == "duration") expected.types.push_back(ast::Type::duration);
  if (noun == "rate") expected.types.push_back(ast::Type::rate);
  if (noun == "share of traffic") expected.types.push_back(ast::Type::ratio);
  if (thing.starts_with("what is opened")) expected.values = record_kinds();
  if (thing.starts_with("what is reported")) expected.values = report_kinds();
  if (noun == "kind of channel") expected.values = channel_kinds();
  if (thing.find("in quotes") != std::string::npos || noun == "text") expected.text = true;
}

// The statement and the parentheses around the marker.
void add_surroundings(const Tokens& tokens, std::size_t marker, Expected& expected) {
  std::size_t first = marker;
  while (first > 0 && !tokens[first - 1].is(Kind::newline) && !tokens[first - 1].is_symbol("{") &&
         !tokens[first - 1].is_symbol("}"))
    --first;
  if (first == marker) return;
  expected.statement = tokens[first].value;
  int open = 0;
  for (std::size_t i = marker; i-- > first;) {
    if (tokens[i].is_symbol(")")) ++open;
    if (tokens[i].is_symbol("(") && open-- == 0) {
      if (i > first) expected.callee = tokens[i - 1].value;
      return;
    }
    if (open == 0 && tokens[i].is_symbol(":") && i > first)
      expected.given.push_back(tokens[i - 1].value);
  }
  expected.given.clear();
}

// `open incident(severity: …)` takes one of a few words.
void add_severity(const Tokens& tokens, std::size_t marker, Expected& expected) {
  const bool value = marker > 1 && tokens[marker - 1].is_symbol(":");
  if (expected.statement != "open" || expected.callee.empty()) return;
  if (value && tokens[marker - 2].is_word("severity")) expected.values = severities();
}

// The keyword of the block around the marker; "" outside of all.
std::string block_around(const Tokens& tokens, std::size_t marker) {
  std::size_t open = marker;
  while (open > 0 && !(tokens[open].is_symbol("{") && tokens[open].depth < tokens[marker].depth))
    --open;
  if (open == 0) return "";
  std::size_t first = open;
  while (first > 0 && !tokens[first - 1].is(Kind::newline) && !tokens[first - 1].is_symbol("{"))
    --first;
  return tokens[first].value;
}

// The grammar reads any exit and a check refuses some: a guard leads to a rollback, or halts.
void drop_refused_exits(const Tokens& tokens, std::size_t marker, Expected& expected) {
  if (expected.statement != "otherwise" || block_around(tokens, marker) != "guard") return;
  std::erase(expected.words, "decide");
  std::erase(expected.words, "end");
}

// Before the runbook anything is skipped that is none, so the grammar never comes to want it.
void add_runbook(const Tokens& tokens, std::size_t marker, Expected& expected) {
  if (!expected.statement.empty() || tokens[marker].depth > 0) return;
  const bool there = std::any_of(tokens.begin(), tokens.end(),
                                 [](const Token& token) { return token.is_word("runbook"); });
  if (!there) expected.words.emplace_back("runbook");
}

template <class T>
void drop_repeated(std::vector<T>& all) {
  std::vector<T> once;
  for (T& one : all)
    if (std::find(once.begin(), once.end(), one) == once.end()) once.push_back(std::move(one));
  all = std::move(once);
}

}  // namespace

Expected expected_at(std::string_view text, std::size_t offset) {
  Expected expected;
  expected.word_begin = word_begin(text, std::min(offset, text.size()));
  const std::string before(text.substr(0, expected.word_begin));
  std::size_t marker = 0;
  const Tokens tokens = with_marker(before, marker);
  Sink ignored("");
  ParseState state(before, tokens, {}, ignored);
  ParseState::Wanted wanted;
  state.probe(tokens.data() + marker, wanted);
  ast::Runbook runbook;
  grammar::read_file(tokens, state, runbook);
  expected.words = std::move(wanted.words);
  for (const std::string& thing : wanted.things) add_thing(thing, expected);
  add_surroundings(tokens, marker, expected);
  add_severity(tokens, marker, expected);
  drop_refused_exits(tokens, marker, expected);
  add_runbook(tokens, marker, expected);
  drop_repeated(expected.words);
  drop_repeated(expected.names);
  drop_repeated(expected.types);
  return expected;
}

Inside inside_at(std::string_view text, std::size_t offset) {
  const std::size_t line = offset == 0 ? 0 : text.rfind('\n', offset - 1) + 1;
  bool quoted = false;
  std::size_t open = 0;  // behind a `{`, else 0
  for (std::size_t i = line; i < offset; ++i) {
    const char c = text[i];
    if (!quoted && c == '#') return {Inside::Kind::comment, 0};
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
      open = 0;
    } else if (quoted && c == '{') {
      open = open == i && open != 0 ? 0 : i + 1;  // `{{` is a brace
    } else if (c == '}') {
      open = 0;
    }
  }
  if (open != 0) return {Inside::Kind::placeholder, open};
  return {quoted ? Inside::Kind::text : Inside::Kind::code, 0};
}

}  // namespace rollbook::dsl
