// What `rollbook lsp` knows about the thing under the cursor.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/lsp_client.h"
#include "tests/tools/lsp_sample.h"
#include "tools/lsp/text.h"

namespace rollbook::tests {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using tools::lsp::Text;

constexpr char kUri[] = "file:///tmp/shop.runbook";

class LspFeatures : public testing::Test {
 protected:
  LspFeatures() {
    client.initialize();
    client.open(kUri, text);
  }

  // Puts another text in place of the sample.
  void become(const std::string& other) {
    const Json all = {{"start", {{"line", 0}, {"character", 0}}},
                      {"end", {{"line", 1'000'000}, {"character", 0}}}};
    client.edit(kUri, all, other);
    text = other;
  }
  void exchange(const std::string& part, const std::string& with) {
    std::string other = text;
    other.replace(other.find(part), part.size(), with);
    become(other);
  }

  std::string hover(const std::string& part, std::size_t ahead = 0, std::size_t nth = 0) {
    const Json answer =
        client.result("textDocument/hover", about(kUri, place_of(text, part, ahead, nth)));
    return answer.is_null() ? "" : answer.at("contents").at("value").get<std::string>();
  }
  // Of the whole text: the line, counted from 0, and what would stand there.
  std::vector<std::string> hints() {
    const Json all =
        client.result("textDocument/inlayHint", {{"textDocument", {{"uri", kUri}}},
                                                 {"range",
                                                  {{"start", {{"line", 0}, {"character", 0}}},
                                                   {"end", {{"line", 99}, {"character", 0}}}}}});
    std::vector<std::string> found;
    for (const Json& one : all)
      found.push_back(one.at("position").at("line").dump() + " " +
                      one.at("label").get<std::string>());
    return found;
  }
  // Of a statement added at the end of a block that begins with `head`; `|` is the cursor.
  std::vector<std::string> completed(const std::string& head, std::string statement) {
    const std::size_t cursor = statement.find('|');
    statement.erase(cursor, 1);
    std::string other = kSample;
    const std::size_t at = other.find("\n", other.find(head)) + 1;
    other.insert(at, statement + "\n");
    become(other);
    const Json where = tools::lsp::to_json(Text(other).position(at + cursor));
    const Json answer = client.result("textDocument/completion", about(kUri, where));
    std::vector<std::string> all;
    if (answer.is_null()) return all;
    for (const Json& item : answer.at("items")) {
      EXPECT_EQ(item.at("textEdit").at("range").at("end"), where);
      all.push_back(item.at("textEdit").at("newText"));
    }
    return all;
  }
  // "line:character" of each range.
  static std::vector<std::string> starts(const Json& all) {
    std::vector<std::string> places;
    for (const Json& one : all)
      places.push_back(one.at("range").at("start").at("line").dump() + ":" +
                       one.at("range").at("start").at("character").dump());
    return places;
  }

