#include "tools/scenario/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "adapters/wire/names.h"
#include "adapters/wire/text.h"
#include "engine/core/sentence.h"

namespace rollbook::tools {
namespace {

using core::Event;
using core::Machine;
using core::Time;
using dsl::scenario::Expectation;
using When = Expectation::When;

// Something that an expectation is about, and while it was so. A happening has begun and ended at
// the same moment.
struct Span {
  Time from{};
  Time to{};
  bool fits = false;
  std::string text;
};

bool is_change(const Expectation& expectation) {
  return std::holds_alternative<dsl::scenario::StateExpected>(expectation.what) ||
         std::holds_alternative<dsl::scenario::VerdictExpected>(expectation.what) ||
         std::holds_alternative<dsl::scenario::WeightExpected>(expectation.what) ||
         std::holds_alternative<dsl::scenario::StandingExpected>(expectation.what);
}

// What is so from a moment on: at `begin`, or at some time up to `end`. It may have been so for a
// moment only.
bool was_so(When when, const Span& span, Time begin, Time end) {
  if (when == When::at) return span.from <= begin && begin < span.to;
  return span.from <= end && (begin < span.to || begin <= span.from);
}

// What has happened by T is so at T; what is to happen within D of T has not happened before.
bool happened(When when, const Span& span, Time begin, Time end) {
  return span.from <= end && (when == When::at || begin <= span.from);
}

// All that was seen of what one expectation is about.
class Sight {
 public:
  Sight(const Script& script, const Seen& seen, std::size_t index)
      : script_(script), machine_(script.machine()), seen_(seen), index_(index) {}

  std::vector<Span> look() {
    const Expectation& expectation = script_.scenario.expectations[index_];
    std::visit([&](const auto& what) { look(what); }, expectation.what);
    if (!is_change(expectation)) return std::move(spans_);
    // What is so stays so until the next, or the end.
    for (std::size_t i = 0; i < spans_.size(); ++i) {
      spans_[i].to = i + 1 < spans_.size() ? spans_[i + 1].from : core::kDistantFuture;
    }
    return std::move(spans_);
  }

 private:
  template <class Body, class Take>
  void each(Take take) const {
    for (const Event& event : seen_.events) {
      if (const auto* body = std::get_if<Body>(&event.body)) take(event, *body);
    }
  }

  void look(const dsl::scenario::StateExpected&) {
    each<core::Transitioned>([&](const Event& event, const core::Transitioned& moved) {
      spans_.push_back({event.time, event.time, script_.states[index_][moved.to.value],
                        machine_.at(moved.to).name});
    });
  }

  void look(const dsl::scenario::VerdictExpected& what) {
    const core::CriterionIndex criterion = script_.criteria[index_];
    each<core::VerdictChanged>([&](const Event& event, const core::VerdictChanged& changed) {
      if (changed.criterion != criterion) return;
      spans_.push_back(
          {event.time, event.time, changed.reading.verdict == what.verdict,
           fmt::format("{} ({})", adapters::name_of(changed.reading.verdict),
                       core::sentence(machine_, machine_.at(criterion), changed.reading))});
    });
  }

  void look(const dsl::scenario::EffectExpected& what) {
    each<core::EffectRequested>([&](const Event& event, const core::EffectRequested& effect) {
      const bool named =
          what.name.empty() || effect.name == what.name || effect.channel == what.name;
      const bool weighs =
          (!what.weight || effect.to == *what.weight) &&
          (!what.target || machine_.find_target(what.target->text) == effect.target);
      std::string text(adapters::name_of(effect.kind));
      if (effect.kind == core::EffectKind::traffic) {
        if (effect.target.valid()) text += " " + machine_.at(effect.target).name;
        text += " " + adapters::format_percent(effect.to);
      } else {
        text += " " + (effect.channel.empty() ? effect.name : effect.channel);
      }
      spans_.push_back({event.time, event.time, effect.kind == what.kind && named && weighs, text});
    });
  }

  void look(const dsl::scenario::OutcomeExpected& what) {
    each<core::RolloutFinished>([&](const Event& event, const core::RolloutFinished& finished) {
      spans_.push_back({event.time, event.time, finished.outcome == what.outcome,
                        std::string(adapters::name_of(finished.outcome))});
    });
  }

