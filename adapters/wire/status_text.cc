// The page of `rollbook status`: what it is, where it stands, what is judged, who is asked. Glyph
// and word together, so that nothing depends on colour; 80 columns lose nothing.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "adapters/wire/age.h"
#include "adapters/wire/columns.h"
#include "adapters/wire/event_text.h"
#include "adapters/wire/names.h"
#include "adapters/wire/status.h"
#include "adapters/wire/text.h"
#include "engine/core/sentence.h"

namespace rollbook::adapters {
namespace {

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  const std::size_t has = columns_of(text);
  if (has < width) out.append(width - has, ' ');
  return out;
}

constexpr std::size_t kLabel = 10;

std::string line(std::string_view label, std::string_view text, const TextStyle& style) {
  return padded(label, kLabel) + wrapped(text, kLabel, style.width) + "\n";
}

Tone tone_of(core::Verdict verdict) {
  switch (verdict) {
    case core::Verdict::pass:
      return Tone::good;
    case core::Verdict::fail:
      return Tone::bad;
    case core::Verdict::no_data:
      return Tone::question;
    case core::Verdict::undecided:
      return Tone::quiet;
  }
  return Tone::quiet;
}

// "running", "paused", "rolling back", "succeeded", …
std::pair<std::string, Tone> engine_condition(const RolloutStatus& status) {
  if (status.outcome) {
    const bool good = *status.outcome == core::Outcome::succeeded;
    std::string word(name_of(*status.outcome));
    std::replace(word.begin(), word.end(), '_', ' ');
    return {std::move(word), good ? Tone::good : Tone::bad};
  }
  if (status.halted) return {"halted", Tone::bad};
  if (status.phase == core::Phase::rollback) return {"rolling back", Tone::bad};
  if (status.sight == core::Sight::unreachable)
    return {"blind, the bus is out of reach", Tone::bad};
  if (status.sight == core::Sight::catching_up) return {"catching up", Tone::question};
  if (status.paused) {
    return {status.paused_until ? "paused until " + format_time(*status.paused_until) : "paused",
            Tone::question};
  }
  if (!status.held_by.empty()) return {"held by " + status.held_by.front(), Tone::question};
  if (status.hold && !status.hold->silences.empty()) {
    const SilenceStatus& first = status.hold->silences.front();
    const std::string what = first.two_senders ? "held, two senders of "
                             : first.newest    ? "held, only old points of "
                                               : "held, no points of ";
    return {what + first.name, Tone::question};
  }
  if (!status.questions.empty()) return {"waiting for people", Tone::question};
  if (status.reading_back) return {"reading metrics back", Tone::question};
  if (status.opens) {
    return {"running, steps forward wait until " + format_time(*status.opens), Tone::question};
  }
  return {"running", Tone::good};
}

// What an engine would do there, and whether there is one.
std::pair<std::string, Tone> condition(const RolloutStatus& status) {
  auto [word, tone] = engine_condition(status);
  if (!status.no_engine) return {std::move(word), tone};
  return {(tone == Tone::good ? "" : word + ", ") + "no engine runs it", Tone::bad};
}

std::string where(const RolloutStatus& status) {
  std::string text = status.state;
  if (status.stage) {
    text = fmt::format("{}, stage {} of {}, {}", status.stage->name, status.stage->index,
                       status.stage->of, name_of(status.phase));
  }
  if (status.hold && status.phase == core::Phase::hold) {
    const std::string why = stillness_text(status);
    text += fmt::format(
        ", {} done, {} left{}", format_duration_short(status.hold->elapsed),
        format_duration_short(status.hold->remaining),
        status.hold->running ? "" : " (stands still" + (why.empty() ? why : ": " + why) + ")");
    if (status.hold->requests_needed) {
      text +=
          fmt::format(", {} of {} requests", *status.hold->requests, *status.hold->requests_needed);
    }
  }
  return text;
}

// Of a rollout or of a target.
template <class Weighed>
std::string traffic(const Weighed& status) {
  std::string text = format_percent(status.settled) + " settled";
  if (status.requested != status.settled) {
    text += ", " + format_percent(status.requested) + " requested";
  }
  if (status.observed)
    text += fmt::format(", {} observed", core::percent_text(*status.observed, 1));
  return text;
}

std::string traffic_lines(const RolloutStatus& status, const TextStyle& style) {
  if (status.targets.empty()) return line("traffic", traffic(status), style);
  std::string text;
  for (const TargetStatus& target : status.targets) {
    text += line(text.empty() ? "traffic" : "",
                 printable(target.name + ": " + traffic(target) +
                           (target.rolled_back ? ", rolled back: " + target.because : "")),
                 style);
  }
  return text;
}

// "5%"; where there are targets "eu 5%, us 0%".
std::string weights(const RolloutStatus& status) {
  if (status.targets.empty()) return format_percent(status.settled);
  std::string text;
  for (const TargetStatus& target : status.targets) {
    text += (text.empty() ? "" : ", ") + target.name + " " + format_percent(target.settled);
  }
  return text;
}

std::string reading_text(const ReadingBackStatus& reading) {
  std::string text =
      fmt::format("{} of metrics before the start", format_duration_short(reading.reach));
  if (reading.total && *reading.total > 0) {
    text +=
        fmt::format(": {} % of {} records", *reading.done * 100 / *reading.total, *reading.total);
  }
  return text;
}

std::string verdict_text(const CriterionStatus& criterion) {
  const core::Reading& reading = criterion.reading;
  std::string text(name_of(reading.verdict));
  if (reading.verdict == core::Verdict::no_data) {
    const bool told = criterion.refused.empty() || reading.missing == core::Missing::two_senders;
    text = "no data, " + (told ? criterion.missing_text : "points are refused");
  } else if (!criterion.refused.empty()) {
    text += fmt::format(", points of {} are refused", fmt::join(criterion.refused, ", "));
  }
  if (criterion.part) text += ", acts with its other conditions only";
  // A stop speaks of breaches: its passing is the normal state of a healthy canary.
  if (!criterion.value_text.empty()) text += ", at " + criterion.value_text;
  if (reading.samples > 0) text += fmt::format(" in {} samples", reading.samples);
  if (criterion.pending && reading.verdict != core::Verdict::fail) {
    text += fmt::format(", pending {} of {}", format_duration_short(*criterion.pending),
                        core::duration_text(criterion.sustain));
  }
  if (criterion.window && reading.seen < *criterion.window &&
      criterion.kind == core::CriterionKind::expect) {
    text += fmt::format(", {} of {} seen", format_duration_short(reading.seen),
                        core::duration_text(*criterion.window));
  }
  if (!criterion.coarse.empty()) text += ", " + criterion.coarse;
  return text;
}

std::string criterion_lines(const CriterionStatus& criterion, const TextStyle& style) {
  const Tone tone = tone_of(criterion.reading.verdict);
  static constexpr std::array<std::string_view, 4> kWords{"stop", "expect", "pause", "enough"};
  const std::string_view word = kWords[static_cast<std::size_t>(criterion.kind)];
  return fmt::format(
      "  {} {:<6} {}\n           {}\n", painted(glyph(tone), tone, style.colour), word,
      wrapped(printable(criterion.text), 11, style.width),
      painted(wrapped(verdict_text(criterion), 11, style.width), tone, style.colour));
}

std::string answers_text(const QuestionStatus& question) {
  std::string text;
  for (const AnswerStatus& answer : question.answers) {
    text += fmt::format("{}{} ({}): {}", text.empty() ? "" : ", ", answer.actor, answer.role,
                        answer.answer);
  }
  return text;
}

std::string question_lines(const RolloutStatus& status, const QuestionStatus& question,
                           const TextStyle& style) {
  std::string asked = fmt::format("{} {} \"{}\" by {}", question.number, name_of(question.kind),
                                  question.item, quorum_text(question.quorum));
  if (question.deadline) {
    asked += fmt::format(", {} left", format_duration_short(*question.deadline - status.now));
  }
  std::string text =
      fmt::format("  {} {}\n", painted(glyph(Tone::question), Tone::question, style.colour),
                  wrapped(printable(asked), 4, style.width));
  if (!question.answers.empty()) {
    text += "    " + wrapped(printable(answers_text(question)), 4, style.width) + "\n";
  }
  // The command stays on one line: it is there to be copied.
  const std::string subject = question.kind == core::ItemKind::confirm
                                  ? fmt::format("\"{}\"", question.item)
                                  : fmt::format("{}", fmt::join(question.options, "|"));
  text += printable(fmt::format("    rollbook {} {} {} --role {}", name_of(question.kind),
                                status.rollout, subject, fmt::join(question.quorum.roles, "|"))) +
          "\n";
  return text;
}

std::string effect_line(const RolloutStatus& status, const EffectStatus& effect,
                        const TextStyle& style) {
  std::string text = effect.kind == core::EffectKind::traffic
                         ? fmt::format("shift {}{}to {}", effect.name,
                                       effect.name.empty() ? "" : " ", format_percent(effect.to))
                         : fmt::format("{} {}", name_of(effect.kind), effect.name);
  text += fmt::format(" requested as {}/{}", status.rollout, effect.sequence.value);
  if (effect.attempts > 1) text += fmt::format(", attempt {}", effect.attempts);
  if (effect.deadline) {
    const std::string left =
        format_duration_short(std::max(core::Duration::zero(), *effect.deadline - status.now));
    text += effect.rollback ? ", again in " + left : ", " + left + " left";
  }
  return "  • " + wrapped(printable(text), 4, style.width) + "\n";
}

core::Time whole_second(core::Time time) {
  return core::Time{std::chrono::floor<std::chrono::seconds>(time.time_since_epoch())};
}

// The commands stay on lines of their own: they are there to be copied.
std::string ways_text(const RolloutStatus& status) {
  std::string text;
  for (const std::string& way : status.ways_out) {
    const bool back = way == "rollback";
    text += printable(fmt::format("    rollbook {} {}{} --reason \"...\"", way, status.rollout,
                                  back ? " --immediate" : "")) +
            "\n";
  }
  return text.empty() ? text : "\nwhat may be done\n" + text;
}

std::string refused_lines(const RefusedStatus& refused, const TextStyle& style) {
  const std::string text =
      fmt::format("{}: {} points since {}, from {}: {}", refused.name, refused.points,
                  format_time(whole_second(refused.since)), refused.sender, refused.why);
  return fmt::format("  {} {}\n", painted(glyph(Tone::bad), Tone::bad, style.colour),
                     wrapped(printable(text), 4, style.width));
}

}  // namespace

