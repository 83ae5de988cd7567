#include "adapters/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>

#include "adapters/config_file.h"
#include "adapters/wire/text.h"

namespace rollbook::adapters {
namespace {

using core::fail;
using core::Result;
using core::Status;

std::string variable_of(std::string_view key) {
  std::string name = "ROLLBOOK_";
  for (const char c : key) {
    name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return name;
}

bool is_secret(std::string_view property) {
  for (const std::string_view part : {"password", "secret", "token", ".pem", "jaas"}) {
    if (property.find(part) != std::string_view::npos) return true;
  }
  return false;
}

bool is_reference(std::string_view value) {
  return value.starts_with("env:") || value.starts_with("file:");
}

class Loader {
 public:
  explicit Loader(const ConfigSources& sources) : sources_(sources) {}

  Result<LoadedConfig> load() {
    TRY_DO(read_file());
    read_environment();
    TRY_DO(read_flags());
    TRY_DO(check());
    TRY_DO(build());
    return std::move(loaded_);
  }

 private:
  // ---- rollbook.toml -----------------------------------------------------------------------

  Status read_file() {
    std::string path = "rollbook.toml";
    bool asked_for = true;
    if (sources_.file) {
      path = *sources_.file;
    } else if (const std::string* named = variable("ROLLBOOK_CONFIG")) {
      path = *named;
    } else {
      asked_for = false;
    }
    std::error_code error;
    if (!asked_for && !std::filesystem::exists(path, error)) return {};
    TRY(FileValues values, read_config_file(path));
    given_ = std::move(values.given);
    properties_ = std::move(values.properties);
    for (auto& [topic, origin] : values.metrics) add_metrics(std::move(topic), origin, path);
    return {};
  }

  // ---- Environment and flags ---------------------------------------------------------------

  const std::string* variable(std::string_view name) const {
    for (const auto& [variable, value] : sources_.environment) {
      if (variable == name) return &value;
    }
    return nullptr;
  }

  void read_environment() {
    std::vector<std::string> names{"ROLLBOOK_CONFIG", "ROLLBOOK_METRICS", "ROLLBOOK_ACTOR"};
    for (const Key& key : kKeys) {
      const std::string name = variable_of(key.name);
      if (const std::string* value = variable(name)) {
        given_[std::string(key.name)] = Given{*value, name};
      }
      names.push_back(name);
    }
    if (const std::string* list = variable("ROLLBOOK_METRICS")) {
      for (std::size_t begin = 0; begin <= list->size();) {
        const std::size_t end = std::min(list->find(',', begin), list->size());
        if (end > begin) {
          add_metrics({list->substr(begin, end - begin), "auto"}, "ROLLBOOK_METRICS",
                      "ROLLBOOK_METRICS");
        }
        begin = end + 1;
      }
    }
    const std::vector<std::string_view> views(names.begin(), names.end());
    for (const auto& [name, value] : sources_.environment) {
      if (!name.starts_with("ROLLBOOK_") ||
          std::find(names.begin(), names.end(), name) != names.end()) {
        continue;
      }
      const std::string_view meant = nearest(name.substr(9), strip(views));
      if (!meant.empty()) {
        loaded_.warnings.push_back(
            fmt::format("{} is not known, did you mean ROLLBOOK_{}?", printable(name), meant));
      }
    }
  }

  // Without the common beginning, which would make every name near to every other.
  static std::vector<std::string_view> strip(std::vector<std::string_view> names) {
    for (std::string_view& name : names) name.remove_prefix(9);
    return names;
  }

  Status read_flags() {
    for (const Override& flag : sources_.flags) {
      if (flag.key == "metrics") {
        add_metrics({flag.value, "auto"}, flag.flag, flag.flag);
        continue;
      }
      ROLLBOOK_CHECK(find_key(flag.key) != nullptr);
      given_[flag.key] = Given{flag.value, flag.flag};
    }
    return {};
  }

  // Metric topics of one source are a list; a later source replaces that of an earlier one.
  void add_metrics(MetricTopic topic, std::string origin, const std::string& source) {
    if (metrics_source_ != source) {
      loaded_.config.metrics.clear();
      metric_origins_.clear();
      metrics_source_ = source;
    }
    loaded_.config.metrics.push_back(std::move(topic));
    metric_origins_.push_back(std::move(origin));
  }

  // ---- What they come to -------------------------------------------------------------------

  static Status check_topic(const std::string& key, const std::string& topic,
                            const std::string& origin) {
    const bool good = !topic.empty() && topic.size() <= 249 && topic != "." && topic != ".." &&
                      std::all_of(topic.begin(), topic.end(), [](char c) {
                        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                               (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
                      });
    if (good) return {};
    return fail(fmt::format("{}: `{}` is `{}`, a topic has up to 249 of a-z, A-Z, 0-9, ., _ and -",
                            origin, key, printable(topic)));
  }

  Status check() const {
    for (const auto& [name, given] : given_) {
      const Key& key = *find_key(name);
      if (name.starts_with("topics.")) TRY_DO(check_topic(name, given.value, given.origin));
      if (name == "bus" && given.value != "kafka" &&
          (!given.value.starts_with("file:") || given.value.size() == 5)) {
        return fail(fmt::format("{}: `bus` is `{}`, expected kafka or file:DIR", given.origin,
                                printable(given.value)));
      }
      if (given.value.empty() && name != "http.listen") {
        return fail(fmt::format("{}: `{}` is empty", given.origin, name));
      }
      if (key.only.empty() || given.value == key.only) continue;
      const std::string padded = fmt::format(" {} ", key.later);
      const bool later = padded.find(fmt::format(" {} ", given.value)) != std::string::npos;
      return fail(
          fmt::format("{}: `{}` is `{}`, {}", given.origin, name, printable(given.value),
                      later ? "which is not supported yet; supported is kafka" : "expected kafka"));
    }
    for (std::size_t i = 0; i < loaded_.config.metrics.size(); ++i) {
      TRY_DO(check_topic("metrics", loaded_.config.metrics[i].topic, metric_origins_[i]));
    }
    return {};
  }

  std::string value_of(std::string_view name) {
    const auto given = given_.find(name);
    const Key& key = *find_key(name);
    const std::string value =
        given == given_.end() ? std::string(key.fallback) : given->second.value;
    loaded_.settings.push_back(Setting{std::string(name), value,
                                       given == given_.end() ? "default" : given->second.origin});
    return value;
  }

  core::Error wrong(const std::string& name, const std::string& value,
                    std::string_view expected) const {
    const auto given = given_.find(name);
    return core::Error{fmt::format("{}: `{}` is `{}`, expected {}",
                                   given == given_.end() ? "default" : given->second.origin, name,
                                   printable(value), expected)};
  }

  Result<core::Duration> duration_of(const std::string& name) {
    const std::string value = value_of(name);
    if (value == "0") return core::Duration::zero();
    const auto duration = parse_duration(value);
    if (duration) return *duration;
    return tl::unexpected(wrong(name, value, "a duration such as 14d, or 0 for never"));
  }

  // "50MB/s", in bytes a second.
  Result<std::size_t> rate_of(const std::string& name) {
    const std::string value = value_of(name);
    std::size_t number = 0;
    const char* end = value.data() + value.size();
    const auto [stopped, error] = std::from_chars(value.data(), end, number);
    const std::string_view unit(stopped, static_cast<std::size_t>(end - stopped));
    const std::size_t bytes = unit == "MB/s" ? 1'000'000 : unit == "kB/s" ? 1'000 : 0;
    const bool good = error == std::errc{} && bytes > 0 && number > 0 && number <= 1'000'000;
    if (good) return number * bytes;
    return tl::unexpected(wrong(name, value, "a rate such as 50MB/s or 800kB/s"));
  }

  // What a reference points to. The error names the reference, never what was read.
  Result<std::string> resolve(const std::string& property, const Given& given) const {
    if (given.value.starts_with("env:")) {
      const std::string* value = variable(std::string_view(given.value).substr(4));
      if (value != nullptr) return *value;
      return fail(fmt::format("{}: `kafka.properties.{}` is `{}`, which is not set", given.origin,
                              property, given.value));
    }
    if (given.value.starts_with("file:")) {
      std::ifstream stream(given.value.substr(5), std::ios::binary);
      if (!stream) {
        return fail(fmt::format("{}: `kafka.properties.{}` is `{}`, which cannot be read",
                                given.origin, property, given.value));
      }
      std::string text((std::istreambuf_iterator<char>(stream)), {});
      while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
      return text;
    }
    return given.value;
  }

  Status build() {
    Config& config = loaded_.config;
    config.bus = value_of("bus");
    config.brokers = value_of("kafka.brokers");
    config.group = value_of("kafka.group");
    for (const auto& [property, given] : properties_) {
      TRY(std::string value, resolve(property, given));
      const bool hidden = is_secret(property) && !is_reference(given.value);
      loaded_.settings.push_back(Setting{fmt::format("{}.{}", kProperties, property),
                                         hidden ? "(hidden)" : given.value, given.origin});
      config.kafka_properties.emplace_back(property, std::move(value));
    }
    if (config.metrics.empty()) add_metrics({"metrics", "auto"}, "default", "default");
    for (std::size_t i = 0; i < config.metrics.size(); ++i) {
      const MetricTopic& topic = config.metrics[i];
      loaded_.settings.push_back(Setting{
          "metrics", fmt::format("{} (format {})", topic.topic, topic.format), metric_origins_[i]});
    }
    config.topics.commands = value_of("topics.commands");
    config.topics.effects = value_of("topics.effects");
    config.topics.events = value_of("topics.events");
    config.topics.deadletter = value_of("topics.deadletter");
    config.store_path = value_of("store.path");
    config.listen = value_of("http.listen");
    TRY(config.read_back_most, duration_of("read_back.most"));
    TRY(config.read_back_rate, rate_of("read_back.rate"));
    for (const Key& key : kKeys) {
      if (key.name.starts_with("effects.")) value_of(key.name);
    }
    return {};
  }

  const ConfigSources& sources_;
  LoadedConfig loaded_;
  std::map<std::string, Given, std::less<>> given_;
  std::map<std::string, Given> properties_;
  std::string metrics_source_;
  std::vector<std::string> metric_origins_;  // beside config.metrics
};

}  // namespace

std::optional<std::string> Config::file_bus() const {
  if (!bus.starts_with("file:")) return std::nullopt;
  return bus.substr(5);
}

std::vector<std::pair<std::string, std::string>> environment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

core::Result<LoadedConfig> load_config(const ConfigSources& sources) {
  return Loader(sources).load();
}

}  // namespace rollbook::adapters
