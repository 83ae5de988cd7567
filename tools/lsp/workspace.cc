#include "tools/lsp/workspace.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

namespace rollbook::tools::lsp {
namespace {

namespace fs = std::filesystem;

// A folder with more is no folder of plans; whoever opened it did not mean all of it.
constexpr std::size_t kFilesMost = 2000;
constexpr std::uintmax_t kBytesMost = 1 << 20;  // as the compiler takes

bool is_text(const fs::path& path) {
  return path.extension() == ".runbook" || path.extension() == ".scenario";
}

void add_texts(const fs::path& folder, bool deep, std::set<std::string>& paths) {
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied,
                                         error);
  for (std::size_t seen = 0; !error && entry != fs::recursive_directory_iterator();
       entry.increment(error)) {
    if (++seen > kFilesMost) return;
    std::error_code ignored;
    const bool hidden = entry->path().filename().string().starts_with('.');
    if (entry->is_directory(ignored)) {
      if (hidden || !deep) entry.disable_recursion_pending();
    } else if (is_text(entry->path())) {
      paths.insert(entry->path().lexically_normal().string());
    }
  }
}

}  // namespace

std::optional<std::string> Workspace::read(const std::string& path) const {
  for (const auto& [uri, document] : open)
    if (document.file() == path) return document.text().bytes();
  if (!fs::path(path).is_absolute()) return std::nullopt;  // beside a text that is no file
  std::error_code error;
  const std::uintmax_t size = fs::is_regular_file(path, error) ? fs::file_size(path, error) : 0;
  if (error || !fs::is_regular_file(path, error) || size > kBytesMost) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

std::optional<Document> Workspace::document(const std::string& path) const {
  for (const auto& [uri, document] : open)
    if (document.file() == path) return document;
  auto text = read(path);
  if (!text) return std::nullopt;
  return Document(uri_of_path(path), 0, *std::move(text), *this);
}

std::string Workspace::uri_of(const std::string& path) const {
  for (const auto& [uri, document] : open)
    if (document.file() == path) return uri;
  return uri_of_path(path);
}

std::string Workspace::path_from(const std::string& file, const std::string& path) {
  return (fs::path(file).parent_path() / path).lexically_normal().string();
}

std::string Workspace::runbook_of(const std::string& scenario, const std::string& name) const {
  for (const std::string folder : {"", "plans/"}) {
    for (const std::string extension : {"", ".runbook"}) {
      const std::string path = path_from(scenario, folder + name + extension);
      if (read(path)) return path;
    }
  }
  for (const std::string& path : texts(scenario)) {
    if (fs::path(path).extension() != ".runbook") continue;
    auto other = document(path);
    if (other && other->index().declaration(dsl::NameKind::runbook, name) != nullptr) return path;
  }
  return "";
}

std::vector<std::string> Workspace::runbooks_near(const std::string& scenario) const {
  std::vector<std::string> names;
  for (const std::string& path : texts(scenario)) {
    if (fs::path(path).extension() == ".runbook") names.push_back(fs::path(path).filename());
  }
  return names;
}

std::vector<std::string> Workspace::texts(const std::string& file) const {
  std::set<std::string> paths;
  for (const auto& [uri, document] : open)
    if (is_text(document.file())) paths.insert(document.file());
  const fs::path beside = fs::path(file).parent_path();
  if (!beside.empty()) {
    add_texts(beside, false, paths);
    add_texts(beside / "plans", false, paths);
  }
  if (!root.empty()) add_texts(root, true, paths);
  return {paths.begin(), paths.end()};
}

std::vector<std::string> Workspace::forget(const std::string& path) {
  std::set<std::string> changed{path};
  std::vector<std::string> uris;
  for (bool any = true; any;) {
    any = false;
    for (auto& [uri, document] : open) {
      if (changed.contains(document.file())) continue;
      const auto& imports = document.imports();
      // A scenario whose runbook is not there may be for this one.
      const bool takes = std::any_of(imports.begin(), imports.end(), [&](const Reference& one) {
        return changed.contains(one.path) || (document.is_scenario() && one.path.empty());
      });
      if (!takes) continue;
      changed.insert(document.file());
      document.forget();
      uris.push_back(uri);
      any = true;
    }
  }
  return uris;
}

}  // namespace rollbook::tools::lsp
