// What the documentation shows is what the compiler says: every runbook in it is compiled.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <stdexcept>

#include "dsl/imports.h"
#include "tests/dsl/compiling.h"
#include "tests/dsl/doc_blocks.h"
#include "tests/paths.h"

namespace rollbook::dsl {

void PrintTo(const DocBlock& block, std::ostream* out) { *out << block.place; }

namespace {

using Codes = std::vector<std::string>;

std::vector<DocBlock> all_blocks() {
  std::vector<std::string> files = {"README.md", "plans/README.md"};
  const std::string root = ROLLBOOK_SOURCE_DIR;
  for (const auto& entry : std::filesystem::directory_iterator(root + "/docs")) {
    if (entry.path().extension() == ".md") {
      files.push_back("docs/" + entry.path().filename().string());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<DocBlock> blocks;
  for (const std::string& file : files) {
    for (DocBlock& block : doc_blocks(file, read_source(file))) blocks.push_back(std::move(block));
  }
  return blocks;
}

Codes codes_of(const runtime::Compiled& compiled, runtime::Severity severity) {
  Codes codes;
  for (const runtime::Diagnostic& found : compiled.diagnostics) {
    if (found.severity == severity) codes.push_back(found.code);
  }
  return codes;
}

// As it is sent: what it imports is in it.
std::string text_of(const DocBlock& block) {
  const auto read = [&](const std::string& path) -> core::Result<std::string> {
    const auto found = block.files.find(path);
    if (found == block.files.end()) return core::fail("no block `file " + path + "` above");
    return found->second;
  };
  const Imported imported = inline_imports("docs.runbook", block.text, read);
  for (const runtime::Diagnostic& found : imported.diagnostics) {
    ADD_FAILURE() << block.place << ": " << found.message;
  }
  return imported.text.text();
}

class Docs : public testing::TestWithParam<DocBlock> {};

TEST_P(Docs, TheRunbookIsWhatTheCompilerSaysOfIt) {
  const DocBlock& block = GetParam();
  const std::string text = block.files.empty() ? block.text : text_of(block);
  const runtime::Compiled compiled = compile(text);
  EXPECT_EQ(codes_of(compiled, runtime::Severity::error), block.wrong)
      << block.place << (block.later ? ": marked `later`, and it has come\n" : "\n")
      << findings(text) << text;
  const Codes warned = codes_of(compiled, runtime::Severity::warning);
  for (const std::string& code : block.warns) {
    EXPECT_NE(std::find(warned.begin(), warned.end(), code), warned.end())
        << block.place << " has no " << code << "\n"
        << findings(text);
  }
}

INSTANTIATE_TEST_SUITE_P(Blocks, Docs, testing::ValuesIn(all_blocks()));

// The tutorial grows its runbook step by step; the file beside it is where it ends.
TEST(Tutorial, EndsWithTheRunbookBesideIt) {
  const auto blocks = doc_blocks("docs/tutorial.md", read_source("docs/tutorial.md"));
  const std::string file = read_source("docs/tutorial/shop.runbook");
  EXPECT_EQ(findings(file), "");
  EXPECT_EQ(machine_text(blocks.back().text), machine_text(file));
}

TEST(DocBlocks, AFragmentTakesThePlaceOfWhatTheFrameHas) {
  const auto blocks = doc_blocks("x.md", R"(Text.
```runbook frame
edition 1
runbook example {
  service "shop"
  role owner
  guard { stop a > 1% over 5m }
  stage example {
    traffic 10%
  }
  stage last { traffic 100% }
}
```
```yaml
kind: Rollout
```
```runbook stage wrong RB0301 RB0302
hold 2h
```
```runbook body later RB0904
role lead
finish traffic 20%
```
```runbook add warns RB0604
service "other"
```
```runbook guard
stop b > 2% over 5m
```
)");
  ASSERT_EQ(blocks.size(), 5u);
  EXPECT_EQ(blocks[1].place, "x.md:17");
  EXPECT_EQ(blocks[1].wrong, (Codes{"RB0301", "RB0302"}));
  EXPECT_FALSE(blocks[1].later);
  EXPECT_TRUE(blocks[2].later);
  EXPECT_EQ(blocks[1].text, R"(edition 1
runbook example {
stage example {
traffic 10%
hold 2h
within 24h otherwise rollback automatic
}
  service "shop"
  role owner
  guard { stop a > 1% over 5m }
  stage last { traffic 100% }
}
)");
  EXPECT_EQ(blocks[2].text, R"(edition 1
runbook example {
role lead
finish traffic 20%
  service "shop"
  role owner
  guard { stop a > 1% over 5m }
  stage example {
    traffic 10%
  }
}
)");
  EXPECT_EQ(blocks[3].warns, Codes{"RB0604"});
  EXPECT_EQ(blocks[4].text, R"(edition 1
runbook example {
guard {
stop b > 2% over 5m
otherwise rollback automatic
}
service "other"
  role owner
  stage example {
    traffic 10%
  }
  stage last { traffic 100% }
}
)");
}

TEST(DocBlocks, WhatIsMarkedWrongIsNoted) {
  for (const char* markdown : {"```runbook frame\nedition 1\n", "```runbook stages\n```\n",
                               "```runbook body wrong of it\n```\n", "```runbook file\n```\n"}) {
    EXPECT_THROW(doc_blocks("x.md", markdown), std::runtime_error) << markdown;
  }
}

}  // namespace
}  // namespace rollbook::dsl
