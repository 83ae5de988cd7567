// `rollbook lsp` across files: what imports lend, and the names that a scenario takes of its
// runbook.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/tools/lsp_client.h"
#include "tests/tools/lsp_sample.h"
#include "tests/tools/program.h"
#include "tools/lsp/document.h"
#include "tools/lsp/text.h"

namespace rollbook::tests {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;
using tools::lsp::Text;

constexpr char kCommon[] = R"(edition 1
runbook common {
  role owner
  channel oncall = pagerduty("shop")
  action drain(share: ratio)
  template careful {
    confirm "No complaints" by owner
    within 2h otherwise rollback softly
  }
  rollback softly {
    ramp traffic to 0% over 30m
    page oncall "Back"
  }
}
)";

constexpr char kShop[] = R"(edition 1
import "common.runbook" as common

runbook shop_canary {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  role lead
  metric requests = counter shop_requests_total
  metric errors   = counter shop_errors_total default 0
  guard {
    stop errors / requests > 5% over 10m
    stop absent(requests) for 3m
    otherwise rollback automatic
  }
  stage half using common.careful {
    traffic 50%
    hold 1h
    run common.drain(share: 10%)
    expect low: errors / requests < 1% over 5m
    decide verdict
  }
  decide verdict {
    by lead
    ask common.oncall
    within 1h otherwise rollback automatic
    option go "Go on" next
  }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)";

constexpr char kScenario[] = R"(scenario "a good day" for "shop.runbook" {
  series healthy at 100/s
  at every question answer yes
  at question verdict answer go as lead
  at stage half + 10m expect state half.hold
  expect verdict half.low pass
  expect effect run drain
  expect outcome succeeded
}
)";

class LspFiles : public testing::Test {
 protected:
  LspFiles() {
    common = uri("common.runbook");
    shop = uri("shop.runbook");
    scenario = uri("shop.scenario");
    directory.write("common.runbook", kCommon);  // on disk alone
    client.initialize();
    client.open(shop, kShop);
    client.open(scenario, kScenario);
  }

  std::string uri(const std::string& name) const {
    return tools::lsp::uri_of_path(directory.file(name));
  }
  // Where the definition is, as "file:line:character".
  std::string defined(const std::string& in, const std::string& text, const std::string& part,
                      std::size_t ahead = 0) {
    const Json answer =
        client.result("textDocument/definition", about(in, place_of(text, part, ahead)));
    return answer.is_null() ? "" : place(answer);
  }
  static std::string place(const Json& location) {
    const std::string at = location.at("uri");
    const Json& start = location.at("range").at("start");
    return at.substr(at.rfind('/') + 1) + ":" + start.at("line").dump() + ":" +
           start.at("character").dump();
  }
  static std::string at(const std::string& file, const std::string& text, const std::string& part,
                        std::size_t ahead = 0) {
    const Json where = place_of(text, part, ahead);
    return file + ":" + where.at("line").dump() + ":" + where.at("character").dump();
  }
  // With a statement put below the line of `head`; `|` is the cursor.
  std::vector<std::string> completed(const std::string& in, const std::string& text,
                                     const std::string& head, std::string statement) {
    const std::size_t cursor = statement.find('|');
    statement.erase(cursor, 1);
    std::string other = text;
    const std::size_t begin = other.find('\n', other.find(head)) + 1;
    other.insert(begin, statement + "\n");
    client.edit(in, whole(), other);
    const Json where = tools::lsp::to_json(Text(other).position(begin + cursor));
    const Json answer = client.result("textDocument/completion", about(in, where));
    client.edit(in, whole(), text);
    std::vector<std::string> all;
    if (answer.is_null()) return all;
    for (const Json& item : answer.at("items")) all.push_back(item.at("textEdit").at("newText"));
    return all;
  }
  static Json whole() {
    return {{"start", {{"line", 0}, {"character", 0}}},
            {"end", {{"line", 1'000'000}, {"character", 0}}}};
  }

  Directory directory;
  std::string common, shop, scenario;
  LspClient client;
};

