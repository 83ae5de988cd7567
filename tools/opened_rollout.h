#pragma once
// Opened rollout: the engine's log as the settings name it, and one rollout of it, folded. What the
// verbs that look at a rollout begin with.

#include <memory>

#include "store/rocks_reader.h"
#include "tools/cli.h"
#include "tools/rollouts.h"
#include "tools/settings.h"

namespace rollbook::tools {

struct OpenedRollout {
  std::unique_ptr<store::RocksReader> log;
  Entry entry;
  Rollout rollout;  // reads `log`
};
// Errors: those of Settings::load(), open_log(), find_rollout() and Rollout::load().
Outcome<OpenedRollout> open_rollout(const Settings& settings, const Console& console,
                                    const std::string& name, const Until& until = {},
                                    Prepare prepare = {});

}  // namespace rollbook::tools
