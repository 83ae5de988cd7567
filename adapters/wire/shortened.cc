#include "adapters/wire/shortened.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "adapters/wire/json_out.h"
#include "engine/core/utf8.h"

namespace rollbook::adapters {
namespace {

// What people read at a glance; topics are rarely set to take less than a few of these.
constexpr std::size_t kTextKept = 1000;
constexpr std::size_t kEntriesKept = 20;

// What others act upon, or keep: it stays whole.
bool is_acted_on(const std::string& name) {
  constexpr std::string_view kWhole[] = {"arguments", "params", "version", "result",
                                         "options",   "roles",  "channel"};
  return std::find(std::begin(kWhole), std::end(kWhole), name) != std::end(kWhole);
}

void cut_text(std::string& text) {
  if (text.size() <= kTextKept) return;
  const std::size_t whole = text.size();
  text.resize(core::whole_characters(text, kTextKept).size());
  text += fmt::format("… ({} bytes)", whole);
}

void cut(Json& value) {
  if (value.is_string()) {
    cut_text(value.get_ref<std::string&>());
  } else if (value.is_array()) {
    if (value.size() > kEntriesKept) {
      value.erase(value.begin() + static_cast<std::ptrdiff_t>(kEntriesKept), value.end());
    }
    for (Json& entry : value) cut(entry);
  } else if (value.is_object()) {
    for (auto& [name, entry] : value.items()) {
      if (!is_acted_on(name)) cut(entry);
    }
  }
}

}  // namespace

std::optional<std::string> shortened(const std::string& payload) {
  Json json = Json::parse(payload, nullptr, false);
  if (!json.is_object() || !json.contains("data") || !json["data"].is_object()) {
    return std::nullopt;
  }
  Json& data = json["data"];
  cut(data);
  data["shortened"] = payload.size();
  std::string line = to_line(json);
  if (line.size() >= payload.size()) return std::nullopt;
  return line;
}

}  // namespace rollbook::adapters
