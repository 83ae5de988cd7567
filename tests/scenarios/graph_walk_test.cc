// The machine that `rollbook graph` prints is the one that runs: rollouts to which chance happens
// are followed, event by event, on the printed drawing, which is all that this test reads of it.

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <sstream>

#include "dsl/graph.h"
#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::RollbackHow;
using core::TriggerKind;
using core::Verb;

const Labels kNew{{"v", "new"}};

// ---- The drawing --------------------------------------------------------------------------------

struct Node {
  std::vector<std::string> lines;
  std::vector<std::string> anywhere;  // of the boxes around it: "any3"
  bool final = false;
};
struct Arrow {
  std::string from, to, line;
  auto operator<=>(const Arrow&) const = default;
};
struct Drawing {
  std::map<std::string, Node> nodes;
  std::set<Arrow> arrows;  // one for each line of what is written on one
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines{""};
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

// What stands behind `label=`, as it is read by people.
std::string label_of(const std::string& line) {
  constexpr std::string_view kLabel = "label=\"";
  const std::size_t at = line.find(kLabel);
  if (at == std::string::npos) return "";
  std::string text;
  for (std::size_t i = at + kLabel.size(); i < line.size() && line[i] != '"'; ++i) {
    if (line[i] == '\\' && line[++i] == 'n') {
      text += '\n';
    } else {
      text += line[i];
    }
  }
  return text;
}

Drawing read_dot(const std::string& dot) {
  Drawing drawing;
  std::vector<std::string> boxes;
  std::istringstream text(dot);
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string first, second, third;
    words >> first >> second >> third;
    if (first == "subgraph") {
      boxes.push_back("any" + second.substr(std::string("cluster_").size()));
    } else if (first == "}" && !boxes.empty()) {
      boxes.pop_back();
    } else if (second == "->") {
      for (const std::string& written : lines_of(label_of(line))) {
        drawing.arrows.insert({first, third, written});
      }
    } else if (second.starts_with("[label=")) {
      drawing.nodes[first] = {lines_of(label_of(line)), boxes,
                              line.find("shape=doubleoctagon") != std::string::npos};
    }
  }
  return drawing;
}

// ---- The walk -----------------------------------------------------------------------------------

// The words on an arrow that lead to a step, where they are not the runbook's own.
std::string words_of(TriggerKind kind) {
  switch (kind) {
    case TriggerKind::settled:
      return "settled";
    case TriggerKind::failed:
      return "failed";
    case TriggerKind::clock:
      return "after ";
    case TriggerKind::gate_passed:
      return "passed";
    case TriggerKind::gate_failed:
      return "not met";
    case TriggerKind::abort:
      return "abort";
    case TriggerKind::rollback_immediate:
      return "rollback --immediate";
    case TriggerKind::rollback_gradual:
      return "rollback --gradual";
    case TriggerKind::rollback_partial:
      return "rollback --to";
    case TriggerKind::entered:
      return " entered";
    case TriggerKind::all_back:
    case TriggerKind::some_left:
    case TriggerKind::any_back:
    case TriggerKind::none_back:
      return "back";
    case TriggerKind::always:
    case TriggerKind::stop:
    case TriggerKind::chosen:
      return "";
  }
  return "";
}

// Whether a line on an arrow is about what the trigger waits for.
bool says(const std::string& line, const core::Machine& machine, const core::Trigger& trigger) {
  if (trigger.kind == TriggerKind::stop) {
    return line.starts_with(machine.at(trigger.criterion).text);
  }
  if (trigger.kind == TriggerKind::chosen) {
    return line == machine.at(trigger.item).options[trigger.option].name;
  }
  return line.find(words_of(trigger.kind)) != std::string::npos;
}

class Walk {
 public:
  explicit Walk(const Rehearsal& r)
      : machine_(r.machine()), drawing_(read_dot(dsl::graph_dot(r.machine()))) {
    for (const core::Event& event : r.events()) see(event);
  }

  const Drawing& drawing() const { return drawing_; }
  const std::set<Arrow>& taken() const { return taken_; }
  bool ended() const { return drawing_.nodes.at(at_).final; }

 private:
  void see(const core::Event& event) {
    if (const auto* moved = std::get_if<core::Transitioned>(&event.body)) {
      move(*moved, event);
    } else if (const auto* paused = std::get_if<core::Paused>(&event.body)) {
      if (paused->halt) expect_arrow("halted", nullptr, event, paused->because);
    }
  }

