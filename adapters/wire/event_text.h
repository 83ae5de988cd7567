#pragma once
// Events as sentences, for `rollbook log`, the sandbox and whoever reads along:
//
//   ✓ canary_25: shift to 25% settled
//   ✗ rolled back at 0%: error_rate > 0.1% over 5m: 1.24% in 15021 samples, hal9.runbook:31:5

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/wire/event_json.h"

namespace rollbook::adapters {

enum class Tone : std::uint8_t {
  quiet,     // bookkeeping: evidence, timers, deliveries, undecided verdicts
  plain,     // a step, an act
  good,      // settled, passed, succeeded
  bad,       // failed, refused, rolled back
  question,  // people are asked
};

struct Sentence {
  Tone tone = Tone::plain;
  std::string text;  // one line, free of control characters
};
Sentence tell(const EventContext& context, const runtime::StoredEvent& stored);

// "✓", "✗", "?", "•" or "·": said beside the words, never instead of them.
std::string_view glyph(Tone tone);

// `text` in the tone's ANSI colour; as it is without `colour`.
std::string painted(std::string_view text, Tone tone, bool colour);

// "product_owner", "all of a, b", "2 of sre, oncall"
std::string quorum_text(const core::Quorum& quorum);

// "2026-01-05T10:00:07Z     42  ✓ canary_25: shift to 25% settled": time to the second, sequence,
// sentence.
std::string log_line(const EventContext& context, const runtime::StoredEvent& stored, bool colour);

}  // namespace rollbook::adapters
