#include "dsl/imports.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "dsl/compiler.h"
#include "dsl/without_imports.h"
#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

using Files = std::map<std::string, std::string>;

Imported inlined(const std::string& text, const Files& files,
                 const std::string& file = "t.runbook") {
  return inline_imports(file, text, [&](const std::string& path) -> core::Result<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return core::fail(path + ": no such file");
    return found->second;
  });
}

// Everything that is found, by the imports or by the compiler, at its author's place.
std::string found(const std::string& text, const Files& files,
                  const std::string& file = "t.runbook") {
  const Imported imported = inlined(text, files, file);
  std::vector<runtime::Diagnostic> all = imported.diagnostics;
  if (all.empty()) {
    for (const auto& each : Compiler().compile(file, imported.text.text(), {}).diagnostics) {
      all.push_back(imported.text.original(each));
    }
  }
  std::string lines;
  for (const runtime::Diagnostic& each : all) {
    lines += each.file + ":" + std::to_string(each.span.line) + ":" +
             std::to_string(each.span.column) + " " + each.code + " " + each.message + "\n";
    if (!each.help.empty()) lines += "  " + each.help + "\n";
  }
  return lines;
}

constexpr const char* kLibrary = R"(# Shared by all teams.
edition 1
runbook common {
  title "what every canary has"
  role owner, sre
  channel oncall = pagerduty("shop")
  param calm: duration = 5m
  metric queue = gauge max queue_length
  template reviewed {
    expect calm_queue: queue < 500 over calm
    confirm "Looks fine" by owner
    within 24h otherwise decide go_on
  }
  decide go_on {
    by 2 of sre
    ask oncall
    within 1h otherwise rollback softly
    option proceed "Go on" next
  }
  rollback softly {
    ramp traffic to 0% over 30m
    page oncall "Back: {cause}"
  }
  template unused { expect queue < 5 over 1h }
}
)";

// The runbook of compiling.h with its first stage reviewed as the library says.
Runbook importing() {
  return Runbook()
      .with("runbook shop {", "import \"lib.runbook\" as lib  # ours\nrunbook shop {")
      .with("stage second {", "stage second using lib.reviewed {")
      .with("  metric queue      = gauge max queue_length\n", "")
      .with("    stop queue > 1000 over 5m\n", "")
      .with("  channel oncall = pagerduty(\"shop\")\n", "")
      .with("ask mail, oncall", "ask mail, lib.oncall")
      .with("page oncall", "page lib.oncall");
}

TEST(Imports, WhatIsNamedIsPutIntoTheText) {
  const Imported imported = inlined(importing(), {{"lib.runbook", kLibrary}});
  ASSERT_TRUE(imported.diagnostics.empty());
  const std::string& text = imported.text.text();
  EXPECT_NE(text.find("\n# import \"lib.runbook\" as lib  # ours\nrunbook shop {"),
            std::string::npos);
  EXPECT_NE(text.find("stage second using reviewed {"), std::string::npos);
  EXPECT_NE(text.find("page oncall \"Back: {cause}\""), std::string::npos);
  const std::string added = text.substr(text.find("  # from \"lib.runbook\""));
  EXPECT_EQ(added, R"(  # from "lib.runbook"
  role sre
  channel oncall = pagerduty("shop")
  param calm: duration = 5m
  metric queue = gauge max queue_length
  template reviewed {
    expect calm_queue: queue < 500 over calm
    confirm "Looks fine" by owner
    within 24h otherwise decide go_on
  }
  decide go_on {
    by 2 of sre
    ask oncall
    within 1h otherwise rollback softly
    option proceed "Go on" next
  }
  rollback softly {
    ramp traffic to 0% over 30m
    page oncall "Back: {cause}"
  }
}
)");
  EXPECT_EQ(found(importing(), {{"lib.runbook", kLibrary}}), "");
  const runtime::Compiled compiled = Compiler().compile("t.runbook", text, {});
  ASSERT_TRUE(compiled.plan);
  EXPECT_EQ(compiled.plan->digest, sha256_hex(text));
}

TEST(Imports, ATextWithoutImportsStaysAsItIs) {
  const Imported imported = inlined(Runbook(), {});
  EXPECT_EQ(imported.text.text(), Runbook().text());
  EXPECT_TRUE(imported.diagnostics.empty());
  const std::string broken = "runbook {\n \"\x01";
  EXPECT_EQ(inlined(broken, {}).text.text(), broken);
}

// ---- What else is wrong where an import cannot be read
// -------------------------------------------

// "line:column code" for each.
std::string besides(const std::string& text) {
  std::string lines;
  for (const runtime::Diagnostic& each : check_without_imports("t.runbook", text))
    lines += std::to_string(each.span.line) + ":" + std::to_string(each.span.column) + " " +
             each.code + "\n";
  return lines;
}

