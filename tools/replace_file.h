#pragma once
// replace_file: a text written in place of a file's, whole or not at all.

#include <string>

#include "tools/cli.h"

namespace rollbook::tools {

// Keeps the file's permissions and follows links. Error: says why the file is as it was.
Outcome<Exit> replace_file(const std::string& path, const std::string& text);
// A file that is not there yet; one that is, is an error.
Outcome<Exit> create_file(const std::string& path, const std::string& text);

}  // namespace rollbook::tools
