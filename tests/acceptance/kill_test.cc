// The engine is killed with -9 at random moments, while commands, points and settles flow, and
// started again on the same log. What it answered and sent is counted from outside: every command
// answered exactly once, every point counted once, no id with two bodies, every log clean.
// ROLLBOOK_KILL_CYCLES sets how often; each run prints its seed, ROLLBOOK_KILL_SEED repeats one.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "tests/acceptance/world.h"

namespace rollbook::tests {
namespace {

using testing::IsEmpty;

constexpr int kServices = 4;

constexpr const char* kRunbook = R"(edition 1
runbook NAME {
  service "NAME"
  arms by label "version": baseline "old", canary "new"
  role owner, lead
  metric requests = counter NAME_requests_total
  metric errors   = counter NAME_errors_total default 0
  guard {
    stop errors / requests > 5% over 10s at least 20 requests
    stop absent(requests) for 1h
    otherwise rollback automatic
  }
  stage one { traffic 5%
    hold 1s
    confirm "First" by owner
    within 1h otherwise rollback automatic }
  stage two { traffic 10%
    hold 1s }
  stage three { traffic 25%
    hold 1s
    confirm "Second" by all of owner, lead
    within 1h otherwise rollback automatic }
  stage four { traffic 50%
    hold 2s }
  rollback automatic { ramp traffic to 0% over 3s every 1s }
  finish traffic 50%
}
)";

int number_from(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::atoi(text);
}

// People and pipelines that never rest: each service always has a rollout, and every few
// milliseconds somebody says something about one.
class Crowd {
 public:
  Crowd(Outside& outside, std::mt19937& random) : outside_(outside), random_(random) {
    for (int i = 0; i < kServices; ++i) outside_.serve(service(i));
  }

  void act() {
    const int i = upto(kServices);
    std::string& rollout = rollouts_[i];
    if (rollout.empty() || outside_.finished(rollout) != "") {
      rollout = service(i) + "-" + std::to_string(++started_);
      std::string text = kRunbook;
      replace_all(text, "NAME", service(i));
      // The rollout before may have succeeded at 50 %; somebody shifted back by hand since.
      say("start", {{"rollout", rollout}, {"runbook", text}, {"weight", 0}});
      return;
    }
    const auto answer = [&](const char* item, const char* role) {
      say("confirm", {{"rollout", rollout}, {"item", item}, {"role", role}});
    };
    switch (upto(12)) {
      case 0:
        return say("pause", {{"rollout", rollout}, {"for", "300ms"}});
      case 1:
      case 2:
        return say("resume", {{"rollout", rollout}});
      case 3:
        return say("extend", {{"rollout", rollout}, {"by", "200ms"}});
      case 4:
        return say("promote", {{"rollout", rollout}});
      case 5:
      case 6:
        return answer("First", "owner");
      case 7:
        return answer("Second", "owner");
      case 8:
        return answer("Second", "lead");
      case 9:
        return say("pause", {{"rollout", "nobody-knows"}});
      case 10:
        if (upto(10) == 0) say("rollback", {{"rollout", rollout}, {"how", "immediate"}});
        return;
      default:  // an id that was sent before: it must act once
        if (!last_.empty()) outside_.send(topic(), rollout, last_);
    }
  }

  // Ends what runs, so that nothing is open.
  void end() {
    for (auto& [i, rollout] : rollouts_) {
      if (outside_.finished(rollout) == "") {
        say("rollback", {{"rollout", rollout}, {"how", "immediate"}});
      }
    }
  }
  bool ended() const {
    for (const auto& [i, rollout] : rollouts_) {
      if (outside_.finished(rollout) == "") return false;
    }
    return true;
  }
  int started() const { return started_; }

 private:
  static std::string service(int i) { return "s" + std::to_string(i); }
  const std::string& topic() const { return outside_.commands_topic(); }
  int upto(int count) { return static_cast<int>(random_() % static_cast<unsigned>(count)); }
  void say(const char* verb, Json data) {
    data["actor"] = "person-" + std::to_string(upto(1000000));
    last_ = outside_.commands().at(outside_.command(verb, data));
  }

