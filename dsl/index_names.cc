#include "dsl/index_names.h"

#include <algorithm>
#include <set>

#include "dsl/source.h"
#include "dsl/words.h"

namespace rollbook::dsl {
namespace {

using Cursor = const Token*;
using Kind = Token::Kind;

bool is_one_of(Cursor at, std::initializer_list<const char*> words) {
  return at->is(Kind::word) &&
         std::any_of(words.begin(), words.end(), [&](const char* w) { return at->value == w; });
}

class Walk {
 public:
  explicit Walk(const Tokens& tokens) : at_(tokens.data()) {}

  IndexedNames run() {
    while (!at_->is(Kind::end)) {
      if (at_->is_symbol("{")) {
        open_block();
      } else if (at_->is_symbol("}")) {
        close_block();
      } else if (at_->is(Kind::newline)) {
        fresh_ = true;
        ++at_;
      } else {
        statement();
      }
    }
    while (!blocks_.empty()) close_block_at(at_->span);
    settle_parameters();
    std::stable_sort(
        found_.sections.begin(), found_.sections.end(), [](const Section& a, const Section& b) {
          return std::pair(a.head.line, a.head.column) < std::pair(b.head.line, b.head.column);
        });
    return std::move(found_);
  }

 private:
  struct Block {
    std::string keyword;
    std::string name;  // of the statement that opened it
    std::string base;  // of a stage: its template
    std::size_t section = 0;
    bool has_section = false;
  };

  // ---- Blocks -------------------------------------------------------------------------------

  void open_block() {
    Block block = std::move(opening_);
    opening_ = {};
    blocks_.push_back(std::move(block));
    fresh_ = true;
    ++at_;
  }
  void close_block() {
    close_block_at(at_->span);
    fresh_ = true;
    ++at_;
  }
  void close_block_at(const core::Span& end) {
    if (blocks_.empty()) return;
    if (blocks_.back().has_section) {
      Section& section = found_.sections[blocks_.back().section];
      section.whole = join(section.head, end);
    }
    blocks_.pop_back();
  }
  const std::string& block() const {
    static const std::string kFile = "file";
    return blocks_.empty() ? kFile : blocks_.back().keyword;
  }
  bool in_scenario() const {
    return blocks_.empty() ? first_->is_word("scenario") : blocks_[0].keyword == "scenario";
  }
  // The stage, template or other body of the runbook that this statement stands in.
  const Block* body() const { return blocks_.size() < 2 ? nullptr : &blocks_[1]; }
  std::string body_scope() const {
    if (body() == nullptr) return "";
    return body()->keyword + (body()->name.empty() ? "" : " " + body()->name);
  }

  // ---- Names --------------------------------------------------------------------------------

  void add(NameKind kind, Cursor at, bool declares, std::string scope = "") {
    found_.occurrences.push_back({kind, at->value, std::move(scope), at->span, declares});
    taken_.push_back(at);
  }
  // `common.careful`: a name of another file, behind the alias of its import.
  bool is_foreign(Cursor at) const {
    return last_ - at > 2 && at->is(Kind::word) && libraries_.contains(at->value) &&
           at[1].is_symbol(".") && at[2].is(Kind::word);
  }
  void add_foreign(NameKind kind, Cursor at, std::string scope = "") {
    add(NameKind::library, at, false);
    add(kind, at + 2, false, std::move(scope));
    found_.occurrences.back().library = at->value;
  }
  void use(NameKind kind, Cursor at, std::string scope = "") {
    if (is_foreign(at)) return add_foreign(kind, at, std::move(scope));
    if (at < last_ && at->is(Kind::word)) add(kind, at, false, std::move(scope));
  }
  void declare(NameKind kind, Cursor at, std::string scope = "") {
    if (at >= last_ || !at->is(Kind::word)) return;
    opening_.name = at->value;
    add(kind, at, true, std::move(scope));
  }
  // a, b, c; where the list ends.
  Cursor list(NameKind kind, Cursor at, bool declares = false) {
    for (; at < last_ && at->is(Kind::word) && !at->is_word("remind"); ++at) {
      if (is_foreign(at)) {
        add_foreign(kind, at);
        at += 2;
      } else {
        add(kind, at, declares);
      }
      if (at + 1 >= last_ || !at[1].is_symbol(",")) return at + 1;
      ++at;
    }
    return at;
  }

  // ---- Statements ---------------------------------------------------------------------------

  void statement() {
    first_ = at_;
    last_ = at_;
    while (!last_->is(Kind::end) && !last_->is(Kind::newline) && !last_->is_symbol("{") &&
           !last_->is_symbol("}"))
      ++last_;
    at_ = last_;
    // After `}` on the same line, or before a stray brace: nothing that begins a statement.
    const bool begins = fresh_ && first_->is(Kind::word);
    fresh_ = false;
    if (!begins) return;
    opening_ = {};
    opening_.keyword = first_->value;
    if (first_->value == "on" && first_ + 1 < last_) opening_.keyword += " " + first_[1].value;
    const std::size_t known = found_.occurrences.size();
    if (in_scenario()) {
      if (first_->is_word("scenario")) runbook_ = runbook_of_scenario(first_, last_);
      for (Occurrence& one : scenario_names(first_, last_)) {
        one.library = runbook_;
        found_.occurrences.push_back(std::move(one));
      }
      add_section(known);
      return;
    }
    if (block() == "file" || block() == "runbook") {
      declaration();
    } else {
      act();
    }
    exits();
    add_section(known);
    plain_words();
  }

