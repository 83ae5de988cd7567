// check and graph: the verbs of an author.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/program.h"
#include "tests/tools/test_engine.h"

namespace rollbook::tests {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Check, AValidRunbookIsSaidToBe) {
  const Directory directory;
  const std::string file = directory.write("shop.runbook", kShop);
  const Ran ran = rollbook({"check", file});
  EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.err, HasSubstr(file + ": valid"));
  EXPECT_THAT(ran.err, HasSubstr("next: rollbook sandbox " + file));
  EXPECT_EQ(rollbook({"check", "-"}, kShop).exit, 0);
}

TEST(Check, TheRunThatIsSuggestedHasItsParameters) {
  const Directory directory;
  std::string text = kShop;
  text.replace(text.find("  role"), 0, "  param limit: ratio = 5%\n");
  text.replace(text.find("> 5%"), 4, "> limit");
  const std::string file = directory.write("my shop.runbook", text);
  const Ran ran = rollbook({"check", file, "--param", "limit=6%"});
  EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.err,
              HasSubstr("next: rollbook sandbox '" + file + "' --param limit=6% --speed max\n"));
  EXPECT_THAT(rollbook({"check", "-"}, kShop).err, testing::Not(HasSubstr("next:")));
}

TEST(Check, FindingsHavePlaceCodeAndCaret) {
  const Directory directory;
  const std::string file = directory.write("bad.runbook", "edition 1\nrunbook x {\n  oops\n}\n");
  const Ran text = rollbook({"check", file});
  EXPECT_EQ(text.exit, 1);
  EXPECT_THAT(text.out, StartsWith(file + ":"));
  EXPECT_THAT(text.out, HasSubstr("error[RB"));
  EXPECT_THAT(text.out, HasSubstr("^"));
  EXPECT_THAT(text.err, HasSubstr(file + ": "));
  const Ran json = rollbook({"check", file, "-o", "json"});
  EXPECT_EQ(json.exit, 1);
  EXPECT_THAT(json.out, StartsWith(R"([{"code":"RB)"));
  EXPECT_THAT(json.out, HasSubstr(R"("severity":"error")"));
  EXPECT_THAT(json.out, HasSubstr(R"("line":)"));
}

// One file that cannot be read hides nothing of the others.
TEST(Check, WhatIsFoundInTheOtherFilesIsToldAllTheSame) {
  const Directory directory;
  const std::string file = directory.write("bad.runbook", "edition 1\nrunbook x {\n  oops\n}\n");
  const std::string missing = directory.file("none.runbook");
  for (const char* output : {"json", "sarif", "text"}) {
    const std::string alone = rollbook({"check", file, "-o", output}).out;
    EXPECT_THAT(alone, HasSubstr("RB0202")) << output;
    for (const auto& files : {std::pair{file, missing}, std::pair{missing, file}}) {
      const Ran ran = rollbook({"check", files.first, files.second, "-o", output});
      EXPECT_EQ(ran.exit, 1) << output;
      EXPECT_EQ(ran.out, alone) << output;
      EXPECT_THAT(ran.err, HasSubstr("rollbook: " + missing + ": no such file\n")) << output;
    }
  }
}

TEST(Check, AMissingImportHidesNoOtherMistake) {
  const Directory directory;
  std::string text = kShop;
  text.insert(text.find("runbook "), "import \"none.runbook\" as lib\n");
  text.insert(text.find("traffic "),
              "trafic 3\n    hold lib.patience\n    expect lib.quiet < 2 over 5m\n    ");
  const std::string file = directory.write("a.runbook", text);
  const Ran ran = rollbook({"check", file});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, HasSubstr("none.runbook: no such file"));
  EXPECT_THAT(ran.out, HasSubstr("no statement of a stage begins with `trafic`"));
  EXPECT_THAT(ran.err, HasSubstr(": 2 errors, 0 warnings")) << ran.out;
}

TEST(Check, FilesThatAreNoRunbooksHaveOneClearMessage) {
  const Directory directory;
  const std::string missing = directory.file("none.runbook");
  EXPECT_EQ(rollbook({"check", missing}).err, "rollbook: " + missing + ": no such file\n");
  EXPECT_EQ(rollbook({"check", directory.path()}).err,
            "rollbook: " + directory.path() + ": a directory, not a runbook\n");
  const std::string binary = directory.write("binary.runbook", std::string("\x7f"
                                                                           "ELF\0\0",
                                                                           6));
  EXPECT_EQ(rollbook({"check", binary}).err,
            "rollbook: " + binary + ": not a text, it holds zero bytes\n");
  const std::string big = directory.write("big.runbook", std::string(2 << 20, 'x'));
  EXPECT_EQ(rollbook({"check", big}).err,
            "rollbook: " + big + ": larger than 1024 KiB, which no runbook may be\n");
  const std::string empty = directory.write("empty.runbook", "");
  EXPECT_THAT(rollbook({"check", empty}).out, HasSubstr("error[RB"));
  for (const std::string& file : {missing, directory.path(), binary, big, empty}) {
    EXPECT_EQ(rollbook({"check", file}).exit, 1) << file;
    EXPECT_EQ(rollbook({"graph", file}).exit, 1) << file;
    EXPECT_EQ(rollbook({"start", file, "--dry-run"}).exit, 1) << file;
  }
}

TEST(Graph, DrawsForGraphvizAndMermaid) {
  const Directory directory;
  const std::string file = directory.write("shop.runbook", kShop);
  EXPECT_THAT(rollbook({"graph", file}).out, StartsWith("digraph \"shop_canary\" {"));
  const Ran mermaid = rollbook({"graph", file, "-o", "mermaid"});
  EXPECT_EQ(mermaid.exit, 0);
  EXPECT_THAT(mermaid.out, HasSubstr("flowchart"));
}

}  // namespace
}  // namespace rollbook::tests
