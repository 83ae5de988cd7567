#pragma once
// What acceptance tests run against: the built program as child processes, topics of a test's own
// on a bus, and everything outside the engine (services that are measured and shift traffic,
// people who send commands), driven by the test's own thread.
//
//   World world = World::kafka(bootstrap());
//   Child engine = world.engine("data");
//   Outside outside(world);
//   outside.serve("shop");
//   outside.command("start", {{"rollout", "r"}, {"runbook", text}});
//   ASSERT_TRUE(outside.until([&] { return outside.finished("r"); }));

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "adapters/kafka/kafka_bus.h"
#include "engine/runtime/bus.h"
#include "tests/tools/program.h"

namespace rollbook::tests {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;
using Wall = std::chrono::steady_clock;
using Words = std::vector<std::string>;

// KAFKA_BOOTSTRAP, or "".
std::string bootstrap();

// A run of the program that goes on while the test does. Killed with the object.
class Child {
 public:
  Child(const Words& words, const Words& environment);
  ~Child();
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;

  // Waits for a line on stdout that has `text` in it; false when the process ended without.
  bool says(const std::string& text);
  void signal(int number) const;
  // Waits for its end: the exit code, or 128 and the signal.
  int wait();
  bool running();
  std::string out();
  std::string err() const;

 private:
  void read_out();

  std::unique_ptr<Directory> directory_;  // of stderr
  pid_t pid_ = -1;
  int out_ = -1;
  std::string said_;
  int exit_ = -1;
};

struct TopicNames {
  std::string metrics, commands, effects, events, deadletter;
};

class World {
 public:
  static World files();
  static World kafka(const std::string& brokers);
  ~World();
  World(World&&) = default;
  World& operator=(World&&) = delete;

  const TopicNames& topics() const { return topics_; }
  runtime::Bus& bus() const { return *bus_; }
  std::string data(const std::string& name) const { return directory_->file(name); }
  const Directory& directory() const { return *directory_; }
  // What tells the program of bus and topics, as NAME=VALUE.
  Words environment() const;
  Child engine(const std::string& data_name, const Words& more = {}) const;
  // Runs a verb to its end.
  Ran run(const Words& words) const;

 private:
  World() = default;

  std::unique_ptr<Directory> directory_;
  std::string brokers_;  // "" with files
  TopicNames topics_;
  std::unique_ptr<runtime::Bus> bus_;
};

// A measurement that was sent, to recompute evidence from.
struct SentPoint {
  std::string metric;
  std::string version;
  std::int64_t time_ns = 0;
  std::int64_t value = 0;
};

// A message of a topic that comes out.
struct Seen {
  std::string topic;
  std::int64_t offset = 0;
  std::string payload;
  Json json;
};

class Outside {
 public:
  explicit Outside(const World& world);
  ~Outside();

  // From now on, points of `name`_requests_total and `name`_errors_total each 200 ms.
  void serve(const std::string& name);
  void stop_serving(const std::string& name);
  // One point of the canary, now or at `time_ns`; its time.
  std::int64_t point(const std::string& metric, std::int64_t value, std::int64_t time_ns = 0,
                     const std::string& version = "new");
  // Sends the bytes as they are.
  void send(const std::string& topic, const std::string& key, const std::string& payload);
  // A CloudEvent to the commands topic; its id. An empty id makes a new one.
  std::string command(const std::string& verb, const Json& data, const std::string& id = "");
  // Reads, settles and sends what is due, until the condition holds; false after the deadline.
  bool until(const std::function<bool()>& condition, std::chrono::milliseconds limit = 40s);
  void run_for(std::chrono::milliseconds time);
  // How many sent messages the bus has not acknowledged.
  std::size_t under_way() const { return under_way_; }

  // What came out, in order of arrival, repeated ids left out.
  const std::vector<Seen>& events() const { return events_; }
  const std::vector<Seen>& effects() const { return effects_; }
  const std::vector<Seen>& letters() const { return letters_; }
  const std::vector<SentPoint>& points() const { return points_; }
  // Ids of commands that were sent, with what was sent.
  const std::map<std::string, std::string>& commands() const { return commands_; }
  const std::string& commands_topic() const { return world_.topics().commands; }
  // The events of one type (`transitioned`) of a rollout.
  std::vector<Json> events_of(const std::string& rollout, const std::string& type) const;
  // "", or the outcome.
  std::string finished(const std::string& rollout) const;
  // commanded or rejected events by command id.
  const std::multimap<std::string, Json>& answers() const { return answers_; }
  // An id that came with two bodies, a sequence that came with two ids; empty when all is well.
  const std::vector<std::string>& contradictions() const { return contradictions_; }
  // Who carries out what: settles traffic effects by default.
  std::function<void(const Json& effect)> on_effect;
  void settle(const Json& effect);

 private:
  struct Service {
    Wall::time_point due;
  };
  void step();
  void take(const runtime::Record& record);
  void send_points(const std::string& name);

  const World& world_;
  std::unique_ptr<runtime::Producer> producer_;
  std::unique_ptr<runtime::Consumer> consumer_;
  std::map<std::string, Service> services_;
  std::vector<Seen> events_, effects_, letters_;
  std::map<std::string, std::string> bodies_;     // by id
  std::map<std::string, std::string> sequences_;  // rollout/sequence → id
  std::multimap<std::string, Json> answers_;
  std::map<std::string, std::string> outcomes_;
  std::map<std::string, std::string> commands_;
  std::vector<std::string> contradictions_;
  std::vector<SentPoint> points_;
  std::size_t under_way_ = 0;
  std::uint64_t ids_ = 0;
  std::string source_;
};

// What a rollout counted of a metric of its canary by its log, beside what was sent for it: all
// points from its start to the last that it counted.
struct Counted {
  std::int64_t logged = 0;
  std::int64_t sent = 0;
  std::int64_t left_out = 0;  // late, or from the future
};
Counted counted(const World& world, const std::string& data_name, const Outside& outside,
                const std::string& rollout, const std::string& service);

// Skips, or where CI is set fails, without a broker.
class WithKafka : public testing::Test {
 protected:
  void SetUp() override;
};

std::string read_text(const std::string& path);
// plans/minimal.runbook for another service: its name and its metrics begin with `name`.
std::string minimal_runbook(const std::string& name);
void replace_all(std::string& text, const std::string& from, const std::string& to);

}  // namespace rollbook::tests