std::string status_text(const RolloutStatus& status, const TextStyle& style) {
  const auto [word, tone] = condition(status);
  std::string text =
      fmt::format("{}  {}\n", status.rollout,
                  painted(fmt::format("{} {}", glyph(tone), word), tone, style.colour));
  text += line("runbook",
               printable(fmt::format("{} for {}{}", status.runbook, status.service,
                                     status.version.empty() ? "" : ", version " + status.version)),
               style);
  text += line("at", printable(where(status)), style);
  text += traffic_lines(status, style);
  if (status.reading_back) text += line("reading", reading_text(*status.reading_back), style);
  const bool goes_back = status.phase == core::Phase::rollback && !status.breach.empty();
  const std::string& why = status.halted ? status.halted_because
                           : goes_back   ? status.breach
                                         : status.because;
  if (!why.empty()) text += line("because", printable(why), style);
  if (status.no_engine) {
    text += line("engine",
                 fmt::format("none since {}, for {}: nothing is watched, judged or shifted. "
                             "`rollbook engine` on this directory goes on",
                             format_time(whole_second(status.no_engine->since)),
                             age_text(status.no_engine->lasts)),
                 style);
  }
  text += ways_text(status);
  if (!status.refused.empty()) {
    text += "\npoints that are refused\n";
    for (const RefusedStatus& refused : status.refused) text += refused_lines(refused, style);
  }
  if (!status.effects.empty()) {
    text += "\nwaiting to settle\n";
    for (const EffectStatus& effect : status.effects) text += effect_line(status, effect, style);
  }
  if (!status.criteria.empty()) {
    text += "\ncriteria\n";
    for (const CriterionStatus& criterion : status.criteria) {
      text += criterion_lines(criterion, style);
    }
  }
  if (!status.questions.empty()) {
    text += "\nwaiting for\n";
    for (const QuestionStatus& question : status.questions) {
      text += question_lines(status, question, style);
    }
  }
  return text;
}