  void add_section(std::size_t known) {
    bool declares = false;
    for (std::size_t i = known; i < found_.occurrences.size(); ++i)
      declares = declares || found_.occurrences[i].declares;
    const bool scenario = first_->is_word("scenario");
    if (!declares && !scenario && !last_->is_symbol("{")) return;
    Section section;
    section.keyword = opening_.keyword;
    section.name = opening_.name;
    if (scenario && first_ + 1 < last_ && first_[1].is(Kind::text)) section.name = first_[1].value;
    section.head = section.whole = join(first_->span, last_[-1].span);
    section.depth = static_cast<std::int32_t>(blocks_.size());
    opening_.section = found_.sections.size();
    opening_.has_section = true;
    found_.sections.push_back(std::move(section));
  }

  // What stands in the file and in `runbook`.
  void declaration() {
    const Cursor name = first_ + 1;
    const std::string& keyword = first_->value;
    if (keyword == "runbook") declare(NameKind::runbook, name);
    if (keyword == "role") list(NameKind::role, name, true);
    if (keyword == "channel") declare(NameKind::channel, name);
    if (keyword == "template") declare(NameKind::stage_template, name);
    if (keyword == "decide") declare(NameKind::decision, name);
    if (keyword == "rollback") declare(NameKind::rollback, name);
    if (keyword == "target") declare(NameKind::target, name);
    if (keyword == "param") declare(NameKind::parameter, name);
    if (keyword == "guard" && !(name < last_ && name->is_word("always")))
      use(NameKind::target, name);
    if (keyword == "import") {
      for (Cursor at = name; at + 1 < last_; ++at) {
        if (!at->is_word("as")) continue;
        declare(NameKind::library, at + 1);
        libraries_.insert(at[1].value);
      }
    }
    if (keyword == "metric") metric(name);
    if (keyword == "action") action(name);
    if (keyword == "stage") stage(name);
  }

  void metric(Cursor name) {
    declare(NameKind::metric, name);
    if (last_ - name < 4) return;  // `m = a b` or `m = a / b`
    const Cursor source = name + 2;
    const bool measured =
        is_one_of(source, {"counter", "histogram", "gauge"}) && !source[1].is(Kind::symbol);
    if (!measured) condition(source);
  }

  void action(Cursor name) {
    declare(NameKind::action, name);
    for (Cursor at = name + 1; at + 1 < last_; ++at)
      if (at->is(Kind::word) && at[1].is_symbol(":"))
        add(NameKind::argument, at, true, name->value);
  }

  void stage(Cursor name) {
    declare(NameKind::stage, name);
    for (Cursor at = name + 1; at + 1 < last_; ++at) {
      if (!at->is_word("using")) continue;
      if (!is_foreign(at + 1)) opening_.base = at[1].value;
      use(NameKind::stage_template, at + 1);
    }
  }

  // What stands in the blocks.
  void act() {
    const Cursor next = first_ + 1;
    const std::string& keyword = first_->value;
    if (block() == "expect" || block() == "replace") return judged();
    if (keyword == "run" || keyword == "start") call(next);
    if (keyword == "notify" || keyword == "page" || keyword == "ask") list(NameKind::channel, next);
    if (keyword == "traffic") use(NameKind::target, next);
    if (keyword == "ramp" && next + 1 < last_ && !next[1].is_word("to"))
      use(NameKind::target, next + 1);
    if (keyword == "hold" && next < last_ && next->is_word("until"))
      use(NameKind::action, next + 1);
    if (keyword == "decide") use(NameKind::decision, next);
    if (keyword == "option" && body() != nullptr) declare(NameKind::option, next, body()->name);
    if (keyword == "by") quorum(first_);
    if (keyword == "confirm")
      for (Cursor at = next; at < last_; ++at)
        if (at->is_word("by")) quorum(at);
    if (keyword == "stop") condition(next);
    if (keyword == "pause" && next < last_) condition(next + 1);
    if (keyword == "expect") expect(next);
    if (keyword == "replace" && next < last_) replace(next + 1);
  }

  void call(Cursor name) {
    use(NameKind::action, name);
    const bool foreign = is_foreign(name);
    const Cursor action = foreign ? name + 2 : name;
    for (Cursor at = action + 1; at + 1 < last_; ++at) {
      if (!at->is(Kind::word) || !at[1].is_symbol(":")) continue;
      add(NameKind::argument, at, false, action->value);
      if (foreign) found_.occurrences.back().library = name->value;
    }
  }

  // `by` and what follows it.
  void quorum(Cursor by) {
    Cursor at = by + 1;
    if (at + 1 < last_ && at[1].is_word("of")) at += 2;
    list(NameKind::role, at);
  }

