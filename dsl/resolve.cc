#include "dsl/resolve.h"

#include <algorithm>
#include <array>
#include <set>

#include "dsl/resolve_context.h"
#include "dsl/words.h"

namespace rollbook::dsl {

namespace {

constexpr std::size_t kParametersMost = 64;

// The only statement of its kind; a second one is reported and not looked at.
template <class Node>
const Node* only(Context& context, const ast::Runbook& runbook, const char* keyword) {
  const Node* first = nullptr;
  for (const Node* node : ast::all<Node>(runbook.statements)) {
    if (first != nullptr) {
      report_second(context, std::string("`") + keyword + "`", node->span, first->span);
      continue;
    }
    first = node;
  }
  return first;
}

// What the machine calls its own states, and what people would take for them.
bool is_reserved(const std::string& name) {
  for (const char* word :
       {"before", "preflight", "setup", "guarded", "guard", "success", "succeeded", "rolled_back",
        "aborted", "rollback", "require", "always"}) {
    if (name == word) return true;
  }
  return false;
}

// Names that become paths of states: letters, digits, `_` and `-`.
void check_path_name(Context& context, const ast::Name& name, const std::string& noun) {
  const bool plain =
      name.text.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == std::string::npos;
  if (!plain || name.text.empty()) {
    context.findings.error(Code::reserved_name, name.span,
                           "the name of a " + noun + " has letters, digits, `_` and `-` only",
                           "write it without other characters");
  }
}

void declare_stages(Context& context, const ast::Runbook& runbook) {
  std::size_t row = 0;
  for (const ast::Stage* stage : ast::all<ast::Stage>(runbook.statements)) {
    check_path_name(context, stage->name, "stage");
    if (is_reserved(stage->name.text)) {
      context.findings.error(Code::reserved_name, stage->name.span,
                             "no stage can be called `" + stage->name.text + "`",
                             "give it another name");
    }
    context.stages.declare(stage->name, row++, context.findings);
  }
}

struct Declares {
  const char* keyword;
  Names& names;
};
std::array<Declares, 9> declarations(Context& context) {
  return {{{"metric", context.metrics},
           {"param", context.params},
           {"role", context.roles},
           {"channel", context.channels},
           {"action", context.actions},
           {"template", context.templates},
           {"target", context.targets},
           {"decide", context.decisions},
           {"rollback", context.rollbacks}}};
}

// Whether a line that could not be read is `arms by label …`, perhaps without its first word.
bool names_arms(const ast::Error& error) {
  return error.keyword == "arms" || error.keyword == "by" ||
         std::any_of(error.words.begin(), error.words.end(),
                     [](const ast::Name& word) { return word.text == "label"; });
}

void declare_broken(Context& context, const ast::Runbook& runbook) {
  for (const ast::Error* error : ast::all<ast::Error>(runbook.statements)) {
    context.arms_unread = context.arms_unread || names_arms(*error);
    for (const Declares& each : declarations(context)) {
      if (error->keyword != each.keyword) continue;
      if (error->name) each.names.declare_broken(*error->name);
      // Of a list of roles any may be what could not be read.
      if (!error->name || error->keyword == "role") each.names.leave_open();
    }
  }
}

// A line that lost its first word declares something all the same, under one of its words.
void declare_unread(Context& context, const ast::Runbook& runbook) {
  for (const ast::Error* error : ast::all<ast::Error>(runbook.statements)) {
    for (const Declares& each : declarations(context)) {
      for (const ast::Name& word : error->words) each.names.declare_guessed(word);
    }
  }
}

// What is declared once all metrics have their names.
void declare_others(Context& context, const ast::Runbook& runbook) {
  declare_params(context, runbook);
  declare_unread(context, runbook);
}

void declare_channel(Context& context, const ast::Channel& channel) {
  bool known = false;
  for (const std::string& kind : channel_kinds()) known = known || kind == channel.kind.text;
  if (!known) {
    std::string help = did_you_mean(channel.kind.text, channel_kinds());
    if (help.empty()) help = "there is " + alternatives(channel_kinds());
    context.findings.error(Code::unknown_kind, channel.kind.span,
                           "no kind of channel is called `" + channel.kind.text + "`", help,
                           replace_by_near(channel.kind, channel_kinds()));
  }
  if (context.channels.declare(channel.name, context.channel_entries.size(), context.findings)) {
    context.channel_entries.push_back(&channel);
  }
}

void declare_action(Context& context, const ast::Action& action) {
  std::set<std::string> seen;
  for (const ast::Parameter& parameter : action.parameters) {
    if (seen.insert(parameter.name.text).second) continue;
    context.findings.error(Code::duplicate_name, parameter.name.span,
                           "parameter `" + parameter.name.text + "` is there twice",
                           "give one of them another name");
  }
  if (action.parameters.size() > kParametersMost) {
    context.findings.error(
        Code::bad_value, action.span,
        "an action has " + std::to_string(kParametersMost) + " parameters at most",
        "hand over less, or a name under which the rest is found");
    context.actions.declare_broken(action.name);
    return;
  }
  if (context.actions.declare(action.name, context.action_entries.size(), context.findings)) {
    context.action_entries.push_back(&action);
  }
}

void declare_names(Context& context, const ast::Runbook& runbook) {
  for (const ast::Roles* roles : ast::all<ast::Roles>(runbook.statements)) {
    for (const ast::Name& role : roles->names) {
      if (context.roles.declare(role, context.outline.roles.size(), context.findings)) {
        context.outline.roles.push_back(role.text);
      }
    }
  }
  for (const auto* channel : ast::all<ast::Channel>(runbook.statements)) {
    declare_channel(context, *channel);
  }
  for (const auto* action : ast::all<ast::Action>(runbook.statements)) {
    declare_action(context, *action);
  }
  for (const auto* stage_template : ast::all<ast::Template>(runbook.statements)) {
    const std::size_t row = context.template_entries.size();
    if (context.templates.declare(stage_template->name, row, context.findings)) {
      context.template_entries.push_back(stage_template);
    }
  }
  declare_targets(context, runbook);
  declare_stages(context, runbook);
  std::size_t row = 0;
  for (const auto* decision : ast::all<ast::Decision>(runbook.statements)) {
    context.decisions.declare(decision->name, row++, context.findings);
  }
  row = 0;
  for (const auto* rollback : ast::all<ast::Rollback>(runbook.statements)) {
    check_path_name(context, rollback->name, "rollback");
    if (rollback->name.text == "partial") {
      context.findings.error(Code::reserved_name, rollback->name.span,
                             "no rollback can be called `partial`: the command to a weight above "
                             "0% is called so",
                             "give it another name");
    }
    context.rollbacks.declare(rollback->name, row++, context.findings);
  }
  declare_broken(context, runbook);
}

void resolve_head(Context& context, const ast::Runbook& runbook) {
  Outline& outline = context.outline;
  outline.name = runbook.name.text;
  outline.edition = runbook.edition;
  outline.span = runbook.span;
  if (const auto* title = only<ast::Title>(context, runbook, "title")) {
    outline.title = title->text.value;
  }
  if (const auto* service = only<ast::Service>(context, runbook, "service")) {
    outline.service = service->name.value;
    if (outline.service.empty()) {
      context.findings.error(Code::bad_value, service->name.span, "the service needs a name",
                             "write what is rolled out: `service \"shop\"`");
    }
  }
  if (const auto* load = only<ast::Load>(context, runbook, "load")) {
    outline.load.emplace();
    outline.load->peak = load->peak.value;
    if (load->trough) outline.load->trough = load->trough->value;
  }
  const auto* arms = only<ast::Arms>(context, runbook, "arms");
  if (arms == nullptr) return;
  outline.arms = core::Arms{arms->label.value, arms->baseline.value, arms->canary.value};
  if (arms->baseline.value == arms->canary.value) {
    context.findings.error(Code::bad_value, arms->canary.span,
                           "baseline and canary are the same arm",
                           "write the two values of the label");
  }
}

// An unused template is read as well, so that its faults are found now and not on first use.
void read_unused_templates(Context& context, const ast::Runbook& runbook) {
  for (const ast::Template* stage_template : context.template_entries) {
    bool used = false;
    for (const auto* stage : ast::all<ast::Stage>(runbook.statements)) {
      used = used || (stage->base && stage->base->text == stage_template->name.text);
    }
    if (used) continue;
    ast::Stage stage;
    stage.name = stage_template->name;
    stage.block = stage_template->block;
    stage.span = stage_template->span;
    resolve_stage(context, stage);
  }
}

void resolve_blocks(Context& context, const ast::Runbook& runbook) {
  Outline& outline = context.outline;
  if (const auto* require = only<ast::Require>(context, runbook, "require")) {
    outline.require =
        resolve_review(context, ReviewHead{"preflight", require->span}, {&require->block});
  }
  if (const auto* setup = only<ast::Setup>(context, runbook, "setup")) {
    outline.setup = resolve_steps(context, {&setup->block});
  }
  for (const auto* guard : ast::all<ast::Guard>(runbook.statements)) {
    const std::size_t number = outline.guards.size() + 1;
    outline.guards.push_back(resolve_guard(
        context, *guard, number == 1 ? "guard" : "guard[" + std::to_string(number) + "]"));
  }
  outline.guard = join_guards(outline.guards);
  for (const auto* stage : ast::all<ast::Stage>(runbook.statements)) {
    outline.stages.push_back(resolve_stage(context, *stage));
  }
  const auto* success = only<ast::Success>(context, runbook, "success");
  if (success != nullptr) {
    outline.success =
        resolve_review(context, ReviewHead{"success", success->span}, {&success->block});
  }
  resolve_finish(context, runbook, success);
  for (const auto* decision : ast::all<ast::Decision>(runbook.statements)) {
    outline.decisions.push_back(resolve_decision(context, *decision));
  }
  for (const auto* rollback : ast::all<ast::Rollback>(runbook.statements)) {
    outline.rollbacks.push_back(resolve_rollback(context, *rollback));
  }
  read_unused_templates(context, runbook);
}

// Who is paged when a rollback's own act fails: whom the guard's rollback pages, else the first
// channel that pages anybody.
std::string find_pager(const Context& context) {
  const Outline& outline = context.outline;
  for (const GuardOutline& guard : outline.guards) {
    if (guard.otherwise.kind != Exit::Kind::rollback) continue;
    if (guard.otherwise.target >= outline.rollbacks.size()) continue;
    for (const core::Effect& effect : outline.rollbacks[guard.otherwise.target].entry) {
      if (effect.kind == core::EffectKind::page && !effect.channels.empty()) {
        return effect.channels.front();
      }
    }
  }
  for (const ast::Channel* channel : context.channel_entries) {
    if (channel->kind.text == "pagerduty") return channel->name.text;
  }
  return "";
}

}  // namespace

Outline resolve(const ast::Runbook& runbook, Sink& sink) {
  Context context(sink);
  context.outline.file = sink.file();
  resolve_head(context, runbook);
  declare_names(context, runbook);
  resolve_begins(context, runbook);
  resolve_metrics(context, runbook, declare_others);
  resolve_frame(context, runbook);
  if (fits_expanded(context, runbook)) resolve_blocks(context, runbook);
  blame_parameters(context);
  context.outline.pager = find_pager(context);
  for (const Names* names :
       {&context.metrics, &context.params, &context.roles, &context.channels, &context.actions,
        &context.templates, &context.decisions, &context.rollbacks, &context.targets}) {
    names->blame_declarations(context.findings);
    names->list_declared(context.outline.declared);
  }
  return std::move(context.outline);
}

}  // namespace rollbook::dsl