namespace {

std::string silence_text(const SilenceStatus& silence, core::Time now) {
  if (silence.two_senders) return fmt::format("two senders of {}", silence.name);
  if (silence.newest) {
    return fmt::format(
        "points of {} come, but are {} old: see to its sender's clock, or to what "
        "holds them up",
        silence.name, age_text(now - *silence.newest));
  }
  return fmt::format("no points of {} {}{}", silence.name,
                     silence.since ? "for " + age_text(now - *silence.since) : "yet",
                     silence.refused ? ", they are refused" : "");
}

}  // namespace

std::string stillness_text(const RolloutStatus& status) {
  if (!status.hold || status.hold->running) return "";
  std::string text = status.no_engine ? "no engine counts it" : "";
  for (const SilenceStatus& silence : status.hold->silences) {
    text += (text.empty() ? "" : ", ") + silence_text(silence, status.now);
  }
  return text;
}

std::string condition_text(const RolloutStatus& status) { return condition(status).first; }

std::string status_summary(const RolloutStatus& status) {
  const auto [word, tone] = condition(status);
  std::string at = status.stage ? fmt::format("{} ({}/{})", status.stage->name, status.stage->index,
                                              status.stage->of)
                                : status.state;
  return printable(fmt::format("{}  {}  {}  {}  {} {}", status.rollout, status.service, at,
                               weights(status), glyph(tone), word));
}

}  // namespace rollbook::adapters
