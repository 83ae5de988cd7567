#pragma once
// Sentences: what the engine says about itself in events and messages. The same log gives the
// same words: no locale, no clock.

#include <string>

#include "engine/core/decide.h"

namespace rollbook::core {

// "error_rate 1.24% > 0.1% over 5m (15021 samples), hal9.runbook:31:5"
std::string sentence(const Machine& machine, const Criterion& criterion, const Reading& reading);

// What it measures, in its own unit (units.h): "1.24%", "13ms", "45/s", "12", "64KiB". Of a
// quantile that lies beyond the last edge of its buckets "above 25ms".
std::string reading_text(const Machine& machine, const Criterion& criterion,
                         const Reading& reading);
// Shortest exact forms: "5m", "2h30m", "1500ms" is "1.5s"; "5%", "0.1%".
std::string duration_text(Duration duration);
std::string percent_text(Fixed share, int digits = 4);
std::string decimal_text(Fixed value);
// Rounds half up to `places` decimals, without trailing zeros.
std::string rounded_text(Fixed value, int places);

// The weight that was asked for last: "10%"; where there are targets "eu 10%, us 0%".
std::string weight_text(const Machine& machine, const RolloutState& state);

// Replaces {service}, {runbook}, {rollout}, {version}, {stage}, {weight}, {cause}, {actor},
// {reason} and `{{`. Cut, with a mark, at kMessageTextBytes.
struct Words {
  std::string cause;
  std::string actor;
  std::string reason;
};
std::string fill_in(const Machine& machine, const RolloutState& state, const std::string& text,
                    const Words& words);

}  // namespace rollbook::core
