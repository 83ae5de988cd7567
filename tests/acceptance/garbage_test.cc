// A megabyte of garbage on both input topics: each message becomes a dead letter that says where it
// lay and why, and the rollout goes on as if nothing had come.

#include <csignal>
#include <random>

#include "adapters/wire/text.h"
#include "tests/acceptance/world.h"

namespace rollbook::tests {
namespace {

using testing::IsEmpty;
using testing::Not;

constexpr std::size_t kMessages = 128;
constexpr std::size_t kBytes = 8192;

constexpr const char* kQuick = R"(edition 1
runbook quick {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  metric requests = counter shop_requests_total
  metric errors   = counter shop_errors_total default 0
  guard {
    stop errors / requests > 5% over 10s at least 20 requests
    stop absent(requests) for 15s
    otherwise rollback automatic
  }
  stage half { traffic 50%
    hold 3s
    expect errors / requests < 5% over 2s
    within 1h otherwise rollback automatic }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)";

class Garbage : public WithKafka {
 protected:
  // Bytes of all kinds, JSON that breaks off, and JSON that means nothing here.
  std::string message(std::size_t i) {
    std::string text;
    if (i % 3 == 1) text = R"({"specversion":"1.0","id":"c","metric":"m","value":)";
    if (i % 3 == 2) text = R"({"answer":42,"of":"everything"})";
    if (i % 3 == 2) return text + std::string(kBytes - text.size(), ' ');
    while (text.size() < kBytes) text += static_cast<char>(random_() & 0xff);
    replace_all(text, "\n", "x");  // a line would be a message of its own
    return text;
  }
  std::mt19937 random_{20261123};
};

TEST_F(Garbage, BecomesDeadLettersAndHarmsNoRollout) {
  const World world = World::kafka(bootstrap());
  Outside outside(world);
  Child engine = world.engine("data");
  ASSERT_TRUE(engine.says("rollbook engine ready")) << engine.err();
  outside.serve("shop");
  outside.command("start", {{"rollout", "shop-1"}, {"runbook", kQuick}});
  ASSERT_TRUE(
      outside.until([&] { return !outside.events_of("shop-1", "effect_settled").empty(); }));
  std::map<std::string, std::multiset<std::string>> sent;  // by topic: the first 4 KiB in base64
  for (std::size_t i = 0; i < kMessages; ++i) {
    for (const std::string& topic : {world.topics().metrics, world.topics().commands}) {
      const std::string garbage = message(i);
      sent[topic].insert(adapters::base64(garbage.substr(0, 4096)));
      outside.send(topic, "", garbage);
    }
  }
  EXPECT_TRUE(outside.until([&] { return outside.letters().size() >= 2 * kMessages; }))
      << outside.letters().size() << " letters";
  EXPECT_TRUE(outside.until([&] { return outside.finished("shop-1") != ""; }));
  EXPECT_EQ(outside.finished("shop-1"), "succeeded");

  ASSERT_EQ(outside.letters().size(), 2 * kMessages);
  std::map<std::string, std::multiset<std::string>> came;
  std::set<std::string> places;
  for (const Seen& letter : outside.letters()) {
    const Json& json = letter.json;
    came[json["topic"]].insert(json["payload"].get<std::string>());
    places.insert(json["topic"].get<std::string>() + "/" + json["partition"].dump() + "/" +
                  json["offset"].dump());
    EXPECT_THAT(json["reason"].get<std::string>(), Not(IsEmpty()));
    EXPECT_EQ(json["size"].get<std::size_t>(), kBytes);
    EXPECT_TRUE(adapters::parse_time(json["time"].get<std::string>()).has_value());
  }
  EXPECT_EQ(came, sent);
  EXPECT_EQ(places.size(), 2 * kMessages);
  EXPECT_THAT(outside.contradictions(), IsEmpty());
  engine.signal(SIGTERM);
  EXPECT_EQ(engine.wait(), 0) << engine.err();
  EXPECT_EQ(world.run({"replay", world.data("data"), "--verify"}).exit, 0);
}

}  // namespace
}  // namespace rollbook::tests
