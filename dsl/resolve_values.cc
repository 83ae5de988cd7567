#include <set>

#include "dsl/format_value.h"
#include "dsl/resolve_context.h"

namespace rollbook::dsl {

namespace {

constexpr std::int64_t kPersonsMost = 1000;

}  // namespace

std::string with_article(ast::Type type) {
  if (type == ast::Type::points) return "a difference in points";
  return "a " + std::string(ast::to_string(type));
}

core::Weight weight_of(const ast::Number& ratio) {
  return core::Weight{static_cast<std::int64_t>(ratio.value.nanos)};
}

core::Quorum resolve_quorum(Context& context, const ast::Quorum& quorum) {
  core::Quorum resolved;
  resolved.kind = quorum.kind;
  std::set<std::string> seen;
  for (const ast::Name& role : quorum.roles) {
    context.roles.find(role, context.findings);
    if (!seen.insert(role.text).second) {
      context.findings.error(
          Code::duplicate_name, role.span, "role `" + role.text + "` stands twice in this list",
          quorum.kind == core::QuorumKind::all
              ? "for two distinct persons of one role write `by 2 of " + role.text + "`"
              : "leave one out");
    }
    resolved.roles.push_back(role.text);
  }
  if (quorum.kind == core::QuorumKind::all) {
    resolved.needed = static_cast<std::uint32_t>(quorum.roles.size());
  }
  if (quorum.kind == core::QuorumKind::at_least) {
    const std::int64_t needed = quorum.needed.whole();
    if (needed > kPersonsMost) {
      context.findings.error(Code::bad_value, quorum.needed.span,
                             "`" + quorum.needed.text + " of` asks for too many persons",
                             "write a number from 1 to " + std::to_string(kPersonsMost));
    } else {
      resolved.needed = static_cast<std::uint32_t>(needed);
    }
  }
  return resolved;
}

Exit resolve_exit(Context& context, const ast::Exit& exit) {
  Exit resolved;
  resolved.span = exit.span;
  if (exit.kind == ast::Exit::Kind::end) {
    resolved.kind = Exit::Kind::end;
    return resolved;
  }
  if (exit.kind == ast::Exit::Kind::halt) {
    resolved.kind = Exit::Kind::halt;
    return resolved;
  }
  const bool decide = exit.kind == ast::Exit::Kind::decide;
  Names& names = decide ? context.decisions : context.rollbacks;
  resolved.kind = decide ? Exit::Kind::decide : Exit::Kind::rollback;
  resolved.target = names.find(exit.target, context.findings).value_or(0);
  return resolved;
}

std::vector<std::string> resolve_channels(Context& context, const std::vector<ast::Name>& names) {
  std::vector<std::string> channels;
  std::set<std::string> seen;
  for (const ast::Name& name : names) {
    const bool known = context.channels.find(name, context.findings).has_value();
    if (!seen.insert(name.text).second) {
      context.findings.error(Code::duplicate_name, name.span,
                             "channel `" + name.text + "` stands twice in this list",
                             "leave one out");
    } else if (known) {
      channels.push_back(name.text);
    }
  }
  return channels;
}

bool is_pager(const Context& context, const std::string& channel) {
  for (const ast::Channel* entry : context.channel_entries)
    if (entry->name.text == channel) return entry->kind.text == "pagerduty";
  return false;
}

std::string value_text(const ast::Value& value) {
  if (const auto* text = std::get_if<ast::Text>(&value)) return text->value;
  if (const auto* name = std::get_if<ast::Name>(&value)) return name->text;
  const auto& number = std::get<ast::Number>(value);
  switch (number.type) {
    case ast::Type::ratio:
      return format_percent(number.value);
    case ast::Type::duration:
      return format_duration(number.duration());
    case ast::Type::count:
      return format_decimal(number.value);
    case ast::Type::points:
    case ast::Type::rate:
    case ast::Type::size:
    case ast::Type::text:
      return number.text;
  }
  return number.text;
}

core::Span span_of(const ast::Value& value) {
  return std::visit([](const auto& any) { return any.span; }, value);
}

}  // namespace rollbook::dsl
