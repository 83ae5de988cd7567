#include "dsl/grammar_state.h"

#include <algorithm>

#include "dsl/grammar_words.h"
#include "dsl/source.h"
#include "dsl/spacing.h"

namespace rollbook::dsl {
namespace {

using Kind = Token::Kind;

// More than this many expected things help nobody.
constexpr std::size_t kListed = 6;

// A word that only one of `known` is near to is put right by that.
Sink::Fix replace_by_near(const Token& word, const std::vector<std::string>& known) {
  const std::string near = only_near(word.value, known);
  if (near.empty()) return {};
  return {{word.span, near}};
}

// For messages that would otherwise only say what is wrong.
std::string written_like(Cursor start, Cursor where) {
  const std::string_view form = form_of(start, where);
  return form.empty() ? "" : "it is written like `" + std::string(form) + "`";
}

// `usrate` is `us.rate` less its dot, and never a misspelt `rate`, which is of another share; ""
// for any word that is no target or arm with one of `functions` behind it.
std::string with_lost_dot(const std::string& word, const std::set<std::string>& targets,
                          const std::vector<std::string>& functions) {
  std::vector<std::string> prefixes(targets.begin(), targets.end());
  for (const char* arm : {"canary", "baseline", "total"}) prefixes.emplace_back(arm);
  for (const std::string& prefix : prefixes) {
    for (const std::string& function : functions)
      if (word == prefix + function) return prefix + "." + function;
  }
  return "";
}

// "a, b or c".
std::string enumerate(const std::vector<std::string>& items) {
  std::string list;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) list += i + 1 == items.size() ? " or " : ", ";
    list += items[i];
  }
  return list;
}

}  // namespace

core::Span head_span(Cursor first, Cursor last) {
  Cursor end = first;
  while (end != last && !end->is_symbol("{")) ++end;
  while (end > first + 1 && end[-1].is(Kind::newline)) --end;
  return end == first ? first->span : join(first->span, end[-1].span);
}

std::string ParseState::written(Cursor first, Cursor last) const {
  std::string folded;
  Cursor before = nullptr;
  for (Cursor token = first; token != last; ++token) {
    if (token->is(Kind::newline) || token->synthetic) continue;
    if (before != nullptr && blanks_between(*before, *token) > 0) folded += ' ';
    before = token;
    const WrittenParam* param = param_uses_.contains(token->begin) ? param_at(token) : nullptr;
    const Token& shown = param != nullptr && param->value != nullptr ? *param->value : *token;
    folded += text_.substr(shown.begin, shown.end - shown.begin);
  }
  return folded;
}

std::set<std::string> ParseState::find_targets(const Tokens& tokens) {
  std::set<std::string> targets;
  for (std::size_t i = 1; i + 1 < tokens.size(); ++i) {
    const bool begins = tokens[i - 1].is(Kind::newline) || tokens[i - 1].is_symbol("{");
    if (!begins || tokens[i].depth != 1 || !tokens[i].is_word("target")) continue;
    if (tokens[i + 1].is(Kind::word)) targets.insert(tokens[i + 1].value);
  }
  return targets;
}

const WrittenParam* ParseState::param_at(Cursor at) const {
  if (!at->is(Kind::word)) return nullptr;
  const auto found = params_.find(at->value);
  return found == params_.end() ? nullptr : &found->second;
}

std::optional<ast::Number> ParseState::number_at(Cursor at) const {
  if (at->is(Kind::number)) return ast::Number{at->number, at->type, at->value, at->span};
  const WrittenParam* param = param_at(at);
  if (param == nullptr || param->type == ast::Type::text) return std::nullopt;
  if (param->value == nullptr)
    return ast::Number{core::Fixed::from_int(1), param->type, at->value, at->span};
  return ast::Number{param->value->number, param->type, param->value->value, at->span};
}

std::optional<ast::Text> ParseState::text_at(Cursor at) const {
  if (at->is(Kind::text)) return ast::Text{at->value, at->span};
  const WrittenParam* param = param_at(at);
  if (param == nullptr || param->type != ast::Type::text) return std::nullopt;
  return ast::Text{param->value == nullptr ? at->value : param->value->value, at->span};
}

