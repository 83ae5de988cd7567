#pragma once
// graph: the machine that really runs, drawn. Compound states are boxes around their states; a
// transition that holds anywhere inside a box starts at the box's "anywhere" node.

#include <string>

#include "engine/core/machine.h"

namespace rollbook::dsl {

// Graphviz: `rollbook graph F -o dot | dot -Tsvg`.
std::string graph_dot(const core::Machine& machine);

// A Mermaid flowchart, for Markdown.
std::string graph_mermaid(const core::Machine& machine);

}  // namespace rollbook::dsl
