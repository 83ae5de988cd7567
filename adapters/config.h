#pragma once
// Config: what the program was told, from flags over environment over rollbook.toml over defaults,
// with the origin of each value (`rollbook config` prints them).
//
//   auto loaded = load_config({.file = flag, .environment = environment(), .flags = overrides});
//   loaded->config.brokers
//
// The file's keys are contract.md's; the environment's name of `kafka.brokers` is
// ROLLBOOK_KAFKA_BROKERS, of the list of metric topics ROLLBOOK_METRICS (separated by commas).

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/types.h"

namespace rollbook::adapters {

struct MetricTopic {
  std::string topic;
  std::string format = "auto";  // as metric_decoder.h has them
  bool operator==(const MetricTopic&) const = default;
};

struct Topics {
  std::string commands;
  std::string effects;
  std::string events;
  std::string deadletter;
};

struct Config {
  std::string bus;  // "kafka", or "file:DIR"
  std::string brokers;
  std::string group;
  std::vector<std::pair<std::string, std::string>> kafka_properties;  // secrets put in
  std::vector<MetricTopic> metrics;
  Topics topics;
  std::string store_path;
  std::string listen;               // "127.0.0.1:9464"; "" for no HTTP
  core::Duration read_back_most{};  // zero: metrics are not read back at a start
  std::size_t read_back_rate = 0;   // bytes a second

  // The directory of a "file:DIR" bus; nothing for Kafka.
  std::optional<std::string> file_bus() const;
};

// One value as it holds, for people: secrets are not in it.
struct Setting {
  std::string key;     // "kafka.brokers"
  std::string value;   // "127.0.0.1:9092"
  std::string origin;  // "default", "rollbook.toml:2:1", "ROLLBOOK_KAFKA_BROKERS", "--brokers"
};

struct LoadedConfig {
  Config config;
  std::vector<Setting> settings;      // in the file's order of sections
  std::vector<std::string> warnings;  // an environment variable that is nearly a known one
};

// A value from the command line: {"kafka.brokers", "localhost:9092", "--brokers"}. Several of the
// key "metrics" make the list of metric topics.
struct Override {
  std::string key;
  std::string value;
  std::string flag;
};

struct ConfigSources {
  std::optional<std::string>
      file;  // --config; none: ROLLBOOK_CONFIG, else ./rollbook.toml if there
  std::vector<std::pair<std::string, std::string>> environment = {};
  std::vector<Override> flags = {};
};

// The process's environment: ROLLBOOK_ variables, and what an `env:NAME` may point to.
std::vector<std::pair<std::string, std::string>> environment();

// Error: no such file, no TOML, an unknown key (with its place and the nearest known one), a value
// of the wrong type or that is not supported yet. Never names a secret.
core::Result<LoadedConfig> load_config(const ConfigSources& sources);

}  // namespace rollbook::adapters
