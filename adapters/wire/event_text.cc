#include "adapters/wire/event_text.h"

#include <fmt/format.h>

#include "adapters/wire/names.h"
#include "adapters/wire/places.h"
#include "adapters/wire/standing.h"
#include "adapters/wire/text.h"
#include "engine/core/sentence.h"

namespace rollbook::adapters {
namespace {

using core::EffectKind;

std::string weight_text(core::Weight weight) { return format_percent(weight); }

// "5%"; where there are targets "eu 5%, us 0%".
std::string weights_text(core::Weight weight, const std::vector<core::TargetWeight>& targets) {
  if (targets.empty()) return weight_text(weight);
  std::string text;
  for (const core::TargetWeight& one : targets) {
    text += (text.empty() ? "" : ", ") + one.target + " " + weight_text(one.weight);
  }
  return text;
}

std::string reasoned(std::string text, const std::string& reason) {
  return reason.empty() ? text : text + ": " + reason;
}

// "canary_25", the stage as people see it.
std::string stage_name(const core::Machine* machine, core::StateIndex index) {
  if (machine == nullptr || !index.valid()) return state_name(machine, index);
  const core::State& state = machine->at(index);
  return state.stage.empty() ? state.name : state.stage;
}

std::string arguments_text(const std::vector<core::Argument>& arguments) {
  std::string text;
  for (const core::Argument& argument : arguments) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", argument.name, argument.value);
  }
  return text;
}

// "shift to 25%", "run validation_suite(phase: canary-25)", "page oncall"
std::string act_text(const core::Machine* machine, const core::EffectRequested& effect) {
  switch (effect.kind) {
    case EffectKind::traffic: {
      const bool named = machine != nullptr && effect.target.valid();
      return fmt::format("shift {}{}to {}", named ? machine->at(effect.target).name + " " : "",
                         effect.rollback ? "back " : "", weight_text(effect.to));
    }
    case EffectKind::run:
    case EffectKind::start:
    case EffectKind::stop:
      return fmt::format("{} {}({})", name_of(effect.kind), effect.name,
                         arguments_text(effect.arguments));
    case EffectKind::checkpoint:
      return fmt::format("checkpoint {}", effect.name);
    case EffectKind::notify:
    case EffectKind::page:
      return fmt::format("{} {}", name_of(effect.kind), effect.channel);
    case EffectKind::incident:
    case EffectKind::report:
      return fmt::format("{} {}", name_of(effect.kind), effect.name);
  }
  return "";
}

std::string_view colour_of(Tone tone) {
  switch (tone) {
    case Tone::quiet:
      return "\x1b[2m";
    case Tone::plain:
      return "";
    case Tone::good:
      return "\x1b[32m";
    case Tone::bad:
      return "\x1b[31m";
    case Tone::question:
      return "\x1b[33m";
  }
  return "";
}

class Teller {
 public:
  Teller(const EventContext& context, const runtime::StoredEvent& stored)
      : context_(context), stored_(stored) {}