  void expect(Cursor at) {
    if (at + 1 < last_ && at->is(Kind::word) && at[1].is_symbol(":")) {
      add(NameKind::criterion, at, true, body_scope());
      opening_.name = at->value;
      at += 2;
    }
    condition(at);
  }

  // `replace expect NAME: …`: the name is the template's.
  void replace(Cursor at) {
    if (last_ - at < 2 || !at->is(Kind::word) || !at[1].is_symbol(":")) return;
    const bool from_template = body() != nullptr && !body()->base.empty();
    use(NameKind::criterion, at, from_template ? "template " + body()->base : body_scope());
    condition(at + 2);
  }

  // The metrics of a condition. A word is one where a side of an operator stands; after it come
  // clauses (`over 5m`), until an `and` begins a condition anew.
  void condition(Cursor at) {
    bool operand = true;
    for (; at < last_ && !at->is_word("otherwise"); ++at) {
      if (at->is(Kind::number)) operand = false;
      if (at->is(Kind::symbol)) operand = !at->is_symbol(")") && !at->is_symbol(",");
      if (!at->is(Kind::word)) continue;
      if (!operand) {
        operand = at->is_word("and");
        continue;
      }
      if (is_foreign(at)) {
        add_foreign(NameKind::metric, at);
        at += 2;
        operand = false;
        continue;
      }
      const Cursor next = at + 1;
      if (next < last_ && (next->is_symbol("(") || next->is_symbol("."))) continue;
      if (at->is_word("traffic") && next < last_ && next->is_word("split")) return;
      if (at->is_word("judge") && next < last_ && next->is_word("kayenta")) return;
      // `over 5m` where a limit is missing.
      if (is_one_of(at, {"over", "for", "at", "with"}) && next < last_ && !next->is(Kind::symbol))
        return;
      operand = false;
      use(NameKind::metric, at);
    }
  }

  // A line of `expect judge kayenta { … }`: what is measured stands before its direction.
  void judged() {
    for (Cursor at = first_; at < last_; ++at) {
      if (is_one_of(at, {"increase", "decrease", "either"})) return;
      if (at + 1 < last_ && (at[1].is_symbol("(") || at[1].is_symbol("."))) continue;
      use(NameKind::metric, at);
    }
  }

  // `otherwise decide X`, `option a "…" rollback X`: where any statement may lead.
  void exits() {
    for (Cursor at = first_ + 1; at + 1 < last_; ++at) {
      if (!at[1].is(Kind::word)) continue;
      if (at->is_word("rollback")) use(NameKind::rollback, at + 1);
      if (at->is_word("decide") && at[-1].is_word("otherwise")) use(NameKind::decision, at + 1);
    }
  }

  // ---- Parameters ---------------------------------------------------------------------------

  // A parameter stands for a literal anywhere, and may be declared below its use.
  void plain_words() {
    for (Cursor at = first_ + 1; at < last_; ++at)
      if (at->is(Kind::word) && find_word(at->value) == nullptr &&
          std::find(taken_.begin(), taken_.end(), at) == taken_.end())
        plain_.push_back(at);
    taken_.clear();
  }
  bool declared(NameKind kind, const std::string& name) const {
    return std::any_of(found_.occurrences.begin(), found_.occurrences.end(),
                       [&](const Occurrence& one) {
                         return one.declares && one.kind == kind && one.name == name;
                       });
  }
  void settle_parameters() {
    const auto any = [&](NameKind kind) {
      return std::any_of(found_.occurrences.begin(), found_.occurrences.end(),
                         [&](const Occurrence& one) { return one.kind == kind; });
    };
    // A target stands before a metric (`eu.errors`) and behind `traffic`; it may be declared below.
    for (const Cursor at : any(NameKind::target) ? plain_ : std::vector<Cursor>{})
      if (declared(NameKind::target, at->value))
        found_.occurrences.push_back({NameKind::target, at->value, "", at->span, false});
    if (!any(NameKind::parameter)) return;
    for (Occurrence& one : found_.occurrences)
      if (one.kind == NameKind::metric && !one.declares && !declared(NameKind::metric, one.name) &&
          declared(NameKind::parameter, one.name))
        one.kind = NameKind::parameter;
    for (const Cursor at : plain_)
      if (declared(NameKind::parameter, at->value))
        found_.occurrences.push_back({NameKind::parameter, at->value, "", at->span, false});
  }

  Cursor at_;
  Cursor first_ = nullptr;  // of the statement being read
  Cursor last_ = nullptr;   // one past it
  bool fresh_ = true;       // a statement may begin here
  std::vector<Block> blocks_;
  std::set<std::string> libraries_;  // the aliases of imports
  std::string runbook_;              // that the scenario is for
  Block opening_;                    // what the next `{` opens
  IndexedNames found_;
  std::vector<Cursor> taken_;  // the statement's words that are names
  std::vector<Cursor> plain_;  // words that are no names and no words of the language
};

}  // namespace

IndexedNames read_names(const Tokens& tokens) { return Walk(tokens).run(); }

}  // namespace rollbook::dsl
