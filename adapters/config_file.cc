#include "adapters/config_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "adapters/wire/metric_decoder.h"
#include "adapters/wire/text.h"

namespace rollbook::adapters {
namespace {

using core::fail;
using core::Result;
using core::Status;

std::string suggestion(std::string_view name) {
  if (name.find('.') == std::string_view::npos) return did_you_mean(name, kSections);
  std::vector<std::string_view> names{kProperties};
  for (const Key& key : kKeys) names.push_back(key.name);
  return did_you_mean(name, names);
}

class Reader {
 public:
  explicit Reader(std::string path) : file_(std::move(path)) {}

  Status read(const toml::table& table) { return read_table(table, ""); }
  FileValues take() { return std::move(values_); }

 private:
  std::string at(const toml::node& node) const {
    return fmt::format("{}:{}:{}", file_, node.source().begin.line, node.source().begin.column);
  }

  Status read_table(const toml::table& table, const std::string& prefix) {
    // toml++ keeps keys by name; places tell which came first.
    for (const auto& [key, node] : table) {
      const std::string name = prefix + std::string(key.str());
      if (name == "metrics") {
        TRY_DO(read_metrics(node));
      } else if (name == kProperties) {
        TRY_DO(read_properties(node));
      } else if (const toml::table* inner = node.as_table();
                 inner != nullptr && prefix.empty() && is_section(name)) {
        TRY_DO(read_table(*inner, name + "."));
      } else if (prefix.empty() && is_section(name)) {
        return fail(fmt::format("{}: `{}` is a section, written [{}]", at(node), name, name));
      } else if (find_key(name) == nullptr) {
        return fail(
            fmt::format("{}: unknown key `{}`{}", at(node), printable(name), suggestion(name)));
      } else {
        TRY(std::string text, text_of(node, name));
        values_.given[name] = Given{std::move(text), at(node)};
      }
    }
    return {};
  }

  static bool is_section(std::string_view name) {
    return std::any_of(kKeys.begin(), kKeys.end(), [&](const Key& key) {
      return key.name.starts_with(name) && key.name.size() > name.size() &&
             key.name[name.size()] == '.';
    });
  }

  Result<std::string> text_of(const toml::node& node, std::string_view name) const {
    if (const auto text = node.value_exact<std::string>()) return *text;
    return fail(fmt::format("{}: `{}` is not a text in quotes", at(node), name));
  }

  Status read_metrics(const toml::node& node) {
    const toml::array* list = node.as_array();
    if (list == nullptr) {
      return fail(fmt::format("{}: `metrics` is a list, written [[metrics]]", at(node)));
    }
    for (const toml::node& entry : *list) {
      const toml::table* table = entry.as_table();
      if (table == nullptr) {
        return fail(fmt::format("{}: an entry of `metrics` is a table with `topic`", at(entry)));
      }
      MetricTopic topic;
      for (const auto& [key, value] : *table) {
        const std::string name = "metrics." + std::string(key.str());
        if (name != "metrics.topic" && name != "metrics.format") {
          return fail(fmt::format("{}: unknown key `{}`{}", at(value), printable(name),
                                  did_you_mean(name, kMetricKeys)));
        }
        TRY(std::string text, text_of(value, name));
        (name == "metrics.topic" ? topic.topic : topic.format) = std::move(text);
      }
      if (topic.topic.empty()) {
        return fail(fmt::format("{}: an entry of `metrics` without a `topic`", at(entry)));
      }
      TRY_DO(check_format(topic, at(entry)));
      values_.metrics.emplace_back(std::move(topic), at(entry));
    }
    return {};
  }

  Status read_properties(const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr) {
      return fail(
          fmt::format("{}: `kafka.properties` is a table, written [kafka.properties]", at(node)));
    }
    return read_properties(*table, "");
  }

  // `sasl.username = "x"` without quotes around its key is a table in TOML: its name is joined.
  Status read_properties(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const std::string name = prefix + std::string(key.str());
      if (const toml::table* inner = node.as_table()) {
        TRY_DO(read_properties(*inner, name + "."));
        continue;
      }
      std::string value;
      if (const auto text = node.value_exact<std::string>()) {
        value = *text;
      } else if (const auto whole = node.value_exact<std::int64_t>()) {
        value = std::to_string(*whole);
      } else if (const auto flag = node.value_exact<bool>()) {
        value = *flag ? "true" : "false";
      } else {
        return fail(fmt::format("{}: `kafka.properties.{}` is no text, whole number or boolean",
                                at(node), printable(name)));
      }
      values_.properties[name] = Given{std::move(value), at(node)};
    }
    return {};
  }

  static Status check_format(const MetricTopic& topic, const std::string& origin) {
    if (metric_format(topic.format)) return {};
    return fail(fmt::format("{}: `{}` is no format, formats are {}{}", origin,
                            printable(topic.format), fmt::join(metric_formats(), ", "),
                            did_you_mean(topic.format, metric_formats())));
  }

  std::string file_;
  FileValues values_;
};

}  // namespace

const Key* find_key(std::string_view name) {
  const auto found =
      std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& key) { return key.name == name; });
  return found == kKeys.end() ? nullptr : &*found;
}

core::Result<FileValues> read_config_file(const std::string& path) {
  std::error_code error;
  std::ifstream stream(path, std::ios::binary);
  if (std::filesystem::is_directory(path, error) || !stream) {
    return fail(fmt::format("{}: no such file that can be read", path));
  }
  try {
    Reader reader(path);
    TRY_DO(reader.read(toml::parse(stream, path)));
    return reader.take();
  } catch (const toml::parse_error& bad) {
    return fail(fmt::format("{}:{}:{}: {}", path, bad.source().begin.line,
                            bad.source().begin.column, bad.description()));
  }
}

}  // namespace rollbook::adapters
