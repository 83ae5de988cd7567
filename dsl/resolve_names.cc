#include "dsl/resolve_names.h"

#include "engine/core/utf8.h"

namespace rollbook::dsl {

namespace {

// As many as a Sink keeps: what comes after is neither worked out nor remembered.
constexpr std::size_t kSaidMost = 100;
// Of a message: a name of half a megabyte is no news to its author.
constexpr std::size_t kMessageMost = 500;

// Cut between two characters of UTF-8.
std::string clipped(const std::string& text) {
  if (text.size() <= kMessageMost) return text;
  return std::string(core::whole_characters(text, kMessageMost)) + "…";
}

// The one of `known` that is certainly meant by a misspelt name, or "".
std::string certain_among(const std::string& name, const std::vector<std::string>& known) {
  // Each comparison costs, and among so many names none is certain.
  constexpr std::size_t kComparedMost = 500;
  return known.size() > kComparedMost ? "" : only_near(name, known);
}

}  // namespace

bool Findings::would_say(Code code, const core::Span& span, const std::string& message) const {
  return said_.size() < kSaidMost && !said_.contains({code, span.line, span.column, message});
}

bool Findings::first(Code code, const core::Span& span, const std::string& message) {
  if (!would_say(code, span, message)) return false;
  said_.emplace(code, span.line, span.column, message);
  return true;
}

void Findings::error(Code code, const core::Span& span, const std::string& message,
                     const std::string& help, const Sink::Fix& fix) {
  if (first(code, span, message)) sink_.error(code, span, clipped(message), clipped(help), fix);
}

void Findings::warning(Code code, const core::Span& span, const std::string& message,
                       const std::string& help, const Sink::Fix& fix) {
  if (first(code, span, message)) sink_.warning(code, span, clipped(message), clipped(help), fix);
}

const Names::Entry* Names::entry(const std::string& name) const {
  const auto row = rows_.find(name);
  return row == rows_.end() ? nullptr : &entries_[row->second];
}

void Names::add(Entry entry) {
  rows_.emplace(entry.name.text, entries_.size());
  entries_.push_back(std::move(entry));
}

bool Names::declare(const ast::Name& name, std::size_t index, Findings& findings) {
  if (const Entry* taken = entry(name.text)) {
    findings.error(Code::duplicate_name, name.span,
                   noun_ + " `" + name.text + "` is there already, in line " +
                       std::to_string(taken->name.span.line),
                   "leave one out, or give it another name");
    return false;
  }
  add(Entry{name, index, false, false, false});
  return true;
}

void Names::declare_broken(const ast::Name& name) {
  if (!has(name.text)) add(Entry{name, 0, true, false, true});
}

void Names::declare_guessed(const ast::Name& word) {
  if (!has(word.text)) add(Entry{word, 0, true, true, true});
}

std::optional<std::size_t> Names::find(const ast::Name& name, Findings& findings,
                                       const std::optional<Meant>& meant) {
  const auto row = rows_.find(name.text);
  if (row != rows_.end()) {
    Entry& found = entries_[row->second];
    found.used = true;
    if (found.broken) return std::nullopt;
    return found.index;
  }
  if (open_) return std::nullopt;
  const std::string message = "no " + noun_ + " is called `" + name.text + "`";
  if (!findings.would_say(unknown_, name.span, message)) return std::nullopt;
  if (meant) {
    findings.error(unknown_, name.span, message, meant->help, meant->fix);
    return std::nullopt;
  }
  findings.error(unknown_, name.span, message, suggestion(name.text), replace_by_near(name, all()));
  unknown_at_[name.text].push_back(name.span);
  return std::nullopt;
}

void Names::blame_declarations(Findings& findings) const {
  std::vector<DeclaredName> declared;
  for (const Entry& each : entries_)
    if (!each.guessed) declared.push_back({each.name, each.used});
  dsl::blame_declarations(unknown_, declared, unknown_at_, findings);
}

void blame_declarations(Code unknown, const std::vector<DeclaredName>& declared,
                        const UnknownAt& unknown_at, Findings& findings) {
  std::vector<std::string> known;
  for (const DeclaredName& each : declared) known.push_back(each.name.text);
  // Each declaration with the names by which it is missed: of two, neither is certain.
  std::map<std::string, std::vector<std::string>> missed;
  for (const auto& [used, places] : unknown_at) {
    const std::string near = certain_among(used, known);
    if (!near.empty()) missed[near].push_back(used);
  }
  for (const DeclaredName& each : declared) {
    const auto found = missed.find(each.name.text);
    if (each.used || found == missed.end() || found->second.size() != 1) continue;
    const std::string& used = found->second.front();
    const std::vector<core::Span>& places = unknown_at.at(used);
    if (places.size() < 2) continue;
    const std::string help = "`" + each.name.text + "` is declared, and " +
                             std::to_string(places.size()) + " places say `" + used +
                             "`: mend the declaration";
    for (const core::Span& place : places)
      findings.amend(unknown, place, help, {{each.name.span, used}});
  }
}

std::string Names::suggestion(const std::string& name) const {
  // Each suggestion costs a comparison with every name.
  constexpr std::size_t kComparedMost = 500;
  constexpr std::size_t kListedMost = 8;
  const std::vector<std::string> declared = all();
  if (declared.empty()) return "declare it with `" + keyword() + " " + name + " …`";
  if (declared.size() > kComparedMost) return "";
  const std::string help = did_you_mean(name, declared);
  if (!help.empty() || declared.size() > kListedMost) return help;
  return "there is " + alternatives(declared);
}

std::string Names::keyword() const {
  if (noun_ == "decision") return "decide";
  return noun_ == "parameter" ? "param" : noun_;
}

std::vector<std::string> Names::all() const {
  std::vector<std::string> names;
  for (const Entry& candidate : entries_)
    if (!candidate.guessed) names.push_back(candidate.name.text);
  return names;
}

void Names::list_declared(std::vector<Declared>& into) const {
  for (const Entry& candidate : entries_)
    into.push_back(Declared{noun_, candidate.name.text, candidate.used, candidate.name.span});
}

Sink::Fix replace_by_near(const ast::Name& name, const std::vector<std::string>& known) {
  const std::string near = certain_among(name.text, known);
  if (near.empty()) return {};
  return {{name.span, near}};
}

std::string alternatives(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += "`" + words[i] + "`";
  }
  return text;
}

}  // namespace rollbook::dsl
