#include "tools/same_place.h"

#include "tools/shell_words.h"

namespace rollbook::tools {

std::string same_place(const Settings& settings) {
  std::string text;
  add_option(text, "--config", settings.config);
  add_option(text, "--data", settings.data);
  return text;
}

}  // namespace rollbook::tools
