#pragma once
// What `sandbox` and `simulate` share: a rollout on virtual time, shown as it happens, at a speed.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "adapters/pump/stream_contexts.h"
#include "engine/core/state.h"
#include "engine/runtime/shard.h"
#include "tools/cli.h"
#include "tools/rollouts.h"

namespace rollbook::tools {

// How many virtual seconds pass in one of the wall clock; 0: as fast as it goes.
Outcome<double> parse_speed(const std::string& text);

// The plan of a runbook, its imports and `params` (NAME=VALUE) put in; its errors are said on
// stderr.
Outcome<runtime::Plan> compile_plan(const std::string& file,
                                    const std::vector<core::Argument>& params,
                                    const Console& console);
Outcome<runtime::Plan> compile_plan(const std::string& file, const std::vector<std::string>& params,
                                    const Console& console);

// In memory, or in `data` when that is not "".
Outcome<std::unique_ptr<runtime::EventLog>> new_log(const std::string& data);

// Lets the wall clock keep up with the virtual one.
class Pace {
 public:
  Pace(double speed, core::Time begin) : speed_(speed), begin_(begin) {}
  // Before the virtual clock moves to `next`. False: interrupted.
  bool wait(core::Time next) const;

 private:
  double speed_;
  core::Time begin_;
  std::chrono::steady_clock::time_point wall_begin_ = std::chrono::steady_clock::now();
};

// Lines for what happens, and between them one that is written over while the clock runs.
class Screen {
 public:
  Screen(bool json, const Console& console, const runtime::EventLog& log)
      : json_(json), console_(console), contexts_(log) {}

  core::Status show(const runtime::Committed& committed);
  void progress(const runtime::Shard& shard, core::Time now);
  void wipe();

 private:
  bool json_;
  const Console& console_;
  adapters::StreamContexts contexts_;
  std::chrono::steady_clock::time_point drawn_{};
  bool shown_ = false;
};

// The outcome, why, and where to look further. `again` is the command line that did it.
struct Ending {
  std::string again;  // "rollbook sandbox my.runbook"
  std::string data;   // where the log is kept; ""
};
void print_end(const Rollout& rollout, const Ending& ending, const Console& console);

}  // namespace rollbook::tools
