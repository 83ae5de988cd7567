#pragma once
// Runbooks read from disk, with the errors a person makes.

#include <string>

#include "tools/cli.h"

namespace rollbook::tools {

// The text of a runbook; "-" is stdin. Error: no such file, a directory, too big, not a text.
Outcome<std::string> read_runbook(const std::string& path);

}  // namespace rollbook::tools
