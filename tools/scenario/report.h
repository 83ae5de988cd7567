#pragma once
// How a run of scenarios is told: lines for people, JSON for programs, JUnit for build servers.

#include <string>

#include "tools/scenario/suite.h"

namespace rollbook::tools {

struct ReportLook {
  bool colour = false;
  bool missing = false;  // what was not covered, line by line
};

// What became of one file: findings, a line for each scenario, and failures with their timelines.
std::string report_file(const FileResult& file, ReportLook look);
// Coverage and the sum: the last lines.
std::string report_end(const Suite& suite, ReportLook look);
std::string report_json(const Suite& suite);
std::string report_junit(const Suite& suite);

}  // namespace rollbook::tools
