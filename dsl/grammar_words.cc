#include "dsl/grammar_words.h"

#include <array>
#include <utility>

namespace rollbook::dsl {
namespace {

using Kind = Token::Kind;

struct Home {
  std::string_view keyword;
  std::string_view blocks;
};

constexpr std::array kHomes = {
    Home{"edition", "the first line of the file"},
    Home{"runbook", "the file itself, once"},
    Home{"title", "`runbook`"},
    Home{"service", "`runbook`"},
    Home{"arms", "`runbook`"},
    Home{"load", "`runbook`"},
    Home{"role", "`runbook`"},
    Home{"metric", "`runbook`"},
    Home{"channel", "`runbook`"},
    Home{"action", "`runbook`"},
    Home{"param", "`runbook`"},
    Home{"advance", "`runbook`"},
    Home{"after", "`runbook`"},
    Home{"begins", "`runbook`"},
    Home{"require", "`runbook`"},
    Home{"setup", "`runbook`"},
    Home{"guard", "`runbook`"},
    Home{"template", "`runbook`"},
    Home{"stage", "`runbook`"},
    Home{"rollback", "`runbook`"},
    Home{"success", "`runbook`"},
    Home{"stop", "`guard`"},
    Home{"pause", "`guard`, as `pause while …`"},
    Home{"undo", "`stage` or `template`"},
    Home{"irreversible", "the end of a step, like `run drop_old() irreversible`"},
    Home{"halt", "`otherwise` and `option`"},
    Home{"traffic", "`stage` or `rollback`"},
    Home{"ramp", "`stage` or `rollback`"},
    Home{"hold", "`stage`"},
    Home{"run", "`stage`, `hold`, `setup`, `undo` or `rollback`"},
    Home{"start", "`stage`, `hold` or `on enter`"},
    Home{"checkpoint", "`stage`, `hold`, `setup`, `undo` or `rollback`"},
    Home{"on", "`stage` or `template`"},
    Home{"expect", "`require`, `stage` or `success`"},
    Home{"replace", "a `stage` that uses a template"},
    Home{"confirm", "`require`, `stage` or `success`"},
    Home{"decide", "`stage`, and its declaration in `runbook`"},
    Home{"within", "`require`, `stage`, `decide` or `success`"},
    Home{"otherwise", "`require`, `guard`, `stage`, `decide` or `success`"},
    Home{"by", "`decide`"},
    Home{"ask", "`decide`"},
    Home{"option", "`decide`"},
    Home{"finish", "`success`"},
    Home{"notify", "`setup`, `stage`, `hold`, `on enter`, `on exit` or `rollback`"},
    Home{"page", "`setup`, `stage`, `hold`, `on enter`, `on exit` or `rollback`"},
    Home{"open", "`setup`, `stage`, `hold`, `on enter`, `on exit` or `rollback`"},
    Home{"report", "`setup`, `stage`, `hold`, `on enter`, `on exit` or `rollback`"},
};

struct UnsupportedWords {
  std::string_view word;
  std::string_view next;  // "" for any
  Unsupported what;
};

constexpr std::array kStatements = {
    UnsupportedWords{
        "target", "", {Code::unsupported_target, "a named `target`", "write a runbook for each"}},
    UnsupportedWords{
        "when", "baseline", {Code::unsupported_baseline_fails, "`when baseline fails too`", ""}},
};

constexpr Unsupported kTarget = {Code::unsupported_target, "a named target",
                                 "leave the name out: there is one target"};

// A phrase is looked for only in statements that begin with one of these words.
struct UnsupportedClause {
  std::string_view statements;  // each between blanks
  UnsupportedWords words;
};

constexpr std::array kClauses = {
    UnsupportedClause{
        " expect pause ",
        {"and",
         "",
         {Code::unsupported_and, "`and` outside `stop`", "write two statements: both must hold"}}},
    UnsupportedClause{
        " stop guard otherwise ",
        {"when", "", {Code::unsupported_baseline_fails, "`when baseline fails too`", ""}}},
    UnsupportedClause{" start ",
                      {"irreversible",
                       "",
                       {Code::unsupported_irreversible, "`irreversible` after `start`",
                        "mark the `run` that cannot be taken back"}}},
};

bool listed(std::string_view words, std::string_view word) {
  return words.find(" " + std::string(word) + " ") != std::string_view::npos;
}

bool matches(const UnsupportedWords& words, Cursor at) {
  return at->is_word(words.word) && (words.next.empty() || at[1].is_word(words.next));
}

// `guard eu {`, `traffic eu 5%`, `ramp traffic eu to 0%`: a name where none stands yet.
bool names_target(Cursor start, Cursor at) {
  if (!at->is(Kind::word)) return false;
  if (start->is_word("guard")) return at == start + 1 && at[1].is_symbol("{");
  if (start->is_word("traffic")) return at == start + 1 && at[1].is(Kind::number);
  return start->is_word("ramp") && at == start + 2 && at[1].is_word("to");
}

}  // namespace

std::string_view to_string(Block block) {
  switch (block) {
    case Block::file:
      return "the file";
    case Block::runbook:
      return "`runbook`";
    case Block::require:
      return "`require`";
    case Block::setup:
      return "`setup`";
    case Block::guard:
      return "`guard`";
    case Block::stage:
      return "a stage";
    case Block::hold:
      return "`hold`";
    case Block::on_enter:
      return "`on enter`";
    case Block::on_exit:
      return "`on exit`";
    case Block::undo:
      return "`undo`";
    case Block::decide:
      return "`decide`";
    case Block::rollback:
      return "`rollback`";
    case Block::success:
      return "`success`";
  }
  return "";
}

std::string_view home_of(std::string_view keyword) {
  for (const Home& home : kHomes)
    if (home.keyword == keyword) return home.blocks;
  return "";
}

std::optional<Unsupported> unsupported_statement(Cursor at) {
  for (const UnsupportedWords& words : kStatements)
    if (matches(words, at)) return words.what;
  return std::nullopt;
}

std::optional<Unsupported> unsupported_phrase(Cursor start, Cursor at) {
  for (const UnsupportedClause& clause : kClauses)
    if (listed(clause.statements, start->value) && matches(clause.words, at))
      return clause.words.what;
  if (names_target(start, at)) return kTarget;
  return std::nullopt;
}

}  // namespace rollbook::dsl
