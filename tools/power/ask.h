#pragma once
// What people give to `rollbook power`: rates, loads and times, as they are written.

#include <string>
#include <vector>

#include "tools/cli.h"
#include "tools/power/study.h"

namespace rollbook::power {

// "0.02%" or "0.0002", above nothing and below all.
tools::Outcome<double> parse_rate(const std::string& text);

// "60s", in whole seconds up to an hour.
tools::Outcome<core::Duration> parse_every(const std::string& text);

// "900/s,120/s" or "900": requests a second at peak and, if it is there, at trough. Where the
// machine has targets also one such text for each, "eu=600/s,80/s": all of them, each once.
tools::Outcome<std::vector<Load>> parse_loads(const std::vector<std::string>& texts,
                                              const core::Machine& machine);

}  // namespace rollbook::power