  Sentence operator()(const core::RolloutStarted& body) const {
    std::string text = fmt::format("started {} for {} at {}{}", body.runbook, body.service,
                                   weights_text(body.weight, body.targets), by(body.actor));
    if (body.back) text += ", reads metrics back to " + format_time(body.back->from);
    return plain(reasoned(std::move(text), body.reason));
  }
  Sentence operator()(const core::Observed& body) const {
    std::string text =
        fmt::format("looked at {} pane{}", body.deltas.size(), body.deltas.size() == 1 ? "" : "s");
    if (!body.stale.empty()) text += fmt::format(", {} series stale", body.stale.size());
    if (!body.exemplars.empty()) text += fmt::format(", {} traced", body.exemplars.size());
    if (body.late != 0) text += fmt::format(", {} points late", body.late);
    if (body.quarantined != 0) text += fmt::format(", {} from the future", body.quarantined);
    if (body.refused != 0) text += fmt::format(", {} refused", body.refused);
    if (body.past) {
      return plain(fmt::format("metrics are read back to {}: {} points",
                               format_time(body.past->whole_from), body.past->points));
    }
    return quiet(std::move(text));
  }
  Sentence operator()(const core::VerdictChanged& body) const {
    const core::Reading& reading = body.reading;
    std::string verdict(name_of(reading.verdict));
    if (reading.verdict == core::Verdict::no_data) {
      verdict = fmt::format("no data ({})", context_.machine == nullptr
                                                ? std::string(words_for(reading.missing))
                                                : missing_text(*context_.machine,
                                                               context_.machine->at(body.criterion),
                                                               reading.missing));
    }
    const Tone tone = reading.verdict == core::Verdict::fail   ? Tone::bad
                      : reading.verdict == core::Verdict::pass ? Tone::good
                                                               : Tone::quiet;
    if (context_.machine == nullptr) {
      return {tone, fmt::format("criterion {}: {}", body.criterion.value, verdict)};
    }
    const core::Criterion& criterion = context_.machine->at(body.criterion);
    return {tone, fmt::format("{} {}: {}", criterion.id, verdict,
                              core::sentence(*context_.machine, criterion, reading))};
  }
  Sentence operator()(const core::Transitioned& body) const {
    return plain(reasoned(
        fmt::format("{} → {}", body.from.valid() ? state(body.from) : "start", state(body.to)),
        body.because));
  }
  Sentence operator()(const core::TimerFired& body) const {
    return quiet(fmt::format("{} has run out", context_.machine == nullptr
                                                   ? std::to_string(body.clock.value)
                                                   : context_.machine->at(body.clock).name));
  }
  Sentence operator()(const core::EffectRequested& body) const {
    std::string text =
        fmt::format("{}: {} requested", stage(body.state), act_text(context_.machine, body));
    if (body.retry_of.valid()) text += " again";
    return plain(reasoned(std::move(text), body.text));
  }
  Sentence operator()(const core::EffectDelivered& body) const {
    return quiet(fmt::format("{} delivered", effect(body.effect)));
  }
  Sentence operator()(const core::EffectSettled& body) const {
    const bool good = body.outcome == core::EffectOutcome::succeeded;
    const std::string_view word = good                                             ? "settled"
                                  : body.outcome == core::EffectOutcome::timed_out ? "timed out"
                                                                                   : "failed";
    return {good ? Tone::good : Tone::bad,
            reasoned(fmt::format("{} {}", effect(body.effect), word), body.detail)};
  }
  Sentence operator()(const core::Commanded& body) const {
    const core::Command& command = body.command;
    std::string text = fmt::format("{}{}", core::name_of(command.verb), by(command.actor));
    if (command.verb == core::Verb::settle) {
      const std::string settle = "settle of " + command.effect;
      return quiet(command.succeeded ? settle : reasoned(settle + " as failed", command.detail));
    }
    if (!command.target.empty()) text += " of " + command.target;
    if (command.duration) text += " for " + core::duration_text(*command.duration);
    return plain(reasoned(std::move(text), command.reason));
  }
  Sentence operator()(const core::Rejected& body) const {
    // In the shard's stream it is said of which rollout.
    const std::string& rollout = body.command.rollout;
    const bool told = context_.rollout.empty() && !rollout.empty();
    return {Tone::bad, fmt::format("rejected {}{}{} as {}: {}", core::name_of(body.command.verb),
                                   told ? " of " + rollout : "", by(body.command.actor),
                                   body.reason, body.detail)};
  }
  Sentence operator()(const core::Asked& body) const {
    const std::uint64_t number = stored_.event.sequence.value;
    if (context_.machine == nullptr) return {Tone::question, fmt::format("question {}", number)};
    const core::Item& item = context_.machine->at(body.item);
    std::string text = fmt::format("question {}: {} \"{}\", asked of {}", number,
                                   name_of(item.kind), item.text, quorum_text(item.quorum));
    if (body.deadline) text += ", until " + format_time(*body.deadline);
    return {Tone::question, std::move(text)};
  }
  Sentence operator()(const core::Confirmed& body) const {
    return {body.yes ? Tone::good : Tone::bad,
            fmt::format("{} ({}) says {} to {}", body.actor, body.role, body.yes ? "yes" : "no",
                        question(body.question))};
  }
  Sentence operator()(const core::Decided& body) const {
    const core::Item* item = item_of(context_, body.question);
    const std::string option = item == nullptr || body.option >= item->options.size()
                                   ? fmt::format("option {}", body.option + 1)
                                   : item->options[body.option].name;
    return plain(fmt::format("{} ({}) votes {} on {}", body.actor, body.role, option,
                             question(body.question)));
  }
  Sentence operator()(const core::Paused& body) const {
    if (body.halt) return {Tone::bad, reasoned("halted", body.because)};
    return plain(body.until ? "paused until " + format_time(*body.until) : "paused");
  }
  Sentence operator()(const core::Resumed&) const { return plain("resumed"); }
  Sentence operator()(const core::RolloutFinished& body) const {
    const bool good = body.outcome == core::Outcome::succeeded;
    const std::string_view word = good                                         ? "succeeded"
                                  : body.outcome == core::Outcome::rolled_back ? "rolled back"
                                                                               : "aborted";
    return {good ? Tone::good : Tone::bad,
            reasoned(fmt::format("{} at {}", word, weights_text(body.weight, body.targets)),
                     body.because)};
  }
  Sentence operator()(const core::EngineGap& body) const {
    return plain("the engine was away for " + core::duration_text(body.to - body.from));
  }
  Sentence operator()(const core::ClockStep& body) const {
    return plain("the wall clock stepped by " + core::duration_text(body.by));
  }
  Sentence operator()(const core::SourceStatus& body) const {
    switch (body.sight) {
      case core::Sight::live:
        return {Tone::good, body.source + " is read live"};
      case core::Sight::catching_up:
        return plain("catching up with " + body.source);
      case core::Sight::unreachable:
        return {Tone::bad, body.source + " is out of reach"};
    }
    return plain(body.source);
  }
  Sentence operator()(const core::SourceGap& body) const {
    if (body.to < body.from) {
      return {Tone::bad, fmt::format("{}/{} was to be read on from offset {} and begins at {}",
                                     body.topic, body.partition, body.from, body.to)};
    }
    return {Tone::bad, fmt::format("offsets {} to {} of {}/{} are gone", body.from, body.to - 1,
                                   body.topic, body.partition)};
  }