  void move(const core::Transitioned& moved, const core::Event& event) {
    const std::string to = "s" + std::to_string(moved.to.value);
    if (moved.transition.valid()) {
      const core::Trigger& trigger = machine_.at(moved.transition).trigger;
      expect_arrow(to, &trigger, event, moved.because);
    } else if (at_ == "begin") {
      expect_arrow(to, nullptr, event, moved.because);
    }  // else somebody resumed, and a stage begins anew
    ASSERT_TRUE(drawing_.nodes.contains(to)) << to;
    const std::string& name = machine_.at(moved.to).name;
    const std::string& drawn = drawing_.nodes.at(to).lines.front();
    EXPECT_TRUE(name == drawn || name.ends_with("." + drawn)) << name << " is drawn as " << drawn;
    at_ = to;
  }

  // From where it is, or from anywhere in a box around that. No trigger: whatever it says.
  void expect_arrow(const std::string& to, const core::Trigger* trigger, const core::Event& event,
                    const std::string& because) {
    std::vector<std::string> from = drawing_.nodes.at(at_).anywhere;
    from.push_back(at_);
    for (const Arrow& arrow : drawing_.arrows) {
      if (arrow.to != to) continue;
      if (trigger != nullptr && !says(arrow.line, machine_, *trigger)) continue;
      if (std::find(from.begin(), from.end(), arrow.from) == from.end()) continue;
      taken_.insert(arrow);
      return;
    }
    ADD_FAILURE() << "event " << event.sequence.value << ": no such arrow from " << at_ << " to "
                  << to << ", and yet: " << because;
  }

  const core::Machine& machine_;
  Drawing drawing_;
  std::set<Arrow> taken_;
  std::string at_ = "begin";
};

// ---- What happens to a rollout ------------------------------------------------------------------

// Requests by bucket: as they should be, too slow to be expected, too slow for the guard.
const std::vector<std::int64_t> kFast = {60, 40, 0, 0, 0};
const std::vector<std::vector<std::int64_t>> kLatencies = {
    kFast, {0, 0, 0, 100, 0}, {0, 0, 0, 50, 50}};
const std::vector<std::int64_t> kErrors = {0, 0, 1, 2, 20};

class Fate {
 public:
  Fate(Rehearsal& r, std::uint64_t seed) : r_(r), dice_(seed) {}

  void run() {
    healthy(r_);
    r_.counter("err", kNew, 0);
    r_.gauge("queue_depth", kNew, 1);
    r_.settles = [this](const core::EffectRequested& effect) {
      Rehearsal::Settlement settlement;
      settlement.succeeds = effect.rollback || !one_in(15);
      settlement.never = one_in(25);
      return settlement;
    };
    r_.agreeable = agreeable_;
    r_.start();
    if (at_start_) order();
    constexpr int kMost = 60;
    for (int i = 0; i < kMost && !r_.rollout().finished(); ++i) {
      r_.run_for(any_of({1s, 1min, 20min, 1h, 5h, 12h}));
      if (one_in(2)) happen();
      if (!silent_) answer();
    }
    if (r_.rollout().finished()) return;
    r_.settles = {};
    r_.rollback(RollbackHow::immediate);
    r_.run_to_end();
  }

 private:
  bool one_in(std::uint64_t many) { return dice_() % many == 0; }
  template <class T>
  T any_of(const std::vector<T>& all) {
    return all[dice_() % all.size()];
  }
  core::Duration any_of(std::initializer_list<core::Duration> all) {
    return any_of(std::vector<core::Duration>(all));
  }

