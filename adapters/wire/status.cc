#include "adapters/wire/status.h"

#include <algorithm>
#include <map>

#include "adapters/wire/places.h"
#include "engine/core/clocks.h"
#include "engine/core/coarse.h"
#include "engine/core/judge.h"
#include "engine/core/prove.h"
#include "engine/core/requests.h"
#include "engine/core/sentence.h"

namespace rollbook::adapters {
namespace {

using core::Duration;
using core::Machine;
using core::RolloutState;
using core::Time;

const core::Stage* stage_of(const Machine& machine, core::StateIndex active) {
  const auto found =
      std::find_if(machine.stages.begin(), machine.stages.end(),
                   [&](const core::Stage& stage) { return machine.contains(stage.state, active); });
  return found == machine.stages.end() ? nullptr : &*found;
}

HoldStatus hold_of(const Machine& machine, const RolloutState& state, core::ClockIndex clock,
                   Time now) {
  HoldStatus hold;
  const Duration limit = core::limit_of(machine, state, clock);
  hold.elapsed = std::min(limit, core::watched(state, clock, now));
  hold.remaining = std::max(Duration::zero(), limit - core::elapsed(state, clock, now));
  hold.running = state.clocks[clock.value].mark.has_value();
  return hold;
}

// Those armed around the active state and those its gate asks for, in table order.
std::vector<core::CriterionIndex> judged_now(const Machine& machine, const RolloutState& state) {
  std::vector<core::CriterionIndex> criteria = core::armed(machine, state);
  for (core::StateIndex i = state.active; i.valid(); i = machine.at(i).parent) {
    const auto& gate = machine.at(i).gate;
    if (gate) criteria.insert(criteria.end(), gate->criteria.begin(), gate->criteria.end());
  }
  std::erase_if(criteria, [&](core::CriterionIndex index) {
    return !core::is_judged(state, machine.at(index));
  });
  std::sort(criteria.begin(), criteria.end());
  criteria.erase(std::unique(criteria.begin(), criteria.end()), criteria.end());
  return criteria;
}

template <class Now>
void take_values(const Now& now, core::Reading& reading) {
  reading.value = now.value;
  reading.low = now.low;
  reading.high = now.high;
  reading.limit = now.limit;
  reading.samples = now.samples;
  reading.at = now.at;
}

// A test says of itself how near it is to a proof, also where that is not asked at every look.
core::Reading proven_now(const Machine& machine, const RolloutState& state,
                         core::CriterionIndex index, core::Reading reading) {
  const core::Pending nothing;
  const core::Found now =
      core::prove_in_full(core::Subject{machine, state, nothing, machine.at(index)});
  if (!now.value && !now.evidence) return reading;
  take_values(now, reading);
  reading.evidence = now.evidence;
  return reading;
}

// The verdict as it was logged, which is every change; the value beside it as the windows have it
// now, for what is logged with a verdict is of the moment that it changed.
core::Reading reading_of(const Machine& machine, const RolloutState& state,
                         core::CriterionIndex index) {
  if (index.value >= state.readings.size()) return {};
  core::Reading reading = state.readings[index.value];
  const bool laid_out = state.windows.size() == machine.windows.size() &&
                        state.series.size() == machine.series.size();
  if (!laid_out || machine.at(index).measure == core::Measure::absent) return reading;
  if (machine.at(index).test != core::Test::none) {
    return proven_now(machine, state, index, std::move(reading));
  }
  const core::Reading now = core::evaluate(machine, state, core::Pending{}, index, state.now);
  if (!now.value) return reading;
  take_values(now, reading);
  reading.seen = now.seen;
  if (!now.kinds.empty()) reading.kinds = now.kinds;
  return reading;
}

CriterionStatus criterion_of(const Machine& machine, const RolloutState& state,
                             core::CriterionIndex index,
                             const std::vector<RefusedStatus>& refused) {
  const core::Criterion& criterion = machine.at(index);
  CriterionStatus status;
  status.id = criterion.id;
  status.text = criterion.text;
  status.kind = criterion.kind;
  status.part = criterion.part;
  status.judge = criterion.judge;
  status.reading = reading_of(machine, state, index);
  status.limit = limit_of(criterion, status.reading);
  status.value_text = core::reading_text(machine, criterion, status.reading);
  status.coarse = core::coarse_text(machine, state, criterion, status.reading);
  status.missing_text = missing_text(machine, state, criterion, status.reading.missing);
  status.refused = refused_of(machine, criterion, refused);
  status.window = window_of(machine, criterion);
  status.pending = pending_of(criterion, status.reading);
  status.sustain = criterion.sustain;
  status.source = place_of(machine, criterion.span);
  return status;
}

QuestionStatus question_of(const Machine& machine, const RolloutState& state,
                           const core::Question& question, Time now) {
  const core::Item& item = machine.at(question.item);
  QuestionStatus status;
  status.number = question.number.value;
  status.kind = item.kind;
  status.item = item.text;
  status.quorum = item.quorum;
  for (const core::Answer& answer : question.answers) {
    std::string said = answer.yes ? "yes" : "no";
    if (item.kind == core::ItemKind::decide) {
      ROLLBOOK_CHECK(answer.option < item.options.size());
      said = item.options[answer.option].name;
    }
    status.answers.push_back({answer.role, answer.actor, std::move(said)});
  }
  for (const Json& option : options_of(item, question.offered)) status.options.push_back(option);
  if (item.deadline.valid()) {
    status.deadline = now + hold_of(machine, state, item.deadline, now).remaining;
  }
  return status;
}

// Whether a share can be taken of what they hold: they reach back alike.
bool reach_alike(const core::Window& a, const core::Window& b) {
  return !a.cumulative && !b.cumulative && a.width == b.width && a.floor == b.floor &&
         a.renewed == b.renewed;
}

// The canary's share of the requests, over a window that both arms have.
std::optional<core::Fixed> observed_share(const Machine& machine, const RolloutState& state,
                                          core::TargetIndex target) {
  const auto requests = core::requests_of(machine, target);
  if (!requests) return std::nullopt;
  const core::Series canary{*requests, core::Arm::canary, target};
  const core::Series baseline{*requests, core::Arm::baseline, target};
  for (std::size_t c = 0; c < machine.windows.size(); ++c) {
    const core::Window& mine = machine.windows[c];
    if (machine.at(mine.series) != canary) continue;
    for (std::size_t b = 0; b < machine.windows.size(); ++b) {
      const core::Window& other = machine.windows[b];
      if (machine.at(other.series) != baseline || !reach_alike(mine, other)) continue;
      const core::Fixed part = state.windows[c].total.value;
      const core::Fixed all = part + state.windows[b].total.value;
      if (all.nanos > 0) return core::Fixed{part.nanos * core::Fixed::kScale / all.nanos};
    }
  }
  return std::nullopt;
}

void add_targets(const Machine& machine, const RolloutState& state, RolloutStatus& status) {
  for (std::uint32_t i = 0; i < state.targets.size(); ++i) {
    const core::TargetState& target = state.targets[i];
    TargetStatus& one = status.targets.emplace_back();
    one.name = target.name;
    one.settled = target.settled;
    one.requested = target.requested;
    one.observed = observed_share(machine, state, core::TargetIndex{i});
    one.rolled_back = target.back;
    one.because = target.breach;
  }
}

void count_requests(const Machine& machine, const RolloutState& state, const core::Stage& stage,
                    HoldStatus& hold) {
  const core::Criterion& enough = machine.at(stage.enough);
  const auto whole = [](core::Fixed value) {
    return static_cast<std::int64_t>(value.nanos / core::Fixed::kScale);
  };
  hold.requests = whole(reading_of(machine, state, stage.enough).value.value_or(core::Fixed{}));
  hold.requests_needed = whole(enough.limit);
}

EffectStatus effect_of(const Machine& machine, core::Sequence sequence,
                       const core::EffectState& effect) {
  EffectStatus status;
  status.sequence = sequence;
  status.kind = effect.kind;
  if (effect.spec.valid()) status.name = machine.at(effect.spec).name;
  if (effect.target.valid()) status.name = machine.at(effect.target).name;
  status.to = effect.to;
  status.attempts = effect.attempts;
  status.rollback = effect.rollback;
  status.deadline = effect.rollback ? effect.retry_at : effect.deadline;
  return status;
}

// Nothing: it has ended, an engine runs it, or that was not asked.
std::optional<AbsenceStatus> absence_of(const RolloutState& state, Time wall,
                                        const Beside& beside) {
  if (state.finished() || !beside.engine || beside.engine->running) return std::nullopt;
  const Time last = std::max(state.now, beside.engine->last_turn.value_or(state.now));
  return AbsenceStatus{last, std::max(Duration::zero(), wall - last)};
}

}  // namespace

RolloutStatus status_of(const Machine& machine, const RolloutState& state, Time wall,
                        const Beside& beside) {
  RolloutStatus status;
  status.no_engine = absence_of(state, wall, beside);
  const Time now = status.no_engine ? status.no_engine->since : wall;
  status.rollout = state.id;
  status.runbook = machine.name;
  status.service = state.service;
  status.version = state.version;
  status.outcome = state.outcome;
  status.settled = state.settled;
  status.requested = state.requested;
  status.paused = state.paused;
  status.paused_until = state.paused_until;
  const core::Time opens = machine.advance_only.next_opening(now);
  if (!machine.advance_only.open(now) && opens != core::kDistantFuture) status.opens = opens;
  status.halted = state.halted;
  status.halted_because = state.halted_because;
  status.ways_out = ways_out(machine, state);
  status.sight = state.sight;
  if (state.back.reading() && !state.finished()) {
    const Duration reach = state.started - *state.back.from - state.limits.stale_after;
    status.reading_back = ReadingBackStatus{reach, {}, {}};
  }
  status.because = state.because;
  status.breach = state.breach;
  status.last = state.last;
  status.now = now;
  // Of a rollback's shifts the last one is waited for: the others it has replaced.
  std::map<core::TargetIndex, core::Sequence> last_shift_back;
  for (const auto& [sequence, effect] : state.effects) {
    const bool back = effect.kind == core::EffectKind::traffic && effect.rollback;
    if (back) last_shift_back[effect.target] = sequence;
  }
  for (const auto& [sequence, effect] : state.effects) {
    const bool replaced = effect.kind == core::EffectKind::traffic && effect.rollback &&
                          sequence < last_shift_back[effect.target];
    if (effect.outcome || replaced || state.finished()) continue;
    status.effects.push_back(effect_of(machine, sequence, effect));
  }
  if (!state.active.valid()) return status;  // its tables are not laid out yet
  status.observed = observed_share(machine, state, core::TargetIndex{});
  add_targets(machine, state, status);
  status.refused = refused_now(machine, state, beside.refused, state.finished() ? state.now : now);
  const core::State& active = machine.at(state.active);
  status.step = active.name;
  status.state = active.stage.empty() ? active.name : active.stage;
  status.phase = machine.at(state.active).phase;
  if (state.finished()) return status;
  if (const core::Stage* stage = stage_of(machine, state.active)) {
    status.stage =
        StageStatus{stage->name, static_cast<std::size_t>(stage - machine.stages.data()) + 1,
                    machine.stages.size(), stage->weight};
    if (stage->hold.valid()) status.hold = hold_of(machine, state, stage->hold, now);
    const bool holds = status.hold && status.phase == core::Phase::hold;
    if (holds) status.hold->silences = silences_of(machine, state, status.refused);
    if (status.hold && status.no_engine) status.hold->running = false;
    if (status.hold && stage->enough.valid()) count_requests(machine, state, *stage, *status.hold);
  }
  for (const core::CriterionIndex index : core::armed(machine, state)) {
    const bool holds = machine.at(index).kind == core::CriterionKind::pause &&
                       reading_of(machine, state, index).verdict == core::Verdict::fail;
    if (holds) status.held_by.push_back(machine.at(index).text);
  }
  for (const core::CriterionIndex index : judged_now(machine, state)) {
    status.criteria.push_back(criterion_of(machine, state, index, status.refused));
  }
  for (const core::Question& question : state.questions) {
    status.questions.push_back(question_of(machine, state, question, now));
  }
  return status;
}

}  // namespace rollbook::adapters
