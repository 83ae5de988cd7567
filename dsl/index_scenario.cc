// The names in the statements of a scenario. All are those of its runbook; which phrase they stand
// in says of what kind they are.

#include <algorithm>

#include "dsl/index_names.h"

namespace rollbook::dsl {
namespace {

using Cursor = const Token*;
using Kind = Token::Kind;

class Phrases {
 public:
  Phrases(Cursor first, Cursor last) : first_(first), last_(last) {}

  std::vector<Occurrence> run() {
    const std::string& keyword = first_->value;
    if (keyword == "run" || keyword == "start") action_of_fault();
    if (keyword == "given" && follows(first_, "param")) name(NameKind::parameter, first_ + 2);
    for (Cursor at = first_; at < last_; ++at) {
      if (!at->is(Kind::word)) continue;
      if (at->value == "stage") name(NameKind::stage, at + 1);
      if (at->value == "state") state(at + 1);
      if (at->value == "verdict") verdict(at + 1);
      if (at->value == "effect") effect(at + 1);
      if (at->value == "question" && !follows(at, "answer")) name(NameKind::decision, at + 1);
      if (at->value == "as") list(NameKind::role, at + 1);
      if (at->value == "answer") list(NameKind::option, at + 1);
      if (at->value == "decide" && keyword == "at") name(NameKind::option, at + 1);
    }
    return std::move(found_);
  }

 private:
  bool follows(Cursor at, const char* word) const { return at + 1 < last_ && at[1].is_word(word); }

  void name(NameKind kind, Cursor at, std::string scope = "") {
    if (at >= last_ || !at->is(Kind::word)) return;
    found_.push_back({kind, at->value, std::move(scope), at->span, false});
  }
  void list(NameKind kind, Cursor at) {
    for (; at < last_ && at->is(Kind::word); at += 2) {
      const bool plain = at->is_word("yes") || at->is_word("no") || at->is_word("nothing");
      if (!plain) name(kind, at);
      if (at + 1 >= last_ || !at[1].is_symbol(",")) return;
    }
  }
  // `half`, `half.hold`, `rollback.automatic`
  void state(Cursor at) {
    const bool back = at + 2 < last_ && at->is_word("rollback") && at[1].is_symbol(".");
    name(back ? NameKind::rollback : NameKind::stage, back ? at + 2 : at);
  }
  // `canary_5.errors_low`; what is quoted has no name.
  void verdict(Cursor at) {
    name(NameKind::stage, at);
    if (at + 2 < last_ && at[1].is_symbol("."))
      name(NameKind::criterion, at + 2, "stage " + at->value);
  }
  void effect(Cursor at) {
    if (at + 1 >= last_) return;
    if (at->is_word("page") || at->is_word("notify")) name(NameKind::channel, at + 1);
    if (at->is_word("run") || at->is_word("start") || at->is_word("stop"))
      name(NameKind::action, at + 1);
  }
  void action_of_fault() {
    const Cursor at = first_ + 1;
    if (at < last_ && !at->is_word("fails") && !at->is_word("hangs")) name(NameKind::action, at);
  }

  Cursor first_;
  Cursor last_;
  std::vector<Occurrence> found_;
};

}  // namespace

std::string runbook_of_scenario(const Token* first, const Token* last) {
  for (; first + 1 < last; ++first)
    if (first->is_word("for") && first[1].is(Kind::text)) return first[1].value;
  return "";
}

std::vector<Occurrence> scenario_names(const Token* first, const Token* last) {
  return Phrases(first, last).run();
}

}  // namespace rollbook::dsl
