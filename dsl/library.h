#pragma once
// Library: what one file of an import declares and imports, found in its tokens. A library is
// written like a runbook and holds declarations only: metric, role, channel, action, param,
// template, decide and rollback. Internal to dsl/imports.cc.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/diagnostics.h"
#include "dsl/token.h"

namespace rollbook::dsl {

// Names of one space cannot be the same; parameters share the places of metrics and roles.
enum class NameSpace : std::uint8_t { value, channel, action, stage_template, decision, rollback };

struct Declaration {
  std::string keyword;  // "metric"
  std::string name;
  NameSpace space = NameSpace::value;
  std::size_t first = 0;  // its first token
  std::size_t last = 0;   // one past its last one
  std::size_t name_token = 0;
  // Programs outside know it by its name: it keeps it.
  bool outward() const { return keyword == "role" || keyword == "channel" || keyword == "action"; }
};

struct ImportStatement {
  std::string path;
  std::string alias;
  std::size_t first = 0;
  std::size_t last = 0;  // tokens, as above
};

struct Library {
  std::string file;
  std::string text;
  Tokens tokens;
  std::vector<ImportStatement> imports;
  std::vector<Declaration> declarations;
  std::multimap<std::string, std::size_t, std::less<>> by_name;  // into declarations
  std::size_t closing = 0;  // the `}` of the runbook's block; 0: there is none
  std::map<std::string, std::size_t, std::less<>> aliases;  // to the library's number

  // The tokens [first, last) as they are written, spaced as the language is.
  std::string written(std::size_t first, std::size_t last) const;
  // Whether the word at `i` may refer to something declared.
  bool may_refer(const Declaration& inside, std::size_t i) const;
  // The alias at `i`, when a name of its library follows: `lib.canary_stage`.
  const std::string* alias_at(std::size_t i) const;
};

// `is_root`: the runbook itself, which holds everything; what has no place in a library is
// reported for the others. Broken syntax is reported for libraries only: the root's is found later.
Library read_library(std::string file, std::string text, bool is_root, Sink& sink);

}  // namespace rollbook::dsl
