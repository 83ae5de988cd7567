#include "tools/same_place.h"

#include <string_view>

namespace rollbook::tools {
namespace {

// As a shell takes it for one word.
std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%";
  if (word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'') {
      text += "'\\''";
    } else {
      text += c;
    }
  }
  return text + "'";
}

}  // namespace

std::string same_place(const Settings& settings) {
  std::string text;
  if (!settings.config.empty()) text += " --config " + quoted(settings.config);
  if (!settings.data.empty()) text += " --data " + quoted(settings.data);
  return text;
}

std::string same_bus(const Settings& settings) {
  std::string text;
  if (!settings.config.empty()) text += " --config " + quoted(settings.config);
  if (!settings.brokers.empty()) text += " --brokers " + quoted(settings.brokers);
  if (!settings.bus.empty()) text += " --bus " + quoted(settings.bus);
  return text;
}

std::string log_beside(const Settings& settings) {
  const bool bus_alone =
      settings.config.empty() && (!settings.brokers.empty() || !settings.bus.empty());
  return bus_alone ? " --data DIR" : same_place(settings);
}

}  // namespace rollbook::tools