  void look(const dsl::scenario::WeightExpected& what) {
    const core::TargetIndex target =
        what.target ? machine_.find_target(what.target->text) : core::TargetIndex{};
    const core::Weight begins = target.valid() ? machine_.at(target).begins : machine_.begins;
    spans_.push_back(
        {seen_.begin, seen_.begin, begins == what.weight, adapters::format_percent(begins)});
    std::map<core::Sequence, core::EffectRequested> shifts;
    std::int64_t order = 0;
    for (const Event& event : seen_.events) {
      if (const auto* effect = std::get_if<core::EffectRequested>(&event.body)) {
        const bool own = effect->kind == core::EffectKind::traffic && effect->target == target;
        if (own) shifts.emplace(event.sequence, *effect);
      }
      const auto* settled = std::get_if<core::EffectSettled>(&event.body);
      if (settled == nullptr || settled->outcome != core::EffectOutcome::succeeded) continue;
      const auto shift = shifts.find(settled->effect);
      if (shift == shifts.end() || shift->second.order <= order) continue;
      order = shift->second.order;
      spans_.push_back({event.time, event.time, shift->second.to == what.weight,
                        adapters::format_percent(shift->second.to)});
    }
  }

  void look(const dsl::scenario::QuestionExpected& what) {
    each<core::Asked>([&](const Event& event, const core::Asked& asked) {
      const std::string& text = machine_.at(asked.item).text;
      spans_.push_back({event.time, event.time, text == what.item, text});
    });
  }

  // A halt ends where the rollout goes another way; a pause is kept on it.
  void look(const dsl::scenario::StandingExpected& what) {
    bool stands = false;
    spans_.push_back({seen_.begin, seen_.begin, false, "it went on"});
    for (const Event& event : seen_.events) {
      const auto* paused = std::get_if<core::Paused>(&event.body);
      const bool ends = std::holds_alternative<core::Resumed>(event.body) ||
                        std::holds_alternative<core::RolloutFinished>(event.body) ||
                        (what.halted && std::holds_alternative<core::Transitioned>(event.body));
      if (paused == nullptr && !ends) continue;
      const bool was = std::exchange(stands, paused != nullptr && paused->halt == what.halted);
      if (stands == was) continue;
      spans_.push_back({event.time, event.time, stands,
                        !stands       ? "it went on"
                        : what.halted ? "halted"
                                      : "paused"});
    }
  }

  void look(const dsl::scenario::RefusalExpected& what) {
    if (!seen_.refused) return;
    spans_.push_back({seen_.begin, seen_.begin,
                      what.reason.empty() || what.reason == seen_.refused->reason,
                      fmt::format("the start was rejected as {}: {}", seen_.refused->reason,
                                  seen_.refused->detail)});
  }

  const Script& script_;
  const Machine& machine_;
  const Seen& seen_;
  std::size_t index_;
  std::vector<Span> spans_;
};

class Judge {
 public:
  Judge(const Script& script, const Seen& seen) : script_(script), seen_(seen) {}

  std::vector<Unmet> run() {
    const dsl::scenario::Scenario& scenario = script_.scenario;
    for (std::size_t i = 0; i < scenario.acts.size(); ++i) judge(scenario.acts[i], seen_.orders[i]);
    for (std::size_t i = 0; i < scenario.expectations.size(); ++i) {
      judge(scenario.expectations[i], Sight(script_, seen_, i).look());
    }
    std::stable_sort(failures_.begin(), failures_.end(),
                     [](const Unmet& a, const Unmet& b) { return a.span.line < b.span.line; });
    return std::move(failures_);
  }

 private:
  void fail(const std::string& expected, core::Span span, std::string instead, Time from, Time to) {
    failures_.push_back({expected, std::move(instead), span, from, to});
  }

  std::string at(Time time) const { return since_start(seen_, time); }

  void judge(const dsl::scenario::Act& act, const Order& order) {
    if (!order.given) {
      return fail(act.text, act.span,
                  act.at.stage.empty()
                      ? fmt::format("it was not given: the run ended at {}", at(seen_.end))
                      : fmt::format("it was not given: stage `{}` never began", act.at.stage),
                  seen_.end, seen_.end);
    }
    const bool right_reason =
        !order.rejected || act.reason.empty() || act.reason == order.rejected->reason;
    if (act.rejected == order.rejected.has_value() && right_reason) return;
    fail(act.text, act.span,
         order.rejected ? fmt::format("it was rejected as {}: {}", order.rejected->reason,
                                      order.rejected->detail)
                        : "it was obeyed",
         *order.given, *order.given);
  }

