#pragma once
// The benchmarks of docs/benchmarks.md; each appends its rows.

#include <string>
#include <vector>

#include "tools/benchmarks/table.h"

namespace rollbook::bench {

void durable_turns(std::vector<Row>& rows);
void scale(std::vector<Row>& rows);
void replay(std::vector<Row>& rows);
void scenarios(std::vector<Row>& rows);  // reads plans/: from the root of the tree
void keystroke(std::vector<Row>& rows);
void otlp(std::vector<Row>& rows);
void evaluation(std::vector<Row>& rows);
void check(std::vector<Row>& rows);  // starts the program beside this one; reads plans/
// Need a broker at `bootstrap`.
void ingest(std::vector<Row>& rows, const std::string& bootstrap);
void reaction(std::vector<Row>& rows, const std::string& bootstrap);

}  // namespace rollbook::bench
