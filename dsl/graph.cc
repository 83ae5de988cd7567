#include "dsl/graph.h"

#include <vector>

#include "dsl/format_value.h"
#include "dsl/print_machine.h"

namespace rollbook::dsl {

namespace {

using core::Machine;
using core::State;
using core::StateIndex;
using core::TriggerKind;

std::vector<StateIndex> children(const Machine& machine, StateIndex parent) {
  std::vector<StateIndex> found;
  for (std::uint32_t i = 0; i < machine.states.size(); ++i)
    if (machine.states[i].parent == parent) found.push_back(StateIndex{i});
  return found;
}

bool starts_transitions(const Machine& machine, StateIndex state) {
  for (const core::Transition& transition : machine.transitions)
    if (transition.from == state) return true;
  return false;
}

// The last part of a state's path: `canary_5.hold.wait` is "wait" inside its box.
std::string short_name(const Machine& machine, StateIndex state) {
  const State& self = machine.at(state);
  if (!self.parent.valid()) return self.name;
  const std::string& around = machine.at(self.parent).name;
  if (!around.empty() && self.name.starts_with(around + ".")) {
    return self.name.substr(around.size() + 1);
  }
  return self.name;
}

std::string weights_text(const Machine& machine, const core::Stage& stage) {
  if (stage.weights.empty()) return format_percent(stage.weight);
  std::string text;
  for (std::size_t i = 0; i < stage.weights.size(); ++i) {
    text += (i == 0 ? "" : ", ") + machine.targets[i].name + " " + format_percent(stage.weights[i]);
  }
  return text;
}

std::string box_title(const Machine& machine, StateIndex state) {
  std::string title = short_name(machine, state);
  for (const core::Stage& stage : machine.stages)
    if (stage.state == state) title += " (" + weights_text(machine, stage) + ")";
  return title;
}

// The lines inside a node: its name and what it does.
std::vector<std::string> node_lines(const Machine& machine, StateIndex state) {
  const State& self = machine.at(state);
  std::vector<std::string> lines = {short_name(machine, state)};
  for (const auto effect : self.entry) {
    const core::Effect& spec = machine.at(effect);
    if (core::is_awaited(spec.kind)) lines.push_back(describe(machine, spec));
  }
  if (self.ramp) {
    std::string whose;
    for (const core::TargetIndex target : self.ramp->targets) {
      whose += (whose.empty() ? "" : ", ") + machine.at(target).name;
    }
    lines.push_back("ramp " + whose + (whose.empty() ? "" : " ") + "to " +
                    format_percent(self.ramp->to) + " over " + format_duration(self.ramp->over));
  }
  if (self.gate) {
    for (const auto criterion : self.gate->criteria) lines.push_back(machine.at(criterion).text);
    for (const auto item : self.gate->confirms) {
      lines.push_back("confirm: " + machine.at(item).text);
    }
  }
  for (const auto item : self.asks) lines.push_back("decide: " + machine.at(item).text);
  return lines;
}

// What stands on an arrow.
std::string edge_text(const Machine& machine, const core::Transition& transition) {
  const core::Trigger& trigger = transition.trigger;
  const std::string of =
      trigger.target.valid() ? " --target " + machine.at(trigger.target).name : "";
  switch (trigger.kind) {
    case TriggerKind::always:
      return "";
    case TriggerKind::settled:
      return "settled";
    case TriggerKind::failed:
      return "failed";
    case TriggerKind::clock:
      return "after " + format_duration(machine.at(trigger.clock).limit);
    case TriggerKind::stop: {
      std::string text = machine.at(trigger.criterion).text;
      for (const auto other : trigger.also) text += " and " + machine.at(other).text;
      if (!trigger.unless.empty()) text += ", unless the baseline fails too";
      return text;
    }
    case TriggerKind::gate_passed:
      return "passed";
    case TriggerKind::gate_failed:
      return "not met";
    case TriggerKind::chosen:
      return machine.at(trigger.item).options[trigger.option].name;
    case TriggerKind::abort:
      return "abort";
    case TriggerKind::rollback_immediate:
      return "rollback --immediate" + of;
    case TriggerKind::rollback_gradual:
      return "rollback --gradual" + of;
    case TriggerKind::rollback_partial:
      return "rollback --to" + of;
    case TriggerKind::entered:
      return machine.at(trigger.state).name + " entered";
    case TriggerKind::all_back:
      return "all targets are back";
    case TriggerKind::some_left:
      return "some targets are not back";
    case TriggerKind::any_back:
      return "a target is back";
    case TriggerKind::none_back:
      return "no target is back";
  }
  return "";
}

struct Edge {
  std::string from, to, text;
  bool forward = false;
};

// The arrows between nodes. Several transitions between the same two nodes are one arrow with
// one line for each, or a guard of five criteria would hide the rest.
std::vector<Edge> edges(const Machine& machine) {
  std::vector<Edge> found;
  for (const core::Transition& transition : machine.transitions) {
    const bool box = machine.at(transition.from).kind == core::StateKind::compound;
    Edge edge{(box ? "any" : "s") + std::to_string(transition.from.value),
              transition.halts ? std::string("halted")
                               : "s" + std::to_string(machine.leaf(transition.to).value),
              edge_text(machine, transition), transition.forward};
    bool merged = false;
    for (Edge& other : found) {
      if (other.from != edge.from || other.to != edge.to || other.forward != edge.forward) continue;
      other.text += "\n" + edge.text;
      merged = true;
      break;
    }
    if (!merged) found.push_back(std::move(edge));
  }
  return found;
}

// Halted is no state of its own: the rollout stands where it stood.
bool may_halt(const Machine& machine) {
  for (const core::Transition& transition : machine.transitions)
    if (transition.halts) return true;
  return false;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

// ---- Graphviz -------------------------------------------------------------------------------

std::string dot_text(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return quoted + "\"";
}

void dot_states(const Machine& machine, StateIndex parent, std::size_t depth, std::string& out) {
  const std::string indent(2 * depth, ' ');
  for (const StateIndex state : children(machine, parent)) {
    const State& self = machine.at(state);
    const std::string number = std::to_string(state.value);
    if (self.kind != core::StateKind::compound) {
      const bool final = self.kind == core::StateKind::final_;
      out += indent + "s" + number + " [label=" + dot_text(joined(node_lines(machine, state))) +
             (final ? ", shape=doubleoctagon" : "") + "]\n";
      continue;
    }
    out += indent + "subgraph cluster_" + number + " {\n";
    out += indent + "  label=" + dot_text(box_title(machine, state)) + "\n";
    if (starts_transitions(machine, state)) {
      out += indent + "  any" + number + " [label=\"anywhere\", shape=plaintext]\n";
    }
    dot_states(machine, state, depth + 1, out);
    out += indent + "}\n";
  }
}

// ---- Mermaid --------------------------------------------------------------------------------

// Quotes and brackets end a label, and `#` begins an entity.
std::string mermaid_text(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        quoted += "#quot;";
        break;
      case '#':
        quoted += "#35;";
        break;
      case '<':
        quoted += "#lt;";
        break;
      case '>':
        quoted += "#gt;";
        break;
      case '`':
        quoted += "#96;";
        break;
      case '\n':
        quoted += "<br/>";
        break;
      default:
        quoted += c;
    }
  }
  return quoted + "\"";
}

void mermaid_states(const Machine& machine, StateIndex parent, std::size_t depth,
                    std::string& out) {
  const std::string indent(2 * depth, ' ');
  for (const StateIndex state : children(machine, parent)) {
    const State& self = machine.at(state);
    const std::string number = std::to_string(state.value);
    if (self.kind != core::StateKind::compound) {
      const std::string label = mermaid_text(joined(node_lines(machine, state)));
      const bool final = self.kind == core::StateKind::final_;
      out += indent + "s" + number + (final ? "([" : "[") + label + (final ? "])" : "]") + "\n";
      continue;
    }
    out +=
        indent + "subgraph box" + number + " [" + mermaid_text(box_title(machine, state)) + "]\n";
    if (starts_transitions(machine, state)) {
      out += indent + "  any" + number + "((anywhere))\n";
    }
    mermaid_states(machine, state, depth + 1, out);
    out += indent + "end\n";
  }
}

}  // namespace

