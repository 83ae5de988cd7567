// `rollbook lsp` as an editor sees it: its life, its messages, findings that follow the text.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/tools/lsp_client.h"
#include "tests/tools/lsp_sample.h"
#include "tools/lsp/text.h"

namespace rollbook::tests {
namespace {

using testing::HasSubstr;
using tools::lsp::Range;
using tools::lsp::Text;

constexpr char kUri[] = "file:///tmp/shop.runbook";

int code_of(const Json& answer) { return answer.at("error").at("code").get<int>(); }

// An editor that has the sample open.
class Lsp : public testing::Test {
 protected:
  Lsp() {
    client.initialize();
    client.open(kUri, kSample);
  }
  LspClient client;
};

TEST(LspLife, SaysWhatItCanDoAndEndsInOrder) {
  LspClient client;
  EXPECT_EQ(code_of(client.ask("textDocument/hover", Json::object())), -32002);
  const Json answer = client.result("initialize", {{"capabilities", Json::object()}});
  const Json& can = answer.at("capabilities");
  EXPECT_EQ(can.at("positionEncoding"), "utf-16");
  EXPECT_EQ(can.at("textDocumentSync").at("change"), 2);
  for (const char* what : {"hoverProvider", "completionProvider", "definitionProvider",
                           "referencesProvider", "renameProvider", "documentSymbolProvider",
                           "codeActionProvider", "codeLensProvider", "inlayHintProvider"})
    EXPECT_TRUE(can.contains(what)) << what;
  EXPECT_EQ(code_of(client.ask("initialize", Json::object())), -32600);
  EXPECT_EQ(client.result("shutdown", nullptr), nullptr);
  EXPECT_EQ(code_of(client.ask("textDocument/hover", Json::object())), -32600);
  client.tell("exit", nullptr);
  EXPECT_EQ(client.wait(), 0);
}

TEST(LspLife, EndsWithAnErrorWhenTheEditorIsGone) {
  LspClient cut;
  cut.initialize();
  cut.close_input();
  EXPECT_EQ(cut.wait(), 1);
  LspClient rude;
  rude.initialize();
  rude.tell("exit", nullptr);
  EXPECT_EQ(rude.wait(), 1);
}

TEST_F(Lsp, AnswersWhatIsNoMessageWithAnErrorAndGoesOn) {
  struct Case {
    std::string bytes;
    int code;
  };
  using tools::lsp::frame;
  const Case cases[] = {
      {"Content-Length: no\r\n\r\n", -32600},
      {frame("{"), -32700},
      {frame(std::string(100'000, '[')), -32700},
      {frame("\xff\xfe"), -32700},
      {"no header at all\r\n\r\n", -32600},  // one error, until the next header is found
      {frame("[]"), -32600},
      {frame("17"), -32600},
      {frame("{\"id\":1}"), -32600},
      {frame("{\"id\":1,\"method\":5}"), -32600},
      {frame("{\"id\":1,\"method\":\"workspace/xyzzy\"}"), -32601},
      {frame("{\"id\":1,\"method\":\"textDocument/hover\"}"), -32602},
      {frame("{\"id\":1,\"method\":\"textDocument/hover\",\"params\":[1]}"), -32602},
      {frame("{\"id\":1,\"method\":\"textDocument/hover\",\"params\":{\"textDocument\":"
             "{\"uri\":\"file:///none\"}}}"),
       -32602},
      {frame("{\"id\":1,\"method\":\"textDocument/hover\",\"params\":{\"textDocument\":"
             "{\"uri\":\"file:///tmp/shop.runbook\"},\"position\":{\"line\":\"x\"}}}"),
       -32602},
  };
  for (const Case& one : cases) {
    client.write(one.bytes);
    EXPECT_EQ(code_of(client.next()), one.code) << one.bytes.substr(0, 80);
  }
  // An answer to nothing and an unknown notification are no errors.
  client.write_body("{\"id\":9,\"result\":null}");
  client.tell("$/cancelRequest", {{"id", 1}});
  client.tell("textDocument/didChange", {{"textDocument", 5}});
  EXPECT_EQ(client.next("window/logMessage").at("params").at("type"), 1);
  EXPECT_NE(client.result("textDocument/hover", about(kUri, place_of(kSample, "latency", 1))),
            nullptr);
}

TEST_F(Lsp, PublishesWhatTheCompilerFindsAtUtf16Columns) {
  EXPECT_EQ(client.found(kUri), Json::array());
  const Json by_lead = place_of(kSample, "by lead", 3);
  EXPECT_EQ(by_lead.at("character"), 27);  // the rocket counts two
  Json end = by_lead;
  end["character"] = by_lead.at("character").get<int>() + 4;
  client.edit(kUri, {{"start", by_lead}, {"end", end}}, "leed");
  const Json found = client.found(kUri);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].at("code"), "RB0302");
  EXPECT_EQ(found[0].at("severity"), 1);
  EXPECT_EQ(found[0].at("source"), "rollbook");
  EXPECT_EQ(found[0].at("message"), "no role is called `leed`\ndid you mean `lead`?");
  EXPECT_EQ(found[0].at("range").at("start"), by_lead);
  EXPECT_EQ(found[0].at("range").at("end"), end);
  client.edit(kUri, {{"start", by_lead}, {"end", end}}, "lead");
  EXPECT_EQ(client.found(kUri), Json::array());
}

TEST_F(Lsp, TakesSeveralChangesOfOneMessageInTheirOrder) {
  const Json start = {{"line", 0}, {"character", 0}};
  client.tell(
      "textDocument/didChange",
      {{"textDocument", {{"uri", kUri}, {"version", 2}}},
       {"contentChanges",
        Json::array({{{"text", "🚀x"}},
                     {{"range",
                       {{"start", {{"line", 0}, {"character", 2}}},
                        {"end", {{"line", 0}, {"character", 3}}}}},
                      {"text", ""}},
                     {{"range", {{"start", start}, {"end", {{"line", 0}, {"character", 2}}}}},
                      {"text", "edition 1\nrunbook only {\n}\n"}}})}});
  const Json symbols =
      client.result("textDocument/documentSymbol", {{"textDocument", {{"uri", kUri}}}});
  ASSERT_EQ(symbols.size(), 1U);
  EXPECT_EQ(symbols[0].at("name"), "only");
}

TEST_F(Lsp, CompilesABurstOnceAndPublishesItsEnd) {
  client.found(kUri);
  std::string burst;
  for (int version = 2; version <= 200; ++version)
    burst += tools::lsp::frame(Json{
        {"jsonrpc", "2.0"},
        {"method", "textDocument/didChange"},
        {"params",
         {{"textDocument", {{"uri", kUri}, {"version", version}}},
          {"contentChanges", Json::array({{{"text", version < 200 ? "nonsense" : kSample}}})}}}}
                                   .dump());
  client.write(burst);
  for (Json params;;) {
    params = client.next("textDocument/publishDiagnostics").at("params");
    if (params.at("version") < 200) continue;
    EXPECT_EQ(params.at("diagnostics"), Json::array());
    break;
  }
}

TEST_F(Lsp, ForgetsAClosedDocumentAndItsFindings) {
  client.edit(
      kUri, {{"start", {{"line", 0}, {"character", 0}}}, {"end", {{"line", 0}, {"character", 7}}}},
      "editoin");
  EXPECT_FALSE(client.found(kUri).empty());
  client.tell("textDocument/didClose", {{"textDocument", {{"uri", kUri}}}});
  EXPECT_EQ(client.next("textDocument/publishDiagnostics").at("params").at("diagnostics"),
            Json::array());
  EXPECT_EQ(code_of(client.ask("textDocument/hover", about(kUri, place_of(kSample, "latency")))),
            -32602);
}

TEST_F(Lsp, ReadsAScenarioWithoutItsRunbook) {
  const std::string uri = "file:///tmp/shop.scenario";
  client.open(uri, "scenario \"a 🚀 spike\" for \"gone.runbook\" {\n  at 2h expect state x\n}\n");
  const Json found = client.found(uri);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].at("code"), "RB0710");
  const Json lenses = client.result("textDocument/codeLens", {{"textDocument", {{"uri", uri}}}});
  ASSERT_EQ(lenses.size(), 1U);
  EXPECT_EQ(lenses[0].at("command").at("command"), "rollbook.run");
  EXPECT_EQ(lenses[0].at("command").at("arguments"),
            Json::parse(R"([["test", "/tmp/shop.scenario", "-k", "a 🚀 spike"]])"));
}

// What the server makes of the text it was edited to is what it makes of that text at once.
TEST_F(Lsp, RandomEditsLeaveTheTextThatTheEditorHas) {
  std::mt19937 random(11);
  const std::string pieces[] = {"🚀",       "é", "\n", "\r\n",        "\"", "{",  "}",
                                "hold 2h", " ", "#",  "stage x {\n", "€",  "5%", "\\"};
  Text mine(kSample);
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 5; ++i) {
      const std::size_t from = random() % (mine.bytes().size() + 1);
      const std::size_t to = std::min(from + random() % 12, mine.bytes().size());
      const Range range{mine.position(from), mine.position(to)};
      const std::string& piece = pieces[random() % std::size(pieces)];
      mine.replace(range, piece);
      client.edit(kUri, tools::lsp::to_json(range), piece);
    }
    const std::string fresh = "file:///tmp/fresh" + std::to_string(round) + ".runbook";
    const Json found = client.found(kUri);
    client.open(fresh, mine.bytes());
    ASSERT_EQ(found, client.found(fresh)) << mine.bytes();
    const auto symbols = [&](const std::string& uri) {
      return client.result("textDocument/documentSymbol", {{"textDocument", {{"uri", uri}}}});
    };
    ASSERT_EQ(symbols(kUri), symbols(fresh)) << mine.bytes();
    if (round % 20 == 19) {
      mine = Text(kSample);
      const Json all = {{"start", {{"line", 0}, {"character", 0}}},
                        {"end", {{"line", 1'000'000}, {"character", 0}}}};
      client.edit(kUri, all, kSample);
    }
  }
}

}  // namespace
}  // namespace rollbook::tests
