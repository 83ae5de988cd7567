#include "dsl/schedule.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/json_out.h"
#include "dsl/prove.h"
#include "engine/core/wall_clock.h"
#include "tools/runbook_source.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

using adapters::Json;

struct Options {
  std::string file;
  std::string from;
  std::string output;
};

// `2026-01-05`, `2026-01-05T09:00` or RFC 3339; without an offset it is UTC.
Outcome<core::Time> parse_from(const std::string& text) {
  constexpr std::size_t kDate = 10, kMinutes = 16, kSeconds = 19;
  std::string whole = text;
  if (whole.size() == kDate) whole += "T00:00";
  if (whole.size() >= kMinutes && whole[kMinutes] != ':') whole.insert(kMinutes, ":00");
  if (whole.size() == kSeconds) whole += "Z";
  // Later nobody knows the hours of a zone, nor how far a plan reaches.
  constexpr core::Time kLast{std::chrono::hours(24 * 365 * 130)};
  const auto time = adapters::parse_time(whole);
  if (time && *time < kLast) return *time;
  return give_up(fmt::format("--from `{}` is no date: write `2026-01-05` or `2026-01-05T09:00Z`",
                             adapters::printable(text)),
                 Exit::usage);
}

// Which times are shown: those since the start, dates in UTC, or on the wall of the one zone that
// the hours of the runbook are of.
struct Clock {
  std::optional<core::Time> from;
  const core::OpenHours* wall = nullptr;
};

Clock clock_of(const core::Machine& machine, const std::optional<core::Time>& from) {
  const auto& hours = machine.advance_only.hours;
  const bool one = !hours.empty() && std::all_of(hours.begin(), hours.end(), [&](const auto& each) {
    return each.zone == hours.front().zone;
  });
  return {from, from && one ? &hours.front() : nullptr};
}

// To the minute: nobody plans closer.
std::string moment(const std::optional<core::Duration>& after, const Clock& clock) {
  if (!after) return "—";
  if (!clock.from) return dsl::roughly(*after);
  static constexpr const char* kDays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  core::Time time = std::chrono::ceil<std::chrono::minutes>(*clock.from + *after);
  if (clock.wall != nullptr) time += core::offset_at(*clock.wall, time);
  std::string text = adapters::format_time(time);
  text.replace(text.find('T'), 1, " ");
  return fmt::format("{} {}{}", kDays[core::day_of_week(time)], text.substr(0, 16),
                     clock.wall != nullptr ? "" : "Z");
}

Json moment_json(const std::optional<core::Duration>& after,
                 const std::optional<core::Time>& from) {
  if (!after) return nullptr;
  return from ? adapters::format_time(*from + *after) : adapters::format_duration(*after);
}

Json when_json(const dsl::When& when, const std::optional<core::Time>& from) {
  return {{"earliest", moment_json(when.earliest, from)},
          {"latest", moment_json(when.latest, from)}};
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width > width_of(text) ? width - width_of(text) : 0, ' ');
}

// "5%"; where there are targets "eu 5%, us 0%".
std::string weights_text(const dsl::Leg& leg, const core::Machine& machine) {
  if (leg.weights.empty()) return adapters::format_percent(leg.weight);
  std::string text;
  for (std::size_t i = 0; i < leg.weights.size(); ++i) {
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", machine.targets[i].name,
                        adapters::format_percent(leg.weights[i]));
  }
  return text;
}

void print_table(const std::vector<dsl::Leg>& legs, const core::Machine& machine, const Clock& from,
                 const Console& console) {
  std::vector<std::vector<std::string>> rows = {
      {"", "traffic", "begins earliest", "latest", "ends earliest", "latest"}};
  for (const dsl::Leg& leg : legs) {
    rows.push_back({leg.name, weights_text(leg, machine), moment(leg.begins.earliest, from),
                    moment(leg.begins.latest, from), moment(leg.ends.earliest, from),
                    moment(leg.ends.latest, from)});
  }
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < rows[r].size(); ++i) line += padded(rows[r][i], widths[i] + 2);
    while (line.ends_with(' ')) line.pop_back();
    console.line(line);
    if (r == 0) continue;
    const dsl::Leg& leg = legs[r - 1];
    std::string waits = fmt::format("  {}", fmt::join(leg.waits, ", "));
    if (leg.extensions > core::Duration::zero()) {
      waits += fmt::format("; extensions add up to {}", dsl::roughly(leg.extensions));
    }
    if (!leg.waits.empty()) console.line(waits);
  }
}

// What is said of the hours of the runbook; "" where it has none.
std::string hours_of(const core::Machine& machine, const Clock& clock) {
  std::string hours;
  for (const core::OpenHours& open : machine.advance_only.hours) {
    hours += (hours.empty() ? "" : ", ") + open.text;
  }
  if (hours.empty()) return "";
  if (clock.from) {
    return "steps forward wait for " + hours +
           (clock.wall != nullptr ? "; times are those of " + clock.wall->zone : "");
  }
  return "not counted: `advance only` may delay each step forward until it is open, " + hours +
         "; `--from DATE` counts it";
}

Outcome<Exit> run(const Options& options, const Console& console) {
  std::optional<core::Time> from;
  if (!options.from.empty()) {
    TRY(from, parse_from(options.from));
  }
  TRY(const RunbookSource source, RunbookSource::load(options.file));
  const runtime::Compiled compiled = source.compile({});
  if (!compiled.plan) {
    for (const runtime::Diagnostic& found : compiled.diagnostics) {
      if (found.severity == runtime::Severity::error) console.say(source.render(found));
    }
    return give_up(fmt::format("{}: not valid, so it has no schedule", options.file));
  }
  const std::vector<dsl::Leg> legs = dsl::schedule(compiled.plan->machine, from);
  if (options.output == "table") {
    const Clock clock = clock_of(compiled.plan->machine, from);
    print_table(legs, compiled.plan->machine, clock, console);
    console.say(
        "earliest: every check passes at once and people answer; latest: every deadline is "
        "used up, without extensions, pauses and halts");
    const std::string hours = hours_of(compiled.plan->machine, clock);
    if (!hours.empty()) console.say(hours);
    return Exit::done;
  }
  Json all = Json::array();
  for (const dsl::Leg& leg : legs) {
    all.push_back({{"name", leg.name},
                   {"weight", adapters::number(leg.weight)},
                   {"begins", when_json(leg.begins, from)},
                   {"ends", when_json(leg.ends, from)},
                   {"waits", leg.waits},
                   {"extensions", adapters::format_duration(leg.extensions)}});
    for (std::size_t i = 0; i < leg.weights.size(); ++i) {
      const std::string& target = compiled.plan->machine.targets[i].name;
      all.back()["weights"][target] = adapters::number(leg.weights[i]);
    }
  }
  console.line(adapters::to_line(all));
  return Exit::done;
}

}  // namespace

Verb schedule_verb() {
  auto o = std::make_shared<Options>();
  return {"schedule",
          Group::authoring,
          "when a rollout will be where: at the earliest, at the latest",
          {"rollbook schedule my.runbook", "rollbook schedule my.runbook --from 2026-01-05T09:00Z"},
          [o](OptionSet& set) {
            set.positional("FILE", o->file, "a runbook; - is stdin");
            set.option(
                "--from", "DATE", o->from,
                "when it starts; times are then dates, with the hours of `advance only`, else "
                "counted from the start");
            set.choice("-o,--output", o->output, {"table", "json"}, "how it is printed");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