TEST_F(LspFiles, ARunbookThatImportsIsCheckedWhole) {
  EXPECT_EQ(client.found(shop), Json::array());
  // A name that the library has not, a name unused, and a mistake in the library itself.
  std::string text = kShop;
  text.replace(text.find("common.careful"), 14, "common.carefull");
  client.edit(shop, whole(), text);
  Json found = client.found(shop);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].at("message").get<std::string>(),
              AllOf(HasSubstr("declares no `carefull`"), HasSubstr("did you mean `careful`?")));
  client.edit(shop, whole(), kShop);
  EXPECT_EQ(client.found(shop), Json::array());
  // Open, the library counts as it is in the editor; who takes of it is told.
  std::string broken = kCommon;
  broken.replace(broken.find("by owner"), 8, "by ownr ");
  client.open(common, broken);
  found = client.found(shop);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].at("message").get<std::string>(),
              HasSubstr("common.runbook:7: no role is called `ownr`"));
  EXPECT_EQ(found[0].at("range").at("start"), place_of(kShop, "\"common.runbook\""));
}

TEST_F(LspFiles, AnImportThatNothingIsTakenOfIsWarnedOf) {
  std::string text = kShop;
  text.insert(text.find("import"), "import \"common.runbook\" as spare\n");
  client.edit(shop, whole(), text);
  const Json found = client.found(shop);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].at("code"), "RB0619");
  EXPECT_EQ(found[0].at("severity"), 2);
}

TEST_F(LspFiles, FindsWhatAnotherFileDeclares) {
  EXPECT_EQ(defined(shop, kShop, "common.careful", 8), at("common.runbook", kCommon, "careful"));
  EXPECT_EQ(defined(shop, kShop, "common.drain", 9), at("common.runbook", kCommon, "drain"));
  EXPECT_EQ(defined(shop, kShop, "drain(share", 6), at("common.runbook", kCommon, "share"));
  EXPECT_EQ(defined(shop, kShop, "common.oncall", 8), at("common.runbook", kCommon, "oncall"));
  EXPECT_EQ(defined(shop, kShop, "common.careful", 2), at("shop.runbook", kShop, "as common", 3));
  EXPECT_EQ(defined(shop, kShop, "as common", 4), "common.runbook:0:0");
  EXPECT_EQ(defined(shop, kShop, "\"common.runbook\"", 3), "common.runbook:0:0");
  const Json hover =
      client.result("textDocument/hover", about(shop, place_of(kShop, "common.drain", 9)));
  EXPECT_THAT(
      hover.at("contents").at("value").get<std::string>(),
      AllOf(HasSubstr("action drain(share: ratio)"), HasSubstr("`common.runbook`, line 5")));
}

TEST_F(LspFiles, AScenarioFindsTheNamesOfItsRunbook) {
  EXPECT_EQ(defined(scenario, kScenario, "stage half", 7),
            at("shop.runbook", kShop, "stage half", 6));
  EXPECT_EQ(defined(scenario, kScenario, "state half.hold", 7),
            at("shop.runbook", kShop, "stage half", 6));
  EXPECT_EQ(defined(scenario, kScenario, "half.low", 6), at("shop.runbook", kShop, "low:"));
  EXPECT_EQ(defined(scenario, kScenario, "question verdict", 10),
            at("shop.runbook", kShop, "decide verdict {", 7));
  EXPECT_EQ(defined(scenario, kScenario, "answer go", 8),
            at("shop.runbook", kShop, "option go", 7));
  EXPECT_EQ(defined(scenario, kScenario, "as lead", 4), at("shop.runbook", kShop, "role lead", 5));
  EXPECT_EQ(defined(scenario, kScenario, "\"shop.runbook\"", 2), "shop.runbook:0:0");
}

// ---- Findings of a scenario
// ----------------------------------------------------------------------

// "RB0713 4:40 no state …": code, place and the first line of each.
std::vector<std::string> told(const Json& found) {
  std::vector<std::string> all;
  for (const Json& one : found) {
    const Json& start = one.at("range").at("start");
    std::string message = one.at("message");
    all.push_back(one.at("code").get<std::string>() + " " + start.at("line").dump() + ":" +
                  start.at("character").dump() + " " + message.substr(0, message.find('\n')));
  }
  return all;
}

