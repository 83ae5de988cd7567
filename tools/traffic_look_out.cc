// How traffic is told: an object for programs, some lines for people, a sentence for `--verify`.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "adapters/wire/json_out.h"
#include "adapters/wire/names.h"
#include "adapters/wire/text.h"
#include "engine/core/sentence.h"
#include "tools/columns.h"
#include "tools/traffic_look.h"

namespace rollbook::tools {
namespace {

using adapters::Json;

constexpr std::size_t kLabel = 10;

std::string line(std::string_view label, const std::string& text, std::size_t width) {
  return fmt::format("{:<{}}{}\n", label, kLabel, wrapped(text, kLabel, width));
}

std::string_view word_of(SplitVerdict verdict) {
  static constexpr std::array<std::string_view, 4> kWords{"agrees", "contradicts", "too_little",
                                                          "not_measured"};
  return kWords[static_cast<std::size_t>(verdict)];
}

bool is_judged(const SplitLook& look) {
  return look.verdict == SplitVerdict::agrees || look.verdict == SplitVerdict::contradicts;
}

std::int64_t requests_of(const SplitLook& look) { return look.canary + look.baseline; }

std::optional<core::Fixed> share_of(const SplitLook& look) {
  if (requests_of(look) <= 0) return std::nullopt;
  return core::Fixed{core::Int128{look.canary} * core::Fixed::kScale / requests_of(look)};
}

std::string nats(std::int64_t micro) {
  return fmt::format("{:.2f}", static_cast<double>(micro) * 1e-6);
}

std::string proof_text(const SplitLook& look) {
  return fmt::format("the log of the e-value is {} of the {} that would contradict it",
                     nats(look.statistic), nats(look.threshold));
}

std::string share_text(const SplitLook& look) {
  const auto share = share_of(look);
  return fmt::format("{} of {} requests", share ? core::percent_text(*share, 2) : "nothing",
                     requests_of(look));
}

std::string planned_text(const SplitLook& look) {
  const std::string weight = (look.target.empty() ? "" : look.target + ": ") +
                             adapters::format_percent(look.settled) + " settled since " +
                             adapters::format_time(look.since);
  return weight + (look.order > 0 ? fmt::format(", order {}", look.order)
                                  : ": as the rollout began, nothing was shifted");
}

std::string shift_text(const ShiftLook& shift) {
  std::string text = fmt::format("{}{} since {}, order {}", adapters::format_percent(shift.to),
                                 shift.rollback ? " by a rollback" : "",
                                 adapters::format_time(shift.since), shift.order);
  if (shift.outcome) return text + fmt::format(", {}", adapters::name_of(*shift.outcome));
  text += ", not settled yet";
  if (shift.deadline)
    text += ", failed without an answer by " + adapters::format_time(*shift.deadline);
  return text;
}

Json to_json(const ShiftLook& shift) {
  Json json;
  json["to"] = adapters::number(shift.to);
  json["order"] = shift.order;
  json["since"] = adapters::format_time(shift.since);
  json["outcome"] = shift.outcome ? Json(adapters::name_of(*shift.outcome)) : Json(nullptr);
  json["deadline"] = shift.deadline ? Json(adapters::format_time(*shift.deadline)) : Json(nullptr);
  json["rollback"] = shift.rollback;
  return json;
}

Json observed_json(const SplitLook& look) {
  if (look.counted_by.empty()) return nullptr;
  Json json;
  json["counted_by"] = look.counted_by;
  const auto share = share_of(look);
  json["share"] = share ? adapters::number(*share) : Json(nullptr);
  json["requests"] = Json{{"canary", look.canary}, {"baseline", look.baseline}};
  json["at"] = look.at == core::kDistantPast ? Json(nullptr) : Json(adapters::format_time(look.at));
  return json;
}

std::string sentence_of(const SplitLook& look) {
  switch (look.verdict) {
    case SplitVerdict::agrees:
      return fmt::format("as planned: {} where {} is settled; {}", share_text(look),
                         adapters::format_percent(look.settled), proof_text(look));
    case SplitVerdict::contradicts:
      return fmt::format("the canary gets {} where {} is settled since {}: {}{}", share_text(look),
                         adapters::format_percent(look.settled), adapters::format_time(look.since),
                         proof_text(look),
                         look.shift && !look.shift->outcome
                             ? fmt::format("; a shift to {} has been asked for and may be acting",
                                           adapters::format_percent(look.shift->to))
                             : "");
    case SplitVerdict::too_little:
      return "too little to tell: " + look.why;
    case SplitVerdict::not_measured:
      return "the split is not measured: " + look.why;
  }
  return "";
}

// What is told of one split, after its weights.
void put_split(const SplitLook& look, Json& json) {
  json["shift"] = look.shift ? to_json(*look.shift) : Json(nullptr);
  json["observed"] = observed_json(look);
  json["split"] = word_of(look.verdict);
  if (!look.why.empty()) json["reason"] = look.why;
  if (!is_judged(look)) return;
  json["statistic"] = adapters::number(core::Fixed{core::Int128{look.statistic} * 1000});
  json["threshold"] = adapters::number(core::Fixed{core::Int128{look.threshold} * 1000});
}

Json to_json(const SplitLook& look) {
  Json json{{"name", look.target},
            {"settled", adapters::number(look.settled)},
            {"requested", adapters::number(look.requested)},
            {"since", adapters::format_time(look.since)},
            {"order", look.order > 0 ? Json(look.order) : Json(nullptr)},
            {"rolled_back", look.back}};
  put_split(look, json);
  return json;
}

std::string split_text(const SplitLook& look, std::size_t width) {
  const std::string head = look.target.empty() ? "" : look.target + ": ";
  std::string text;
  if (look.shift) text += line("asked", head + shift_text(*look.shift), width);
  if (look.at != core::kDistantPast) {
    text += line("observed",
                 fmt::format("{}{}: {} canary, {} baseline, counted by `{}` up to {}", head,
                             share_text(look), look.canary, look.baseline,
                             adapters::printable(look.counted_by), adapters::format_time(look.at)),
                 width);
  }
  static constexpr std::array<std::string_view, 4> kGlyphs{"✓", "✗", "·", "·"};
  return text + line("split",
                     fmt::format("{} {}{}", kGlyphs[static_cast<std::size_t>(look.verdict)], head,
                                 sentence_of(look)),
                     width);
}

}  // namespace

std::string weights_text(const TrafficLook& look) {
  std::string text;
  for (const SplitLook& split : look.splits) {
    if (!text.empty()) text += ", ";
    if (!split.target.empty()) text += split.target + " ";
    text += adapters::format_percent(split.settled);
  }
  return text;
}

std::string verdict_sentence(const TrafficLook& look) {
  std::string text;
  for (const SplitLook& split : look.splits) {
    if (!text.empty()) text += "; ";
    if (!split.target.empty()) text += split.target + ": ";
    text += sentence_of(split);
  }
  return text;
}

std::string traffic_json(const TrafficLook& look) {
  Json json;
  json["rollout"] = look.rollout;
  json["runbook"] = look.runbook;
  json["sequence"] = look.sequence.value;
  json["time"] = adapters::format_time(look.now);
  const SplitLook& highest = look.highest();
  json["settled"] = Json{{"weight", adapters::number(highest.settled)},
                         {"since", adapters::format_time(highest.since)},
                         {"order", highest.order > 0 ? Json(highest.order) : Json(nullptr)}};
  json["requested"] = adapters::number(look.requested);
  if (look.has_targets()) {
    for (const SplitLook& split : look.splits) json["targets"].push_back(to_json(split));
    json["split"] = word_of(verdict_of(look));
  } else {
    put_split(look.splits.front(), json);
  }
  return adapters::to_line(json);
}

std::string traffic_text(const TrafficLook& look, std::size_t width) {
  std::string text = wrapped(fmt::format("{}  as of {}, event {}", look.rollout,
                                         adapters::format_time(look.now), look.sequence.value),
                             0, width) +
                     "\n";
  for (const SplitLook& split : look.splits) text += line("planned", planned_text(split), width);
  for (const SplitLook& split : look.splits) text += split_text(split, width);
  return text;
}

}  // namespace rollbook::tools
