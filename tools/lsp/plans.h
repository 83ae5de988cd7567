#pragma once
// Plans: runbooks compiled for the scenarios that name them. A scenario is checked with every
// keystroke in it, and its runbook hardly ever changes meanwhile: what was compiled is kept until a
// text that it was made of is another.

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/runtime/plan_compiler.h"

namespace rollbook::tools::lsp {

class Workspace;

class Plans {
 public:
  struct Known {
    std::shared_ptr<const runtime::Plan> plan;
    std::string error;  // its first, where there is no plan
  };
  // Between the two every plan is asked for that is still wanted; others are forgotten.
  void begin() { wanted_.clear(); }
  void end() { made_ = std::move(wanted_); }
  // Of the runbook at a path, valid until end().
  const Known& of(const std::string& path, const std::vector<core::Argument>& params,
                  const Workspace& workspace);

 private:
  using Key = std::pair<std::string, std::vector<std::string>>;  // path and parameters
  struct Made {
    std::vector<std::pair<std::string, std::string>> texts;  // that were read for it, by path
    Known known;
  };
  static Made make(const std::string& path, const std::vector<core::Argument>& params,
                   const Workspace& workspace);

  std::map<Key, Made> made_, wanted_;
};

}  // namespace rollbook::tools::lsp