void ParseState::take_param(Cursor at) {
  if (param_at(at) == nullptr) return;
  used_params_.insert(at->value);
  param_uses_.insert(at->begin);
}

void ParseState::wanted_word(Cursor at, const char* word, const char* shown) {
  if (at == probed_ && *shown != '\0') probe_->words.emplace_back(shown);
  if (at < furthest_) return;
  if (at > furthest_) wishes_.clear();
  furthest_ = at;
  wishes_.push_back({shown, word});
}

void ParseState::wanted(Cursor at, const char* what) {
  if (at == probed_) probe_->things.emplace_back(what);
  if (at < furthest_) return;
  if (at > furthest_) wishes_.clear();
  furthest_ = at;
  wishes_.push_back({what, nullptr});
}

void ParseState::summarise(Cursor at, std::size_t kept, const char* what) {
  if (at < furthest_) return;
  if (at == furthest_) {
    // The words stay for "did you mean", the summary is what is said.
    for (std::size_t i = kept; i < wishes_.size(); ++i) wishes_[i].what = "";
  }
  wanted(at, what);
}

bool ParseState::quiet(Cursor at) const {
  return at->is(Kind::bad) || quiet_lines_.contains(at->span.line);
}

Cursor ParseState::statement_start(Cursor where) const {
  const std::int32_t depth = where->depth + (where->is_symbol("}") ? 1 : 0);
  Cursor start = where;
  while (start > first_token()) {
    if (start == resumed_ && start->depth == depth) break;
    const Token& before = start[-1];
    if (before.depth < depth) break;
    if (before.depth == depth && before.is(Kind::newline)) break;
    --start;
  }
  return start;
}

Cursor ParseState::statement_end(Cursor where) const {
  const std::int32_t depth = where->depth + (where->is_symbol("}") ? 1 : 0);
  Cursor end = where;
  for (; !end->is(Kind::end); ++end) {
    if (end->is_symbol("}") && end->depth < depth) break;
    // `guard` on one line and its `{` on the next are one statement, if a wrong one.
    if (end->is(Kind::newline) && end->depth == depth && !end[1].is_symbol("{")) break;
  }
  return end;
}

bool ParseState::broke_off(Cursor start, Cursor where) const {
  if (where == start || !where->first_in_line || where[-1].is(Kind::newline)) return false;
  if (!where[-1].is(Kind::symbol)) return false;
  int open = 0;
  for (Cursor token = start; token != where; ++token) {
    if (token->is_symbol("(")) ++open;
    if (token->is_symbol(")")) --open;
  }
  return open <= 0;
}

void ParseState::remember(Cursor start, Cursor end) {
  ast::Error error;
  error.span = head_span(start, end);
  if (start->is(Kind::word)) error.keyword = start->value;
  if (end - start > 1 && start->is(Kind::word) && start[1].is(Kind::word))
    error.name = ast::Name{start[1].value, start[1].span};
  constexpr std::size_t kWordsMost = 64;
  for (Cursor token = start; token != end && error.words.size() < kWordsMost; ++token) {
    if (token->is(Kind::word)) error.words.push_back({token->value, token->span});
  }
  error_ = std::move(error);
}

Cursor ParseState::recover(Cursor where) {
  Cursor at = std::max(where, furthest_);
  const Cursor start = statement_start(at);
  // `role a,` and then `stage b {`: the keyword was taken for a name, and what follows failed.
  const bool keyword = at > start && at[-1].is(Kind::word) && !home_of(at[-1].value).empty();
  if (keyword && broke_off(start, at - 1)) --at;
  report(start, at);
  const bool resumes = broke_off(start, at);
  if (resumes) resumed_ = at;
  const Cursor end = resumes ? at : statement_end(at);
  remember(start, end);
  return end;
}

Cursor ParseState::recover_header(Cursor where) {
  const Cursor at = std::max(where, furthest_);
  report(statement_start(at), at);
  Cursor end = at;
  while (!end->is(Kind::end) && !end->is(Kind::newline) && !end->is_symbol("{")) ++end;
  if (end->is(Kind::newline) && end[1].is_symbol("{")) ++end;
  return end;
}

