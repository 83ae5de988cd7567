#include "dsl/index.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dsl/index_names.h"

namespace rollbook::dsl {
namespace {

constexpr std::array kNouns = {
    std::pair{NameKind::runbook, std::string_view("runbook")},
    std::pair{NameKind::metric, std::string_view("metric")},
    std::pair{NameKind::role, std::string_view("role")},
    std::pair{NameKind::channel, std::string_view("channel")},
    std::pair{NameKind::action, std::string_view("action")},
    std::pair{NameKind::argument, std::string_view("argument")},
    std::pair{NameKind::stage_template, std::string_view("template")},
    std::pair{NameKind::stage, std::string_view("stage")},
    std::pair{NameKind::decision, std::string_view("decision")},
    std::pair{NameKind::option, std::string_view("option")},
    std::pair{NameKind::rollback, std::string_view("rollback")},
    std::pair{NameKind::criterion, std::string_view("criterion")},
    std::pair{NameKind::target, std::string_view("target")},
    std::pair{NameKind::parameter, std::string_view("parameter")},
    std::pair{NameKind::library, std::string_view("library")},
};

bool before(const core::Span& a, const core::Span& b) {
  return std::pair(a.line, a.column) < std::pair(b.line, b.column);
}

bool holds(const core::Span& span, std::uint32_t line, std::uint32_t column) {
  const std::pair at(line, column);
  return std::pair(span.line, span.column) <= at && at <= std::pair(span.end_line, span.end_column);
}

}  // namespace

std::string_view to_string(NameKind kind) {
  for (const auto& [each, noun] : kNouns)
    if (each == kind) return noun;
  return "";
}

std::optional<NameKind> name_kind(std::string_view noun) {
  for (const auto& [kind, each] : kNouns)
    if (each == noun) return kind;
  return std::nullopt;
}

Index::Index(const Tokens& tokens) {
  IndexedNames names = read_names(tokens);
  occurrences_ = std::move(names.occurrences);
  sections_ = std::move(names.sections);
  std::stable_sort(occurrences_.begin(), occurrences_.end(),
                   [](const Occurrence& a, const Occurrence& b) { return before(a.span, b.span); });
}

const Occurrence* Index::at(std::uint32_t line, std::uint32_t column) const {
  // Two names may touch (`eu.errors`): the one that begins here is meant.
  const Occurrence* found = nullptr;
  for (const Occurrence& one : occurrences_)
    if (holds(one.span, line, column)) found = &one;
  return found;
}

std::vector<const Occurrence*> Index::same(const Occurrence& one) const {
  std::vector<const Occurrence*> all;
  for (const Occurrence& other : occurrences_)
    if (other.kind == one.kind && other.name == one.name && other.scope == one.scope &&
        other.library == one.library)
      all.push_back(&other);
  return all;
}

const Occurrence* Index::declaration(const Occurrence& of) const {
  return of.library.empty() ? declaration(of.kind, of.name, of.scope) : nullptr;
}

const Occurrence* Index::declaration(NameKind kind, std::string_view name,
                                     std::string_view scope) const {
  for (const Occurrence& other : occurrences_)
    if (other.declares && other.kind == kind && other.name == name && other.scope == scope)
      return &other;
  return nullptr;
}

std::vector<std::string> Index::declared(NameKind kind, std::string_view scope) const {
  std::vector<std::string> names;
  for (const Occurrence& one : occurrences_) {
    if (!one.declares || one.kind != kind || one.scope != scope) continue;
    if (std::find(names.begin(), names.end(), one.name) == names.end()) names.push_back(one.name);
  }
  return names;
}

const Section* Index::body_at(std::uint32_t line, std::uint32_t column) const {
  for (const Section& section : sections_)
    if (section.depth == 1 && holds(section.whole, line, column)) return &section;
  return nullptr;
}

}  // namespace rollbook::dsl
