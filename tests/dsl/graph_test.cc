// Graphs: what is drawn, and that what is drawn is sound.

#include "dsl/graph.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

core::Machine machine_of(const std::string& text) {
  const runtime::Compiled compiled = compile(text);
  EXPECT_TRUE(compiled.plan) << findings(text);
  return compiled.plan ? compiled.plan->machine : core::Machine{};
}

TEST(Graph, DotOfTheMinimalRunbook) {
  EXPECT_EQ(graph_dot(machine_of(read_source("plans/minimal.runbook"))), R"graph(digraph "minimal" {
  rankdir=TB
  compound=true
  node [shape=box, style=rounded]
  begin [label="", shape=circle, style=filled, fillcolor=black, width=0.15]
  subgraph cluster_1 {
    label="before"
    any1 [label="anywhere", shape=plaintext]
    s2 [label="begin"]
  }
  subgraph cluster_3 {
    label="guarded"
    any3 [label="anywhere", shape=plaintext]
    subgraph cluster_4 {
      label="half (50%)"
      s5 [label="shift\ntraffic 50%"]
      subgraph cluster_6 {
        label="hold"
        any6 [label="anywhere", shape=plaintext]
        s7 [label="wait"]
      }
    }
    subgraph cluster_8 {
      label="rollback.gradual"
      s9 [label="ramp\nramp to 0% over 30m"]
    }
    s10 [label="rollback.partial\nramp to 0% over 30m"]
  }
  subgraph cluster_11 {
    label="rollback.automatic"
    s12 [label="shift\ntraffic 0% rollback"]
  }
  s13 [label="succeeded", shape=doubleoctagon]
  s14 [label="rolled_back", shape=doubleoctagon]
  s15 [label="aborted", shape=doubleoctagon]
  halted [label="halted", shape=octagon]
  begin -> s2
  any1 -> s15 [label="abort\nrollback --immediate\nrollback --gradual"]
  s2 -> s5
  any3 -> s12 [label="errors / requests > 5% over 10s at least 20 requests\nabsent(requests) for 15s\nabort\nrollback --immediate"]
  any3 -> s9 [label="rollback --gradual"]
  any3 -> s10 [label="rollback --to"]
  s5 -> s12 [label="failed"]
  s5 -> s7 [label="settled"]
  any6 -> s12 [label="after 24h1m"]
  s7 -> s13 [label="after 30s"]
  s9 -> s14 [label="settled"]
  s10 -> halted [label="settled"]
  s12 -> s14 [label="settled"]
}
)graph");
}

TEST(Graph, MermaidOfTheMinimalRunbook) {
  EXPECT_EQ(graph_mermaid(machine_of(read_source("plans/minimal.runbook"))), R"graph(flowchart TB
  subgraph box1 ["before"]
    any1((anywhere))
    s2["begin"]
  end
  subgraph box3 ["guarded"]
    any3((anywhere))
    subgraph box4 ["half (50%)"]
      s5["shift<br/>traffic 50%"]
      subgraph box6 ["hold"]
        any6((anywhere))
        s7["wait"]
      end
    end
    subgraph box8 ["rollback.gradual"]
      s9["ramp<br/>ramp to 0% over 30m"]
    end
    s10["rollback.partial<br/>ramp to 0% over 30m"]
  end
  subgraph box11 ["rollback.automatic"]
    s12["shift<br/>traffic 0% rollback"]
  end
  s13(["succeeded"])
  s14(["rolled_back"])
  s15(["aborted"])
  halted["halted"]
  any1 -.->|"abort<br/>rollback --immediate<br/>rollback --gradual"| s15
  s2 --> s5
  any3 -.->|"errors / requests #gt; 5% over 10s at least 20 requests<br/>absent(requests) for 15s<br/>abort<br/>rollback --immediate"| s12
  any3 -.->|"rollback --gradual"| s9
  any3 -.->|"rollback --to"| s10
  s5 -.->|"failed"| s12
  s5 -->|"settled"| s7
  any6 -.->|"after 24h1m"| s12
  s7 -->|"after 30s"| s13
  s9 -.->|"settled"| s14
  s10 -.->|"settled"| halted
  s12 -.->|"settled"| s14
)graph");
}

// Quotes in a runbook's texts must not end a label.
TEST(Graph, TextsAreEscaped) {
  const core::Machine machine = machine_of(
      Runbook().with("confirm \"Fine\" by lead", "confirm \"a \\\"b\\\" <c> #d\" by lead"));
  EXPECT_NE(graph_dot(machine).find("confirm: a \\\"b\\\" <c> #d"), std::string::npos);
  EXPECT_NE(graph_mermaid(machine).find("confirm: a #quot;b#quot; #lt;c#gt; #35;d"),
            std::string::npos);
}

// Every arrow begins and ends at a node that is drawn, boxes are closed, every state is there.
TEST(Graph, MermaidIsSound) {
  const core::Machine machine = machine_of(read_source("plans/hal9-canary.runbook"));
  const std::string text = graph_mermaid(machine);
  std::set<std::string> nodes;
  std::vector<std::pair<std::string, std::string>> arrows;
  int depth = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::string first = line.substr(line.find_first_not_of(' '));
    const std::string word = first.substr(0, first.find_first_of(" [("));
    if (word == "flowchart") continue;
    if (word == "subgraph") {
      ++depth;
    } else if (word == "end") {
      --depth;
    } else if (first.find(" -->") != std::string::npos ||
               first.find(" -.->") != std::string::npos) {
      arrows.emplace_back(word, first.substr(first.rfind(' ') + 1));
    } else {
      EXPECT_TRUE(nodes.insert(word).second) << word << " is drawn twice";
    }
  }
  EXPECT_EQ(depth, 0);
  for (const auto& [from, to] : arrows) {
    EXPECT_TRUE(nodes.contains(from)) << from;
    EXPECT_TRUE(nodes.contains(to)) << to;
  }
  for (std::size_t i = 0; i < machine.states.size(); ++i) {
    if (machine.states[i].kind == core::StateKind::compound) continue;
    EXPECT_TRUE(nodes.contains("s" + std::to_string(i))) << machine.states[i].name;
  }
}

}  // namespace
}  // namespace rollbook::dsl