Cursor ParseState::refuse_statement(Cursor at, Block block) {
  Cursor end = statement_end(at);
  if (end == at) ++end;  // never stand still
  if (block == Block::file) {
    end = at + 1;
    while (!end->is(Kind::end) && !end->is(Kind::newline) && !end->is_symbol("{")) ++end;
  }
  if (block != Block::file) remember(at, end);
  if (quiet(at)) return end;
  const std::string where(to_string(block));
  if (!at->is(Kind::word)) {
    sink_.error(Code::unexpected, at->span,
                "expected a statement of " + where + ", found " + describe(*at, text_));
    return end;
  }
  if (at->is_word("import")) {
    sink_.error(Code::unresolved_import, at->span,
                "this text must stand alone, and `import` names a file beside it",
                "send what `rollbook expand --imports FILE` prints");
    return end;
  }
  const std::string word = "`" + at->value + "`";
  const std::string_view home = home_of(at->value);
  if (!home.empty()) {
    // Where a brace is lost, whole blocks stand in the wrong place: the first says it.
    const bool follows = misplaced_end_ && std::all_of(misplaced_end_, at, [](const Token& token) {
                           return token.is(Kind::newline);
                         });
    misplaced_end_ = end;
    if (follows) return end;
    sink_.error(Code::misplaced_statement, at->span, word + " has no place in " + where,
                "it belongs in " + std::string(home));
    return end;
  }
  std::vector<std::string> known;
  if (furthest_ == at) known = wished_words();
  if (block == Block::file) known = {"edition", "runbook"};
  const std::vector<std::string> unquoted = known;
  std::string help = did_you_mean(at->value, known);
  if (help.empty() && !known.empty()) {
    for (std::string& begin : known) begin = "`" + begin + "`";
    help = "a statement here begins with " + enumerate(known);
  }
  sink_.error(Code::unknown_statement, at->span,
              "no statement of " + where + " begins with " + word, help,
              replace_by_near(*at, unquoted));
  return end;
}

bool ParseState::report_unsupported(Cursor start, Cursor where) {
  const auto unsupported = unsupported_phrase(start, where);
  if (!unsupported) return false;
  sink_.error(unsupported->code, where->span,
              unsupported->phrase + std::string(unsupported->later ? " is not supported yet" : ""),
              unsupported->help);
  return true;
}

// A word before a parenthesis in a condition is a function; which one is not known.
bool ParseState::report_function(Cursor start, Cursor where) {
  const bool judges = start->is_word("stop") || start->is_word("expect") || start->is_word("pause");
  if (!judges) return false;
  if (!where->is(Kind::word) || !where[1].is_symbol("(") || where == start) return false;
  if (where->value == "new") {
    sink_.error(Code::misplaced_statement, where->span, "`new` belongs in `stop`",
                "what the baseline never showed is no reason to go on: "
                "`stop new(errors by type) at least 5 over 5m`");
    return true;
  }
  if (where->value == "absent") {
    sink_.error(Code::misplaced_statement, where->span, "`absent` belongs in `stop`",
                "silence is never a reason to go on: `stop absent(metric) for 3m`");
    return true;
  }
  const std::vector<std::string> known = {"p50", "p90", "p95", "p99", "rate", "count", "bracket"};
  const std::string dotted = with_lost_dot(where->value, targets_, known);
  if (!dotted.empty()) {
    sink_.error(Code::unknown_function, where->span, "no function is called `" + where->value + "`",
                "did you mean `" + dotted + "(…)`?");
    return true;
  }
  std::string help = did_you_mean(where->value, known);
  if (help.empty())
    help = "functions are `p99(…)` and other quantiles, `rate(…)`, `count(…)`, `bracket(…)`";
  sink_.error(Code::unknown_function, where->span, "no function is called `" + where->value + "`",
              help, replace_by_near(*where, known));
  return true;
}

