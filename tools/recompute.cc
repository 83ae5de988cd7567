#include "tools/recompute.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/names.h"
#include "engine/core/semantics.h"

namespace rollbook::tools {
namespace {

using core::Event;

constexpr std::size_t kPage = 2000;    // events read at once
constexpr std::size_t kAtOnce = 1000;  // that one input may bring about

using Events = std::span<const Event>;

// Another processor's exp() may differ in its last bit: a statistic may by two of its units.
constexpr std::int64_t kMicroNats = 2;
constexpr std::int64_t kPicoNats = kMicroNats * 1'000'000;

bool near(std::int64_t a, std::int64_t b, std::int64_t allowed) {
  return a < b ? b - a <= allowed : a - b <= allowed;
}

void take_sums(const std::vector<std::int64_t>& there, std::vector<std::int64_t>& here,
               std::int64_t allowed) {
  for (std::size_t i = 0; i < std::min(here.size(), there.size()); ++i) {
    if (near(here[i], there[i], allowed)) here[i] = there[i];
  }
}

void take_log(const std::optional<core::Edge>& there, std::optional<core::Edge>& here) {
  if (there && here && near(there->log, here->log, kMicroNats)) here->log = there->log;
}

void take_logs(const std::vector<core::Edge>& there, std::vector<core::Edge>& here) {
  for (std::size_t i = 0; i < std::min(here.size(), there.size()); ++i) {
    if (near(there[i].log, here[i].log, kMicroNats)) here[i].log = there[i].log;
  }
}

void take_edges(const core::Edges& there, core::Edges& here) {
  take_log(there.low, here.low);
  take_log(there.high, here.high);
  take_log(there.other_low, here.other_low);
  take_log(there.other_high, here.other_high);
  take_logs(there.pair, here.pair);
  take_logs(there.contrary_pair, here.contrary_pair);
}

// Takes over a logged statistic where what was made differs from it no further than allowed.
void take_statistics(const core::VerdictChanged& logged, core::VerdictChanged& made) {
  if (!logged.reading.evidence || !made.reading.evidence) return;
  const core::Evidence& there = *logged.reading.evidence;
  core::Evidence& here = *made.reading.evidence;
  if (near(there.statistic, here.statistic, kMicroNats)) here.statistic = there.statistic;
  if (near(there.contrary, here.contrary, kMicroNats)) here.contrary = there.contrary;
  if (near(static_cast<std::int64_t>(there.dispersion.nanos),
           static_cast<std::int64_t>(here.dispersion.nanos), 1)) {
    here.dispersion = there.dispersion;
  }
  take_sums(there.logs, here.logs, kPicoNats);
  for (std::size_t i = 0; i < std::min(here.starts.size(), there.starts.size()); ++i) {
    take_sums(there.starts[i].logs, here.starts[i].logs, kPicoNats);
  }
  if (there.edges && here.edges) take_edges(*there.edges, *here.edges);
}

void take_statistics(const core::Observed& logged, core::Observed& made) {
  if (logged.tests.size() != made.tests.size()) return;
  for (std::size_t i = 0; i < made.tests.size(); ++i) {
    take_sums(logged.tests[i].logs, made.tests[i].logs, kPicoNats);
  }
}

bool same(const Event& logged, Event made) {
  if (auto* verdict = std::get_if<core::VerdictChanged>(&made.body)) {
    const auto* there = std::get_if<core::VerdictChanged>(&logged.body);
    if (there != nullptr) take_statistics(*there, *verdict);
  } else if (auto* observed = std::get_if<core::Observed>(&made.body)) {
    const auto* there = std::get_if<core::Observed>(&logged.body);
    if (there != nullptr) take_statistics(*there, *observed);
  }
  return made == logged;
}

// How many events at the beginning of both are the same.
std::size_t in_common(const std::vector<Event>& made, Events logged) {
  const std::size_t most = std::min(made.size(), logged.size());
  std::size_t count = 0;
  while (count < most && (made[count] == logged[count] || same(logged[count], made[count]))) {
    ++count;
  }
  return count;
}

// The input that an event is the trace of, where it is of such a kind.
std::optional<core::InputBody> input_of(const Event& event) {
  if (const auto* body = std::get_if<core::Commanded>(&event.body)) {
    return core::Obey{body->command};
  }
  if (const auto* body = std::get_if<core::Rejected>(&event.body)) {
    return core::Obey{body->command};
  }
  if (const auto* body = std::get_if<core::EffectDelivered>(&event.body)) {
    return core::Deliver{body->effect};
  }
  if (const auto* body = std::get_if<core::SourceStatus>(&event.body)) return core::See{*body};
  if (const auto* body = std::get_if<core::SourceGap>(&event.body)) return core::Miss{*body};
  if (const auto* body = std::get_if<core::EngineGap>(&event.body)) return core::Wake{*body};
  if (const auto* body = std::get_if<core::ClockStep>(&event.body)) return core::Step{*body};
  return std::nullopt;
}

// The inputs that may have brought about the events that follow, the likeliest first.
std::vector<core::InputBody> candidates(Events logged, bool observed) {
  std::vector<core::InputBody> inputs;
  const std::size_t at = observed ? 1 : 0;
  const bool alone = at >= logged.size() || logged[at].time != logged[0].time;
  if (!alone) {
    if (auto input = input_of(logged[at])) {
      // What followed tells whether they were commands.
      const auto* missed = std::get_if<core::Miss>(&*input);
      if (missed != nullptr) inputs.emplace_back(core::Miss{missed->gap, true});
      inputs.push_back(std::move(*input));
    }
  }
  inputs.emplace_back(core::Look{alone});
  inputs.emplace_back(core::Tick{});
  inputs.emplace_back(core::Look{!alone});
  return inputs;
}

// What says how much the engine could see goes before the evidence of its turn, and moves the
// arrivals of what had been folded (leave_out() in core/clocks.h): this is where they were before.
core::Observed before_sight(const core::RolloutState& state, const Event& sight,
                            core::Observed observed) {
  core::Time from = sight.time, to = sight.time;
  const bool was_live = state.sight == core::Sight::live;
  if (const auto* status = std::get_if<core::SourceStatus>(&sight.body)) {
    if (!was_live && status->sight == core::Sight::live) from = state.sight_since;
  } else if (const auto* gap = std::get_if<core::EngineGap>(&sight.body); gap && was_live) {
    from = gap->from;
    to = gap->to;
  }
  for (core::SeriesSeen& seen : observed.seen) {
    if (seen.arrival < to) seen.arrival -= to - from;
  }
  return observed;
}

bool is_sight(const Event& event) {
  return std::holds_alternative<core::SourceStatus>(event.body) ||
         std::holds_alternative<core::SourceGap>(event.body) ||
         std::holds_alternative<core::EngineGap>(event.body) ||
         std::holds_alternative<core::ClockStep>(event.body);
}

// What breakdowns had counted when a step came that they are logged before: they stand in an
// Observed of their own then, among what one input brought about.
void take_waiting(Events events, core::Pending& pending) {
  for (const Event& event : events.subspan(1)) {
    if (event.time != events[0].time) return;
    const auto* observed = std::get_if<core::Observed>(&event.body);
    if (observed == nullptr || observed->shares.empty()) continue;
    if (!observed->deltas.empty() || !observed->seen.empty()) continue;
    pending.sets = observed->sets;
    pending.shares = observed->shares;
    return;
  }
}

// What had been folded when the input of these events came.
core::Pending pending_of(const core::RolloutState& state, Events events) {
  core::Pending pending;
  if (const auto* observed = std::get_if<core::Observed>(&events[0].body)) {
    pending.observed = *observed;
    pending.observed.tests.clear();  // calculated anew
  } else if (is_sight(events[0]) && events.size() > 1 && events[1].time == events[0].time) {
    if (const auto* after = std::get_if<core::Observed>(&events[1].body)) {
      pending.observed = before_sight(state, events[0], *after);
    }
  }
  take_waiting(events, pending);
  return pending;
}

// What a core needs of the shard: the books of the rollout's own service.
core::ShardState shard_of(const std::map<std::string, core::ServiceState>& services,
                          const std::string& service) {
  core::ShardState shard;
  if (const auto found = services.find(service); found != services.end()) {
    shard.services.insert(*found);
  }
  return shard;
}

}  // namespace

std::map<std::string, std::uint64_t> Recompute::hashes() const {
  std::map<std::string, std::uint64_t> hashes;
  for (const auto& [stream, running] : rollouts_) {
    hashes[running.state.id] = core::hash(running.state);
  }
  return hashes;
}

core::Result<std::size_t> Recompute::begin(Events events) {
  const auto& started = std::get<core::RolloutStarted>(events[0].body);
  TRY(runtime::Plan plan, log_.plan(started.digest));
  Running& running = rollouts_[events[0].stream];
  running.plan = std::make_shared<const runtime::Plan>(std::move(plan));
  running.state.id = started.rollout;
  core::Start start;
  start.rollout = started.rollout;
  start.stream = events[0].stream;
  start.digest = started.digest;
  start.limits = started.limits;
  start.back = started.back;
  start.now = events[0].time;
  if (events.size() > 1) {
    if (const auto* commanded = std::get_if<core::Commanded>(&events[1].body)) {
      start.command = commanded->command;
    }
  }
  if (events.size() > 2) {
    if (const auto* status = std::get_if<core::SourceStatus>(&events[2].body)) {
      start.sight = status->sight;
    }
  }
  core::ShardState shard = shard_of(services_, started.service);
  std::vector<Event> made;
  core::RolloutState state =
      core::begin_by(started.semantics, running.plan->machine, shard, start, made);
  const std::size_t count = in_common(made, events);
  furthest_ = count;
  if (count < made.size()) return 0;
  if (count > 0) {
    services_[started.service] = shard.services[started.service];
    running.state = std::move(state);
  }
  return count;
}

std::size_t Recompute::follow(Running& running, Events events) {
  const bool observed = std::holds_alternative<core::Observed>(events[0].body);
  const std::string service = running.state.service;
  for (const core::InputBody& body : candidates(events, observed)) {
    core::ShardState shard = shard_of(services_, service);
    core::RolloutState state = running.state;
    core::Pending pending = pending_of(state, events);
    std::vector<Event> made;
    core::advance(running.plan->machine, shard, state, pending, core::Input{events[0].time, body},
                  made);
    const std::size_t count = in_common(made, events);
    furthest_ = std::max(furthest_, count);
    if (count == 0 || count < made.size()) continue;
    services_[service] = shard.services[service];
    if (std::equal(made.begin(), made.end(), events.begin())) {
      running.state = std::move(state);
    } else {  // what follows rests on the statistics as they were logged
      for (const Event& event : events.first(count)) {
        core::evolve(running.plan->machine, running.state, event);
      }
    }
    return count;
  }
  return 0;
}

core::Result<std::size_t> Recompute::take(Events events) {
  const Event& first = events.front();
  if (first.stream == core::kShardStream) return 1;  // refusals: nothing follows from them
  if (std::holds_alternative<core::RolloutStarted>(first.body)) return begin(events);
  const auto running = rollouts_.find(first.stream);
  return running == rollouts_.end() ? 0 : follow(running->second, events);
}

Divergence Recompute::divergence_at(const Event& event) const {
  const auto running = rollouts_.find(event.stream);
  return Divergence{event.stream, running == rollouts_.end() ? "" : running->second.state.id,
                    event.sequence,
                    fmt::format("event {} ({}) does not follow from the events before it",
                                event.sequence.value, adapters::type_of(event.body))};
}

core::Result<std::optional<Divergence>> Recompute::run(
    const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  const std::uint64_t total = log_.last_position().value;
  runtime::Position position;
  std::vector<Event> waiting;
  std::size_t at = 0;
  bool more = true;
  while (true) {
    if (more && waiting.size() - at < kAtOnce) {
      waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(at));
      at = 0;
      TRY(const std::vector<runtime::StoredEvent> page, log_.read_positions(position, kPage));
      more = !page.empty();
      for (const runtime::StoredEvent& stored : page) {
        waiting.push_back(stored.event);
        position = stored.position;
      }
      if (progress) progress(events_, total);
    }
    if (at == waiting.size()) return std::nullopt;
    // What one input brought about lies together: up to the next event of another stream.
    std::size_t end = at;
    while (end < waiting.size() && waiting[end].stream == waiting[at].stream) ++end;
    furthest_ = 0;
    TRY(const std::size_t count, take(Events(waiting).subspan(at, end - at)));
    if (count == 0) return divergence_at(waiting[std::min(at + furthest_, end - 1)]);
    at += count;
    events_ += count;
  }
}

}  // namespace rollbook::tools
