#include "tests/acceptance/world.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include "adapters/file_bus.h"
#include "adapters/wire/text.h"
#include "tests/paths.h"

namespace rollbook::tests {
namespace {

constexpr auto kChildLimit = 60s;  // a start or an end that takes longer will not come
constexpr auto kPointsEvery = 200ms;

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

template <class T>
T need(core::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

}  // namespace

std::string bootstrap() {
  const char* value = std::getenv("KAFKA_BOOTSTRAP");
  return value == nullptr ? "" : value;
}

void WithKafka::SetUp() {
  if (!bootstrap().empty()) return;
  if (std::getenv("CI") != nullptr) FAIL() << "KAFKA_BOOTSTRAP is not set; see tools/kafka";
  GTEST_SKIP() << "KAFKA_BOOTSTRAP is not set; see tools/kafka";
}

std::string read_text(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

std::string minimal_runbook(const std::string& name) {
  std::string text = read_text(ROLLBOOK_SOURCE_DIR "/plans/minimal.runbook");
  replace_all(text, "shop", name);
  return text;
}

// ---- Child ----------------------------------------------------------------------------------

Child::Child(const Words& words, const Words& environment)
    : directory_(std::make_unique<Directory>()) {
  const std::string program = std::string(ROLLBOOK_BINARY_DIR) + "/rollbook";
  std::vector<std::string> arguments{program};
  arguments.insert(arguments.end(), words.begin(), words.end());
  std::vector<std::string> variables{"PATH=/usr/bin:/bin", "USER=tester"};
  variables.insert(variables.end(), environment.begin(), environment.end());
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> list;
    for (std::string& text : texts) list.push_back(text.data());
    list.push_back(nullptr);
    return list;
  };
  auto argv = pointers(arguments);
  auto envp = pointers(variables);
  int out[2];
  if (pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_addopen(&actions, 2, directory_->file("err").c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int failed =
      posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  out_ = out[0];
  fcntl(out_, F_SETFL, O_NONBLOCK);
  if (failed != 0) throw std::runtime_error("cannot run " + program);
}

Child::Child(Child&& other) noexcept
    : directory_(std::move(other.directory_)),
      pid_(std::exchange(other.pid_, -1)),
      out_(std::exchange(other.out_, -1)),
      said_(std::move(other.said_)),
      exit_(other.exit_) {}

Child::~Child() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (out_ >= 0) close(out_);
}

void Child::read_out() {
  std::array<char, 4096> buffer;
  ssize_t n = 0;
  while ((n = read(out_, buffer.data(), buffer.size())) > 0) {
    said_.append(buffer.data(), static_cast<std::size_t>(n));
  }
  if (n == 0) {
    close(out_);
    out_ = -1;
  }
}

bool Child::says(const std::string& text) {
  const auto until = Wall::now() + kChildLimit;
  while (said_.find(text) == std::string::npos) {
    if (out_ < 0 || Wall::now() > until) return false;
    pollfd pipe{out_, POLLIN, 0};
    poll(&pipe, 1, 100);
    read_out();
  }
  return true;
}

void Child::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

int Child::wait() {
  if (pid_ <= 0) return exit_;
  // Its stdout ends with it.
  const auto until = Wall::now() + kChildLimit;
  while (out_ >= 0) {
    if (Wall::now() > until) {
      ADD_FAILURE() << "the program does not end; " << err();
      ::kill(pid_, SIGKILL);
    }
    pollfd pipe{out_, POLLIN, 0};
    poll(&pipe, 1, 100);
    read_out();
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return exit_;
}

bool Child::running() {
  if (out_ >= 0) read_out();
  return out_ >= 0;
}

std::string Child::out() { return said_; }
std::string Child::err() const { return read_text(directory_->file("err")); }

// ---- World ----------------------------------------------------------------------------------

World World::files() {
  World world;
  world.directory_ = std::make_unique<Directory>();
  world.topics_ = {"metrics", "rollbook.commands", "rollbook.effects", "rollbook.events",
                   "rollbook.deadletter"};
  world.bus_ = need(adapters::make_file_bus(world.directory_->file("bus")));
  return world;
}

World World::kafka(const std::string& brokers) {
  // The broker outlives the test, so no name may come again.
  static std::atomic<int> count = 0;
  const std::string begin = "test-" + std::to_string(now_ns()) + "-" + std::to_string(++count);
  World world;
  world.directory_ = std::make_unique<Directory>();
  world.brokers_ = brokers;
  world.topics_ = {begin + "-metrics", begin + "-commands", begin + "-effects", begin + "-events",
                   begin + "-deadletter"};
  adapters::KafkaOptions options;
  options.brokers = brokers;
  options.probe_every = 200ms;
  options.properties = {{"topic.metadata.propagation.max.ms", "500"}};
  world.bus_ = need(adapters::make_kafka_bus(options));
  return world;
}

World::~World() {
  if (brokers_.empty()) return;
  adapters::KafkaOptions options;
  options.brokers = brokers_;
  const auto admin = adapters::make_kafka_admin(options);
  if (!admin) return;
  for (const std::string* topic : {&topics_.metrics, &topics_.commands, &topics_.effects,
                                   &topics_.events, &topics_.deadletter}) {
    static_cast<void>((*admin)->delete_topic(*topic));  // its broker may be gone already
  }
}

Words World::environment() const {
  Words words{"ROLLBOOK_METRICS=" + topics_.metrics,
              "ROLLBOOK_TOPICS_COMMANDS=" + topics_.commands,
              "ROLLBOOK_TOPICS_EFFECTS=" + topics_.effects,
              "ROLLBOOK_TOPICS_EVENTS=" + topics_.events,
              "ROLLBOOK_TOPICS_DEADLETTER=" + topics_.deadletter,
              "ROLLBOOK_HTTP_LISTEN="};
  words.push_back(brokers_.empty() ? "ROLLBOOK_BUS=file:" + directory_->file("bus")
                                   : "ROLLBOOK_KAFKA_BROKERS=" + brokers_);
  return words;
}

Child World::engine(const std::string& data_name, const Words& more) const {
  Words words{"engine", "--data", data(data_name)};
  words.insert(words.end(), more.begin(), more.end());
  return Child(words, environment());
}

Ran World::run(const Words& words) const {
  Words all = environment();
  all.insert(all.end(), words.begin(), words.end());
  return rollbook(all);
}

// ---- Outside --------------------------------------------------------------------------------

Outside::Outside(const World& world) : world_(world), source_("test/" + std::to_string(now_ns())) {
  const TopicNames& topics = world.topics();
  const std::vector<std::string> out{topics.effects, topics.events, topics.deadletter};
  std::vector<std::string> all = out;
  all.insert(all.end(), {topics.metrics, topics.commands});
  if (const auto made = world.bus().ensure_topics(all); !made) {
    throw std::runtime_error(made.error().message);
  }
  producer_ = need(world.bus().producer());
  consumer_ = need(world.bus().consumer(out, {}, false));
  on_effect = [this](const Json& effect) {
    if (effect["type"] == "dev.rollbook.effect.traffic") settle(effect);
  };
}

Outside::~Outside() { producer_->flush(5s); }

void Outside::serve(const std::string& name) { services_[name] = {Wall::now()}; }
void Outside::stop_serving(const std::string& name) { services_.erase(name); }

void Outside::send(const std::string& topic, const std::string& key, const std::string& payload) {
  const auto delivered = [this](const std::optional<core::Error>& error) {
    EXPECT_FALSE(error.has_value()) << error->message;
    --under_way_;
  };
  while (!producer_->send({topic, key, "", "", payload}, delivered)) producer_->poll(1ms);
  ++under_way_;
}

std::int64_t Outside::point(const std::string& metric, std::int64_t value, std::int64_t time_ns,
                            const std::string& version) {
  if (time_ns == 0) time_ns = now_ns();
  points_.push_back({metric, version, time_ns, value});
  send(world_.topics().metrics, "",
       Json{{"metric", metric},
            {"labels", {{"version", version}}},
            {"kind", "counter_delta"},
            {"value", value},
            {"time", time_ns}}
           .dump());
  return time_ns;
}

void Outside::send_points(const std::string& name) {
  for (const char* version : {"old", "new"}) {
    const std::int64_t time = point(name + "_requests_total", 50, 0, version);
    point(name + "_errors_total", 0, time, version);
  }
}

std::string Outside::command(const std::string& verb, const Json& data, const std::string& id) {
  const std::string key = id.empty() ? "c-" + std::to_string(++ids_) : id;
  const std::string type = "dev.rollbook.command." + verb;
  const Json event{
      {"specversion", "1.0"}, {"id", key}, {"source", source_}, {"type", type}, {"data", data}};
  const std::string payload = event.dump();
  commands_[key] = payload;
  const auto rollout = data.find("rollout");  // of any type: tests send wrong ones
  const bool named = rollout != data.end() && rollout->is_string();
  send(world_.topics().commands, named ? rollout->get<std::string>() : "", payload);
  return key;
}

void Outside::settle(const Json& effect) {
  const std::string id = effect["id"];
  command(
      "settle",
      {{"rollout", effect["subject"]}, {"effect", id}, {"outcome", "succeeded"}, {"actor", "mesh"}},
      "settle-" + id);
}

void Outside::take(const runtime::Record& record) {
  Seen seen{std::string(record.topic), record.offset, std::string(record.value), {}};
  seen.json = Json::parse(seen.payload, nullptr, false);
  if (seen.json.is_discarded()) {
    contradictions_.push_back("no JSON: " + seen.payload);
    return;
  }
  if (record.topic == world_.topics().deadletter) {
    letters_.push_back(std::move(seen));
    return;
  }
  const std::string id = seen.json["id"];
  const auto [known, fresh] = bodies_.try_emplace(
      record.topic == world_.topics().events ? "event " + id : "effect " + id, seen.payload);
  if (!fresh) {
    if (known->second != seen.payload) {
      contradictions_.push_back(known->first + ": " + known->second + "\n" + seen.payload);
    }
    return;
  }
  const Json& data = seen.json["data"];
  if (record.topic == world_.topics().effects) {
    if (on_effect) on_effect(seen.json);
    effects_.push_back(std::move(seen));
    return;
  }
  // The first two parts of an id name the event; the last are digits of its hash.
  const std::string place = id.substr(0, id.rfind('/'));
  const bool shards = !seen.json.contains("subject") || data["type"] == "rejected";
  if (const auto [other, first] = sequences_.try_emplace(place, id); !first && !shards) {
    contradictions_.push_back("two events of one sequence: " + other->second + " and " + id);
  }
  if (data["type"] == "commanded" || data["type"] == "rejected") {
    answers_.emplace(data["command"].get<std::string>(), data);
  }
  if (data["type"] == "rollout_finished") outcomes_[data["rollout"]] = data["outcome"];
  events_.push_back(std::move(seen));
}

void Outside::step() {
  auto wait = 20ms;
  const auto now = Wall::now();
  for (auto& [name, service] : services_) {
    if (service.due > now) continue;
    send_points(name);
    service.due = std::max(service.due + kPointsEvery, now);
  }
  producer_->poll(0ms);
  runtime::ConsumerEvents events;
  events.on_record = [this](const runtime::Record& record) { take(record); };
  events.on_gap = [](const runtime::Gap&) { ADD_FAILURE() << "what came out is gone"; };
  events.on_reachable = [](bool) {};
  const auto polled = consumer_->poll(wait, 1000, events);
  if (!polled) ADD_FAILURE() << polled.error().message;
}

bool Outside::until(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto end = Wall::now() + limit;
  while (!condition()) {
    if (Wall::now() > end) return false;
    step();
  }
  return true;
}

void Outside::run_for(std::chrono::milliseconds time) {
  const auto end = Wall::now() + time;
  while (Wall::now() < end) step();
}

std::vector<Json> Outside::events_of(const std::string& rollout, const std::string& type) const {
  std::vector<Json> found;
  for (const Seen& seen : events_) {
    const Json& data = seen.json["data"];
    if (data["rollout"] == rollout && data["type"] == type) found.push_back(data);
  }
  return found;
}

Counted counted(const World& world, const std::string& data_name, const Outside& outside,
                const std::string& rollout, const std::string& service) {
  const Ran replay = world.run({"replay", world.data(data_name), rollout, "-o", "jsonl"});
  EXPECT_EQ(replay.exit, 0) << replay.err;
  const auto time_of = [](const Json& json, const char* key) {
    return adapters::parse_time(json[key].get<std::string>())->time_since_epoch().count();
  };
  Counted found;
  std::int64_t started = 0, last = 0;
  std::istringstream lines(replay.out);
  for (std::string line; std::getline(lines, line);) {
    const Json event = Json::parse(line);
    if (event["type"] == "rollout_started") started = time_of(event, "time");
    if (event["type"] != "observed") continue;
    found.left_out += event["late"].get<std::int64_t>() + event["quarantined"].get<std::int64_t>();
    for (const Json& delta : event["deltas"]) {
      if (delta["metric"] != "requests" || delta["arm"] != "canary") continue;
      found.logged += delta["value"].get<std::int64_t>();
      last = std::max(last, time_of(delta, "latest"));
    }
  }
  for (const SentPoint& point : outside.points()) {
    const bool counts = point.metric == service + "_requests_total" && point.version == "new" &&
                        point.time_ns >= started && point.time_ns <= last;
    if (counts) found.sent += point.value;
  }
  return found;
}

std::string Outside::finished(const std::string& rollout) const {
  const auto found = outcomes_.find(rollout);
  return found == outcomes_.end() ? "" : found->second;
}

}  // namespace rollbook::tests
