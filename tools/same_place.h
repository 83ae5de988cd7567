#pragma once
// Where the next command finds what this one looked at: the options that said it, as they were
// given, for `next:`.

#include <string>

#include "tools/settings.h"

namespace rollbook::tools {

// " --config FILE --data DIR" of what was said; "" where the defaults were taken.
std::string same_place(const Settings& settings);

}  // namespace rollbook::tools
