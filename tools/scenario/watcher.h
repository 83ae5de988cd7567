#pragma once
// Watcher: waits until one of some files or directories changes (inotify). Editors replace files
// rather than write them, so it is the directory of a file that is watched.

#include <set>
#include <string>
#include <vector>

#include "tools/cli.h"

namespace rollbook::tools {

class Watcher {
 public:
  // Error: the kernel gives no more watches, or a path is not there.
  static Outcome<Watcher> make(const std::vector<std::string>& paths);
  ~Watcher();
  Watcher(Watcher&& other) noexcept;
  Watcher& operator=(Watcher&&) = delete;

  Outcome<void> add(const std::vector<std::string>& paths);

  // Until a scenario or a runbook there has changed, and nothing more changes for a moment. False:
  // interrupted.
  bool wait();

 private:
  explicit Watcher(int descriptor) : descriptor_(descriptor) {}
  bool take_changes();

  int descriptor_;
  std::set<std::string> directories_;
};

}  // namespace rollbook::tools
