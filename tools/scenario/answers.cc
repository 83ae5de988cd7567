#include "tools/scenario/answers.h"

#include <algorithm>

#include "adapters/wire/names.h"

namespace rollbook::tools {

using core::Item;
using core::ItemKind;
using dsl::scenario::Answering;

namespace {

std::string option_of(const Item& item, core::OptionKind kind) {
  for (const core::Option& option : item.options) {
    if (option.kind == kind) return option.name;
  }
  return "";
}

// The option that a word of a rule stands for; "": none of this decision.
std::string option_for(const Item& item, const std::string& word) {
  if (word == "yes") return option_of(item, core::OptionKind::next);
  if (word == "no") return option_of(item, core::OptionKind::rollback);
  const bool offered = std::any_of(item.options.begin(), item.options.end(),
                                   [&](const core::Option& option) { return option.name == word; });
  return offered ? word : option_of(item, core::OptionKind::next);
}

std::vector<std::string> voices_of(const Item& item) {
  std::vector<std::string> roles;
  const std::size_t persons = adapters::needed(item.quorum);
  for (std::size_t i = 0; i < persons && !item.quorum.roles.empty(); ++i) {
    roles.push_back(item.quorum.roles[i % item.quorum.roles.size()]);
  }
  return roles;
}

std::string person(std::size_t index) { return "p" + std::to_string(index + 1); }

}  // namespace

const Answering* Answers::rule_for(const Item& item) const {
  const Answering* every = nullptr;
  for (const Answering& rule : script_.scenario.answers) {
    if (!rule.question) every = &rule;
    if (rule.question && rule.question->value == item.text) return &rule;
  }
  return every;
}

std::vector<Answers::Planned> Answers::to(const core::Event& event, const std::string& rollout) {
  const auto& asked = std::get<core::Asked>(event.body);
  const Item& item = script_.machine().at(asked.item);
  if (item.kind == ItemKind::decide) decision_ = asked.item;
  const std::size_t turn = asked_[item.text]++;
  const Answering* rule = rule_for(item);
  if (rule == nullptr) return {};
  const std::string& word = rule->words[std::min(turn, rule->words.size() - 1)].text;
  if (word == "nothing") return {};
  core::Command command;
  command.verb = item.kind == ItemKind::decide ? core::Verb::decide : core::Verb::confirm;
  command.rollout = rollout;
  command.item = item.text;
  command.question = event.sequence.value;
  command.yes = word != "no";
  if (item.kind == ItemKind::decide) {
    command.option = option_for(item, word);
    if (command.option.empty()) return {};
  }
  std::vector<std::string> roles;
  for (const dsl::ast::Name& role : rule->roles) {
    const auto& entitled = item.quorum.roles;
    if (std::find(entitled.begin(), entitled.end(), role.text) != entitled.end()) {
      roles.push_back(role.text);
    }
  }
  if (rule->roles.empty()) roles = voices_of(item);
  std::vector<Planned> planned;
  for (std::size_t i = 0; i < roles.size(); ++i) {
    command.role = roles[i];
    command.actor = person(i);
    planned.push_back({command, rule->after});
  }
  return planned;
}

std::vector<core::Command> Answers::by_all(const core::Command& command) const {
  const core::Machine& machine = script_.machine();
  const Item* item = nullptr;
  if (command.verb == core::Verb::decide && decision_.valid()) item = &machine.at(decision_);
  for (const Item& one : machine.items) {
    if (command.verb == core::Verb::confirm && one.text == command.item) item = &one;
  }
  if (item == nullptr) return {command};  // the engine says why not
  std::vector<core::Command> votes;
  const std::vector<std::string> roles = voices_of(*item);
  for (std::size_t i = 0; i < roles.size(); ++i) {
    votes.push_back(command);
    votes.back().role = roles[i];
    votes.back().actor = person(i);
  }
  return votes;
}

}  // namespace rollbook::tools