  Outside& outside_;
  std::mt19937& random_;
  std::map<int, std::string> rollouts_;
  std::string last_;
  int started_ = 0;
};

std::set<std::string> started_in(const Outside& outside) {
  std::set<std::string> rollouts;
  for (const Seen& seen : outside.events()) {
    const Json& data = seen.json["data"];
    if (data["type"] == "rollout_started") rollouts.insert(data["rollout"]);
  }
  return rollouts;
}

void kill_again_and_again(const World& world, int cycles) {
  const auto seed = static_cast<unsigned>(
      number_from("ROLLBOOK_KILL_SEED", static_cast<int>(std::random_device{}() >> 1)));
  std::printf("seed %u, %d cycles\n", seed, cycles);
  std::mt19937 random(seed);
  Outside outside(world);
  Crowd crowd(outside, random);
  {
    // The first start of a directory begins at the end of its topics.
    Child engine = world.engine("data");
    ASSERT_TRUE(engine.says("rollbook engine ready")) << engine.err();
    engine.signal(SIGKILL);
    engine.wait();
  }
  const auto run_for = [&](std::chrono::milliseconds time) {
    const auto end = Wall::now() + time;
    auto next = Wall::now();
    outside.until([&] {
      if (Wall::now() >= next) {
        crowd.act();
        next = Wall::now() + 10ms;
      }
      return Wall::now() >= end;
    });
  };
  for (int cycle = 0; cycle < cycles; ++cycle) {
    Child engine = world.engine("data");
    run_for(std::chrono::milliseconds(100 + random() % 900));
    EXPECT_TRUE(engine.running()) << engine.err();
    engine.signal(SIGKILL);
    EXPECT_EQ(engine.wait(), 128 + SIGKILL);
    const Ran replay = world.run({"replay", world.data("data"), "--verify"});
    ASSERT_EQ(replay.exit, 0) << "cycle " << cycle << "\n"
                              << replay.out << replay.err
                              << world.run({"replay", world.data("data"), "-o", "jsonl"}).out;
  }
  Child engine = world.engine("data");
  ASSERT_TRUE(engine.says("rollbook engine ready")) << engine.err();
  const auto answered = [&] {
    return outside.until([&] { return outside.answers().size() >= outside.commands().size(); });
  };
  EXPECT_TRUE(answered());
  crowd.end();
  EXPECT_TRUE(outside.until([&] { return crowd.ended(); }));
  EXPECT_TRUE(answered());
  engine.signal(SIGTERM);
  EXPECT_EQ(engine.wait(), 0) << engine.err();
  outside.run_for(300ms);  // what it sent on its way out

  EXPECT_THAT(outside.contradictions(), IsEmpty());
  EXPECT_THAT(outside.letters(), IsEmpty());
  std::map<std::string, std::size_t> outcomes;
  for (const auto& [id, payload] : outside.commands()) {
    EXPECT_EQ(outside.answers().count(id), 1U) << payload.substr(0, 300);
  }
  for (const auto& [id, answer] : outside.answers()) {
    EXPECT_TRUE(outside.commands().contains(id)) << answer.dump();
    const std::string type = answer["type"];
    ++outcomes[type == "commanded" ? type : type + " " + answer["reason"].get<std::string>()];
  }
  // Every point of every rollout was counted once, whatever was killed between.
  std::int64_t requests = 0;
  for (const std::string& rollout : started_in(outside)) {
    const std::string service = rollout.substr(0, rollout.find('-'));
    const Counted points = counted(world, "data", outside, rollout, service);
    EXPECT_EQ(points.logged, points.sent) << rollout;
    EXPECT_EQ(points.left_out, 0) << rollout;
    requests += points.logged;
  }
  EXPECT_GT(requests, 0);
  // Nobody was refused a start: the crowd has always had something to talk about.
  EXPECT_FALSE(outcomes.contains("rejected weight_mismatch"));
  EXPECT_FALSE(outcomes.contains("rejected busy"));
  const Ran replay = world.run({"replay", world.data("data"), "--verify"});
  EXPECT_EQ(replay.exit, 0) << replay.out << replay.err;
  std::printf("%d rollouts, %zu commands, %zu effects, %zu events\n", crowd.started(),
              outside.commands().size(), outside.effects().size(), outside.events().size());
  for (const auto& [outcome, count] : outcomes) std::printf("  %s: %zu\n", outcome.c_str(), count);
}

TEST(Killed, LosesAndDoublesNothingOverFiles) {
  kill_again_and_again(World::files(), number_from("ROLLBOOK_KILL_CYCLES", 50));
}

class KilledOnKafka : public WithKafka {};
TEST_F(KilledOnKafka, LosesAndDoublesNothing) {
  kill_again_and_again(World::kafka(bootstrap()), number_from("ROLLBOOK_KILL_CYCLES", 5));
}

}  // namespace
}  // namespace rollbook::tests