 private:
  static Sentence plain(std::string text) { return {Tone::plain, std::move(text)}; }
  static Sentence quiet(std::string text) { return {Tone::quiet, std::move(text)}; }
  static std::string by(const std::string& actor) { return actor.empty() ? "" : " by " + actor; }
  std::string state(core::StateIndex index) const { return state_name(context_.machine, index); }
  std::string stage(core::StateIndex index) const { return stage_name(context_.machine, index); }

  std::string effect(core::Sequence sequence) const {
    if (context_.recall) {
      if (const auto earlier = context_.recall(sequence)) {
        if (const auto* body = std::get_if<core::EffectRequested>(&earlier->event.body)) {
          return fmt::format("{}: {}", stage(body->state), act_text(context_.machine, *body));
        }
      }
    }
    return fmt::format("effect {}", sequence.value);
  }
  std::string question(core::Sequence number) const {
    const core::Item* item = item_of(context_, number);
    return item == nullptr ? fmt::format("question {}", number.value)
                           : fmt::format("\"{}\"", item->text);
  }

  const EventContext& context_;
  const runtime::StoredEvent& stored_;
};

}  // namespace

std::string quorum_text(const core::Quorum& quorum) {
  const std::string roles = fmt::format("{}", fmt::join(quorum.roles, ", "));
  if (quorum.roles.size() == 1 && needed(quorum) == 1) return roles;
  switch (quorum.kind) {
    case core::QuorumKind::all:
      return "all of " + roles;
    case core::QuorumKind::any:
      return "any of " + roles;
    case core::QuorumKind::at_least:
      return fmt::format("{} of {}", quorum.needed, roles);
  }
  return roles;
}

Sentence tell(const EventContext& context, const runtime::StoredEvent& stored) {
  Sentence sentence = std::visit(Teller(context, stored), stored.event.body);
  sentence.text = printable(sentence.text);
  return sentence;
}

std::string_view glyph(Tone tone) {
  switch (tone) {
    case Tone::quiet:
      return "·";
    case Tone::plain:
      return "•";
    case Tone::good:
      return "✓";
    case Tone::bad:
      return "✗";
    case Tone::question:
      return "?";
  }
  return "•";
}

std::string painted(std::string_view text, Tone tone, bool colour) {
  const std::string_view begin = colour ? colour_of(tone) : "";
  return begin.empty() ? std::string(text) : fmt::format("{}{}\x1b[0m", begin, text);
}

std::string log_line(const EventContext& context, const runtime::StoredEvent& stored, bool colour) {
  const Sentence sentence = tell(context, stored);
  const core::Time second{
      std::chrono::floor<std::chrono::seconds>(stored.event.time.time_since_epoch())};
  return fmt::format(
      "{}  {:>5}  {}", format_time(second), stored.event.sequence.value,
      painted(fmt::format("{} {}", glyph(sentence.tone), sentence.text), sentence.tone, colour));
}

}  // namespace rollbook::adapters
