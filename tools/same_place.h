#pragma once
// Where the next command finds what this one looked at: the options that said it, as they were
// given, for `next:`.

#include <string>

#include "tools/settings.h"

namespace rollbook::tools {

// " --config FILE --data DIR" of what was said; "" where the defaults were taken.
std::string same_place(const Settings& settings);
// The same of an act that another one may follow: " --config FILE --bus WHERE".
std::string same_bus(const Settings& settings);
// Of an act whose log is looked at next. Who named the bus alone has not said where that is, and
// fills in the DIR of " --data DIR".
std::string log_beside(const Settings& settings);

}  // namespace rollbook::tools
