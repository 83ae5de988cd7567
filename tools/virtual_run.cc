#include "tools/virtual_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "adapters/wire/event_text.h"
#include "adapters/wire/status.h"
#include "adapters/wire/text.h"
#include "store/memory_event_log.h"
#include "store/rocks_event_log.h"
#include "tools/runbook_source.h"
#include "tools/sample_look.h"
#include "tools/shell_words.h"
#include "tools/wait.h"

namespace rollbook::tools {

using namespace std::chrono_literals;
using Wall = std::chrono::steady_clock;

Outcome<double> parse_speed(const std::string& text) {
  if (text == "max") return 0.0;
  try {
    std::size_t used = 0;
    const double speed = std::stod(text, &used);
    if (speed > 0 && speed <= 1e6 && (used == text.size() || text.substr(used) == "x")) {
      return speed;
    }
  } catch (const std::exception&) {
  }
  return give_up(fmt::format("--speed `{}`: expected a factor like `3600x`, or `max`", text),
                 Exit::usage);
}

Outcome<runtime::Plan> compile_plan(const std::string& file, const std::vector<std::string>& params,
                                    const Console& console) {
  TRY(const std::vector<core::Argument> given, parse_params(params));
  return compile_plan(file, given, console);
}

Outcome<runtime::Plan> compile_plan(const std::string& file,
                                    const std::vector<core::Argument>& params,
                                    const Console& console) {
  TRY(const RunbookSource source, RunbookSource::load(file));
  runtime::Compiled compiled = source.compile(params);
  if (compiled.plan) {
    // What is told of it names the file, wherever that lies.
    compiled.plan->file = std::filesystem::path(file).filename().string();
    compiled.plan->machine.file = compiled.plan->file;
    return std::move(*compiled.plan);
  }
  for (const runtime::Diagnostic& found : compiled.diagnostics) {
    if (found.severity == runtime::Severity::error) console.say(source.render(found));
  }
  return give_up(
      fmt::format("`{}` has errors; `rollbook check {}` shows all findings", file, file));
}

Outcome<std::unique_ptr<runtime::EventLog>> new_log(const std::string& data) {
  if (data.empty()) return std::make_unique<store::MemoryEventLog>();
  auto opened = store::RocksEventLog::open(data);
  if (!opened) return give_up(opened.error().message, Exit::unreachable);
  return std::move(*opened);
}

bool Pace::wait(core::Time next) const {
  if (speed_ <= 0) return !interrupted();
  const auto passed = std::chrono::duration<double>(next - begin_) / speed_;
  const auto due = wall_begin_ + std::chrono::duration_cast<Wall::duration>(passed);
  while (Wall::now() < due && !interrupted()) {
    wait_for(std::min<core::Duration>(due - Wall::now(), 200ms));
  }
  return !interrupted();
}

core::Status Screen::show(const runtime::Committed& committed) {
  for (const std::string& refusal : committed.refusals) {
    wipe();
    console_.say(refusal);
  }
  for (std::size_t i = 0; i < committed.events.size(); ++i) {
    const runtime::StoredEvent stored{{}, committed.appended.hashes[i], committed.events[i]};
    TRY(const adapters::EventContext* context, contexts_.of(stored.event.stream));
    if (json_) {
      if (!std::holds_alternative<core::Observed>(stored.event.body)) {
        console_.line(adapters::event_json(*context, stored));
      }
      continue;
    }
    if (adapters::tell(*context, stored).tone == adapters::Tone::quiet) continue;
    wipe();
    console_.line(adapters::log_line(*context, stored, console_.look().colour));
  }
  return {};
}

void Screen::progress(const runtime::Shard& shard, core::Time now) {
  if (json_ || !console_.look().out_is_terminal || shard.rollouts().empty()) return;
  if (Wall::now() - drawn_ < 100ms) return;
  drawn_ = Wall::now();
  const auto& rollout = shard.rollouts().begin()->second;
  const auto status = adapters::status_of(rollout.plan->machine, rollout.state, now);
  wipe();
  console_.print(fmt::format("  {}  {}", adapters::format_time(now).substr(0, 16),
                             adapters::status_summary(status)));
  console_.flush();
  shown_ = true;
}

void Screen::wipe() {
  if (shown_) console_.print("\r\x1b[2K");
  shown_ = false;
}

void print_end(const Rollout& rollout, const Ending& ending, const Console& console) {
  const core::RolloutState& state = rollout.state();
  console.line("");
  const char* outcome = "";
  switch (*state.outcome) {
    case core::Outcome::succeeded:
      outcome = "✓ succeeded";
      break;
    case core::Outcome::rolled_back:
      outcome = "✗ rolled back";
      break;
    case core::Outcome::aborted:
      outcome = "✗ aborted";
      break;
  }
  console.line(fmt::format("{} after {}, canary at {}", outcome,
                           adapters::format_duration_short(state.now - state.started),
                           adapters::format_percent(state.settled)));
  if (!state.breach.empty()) console.line("  because " + state.breach);
  if (!ending.data.empty()) {
    const std::string data = shell_word(ending.data);
    console.suggest(fmt::format("rollbook log {} --data {}", state.id, data));
    if (!state.breach.empty() && keeps_samples(rollout.machine())) {
      console.suggest(fmt::format("rollbook samples {} --data {}", state.id, data));
    }
    console.suggest(fmt::format("rollbook replay {} {} --verify", data, state.id));
  } else if (!ending.again.empty()) {
    console.suggest(fmt::format("{} --data DIR   keeps the log, to look further", ending.again));
  }
}

}  // namespace rollbook::tools
