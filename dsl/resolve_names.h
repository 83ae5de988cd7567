#pragma once
// Names: one of the runbook's name spaces (metrics, roles, …), with the messages that belong to
// it; and Findings, a Sink that says each thing once, since a template is read for every stage
// that uses it, and briefly, whatever the author called things. Internal to dsl; one compilation,
// one thread.

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "dsl/ast.h"
#include "dsl/diagnostics.h"
#include "dsl/outline.h"

namespace rollbook::dsl {

class Findings {
 public:
  explicit Findings(Sink& sink) : sink_(sink) {}
  void error(Code code, const core::Span& span, const std::string& message,
             const std::string& help = "", const Sink::Fix& fix = {});
  void warning(Code code, const core::Span& span, const std::string& message,
               const std::string& help = "", const Sink::Fix& fix = {});

  // Another way out for an error that was said at a place.
  void amend(Code code, const core::Span& span, const std::string& help, const Sink::Fix& fix) {
    sink_.amend(code, span, help, fix);
  }

  // Whether error() would say it: it is new, and not too much was said.
  bool would_say(Code code, const core::Span& span, const std::string& message) const;

 private:
  bool first(Code code, const core::Span& span, const std::string& message);

  Sink& sink_;
  std::set<std::tuple<Code, std::uint32_t, std::uint32_t, std::string>> said_;
};

// Names that are unknown, with the places at which that was reported.
using UnknownAt = std::map<std::string, std::vector<core::Span>, std::less<>>;

struct DeclaredName {
  ast::Name name;
  bool used = false;
};
// Where nothing uses a name as it is declared, and several places agree on another one, it is the
// declaration that is misspelt: what was said at those places is amended.
void blame_declarations(Code unknown, const std::vector<DeclaredName>& declared,
                        const UnknownAt& unknown_at, Findings& findings);

class Names {
 public:
  Names(std::string noun, Code unknown) : noun_(std::move(noun)), unknown_(unknown) {}

  // Takes the name for table row `index`. False and reported: it is taken already.
  bool declare(const ast::Name& name, std::size_t index, Findings& findings);
  // A name whose declaration could not be read: references to it are no further errors.
  void declare_broken(const ast::Name& name);
  // A word of a line that could not be read, which may declare it: never offered as a way out.
  void declare_guessed(const ast::Name& word);
  // A declaration could not be read, and not even which name it gives: unknown names are no errors.
  void leave_open() { open_ = true; }
  // What to say of an unknown name instead of the nearest one.
  struct Meant {
    std::string help;
    Sink::Fix fix;
  };
  // The row of a name. Empty: it is unknown (reported), or its declaration was broken.
  std::optional<std::size_t> find(const ast::Name& name, Findings& findings,
                                  const std::optional<Meant>& meant = std::nullopt);
  // To be called when all was looked for.
  void blame_declarations(Findings& findings) const;

  bool has(const std::string& name) const { return entry(name) != nullptr; }
  std::vector<std::string> all() const;
  void list_declared(std::vector<Declared>& into) const;

 private:
  struct Entry {
    ast::Name name;
    std::size_t index = 0;
    bool broken = false;
    bool guessed = false;
    bool used = false;  // by this name, from somewhere
  };
  const Entry* entry(const std::string& name) const;
  void add(Entry entry);
  std::string suggestion(const std::string& name) const;
  std::string keyword() const;  // of its declarations

  std::string noun_;
  Code unknown_;
  std::vector<Entry> entries_;
  bool open_ = false;
  std::map<std::string, std::size_t, std::less<>> rows_;  // by name, into entries_
  UnknownAt unknown_at_;
};

// The fix for a misspelt name that only one of `known` is near to; else nothing.
Sink::Fix replace_by_near(const ast::Name& name, const std::vector<std::string>& known);

// "a", "a or b", "a, b or c", each in backticks.
std::string alternatives(const std::vector<std::string>& words);

}  // namespace rollbook::dsl
