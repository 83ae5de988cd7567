// Parameters as names, the calendar of `advance only`, and `after runbook`.

#include <algorithm>
#include <array>
#include <set>

#include "dsl/grammar_words.h"
#include "dsl/resolve_context.h"
#include "dsl/zones.h"

namespace rollbook::dsl {

namespace {

constexpr std::size_t kHoursMost = 32;
constexpr std::size_t kParamsMost = 200;

// Words that would be read as something else where a value may stand.
bool is_clause_word(const std::string& name) {
  static const std::set<std::string> kWords = {
      "all",  "any",          "at",   "baseline", "canary", "confidence", "default", "end",
      "for",  "least",        "most", "next",     "of",     "over",       "peak",    "previous",
      "rate", "requests",     "same", "to",       "total",  "trough",     "using",   "with",
      "and",  "irreversible", "high", "low",      "medium", "critical"};
  return kWords.contains(name) || !home_of(name).empty();
}

// ---- advance only ---------------------------------------------------------------------------

const std::vector<std::string>& day_names() {
  static const std::vector<std::string> kNames = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  return kNames;
}

std::optional<std::size_t> day_of(Context& context, const ast::Name& name) {
  const auto& names = day_names();
  const auto found = std::find(names.begin(), names.end(), name.text);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  std::string help = did_you_mean(name.text, names);
  if (help.empty()) help = "there is " + alternatives(names);
  context.findings.error(Code::unknown_kind, name.span, "no day is called `" + name.text + "`",
                         help);
  return std::nullopt;
}

// `Fri-Mon` goes over the week's end.
std::uint8_t days_of(Context& context, const std::vector<ast::Days>& all) {
  if (all.empty()) return 0x7f;
  std::uint8_t mask = 0;
  for (const ast::Days& days : all) {
    const auto first = day_of(context, days.first);
    const auto last = days.last == days.first ? first : day_of(context, days.last);
    if (!first || !last) continue;
    for (std::size_t day = *first;; day = (day + 1) % 7) {
      mask = static_cast<std::uint8_t>(mask | (1U << day));
      if (day == *last) break;
    }
  }
  return mask;
}

// The time since midnight; `24:00` is the end of the day.
std::optional<core::Duration> time_of(Context& context, const ast::WallTime& time, bool closes) {
  const std::int64_t hour = time.hour.whole();
  const std::int64_t minute = time.minute.whole();
  const bool sound = minute < 60 && (hour < 24 || (closes && hour == 24 && minute == 0));
  // One way to write a time, so that `9:5` is not taken for half past.
  const bool written = time.hour.text.size() <= 2 && time.minute.text.size() == 2;
  if (sound && written) return std::chrono::hours(hour) + std::chrono::minutes(minute);
  context.findings.error(Code::bad_value, time.span,
                         "no clock shows `" + time.hour.text + ":" + time.minute.text + "`",
                         "a time is written from `00:00` to `23:59`" +
                             std::string(closes ? ", or `24:00` for midnight" : ""));
  return std::nullopt;
}

std::string two_digits(const ast::Number& number) {
  return (number.text.size() < 2 ? "0" : "") + number.text;
}

std::string hours_text(const ast::AdvanceOnly& only) {
  std::string text;
  for (const ast::Days& days : only.days) {
    text += (text.empty() ? "" : ", ") + days.first.text;
    if (days.last.text != days.first.text) text += "-" + days.last.text;
  }
  return text + (text.empty() ? "" : " ") + two_digits(only.opens.hour) + ":" +
         two_digits(only.opens.minute) + "-" + two_digits(only.closes.hour) + ":" +
         two_digits(only.closes.minute) + " \"" + only.zone.value + "\"";
}

void report_zone(Context& context, const ast::Text& zone) {
  const std::vector<std::string> names = zone_names();
  if (names.empty()) {
    context.findings.error(
        Code::unknown_zone, zone.span,
        "this machine has no time zone data, so `" + zone.value + "` cannot be looked up",
        "install the package `tzdata`");
    return;
  }
  std::string help = did_you_mean(zone.value, names);
  if (help.empty()) {
    // A city alone is what people write first.
    for (const std::string& name : names) {
      if (name.ends_with("/" + zone.value)) help = "did you mean `" + name + "`?";
    }
  }
  if (help.empty()) help = "zones are called as in the IANA data, like `Europe/Berlin` or `UTC`";
  context.findings.error(Code::unknown_zone, zone.span,
                         "no time zone is called `" + zone.value + "`", help);
}

void resolve_hours(Context& context, const ast::AdvanceOnly& only) {
  core::OpenHours hours;
  hours.days = days_of(context, only.days);
  const auto opens = time_of(context, only.opens, false);
  const auto closes = time_of(context, only.closes, true);
  hours.zone = only.zone.value;
  hours.text = hours_text(only);
  auto offsets = zone_offsets(hours.zone);
  if (!offsets) report_zone(context, only.zone);
  if (!opens || !closes || !offsets || hours.days == 0) return;
  if (*opens == *closes) {
    context.findings.error(Code::bad_value, join(only.opens.span, only.closes.span),
                           "hours that end when they begin are none",
                           "write `00:00-24:00` for the whole day");
    return;
  }
  hours.opens = *opens;
  hours.closes = *closes > *opens ? *closes : *closes + std::chrono::hours(24);
  hours.offsets = std::move(*offsets);
  context.outline.advance_only.hours.push_back(std::move(hours));
}

// ---- after runbook --------------------------------------------------------------------------

void resolve_after(Context& context, const ast::Name& runbook) {
  if (runbook.text == context.outline.name) {
    context.findings.error(Code::bad_value, runbook.span,
                           "a rollout cannot wait for one of its own runbook to have succeeded: "
                           "there would be no first",
                           "name the runbook that goes before this one");
    return;
  }
  auto& after = context.outline.after;
  if (std::find(after.begin(), after.end(), runbook.text) != after.end()) {
    context.findings.error(Code::duplicate_name, runbook.span,
                           "runbook `" + runbook.text + "` stands here twice", "leave one out");
    return;
  }
  after.push_back(runbook.text);
}

}  // namespace

void declare_params(Context& context, const ast::Runbook& runbook) {
  const auto params = ast::all<ast::Param>(runbook.statements);
  for (std::size_t row = 0; row < params.size(); ++row) {
    const ast::Name& name = params[row]->name;
    // They stand in the same places, so each would hide the other.
    bool taken = false;
    for (const Names* names : {&context.metrics, &context.roles}) {
      if (!names->has(name.text)) continue;
      taken = true;
      context.findings.error(Code::duplicate_name, name.span,
                             "`" + name.text + "` is a " +
                                 (names == &context.metrics ? "metric" : "role") + " already",
                             "give one of them another name");
    }
    if (!taken && is_clause_word(name.text)) {
      context.findings.error(Code::reserved_name, name.span,
                             "no parameter can be called `" + name.text + "`",
                             "give it another name");
    }
    if (context.params.declare(name, row, context.findings) && params[row]->used) {
      context.params.find(name, context.findings);
    }
  }
  if (params.size() > kParamsMost) {
    context.findings.error(Code::bad_value, params[kParamsMost]->span,
                           "a runbook has " + std::to_string(kParamsMost) + " parameters at most",
                           "write values out that nobody changes");
  }
}

void resolve_frame(Context& context, const ast::Runbook& runbook) {
  const auto hours = ast::all<ast::AdvanceOnly>(runbook.statements);
  if (hours.size() > kHoursMost) {
    context.findings.error(
        Code::bad_value, hours[kHoursMost]->span,
        "a runbook has " + std::to_string(kHoursMost) + " lines of `advance only` at most",
        "join days that have the same hours: `Mon-Thu, Sat`");
    return;
  }
  for (const ast::AdvanceOnly* only : hours) resolve_hours(context, *only);
  for (const ast::After* after : ast::all<ast::After>(runbook.statements))
    for (const ast::Name& name : after->runbooks) resolve_after(context, name);
}

}  // namespace rollbook::dsl
