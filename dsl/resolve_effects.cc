#include <array>

#include "dsl/resolve_context.h"
#include "dsl/words.h"

namespace rollbook::dsl {

namespace {

void check_placeholders(Context& context, const ast::Text& text) {
  const std::string& value = text.value;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '{') continue;
    if (i + 1 < value.size() && value[i + 1] == '{') {
      ++i;
      continue;
    }
    const std::size_t end = value.find_first_of("{}", i + 1);
    if (end == std::string::npos || value[end] == '{') {
      context.findings.error(Code::unknown_placeholder, text.span,
                             "a `{` in this text is not closed",
                             "close it as in `{cause}`, or write `{{` for a brace");
      return;
    }
    const std::string name = value.substr(i + 1, end - i - 1);
    bool known = false;
    for (const std::string& each : placeholders()) known = known || each == name;
    if (!known) {
      std::string help = did_you_mean(name, placeholders());
      if (help.empty()) help = "there is " + alternatives(placeholders()) + "; `{{` is a brace";
      context.findings.error(Code::unknown_placeholder, text.span,
                             "no placeholder is called `{" + name + "}`", help);
    }
    i = end;
  }
}

struct Choice {
  const ast::Name& name;
  const char* noun;
};
bool is_one_of(Context& context, const Choice& word, const std::vector<std::string>& known) {
  for (const std::string& each : known)
    if (each == word.name.text) return true;
  std::string help = did_you_mean(word.name.text, known);
  if (help.empty()) help = "there is " + alternatives(known);
  context.findings.error(Code::unknown_kind, word.name.span,
                         std::string("no ") + word.noun + " is called `" + word.name.text + "`",
                         help, replace_by_near(word.name, known));
  return false;
}

std::vector<core::Argument> argument_texts(const std::vector<ast::Argument>& arguments) {
  std::vector<core::Argument> texts;
  for (const ast::Argument& argument : arguments) {
    texts.push_back(core::Argument{argument.name ? argument.name->text : std::string(),
                                   value_text(argument.value)});
  }
  return texts;
}

core::Duration deadline(const std::optional<ast::Number>& within) {
  return within ? within->duration() : core::Duration::zero();
}

std::optional<core::Effect> action_effect(Context& context, core::EffectKind kind,
                                          const ast::Name& name,
                                          const std::vector<ast::Argument>& arguments,
                                          const core::Span& span) {
  const auto row = context.actions.find(name, context.findings);
  if (!row) return std::nullopt;
  check_arguments(context, *context.action_entries[*row], arguments, span);
  core::Effect effect;
  const bool settles = kind == core::EffectKind::run || kind == core::EffectKind::start;
  if (settles && context.action_entries[*row]->idempotent) effect.attempts = core::kActionAttempts;
  effect.kind = kind;
  effect.name = name.text;
  effect.arguments = argument_texts(arguments);
  effect.span = span;
  return effect;
}

template <class Message>
core::Effect message_effect(Context& context, core::EffectKind kind, const Message& message) {
  check_placeholders(context, message.text);
  core::Effect effect;
  effect.kind = kind;
  effect.channels = resolve_channels(context, message.channels);
  effect.text = message.text.value;
  effect.span = message.span;
  return effect;
}

std::optional<core::Effect> open_effect(Context& context, const ast::Open& open) {
  if (!is_one_of(context, Choice{open.kind, "thing to open"}, record_kinds())) return std::nullopt;
  core::Effect effect;
  effect.kind = core::EffectKind::incident;
  effect.name = open.kind.text;
  effect.span = open.span;
  for (const ast::Argument& argument : open.arguments) {
    if (!argument.name) {
      context.findings.error(Code::unknown_argument, argument.span, "this value needs a name",
                             "write `severity: high`");
      continue;
    }
    if (argument.name->text == "severity") {
      const ast::Name severity{value_text(argument.value), span_of(argument.value)};
      if (is_one_of(context, Choice{severity, "severity"}, severities())) {
        effect.severity = severity.text;
      }
    } else {
      effect.arguments.push_back(core::Argument{argument.name->text, value_text(argument.value)});
    }
  }
  return effect;
}

std::optional<core::Effect> report_effect(Context& context, const ast::Report& report) {
  if (!is_one_of(context, Choice{report.kind, "report"}, report_kinds())) return std::nullopt;
  core::Effect effect;
  effect.kind = core::EffectKind::report;
  effect.name = report.kind.text;
  effect.span = report.span;
  return effect;
}

// Whether a literal may stand for a parameter of that type. A bare name is a word of the
// language (`high`), never a text.
bool fits(const ast::Value& value, ast::Type type) {
  if (const auto* number = std::get_if<ast::Number>(&value)) return number->type == type;
  return std::holds_alternative<ast::Text>(value) && type == ast::Type::text;
}

// A literal of that type.
std::string_view example_of(ast::Type type) {
  switch (type) {
    case ast::Type::ratio:
      return "10%";
    case ast::Type::points:
      return "0.02pp";
    case ast::Type::duration:
      return "5m";
    case ast::Type::rate:
      return "900/s";
    case ast::Type::count:
      return "3";
    case ast::Type::size:
      return "64KiB";
    case ast::Type::text:
      return "\"…\"";
  }
  return "";
}

