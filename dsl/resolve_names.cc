#include "dsl/resolve_names.h"

namespace rollbook::dsl {

bool Findings::first(Code code, const core::Span& span, const std::string& message) {
  return said_.emplace(code, span.line, span.column, message).second;
}

void Findings::error(Code code, const core::Span& span, const std::string& message,
                     const std::string& help) {
  if (first(code, span, message)) sink_.error(code, span, message, help);
}

void Findings::warning(Code code, const core::Span& span, const std::string& message,
                       const std::string& help) {
  if (first(code, span, message)) sink_.warning(code, span, message, help);
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
                   "give one of them another name");
    return false;
  }
  add(Entry{name, index, false, false});
  return true;
}

void Names::declare_broken(const ast::Name& name) {
  if (!has(name.text)) add(Entry{name, 0, true, true});
}

std::optional<std::size_t> Names::find(const ast::Name& name, Findings& findings) {
  const auto row = rows_.find(name.text);
  if (row != rows_.end()) {
    Entry& found = entries_[row->second];
    found.used = true;
    if (found.broken) return std::nullopt;
    return found.index;
  }
  // Suggestions cost a comparison with every name: not in a runbook that is no runbook any more.
  constexpr std::size_t kSuggestFrom = 500;
  constexpr std::size_t kListed = 8;
  std::string help;
  if (entries_.size() <= kSuggestFrom) help = did_you_mean(name.text, all());
  if (help.empty() && !entries_.empty() && entries_.size() <= kListed) {
    help = "there is " + alternatives(all());
  }
  if (help.empty() && entries_.empty())
    help = "declare it with `" + noun_ + " " + name.text + " …`";
  findings.error(unknown_, name.span, "no " + noun_ + " is called `" + name.text + "`", help);
  return std::nullopt;
}

std::vector<std::string> Names::all() const {
  std::vector<std::string> names;
  for (const Entry& candidate : entries_) names.push_back(candidate.name.text);
  return names;
}

void Names::list_declared(std::vector<Declared>& into) const {
  for (const Entry& candidate : entries_)
    into.push_back(Declared{noun_, candidate.name.text, candidate.used, candidate.name.span});
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