  std::string text = kSample;
  LspClient client;
};

TEST_F(LspFeatures, HoverSaysWhatAMetricIs) {
  EXPECT_THAT(hover("latency", 1),
              AllOf(HasSubstr("metric latency  = histogram in ms shop_latency by layer"),
                    HasSubstr("`shop_latency`, a histogram"), HasSubstr("multiplied by 0.001"),
                    HasSubstr("Split by the label `version`"), HasSubstr("the canary's (`new`)"),
                    HasSubstr("Broken down by layer"), HasSubstr("Used in `guard`")));
  EXPECT_THAT(hover("errors / ", 1),
              AllOf(HasSubstr("`shop_errors_total{code=~\"5..\"}`"), HasSubstr("it counts as 0")));
}

TEST_F(LspFeatures, HoverSaysWhatACriterionMeansInASentence) {
  const std::string stop =
      "Stops when the canary's 99% quantile of `latency` is above **50ms**, over the last 5m, and "
      "has been for 5m without a break. Fewer than 20 requests in that window stop nothing. Then "
      "rollback `automatic`.";
  EXPECT_EQ(hover("stop p99", 1), stop);
  EXPECT_EQ(hover("over 5m for 5m at least", 1), stop);
  EXPECT_THAT(hover("absent(requests)", 1),
              HasSubstr("Stops when nothing is heard of the canary's `requests` for 3m."));
  EXPECT_THAT(hover("low: error_rate", 1),
              HasSubstr("Passes when the canary's ratio of `errors` to `requests` is below "
                        "**0.5%**, over the last 5m."));
}

TEST_F(LspFeatures, HoverSaysWhatAStageDoesWithItsTemplatePutIn) {
  EXPECT_EQ(hover("stage first", 7),
            "```rollbook\nstage first using careful \n```\n\n"
            "Stage 1 of 2:\n\n"
            "- traffic 5%\n"
            "- hold 2h of watched time, at most 28h in all\n"
            "- run suite(phase: one, share: 10%)\n"
            "- review, within 24h:\n"
            "  - `error_rate < 0.5% over 5m`\n"
            "  - \"🚀 ready?\" by lead\n"
            "- otherwise decide `verdict`\n");
}

TEST_F(LspFeatures, HoverSaysWhoAndWhatIsBehindANameOfThem) {
  EXPECT_THAT(hover("by lead", 4),
              AllOf(HasSubstr("confirms \"🚀 ready?\" in `first`"), HasSubstr("decides `verdict`")));
  EXPECT_THAT(hover("oncall", 1), AllOf(HasSubstr("pagerduty"), HasSubstr("`decide verdict`"),
                                        HasSubstr("`rollback automatic`")));
  EXPECT_THAT(hover("suite", 1), HasSubstr("Used in `stage first`"));
  EXPECT_THAT(hover("careful", 1), HasSubstr("Put into `stage first`, `stage second`"));
  EXPECT_THAT(hover("otherwise decide verdict", 18),
              AllOf(HasSubstr("Decided by all of lead, ops, within 24h"), HasSubstr("`go` Go on")));
  EXPECT_THAT(hover("otherwise rollback automatic", 20), HasSubstr("ramp to 0% over 10m every 1m"));
  EXPECT_THAT(hover("hold 1h", 1), HasSubstr("watched time"));
  EXPECT_EQ(hover("🚀 the shop"), "");
  EXPECT_EQ(hover("Rolled back: {cause}", 2), "");
}

TEST_F(LspFeatures, HoverStillShowsDeclarationsOfATextWithErrors) {
  exchange("hold 2h", "hold");
  EXPECT_THAT(hover("latency", 1), AllOf(HasSubstr("histogram in ms"), HasSubstr("Used in")));
  EXPECT_THAT(hover("stage first", 7), HasSubstr("stage first using careful"));
}

TEST_F(LspFeatures, CompletionOffersWhatMayStandThere) {
  EXPECT_THAT(completed("stage first", "|"),
              AllOf(Contains("traffic"), Contains("expect"), Not(Contains("metric"))));
  EXPECT_THAT(completed("stage first", "no|"), Contains("notify"));
  EXPECT_THAT(completed("service", "|"), AllOf(Contains("stage"), Not(Contains("hold"))));
  EXPECT_THAT(completed("guard {", "stop |"), AllOf(Contains("error_rate"), Contains("p99("),
                                                    Contains("absent("), Contains("canary.")));
  EXPECT_THAT(completed("guard {", "stop canary.|"),
              AllOf(Contains("error_rate"), Contains("p99("), Not(Contains("canary.")),
                    Not(Contains("absent("))));
  EXPECT_THAT(completed("guard {", "stop p99(|"),
              AllOf(Contains("latency"), Not(Contains("p99("))));
  EXPECT_THAT(completed("stage first", "page |"), ElementsAre("oncall"));
  EXPECT_THAT(completed("stage first", "confirm \"x\" by l|"),
              AllOf(Contains("lead"), Contains("all")));
  EXPECT_THAT(completed("stage first", "within 2h otherwise |"),
              ElementsAre("decide", "rollback", "halt", "end"));
  EXPECT_THAT(completed("stage first", "otherwise rollback |"), ElementsAre("automatic"));
  EXPECT_THAT(completed("stage first", "run suite(phase: \"x\", |"), ElementsAre("share: "));
  EXPECT_THAT(completed("stage first", "open incident(severity: |"), Contains("critical"));
  EXPECT_THAT(completed("stage first", "report |"), Contains("final"));
}

TEST_F(LspFeatures, CompletionOffersUnitsAndPlaceholders) {
  EXPECT_THAT(completed("stage second", "run suite(phase: \"x\", share: 1%) within 26h30|"),
              AllOf(Contains("26h30m"), Not(Contains("26h30%"))));
  EXPECT_THAT(completed("stage second", "ramp traffic to 5|"), ElementsAre("5%"));
  EXPECT_THAT(completed("stage second", "hold 2|"), Contains("2h"));
  EXPECT_THAT(completed("stage second", "page oncall \"at {|"), Contains("stage}"));
  EXPECT_THAT(completed("stage second", "page oncall \"at {st|}\""), Contains("stage"));
  EXPECT_THAT(completed("stage second", "page oncall \"at |"), IsEmpty());
  EXPECT_THAT(completed("stage second", "# |"), IsEmpty());
}

TEST_F(LspFeatures, FindsDeclarationsAndUses) {
  const Json use = about(kUri, place_of(text, "p99(latency)", 5));
  const Json declared = client.result("textDocument/definition", use);
  EXPECT_EQ(declared.at("uri"), kUri);
  EXPECT_EQ(declared.at("range").at("start"), place_of(text, "latency"));
  Json asked = about(kUri, place_of(text, "by lead", 4));
  asked["context"] = {{"includeDeclaration", true}};
  EXPECT_THAT(starts(client.result("textDocument/references", asked)),
              ElementsAre("5:7", "24:27", "39:14"));
  asked["context"] = {{"includeDeclaration", false}};
  EXPECT_EQ(client.result("textDocument/references", asked).size(), 2U);
  EXPECT_EQ(client.result("textDocument/documentHighlight", use).size(), 2U);
  EXPECT_EQ(client.result("textDocument/definition", about(kUri, place_of(text, "hold"))), nullptr);
}

TEST_F(LspFeatures, RenamesEveryUse) {
  Json asked = about(kUri, place_of(text, "by lead", 4));
  const Json range = client.result("textDocument/prepareRename", asked);
  EXPECT_EQ(range.at("placeholder"), "lead");
  EXPECT_EQ(range.at("range").at("start"), place_of(text, "by lead", 3));
  asked["newName"] = "tech_lead";
  const Json edits = client.result("textDocument/rename", asked).at("changes").at(kUri);
  ASSERT_EQ(edits.size(), 3U);
  Text renamed(text);
  for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit)
    renamed.replace(tools::lsp::to_range(edit->at("range")),
                    edit->at("newText").get<std::string>());
  EXPECT_THAT(renamed.bytes(), AllOf(HasSubstr("role tech_lead, ops"), HasSubstr("by tech_lead\n"),
                                     HasSubstr("by all of tech_lead, ops")));
  become(renamed.bytes());
  EXPECT_EQ(client.found(kUri), Json::array());
}

