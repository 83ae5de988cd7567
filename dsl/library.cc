#include "dsl/library.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dsl/braces.h"
#include "dsl/grammar_words.h"
#include "dsl/lexer.h"
#include "dsl/spacing.h"

namespace rollbook::dsl {
namespace {

using Kind = Token::Kind;

constexpr std::array kDeclared = {
    std::pair{"metric", NameSpace::value},    std::pair{"param", NameSpace::value},
    std::pair{"role", NameSpace::value},      std::pair{"channel", NameSpace::channel},
    std::pair{"action", NameSpace::action},   std::pair{"template", NameSpace::stage_template},
    std::pair{"decide", NameSpace::decision}, std::pair{"rollback", NameSpace::rollback}};

class Reading {
 public:
  Reading(Library& library, bool is_root, Sink& sink)
      : library_(library), tokens_(library.tokens), is_root_(is_root), sink_(sink) {}

  void run() {
    for (std::size_t i = 0; i < tokens_.size(); i = end_of(i)) statement(i);
    for (std::size_t i = 0; i < library_.declarations.size(); ++i)
      library_.by_name.emplace(library_.declarations[i].name, i);
  }

 private:
  // One past the statement at `i`: its newline, or a brace that begins or ends a block.
  std::size_t end_of(std::size_t i) const {
    const std::int32_t depth = tokens_[i].depth;
    if (tokens_[i].is_word("runbook") && depth == 0) {
      while (i < tokens_.size() && !tokens_[i].is_symbol("{")) ++i;
      return i + 1;
    }
    if (tokens_[i].is(Kind::newline) || tokens_[i].is_symbol("}")) return i + 1;
    while (i < tokens_.size() && !ends(i, depth)) ++i;
    return std::max(i, std::size_t{1});
  }
  bool ends(std::size_t i, std::int32_t depth) const {
    const Token& token = tokens_[i];
    if (token.is(Kind::newline)) return token.depth == depth;
    return token.is_symbol("}") && token.depth < depth;
  }

  void statement(std::size_t i) {
    const Token& token = tokens_[i];
    if (token.is_symbol("}") && token.depth == 0) library_.closing = i;
    if (!token.is(Kind::word)) return;
    if (token.value == "import") return import(i);
    if (token.depth == 0) return;
    for (const auto& [keyword, space] : kDeclared) {
      if (token.value != keyword) continue;
      // `decide verdict` and `rollback automatic` are declarations where a block follows.
      return declare(i, space);
    }
    if (is_root_ || token.value == "title" || home_of(token.value).empty()) return;
    sink_.error(Code::misplaced_statement, token.span,
                "`" + token.value + "` has no place in a file that is imported",
                "such a file declares metric, role, channel, action, param, template, decide and "
                "rollback; leave what runs to the runbook");
  }

  void declare(std::size_t i, NameSpace space) {
    const std::size_t last = std::min(end_of(i), tokens_.size() - 1);
    const bool role = tokens_[i].value == "role";
    for (std::size_t k = i + 1; k < last; ++k) {
      if (!tokens_[k].is(Kind::word)) {
        if (role) continue;
        return;
      }
      library_.declarations.push_back({tokens_[i].value, tokens_[k].value, space, i, last, k});
      if (!role) return;
    }
  }

  void import(std::size_t i) {
    const auto at = [&](std::size_t k) -> const Token& {
      return tokens_[std::min(i + k, tokens_.size() - 1)];
    };
    const bool sound = at(1).is(Kind::text) && at(2).is_word("as") && at(3).is(Kind::word) &&
                       (at(4).is(Kind::newline) || at(4).is(Kind::end) || at(4).is_symbol("}"));
    if (!sound) {
      sink_.error(Code::unexpected, tokens_[i].span, "this `import` cannot be read",
                  "write `import \"lib.runbook\" as lib`");
      return;
    }
    const std::string& alias = at(3).value;
    const bool arm = alias == "canary" || alias == "baseline" || alias == "total";
    if (arm || !home_of(alias).empty()) {
      sink_.error(Code::reserved_name, at(3).span, "no import can be called `" + alias + "`",
                  "give it another name");
      return;
    }
    for (const ImportStatement& other : library_.imports) {
      if (other.alias != alias) continue;
      sink_.error(Code::duplicate_name, at(3).span,
                  "an import is called `" + alias + "` already, in line " +
                      std::to_string(tokens_[other.first].span.line),
                  "give one of them another name");
      return;
    }
    library_.imports.push_back({at(1).value, alias, i, i + 4});
  }

  Library& library_;
  const Tokens& tokens_;
  bool is_root_;
  Sink& sink_;
};

}  // namespace

std::string Library::written(std::size_t first, std::size_t last) const {
  std::string out;
  for (std::size_t i = first; i < last; ++i) {
    const Token& token = tokens[i];
    if (token.is(Kind::newline)) continue;
    if (i > first && blanks_between(tokens[i - 1], token) > 0) out += ' ';
    out += text.substr(token.begin, token.end - token.begin);
  }
  return out;
}

bool Library::may_refer(const Declaration& inside, std::size_t i) const {
  const Token& token = tokens[i];
  if (!token.is(Kind::word) || i == inside.name_token) return false;
  if (inside.keyword == "role" || inside.keyword == "action" || inside.keyword == "param") {
    return false;
  }
  // The names on the wire and labels of `counter x by y` are nobody's here; `a / b` is.
  if (inside.keyword == "metric") {
    const Token& source = tokens[std::min(inside.name_token + 2, tokens.size() - 1)];
    if (source.is_word("counter") || source.is_word("histogram") || source.is_word("gauge")) {
      return false;
    }
  }
  if (inside.keyword == "channel" && i == inside.name_token + 2) return false;  // its kind
  if (tokens[i + 1].is_symbol(":")) return false;  // the name of an argument, or of a criterion
  const Token& before = tokens[i - 1];
  return !before.is_word("option") && !before.is_word("open") && !before.is_word("report");
}

const std::string* Library::alias_at(std::size_t i) const {
  if (!tokens[i].is(Kind::word) || i + 2 >= tokens.size()) return nullptr;
  if (!tokens[i + 1].is_symbol(".") || !tokens[i + 2].is(Kind::word)) return nullptr;
  const auto found = aliases.find(tokens[i].value);
  return found == aliases.end() ? nullptr : &found->first;
}

Library read_library(std::string file, std::string text, bool is_root, Sink& sink) {
  Library library;
  library.file = std::move(file);
  library.text = std::move(text);
  Sink unread("");
  Sink& found = is_root ? unread : sink;
  const std::size_t errors = sink.errors();
  library.tokens = lex(library.text, found);
  if (!is_root) {
    Tokens balanced = library.tokens;
    balance_braces(balanced, sink);
    if (sink.errors() > errors) return library;
  }
  Reading(library, is_root, sink).run();
  if (!is_root && library.closing == 0 && sink.errors() == errors) {
    sink.error(Code::unexpected, library.tokens.front().span, "this file declares nothing",
               "an imported file is written like a runbook: `edition 1`, then `runbook lib { … }`");
  }
  return library;
}

}  // namespace rollbook::dsl
