// Commands of a shard: who may start what, and which rollout an order is for.

#include <algorithm>

#include "engine/core/fnv.h"
#include "engine/runtime/shard.h"

namespace rollbook::runtime {

using core::Time;

namespace {

std::string text_of(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != Severity::error) continue;
    if (!text.empty()) text += "\n";
    if (text.size() > core::kRefusalBytes) return text + "… and more: `rollbook check` says all";
    text += diagnostic.file + ":" + std::to_string(diagnostic.span.line) + ":" +
            std::to_string(diagnostic.span.column) + ": " + diagnostic.code + ": " +
            diagnostic.message;
    if (!diagnostic.help.empty()) text += "; " + diagnostic.help;
  }
  return text;
}

bool is_id(const std::string& id) {
  return !id.empty() && id.size() <= 63 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// `hal9-canary-7f3k2q`: the runbook's name and six characters of the command's own id, so that the
// same command always means the same rollout.
std::string make_id(const std::string& name, const core::CommandKey& key) {
  static constexpr char kAlphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string id;
  for (const char c : name.substr(0, 50)) {
    if (c >= 'A' && c <= 'Z') {
      id += static_cast<char>(c - 'A' + 'a');
    } else {
      id += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
    }
  }
  core::Fnv hash;
  hash.take(key.source + '\0' + key.id);
  std::uint64_t mixed = hash.value;
  mixed ^= mixed >> 29;
  id += '-';
  for (int i = 0; i < 6; ++i, mixed >>= 5) id += kAlphabet[mixed & 31];
  return id;
}

}  // namespace

void Shard::command_read(const core::SourceOffset& position) {
  for (core::SourceOffset& offset : command_offsets_) {
    if (offset.topic == position.topic && offset.partition == position.partition) {
      offset.next = std::max(offset.next, position.next);
      return;
    }
  }
  command_offsets_.push_back(position);
}

void Shard::commands_go_on(const core::SourceOffset& position) {
  std::erase_if(command_offsets_, [&](const core::SourceOffset& offset) {
    return offset.topic == position.topic && offset.partition == position.partition;
  });
  command_offsets_.push_back(position);
}

void Shard::command(const CommandInput& input, Time now) {
  last_time_ = std::max(last_time_, now);
  if (input.position) command_read(*input.position);
  const core::Command& command = input.command;
  if (shard_.commands.contains(command.key)) return;  // sent twice, acts once
  if (input.invalid) return reject(command, "invalid", *input.invalid, now);
  const bool ages = command.verb == core::Verb::start || command.verb == core::Verb::promote ||
                    command.verb == core::Verb::extend;
  // A message is as old as the clock says that makes it younger: the other was stepped.
  const Time clock = std::min(now, now + stepped_);
  if (ages && command.sent != Time{} && clock - command.sent > core::kCommandMaxAge) {
    return reject(command, "too_old",
                  "the message is older than 10m; send it again under a new `id`", now);
  }
  if (command.verb == core::Verb::start) return start(input, now);

  const auto known = shard_.rollouts.find(command.rollout);
  if (known == shard_.rollouts.end()) {
    return reject(command, "unknown_rollout",
                  "no rollout `" + command.rollout + "`; `rollbook list` shows all", now);
  }
  const auto running = rollouts_.find(known->second);
  if (running == rollouts_.end()) {
    return reject(command, "finished", "rollout `" + command.rollout + "` has ended", now);
  }
  if (command.verb == core::Verb::settle && !names_effect(command)) {
    return reject(command, "unknown_effect",
                  "no effect `" + command.effect + "`; its id ends in digits of its event's hash",
                  now);
  }
  give(running->second, core::Input{now, core::Obey{command}});
}

// The digits at the end of an effect's id are those of its event: an id from a log that was cut
// short names nothing.
bool Shard::names_effect(const core::Command& command) const {
  const std::size_t last = command.effect.rfind('/');
  const std::size_t first = command.effect.find('/');
  if (last == std::string::npos || first == last) return false;
  const std::string digits = command.effect.substr(last + 1);
  const std::string number = command.effect.substr(first + 1, last - first - 1);
  if (number.empty() || number.size() > 18 ||
      !std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return false;
  }
  const core::Sequence sequence{std::stoull(number)};
  bool found = false;
  const auto stream = shard_.rollouts.at(command.rollout);
  // An effect of this very turn is not in the log yet, so nobody can have seen its id.
  if (!log_.read(stream, sequence, [&](const StoredEvent& stored) {
        found = stored.event.sequence == sequence && stored.hash == digits &&
                command.effect.substr(0, first) == command.rollout;
        return false;
      })) {
    return false;
  }
  return found;
}

void Shard::reject(const core::Command& command, const std::string& reason,
                   const std::string& detail, Time now) {
  core::reject(shard_, command, core::Refusal{reason, detail}, now, turn_.events);
}

void Shard::start(const CommandInput& input, Time now) {
  const core::Command& command = input.command;
  if (!input.compiled) return reject(command, "invalid", "the start carries no `runbook`", now);
  if (!input.compiled->plan) {
    return reject(command, "invalid", text_of(input.compiled->diagnostics), now);
  }
  const Plan& compiled = *input.compiled->plan;
  if (!command.digest.empty() && command.digest != compiled.digest) {
    return reject(
        command, "invalid",
        "the digest of the expanded text is " + compiled.digest + ", not " + command.digest, now);
  }
  const std::string id =
      command.rollout.empty() ? make_id(compiled.machine.name, command.key) : command.rollout;
  if (!is_id(id)) {
    return reject(command, "invalid", "`rollout` must match [a-z0-9-]{1,63}", now);
  }
  if (const auto refusal = core::refuse_start(compiled.machine, shard_, command, id)) {
    core::Command named = command;
    named.rollout = id;
    return reject(named, refusal->reason, refusal->detail, now);
  }
  std::shared_ptr<const Plan> plan;
  if (auto known = plan_of(compiled.digest)) {
    plan = *known;
  } else {
    plan = std::make_shared<const Plan>(compiled);
    plans_[compiled.digest] = plan;
    turn_.plans.push_back(compiled);
  }
  core::Start begin;
  begin.command = command;
  begin.rollout = id;
  begin.stream = core::StreamId{shard_.last_stream + 1};
  begin.digest = compiled.digest;
  begin.limits = options_.limits;
  begin.sight = sight_;
  begin.now = now;
  // A recovery of this rollout begins here at the latest.
  if (bases_at_ <= now && readings_.empty()) save_bases(now);
  begin.back = plan_back(compiled.machine, now);
  Rollout& rollout = run(begin.stream);
  rollout.plan = plan;
  rollout.selector = selector_of(plan);
  rollout.state = core::begin(plan->machine, shard_, begin, turn_.events);
  // Phases of the observing are spread, so that many rollouts do not write in one turn.
  const auto phase = static_cast<std::int64_t>(begin.stream.value % 10);
  rollout.observe_at = now + options_.observe_interval * (phase + 1) / 10;
  rollout.snapshot_at = now + options_.snapshot_interval * (phase + 1) / 10;
  rollout.shares_at = now + core::kSharesInterval;
  rollout.shares.begin(plan->machine, rollout.state);
  rollout.senders = Senders(plan->machine);
  rollout.exemplars.begin(plan->machine);
  feeds_.add(begin.stream, plan->machine, rollout.selector);
  if (begin.back) readings_[begin.stream];
  after(rollout, now);
}

}  // namespace rollbook::runtime
