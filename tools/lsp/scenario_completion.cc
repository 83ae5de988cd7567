// What may be written in a scenario: docs/scenarios.md as a table of what follows what. Names are
// those of the runbook that it is for.

#include <algorithm>

#include "tools/lsp/features.h"

namespace rollbook::tools::lsp {
namespace {

using Words = std::vector<std::string>;

const Words kStatements = {"given",  "series",     "at",      "within", "expect",   "never",
                           "errors", "latency",    "silence", "shift",  "rollback", "run",
                           "start",  "checkpoint", "engine",  "bus",    "end"};
const Words kOrders = {"expect",  "confirm", "decide",   "pause", "resume",
                       "promote", "extend",  "rollback", "abort", "settle"};
const Words kExpected = {"state",    "verdict", "effect", "outcome", "traffic",
                         "question", "halted",  "paused", "start"};
const Words kEffects = {"traffic", "run",  "start",    "stop",  "checkpoint",
                        "notify",  "page", "incident", "report"};
const Words kVerdicts = {"pass", "fail", "undecided", "no_data"};
const Words kTimes = {"from", "until", "for"};

bool is_number(const std::string& word) {
  return !word.empty() && word[0] >= '0' && word[0] <= '9';
}

// Names with other characters than a word has are quoted.
std::string quoted_if_needed(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
  });
  return plain ? name : "\"" + name + "\"";
}

class Table {
 public:
  Table(const Words& before, Document* runbook)
      : before_(before),
        runbook_(runbook),
        machine_(runbook != nullptr && runbook->compiled().plan ? &runbook->compiled().plan->machine
                                                                : nullptr) {}

  ScenarioItems run() {
    fill();
    return std::move(items_);
  }

 private:
  const std::string& last(std::size_t back = 0) const {
    static const std::string kNone;
    return back < before_.size() ? before_[before_.size() - 1 - back] : kNone;
  }
  void words(const Words& all) { items_.words.insert(items_.words.end(), all.begin(), all.end()); }
  void name(const std::string& text) {
    if (std::find(items_.names.begin(), items_.names.end(), text) == items_.names.end())
      items_.names.push_back(text);
  }
  void names(dsl::NameKind kind, const std::string& prefix = "") {
    if (runbook_ == nullptr) return;
    for (const std::string& each : runbook_->index().declared(kind)) name(prefix + each);
  }
  void stages() { names(dsl::NameKind::stage); }
  void options() {
    if (runbook_ == nullptr) return;
    for (const dsl::Occurrence& one : runbook_->index().occurrences())
      if (one.declares && one.kind == dsl::NameKind::option) name(one.name);
  }
  void questions(bool confirms_alone) {
    if (machine_ == nullptr) return;
    for (const core::Item& item : machine_->items) {
      const bool confirm = item.kind == core::ItemKind::confirm;
      if (confirm) name("\"" + item.text + "\"");
      if (!confirm && !confirms_alone) name(item.text);
    }
  }
  void criteria() {
    if (machine_ == nullptr) return;
    for (const core::Criterion& criterion : machine_->criteria)
      name(quoted_if_needed(criterion.id));
  }
  void effects(core::EffectKind kind) {
    if (machine_ == nullptr) return;
    for (const core::Effect& effect : machine_->effects) {
      if (effect.kind != kind) continue;
      if (!effect.name.empty()) name(quoted_if_needed(effect.name));
      for (const std::string& channel : effect.channels) name(channel);
    }
  }
  void effects_named(const std::string& kind) {
    static const std::pair<const char*, core::EffectKind> kKinds[] = {
        {"run", core::EffectKind::run},           {"start", core::EffectKind::start},
        {"stop", core::EffectKind::start},        {"checkpoint", core::EffectKind::checkpoint},
        {"notify", core::EffectKind::notify},     {"page", core::EffectKind::page},
        {"incident", core::EffectKind::incident}, {"report", core::EffectKind::report}};
    for (const auto& [word, effect] : kKinds)
      if (kind == word) effects(effect);
  }
  void series() {
    words({"healthy"});
    if (machine_ == nullptr) return;
    for (const core::Metric& metric : machine_->metrics) name(quoted_if_needed(metric.selector));
  }
  // After a time: `27h`, `stage half`, `stage half + 1h`.
  bool is_time() const { return is_number(last()) || (last(1) == "stage" && before_.size() > 1); }

