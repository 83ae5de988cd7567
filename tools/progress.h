#pragma once
// Progress: one line on a terminal that says how far long work is, with rate and time left.
// Off a terminal it prints nothing.

#include <chrono>
#include <cstdint>
#include <string>

#include "tools/cli.h"

namespace rollbook::tools {

class Progress {
 public:
  // `unit`: of what is counted, for the rate.
  Progress(const Console& console, std::string title, std::string unit = "events");
  void show(std::uint64_t done, std::uint64_t total);
  // Takes the line away.
  void done();

 private:
  using Clock = std::chrono::steady_clock;
  const Console& console_;
  std::string title_, unit_;
  Clock::time_point begun_;
  Clock::time_point shown_{};
  bool drawn_ = false;
};

}  // namespace rollbook::tools
