#include "tools/settings.h"

#include <fmt/format.h>

#include <filesystem>

#include "adapters/file_bus.h"
#include "adapters/kafka/kafka_bus.h"

namespace rollbook::tools {

void Settings::declare_config(OptionSet& set) {
  set.option("--config", "FILE", config, "configuration (default ./rollbook.toml if it is there)");
}

void Settings::declare_bus(OptionSet& set) {
  declare_config(set);
  set.option("--brokers", "HOST:PORT", brokers, "Kafka to speak to (default 127.0.0.1:9092)");
  set.option("--bus", "BUS", bus, "kafka, or file:DIR for JSON lines in a directory");
}

void Settings::declare_data(OptionSet& set) {
  declare_config(set);
  set.option("--data", "DIR", data, "the engine's log (default /var/lib/rollbook)");
}

void Settings::declare_engine(OptionSet& set) {
  declare_bus(set);
  set.option("--data", "DIR", data, "the log (default /var/lib/rollbook)");
  set.options("--metrics-topic", "TOPIC", metrics_topics, "read metrics there (default metrics)");
  set.option("--listen", "ADDR", listen, "serve /metrics there (default 127.0.0.1:9464)");
}

Outcome<adapters::LoadedConfig> Settings::load(const Console& console) const {
  adapters::ConfigSources sources;
  if (!config.empty()) sources.file = config;
  sources.environment = adapters::environment();
  const std::pair<const char*, const std::string*> flags[] = {
      {"kafka.brokers", &brokers}, {"bus", &bus}, {"store.path", &data}, {"http.listen", &listen}};
  const char* names[] = {"--brokers", "--bus", "--data", "--listen"};
  for (std::size_t i = 0; i < std::size(flags); ++i) {
    if (!flags[i].second->empty()) {
      sources.flags.push_back({flags[i].first, *flags[i].second, names[i]});
    }
  }
  for (const std::string& topic : metrics_topics) {
    sources.flags.push_back({"metrics", topic, "--metrics-topic"});
  }
  auto loaded = adapters::load_config(sources);
  if (!loaded) return give_up(loaded.error().message, Exit::usage);
  for (const std::string& warning : loaded->warnings) console.say("warning: " + warning);
  return std::move(*loaded);
}

Outcome<std::unique_ptr<runtime::Bus>> make_bus(const adapters::Config& config) {
  if (const auto directory = config.file_bus()) {
    auto bus = adapters::make_file_bus(*directory);
    if (!bus) return give_up(bus.error().message, Exit::unreachable);
    return std::move(*bus);
  }
  adapters::KafkaOptions options;
  options.brokers = config.brokers;
  options.group = config.group;
  options.properties = config.kafka_properties;
  auto bus = adapters::make_kafka_bus(std::move(options));
  if (!bus) return give_up(bus.error().message, Exit::usage);
  return std::move(*bus);
}

Outcome<std::unique_ptr<store::RocksReader>> open_log(const std::string& directory) {
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error)) {
    return give_up(fmt::format("{}: no log there; --data names the engine's directory", directory),
                   Exit::unreachable);
  }
  auto reader = store::RocksReader::open(directory);
  if (!reader) return give_up(reader.error().message, Exit::unreachable);
  return std::move(*reader);
}

}  // namespace rollbook::tools
