#pragma once
// The keys of rollbook.toml, and the reading of that file with toml++. Internal to config.cc.

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/config.h"

namespace rollbook::adapters {

// A key with one text as its value. `only`: what it may be; empty: anything but nothing.
struct Key {
  std::string_view name;
  std::string_view fallback;
  std::string_view only = {};   // the one value that is supported
  std::string_view later = {};  // values with a meaning that is not supported yet, by blanks
};
inline constexpr std::string_view kLater = "exec http none";
inline constexpr std::array<Key, 20> kKeys{{
    {"bus", "kafka"},
    {"kafka.brokers", "127.0.0.1:9092"},
    {"kafka.group", "rollbook"},
    {"topics.commands", "rollbook.commands"},
    {"topics.effects", "rollbook.effects"},
    {"topics.events", "rollbook.events"},
    {"topics.deadletter", "rollbook.deadletter"},
    {"store.path", "/var/lib/rollbook"},
    {"http.listen", "127.0.0.1:9464"},
    {"read_back.most", "14d"},
    {"read_back.rate", "50MB/s"},
    {"effects.traffic", "kafka", "kafka", kLater},
    {"effects.run", "kafka", "kafka", kLater},
    {"effects.start", "kafka", "kafka", kLater},
    {"effects.stop", "kafka", "kafka", kLater},
    {"effects.checkpoint", "kafka", "kafka", kLater},
    {"effects.notify", "kafka", "kafka", kLater},
    {"effects.page", "kafka", "kafka", kLater},
    {"effects.incident", "kafka", "kafka", kLater},
    {"effects.report", "kafka", "kafka", kLater},
}};
inline constexpr std::string_view kProperties = "kafka.properties";
inline constexpr std::array<std::string_view, 2> kMetricKeys{"metrics.topic", "metrics.format"};
inline constexpr std::array<std::string_view, 8> kSections{
    "bus", "kafka", "metrics", "topics", "store", "http", "read_back", "effects"};

// A value where it came from; the last one given to a key holds.
struct Given {
  std::string value;
  std::string origin;
};

// nullptr when there is no such key.
const Key* find_key(std::string_view name);

// What a file says, not judged but for its shape.
struct FileValues {
  std::map<std::string, Given, std::less<>> given;           // by key
  std::map<std::string, Given> properties;                   // of Kafka
  std::vector<std::pair<MetricTopic, std::string>> metrics;  // with their places
};
// Error: no TOML, an unknown key, a value of another type; with file:line:column.
core::Result<FileValues> read_config_file(const std::string& path);

}  // namespace rollbook::adapters
