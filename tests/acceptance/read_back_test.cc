// Reading back in whole processes: a day of points is on the topic before the engine starts, and a
// prerequisite over that day is judged at once; also when the engine is killed while it reads, and
// without holding up anybody else.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "adapters/wire/text.h"
#include "tests/acceptance/world.h"
#include "tests/adapters/raw_kafka.h"

namespace rollbook::tests {
namespace {

using testing::HasSubstr;

constexpr const char* kRunbook = R"(edition 1
runbook shadow {
  service "SERVICE"
  arms by label "version": baseline "old", canary "new"
  metric requests = counter shop_requests_total
  metric errors   = counter shop_errors_total default 0
  metric match    = counter shadow_match_total unsplit
  metric compared = counter shadow_total unsplit
  require {
    expect match / compared > 99% over 24h
    within 48h otherwise end
  }
  guard {
    stop errors / requests > 5% over 10s at least 20 requests
    otherwise rollback automatic
  }
  stage half { traffic 50%
    hold 1s }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)";

std::string runbook(const std::string& service = "shop") {
  std::string text = kRunbook;
  replace_all(text, "SERVICE", service);
  return text;
}

// The day before: each minute a hundred answers of the shadow, and points of another service.
class Day {
 public:
  using Put = std::function<void(core::Time sent, const std::string& payload)>;
  explicit Day(Put put) : put_(std::move(put)) {}

  void fill(core::Duration bad_for) {
    const auto now = std::chrono::floor<std::chrono::minutes>(
        core::Time(std::chrono::system_clock::now().time_since_epoch()));
    for (core::Time end = now - 26h; end <= now; end += 1min) {
      const bool bad = end > now - 12h && end <= now - 12h + bad_for;
      point("shadow_total", 100, end);
      point("shadow_match_total", bad ? 50 : 100, end);
      point("other_total", 1, end);
    }
  }

