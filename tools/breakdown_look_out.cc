// How a breakdown is told: an object for programs, a table with its notes for people.

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/json_out.h"
#include "adapters/wire/names.h"
#include "adapters/wire/text.h"
#include "engine/core/sentence.h"
#include "tools/breakdown_look.h"
#include "tools/columns.h"

namespace rollbook::tools {
namespace {

using adapters::Json;
using core::Fixed;

constexpr std::string_view kSubjects[] = {"errors", "latency", "traffic"};
constexpr std::size_t kNamed = 5;  // label sets named in a note

std::string_view subject_of(const BreakdownLook& look) {
  return kSubjects[static_cast<std::size_t>(look.subject)];
}

std::string percentile_name(Fixed quantile) {
  return "p" + core::decimal_text(Fixed{quantile.nanos * 100});
}

Json to_json(const BreakdownLook& look, const ShareLook& share) {
  Json json;
  json["count"] = adapters::number(share.count);
  json["rate"] = adapters::number(share.rate);
  json["share"] = adapters::number(share.share);
  if (!look.requests.empty()) {
    json["ratio"] = share.ratio ? adapters::number(*share.ratio) : Json(nullptr);
  }
  for (std::size_t i = 0; i < share.percentiles.size(); ++i) {
    json[percentile_name(look.asked_percentiles[i])] = adapters::number(share.percentiles[i].value);
    if (share.percentiles[i].beyond) {
      json["beyond_edges"].push_back(percentile_name(look.asked_percentiles[i]));
    }
  }
  return json;
}

Json to_json(const BreakdownLook& look, const std::vector<ShareLook>& arms) {
  Json json = Json::object();
  for (const ShareLook& share : arms) json[adapters::name_of(share.arm)] = to_json(look, share);
  return json;
}

// ---- For people -----------------------------------------------------------------------------

std::string values_text(const SetLook& set) {
  if (set.values.empty()) return "other";
  std::string text;
  for (const std::string& value : set.values) {
    text += (text.empty() ? "" : ", ") + (value.empty() ? "(none)" : adapters::printable(value));
  }
  return text;
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::string rate_text(Fixed rate) { return core::value_text(core::Unit::per_second, rate); }

std::string percentile_text(const BreakdownLook& look, const PercentileLook& percentile) {
  return (percentile.beyond ? "above " : "") + core::value_text(look.unit, percentile.value);
}

std::vector<std::string> row_of(const BreakdownLook& look, std::string name,
                                const ShareLook& share) {
  std::vector<std::string> row{std::move(name), std::string(adapters::name_of(share.arm)),
                               core::decimal_text(share.count), rate_text(share.rate),
                               core::percent_text(share.share, 1)};
  if (!look.requests.empty()) {
    row.push_back(share.ratio ? core::percent_text(*share.ratio, 3) : "-");
  }
  for (std::size_t i = 0; i < look.asked_percentiles.size(); ++i) {
    row.push_back(i < share.percentiles.size() ? percentile_text(look, share.percentiles[i]) : "-");
  }
  return row;
}

std::string sets_text(const BreakdownLook& look, std::size_t most, std::size_t width) {
  std::vector<std::string> head{
      upper(adapters::printable(fmt::format("{}", fmt::join(look.by, ", ")))), "ARM", "COUNT",
      "RATE", "SHARE"};
  if (!look.requests.empty()) head.push_back("RATIO");
  for (const Fixed quantile : look.asked_percentiles) {
    head.push_back(upper(percentile_name(quantile)));
  }
  std::vector<std::vector<std::string>> rows{std::move(head)};
  std::size_t left = most, hidden = 0;
  for (const SetLook& set : look.sets) {
    if (left == 0 && !set.values.empty()) {
      ++hidden;
      continue;
    }
    left -= left > 0 ? 1 : 0;
    for (const ShareLook& share : set.arms) rows.push_back(row_of(look, values_text(set), share));
  }
  for (const ShareLook& share : look.totals) rows.push_back(row_of(look, "all", share));
  std::string text = table(rows, width);
  if (hidden > 0) text += fmt::format("and {} more; --top {} shows them\n", hidden, most + hidden);
  return text;
}

// Label sets of one arm that the other has not; empty where there are no two arms.
std::vector<std::string> only_of(const BreakdownLook& look, core::Arm has, core::Arm lacks) {
  std::vector<std::string> names;
  for (const SetLook& set : look.sets) {
    const auto counts = [&](core::Arm arm) {
      return std::any_of(set.arms.begin(), set.arms.end(),
                         [&](const ShareLook& share) { return share.arm == arm; });
    };
    if (!set.values.empty() && counts(has) && !counts(lacks)) names.push_back(values_text(set));
  }
  return names;
}

std::string coverage_note(const BreakdownLook& look, core::Arm has, core::Arm lacks) {
  std::vector<std::string> names = only_of(look, has, lacks);
  if (names.empty()) return "";
  const std::size_t all = names.size();
  names.resize(std::min(all, kNamed));
  return fmt::format("{} label {} seen on the {} alone: {}{}", all, all == 1 ? "set" : "sets",
                     adapters::name_of(has), fmt::join(names, "; "),
                     all > kNamed ? fmt::format(" and {} more", all - kNamed) : "");
}

std::vector<std::string> notes_of(const BreakdownLook& look) {
  std::vector<std::string> notes;
  for (const PeakLook& peak : look.peaks) {
    notes.push_back(fmt::format("{}: peak {} at {}, least {} at {}, minute by minute",
                                adapters::name_of(peak.arm), rate_text(peak.peak),
                                adapters::format_time(peak.peak_at), rate_text(peak.trough),
                                adapters::format_time(peak.trough_at)));
  }
  if (!look.requests.empty()) {
    notes.push_back(
        fmt::format("ratio: to the arm's `{}` with the same labels, as far as those "
                    "have them",
                    adapters::printable(look.requests)));
  }
  for (const auto& [has, lacks] : {std::pair(core::Arm::canary, core::Arm::baseline),
                                   std::pair(core::Arm::baseline, core::Arm::canary)}) {
    const std::string note = coverage_note(look, has, lacks);
    if (!note.empty()) notes.push_back(note);
  }
  if (!look.sets.empty() && look.sets.back().values.empty()) {
    notes.push_back(fmt::format(
        "other: the label sets beyond the first {} of `{}`, or of more than 256 bytes, as one",
        core::kOtherSet, adapters::printable(look.metric)));
  }
  return notes;
}

}  // namespace

std::string breakdown_json(const BreakdownLook& look) {
  Json json;
  json["rollout"] = look.rollout;
  json["runbook"] = look.runbook;
  json["sequence"] = look.sequence.value;
  json["time"] = adapters::format_time(look.time);
  json["subject"] = subject_of(look);
  json["metric"] = look.metric;
  json["by"] = look.by;
  if (!look.requests.empty()) json["requests"] = look.requests;
  json["window"] = adapters::format_duration(look.window);
  json["seen"] = adapters::format_duration(look.seen);
  json["at"] = look.at == core::kDistantPast ? Json(nullptr) : Json(adapters::format_time(look.at));
  json["first_shift"] =
      look.first_shift ? Json(adapters::format_time(*look.first_shift)) : Json(nullptr);
  json["sets"] = Json::array();
  json["other"] = nullptr;
  for (const SetLook& set : look.sets) {
    Json arms = to_json(look, set.arms);
    if (set.values.empty()) {
      json["other"] = std::move(arms);
      continue;
    }
    Json labels = Json::object();
    for (std::size_t i = 0; i < look.by.size(); ++i) labels[look.by[i]] = set.values[i];
    json["sets"].push_back({{"labels", std::move(labels)}, {"arms", std::move(arms)}});
  }
  json["total"] = to_json(look, look.totals);
  json["kept_sets"] = look.kept;
  json["kept_sets_most"] = core::kOtherSet;
  if (look.subject == Subject::traffic) {
    json["minutes"] = Json::object();
    for (const PeakLook& peak : look.peaks) {
      json["minutes"][adapters::name_of(peak.arm)] = {
          {"peak", adapters::number(peak.peak)},
          {"peak_at", adapters::format_time(peak.peak_at)},
          {"least", adapters::number(peak.trough)},
          {"least_at", adapters::format_time(peak.trough_at)}};
    }
  }
  return adapters::to_line(json);
}

std::string breakdown_text(const BreakdownLook& look, std::size_t rows, std::size_t width) {
  const std::string what =
      fmt::format("{} by {}", adapters::printable(look.metric),
                  adapters::printable(fmt::format("{}", fmt::join(look.by, ", "))));
  if (look.at == core::kDistantPast) {
    return wrapped(fmt::format("{}  nothing of {} has been counted up to event {}; "
                               "counts are logged once a minute",
                               look.rollout, what, look.sequence.value),
                   0, width) +
           "\n";
  }
  std::string text = wrapped(fmt::format("{}  {}, over {} up to {}, event {}", look.rollout, what,
                                         core::duration_text(std::max(look.window, look.seen)),
                                         adapters::format_time(look.at), look.sequence.value),
                             0, width) +
                     "\n";
  if (look.seen > look.window) {
    text += wrapped(fmt::format("{} was asked for; counts are logged once a minute, and all that "
                                "reach into it are taken whole",
                                core::duration_text(look.window)),
                    0, width) +
            "\n";
  }
  if (look.seen < look.window) {
    text += wrapped(fmt::format("{} of {} seen{}", adapters::format_duration_short(look.seen),
                                core::duration_text(look.window),
                                look.first_shift ? ": counted from the first shift on, " +
                                                       adapters::format_time(*look.first_shift)
                                                 : ""),
                    0, width) +
            "\n";
  }
  text += "\n" + sets_text(look, rows, width);
  std::string notes;
  for (const std::string& note : notes_of(look)) {
    notes += "  • " + wrapped(note, 4, width) + "\n";
  }
  return notes.empty() ? text : text + "\n" + notes;
}

}  // namespace rollbook::tools
