#pragma once
// Answers: what the people of a scenario say when they are asked, by its rules
// (`at every question answer yes`).

#include <map>
#include <string>
#include <vector>

#include "engine/core/event.h"
#include "tools/scenario/script.h"

namespace rollbook::tools {

class Answers {
 public:
  // `script` must outlive it.
  explicit Answers(const Script& script) : script_(script) {}

  struct Planned {
    core::Command command;  // without its key
    core::Duration after{};
  };
  // To an Asked event; as many distinct persons as the rule names, or the quorum needs.
  std::vector<Planned> to(const core::Event& asked, const std::string& rollout);

  // The same vote by everyone whom the question of `command` needs.
  std::vector<core::Command> by_all(const core::Command& command) const;

 private:
  const dsl::scenario::Answering* rule_for(const core::Item& item) const;

  const Script& script_;
  std::map<std::string, std::size_t> asked_;  // how often, by text
  core::ItemIndex decision_;                  // the last that was asked
};

}  // namespace rollbook::tools
