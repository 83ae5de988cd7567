#pragma once
// What the grammar remembers while it reads, and all it does about mistakes: which tokens would
// have gone on at the furthest place, the diagnostic made of them, and where to go on. No X3 in
// here; one ParseState belongs to one call of parse().

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dsl/ast.h"
#include "dsl/diagnostics.h"
#include "dsl/params.h"
#include "dsl/token.h"

namespace rollbook::dsl {

using Cursor = const Token*;

// The kinds of block, as far as they hold different statements.
enum class Block : std::uint8_t {
  file,
  runbook,
  require,
  setup,
  guard,
  stage,  // a template's too
  hold,
  on_enter,
  on_exit,
  undo,
  decide,
  rollback,
  success
};

class ParseState {
 public:
  ParseState(std::string_view text, const Tokens& tokens, std::set<std::uint32_t> quiet_lines,
             Sink& sink)
      : text_(text),
        tokens_(tokens),
        quiet_lines_(std::move(quiet_lines)),
        sink_(sink),
        params_(find_params(tokens)),
        targets_(find_targets(tokens)) {}

  Sink& sink() { return sink_; }
  // The literal at `at`, or that of the parameter named there; nothing when there is neither. One
  // whose declaration cannot be read stands for 1 of its type: it is reported there.
  std::optional<ast::Number> number_at(Cursor at) const;
  std::optional<ast::Text> text_at(Cursor at) const;
  // The targets that are declared somewhere: what `eu.` may begin with.
  const std::set<std::string>& targets() const { return targets_; }
  // The parameter named at `at`, if one is, has been used.
  void take_param(Cursor at);
  bool is_used(const std::string& param) const { return used_params_.contains(param); }
  // The first byte of each word that was read as a parameter; a channel may have its name.
  const std::set<std::size_t>& param_uses() const { return param_uses_; }

  // The source between two cursors, spaced as the language is, with the values of parameters.
  std::string written(Cursor first, Cursor last) const;

  // ---- While a statement matches: what a terminal wanted at `at` and did not find.
  void wanted_word(Cursor at, const char* word, const char* shown);
  void wanted(Cursor at, const char* what);
  // The wishes noted at `at` so far, and what stands for all later ones there.
  std::size_t wishes(Cursor at) const { return at == furthest_ ? wishes_.size() : 0; }
  void summarise(Cursor at, std::size_t kept, const char* what);

  // Notes all that is wanted at one place, for completion (dsl/expected).
  struct Wanted {
    std::vector<std::string> words;   // as shown: `at most`
    std::vector<std::string> things;  // "a channel", "a duration like `5m`"
  };
  void probe(Cursor at, Wanted& into) {
    probed_ = at;
    probe_ = &into;
  }

  // ---- After a statement did not match.
  // Reports what was expected at the failure and returns where to go on: at the statement's end,
  // or where a new one begins after a line that broke off.
  Cursor recover(Cursor where);
  // Reports a statement that `block` does not know and returns its end.
  Cursor refuse_statement(Cursor at, Block block);
  // Like recover(), for the line `runbook NAME {`: goes on at its `{`.
  Cursor recover_header(Cursor where);
  // What the last of these left unread, once: it stands in the AST for the statement.
  std::optional<ast::Error> take_error() { return std::exchange(error_, std::nullopt); }

  // Joins of operators in one expression are counted: each nests the tree once more.
  bool deepen() { return ++operators_ <= kOperatorsMost; }
  void begin_expression() { operators_ = 0; }

 private:
  struct Wish {
    const char* what;  // how messages name it; "": it only serves "did you mean"
    const char* word;  // of a keyword, else null
  };
  static constexpr int kOperatorsMost = 32;
  static std::set<std::string> find_targets(const Tokens& tokens);

  Cursor first_token() const { return tokens_.data(); }
  bool quiet(Cursor at) const;
  Cursor statement_start(Cursor where) const;
  Cursor statement_end(Cursor where) const;
  // Does the line before `where` break off (`role a,`), so that it begins a new statement?
  bool broke_off(Cursor start, Cursor where) const;
  bool report_unsupported(Cursor start, Cursor where);
  bool report_function(Cursor start, Cursor where);
  bool report_qualifier(Cursor start, Cursor where);
  bool report_param(Cursor where);
  const WrittenParam* param_at(Cursor at) const;
  void report(Cursor start, Cursor where);
  std::vector<std::string> wished_words() const;
  std::string wish_list() const;
  bool wishes_are_words() const;
  std::string meant_percent(const Token& number) const;
  void remember(Cursor start, Cursor end);

  std::string_view text_;
  const Tokens& tokens_;
  std::set<std::uint32_t> quiet_lines_;
  Sink& sink_;
  Cursor furthest_ = nullptr;
  std::vector<Wish> wishes_;
  std::optional<ast::Error> error_;
  Cursor resumed_ = nullptr;        // the last statement that began where a line broke off
  Cursor misplaced_end_ = nullptr;  // of the last statement that stood in the wrong block
  int operators_ = 0;
  std::map<std::string, WrittenParam, std::less<>> params_;
  std::set<std::string> used_params_;
  std::set<std::size_t> param_uses_;
  std::set<std::string> targets_;
  Cursor probed_ = nullptr;
  Wanted* probe_ = nullptr;  // there when probed_ is
};

// From the first token up to the head's end: the last token before a `{`, else before `last`.
core::Span head_span(Cursor first, Cursor last);

}  // namespace rollbook::dsl
