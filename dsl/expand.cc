#include "dsl/expand.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "dsl/ast_leaves.h"
#include "dsl/diagnostics.h"
#include "dsl/format.h"
#include "dsl/format_value.h"
#include "dsl/lexer.h"
#include "dsl/params.h"
#include "dsl/parse.h"
#include "dsl/spacing.h"
#include "dsl/statement_tree.h"
#include "engine/core/limits.h"

namespace rollbook::dsl {
namespace {

using Kind = Token::Kind;
using Origins = std::vector<Origin>;

// What a review says of its end, wherever it is said.
struct Deadline {
  std::string within;
  std::string otherwise;
  Origins origins;
};

class Expander {
 public:
  Expander(const std::string& text, const core::Machine& machine, const ImportedFrom& imported)
      : text_(text),
        machine_(machine),
        imported_from_(imported),
        tokens_(lex(text, unread_)),
        params_(find_params(tokens_)),
        param_uses_(param_uses(text)) {}

  Expansion run() {
    const std::vector<WrittenStatement> file = statement_tree(tokens_);
    for (const WrittenStatement& statement : file) {
      if (!word(statement, 0, "runbook")) {
        line(head(statement), {});
        line("", {});
        continue;
      }
      for (const WrittenStatement& child : statement.children)
        if (word(child, 0, "template")) templates_[tokens_[child.first + 1].value] = &child;
      line(head(statement) + " {", {});
      ++depth_;
      for (const WrittenStatement& child : statement.children) declaration(child);
      defaults(statement);
      --depth_;
      line("}", {});
    }
    Sink sink("");
    // Each line is one already, so that their numbers stay.
    expansion_.text = format(expansion_.text, sink).value_or(expansion_.text);
    return std::move(expansion_);
  }

 private:
  bool word(const WrittenStatement& statement, std::size_t at, const char* value) const {
    return statement.first + at < statement.last && tokens_[statement.first + at].is_word(value);
  }
  // Where a word stands in the head; `last` when it does not.
  std::size_t find(const WrittenStatement& statement, const char* value) const {
    std::size_t i = statement.first;
    while (i < statement.last && !tokens_[i].is_word(value)) ++i;
    return i;
  }
  bool has(const WrittenStatement& statement, const char* value) const {
    return find(statement, value) < statement.last;
  }
  core::Span place(const WrittenStatement& statement) const {
    return tokens_[statement.first].span;
  }

  const Token* param_value(const Token& token) const {
    if (!param_uses_.contains(token.begin)) return nullptr;
    const auto found = params_.find(token.value);
    return found == params_.end() ? nullptr : found->second.value;
  }

  // The tokens [first, last), with the values of parameters.
  std::string written(std::size_t first, std::size_t last) const {
    std::string out;
    for (std::size_t i = first; i < last; ++i) {
      if (tokens_[i].is(Kind::newline)) continue;
      const bool joined =
          tokens_[first].is_word("advance") &&
          (tokens_[i].is_symbol("-") ||
           (i > first && (tokens_[i - 1].is_symbol("-") || tokens_[i - 1].is_symbol(":"))));
      if (i > first && !joined && blanks_between(tokens_[i - 1], tokens_[i]) > 0) out += ' ';
      const Token* value = param_value(tokens_[i]);
      const Token& shown = value != nullptr ? *value : tokens_[i];
      out += text_.substr(shown.begin, shown.end - shown.begin);
    }
    return out;
  }
  std::string head(const WrittenStatement& statement) const {
    return written(statement.first, statement.last);
  }

  Origins params_in(const WrittenStatement& statement) const {
    Origins origins;
    for (std::size_t i = statement.first + 1; i < statement.last; ++i) {
      if (param_value(tokens_[i]) == nullptr) continue;
      origins.push_back({"parameter", tokens_[i].value});
    }
    return origins;
  }

  void line(const std::string& statement, const Origins& origins) {
    ++lines_;
    if (!statement.empty()) {
      expansion_.text.append(static_cast<std::size_t>(depth_) * 2, ' ');
      expansion_.text += statement;
    }
    std::string comment;
    for (const Origin& origin : origins) {
      comment += (comment.empty() ? "" : "; ") + origin.kind;
      if (!origin.detail.empty())
        comment += (origin.kind == "default" ? ": " : " ") + origin.detail;
    }
    if (!comment.empty()) {
      expansion_.text += "  # " + comment;
      expansion_.lines.push_back({lines_, statement, origins});
    }
    expansion_.text += '\n';
  }

  std::string line_text(const WrittenStatement& statement) const {
    const std::string file = imported_from_ ? imported_from_(place(statement)) : "";
    return file.empty() ? "line " + std::to_string(place(statement).line) : file;
  }

  // ---- The runbook's own block.

