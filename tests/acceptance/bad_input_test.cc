// What an engine is given that it cannot run on: each time one clear message and its exit code, and
// nothing that was there before is harmed.

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>

#include "tests/acceptance/world.h"
#include "tests/small_disk.h"

namespace rollbook::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// The end of an engine that refuses to run: its exit code and its last line.
Ran refused(Child engine) {
  Ran ran;
  ran.exit = engine.wait();
  ran.out = engine.out();
  ran.err = engine.err();
  return ran;
}

// A log with a rollout in mid-hold, whose engine has stopped.
void leave_a_log(const World& world) {
  Outside outside(world);
  Child engine = world.engine("data");
  ASSERT_TRUE(engine.says("rollbook engine ready")) << engine.err();
  outside.serve("shop");
  outside.command("start", {{"rollout", "shop-1"},
                            {"runbook", minimal_runbook("shop")},
                            {"actor", "maria"},
                            {"reason", "release 41"}});
  ASSERT_TRUE(
      outside.until([&] { return !outside.events_of("shop-1", "effect_settled").empty(); }));
  engine.signal(SIGTERM);
  ASSERT_EQ(engine.wait(), 0) << engine.err();
}

// ---- The bus ------------------------------------------------------------------------------------

TEST(BadInput, ABrokerThatIsNotThere) {
  const World world = World::files();
  const Ran ran =
      refused(Child({"engine", "--brokers", "127.0.0.1:1", "--data", world.data("data")}, {}));
  EXPECT_EQ(ran.exit, 6);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "rollbook: cannot reach 127.0.0.1:1: Connection refused; is it running?\n");
}

class BadInputOnKafka : public WithKafka {};

TEST_F(BadInputOnKafka, ATopicThatIsNotThere) {
  const Words here{"ROLLBOOK_KAFKA_BROKERS=" + bootstrap(),
                   "ROLLBOOK_TOPICS_EVENTS=nobody-made-it"};
  Words words = here;
  words.insert(words.end(), {"abort", "shop-1", "--yes"});
  const Ran ran = rollbook(words);
  EXPECT_EQ(ran.exit, 6);
  EXPECT_EQ(ran.err, "rollbook: topic `nobody-made-it` is not on " + bootstrap() +
                         "; make it there, or correct its name\n");
}

// ---- Configuration ------------------------------------------------------------------------------

TEST(BadInput, ATopicThatCanHaveNoSuchName) {
  const World world = World::files();
  const Ran ran = refused(world.engine("data", {"--metrics-topic", "no good name"}));
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.err,
            "rollbook: --metrics-topic: `metrics` is `no good name`, a topic has up to 249 of a-z, "
            "A-Z, 0-9, ., _ and -\n");
  EXPECT_FALSE(fs::exists(world.data("data")));
}

TEST(BadInput, AConfigurationWithAnUnknownKey) {
  const World world = World::files();
  const std::string file = world.directory().write("r.toml", "[store]\npaht = \"/var\"\n");
  const Ran ran = refused(world.engine("data", {"--config", file}));
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.err,
            "rollbook: " + file + ":2:8: unknown key `store.paht`, did you mean `store.path`?\n");
  EXPECT_FALSE(fs::exists(world.data("data")));
}

// ---- The log ------------------------------------------------------------------------------------

TEST(BadInput, ALogOfANewerFormatIsLeftAsItIs) {
  const World world = World::files();
  leave_a_log(world);
  std::ofstream(world.data("data") + "/FORMAT") << "rollbook log, format 9\n";
  const std::string message = "rollbook: the log in `" + world.data("data") +
                              "` has format 9, written by a newer rollbook; this one reads "
                              "formats up to 1\n";
  const Ran engine = refused(world.engine("data"));
  EXPECT_EQ(engine.exit, 1);
  EXPECT_EQ(engine.err, message);
  const Ran list = world.run({"list", "--data", world.data("data")});
  EXPECT_EQ(list.exit, 6);
  EXPECT_EQ(list.err, message);
  std::ofstream(world.data("data") + "/FORMAT") << "rollbook log, format 1\n";
  EXPECT_EQ(world.run({"replay", world.data("data"), "--verify"}).exit, 0);
}

