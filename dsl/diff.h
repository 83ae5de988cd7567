#pragma once
// diff: what has changed between two versions of a runbook, and whether it is less safe now. What
// people approved is a plan's safety: a looser limit, a shorter hold or one signer fewer needs them
// again; a stricter plan or another wording does not.
//
//   for (const Change& change : diff(before, after)) std::cout << change.what;

#include <string>
#include <vector>

#include "engine/runtime/plan_compiler.h"

namespace rollbook::dsl {

enum class Bearing : std::uint8_t { cosmetic, strengthens, weakens };

struct Change {
  Bearing bearing = Bearing::weakens;
  std::string where;     // "guard", "stage `canary_5`"
  std::string what;      // "hold 2h → 1h"
  core::Span before;     // in the first runbook; nowhere for what was added
  core::Span after;      // in the second one; nowhere for what was removed
  std::string scenario;  // passes with the first and fails with the second; may be ""
};

// In the order of the runbook, each change on its own: none makes another one good. What is not
// shown to be safer counts as weakening, and what this comparison has no word for, too. Two plans
// that do the same differ by nothing or by wording only.
std::vector<Change> diff(const runtime::Plan& before, const runtime::Plan& after);

// "weakens", "strengthens", "cosmetic".
std::string_view to_string(Bearing bearing);

}  // namespace rollbook::dsl