TEST_F(LspFeatures, RefusesNamesThatWouldChangeTheRunbook) {
  const auto refusal = [&](const Json& place, const char* name) {
    Json asked = about(kUri, place);
    asked["newName"] = name;
    const Json answer = client.ask("textDocument/rename", asked);
    return answer.contains("error") ? answer.at("error").at("message").get<std::string>() : "";
  };
  const Json role = place_of(text, "by lead", 4);
  EXPECT_EQ(refusal(role, "ops"), "role `ops` is there already, in line 6");
  for (const char* name : {"", "9x", "a b", "a-b", "é", "x {", "\"x\"", "#"})
    EXPECT_EQ(refusal(role, name),
              "`" + std::string(name) + "` is no name: letters, digits and `_`, a letter first");
  EXPECT_EQ(refusal(place_of(text, "latency"), "gauge"), "`gauge` is a kind of metric, not a name");
  EXPECT_EQ(refusal(place_of(text, "stage first", 6), "guard"), "no stage can be called `guard`");
  EXPECT_EQ(refusal(place_of(text, "ask oncall", 4), "remind"),
            "`remind` would be read as a word of the language here");
  EXPECT_EQ(refusal(place_of(text, "hold"), "x"), "there is no name here that could be changed");
  EXPECT_EQ(refusal(role, "lead"), "");
}

TEST_F(LspFeatures, DrawsTheOutline) {
  const Json all =
      client.result("textDocument/documentSymbol", {{"textDocument", {{"uri", kUri}}}});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].at("name"), "shop_canary");
  std::vector<std::string> inside;
  for (const Json& one : all[0].at("children"))
    inside.push_back(one.at("detail").get<std::string>() + " " + one.at("name").get<std::string>());
  EXPECT_THAT(inside, ElementsAre("role lead, ops", "metric requests", "metric errors",
                                  "metric latency", "metric error_rate", "channel oncall",
                                  "action suite", "guard guard", "template careful", "stage first",
                                  "stage second", "decide verdict", "rollback automatic"));
}

TEST_F(LspFeatures, ShowsTheDefaultsThatAreLeftOut) {
  EXPECT_THAT(hints(), ElementsAre("16 at least 100 requests", "25 within 24h", "29 within 5m",
                                   "30 at most 28h", "31 within 5m", "34 within 5m", "48 within 5m",
                                   "49 every 1m"));
  const Json some = client.result(
      "textDocument/inlayHint",
      {{"textDocument", {{"uri", kUri}}},
       {"range",
        {{"start", {{"line", 30}, {"character", 0}}}, {"end", {{"line", 30}, {"character", 9}}}}}});
  ASSERT_EQ(some.size(), 1U);
  EXPECT_EQ(some[0].at("position"), place_of(text, "hold 2h", 7));
}

