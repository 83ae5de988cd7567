#pragma once
// The compact, stable text of a Machine that tests compare: one line for each table row, then the
// tree of states with what each does and where it leads. Indices are written as names.
//
//   (root) -> before
//     before -> before.begin
//       on abort => aborted
//       before.begin: begin
//         on always => guarded forward

#include <string>

#include "engine/core/machine.h"

namespace rollbook::dsl {

std::string print_machine(const core::Machine& machine);

// The state tree alone, from a state on: the part from "(root)" on.
std::string print_states(const core::Machine& machine, core::StateIndex from = core::StateIndex{0});

// The word of the language: "traffic", "checkpoint".
const char* name_of(core::EffectKind kind);

// One line each, without indentation and newline; shared with graphs.
std::string describe(const core::Machine& machine, const core::Effect& effect);
std::string describe(const core::Machine& machine, const core::Trigger& trigger);
std::string describe(const core::Machine& machine, const core::Criterion& criterion);
std::string describe(const core::Quorum& quorum);

}  // namespace rollbook::dsl
