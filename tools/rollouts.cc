#include "tools/rollouts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "adapters/wire/text.h"
#include "engine/core/decide.h"

namespace rollbook::tools {

Outcome<Until> parse_until(const std::string& text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  // A sequence is short; nanoseconds since 1970 are not.
  if (error == std::errc{} && stopped == end && text.size() < 16) return core::Sequence{number};
  const auto time = adapters::parse_time_or_nanos(text);
  if (time) return *time;
  return give_up(fmt::format("`{}` is neither a sequence such as 42 nor a time such as "
                             "2026-01-05T10:00:00Z",
                             adapters::printable(text)),
                 Exit::usage);
}

Outcome<std::vector<Entry>> list_rollouts(const runtime::EventLog& log) {
  std::vector<Entry> entries;
  TRY(const std::vector<core::StreamId> streams, log.streams());
  for (const core::StreamId stream : streams) {
    TRY_DO(log.read(stream, core::Sequence{1}, [&](const runtime::StoredEvent& stored) {
      if (const auto* started = std::get_if<core::RolloutStarted>(&stored.event.body)) {
        entries.push_back({started->rollout, stream, stored.event.time});
      }
      return false;
    }));
  }
  return entries;
}

Outcome<Entry> find_rollout(const runtime::EventLog& log, const std::string& name) {
  TRY(const std::vector<Entry> entries, list_rollouts(log));
  for (const Entry& entry : entries) {
    if (entry.rollout == name) return entry;
  }
  if (!name.empty()) {
    std::vector<std::string_view> names;
    for (const Entry& entry : entries) names.push_back(entry.rollout);
    return give_up(fmt::format("no rollout `{}`{}", adapters::printable(name),
                               adapters::nearest(name, names).empty()
                                   ? "; `rollbook list` shows all"
                                   : adapters::did_you_mean(name, names)));
  }
  std::optional<Entry> active;
  for (const Entry& entry : entries) {
    TRY(const Rollout rollout, Rollout::load(log, entry.stream));
    if (rollout.state().finished()) continue;
    if (active) {
      return give_up("more than one rollout is active; name one, `rollbook list` shows all",
                     Exit::usage);
    }
    active = entry;
  }
  if (!active) return give_up("no rollout is active; name one, `rollbook list` shows all");
  return *active;
}

Outcome<Rollout> Rollout::load(const runtime::EventLog& log, core::StreamId stream,
                               const Until& until, Prepare prepare) {
  Rollout rollout(log, stream, std::move(prepare));
  rollout.state_ = std::make_shared<core::RolloutState>();
  TRY(const std::size_t folded, rollout.fold(until));
  if (folded == 0) return give_up("the rollout had not begun at that moment");
  return rollout;
}

Outcome<std::size_t> Rollout::advance() { return fold({}); }

Outcome<std::size_t> Rollout::fold(const Until& until) {
  std::size_t folded = 0;
  std::optional<core::Error> failed;
  const core::Sequence from{state_->last.value + 1};
  TRY_DO(log_->read(stream_, from, [&](const runtime::StoredEvent& stored) {
    const core::Event& event = stored.event;
    const auto* sequence = std::get_if<core::Sequence>(&until);
    const auto* time = std::get_if<core::Time>(&until);
    if ((sequence != nullptr && event.sequence > *sequence) ||
        (time != nullptr && event.time > *time)) {
      return false;
    }
    if (const auto* started = std::get_if<core::RolloutStarted>(&event.body)) {
      auto plan = log_->plan(started->digest);
      if (!plan) {
        failed = std::move(plan).error();
        return false;
      }
      plan_ = std::make_shared<runtime::Plan>(std::move(*plan));
      if (prepare_.machine) prepare_.machine(plan_->machine);
    }
    if (!plan_) {
      failed = core::Error{"the rollout's first event is missing"};
      return false;
    }
    evolve(event);
    ++folded;
    return true;
  }));
  if (failed) return tl::make_unexpected(std::move(*failed));
  return folded;
}

void Rollout::evolve(const core::Event& event) {
  if (!prepare_.observed || !std::holds_alternative<core::Observed>(event.body)) {
    return core::evolve(plan_->machine, *state_, event);
  }
  core::Event completed = event;
  prepare_.observed(std::get<core::Observed>(completed.body));
  core::evolve(plan_->machine, *state_, completed);
}

core::Status Rollout::each_event(const std::function<bool(const core::Event&)>& visit) const {
  return log_->read(stream_, core::Sequence{1}, [&](const runtime::StoredEvent& stored) {
    return stored.event.sequence <= state_->last && visit(stored.event);
  });
}

adapters::EventContext Rollout::context() const {
  adapters::EventContext context{state_->id, state_->service, state_->version, &plan_->machine, {}};
  context.recall = [log = log_, stream = stream_](
                       core::Sequence sequence) -> std::optional<runtime::StoredEvent> {
    std::optional<runtime::StoredEvent> found;
    const auto status = log->read(stream, sequence, [&](const runtime::StoredEvent& stored) {
      if (stored.event.sequence == sequence) found = stored;
      return false;
    });
    return status ? found : std::nullopt;
  };
  return context;
}

Exit exit_of(core::Outcome outcome) {
  switch (outcome) {
    case core::Outcome::succeeded:
      return Exit::done;
    case core::Outcome::rolled_back:
      return Exit::rolled_back;
    case core::Outcome::aborted:
      return Exit::error;
  }
  return Exit::error;
}

core::Time moment_of(const Rollout& rollout, const Until& until) {
  const core::Time last = rollout.state().now;
  if (const auto* time = std::get_if<core::Time>(&until)) return std::max(last, *time);
  const bool runs = std::holds_alternative<std::monostate>(until) && !rollout.state().finished();
  return runs ? std::max(last, wall_clock()) : last;
}

core::Time wall_clock() { return core::Time{std::chrono::system_clock::now().time_since_epoch()}; }

}  // namespace rollbook::tools
