#include "engine/core/sentence.h"

#include <array>
#include <utility>

#include "engine/core/judge.h"
#include "engine/core/kayenta.h"
#include "engine/core/limits.h"
#include "engine/core/prove.h"
#include "engine/core/units.h"
#include "engine/core/utf8.h"

namespace rollbook::core {
namespace {

std::string digits(Int128 value) {
  if (value == 0) return "0";
  std::string text;
  for (; value > 0; value /= 10)
    text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
  return text;
}

// ", proven: the log of the e-value is 4.87 of the 4.61 it needs". Of whatever is nearer to proof.
std::string proof_text(const Reading& reading) {
  const Evidence& evidence = *reading.evidence;
  const std::int64_t threshold = threshold_of(evidence.alpha);
  // A split is never proven, only disproved.
  const bool contrary = evidence.test == Test::split || evidence.contrary > evidence.statistic;
  const std::int64_t statistic = contrary ? evidence.contrary : evidence.statistic;
  std::string text = statistic >= threshold ? ", proven" : ", not proven";
  if (is_well_again(reading)) text = ", well again, though the past is still proven";
  if (contrary) text += " the contrary";
  if (evidence.test == Test::two_quantiles) return text;  // its edges are all there is to say
  const auto nats = [](std::int64_t micro) { return rounded_text(Fixed{Int128{micro} * 1000}, 2); };
  return text + ": the log of the e-value is " + nats(statistic) + " of the " + nats(threshold) +
         " it needs";
}

// A quantile of which its buckets tell only that it lies above the last edge.
bool is_beyond(const Criterion& criterion, const Reading& reading) {
  return criterion.measure == Measure::quantile && criterion.test != Test::two_quantiles &&
         reading.low && !reading.high;
}

// Two quantiles that were measured, but of which the buckets do not tell how they compare.
bool is_open(const Machine& machine, const Criterion& criterion, const Reading& reading) {
  const bool whole =
      criterion.kind != CriterionKind::expect || reading.seen >= machine.at(criterion.window).width;
  return is_of_two_quantiles(criterion) && whole && reading.missing == Missing::none &&
         reading.raw == Raw::unknown && reading.limit;
}

std::string edges_text(const Criterion& criterion, Unit unit, const Reading& reading) {
  if (!reading.low || !reading.high) return "";
  const bool shown = criterion.test == Test::two_quantiles;
  return (shown ? ", shown to lie between the edges " : ", limit between the edges ") +
         value_text(unit, *reading.low) + " and " + value_text(unit, *reading.high);
}

// What is longer ends in a mark, between two characters.
std::string cut(std::string text) {
  if (text.size() <= kMessageTextBytes) return text;
  const std::string mark =
      "… (cut: a message has " + std::to_string(kMessageTextBytes) + " bytes at most)";
  text.resize(whole_characters(text, kMessageTextBytes - mark.size()).size());
  return text + mark;
}

// ", none of them seen on the baseline: type="oom" 7".
std::string kinds_text(const Reading& reading) {
  std::string text;
  for (const std::string& kind : reading.kinds) text += (text.empty() ? "" : "; ") + kind;
  return " of a kind that the baseline has not shown: " + text + ",";
}

}  // namespace

std::string rounded_text(Fixed value, int places) {
  Int128 unit = 1;
  for (int i = places; i < 9; ++i) unit *= 10;
  const bool negative = value.nanos < 0;
  const Int128 nanos = ((negative ? -value.nanos : value.nanos) + unit / 2) / unit * unit;
  std::string text = (negative && nanos != 0 ? "-" : "") + digits(nanos / Fixed::kScale);
  const Int128 rest = nanos % Fixed::kScale;
  if (rest == 0) return text;
  std::string fraction = digits(rest);
  fraction.insert(0, 9 - fraction.size(), '0');
  while (fraction.back() == '0') fraction.pop_back();
  return text + "." + fraction;
}

std::string decimal_text(Fixed value) { return rounded_text(value, 9); }

std::string percent_text(Fixed share, int places) {
  return rounded_text(Fixed{share.nanos * 100}, places) + "%";
}

std::string duration_text(Duration duration) {
  using namespace std::chrono;
  if (duration < 0ns) return "-" + duration_text(-duration);
  if (duration < 1s) {
    return duration == 0ns ? "0s" : rounded_text(Fixed{Int128{duration.count()} * 1000}, 3) + "ms";
  }
  static constexpr std::array<std::pair<std::int64_t, const char*>, 3> kUnits{
      {{86400, "d"}, {3600, "h"}, {60, "m"}}};
  std::string text;
  std::int64_t nanos = duration.count();
  // Up to two days are said in hours, as people on call say them.
  for (const auto& [seconds_in, name] : kUnits) {
    const std::int64_t unit = seconds_in * Fixed::kScale;
    if (seconds_in == 86400 && (nanos < 3 * unit || nanos % unit != 0)) continue;
    if (nanos >= unit) {
      text += std::to_string(nanos / unit) + name;
      nanos %= unit;
    }
  }
  if (nanos != 0) text += rounded_text(Fixed{nanos}, 3) + "s";
  return text;
}

std::string reading_text(const Machine& machine, const Criterion& criterion,
                         const Reading& reading) {
  if (!reading.value) return "";
  const Unit unit = unit_of(machine, criterion);
  return is_beyond(criterion, reading) ? "above " + value_text(unit, *reading.low)
                                       : value_text(unit, *reading.value);
}

std::string sentence(const Machine& machine, const Criterion& criterion, const Reading& reading) {
  const std::string place = ", " + machine.file + ":" + std::to_string(criterion.span.line) + ":" +
                            std::to_string(criterion.span.column);
  const std::string value = reading_text(machine, criterion, reading);
  if (criterion.measure == Measure::absent) {
    return criterion.text + (reading.value ? " (silent for " + value + ")" : "") + place;
  }
  if (!reading.value) return criterion.text + place;
  const Unit unit = unit_of(machine, criterion);
  const std::string samples = " in " + std::to_string(reading.samples) + " samples";
  std::string text = criterion.text + ": ";
  if (criterion.measure == Measure::bracket) {
    return text + "between " + value_text(unit, *reading.low) + " and " +
           value_text(unit, *reading.high) + samples + place;
  }
  if (is_beyond(criterion, reading)) {
    text += value + ", the last edge of its buckets,";
  } else {
    text += (reading.low ? "about " : "") + value + edges_text(criterion, unit, reading);
  }
  if (reading.limit) text += " against " + value_text(unit, *reading.limit);
  if (!reading.kinds.empty()) text += kinds_text(reading);
  text += samples;
  if (reading.evidence && criterion.judge) {
    const std::string failings = failings_of(*criterion.judge, reading.evidence->judged);
    text += failings.empty() ? "" : ": " + failings;
  } else if (reading.evidence) {
    text += proof_text(reading);
  }
  if (is_open(machine, criterion, reading)) {
    text +=
        ", which of the two is greater cannot be told beyond the last edge of the buckets: let"
        " the histogram have higher ones";
  }
  return text + place;
}

std::string weight_text(const Machine& machine, const RolloutState& state) {
  if (state.targets.empty()) return percent_text(Fixed{state.requested.nanos});
  std::string text;
  for (std::size_t i = 0; i < state.targets.size(); ++i) {
    text += (i == 0 ? "" : ", ") + machine.targets[i].name + " " +
            percent_text(Fixed{state.targets[i].requested.nanos});
  }
  return text;
}

std::string fill_in(const Machine& machine, const RolloutState& state, const std::string& text,
                    const Words& words) {
  const State& active = machine.at(state.active);
  const std::array<std::pair<std::string_view, std::string>, 9> names{
      {{"service", state.service},
       {"runbook", machine.name},
       {"rollout", state.id},
       {"version", state.version},
       {"stage", active.stage},
       {"weight", weight_text(machine, state)},
       {"cause", words.cause},
       {"actor", words.actor},
       {"reason", words.reason}}};
  std::string filled;
  for (std::size_t i = 0; i < text.size() && filled.size() <= kMessageTextBytes; ++i) {
    if (text[i] != '{') {
      filled += text[i];
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == '{') {
      filled += '{';
      ++i;
      continue;
    }
    const std::size_t close = text.find('}', i);
    bool known = false;
    for (const auto& [name, value] : names) {
      if (close != std::string::npos && text.substr(i + 1, close - i - 1) == name) {
        filled += value;
        known = true;
      }
    }
    if (known) {
      i = close;
    } else {
      filled += text[i];
    }
  }
  return cut(std::move(filled));
}

}  // namespace rollbook::core