  void declaration(const WrittenStatement& statement) {
    if (word(statement, 0, "template")) return;
    if (word(statement, 0, "param")) return;
    Origins origins;
    const std::string file = imported_from_ ? imported_from_(place(statement)) : "";
    if (!file.empty()) origins.push_back({"import", file});
    if (word(statement, 0, "stage")) return stage(statement);
    in_rollback_ = word(statement, 0, "rollback");
    const bool review = word(statement, 0, "require") || word(statement, 0, "success");
    if (!statement.block || !(review || word(statement, 0, "decide"))) {
      return whole(statement, std::move(origins));
    }
    line(head(statement) + " {", origins);
    ++depth_;
    if (!review) implied_option(statement);
    Deadline deadline;
    for (const WrittenStatement& child : statement.children) {
      if (is_deadline(child)) {
        take_deadline(child, {}, deadline);
      } else {
        whole(child, {});
      }
    }
    end_review(deadline, !review || has_items(statement.children));
    --depth_;
    line("}", {});
  }

  // `next` is always offered.
  void implied_option(const WrittenStatement& decision) {
    for (const WrittenStatement& child : decision.children) {
      const Token& last = tokens_[child.last - 1];
      if (word(child, 0, "option") && (last.is_word("next") || last.is_word("override"))) return;
    }
    line("option next \"Go on\" next", {{"default", ""}});
  }

  void stage(const WrittenStatement& statement) {
    const std::size_t using_at = find(statement, "using");
    const WrittenStatement* base = nullptr;
    std::string name;
    Origins origins;
    if (using_at < statement.last) {
      name = tokens_[using_at + 1].value;
      const auto found = templates_.find(name);
      if (found != templates_.end()) base = found->second;
      origins.push_back({"template", name});
    }
    line(written(statement.first, using_at) + " {", origins);
    ++depth_;
    Deadline deadline;
    bool items = has_items(statement.children);
    if (base != nullptr) {
      items = items || has_items(base->children);
      for (const WrittenStatement& child : base->children) {
        if (const WrittenStatement* instead = replacement(child, statement)) {
          replaced(*instead, name);
          continue;
        }
        const Origin origin{"template", name + ", " + line_text(child)};
        if (is_deadline(child)) {
          take_deadline(child, {origin}, deadline);
        } else {
          whole(child, {origin});
        }
      }
    }
    for (const WrittenStatement& child : statement.children) {
      if (word(child, 0, "replace")) continue;
      if (is_deadline(child)) {
        take_deadline(child, {}, deadline);
      } else {
        whole(child, {});
      }
    }
    end_review(deadline, items);
    --depth_;
    line("}", {});
  }

  const WrittenStatement* replacement(const WrittenStatement& expect,
                                      const WrittenStatement& stage) const {
    if (!word(expect, 0, "expect") || !tokens_[expect.first + 2].is_symbol(":")) return nullptr;
    for (const WrittenStatement& child : stage.children) {
      if (word(child, 0, "replace") &&
          tokens_[child.first + 2].value == tokens_[expect.first + 1].value) {
        return &child;
      }
    }
    return nullptr;
  }

  void replaced(const WrittenStatement& statement, const std::string& name) {
    Origins origins{{"template", name + "'s replaced"}};
    const Origins params = params_in(statement);
    origins.insert(origins.end(), params.begin(), params.end());
    line(written(statement.first + 1, statement.last), origins);
  }

  // ---- Reviews.

  bool is_deadline(const WrittenStatement& statement) const {
    return word(statement, 0, "within") || word(statement, 0, "otherwise");
  }
  bool has_items(const std::vector<WrittenStatement>& statements) const {
    return std::any_of(statements.begin(), statements.end(), [&](const WrittenStatement& each) {
      return word(each, 0, "expect") || word(each, 0, "replace") || word(each, 0, "confirm") ||
             word(each, 0, "decide");
    });
  }

  // A later one takes the place of an earlier one, each part for itself.
  void take_deadline(const WrittenStatement& statement, const Origins& origins,
                     Deadline& deadline) const {
    const std::size_t otherwise = find(statement, "otherwise");
    Origins here = origins;
    for (const Origin& param : params_in(statement)) here.push_back(param);
    const bool whole = otherwise > statement.first && otherwise < statement.last;
    if (otherwise > statement.first) deadline.within = written(statement.first, otherwise);
    if (otherwise < statement.last) deadline.otherwise = written(otherwise, statement.last);
    if (whole) deadline.origins.clear();
    deadline.origins.insert(deadline.origins.end(), here.begin(), here.end());
  }

  void end_review(Deadline& deadline, bool used) {
    if (deadline.within.empty() && used) {
      deadline.within = "within " + format_duration(core::kReviewWithin);
      deadline.origins.push_back({"default", deadline.within});
    }
    const std::string both =
        deadline.within + (deadline.within.empty() ? "" : " ") + deadline.otherwise;
    if (!both.empty()) line(both, deadline.origins);
  }

