#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/json_out.h"
#include "tools/settings.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

struct Options {
  Settings settings;
  std::string output;
};

Outcome<Exit> run(const Options& options, const Console& console) {
  TRY(const adapters::LoadedConfig loaded, options.settings.load(console));
  if (options.output == "json") {
    adapters::Json all = adapters::Json::array();
    for (const adapters::Setting& setting : loaded.settings) {
      all.push_back({{"key", setting.key}, {"value", setting.value}, {"origin", setting.origin}});
    }
    console.line(adapters::to_line(all));
    return Exit::done;
  }
  std::size_t key = 0;
  std::size_t value = 0;
  for (const adapters::Setting& setting : loaded.settings) {
    key = std::max(key, setting.key.size());
    value = std::max(value, setting.value.size());
  }
  for (const adapters::Setting& setting : loaded.settings) {
    console.line(
        fmt::format("{:<{}}  {:<{}}  {}", setting.key, key, setting.value, value, setting.origin));
  }
  return Exit::done;
}

}  // namespace

Verb config_verb() {
  auto o = std::make_shared<Options>();
  return {"config",
          Group::operating,
          "print the values that hold, and where each comes from",
          {"rollbook config", "ROLLBOOK_KAFKA_BROKERS=kafka-1:9092 rollbook config -o json"},
          [o](OptionSet& set) {
            o->settings.declare_engine(set);
            set.choice("-o,--output", o->output, {"table", "json"}, "how they are printed");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
