// rollbook_bench [name…]: runs all benchmarks, or those named, and prints one table.

#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>

#include "tools/benchmarks/benchmarks.h"

int main(int count, char** arguments) {
  using namespace rollbook::bench;
  const char* bootstrap = std::getenv("KAFKA_BOOTSTRAP");
  const std::vector<std::pair<std::string, std::function<void(std::vector<Row>&)>>> all = {
      {"durable", durable_turns},
      {"replay", replay},
      {"otlp", otlp},
      {"evaluation", evaluation},
      {"scale", scale},
      {"scenarios", scenarios},
      {"check", check},
      {"lsp", keystroke},
      {"ingest", [&](std::vector<Row>& rows) { ingest(rows, bootstrap); }},
      {"reaction", [&](std::vector<Row>& rows) { reaction(rows, bootstrap); }},
  };
  const std::vector<std::string> wanted(arguments + 1, arguments + count);
  std::vector<Row> rows;
  for (const auto& [name, run] : all) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), name) == wanted.end()) continue;
    if (bootstrap == nullptr && (name == "ingest" || name == "reaction")) {
      std::cerr << name << ": needs a broker; set KAFKA_BOOTSTRAP or use tools/bench\n";
      return 6;
    }
    std::cerr << name << " …\n";
    run(rows);
  }
  print(rows);
  return 0;
}