  // ---- Statements with what they leave out.

  void whole(const WrittenStatement& statement, Origins origins) {
    for (const Origin& param : params_in(statement)) origins.push_back(param);
    std::string text = head(statement);
    if (word(statement, 0, "hold")) text = hold(statement, origins);
    if (word(statement, 0, "ramp")) text = ramp(statement, origins);
    if (word(statement, 0, "stop")) samples(origins);
    // A rollback's shift is asked for until it settles.
    const bool awaited = (word(statement, 0, "traffic") && !in_rollback_) ||
                         word(statement, 0, "run") || word(statement, 0, "checkpoint");
    if (awaited && !has(statement, "within")) {
      origins.push_back({"default", "within the engine's deadline, " +
                                        format_duration(core::kEffectDeadline) +
                                        " unless it is told otherwise"});
    }
    if (!statement.block) return line(text, origins);
    line(text + " {", origins);
    ++depth_;
    for (const WrittenStatement& child : statement.children) whole(child, {});
    --depth_;
    line("}", {});
  }

  std::optional<core::Duration> duration_at(std::size_t i) const {
    const Token* value = param_value(tokens_[i]);
    const Token& token = value != nullptr ? *value : tokens_[i];
    if (!token.is(Kind::number) || token.type != ast::Type::duration) return std::nullopt;
    return core::Duration(static_cast<core::Duration::rep>(token.number.nanos));
  }

  std::string hold(const WrittenStatement& statement, Origins& origins) const {
    const std::string text = head(statement);
    const auto held = duration_at(statement.first + 1);
    if (!held || has(statement, "most")) return text;
    const std::string most = "at most " + format_duration(2 * *held + std::chrono::hours(24));
    origins.push_back({"default", most});
    return text + " " + most;
  }

  std::string ramp(const WrittenStatement& statement, Origins& origins) const {
    const std::size_t over = find(statement, "over");
    const auto length = over + 1 < statement.last ? duration_at(over + 1) : std::nullopt;
    if (!length || has(statement, "every")) return head(statement);
    const std::string every = "every " + format_duration(std::min(core::kGradualEvery, *length));
    origins.push_back({"default", every});
    const std::string rest = written(over + 2, statement.last);
    return written(statement.first, over + 2) + " " + every + (rest.empty() ? "" : " " + rest);
  }

  void samples(Origins& origins) {
    const std::string id = "guard.stop[" + std::to_string(++stops_) + "]";
    for (const core::Criterion& criterion : machine_.criteria) {
      if (criterion.id != id || criterion.at_least == 0) continue;
      if (criterion.text.find(" at least ") != std::string::npos) continue;
      origins.push_back(
          {"default", "at least " + std::to_string(criterion.at_least) + " requests"});
    }
  }

  // ---- Statements that are left out.

  void defaults(const WrittenStatement& runbook) {
    bool begins = false, finishes = false;
    for (const WrittenStatement& child : runbook.children) {
      begins = begins || word(child, 0, "begins");
      finishes = finishes || word(child, 0, "finish");
      if (!word(child, 0, "success")) continue;
      for (const WrittenStatement& inner : child.children)
        finishes = finishes || word(inner, 0, "finish");
    }
    if (!machine_.arms) return;
    if (!machine_.targets.empty()) return target_defaults(begins, finishes);
    if (!begins) line("begins traffic " + format_percent(machine_.begins), {{"default", ""}});
    if (!finishes) {
      line("finish traffic " + format_percent(machine_.finishes),
           {{"default", "the last stage's"}});
    }
  }

  // Where some targets say it, the others are left as they are written.
  void target_defaults(bool begins, bool finishes) {
    for (const core::Target& target : machine_.targets) {
      if (begins) break;
      line("begins traffic " + target.name + " " + format_percent(target.begins),
           {{"default", ""}});
    }
    for (const core::Target& target : machine_.targets) {
      if (finishes) break;
      line("finish traffic " + target.name + " " + format_percent(target.finishes),
           {{"default", "the last stage's"}});
    }
  }

  const std::string& text_;
  const core::Machine& machine_;
  const ImportedFrom& imported_from_;
  Sink unread_{""};
  Tokens tokens_;
  std::map<std::string, WrittenParam, std::less<>> params_;
  std::set<std::size_t> param_uses_;  // first bytes
  std::map<std::string, const WrittenStatement*> templates_;
  Expansion expansion_;
  std::size_t lines_ = 0;
  std::size_t stops_ = 0;
  int depth_ = 0;
  bool in_rollback_ = false;
};

}  // namespace

Expansion expand(const std::string& text, const core::Machine& machine,
                 const ImportedFrom& imported_from) {
  return Expander(text, machine, imported_from).run();
}

}  // namespace rollbook::dsl