TEST_F(LspFiles, AScenarioIsToldWhatItsRunbookDoesNotKnow) {
  EXPECT_EQ(client.found(scenario), Json::array());
  std::string text = kScenario;
  const auto put = [&](const std::string& part, const std::string& with) {
    text.replace(text.find(part), part.size(), with);
  };
  put("state half.hold", "state haf.hold");
  put("answer go as lead", "answer stay as lead");
  put("half.low pass", "half.lowe pass");
  put("effect run drain", "effect run drian");
  put("  at every", "  series shop_request_total{version=\"new\"} 5/s\n  at every");
  client.edit(scenario, whole(), text);
  const auto found = told(client.found(scenario));
  // The very words and places of `rollbook test`, in whatever order.
  directory.write("shop.runbook", kShop);
  directory.write("shop.scenario", text);
  const Ran ran = rollbook({"test", directory.file("shop.scenario"), "-o", "json"});
  const Json report = Json::parse(ran.out);
  std::vector<std::string> expected;
  for (const Json& one : report.at("diagnostics")) {
    expected.push_back(one.at("code").get<std::string>() + " " +
                       std::to_string(one.at("line").get<int>() - 1) + ":" +
                       std::to_string(one.at("column").get<int>() - 1) + " " +
                       one.at("message").get<std::string>());
  }
  EXPECT_EQ(expected.size(), 5U) << ran.out;
  EXPECT_THAT(found, testing::UnorderedElementsAreArray(expected));
  EXPECT_THAT(found, Contains(HasSubstr("RB0713")));
  client.edit(scenario, whole(), kScenario);
  EXPECT_EQ(client.found(scenario), Json::array());
}

TEST_F(LspFiles, AScenarioIsCheckedAnewWhenItsRunbookChanges) {
  EXPECT_EQ(client.found(scenario), Json::array());
  std::string text = kShop;
  text.replace(text.find("stage half"), 10, "stage full");
  client.edit(shop, whole(), text);
  EXPECT_THAT(told(client.found(scenario)), Contains(HasSubstr("RB0716")));
  // One with errors knows no names: that is said once a scenario, where the runbook is named.
  text.replace(text.find("by lead"), 7, "by laed");
  client.edit(shop, whole(), text);
  auto found = told(client.found(scenario));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0], AllOf(HasSubstr("RB0710"), HasSubstr("the runbook has errors: "),
                              HasSubstr("no role is called `laed`")));
  client.edit(shop, whole(), kShop);
  EXPECT_EQ(client.found(scenario), Json::array());
}

TEST_F(LspFiles, AScenarioWithoutARunbookWaitsForIt) {
  std::string text = kScenario;
  text.replace(text.find("shop.runbook"), 12, "shap.runbook");
  client.edit(scenario, whole(), text);
  const auto found = told(client.found(scenario));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0], AllOf(HasSubstr("RB0710"), HasSubstr("no runbook `shap.runbook` in "),
                              HasSubstr("did you mean `shop.runbook`?")));
  client.open(uri("shap.runbook"), kShop);
  EXPECT_EQ(client.found(scenario), Json::array());
}

TEST_F(LspFiles, AScenarioGivesItsRunbookTheParametersThatItSays) {
  std::string book = kShop;
  book.replace(book.find("  role lead"), 11,
               "  param share: ratio = 50% from 10% to 60%\n  role lead");
  book.replace(book.find("traffic 50%\n    hold"), 20, "traffic share\n    hold");
  std::string text = kScenario;
  text.replace(text.find("  series healthy"), 16, "  given param share = 70%\n  series healthy");
  client.edit(shop, whole(), book);
  client.edit(scenario, whole(), text);
  EXPECT_THAT(told(client.found(scenario)), ElementsAre(HasSubstr("RB0710")));
}

TEST_F(LspFiles, UsesAreFoundInEveryFile) {
  Json asked = about(shop, place_of(kShop, "common.careful", 8));
  asked["context"] = {{"includeDeclaration", true}};
  std::vector<std::string> places;
  for (const Json& one : client.result("textDocument/references", asked)) {
    places.push_back(place(one));
  }
  EXPECT_THAT(places, ElementsAre(at("common.runbook", kCommon, "careful"),
                                  at("shop.runbook", kShop, "careful")));
  asked = about(shop, place_of(kShop, "stage half", 6));
  asked["context"] = {{"includeDeclaration", false}};
  EXPECT_EQ(client.result("textDocument/references", asked).size(), 3U);  // all in the scenario
}