 private:
  void point(const char* metric, std::int64_t value, core::Time end) {
    const auto nanos = [](core::Time time) { return time.time_since_epoch().count(); };
    put_(end, Json{{"metric", metric},
                   {"kind", "counter_delta"},
                   {"value", value},
                   {"start", nanos(end - 1min)},
                   {"time", nanos(end)}}
                  .dump());
  }
  Put put_;
};

void fill_files(const World& world, core::Duration bad_for) {
  std::ofstream file(world.directory().file("bus") + "/" + world.topics().metrics + ".jsonl",
                     std::ios::app);
  Day([&](core::Time sent, const std::string& payload) {
    file << "{\"time\":" << sent.time_since_epoch().count() << ",\"value\":" << payload << "}\n";
  }).fill(bad_for);
}

void fill_kafka(const World& world, core::Duration bad_for) {
  RawKafka raw(bootstrap());
  Day([&](core::Time sent, const std::string& payload) {
    raw.put(world.topics().metrics, 0, sent, "", payload);
  }).fill(bad_for);
  raw.flush();
}

using Fill = void (*)(const World&, core::Duration bad_for);

void passes_at_once(const World& world, Fill fill) {
  Outside outside(world);
  fill(world, 0s);
  Child engine = world.engine("data");
  ASSERT_TRUE(engine.says("rollbook engine ready")) << engine.err();
  outside.command("start", {{"rollout", "r"}, {"runbook", runbook()}});
  ASSERT_TRUE(outside.until([&] { return outside.finished("r") != ""; })) << engine.err();
  EXPECT_EQ(outside.finished("r"), "succeeded");
  EXPECT_THAT(engine.err(), HasSubstr("metrics are read back to "));
  engine.signal(SIGTERM);
  EXPECT_EQ(engine.wait(), 0);
  EXPECT_EQ(world.run({"replay", world.data("data"), "--verify"}).exit, 0);
}

void a_breach_in_the_day_fails(const World& world, Fill fill) {
  Outside outside(world);
  fill(world, 2h);
  Child engine = world.engine("data");
  ASSERT_TRUE(engine.says("rollbook engine ready")) << engine.err();
  outside.command("start", {{"rollout", "r"}, {"runbook", runbook()}});
  ASSERT_TRUE(outside.until([&] { return outside.finished("r") != ""; })) << engine.err();
  EXPECT_EQ(outside.finished("r"), "aborted");
  EXPECT_TRUE(outside.effects().empty());
}

Json status(const World& world, const std::string& rollout) {
  const Ran ran = world.run({"status", rollout, "--data", world.data("data"), "-o", "json"});
  return Json::parse(ran.out, nullptr, false);
}

// What the log's one `read_back` holds of a metric in the widest window.
std::int64_t read_back_of(const World& world, const std::string& metric) {
  const Ran replay = world.run({"replay", world.data("data"), "r", "-o", "jsonl"});
  std::int64_t sum = 0;
  int found = 0;
  std::istringstream lines(replay.out);
  for (std::string line; std::getline(lines, line);) {
    const Json event = Json::parse(line);
    if (!event.contains("read_back")) continue;
    ++found;
    for (const Json& window : event["read_back"]["windows"]) {
      if (window["metric"] != metric) continue;
      for (const Json& cell : window["cells"]) sum += cell["value"].get<std::int64_t>();
    }
  }
  EXPECT_EQ(found, 1);
  return sum;
}

void goes_on_after_kills(const World& world, Fill fill) {
  Outside outside(world);
  fill(world, 0s);
  const std::string slow = world.directory().file("slow.toml");
  std::ofstream(slow) << "[read_back]\nrate = \"60kB/s\"\n";
  const auto reads = [&] {
    const Json now = status(world, "r");
    return now.is_object() && now.contains("reading_back") && now["reading_back"]["done"] > 0;
  };
  bool started = false;
  for (int i = 0; i < 3; ++i) {
    Child engine = world.engine("data", {"--config", slow});
    ASSERT_TRUE(engine.says("rollbook engine ready")) << engine.err();
    if (!std::exchange(started, true)) {
      outside.command("start", {{"rollout", "r"}, {"runbook", runbook()}});
    }
    ASSERT_TRUE(outside.until(reads)) << engine.err() << status(world, "r").dump();
    if (i == 0) {
      // Nobody else waits for it.
      outside.serve("other");
      outside.command("start", {{"rollout", "other"}, {"runbook", minimal_runbook("other")}});
      const auto asked = Wall::now();
      ASSERT_TRUE(outside.until([&] { return !outside.effects().empty(); }));
      EXPECT_LT(Wall::now() - asked, 5s);
      EXPECT_TRUE(status(world, "r").contains("reading_back"));
    }
    engine.signal(SIGKILL);
    EXPECT_EQ(engine.wait(), 128 + SIGKILL);
    EXPECT_EQ(world.run({"replay", world.data("data"), "--verify"}).exit, 0);
  }
  Child engine = world.engine("data");
  ASSERT_TRUE(outside.until([&] { return outside.finished("r") != ""; })) << engine.err();
  EXPECT_EQ(outside.finished("r"), "succeeded");
  engine.signal(SIGTERM);
  EXPECT_EQ(engine.wait(), 0);
  // A day and the slack before it, in whole minutes that were counted once.
  const std::int64_t compared = read_back_of(world, "compared");
  EXPECT_GE(compared, 24 * 60 * 100);
  EXPECT_LE(compared, (24 * 60 + 10) * 100);
  EXPECT_EQ(read_back_of(world, "match"), compared);
  EXPECT_EQ(world.run({"replay", world.data("data"), "--verify"}).exit, 0);
  EXPECT_THAT(outside.contradictions(), testing::IsEmpty());
}

// The topic of a busy company: messages of two hundred lines each, of a thousand series that nobody
// here asks for. ROLLBOOK_READ_BACK_POINTS sets how many.
void past_many_points_of_others(const World& world) {
  const char* text = std::getenv("ROLLBOOK_READ_BACK_POINTS");
  const std::int64_t points = text == nullptr ? 100'000 : std::atoll(text);
  Outside outside(world);
  fill_kafka(world, 0s);
  const core::Time now(std::chrono::system_clock::now().time_since_epoch());
  RawKafka raw(bootstrap());
  for (std::int64_t sent = 0; sent < points;) {
    std::string message;
    for (int line = 0; line < 200; ++line, ++sent) {
      message += "{\"metric\":\"others_total\",\"labels\":{\"service\":\"s" +
                 std::to_string(sent % 1000) +
                 "\"},\"kind\":\"counter\",\"value\":" + std::to_string(sent) + "}\n";
    }
    raw.put(world.topics().metrics, 0, now - 1h, "", message);
    if (sent % 200'000 == 0) raw.flush();
  }
  raw.flush();
  const std::string fast = world.directory().file("fast.toml");
  std::ofstream(fast) << "[read_back]\nrate = \"10000MB/s\"\n";
  Child engine = world.engine("data", {"--config", fast});
  ASSERT_TRUE(engine.says("rollbook engine ready")) << engine.err();
  outside.command("start", {{"rollout", "r"}, {"runbook", runbook()}});
  ASSERT_TRUE(outside.until([&] { return outside.finished("r") != ""; }, 300s)) << engine.err();
  EXPECT_EQ(outside.finished("r"), "succeeded");

  core::Time begun{}, ended{};
  std::istringstream lines(world.run({"replay", world.data("data"), "r", "-o", "jsonl"}).out);
  for (std::string line; std::getline(lines, line);) {
    const Json event = Json::parse(line);
    const core::Time time = *adapters::parse_time(event["time"].get<std::string>());
    if (event["type"] == "rollout_started") begun = time;
    if (event.contains("read_back")) ended = time;
  }
  const double seconds = std::chrono::duration<double>(ended - begun).count();
  std::printf("%lld points read back in %.2f s: %.2f M points/s\n", static_cast<long long>(points),
              seconds, static_cast<double>(points) / seconds / 1e6);
}

TEST(ReadsBack, ADayOfAFileAtOnce) { passes_at_once(World::files(), fill_files); }
TEST(ReadsBack, ABreachInTheDayOfAFile) { a_breach_in_the_day_fails(World::files(), fill_files); }
TEST(ReadsBack, OverFilesThoughItIsKilled) { goes_on_after_kills(World::files(), fill_files); }

class ReadsBackOnKafka : public WithKafka {};
TEST_F(ReadsBackOnKafka, ADayAtOnce) { passes_at_once(World::kafka(bootstrap()), fill_kafka); }
TEST_F(ReadsBackOnKafka, ABreachInTheDay) {
  a_breach_in_the_day_fails(World::kafka(bootstrap()), fill_kafka);
}
TEST_F(ReadsBackOnKafka, ThoughItIsKilled) {
  goes_on_after_kills(World::kafka(bootstrap()), fill_kafka);
}

TEST_F(ReadsBackOnKafka, PastManyPointsOfOthers) {
  past_many_points_of_others(World::kafka(bootstrap()));
}

}  // namespace
}  // namespace rollbook::tests
