#include "tools/same_place.h"

#include "tools/shell_words.h"

namespace rollbook::tools {

std::string same_place(const Settings& settings) {
  std::string text;
  add_option(text, "--config", settings.config);
  add_option(text, "--data", settings.data);
  return text;
}

std::string same_bus(const Settings& settings) {
  std::string text;
  add_option(text, "--config", settings.config);
  add_option(text, "--brokers", settings.brokers);
  add_option(text, "--bus", settings.bus);
  return text;
}

std::string log_beside(const Settings& settings) {
  const bool bus_alone = settings.config.empty() && settings.data.empty() &&
                         (!settings.brokers.empty() || !settings.bus.empty());
  return bus_alone ? " --data DIR" : same_place(settings);
}

}  // namespace rollbook::tools