// The file of the database that holds the text, and where.
std::pair<std::string, std::streamoff> find_in_database(const std::string& data,
                                                        const std::string& text) {
  for (const auto& entry : fs::directory_iterator(data + "/rocks")) {
    if (!entry.is_regular_file()) continue;
    const std::size_t at = read_text(entry.path()).find(text);
    if (at != std::string::npos) return {entry.path(), static_cast<std::streamoff>(at)};
  }
  return {};
}

TEST(BadInput, AByteOfTheLogThatWasFlipped) {
  const World world = World::files();
  leave_a_log(world);
  const auto [file, at] = find_in_database(world.data("data"), "release 41");
  ASSERT_NE(file, "");
  {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(at);
    stream.put('R');
  }
  const Ran engine = refused(world.engine("data"));
  EXPECT_EQ(engine.exit, 1);
  EXPECT_EQ(engine.out, "");
  const std::string message = "rollbook: the log in `" + world.data("data") +
                              "` is damaged: Corruption: checksum mismatch; restore a backup\n";
  EXPECT_EQ(engine.err, message);
  const Ran replay = world.run({"replay", world.data("data"), "--verify"});
  EXPECT_EQ(replay.exit, 6);
  EXPECT_EQ(replay.err, message);
}

// An emptied directory on topics that hold all that was ever said.
void expect_nothing_begins_again(const World& world) {
  leave_a_log(world);
  fs::remove_all(world.data("data"));
  Outside outside(world);
  Child engine = world.engine("data");
  ASSERT_TRUE(engine.says("rollbook engine ready: 0 active rollouts")) << engine.err();
  outside.command("start", {{"rollout", "cart-1"}, {"runbook", minimal_runbook("cart")}});
  ASSERT_TRUE(
      outside.until([&] { return !outside.events_of("cart-1", "effect_settled").empty(); }));
  engine.signal(SIGTERM);
  EXPECT_EQ(engine.wait(), 0) << engine.err();
  outside.run_for(300ms);  // what it sent on its way out
  // Of the old rollout there is what the topics held before, and no more.
  EXPECT_EQ(outside.events_of("shop-1", "rollout_started").size(), 1U);
  const auto shifts =
      std::count_if(outside.effects().begin(), outside.effects().end(),
                    [](const Seen& effect) { return effect.json["subject"] == "shop-1"; });
  EXPECT_EQ(shifts, 1);
  EXPECT_THAT(outside.contradictions(), IsEmpty());
  const Ran list = world.run({"list", "--data", world.data("data")});
  EXPECT_THAT(list.out, HasSubstr("cart-1"));
  EXPECT_THAT(list.out, testing::Not(HasSubstr("shop-1")));
}

TEST(BadInput, AnEmptiedDirectoryOnTopicsFullOfOldCommands) {
  expect_nothing_begins_again(World::files());
}
TEST_F(BadInputOnKafka, AnEmptiedDirectoryOnTopicsFullOfOldCommands) {
  expect_nothing_begins_again(World::kafka(bootstrap()));
}

// ---- The disk -----------------------------------------------------------------------------------

