#pragma once
// The part of the AST (dsl/ast.h) that fits a runbook to its surroundings: what may be given at
// its start, when it may go forward, and what must have gone before.

#include <optional>
#include <string>
#include <vector>

#include "dsl/ast_leaves.h"

namespace rollbook::dsl::ast {

struct Param {  // param limit: ratio = 0.1% [from 0.01% to 1%]
  Name name;
  Type type = Type::text;
  Value value;                  // a Number or a Text; of `type` once check_form() is content
  std::optional<Number> least;  // both or none
  std::optional<Number> most;
  bool used = false;  // somewhere in the text
  Span span;
  bool operator==(const Param&) const = default;
};

struct Days {  // Mon-Fri; one day: both are it
  Name first;
  Name last;
  Span span;
  bool operator==(const Days&) const = default;
};

struct WallTime {  // 09:00
  Number hour;
  Number minute;
  Span span;
  bool operator==(const WallTime&) const = default;
};

struct AdvanceOnly {       // advance only Mon-Fri, Sun 09:00-17:00 "Europe/Berlin"
  std::vector<Days> days;  // none: every day
  WallTime opens;
  WallTime closes;
  Text zone;
  Span span;
  bool operator==(const AdvanceOnly&) const = default;
};

struct After {  // after runbook hal9_shadow, hal9_dry_run
  std::vector<Name> runbooks;
  Span span;
  bool operator==(const After&) const = default;
};

}  // namespace rollbook::dsl::ast