TEST_F(LspFiles, RenamesInEveryFile) {
  Json asked = about(shop, place_of(kShop, "common.careful", 8));
  EXPECT_EQ(client.result("textDocument/prepareRename", asked).at("placeholder"), "careful");
  asked["newName"] = "patient";
  const Json changes = client.result("textDocument/rename", asked).at("changes");
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes.at(common).size(), 1U);
  EXPECT_EQ(changes.at(shop).size(), 1U);
  // From the other side it is the same; and a scenario follows its runbook.
  client.open(common, kCommon);
  asked = about(common, place_of(kCommon, "careful"));
  asked["newName"] = "patient";
  EXPECT_EQ(client.result("textDocument/rename", asked).at("changes").size(), 2U);
  asked = about(scenario, place_of(kScenario, "answer go", 8));
  asked["newName"] = "proceed";
  const Json options = client.result("textDocument/rename", asked).at("changes");
  EXPECT_EQ(options.at(shop).size(), 1U);
  EXPECT_EQ(options.at(scenario).size(), 1U);
}

TEST_F(LspFiles, RefusesANameThatIsTakenWhereItIsDeclared) {
  Json asked = about(shop, place_of(kShop, "common.oncall", 8));
  asked["newName"] = "9lives";
  EXPECT_THAT(client.ask("textDocument/rename", asked).at("error").at("message").get<std::string>(),
              HasSubstr("is no name"));
  asked = about(shop, place_of(kShop, "half using"));
  asked["newName"] = "guard";
  EXPECT_THAT(client.ask("textDocument/rename", asked).at("error").at("message").get<std::string>(),
              HasSubstr("no stage can be called `guard`"));
}

TEST_F(LspFiles, CompletionOffersWhatAnImportLends) {
  EXPECT_THAT(completed(shop, kShop, "hold 1h", "run |"), ElementsAre("common."));
  EXPECT_THAT(completed(shop, kShop, "hold 1h", "run common.|"), ElementsAre("drain"));
  EXPECT_THAT(completed(shop, kShop, "hold 1h", "run common.dr|"), ElementsAre("drain"));
  EXPECT_THAT(completed(shop, kShop, "hold 1h", "page common.|"), ElementsAre("oncall"));
  EXPECT_THAT(completed(shop, kShop, "hold 1h", "no|"), Contains("notify"));
}

TEST_F(LspFiles, CompletionOffersTheWordsAndNamesOfAScenario) {
  const auto offered = [&](const char* statement) {
    return completed(scenario, kScenario, "scenario", statement);
  };
  EXPECT_THAT(offered("|"), AllOf(Contains("series"), Contains("given"), Contains("expect"),
                                  Not(Contains("stage"))));
  EXPECT_THAT(offered("at |"), ElementsAre("every", "question", "stage"));
  EXPECT_THAT(offered("at stage |"), ElementsAre("half"));
  EXPECT_THAT(offered("at 27h |"), AllOf(Contains("expect"), Contains("rollback")));
  EXPECT_THAT(offered("at stage half + 1h |"), Contains("pause"));
  EXPECT_THAT(offered("at 1h expect |"), AllOf(Contains("state"), Contains("halted")));
  EXPECT_THAT(offered("expect state |"), UnorderedElementsAre("half", "rollback.automatic"));
  EXPECT_THAT(offered("expect state rollback.|"), Contains("rollback.automatic"));
  EXPECT_THAT(offered("expect verdict |"),
              AllOf(Contains("half.low"), Contains("\"guard.stop[1]\"")));
  EXPECT_THAT(offered("expect verdict half.low |"), Contains("undecided"));
  EXPECT_THAT(offered("expect effect run |"), ElementsAre("drain"));
  EXPECT_THAT(offered("at question |"), AllOf(Contains("verdict"), Contains("\"No complaints\"")));
  EXPECT_THAT(offered("at question verdict answer |"), AllOf(Contains("yes"), Contains("go")));
  EXPECT_THAT(offered("at 1h decide |"), ElementsAre("go"));
  EXPECT_THAT(offered("at 1h confirm |"), ElementsAre("\"No complaints\""));
  EXPECT_THAT(offered("at 1h abort as |"), ElementsAre("lead"));
  EXPECT_THAT(offered("run |"), UnorderedElementsAre("fails", "hangs", "drain"));
  EXPECT_THAT(offered("series |"), AllOf(Contains("healthy"), Contains("shop_errors_total")));
  EXPECT_THAT(offered("# |"), IsEmpty());
}

}  // namespace
}  // namespace rollbook::tests