  void fill() {
    if (before_.empty()) return words(kStatements);
    const std::string& first = before_.front();
    const std::string& word = last();
    if (before_.size() == 1 && begins(first)) return;
    if (word == "expect") return words(kExpected);
    if (word == "stage" || word == "state") {
      stages();
      if (word == "state") names(dsl::NameKind::rollback, "rollback.");
      return;
    }
    if (word == "verdict") return criteria();
    if (last(1) == "verdict" && last(2) == "expect") return words(kVerdicts);
    if (word == "effect") return words(kEffects);
    if (last(1) == "effect") return effects_named(word);
    if (word == "outcome") return words({"succeeded", "rolled_back", "aborted"});
    if (word == "as") return names(dsl::NameKind::role);
    if (word == "every") return words({"question"});
    if (word == "question") return last(1) == "every" ? words({"answer"}) : questions(false);
    if (word == "answer" || (word == "," && answers())) {
      words({"yes", "no", "nothing"});
      return options();
    }
    if (last(1) == "question") return words({"answer"});
    if (first == "given") return given();
    if (word == "of" || word == "from" || word == "until") return words({"stage"});
    if (first == "at" && is_order()) return order();
    if (first == "within" && is_time())
      return words(before_.size() == 2 ? Words{"of"} : Words{"expect"});
    if (word == "fails" || word == "hangs") return words(kTimes);
    if (word == "away") return words({"from"});
    if (first == "series" && is_number(word)) return words({"until", "trough"});
  }

  // What follows the first word of a statement. False: it is not settled by that alone.
  bool begins(const std::string& first) {
    if (first == "at" || first == "end") {
      words(first == "at" ? Words{"every", "question", "stage"} : Words{"at"});
    } else if (first == "given") {
      words({"runbook", "param"});
    } else if (first == "never") {
      words({"expect"});
    } else if (first == "series") {
      series();
    } else if (first == "run" || first == "start" || first == "checkpoint") {
      words({"fails", "hangs"});
      effects_named(first);
    } else if (first == "shift" || first == "rollback") {
      words({"fails", "hangs"});
      if (first == "shift") words({"to"});
    } else if (first == "engine" || first == "bus") {
      words({"away"});
    } else if (first == "silence") {
      words({"from", "until", "for", "on"});
    } else {
      return false;
    }
    return true;
  }

  bool answers() const {
    return std::find(before_.begin(), before_.end(), "answer") != before_.end();
  }

  void given() {
    if (last() == "runbook" && machine_ != nullptr)
      for (const std::string& runbook : machine_->after) name(runbook);
    if (last() == "param") names(dsl::NameKind::parameter);
    if (last(1) == "runbook") words({"succeeded"});
  }

  // `at T` and what was begun behind it.
  bool is_order() const { return before_.size() > 1 && (is_time() || last() == "+" || ordered()); }
  bool ordered() const {
    return std::find_first_of(before_.begin() + 1, before_.end(), kOrders.begin(), kOrders.end()) !=
           before_.end();
  }
  void order() {
    const std::string& word = last();
    if (!ordered()) return words(kOrders);
    if (word == "decide") return options();
    if (word == "confirm") return questions(true);
    if (word == "settle") return words({"shift", "run", "start", "checkpoint"});
    if (last(1) == "settle") return words({"succeeded", "failed"});
    if (word == "extend") return words({"by"});
    if (word == "pause") words({"for"});
    if (word == "rollback") words({"immediate", "gradual", "to", "over"});
    if (last(1) == "confirm") words({"yes", "no"});
    words({"as", "by", "because", "rejected"});
  }

  const Words& before_;
  Document* runbook_;
  const core::Machine* machine_;
  ScenarioItems items_;
};

}  // namespace

ScenarioItems scenario_items(const std::vector<std::string>& before, Document* runbook) {
  return Table(before, runbook).run();
}

}  // namespace rollbook::tools::lsp
