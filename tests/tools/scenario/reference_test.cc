// docs/scenarios.md: every example of it is played against its runbook, and passes.

#include <fstream>
#include <iterator>
#include <sstream>

#include "tests/paths.h"
#include "tests/tools/scenario/stage.h"

namespace rollbook::tests {
namespace {

struct Block {
  std::string language;
  std::string text;
  int line = 0;
};

std::vector<Block> blocks_of_reference() {
  std::ifstream file(ROLLBOOK_SOURCE_DIR "/docs/scenarios.md");
  std::vector<Block> blocks;
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.starts_with("```")) {
      if (!inside) blocks.push_back({line.substr(3), "", number});
      inside = !inside;
    } else if (inside) {
      blocks.back().text += line + "\n";
    }
  }
  return blocks;
}

TEST(Reference, EveryExampleIsPlayedAndPasses) {
  std::shared_ptr<const runtime::Plan> plan;
  int played = 0;
  for (const Block& block : blocks_of_reference()) {
    if (block.language == "runbook") {
      auto compiled = dsl::Compiler().compile("shop.runbook", block.text, {});
      ASSERT_TRUE(compiled.plan.has_value()) << compiled.diagnostics.front().message;
      plan = std::make_shared<const runtime::Plan>(std::move(*compiled.plan));
      continue;
    }
    ASSERT_EQ(block.language, "scenario") << "line " << block.line;
    ASSERT_NE(plan, nullptr);
    const bool whole = block.text.starts_with("scenario ");
    dsl::Sink sink("scenarios.md");
    const auto all = dsl::scenario::parse(
        whole ? block.text : "scenario \"x\" for \"shop.runbook\" {\n" + block.text + "}\n", sink);
    std::optional<tools::Script> script;
    if (!sink.has_errors()) script = tools::make_script(all.front(), plan, sink);
    for (const runtime::Diagnostic& found : sink.diagnostics()) {
      ADD_FAILURE() << "block of line " << block.line << ", its line "
                    << found.span.line - (whole ? 0 : 1) << ": " << found.message;
    }
    if (!script) continue;
    store::MemoryEventLog log;
    tools::Meters meters(*script, tools::kPlayBegin);
    const auto seen = tools::play(log, *script, meters, {});
    ASSERT_TRUE(seen.has_value()) << seen.error().message;
    for (const tools::Unmet& unmet : tools::failures_of(*script, *seen)) {
      ADD_FAILURE() << "block of line " << block.line << ": " << unmet.expected
                    << "\n  instead: " << unmet.instead;
    }
    ++played;
  }
  EXPECT_GE(played, 12);
}

}  // namespace
}  // namespace rollbook::tests
