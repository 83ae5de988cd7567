#include "tools/questions.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "adapters/wire/text.h"

namespace rollbook::tools {
namespace {

// The last time each item of the rollout was asked; older questions are closed by the newer.
Outcome<std::vector<SeenEvent>> asked_questions(const ActOptions& act, const std::string& rollout,
                                                std::string_view kind, const Console& console) {
  TRY(const adapters::LoadedConfig loaded, act.settings.load(console));
  TRY(const auto client, CommandClient::connect(loaded.config));
  std::vector<SeenEvent> asked;
  bool known = false;
  TRY_DO(client->history([&](const SeenEvent& event) {
    if (event.rollout != rollout) return;
    known = known || event.type != "rejected";  // a refusal is told under any name
    if (event.type == "rollout_started" || event.type == "rollout_finished") asked.clear();
    if (event.type != "asked" || event.kind != kind) return;
    std::erase_if(asked, [&](const SeenEvent& other) { return other.item == event.item; });
    asked.push_back(event);
  }));
  if (!known) {
    return give_up(
        fmt::format("no rollout `{}` on the topic `{}`", rollout, loaded.config.topics.events));
  }
  return asked;
}

std::string listed(const std::vector<SeenEvent>& asked) {
  std::string text;
  for (const SeenEvent& event : asked) {
    text += fmt::format("{}\"{}\"", text.empty() ? "" : ", ", adapters::printable(event.item));
  }
  return text;
}

Outcome<SeenEvent> pick(const std::vector<SeenEvent>& asked, const std::string& item,
                        std::string_view kind) {
  if (asked.empty()) return give_up(fmt::format("no open question to {}", kind));
  if (item.empty()) {
    if (asked.size() == 1) return asked.front();
    return give_up(fmt::format("which one? asked are {}", listed(asked)), Exit::usage);
  }
  std::vector<std::string_view> items;
  for (const SeenEvent& event : asked) {
    if (event.item == item) return event;
    items.push_back(event.item);
  }
  const std::string meant = adapters::did_you_mean(item, items);
  return give_up(fmt::format("nobody asks \"{}\"{}", adapters::printable(item),
                             meant.empty() ? "; asked are " + listed(asked) : meant));
}

Outcome<Exit> fill_in_role(core::Command& command, const SeenEvent& question) {
  const auto& roles = question.roles;
  if (command.role.empty()) {
    if (roles.size() == 1) {
      command.role = roles.front();
      return Exit::done;
    }
    return give_up(fmt::format("--role is missing: asked are {}", fmt::join(roles, ", ")),
                   Exit::usage);
  }
  if (std::find(roles.begin(), roles.end(), command.role) != roles.end()) return Exit::done;
  const std::vector<std::string_view> names(roles.begin(), roles.end());
  const std::string meant = adapters::did_you_mean(command.role, names);
  return give_up(
      fmt::format("role `{}` is not asked{}", adapters::printable(command.role),
                  meant.empty() ? fmt::format("; asked are {}", fmt::join(roles, ", ")) : meant));
}

}  // namespace

Outcome<Exit> address(core::Command& command, const QuestionOptions& options, const ActOptions& act,
                      const Console& console) {
  command.role = options.role;
  command.item = options.item;
  if (!options.question.empty()) {
    const std::string& text = options.question;
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, command.question);
    if (error != std::errc{} || stopped != end || command.question == 0) {
      return give_up(fmt::format("--question `{}` is no question's number", text), Exit::usage);
    }
    return Exit::done;
  }
  const std::string_view kind = name_of(command.verb);
  TRY(const std::vector<SeenEvent> asked, asked_questions(act, command.rollout, kind, console));
  TRY(const SeenEvent question, pick(asked, options.item, kind));
  TRY_DO(fill_in_role(command, question));
  command.item = question.item;
  command.question = question.question;
  if (command.verb == core::Verb::decide &&
      std::find(question.options.begin(), question.options.end(), command.option) ==
          question.options.end()) {
    const std::vector<std::string_view> offered(question.options.begin(), question.options.end());
    const std::string meant = adapters::did_you_mean(command.option, offered);
    return give_up(fmt::format(
        "option `{}` is not offered{}", adapters::printable(command.option),
        meant.empty() ? fmt::format("; offered are {}", fmt::join(offered, ", ")) : meant));
  }
  return Exit::done;
}

}  // namespace rollbook::tools
