#pragma once
// expand: what a runbook says once everything is written out: templates put into their stages,
// parameters replaced by their values, defaults filled in. Each value that its line did not say
// has its origin in a comment. The result compiles to the machine of the runbook, places apart.
//
// Two defaults stand in the comment only: the deadline of an effect is the engine's, and the
// `at least` of a `stop` is not a part of the text that people read in status and log.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "engine/core/machine.h"

namespace rollbook::dsl {

// Where a line, or a value in it, comes from.
struct Origin {
  std::string kind;    // "template", "parameter", "default", "import"
  std::string detail;  // "canary_stage, line 52"
};

struct ExpandedLine {
  std::size_t line = 0;  // in Expansion::text, from 1 on
  std::string statement;
  std::vector<Origin> origins;  // INVARIANT: not empty
};

struct Expansion {
  std::string text;
  std::vector<ExpandedLine> lines;  // those that say something by an origin; by `line`
};

// The file that a place of the text was imported from, and its line: "lib.runbook, line 7"; "" for
// the runbook's own.
using ImportedFrom = std::function<std::string(const core::Span&)>;

// `text` is what `machine` was compiled from, its imports and parameters put in.
Expansion expand(const std::string& text, const core::Machine& machine,
                 const ImportedFrom& imported_from);

}  // namespace rollbook::dsl