TEST_F(LspFeatures, SaysOfRatiosAndQuantilesAloneHowManyRequestsTheyNeed) {
  exchange("  guard {\n",
           "  metric queue = gauge max queue_length\n"
           "  guard {\n"
           "    stop queue > 1000 over 5m\n"
           "    stop p99(latency) > 50ms over 5m\n"
           "    stop rate(errors) > 5/s over 5m\n"
           "    stop errors / requests > 5% over 5m\n");
  EXPECT_EQ(client.found(kUri), Json::array());
  std::vector<std::string> lines;
  for (const std::string& hint : hints())
    if (hint.ends_with(" requests")) lines.push_back(hint);
  EXPECT_THAT(lines, ElementsAre("18 at least 100 requests", "20 at least 100 requests",
                                 "21 at least 100 requests"));
}

TEST_F(LspFeatures, OffersTheFixThatIsCertain) {
  exchange("by lead", "by leed");
  const Json place = place_of(text, "leed", 2);
  const Json asked = {{"textDocument", {{"uri", kUri}}},
                      {"range", {{"start", place}, {"end", place}}},
                      {"context", {{"diagnostics", Json::array()}}}};
  const Json actions = client.result("textDocument/codeAction", asked);
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(actions[0].at("title"), "change `leed` to `lead`");
  EXPECT_EQ(actions[0].at("kind"), "quickfix");
  EXPECT_EQ(actions[0].at("diagnostics")[0].at("code"), "RB0302");
  const Json edits = actions[0].at("edit").at("changes").at(kUri);
  ASSERT_EQ(edits.size(), 1U);
  EXPECT_EQ(edits[0].at("newText"), "lead");
  EXPECT_EQ(edits[0].at("range").at("start"), place_of(text, "leed"));
  // Nothing is wrong elsewhere.
  const Json other = {
      {"textDocument", {{"uri", kUri}}},
      {"range",
       {{"start", place_of(text, "stage second")}, {"end", place_of(text, "stage second")}}},
      {"context", {{"diagnostics", Json::array()}}}};
  EXPECT_EQ(client.result("textDocument/codeAction", other), Json::array());
}

TEST_F(LspFeatures, OffersNoFixThatIsAGuess) {
  // `erors` is meant for `errors` or `error_rate`: the former is nearer, and no counter may stand
  // there.
  exchange("stop error_rate", "stop erors");
  const Json place = place_of(text, "erors", 2);
  const Json asked = {{"textDocument", {{"uri", kUri}}},
                      {"range", {{"start", place}, {"end", place}}},
                      {"context", {{"diagnostics", Json::array()}}}};
  EXPECT_EQ(client.result("textDocument/codeAction", asked), Json::array());
}

TEST_F(LspFeatures, LaysTheDocumentOut) {
  LspClient fresh;
  const Json can = fresh.result("initialize", {{"capabilities", Json::object()}});
  if (!can.at("capabilities").at("documentFormattingProvider").get<bool>())
    GTEST_SKIP() << "this build cannot lay a runbook out";
  const Json asked = {{"textDocument", {{"uri", kUri}}},
                      {"options", {{"tabSize", 8}, {"insertSpaces", false}}}};
  EXPECT_EQ(client.result("textDocument/formatting", asked), Json::array());
  const std::string before = text;
  exchange("    hold 2h\n", "\thold   2h   \n");
  Text laid_out(text);
  for (const Json& edit : client.result("textDocument/formatting", asked))
    laid_out.replace(tools::lsp::to_range(edit.at("range")), edit.at("newText").get<std::string>());
  EXPECT_EQ(laid_out.bytes(), before);
}

TEST_F(LspFeatures, PutsALensAboveTheRunbook) {
  const Json lenses = client.result("textDocument/codeLens", {{"textDocument", {{"uri", kUri}}}});
  ASSERT_EQ(lenses.size(), 1U);
  EXPECT_EQ(lenses[0].at("command").at("arguments"),
            Json::parse(R"([["sandbox", "/tmp/shop.runbook", "--speed", "max"]])"));
}

TEST_F(LspFeatures, PutsNoLensAboveWhatWasNeverSaved) {
  client.open("untitled:Untitled-1", text);
  EXPECT_EQ(
      client.result("textDocument/codeLens", {{"textDocument", {{"uri", "untitled:Untitled-1"}}}}),
      Json::array());
}

}  // namespace
}  // namespace rollbook::tests