  void judge(const Expectation& expectation, const std::vector<Span>& spans) {
    switch (expectation.when) {
      case When::ever:
        return judge_ever(expectation, spans);
      case When::never:
        return judge_never(expectation, spans);
      case When::at:
      case When::within:
        return judge_timed(expectation, spans);
    }
  }

  void judge_ever(const Expectation& expectation, const std::vector<Span>& spans) {
    if (std::any_of(spans.begin(), spans.end(), [](const Span& span) { return span.fits; })) return;
    fail(expectation.text, expectation.span, ever_text(expectation, spans), seen_.end, seen_.end);
  }

  void judge_never(const Expectation& expectation, const std::vector<Span>& spans) {
    for (const Span& span : spans) {
      if (!span.fits) continue;
      return fail(expectation.text, expectation.span,
                  fmt::format("{} at {}", span.text, at(span.from)), span.from, span.from);
    }
  }

  void judge_timed(const Expectation& expectation, const std::vector<Span>& spans) {
    const auto begin = seen_.time_of(expectation.at);
    if (!begin) {
      return fail(expectation.text, expectation.span,
                  fmt::format("stage `{}` never began", expectation.at.stage), seen_.end,
                  seen_.end);
    }
    const Time end = *begin + expectation.within;
    if (*begin > seen_.end && !seen_.outcome) {
      return fail(expectation.text, expectation.span,
                  fmt::format("the run ended before, at {}", at(seen_.end)), seen_.end, seen_.end);
    }
    const bool held = std::any_of(spans.begin(), spans.end(), [&](const Span& span) {
      return span.fits && (is_change(expectation) ? was_so(expectation.when, span, *begin, end)
                                                  : happened(expectation.when, span, *begin, end));
    });
    if (held) return;
    fail(expectation.text, expectation.span, timed_text(expectation, spans, *begin, end), *begin,
         end);
  }

  // "canary_10.hold at 27h, rollback.automatic.shift at 30h"
  std::string timed_text(const Expectation& expectation, const std::vector<Span>& spans, Time begin,
                         Time end) const {
    if (!is_change(expectation)) return ever_text(expectation, spans);
    const auto so_at = [&](Time time) {
      std::string text = "nothing yet";
      for (const Span& span : spans) {
        if (span.from <= time) text = span.text;
      }
      return text;
    };
    const std::string first = fmt::format("{} at {}", so_at(begin), at(begin));
    if (begin == end) return first;
    return fmt::format("{}, {} at {}", first, so_at(end), at(end));
  }

  std::string ever_text(const Expectation& expectation, const std::vector<Span>& spans) const {
    for (const Span& span : spans) {
      if (span.fits) return fmt::format("it was at {}", at(span.from));
    }
    if (const auto* what = std::get_if<dsl::scenario::StandingExpected>(&expectation.what)) {
      return what->halted ? "it was never halted" : "it was never paused";
    }
    if (spans.empty()) {
      return std::holds_alternative<dsl::scenario::OutcomeExpected>(expectation.what)
                 ? fmt::format("it had not ended at {}", at(seen_.end))
                 : "there was none";
    }
    // The last few say enough; an effect may have been asked for many times.
    std::string text;
    std::string last;
    std::size_t shown = 0;
    for (auto span = spans.rbegin(); span != spans.rend() && shown < 4; ++span) {
      if (span->text == last) continue;
      last = span->text;
      ++shown;
      text =
          fmt::format("{} at {}{}{}", span->text, at(span->from), text.empty() ? "" : ", ", text);
    }
    return text;
  }

  const Script& script_;
  const Seen& seen_;
  std::vector<Unmet> failures_;
};

}  // namespace

std::string since_start(const Seen& seen, Time time) {
  return adapters::format_duration(std::chrono::floor<std::chrono::seconds>(time - seen.begin));
}

std::vector<Unmet> failures_of(const Script& script, const Seen& seen) {
  return Judge(script, seen).run();
}

}  // namespace rollbook::tools
