#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "adapters/wire/names.h"
#include "adapters/wire/status.h"
#include "adapters/wire/text.h"
#include "tools/beside.h"
#include "tools/rollouts.h"
#include "tools/same_place.h"
#include "tools/settings.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

struct Options {
  Settings settings;
  bool active = false;
  std::string output;
};

using Row = std::array<std::string, 6>;

Row row_of(const Entry& entry, const adapters::RolloutStatus& status) {
  return {status.rollout,
          status.service,
          adapters::format_time(core::Time{
              std::chrono::floor<std::chrono::seconds>(entry.started.time_since_epoch())}),
          status.stage
              ? fmt::format("{} {}/{}", status.stage->name, status.stage->index, status.stage->of)
              : status.state,
          adapters::format_percent(status.settled),
          adapters::condition_text(status)};
}

void print_table(const std::vector<Row>& rows, const Console& console) {
  std::array<std::size_t, 6> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      line += fmt::format("{:<{}}  ", row[i], widths[i]);
    }
    console.line(line + row.back());
  }
}

Outcome<Exit> run(const Options& options, const Console& console) {
  TRY(const adapters::LoadedConfig loaded, options.settings.load(console));
  TRY(const auto log, open_log(loaded.config.store_path));
  TRY(const std::vector<Entry> entries, list_rollouts(*log));
  std::vector<Row> rows{{"ROLLOUT", "SERVICE", "STARTED", "STAGE", "TRAFFIC", "STATUS"}};
  std::string json;
  for (const Entry& entry : entries) {
    TRY(const Rollout rollout, Rollout::load(*log, entry.stream));
    if (options.active && rollout.state().finished()) continue;
    const core::Time now = wall_clock();
    const auto status = adapters::status_of(rollout.machine(), rollout.state(), now,
                                            beside_of(*log, entry.stream, now));
    if (options.output == "table") {
      rows.push_back(row_of(entry, status));
    } else if (options.output == "jsonl") {
      console.line(adapters::status_json(status));
    } else {
      json += (json.empty() ? "" : ",") + adapters::status_json(status);
    }
  }
  if (options.output == "json") console.line("[" + json + "]");
  if (options.output != "table") return Exit::done;
  if (rows.size() == 1) {
    console.say(options.active ? "no rollout is active" : "no rollouts yet");
    console.suggest("rollbook start my.runbook");
    return Exit::done;
  }
  print_table(rows, console);
  console.suggest("rollbook status " + rows.back().front() + same_place(options.settings));
  return Exit::done;
}

}  // namespace

Verb list_verb() {
  auto o = std::make_shared<Options>();
  return {"list",
          Group::operating,
          "all rollouts of a log, oldest first",
          {"rollbook list --data /var/lib/rollbook", "rollbook list --active -o jsonl"},
          [o](OptionSet& set) {
            o->settings.declare_data(set);
            set.flag("--active", o->active, "only those that have not ended");
            set.choice("-o,--output", o->output, {"table", "json", "jsonl"},
                       "how they are printed; json has the objects of `status`");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
