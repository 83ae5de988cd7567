// The server against messages that no editor sends: it answers each request once, and stays up.

#include <gtest/gtest.h>

#include <random>

#include "tests/tools/lsp_sample.h"
#include "tools/lsp/server.h"

namespace rollbook::tools::lsp {
namespace {

using tests::kSample;

constexpr char kUri[] = "file:///tmp/shop.runbook";

class Noise {
 public:
  explicit Noise(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t bound) { return random_() % bound; }

  Json value() {
    const Json values[] = {nullptr,
                           true,
                           -1,
                           0,
                           7,
                           1e300,
                           4'294'967'296,
                           "",
                           kUri,
                           "🚀",
                           "{}",
                           30,
                           Json::object(),
                           Json::array(),
                           Json::array({1, "x"})};
    return values[below(std::size(values))];
  }
  Json position() { return {{"line", below(60)}, {"character", below(90)}}; }
  Json range() { return {{"start", position()}, {"end", position()}}; }

  // A message as an editor sends it.
  Json message() {
    static constexpr const char* kMethods[] = {
        "hover",          "completion", "definition", "references", "documentHighlight",
        "prepareRename",  "rename",     "inlayHint",  "codeAction", "codeLens",
        "documentSymbol", "didChange",  "didOpen",    "didClose"};
    const std::string method = kMethods[below(std::size(kMethods))];
    Json params = {{"textDocument", {{"uri", kUri}, {"version", below(100)}, {"text", kSample}}},
                   {"position", position()},
                   {"range", range()},
                   {"context", {{"includeDeclaration", true}}},
                   {"newName", below(2) == 0 ? "other" : "stage"},
                   {"contentChanges",
                    Json::array({{{"range", range()}, {"text", below(2) == 0 ? "{ 🚀" : "}"}}})}};
    Json whole = {
        {"jsonrpc", "2.0"}, {"method", "textDocument/" + method}, {"params", std::move(params)}};
    if (!method.starts_with("did")) whole["id"] = ++id_;
    return whole;
  }

  // One field somewhere in it becomes something else, or goes.
  void spoil(Json& json) {
    if ((json.is_object() || json.is_array()) && !json.empty() && below(4) != 0) {
      auto child = json.begin();
      std::advance(child, static_cast<std::ptrdiff_t>(below(json.size())));
      if (json.is_object() && below(12) == 0) {
        json.erase(child);
      } else {
        spoil(*child);
      }
      return;
    }
    json = value();
  }

 private:
  std::mt19937 random_;
  int id_ = 0;
};

TEST(LspNoise, SpoiledMessagesAreAnsweredAndNothingBreaks) {
  std::size_t answers = 0;
  std::size_t results = 0;
  Server server([&](const Json& message) {
    EXPECT_EQ(message.at("jsonrpc"), "2.0");
    if (message.contains("id")) ++answers;
    if (message.contains("result")) ++results;
  });
  server.receive(R"({"id":0,"method":"initialize","params":{}})");
  ASSERT_EQ(answers, 1U);
  Noise noise(3);
  for (int round = 0; round < 6000; ++round) {
    if (round % 100 == 0)
      server.receive(
          Json{{"method", "textDocument/didOpen"},
               {"params", {{"textDocument", {{"uri", kUri}, {"version", 1}, {"text", kSample}}}}}}
              .dump());
    Json message = noise.message();
    if (noise.below(3) != 0) noise.spoil(message["params"]);
    if (noise.below(20) == 0) noise.spoil(message);
    const std::size_t before = answers;
    server.receive(message.dump());
    if (message.is_object() && message.contains("id")) {
      EXPECT_EQ(answers, before + 1) << message;
    }
    if (round % 50 == 0) server.settle();
  }
  EXPECT_GT(results, 1000U);
  EXPECT_FALSE(server.exited());
}

TEST(LspNoise, CutAndFlippedBytesAreAnsweredAndNothingBreaks) {
  std::size_t answers = 0;
  Server server([&](const Json&) { ++answers; });
  server.receive(R"({"id":0,"method":"initialize","params":{}})");
  Noise noise(5);
  for (int round = 0; round < 3000; ++round) {
    std::string body = noise.message().dump();
    if (noise.below(2) == 0) body.resize(noise.below(body.size()));
    for (std::size_t i = noise.below(4); i > 0 && !body.empty(); --i)
      body[noise.below(body.size())] = static_cast<char>(noise.below(256));
    server.receive(body);
    server.settle();
  }
  EXPECT_GT(answers, 1000U);
}

}  // namespace
}  // namespace rollbook::tools::lsp