TEST(WithoutImports, NamesOfImportsAreNoMistakes) {
  EXPECT_EQ(besides(importing()), "");
  EXPECT_EQ(besides(Runbook(importing()).with("over 5m", "over lib.patience")), "");
  EXPECT_EQ(besides(Runbook(importing()).with("stop error_rate >", "stop lib.eror_rate >")), "");
}

TEST(WithoutImports, OtherMistakesAreToldAtTheirPlaces) {
  const std::string sound = importing();
  const auto line_of = [&](const std::string& part) {
    const auto end = sound.begin() + static_cast<std::ptrdiff_t>(sound.find(part));
    return std::to_string(1 + std::count(sound.begin(), end, '\n'));
  };
  EXPECT_EQ(besides(Runbook(sound).with("stop error_rate", "stop eror_rate")),
            line_of("stop error_rate") + ":10 RB0301\n");
  EXPECT_EQ(besides(Runbook(sound).with("hold 1h", "holt 1h")), line_of("hold 1h") + ":5 RB0202\n");
  // Behind a name of an import in the same line.
  EXPECT_EQ(
      besides(Runbook(sound)
                  .with("stop error_rate > 1%", "stop lib.queue > 5 over 5m and error_rate > 1%")
                  .with("by lead", "by leed")),
      line_of("by lead") + ":23 RB0302\n");
}

TEST(WithoutImports, AreChecksOfTheRestWhereNothingIsTakenOfThem) {
  const std::string text =
      Runbook().with("runbook shop {", "import \"l.runbook\" as l\nrunbook shop {");
  EXPECT_EQ(besides(text), "");
  EXPECT_EQ(besides(Runbook(text).with("finish traffic 50%", "finish traffic 40%")).substr(0, 3),
            "45:");
}

TEST(Imports, AnEngineRefusesWhatIsNotPutIn) {
  const std::string refused = errors(importing());
  EXPECT_EQ(refused.substr(0, refused.find('\n')),
            "2:1 RB0562 this text must stand alone, and `import` names a file beside it");
}

TEST(Imports, ANameThatIsThereAlreadyIsRenamed) {
  const Runbook runbook = importing()
                              .after("  role lead, owner", "  metric queue = gauge max other_queue")
                              .with("    stop absent(requests)",
                                    "    stop queue > 5 over 5m\n    stop absent(requests)");
  const Imported imported = inlined(runbook, {{"lib.runbook", kLibrary}});
  const std::string& text = imported.text.text();
  EXPECT_NE(text.find("  metric lib_queue = gauge max queue_length\n"), std::string::npos) << text;
  EXPECT_NE(text.find("expect calm_queue: lib_queue < 500 over calm"), std::string::npos) << text;
  EXPECT_NE(text.find("stop queue > 5"), std::string::npos);
  EXPECT_EQ(found(runbook, {{"lib.runbook", kLibrary}}), "");
}

TEST(Imports, WhatIsKnownOutsideKeepsItsName) {
  const Files files{{"lib.runbook", kLibrary}};
  // The same in both files is one.
  const Runbook same =
      importing().after("  role lead, owner", "  channel   oncall = pagerduty( \"shop\" )");
  EXPECT_EQ(found(same, files), "");
  const Runbook other =
      importing().after("  role lead, owner", "  channel oncall = pagerduty(\"mail\")");
  EXPECT_EQ(found(other, files),
            "lib.runbook:6:11 RB0320 channel `oncall` is there already, and not the same, in "
            "`t.runbook`, line 7\n"
            "  give one of them another name: programs outside know both by it\n");
}

TEST(Imports, LibrariesImportLibraries) {
  const Files files{
      {"a/lib.runbook",
       "edition 1\nimport \"../b/base.runbook\" as base\nrunbook lib {\n"
       "  template t { expect base.queue < 5 over 5m\n  within 1h otherwise rollback automatic }\n"
       "  rollback automatic { traffic 0% }\n}\n"},
      {"b/base.runbook", "edition 1\nrunbook base {\n  metric queue = gauge max q\n}\n"}};
  const Runbook runbook =
      Runbook()
          .with("runbook shop {", "import \"a/lib.runbook\" as l\nrunbook shop {")
          .with("stage second {", "stage second using l.t {");
  const Imported imported = inlined(runbook, files);
  ASSERT_TRUE(imported.diagnostics.empty()) << found(runbook, files);
  const std::string& text = imported.text.text();
  EXPECT_NE(text.find("expect base_queue < 5 over 5m"), std::string::npos) << text;
  EXPECT_NE(text.find("metric base_queue = gauge max q"), std::string::npos) << text;
  EXPECT_NE(text.find("otherwise rollback l_automatic"), std::string::npos) << text;
  EXPECT_EQ(found(runbook, files), "");
}

