// How looks are told: an object for programs, a table with its notes for people.

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/age.h"
#include "adapters/wire/json_out.h"
#include "adapters/wire/names.h"
#include "adapters/wire/text.h"
#include "engine/core/limits.h"
#include "engine/core/sentence.h"
#include "tools/columns.h"
#include "tools/metric_looks.h"

namespace rollbook::tools {
namespace {

using adapters::Json;
using core::Arm;
using core::Fixed;

constexpr std::string_view kNotKept =
    "not watched by this runbook; compare needs a criterion between arms";

Json number_or_null(const std::optional<Fixed>& value) {
  return value ? adapters::number(*value) : Json(nullptr);
}
Json time_or_null(core::Time time) {
  return time == core::kDistantPast ? Json(nullptr) : Json(adapters::format_time(time));
}

Json to_json(const ArmLook& arm) {
  Json json;
  json["kept"] = arm.kept;
  if (!arm.kept) {
    json["reason"] = kNotKept;
    return json;
  }
  json["value"] = number_or_null(arm.value);
  if (arm.beyond) json["beyond_edges"] = true;
  if (arm.missing != core::Missing::none) json["missing"] = adapters::name_of(arm.missing);
  json["samples"] = arm.samples;
  json["at"] = time_or_null(arm.at);
  json["seen"] = adapters::format_duration(arm.seen);
  return json;
}

std::string_view name_of(Known known) {
  static constexpr std::string_view kNames[] = {"", "at_least", "at_most"};
  return kNames[static_cast<std::size_t>(known)];
}

Json to_json(const MetricLook& look, bool compare) {
  Json json;
  if (!look.target.empty()) json["target"] = look.target;
  json["metric"] = look.metric;
  json["name"] = look.name;
  json["kind"] = look.kind;
  json["unit"] = core::name_of(look.unit);
  if (!look.of.empty()) json["of"] = look.of;
  if (look.quantile) json["quantile"] = adapters::number(*look.quantile);
  json["arms"] = Json::object();
  for (const ArmLook& arm : look.arms) json["arms"][adapters::name_of(arm.arm)] = to_json(arm);
  if (compare) {
    json["difference"] = number_or_null(look.difference);
    json["relative"] = number_or_null(look.relative);
    if (look.known != Known::whole) json["bound"] = name_of(look.known);
  }
  return json;
}

// "eu.failed", as the runbook writes it.
std::string shown_name(const MetricLook& look) {
  const std::string name = adapters::printable(look.name);
  return look.target.empty() ? name : look.target + "." + name;
}

// ---- Values ---------------------------------------------------------------------------------

std::string value_of(const MetricLook& look, const ArmLook* arm) {
  if (arm == nullptr) return "";
  if (!arm->kept) return "not watched";
  if (!arm->value) return "no data";
  return (arm->beyond ? "above " : "") + core::value_text(look.unit, *arm->value);
}

// What is too small to be shown has no sign.
std::string signed_text(Fixed value, const std::string& size) {
  if (size.find_first_of("123456789") == std::string::npos) return size;
  return (value.nanos < 0 ? "-" : "+") + size;
}

// "+0.5ms (+4.2%)"; of two ratios the difference is in points.
std::string difference_of(const MetricLook& look) {
  if (!look.difference) return "";
  const auto size = [](Fixed value) { return value.nanos < 0 ? Fixed{-value.nanos} : value; };
  const Fixed difference = *look.difference;
  std::string how_much = core::value_text(look.unit, size(difference));
  if (look.unit == core::Unit::ratio) {
    how_much.back() = ' ';  // its percent sign
    how_much += "points";
  }
  static constexpr std::string_view kHow[] = {"", "at least ", "at most "};
  std::string text(kHow[static_cast<std::size_t>(look.known)]);
  text += signed_text(difference, how_much);
  if (look.relative) {
    text += fmt::format(" ({})",
                        signed_text(*look.relative, core::percent_text(size(*look.relative), 1)));
  }
  return text;
}

const ArmLook* find(const MetricLook& look, Arm arm) {
  const auto found = std::find_if(look.arms.begin(), look.arms.end(),
                                  [&](const ArmLook& each) { return each.arm == arm; });
  return found == look.arms.end() ? nullptr : &*found;
}

std::string samples_of(const ArmLook* arm) {
  return arm == nullptr || !arm->kept ? "-" : std::to_string(arm->samples);
}

std::vector<std::vector<std::string>> rows_of(const Looks& looks) {
  std::vector<std::vector<std::string>> rows{{"METRIC", "ARM", "VALUE", "SAMPLES"}};
  for (const MetricLook& look : looks.metrics) {
    for (const ArmLook& arm : look.arms) {
      rows.push_back({shown_name(look), std::string(adapters::name_of(arm.arm)),
                      value_of(look, &arm), samples_of(&arm)});
    }
  }
  return rows;
}

// A total has no baseline: it stands in a table of its own.
std::string compared(const Looks& looks, std::size_t width) {
  std::vector<std::vector<std::string>> pairs{
      {"METRIC", "CANARY", "BASELINE", "DIFFERENCE", "SAMPLES"}};
  std::vector<std::vector<std::string>> totals{{"METRIC", "TOTAL", "SAMPLES"}};
  for (const MetricLook& look : looks.metrics) {
    const ArmLook* canary = find(look, Arm::canary);
    const ArmLook* baseline = find(look, Arm::baseline);
    const ArmLook* total = find(look, Arm::total);
    const std::string name = shown_name(look);
    if (canary != nullptr || baseline != nullptr) {
      pairs.push_back({name, value_of(look, canary), value_of(look, baseline),
                       look.difference ? difference_of(look) : "-",
                       samples_of(canary) + " / " + samples_of(baseline)});
    }
    if (total != nullptr) totals.push_back({name, value_of(look, total), samples_of(total)});
  }
  std::string text = pairs.size() > 1 ? table(pairs, width) : "";
  if (totals.size() == 1) return text;
  return text + (text.empty() ? "" : "\n") + table(totals, width);
}

// ---- Notes ----------------------------------------------------------------------------------

// What is to be known of one arm beside its value; "" mostly.
std::string note_of(const Looks& looks, const MetricLook& look, const ArmLook& arm) {
  if (!arm.kept) return std::string(kNotKept);
  // Of a histogram alone: requests may well come.
  const bool unobserved = look.quantile && arm.missing == core::Missing::no_traffic;
  if (!arm.value && unobserved) return "no observations in the window";
  if (!arm.value) return std::string(adapters::words_for(arm.missing));
  if (looks.at - arm.heard > looks.grace) {
    return fmt::format("ends at {}: no point has come since", adapters::format_time(arm.heard));
  }
  // What may be silent is judged up to `grace` before the newest point, to a whole second.
  const bool waits = find(look, Arm::canary) != nullptr && find(look, Arm::baseline) != nullptr;
  if (looks.compare && waits && looks.at - arm.at > looks.grace + core::kPaneMin) {
    return fmt::format("ends at {}: up to there all senders of both arms were heard",
                       adapters::format_time(arm.at));
  }
  return "";
}

// "baseline of error_rate, requests: not watched …": what holds of several is said once.
std::string notes_of(const Looks& looks, std::size_t width) {
  std::vector<std::pair<std::string, std::string>> notes;  // of "arm, note", the metrics
  std::vector<std::string> heads;
  const auto add = [&](std::string_view arm, const std::string& note, const std::string& name) {
    const std::string key = fmt::format("{}\n{}", arm, note);
    for (std::size_t i = 0; i < notes.size(); ++i) {
      if (heads[i] == key) {
        notes[i].first += ", " + name;
        return;
      }
    }
    heads.push_back(key);
    notes.emplace_back(fmt::format("{} of {}", arm, name), note);
  };
  for (const MetricLook& look : looks.metrics) {
    for (const ArmLook& arm : look.arms) {
      const std::string note = note_of(looks, look, arm);
      if (!note.empty()) add(adapters::name_of(arm.arm), note, shown_name(look));
    }
  }
  std::string text;
  for (const auto& [of, note] : notes) {
    text += "  • " + wrapped(of + ": " + note, 4, width) + "\n";
  }
  return text.empty() ? "" : "\n" + text;
}

std::string head_of(const Looks& looks, std::size_t width) {
  const std::string window = core::duration_text(looks.window);
  if (looks.at == core::kDistantPast) {
    return wrapped(fmt::format("{}  no point of these metrics has come yet, event {}",
                               looks.rollout, looks.sequence.value),
                   0, width) +
           "\n";
  }
  std::string text = wrapped(fmt::format("{}  over {} up to {}, event {}", looks.rollout, window,
                                         adapters::format_time(looks.at), looks.sequence.value),
                             0, width) +
                     "\n";
  core::Duration seen{};
  for (const MetricLook& look : looks.metrics) {
    for (const ArmLook& arm : look.arms) seen = std::max(seen, arm.seen);
  }
  const auto add = [&](const std::string& line) { text += wrapped(line, 0, width) + "\n"; };
  if (seen < looks.window) {
    add(fmt::format("{} of {} seen{}", adapters::format_duration_short(seen), window,
                    looks.first_shift ? ": counted from the first shift on, " +
                                            adapters::format_time(*looks.first_shift)
                                      : ""));
  }
  if (looks.now - looks.at >= looks.stale_after) {
    add(fmt::format("the last point is {} old", adapters::age_text(looks.now - looks.at)));
  }
  return text;
}

}  // namespace

std::string looks_json(const Looks& looks) {
  Json json;
  json["rollout"] = looks.rollout;
  json["runbook"] = looks.runbook;
  json["sequence"] = looks.sequence.value;
  json["time"] = adapters::format_time(looks.time);
  json["window"] = adapters::format_duration(looks.window);
  json["at"] = time_or_null(looks.at);
  json["first_shift"] =
      looks.first_shift ? Json(adapters::format_time(*looks.first_shift)) : Json(nullptr);
  json["metrics"] = Json::array();
  for (const MetricLook& look : looks.metrics) {
    json["metrics"].push_back(to_json(look, looks.compare));
  }
  return adapters::to_line(json);
}

std::string looks_text(const Looks& looks, std::size_t width) {
  const std::string head = head_of(looks, width);
  if (looks.metrics.empty()) {
    return head + wrapped("no criterion of this runbook measures a metric", 0, width) + "\n";
  }
  return head + "\n" + (looks.compare ? compared(looks, width) : table(rows_of(looks), width)) +
         notes_of(looks, width);
}

}  // namespace rollbook::tools
