#pragma once
// Workspace: the documents that are open, and the files around them that they name. What is open
// is read as the editor has it, other files from disk when they are asked for.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/lsp/document.h"

namespace rollbook::tools::lsp {

class Workspace {
 public:
  std::map<std::string, Document, std::less<>> open;  // by URI
  std::string root;                                   // the folder that is open; "": none is

  // The text at a path; nothing: there is no such file, or it cannot be read.
  std::optional<std::string> read(const std::string& path) const;
  // The document at a path: the open one, else a new one from disk; nothing: no such file.
  std::optional<Document> document(const std::string& path) const;
  // As the editor calls it.
  std::string uri_of(const std::string& path) const;
  // A path that a file names, from its own folder.
  static std::string path_from(const std::string& file, const std::string& path);
  // The runbook that a scenario is for, by file or by name, as `rollbook test` looks for it; "".
  std::string runbook_of(const std::string& scenario, const std::string& name) const;
  // The file names of those that it is looked for among.
  std::vector<std::string> runbooks_near(const std::string& scenario) const;
  // Every runbook and scenario there is in the open folder, and beside `file`; open ones too. By
  // path.
  std::vector<std::string> texts(const std::string& file) const;
  // A file has changed: what open runbooks that take of it, by way of others too, and scenarios for
  // them know is worked out anew. Their URIs.
  std::vector<std::string> forget(const std::string& path);
};

}  // namespace rollbook::tools::lsp
