#pragma once
// The options that many verbs share: where the configuration, the log and the bus are.

#include <string>
#include <vector>

#include "adapters/config.h"
#include "engine/runtime/bus.h"
#include "store/rocks_reader.h"
#include "tools/cli.h"

namespace rollbook::tools {

struct Settings {
  std::string config;   // --config
  std::string brokers;  // --brokers
  std::string bus;      // --bus
  std::string data;     // --data
  std::string listen;   // --listen
  std::vector<std::string> metrics_topics;

  void declare_config(OptionSet& set);
  void declare_bus(OptionSet& set);     // with declare_config()
  void declare_data(OptionSet& set);    // with declare_config()
  void declare_engine(OptionSet& set);  // all of them

  // Warnings go to the console. Error: exit code 2 where the configuration is wrong.
  Outcome<adapters::LoadedConfig> load(const Console& console) const;
};

// The bus of a configuration; nothing is connected yet where it is Kafka.
Outcome<std::unique_ptr<runtime::Bus>> make_bus(const adapters::Config& config);

// The log for reading, beside a running engine or after it. Error: exit code 6.
Outcome<std::unique_ptr<store::RocksReader>> open_log(const std::string& directory);

}  // namespace rollbook::tools
