#include "tools/opened_rollout.h"

namespace rollbook::tools {

Outcome<OpenedRollout> open_rollout(const Settings& settings, const Console& console,
                                    const std::string& name, const Until& until, Prepare prepare) {
  TRY(const adapters::LoadedConfig loaded, settings.load(console));
  TRY(auto log, open_log(loaded.config.store_path));
  TRY(Entry entry, find_rollout(*log, name));
  TRY(Rollout rollout, Rollout::load(*log, entry.stream, until, std::move(prepare)));
  return OpenedRollout{std::move(log), std::move(entry), std::move(rollout)};
}

}  // namespace rollbook::tools