  // What is refused changes nothing.
  void happen() {
    switch (dice_() % 8) {
      case 0:
        return r_.counter("err", kNew, sick_ ? any_of(kErrors) : 0);
      case 1:
        return r_.gauge("queue_depth", kNew, sick_ && one_in(3) ? 5'000 : 1);
      case 2:
        return r_.histogram("dur", kNew, {5, 10, 20, 50}, sick_ ? any_of(kLatencies) : kFast);
      case 3:
        return one_in(6) ? r_.silence(one_in(3) ? "req" : "dur", kNew) : r_.speak();
      case 4:
      case 5:
        return ordered_ && !at_start_ ? order() : wait_longer();
      default:
        r_.verb(Verb::promote);
        return;
    }
  }

  void order() {
    switch (dice_() % 4) {
      case 0:
        r_.verb(Verb::abort);
        return;
      case 1:
        r_.rollback(RollbackHow::immediate);
        return;
      case 2:
        r_.rollback(RollbackHow::gradual, 10min);
        return;
      default:
        r_.rollback_to(core::Weight{50'000'000}, RollbackHow::gradual, 10min);
        return;
    }
  }

  void wait_longer() {
    switch (dice_() % 4) {
      case 0:
      case 1:
        r_.verb(Verb::pause, any_of({30min, 40h, 40h}));
        return;
      case 2:
        r_.verb(Verb::extend, 1h);
        return;
      default:
        r_.verb(Verb::resume);
        return;
    }
  }

  void answer() {
    if (r_.rollout().questions.empty()) return;
    const core::Question question = any_of(r_.rollout().questions);
    const core::Item& item = r_.machine().at(question.item);
    std::size_t voice = 0;
    const bool yes = one_in(2);
    for (const std::string& role : item.quorum.roles) {
      const std::string actor = "person-" + std::to_string(voice++);
      if (item.kind == core::ItemKind::confirm) {
        r_.confirm(item.text, role, actor, yes, question.number.value);
      } else {
        r_.decide(item.options[option_ % item.options.size()].name, role, actor,
                  question.number.value);
      }
    }
  }

  Rehearsal& r_;
  std::mt19937_64 dice_;
  // What kind of rollout it is.
  const bool sick_ = one_in(2);
  const bool ordered_ = one_in(3);
  const bool at_start_ = one_in(10);
  const bool agreeable_ = one_in(3);
  const bool silent_ = one_in(5);
  const std::uint64_t option_ = dice_();  // what people decide
};

// Arrows that no rollout took, one a line.
std::string never_taken(const Drawing& drawing, const std::set<Arrow>& taken) {
  std::string text;
  for (const Arrow& arrow : drawing.arrows) {
    if (taken.contains(arrow)) continue;
    const auto name = [&](const std::string& node) {
      const auto found = drawing.nodes.find(node);
      return found == drawing.nodes.end() ? node : found->second.lines.front();
    };
    text += name(arrow.from) + " -> " + name(arrow.to) + ": " + arrow.line + "\n";
  }
  return text;
}

// Every step that is taken is drawn, and four in five of what is drawn are taken.
void expect_walked(const std::string& runbook) {
  constexpr std::uint64_t kRollouts = 150;
  std::set<Arrow> taken;
  Drawing drawing;
  for (std::uint64_t seed = 1; seed <= kRollouts; ++seed) {
    Rehearsal r(runbook);
    Fate(r, seed).run();
    const Walk walk(r);
    EXPECT_TRUE(walk.ended());
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
    taken.insert(walk.taken().begin(), walk.taken().end());
    drawing = walk.drawing();
  }
  EXPECT_GE(taken.size() * 5, drawing.arrows.size() * 4)
      << taken.size() << " of " << drawing.arrows.size() << ", without\n"
      << never_taken(drawing, taken);
}

// At the start it is closed for an hour, in which people may think better of it.
TEST(GraphWalk, ARolloutWithADecisionGoesWhereTheGraphSays) {
  std::string text = kTwoStages;
  text.insert(text.find("  role"), "  advance only 01:00-24:00 \"UTC\"\n");
  expect_walked(text);
}

TEST(GraphWalk, OneThatHaltsAndUndoesGoesWhereTheGraphSays) {
  expect_walked(text_of({.guard = "stop error_rate > 10% over 1m\nstop absent(requests) for 3m\n",
                         .stages = R"(require {
    confirm "Ready" by dev
    within 4h otherwise end
  }
  guard {
    stop depth > 1000 over 1m
    otherwise halt
  }
  stage first {
    traffic 20%
    hold 1h
    run soak(phase: "first") within 10m
    undo { run soak(phase: "back") within 10m }
    confirm "Fine" by ops
    within 2h otherwise decide verdict
  }
  stage second {
    ramp traffic to 40% over 10m every 5m
    hold 1h
    expect error_rate < 0.5% over 5m
    within 2h otherwise halt
  }
)",
                         .success = "finish traffic 40%\n"}));
}

}  // namespace
}  // namespace rollbook::tests
