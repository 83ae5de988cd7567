#include "dsl/first_runbook.h"

#include <algorithm>

#include "dsl/format.h"
#include "dsl/format_value.h"
#include "dsl/params.h"

namespace rollbook::dsl {
namespace {

using namespace std::chrono_literals;

// Half the hold at most, so that a window is whole before the review looks at it.
core::Duration window_of(core::Duration hold) {
  const auto half = std::chrono::duration_cast<std::chrono::seconds>(hold / 2);
  return std::clamp<core::Duration>(half, 1s, 5min);
}

// "5", "0_5": what makes a stage's name of its weight.
std::string share_word(core::Weight weight) {
  std::string text = format_percent(weight);
  text.pop_back();
  std::replace(text.begin(), text.end(), '.', '_');
  return text;
}

std::string stages(const FirstRunbook& wishes) {
  std::string text;
  for (const core::Weight weight : wishes.stages) {
    text += "  stage canary_" + share_word(weight) + " using canary_stage {\n";
    text += "    traffic " + format_percent(weight) + "\n";
    text += "    hold " + format_duration(wishes.hold) + "\n  }\n";
  }
  return text;
}

// A name on the wire, quoted where it is no word.
std::string wire_name(const std::string& name) {
  return as_word(name) == name ? name : quote(name);
}

}  // namespace

std::string as_word(const std::string& service) {
  std::string word;
  for (const char c : service) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) {
      word += c;
    } else if (!word.empty() && !word.ends_with('_')) {
      word += '_';
    }
  }
  while (word.ends_with('_')) word.pop_back();
  if (word.empty() || (word[0] >= '0' && word[0] <= '9')) word = "s" + word;
  return word;
}

std::string first_runbook(const FirstRunbook& wishes) {
  const std::string word = as_word(wishes.service);
  const std::string over = " over " + format_duration(window_of(wishes.hold));
  const std::string requests = wishes.requests.empty() ? word + "_requests_total" : wishes.requests;
  const std::string errors = wishes.errors.empty() ? word + "_errors_total" : wishes.errors;
  const bool latency = !wishes.latency.empty();
  std::string text = "edition 1\n\nrunbook " + wishes.name + " {\n";
  text += "  title   " + quote(wishes.service + ": a canary") + "\n";
  text += "  service " + quote(wishes.service) + "\n";
  text += "  arms    by label " + quote(wishes.label) + ": baseline " + quote(wishes.baseline) +
          ", canary " + quote(wishes.canary) + "\n";
  text += "  role    " + wishes.role + "\n\n";
  text += "  metric requests   = counter " + wire_name(requests) + "\n";
  text += "  metric errors     = counter " + wire_name(errors) +
          " default 0  # no series before the first error\n";
  text += "  metric error_rate = errors / requests\n";
  if (latency) text += "  metric latency    = histogram " + wire_name(wishes.latency) + "\n";
  text += "\n  channel oncall = pagerduty(" + quote(wishes.service) + ")\n\n";
  text += "  # What must never be true while the canary has traffic.\n  guard {\n";
  text += "    stop error_rate > 1%" + over + "\n";
  if (latency) text += "    stop p99(latency) > 500ms" + over + "\n";
  text += "    stop absent(requests) for 3m  # silence is not health\n";
  text += "    otherwise rollback automatic\n  }\n\n";
  text += "  # What must be true to go on.\n  template canary_stage {\n";
  text += "    expect errors_low: error_rate < 0.5%" + over + "\n";
  if (latency) text += "    expect fast: p99(latency) < 300ms" + over + "\n";
  text += "    within 24h otherwise rollback automatic\n  }\n";
  text += stages(wishes);
  text +=
      "\n  rollback automatic {\n    traffic 0%\n    page oncall \"Rolled back: {cause}\"\n  }\n\n";
  text += "  success {\n    confirm \"Release accepted\" by " + wishes.role + "\n";
  text += "    within 24h otherwise rollback automatic\n";
  if (wishes.stages.back() != core::kAllTraffic) {
    text += "    finish traffic " + format_percent(wishes.stages.back()) + "\n";
  }
  text += "  }\n}\n";
  Sink sink("");
  return format(text, sink).value_or(text);
}

}  // namespace rollbook::dsl