std::string graph_dot(const Machine& machine) {
  std::string out = "digraph " + dot_text(machine.name) + " {\n";
  out += "  rankdir=TB\n  compound=true\n  node [shape=box, style=rounded]\n";
  out += "  begin [label=\"\", shape=circle, style=filled, fillcolor=black, width=0.15]\n";
  dot_states(machine, StateIndex{0}, 1, out);
  if (may_halt(machine)) out += "  halted [label=\"halted\", shape=octagon]\n";
  out += "  begin -> s" + std::to_string(machine.leaf(StateIndex{0}).value) + "\n";
  for (const Edge& edge : edges(machine)) {
    out += "  " + edge.from + " -> " + edge.to;
    out += edge.text.empty() ? "" : " [label=" + dot_text(edge.text) + "]";
    out += "\n";
  }
  return out + "}\n";
}

std::string graph_mermaid(const Machine& machine) {
  std::string out = "flowchart TB\n";
  mermaid_states(machine, StateIndex{0}, 1, out);
  if (may_halt(machine)) out += "  halted[\"halted\"]\n";
  for (const Edge& edge : edges(machine)) {
    // Forward steps are drawn through, ways out dotted.
    out += "  " + edge.from + (edge.forward ? " -->" : " -.->");
    out += edge.text.empty() ? "" : "|" + mermaid_text(edge.text) + "|";
    out += " " + edge.to + "\n";
  }
  return out;
}

}  // namespace rollbook::dsl