TEST(BadInput, ADiskThatFillsUpEndsTheEngineAndLosesNothing) {
  const World world = World::files();
  const SmallDisk disk(world.directory().file("disk"), "48m");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs needs root";
  Outside outside(world);
  Child engine = world.engine("disk/data");
  ASSERT_TRUE(engine.says("rollbook engine ready")) << engine.err();
  // Each start keeps its text, which a long comment makes large; of letters in no order, so that
  // nothing is won by packing them.
  std::mt19937 random(1);
  std::string comment = "\n# ";
  while (comment.size() < 800 << 10) comment += static_cast<char>('a' + random() % 26);
  for (int i = 0; engine.running() && i < 100; ++i) {
    const std::string service = "s" + std::to_string(i);
    const std::string id = outside.command(
        "start", {{"rollout", service}, {"runbook", minimal_runbook(service) + comment + "\n"}});
    ASSERT_TRUE(outside.until([&] { return !engine.running() || outside.answers().contains(id); }));
  }
  EXPECT_EQ(engine.wait(), 1);
  EXPECT_THAT(engine.err(), HasSubstr("no space left on the disk"));
  const Ran again = refused(world.engine("disk/data"));
  EXPECT_EQ(again.exit, 1);
  EXPECT_THAT(again.err, HasSubstr("the log needs 16 MiB"));

  // On a disk with room it goes on; what was answered is there, what was not is answered now.
  fs::copy(disk.path() + "/data", world.data("roomy"), fs::copy_options::recursive);
  Child roomy = world.engine("roomy");
  ASSERT_TRUE(roomy.says("rollbook engine ready")) << roomy.err();
  EXPECT_TRUE(outside.until([&] { return outside.answers().size() >= outside.commands().size(); }));
  roomy.signal(SIGTERM);
  EXPECT_EQ(roomy.wait(), 0) << roomy.err();
  outside.run_for(300ms);
  for (const auto& [id, payload] : outside.commands()) {
    EXPECT_EQ(outside.answers().count(id), 1U) << payload.substr(0, 200);
  }
  EXPECT_THAT(outside.contradictions(), IsEmpty());
  EXPECT_EQ(world.run({"replay", world.data("roomy"), "--verify"}).exit, 0);
}

// ---- Commands -----------------------------------------------------------------------------------

TEST(BadInput, ACommandWithAWrongTypeInAnyFieldIsRejectedByName) {
  const World world = World::files();
  Outside outside(world);
  Child engine = world.engine("data");
  ASSERT_TRUE(engine.says("rollbook engine ready")) << engine.err();
  outside.serve("shop");
  outside.command("start", {{"rollout", "shop-1"}, {"runbook", minimal_runbook("shop")}});
  ASSERT_TRUE(
      outside.until([&] { return !outside.events_of("shop-1", "effect_settled").empty(); }));
  const std::map<std::string, Json> right{
      {"start",
       {{"runbook", "edition 1"},
        {"params", Json::object()},
        {"version", "v1"},
        {"digest", std::string(64, 'a')},
        {"weight", 0.05},
        {"file", "x.runbook"}}},
      {"confirm", {{"item", "Fine"}, {"role", "dev"}, {"answer", "yes"}, {"question", 1}}},
      {"decide", {{"option", "next"}, {"role", "dev"}, {"question", 1}}},
      {"pause", {{"for", "1h"}}},
      {"resume", Json::object()},
      {"promote", Json::object()},
      {"extend", {{"by", "1h"}}},
      {"abort", Json::object()},
      {"rollback", {{"how", "gradual"}, {"to", 0.0}, {"over", "5m"}, {"target", "x"}}},
      {"settle", {{"effect", "shop-1/1/00000000"}, {"outcome", "failed"}, {"detail", "no"}}},
  };
  std::map<std::string, std::string> wrong;  // the field, by command
  for (const auto& [verb, fields] : right) {
    Json whole = fields;
    whole["rollout"] = "shop-1";
    whole["actor"] = "maria";
    whole["reason"] = "why";
    for (const auto& [field, value] : whole.items()) {
      Json broken = whole;
      broken[field] = Json::array({true});  // right nowhere
      wrong[outside.command(verb, broken)] = field;
    }
  }
  ASSERT_TRUE(outside.until([&] {
    return outside.answers().size() + outside.letters().size() >= outside.commands().size();
  }));
  EXPECT_THAT(outside.letters(), IsEmpty());
  for (const auto& [id, field] : wrong) {
    ASSERT_EQ(outside.answers().count(id), 1U) << outside.commands().at(id);
    const Json& answer = outside.answers().find(id)->second;
    EXPECT_EQ(answer["type"], "rejected") << outside.commands().at(id);
    EXPECT_EQ(answer["reason"], "invalid") << answer.dump();
    EXPECT_THAT(answer["detail"].get<std::string>(), StartsWith("`" + field + "` is ")) << answer;
  }
  EXPECT_THAT(outside.events_of("shop-1", "paused"), IsEmpty());
  EXPECT_EQ(outside.finished("shop-1"), "");
  engine.signal(SIGTERM);
  EXPECT_EQ(engine.wait(), 0) << engine.err();
}

}  // namespace
}  // namespace rollbook::tests
