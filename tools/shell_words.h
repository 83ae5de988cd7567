#pragma once
// Commands as they can be pasted into a shell: for `next:`, with what this one was told.
//
//   std::string next = "rollbook power " + shell_word(file);
//   add_option(next, "--load", options.loads);

#include <string>
#include <string_view>
#include <vector>

namespace rollbook::tools {

// In single quotes, whatever it holds.
std::string shell_quoted(std::string_view text);
// As a shell takes it for one word; quoted only where it must be.
std::string shell_word(const std::string& word);

// " --name VALUE", of several each; nothing where it was not said.
void add_option(std::string& command, std::string_view name, const std::string& value);
void add_option(std::string& command, std::string_view name,
                const std::vector<std::string>& values);

}  // namespace rollbook::tools