// `asia.error_rate`, where nothing is called `asia` that could stand there.
bool ParseState::report_qualifier(Cursor start, Cursor where) {
  const bool judges = start->is_word("stop") || start->is_word("expect") ||
                      start->is_word("pause") || start->is_word("replace");
  const bool qualifies =
      where->is(Kind::word) && where[1].is_symbol(".") && where[2].is(Kind::word);
  if (!judges || !qualifies || where == start) return false;
  std::vector<std::string> known(targets_.begin(), targets_.end());
  for (const char* arm : {"canary", "baseline", "total"}) known.emplace_back(arm);
  if (std::find(known.begin(), known.end(), where->value) != known.end()) return false;
  std::string help = did_you_mean(where->value, known);
  if (help.empty()) {
    for (std::string& each : known) each = "`" + each + "`";
    help = "before the dot stands " + enumerate(known);
  }
  sink_.error(Code::unknown_target, where->span,
              "no target is called `" + where->value + "`, and no arm", help);
  return true;
}

// A parameter of another type than is wanted there.
bool ParseState::report_param(Cursor where) {
  const WrittenParam* param = param_at(where);
  if (param == nullptr || param->value == nullptr) return false;
  const bool points = param->type == ast::Type::points;
  sink_.error(Code::type_mismatch, where->span,
              "expected " + wish_list() + ", and parameter `" + where->value + "` is a " +
                  (points ? "difference in points" : std::string(to_string(param->type))),
              "write it out here, or declare another parameter");
  return true;
}

void ParseState::report(Cursor start, Cursor where) {
  if (quiet(where)) return;
  if (broke_off(start, where)) {
    const core::Span before = where[-1].span;
    if (quiet(where - 1)) return;
    const bool at_furthest = where == furthest_;
    const std::string wished = at_furthest ? wish_list() : "the rest of the statement";
    sink_.error(Code::unexpected,
                {before.end_line, before.end_column, before.end_line, before.end_column},
                "expected " + wished + ", found the end of the line", written_like(start, where));
    return;
  }
  if (report_unsupported(start, where) || report_function(start, where) ||
      report_qualifier(start, where) || report_param(where)) {
    return;
  }
  std::string help;
  Sink::Fix fix;
  if (where->is(Kind::word)) {
    std::vector<std::string> words = wished_words();
    for (const auto& [name, param] : params_) words.push_back(name);
    help = did_you_mean(where->value, words);
    // Where a name could stand as well, it may be one.
    if (wishes_are_words()) fix = replace_by_near(*where, words);
  } else if (const std::string percent = meant_percent(*where); !percent.empty()) {
    help = "write `" + percent + "`";
    fix = {{where->span, percent}};
  } else if (where->is(Kind::number) && where->type == ast::Type::points) {
    help = "points can be handed to an action, and to nothing else";
  }
  if (help.empty()) help = written_like(start, where);
  sink_.error(Code::unexpected, where->span,
              "expected " + wish_list() + ", found " + describe(*where, text_), help,
              std::move(fix));
}

bool ParseState::wishes_are_words() const {
  return std::all_of(wishes_.begin(), wishes_.end(),
                     [](const Wish& wish) { return wish.word != nullptr || *wish.what == '\0'; });
}

// `traffic 5`: from 2 to 100 it can only be a percentage; 1 may be all of it.
std::string ParseState::meant_percent(const Token& number) const {
  const bool plain = number.is(Kind::number) && number.type == ast::Type::count;
  const bool in_range =
      number.number >= core::Fixed::from_int(2) && number.number <= core::Fixed::from_int(100);
  const bool wished = wishes_.size() == 1 && wishes_.front().word == nullptr &&
                      std::string_view(wishes_.front().what).starts_with("a share of traffic");
  return plain && in_range && wished ? number.value + "%" : "";
}

std::vector<std::string> ParseState::wished_words() const {
  std::vector<std::string> words;
  for (const Wish& wish : wishes_)
    if (wish.word && std::find(words.begin(), words.end(), wish.word) == words.end())
      words.emplace_back(wish.word);
  return words;
}

std::string ParseState::wish_list() const {
  std::vector<std::string> items;
  for (const Wish& wish : wishes_) {
    if (*wish.what == '\0') continue;
    std::string item = wish.word ? "`" + std::string(wish.what) + "`" : wish.what;
    if (std::find(items.begin(), items.end(), item) == items.end()) items.push_back(item);
  }
  if (items.size() > kListed) items.resize(kListed);
  return items.empty() ? "something else" : enumerate(items);
}

}  // namespace rollbook::dsl