TEST(Imports, AFileThatTwoImportIsThereOnce) {
  const Files files{{"x/a.runbook",
                     "edition 1\nimport \"c.runbook\" as c\nrunbook a {\n"
                     "  template ta { expect c.depth < 5 over 5m }\n}\n"},
                    {"x/b.runbook",
                     "edition 1\nimport \"c.runbook\" as see\nrunbook b {\n"
                     "  template tb { expect see.depth < 5 over 5m }\n}\n"},
                    {"x/c.runbook", "edition 1\nrunbook c {\n  metric depth = gauge max q\n}\n"}};
  const Runbook runbook =
      Runbook()
          .with("runbook shop {",
                "import \"x/a.runbook\" as a\nimport \"x/b.runbook\" as b\nrunbook shop {")
          .with("stage first {", "stage first using a.ta {")
          .with("stage second {", "stage second using b.tb {\n    otherwise rollback automatic");
  const std::string text = inlined(runbook, files).text.text();
  const std::size_t first = text.find("metric depth");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find("metric depth", first + 1), std::string::npos);
  EXPECT_EQ(found(runbook, files), "");
}

TEST(Imports, FindingsAreToldWhereTheyWereWritten) {
  std::string library = kLibrary;
  library.replace(library.find("queue < 500"), 11, "qeue < 500");
  EXPECT_EQ(found(importing(), {{"lib.runbook", library}}).substr(0, 51),
            "lib.runbook:10:24 RB0301 no metric is called `qeue`");
  // Behind a shortened name on its line, and below the import.
  const Runbook wrong =
      importing().with("page lib.oncall \"Back: {cause}\"", "page lib.oncall \"Back: {case}\"");
  EXPECT_EQ(found(wrong, {{"lib.runbook", kLibrary}}),
            "t.runbook:40:21 RB0309 no placeholder is called `{case}`\n  did you mean `cause`?\n");
}

TEST(Imports, MistakesAreOneFindingWithAWayOut) {
  const Files files{{"lib.runbook", kLibrary}};
  const auto head = [](const char* line) {
    return Runbook().with("runbook shop {", std::string(line) + "\nrunbook shop {").text();
  };
  EXPECT_EQ(found(head("import \"missing.runbook\" as lib"), files),
            "t.runbook:2:8 RB0362 missing.runbook: no such file\n"
            "  a path is taken from the folder of the file that names it\n");
  EXPECT_EQ(found(head("import \"lib.runbook\""), files),
            "t.runbook:2:1 RB0201 this `import` cannot be read\n"
            "  write `import \"lib.runbook\" as lib`\n");
  EXPECT_EQ(found(head("import \"lib.runbook\" as canary"), files),
            "t.runbook:2:25 RB0206 no import can be called `canary`\n  give it another name\n");
  EXPECT_EQ(found(importing().with("lib.reviewed", "lib.reviewd"), files),
            "t.runbook:27:26 RB0362 `lib.runbook` declares no `reviewd`\n"
            "  did you mean `reviewed`?\n");
  EXPECT_EQ(
      found(importing(), {{"lib.runbook", "edition 1\nrunbook l {\n  stage s { hold 1h }\n}\n"}})
          .substr(0, 70),
      "lib.runbook:3:3 RB0203 `stage` has no place in a file that is imported");
  EXPECT_EQ(found(importing(), {{"lib.runbook", "edition 1\nrunbook l {\n  role \"x\n}\n"}}),
            "lib.runbook:3:8 RB0105 this text is not closed\n"
            "  put a `\"` at its end; a text stays on one line\n");
  EXPECT_EQ(
      found(importing(), {{"lib.runbook", "hello\n"}}),
      "lib.runbook:1:1 RB0201 this file declares nothing\n"
      "  an imported file is written like a runbook: `edition 1`, then `runbook lib { … }`\n");
}

TEST(Imports, ACircleIsRefused) {
  const Files files{
      {"a.runbook", "edition 1\nimport \"b.runbook\" as b\nrunbook a {\n role x\n}\n"},
      {"b.runbook", "edition 1\nimport \"a.runbook\" as a\nrunbook b {\n role y\n}\n"}};
  EXPECT_EQ(
      found(Runbook().with("runbook shop {", "import \"a.runbook\" as a\nrunbook shop {"), files),
      "b.runbook:2:8 RB0561 this import goes in a circle: `a.runbook` imports `b.runbook` "
      "imports `a.runbook`\n"
      "  leave one of them out, or put what both need into a file of its own\n");
  EXPECT_EQ(
      found(Runbook().with("runbook shop {", "import \"t.runbook\" as t\nrunbook shop {"), {}),
      "t.runbook:2:8 RB0561 this import goes in a circle: `t.runbook` imports `t.runbook`\n"
      "  leave one of them out, or put what both need into a file of its own\n");
}

