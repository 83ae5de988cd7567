#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tools/scenario/suite.h"

namespace rollbook::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kScenario = ".scenario";
constexpr std::string_view kRunbook = ".runbook";

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

std::vector<std::string> files_under(const fs::path& directory, std::string_view extension,
                                     bool deep) {
  std::vector<std::string> found;
  std::error_code error;
  fs::recursive_directory_iterator entry(directory, fs::directory_options::skip_permission_denied,
                                         error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const bool hidden = entry->path().filename().string().starts_with('.');
    std::error_code ignored;
    if (entry->is_directory(ignored) && (hidden || !deep)) entry.disable_recursion_pending();
    if (!hidden && entry->path().extension() == extension && is_file(entry->path())) {
      found.push_back(entry->path().string());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Whether the file declares `runbook NAME`. Read by lines: it is compiled only when it is meant.
bool declares(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos || line.compare(begin, 8, "runbook ") != 0) continue;
    const std::size_t from = line.find_first_not_of(" \t", begin + 8);
    if (from == std::string::npos) return false;
    const std::size_t end = line.find_first_of(" \t{", from);
    return line.substr(from, end - from) == name;
  }
  return false;
}

Outcome<std::vector<std::string>> scenarios_at(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    auto found = files_under(path, kScenario, true);
    if (found.empty()) {
      return give_up(fmt::format("{}: no `*.scenario` in this directory", path), Exit::usage);
    }
    return found;
  }
  fs::path file(path);
  if (file.extension() == kRunbook) {
    file.replace_extension(kScenario);
    if (!is_file(file)) {
      return give_up(fmt::format("{}: it has no scenarios, looked for {}", path, file.string()),
                     Exit::usage);
    }
  }
  if (!is_file(file)) return give_up(fmt::format("{}: no such file", path), Exit::usage);
  return std::vector<std::string>{file.string()};
}

}  // namespace

Outcome<std::vector<std::string>> find_scenarios(const std::vector<std::string>& paths) {
  std::vector<std::string> all;
  for (const std::string& path : paths) {
    TRY(const std::vector<std::string> found, scenarios_at(path));
    for (const std::string& file : found) {
      if (std::find(all.begin(), all.end(), file) == all.end()) all.push_back(file);
    }
  }
  return all;
}

Outcome<std::string> find_runbook(const std::string& scenario_path, const std::string& name) {
  const fs::path beside = fs::path(scenario_path).parent_path();
  const std::vector<fs::path> folders = {beside, beside / "plans", "plans", ""};
  for (const fs::path& folder : folders) {
    for (const std::string& file : {name, name + std::string(kRunbook)}) {
      if (is_file(folder / file)) return (folder / file).string();
    }
  }
  std::vector<std::string> there;
  for (const fs::path& folder : folders) {
    const fs::path place = folder.empty() ? fs::path(".") : folder;
    for (const std::string& file : files_under(place, kRunbook, false)) {
      if (declares(file, name)) return file;
      there.push_back(fs::path(file).filename().string());
    }
  }
  return give_up(no_runbook(scenario_path, name, there));
}

}  // namespace rollbook::tools