std::string suggestion(const std::string& word, const std::vector<std::string>& known) {
  const std::string help = did_you_mean(word, known);
  if (!help.empty()) return help;
  return known.empty() ? "it takes none" : "there is " + alternatives(known);
}

std::string type_of(const ast::Value& value) {
  if (const auto* number = std::get_if<ast::Number>(&value)) {
    return with_article(number->type);
  }
  return std::holds_alternative<ast::Text>(value) ? "a text" : "a bare word";
}

void report_argument(Context& context, const ast::Action& action, const ast::Name& name,
                     const std::vector<std::string>& known) {
  const std::string message =
      "action `" + action.name.text + "` has no parameter `" + name.text + "`";
  if (!context.findings.would_say(Code::unknown_argument, name.span, message)) return;
  context.findings.error(Code::unknown_argument, name.span, message, suggestion(name.text, known),
                         replace_by_near(name, known));
  ArgumentNames& names = context.argument_names[action.name.text];
  names.action = &action;
  names.unknown_at[name.text].push_back(name.span);
}

}  // namespace

void blame_parameters(Context& context) {
  for (const auto& [action, names] : context.argument_names) {
    if (names.action == nullptr) continue;  // all of them are known
    std::vector<DeclaredName> declared;
    for (const ast::Parameter& parameter : names.action->parameters)
      declared.push_back({parameter.name, names.used.contains(parameter.name.text)});
    blame_declarations(Code::unknown_argument, declared, names.unknown_at, context.findings);
  }
}

void check_arguments(Context& context, const ast::Action& action,
                     const std::vector<ast::Argument>& arguments, const core::Span& span) {
  std::vector<std::string> known;
  for (const ast::Parameter& parameter : action.parameters) known.push_back(parameter.name.text);
  std::vector<bool> given(known.size(), false);
  bool unnamed = false;
  for (const ast::Argument& argument : arguments) {
    if (!argument.name) {
      unnamed = true;
      context.findings.error(Code::unknown_argument, argument.span, "this argument needs a name",
                             known.empty() ? "action `" + action.name.text + "` takes none"
                                           : "write `" + known.front() + ": …`");
      continue;
    }
    std::size_t row = 0;
    while (row < known.size() && known[row] != argument.name->text) ++row;
    if (row == known.size()) {
      // A misspelt name is one mistake, not also a missing one.
      const std::string meant = closest(argument.name->text, known);
      for (std::size_t i = 0; i < known.size(); ++i) given[i] = given[i] || known[i] == meant;
      report_argument(context, action, *argument.name, known);
      continue;
    }
    context.argument_names[action.name.text].used.insert(known[row]);
    if (given[row]) {
      context.findings.error(Code::duplicate_name, argument.name->span,
                             "argument `" + argument.name->text + "` is given twice",
                             "leave one out");
    }
    given[row] = true;
    const ast::Type type = action.parameters[row].type;
    if (!fits(argument.value, type)) {
      context.findings.error(Code::type_mismatch, span_of(argument.value),
                             "parameter `" + known[row] + "` is " + with_article(type) +
                                 ", this is " + type_of(argument.value),
                             "write it like `" + std::string(example_of(type)) + "`");
    }
  }
  for (std::size_t row = 0; row < known.size(); ++row) {
    if (given[row] || unnamed) continue;
    context.findings.error(Code::missing_argument, span,
                           "action `" + action.name.text + "` needs `" + known[row] + "`",
                           "add `" + known[row] + ": …`");
  }
}

std::optional<core::Effect> resolve_effect(Context& context, const ast::Statement& statement) {
  using core::EffectKind;
  if (const auto* run = std::get_if<ast::Run>(&statement.node)) {
    auto effect = action_effect(context, EffectKind::run, run->action, run->arguments, run->span);
    const core::Duration within = deadline(run->within);
    if (effect) effect->deadline = within;
    return effect;
  }
  if (const auto* start = std::get_if<ast::Start>(&statement.node)) {
    return action_effect(context, EffectKind::start, start->action, start->arguments, start->span);
  }
  if (const auto* checkpoint = std::get_if<ast::Checkpoint>(&statement.node)) {
    core::Effect effect;
    effect.kind = EffectKind::checkpoint;
    effect.name = checkpoint->name.value;
    effect.deadline = deadline(checkpoint->within);
    effect.span = checkpoint->span;
    return effect;
  }
  if (const auto* traffic = std::get_if<ast::Traffic>(&statement.node)) {
    core::Effect effect;
    effect.kind = EffectKind::traffic;
    effect.to = weight_of(traffic->weight);
    effect.target = traffic_target(context, traffic->target, traffic->span);
    effect.deadline = deadline(traffic->within);
    effect.span = traffic->span;
    return effect;
  }
  if (const auto* notify = std::get_if<ast::Notify>(&statement.node)) {
    return message_effect(context, EffectKind::notify, *notify);
  }
  if (const auto* page = std::get_if<ast::Page>(&statement.node)) {
    return message_effect(context, EffectKind::page, *page);
  }
  if (const auto* open = std::get_if<ast::Open>(&statement.node)) {
    return open_effect(context, *open);
  }
  if (const auto* report = std::get_if<ast::Report>(&statement.node)) {
    return report_effect(context, *report);
  }
  return std::nullopt;
}

}  // namespace rollbook::dsl