// Whatever the files hold, there is an answer, and a text only when nothing was found.
TEST(ImportsProperty, NoTextBreaksIt) {
  const std::string text = importing();
  std::mt19937 random(5);
  const auto changed = [&](std::string any) {
    for (std::uint32_t i = 0; i <= random() % 4; ++i) {
      any[random() % any.size()] = "{}()\n#\",:. im"[random() % 14];
    }
    return any;
  };
  for (int round = 0; round < 1500; ++round) {
    const Imported imported =
        inlined(random() % 2 == 0 ? changed(text) : text, {{"lib.runbook", changed(kLibrary)}});
    if (!imported.diagnostics.empty()) {
      EXPECT_EQ(imported.text.text(), "");
      continue;
    }
    const std::string& whole = imported.text.text();
    for (const auto& each : Compiler().compile("t.runbook", whole, {}).diagnostics) {
      const runtime::Diagnostic place = imported.text.original(each);
      EXPECT_TRUE(place.file == "t.runbook" || place.file == "lib.runbook") << place.file;
      EXPECT_GE(place.span.line, 1u);
    }
  }
}

// Cut off anywhere: no look beyond the last token.
TEST(ImportsProperty, AnyPartOfALibraryHasAnAnswer) {
  const std::string library = kLibrary;
  for (std::size_t size = 0; size <= library.size(); ++size) {
    inlined(importing(), {{"lib.runbook", library.substr(0, size)}});
    inlined(importing().text().substr(0, size), {{"lib.runbook", library}});
  }
}

TEST(Imports, PathsAreTakenFromTheFileThatNamesThem) {
  const Runbook runbook = importing().with("\"lib.runbook\"", "\"../shared/lib.runbook\"");
  EXPECT_EQ(found(runbook, {{"plans/shared/lib.runbook", kLibrary}}, "plans/shop/t.runbook"), "");
}

TEST(Imports, OneThatNothingIsTakenOfIsWarnedOf) {
  const Files files = {{"common.runbook", kLibrary},
                       {"other.runbook",
                        "edition 1\nimport \"common.runbook\" as common\n"
                        "runbook other {\n  role dba\n}\n"}};
  const auto warnings = [&](const std::string& text) {
    std::string lines;
    for (const runtime::Diagnostic& each : inlined(text, files).warnings) {
      EXPECT_EQ(each.severity, runtime::Severity::warning);
      lines += each.file + ":" + std::to_string(each.span.line) + ":" +
               std::to_string(each.span.column) + " " + each.code + " " + each.message + "\n";
    }
    return lines;
  };
  const auto with = [](const std::string& imports, const std::string& using_) {
    std::string text = Runbook();
    text.insert(text.find("runbook shop"), imports);
    return text.replace(text.find("stage second {"), 14, "stage second" + using_ + " {");
  };
  EXPECT_EQ(warnings(with("import \"common.runbook\" as common\n", " using common.reviewed")), "");
  EXPECT_EQ(warnings(with("import \"common.runbook\" as common\n", "")),
            "t.runbook:2:28 RB0619 nothing of import `common` is used\n");
  // A library that names what it does not use, too; an import that cannot be read is an error
  // alone.
  EXPECT_EQ(warnings(with("import \"other.runbook\" as other\n", "")),
            "t.runbook:2:27 RB0619 nothing of import `other` is used\n"
            "other.runbook:2:28 RB0619 nothing of import `common` is used\n");
  EXPECT_EQ(warnings(with("import \"gone.runbook\" as gone\n", "")), "");
}

TEST(Imports, AnAliasIsNoTargetsName) {
  const Files files = {{"common.runbook",
                        "edition 1\nrunbook common {\n  role sre\n"
                        "  template reviewed { confirm \"ok\" by sre }\n}\n"}};
  std::string text = Runbook();
  text.insert(text.find("runbook shop"), "import \"common.runbook\" as eu\n");
  text.replace(text.find("stage second {"), 14, "stage second using eu.reviewed {");
  EXPECT_EQ(inlined(text, files).diagnostics.size(), 0U);
  text.insert(text.find("  metric requests"), "  target eu where region = \"eu\"\n");
  const Imported imported = inlined(text, files);
  ASSERT_EQ(imported.diagnostics.size(), 1U);
  const runtime::Diagnostic& found = imported.diagnostics[0];
  EXPECT_EQ(found.code, "RB0322");
  EXPECT_EQ(found.severity, runtime::Severity::error);
  EXPECT_EQ(found.span.line, 2U);
  EXPECT_EQ(found.span.column, 28U);
  EXPECT_EQ(found.message, "a target is called `eu` too, in line 7: `eu.NAME` could be of either");
  EXPECT_EQ(found.help, "give the import another name");
}

}  // namespace
}  // namespace rollbook::dsl
