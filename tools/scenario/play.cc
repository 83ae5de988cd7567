#include "tools/scenario/play.h"

#include <algorithm>
#include <variant>

#include "adapters/sandbox/predecessor.h"
#include "adapters/wire/effect_json.h"
#include "dsl/compiler.h"
#include "tools/scenario/answers.h"

namespace rollbook::tools {
namespace {

using core::Duration;
using core::Time;

// The sandbox's: whoever acts takes a moment for it.
constexpr Duration kSettleAfter = std::chrono::milliseconds(200);
constexpr std::string_view kSource = "scenario";

// `[a-z0-9-]{1,63}`, known before it starts: an order may come at the same moment.
std::string rollout_id(const core::Machine& machine) {
  std::string id;
  for (const char c : machine.name.substr(0, 60)) {
    id += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c == '_' ? '-' : c;
  }
  return id + "-1";
}

struct Start {};
struct Settle {
  std::string id;
  core::EffectRequested effect;
};
struct Give {
  std::size_t act;
};
struct Vote {
  core::Command command;
};
struct Edge {};  // a fault begins or ends
struct Leave {
  std::size_t away;
};
struct Return {};
using Due = std::variant<Start, Settle, Give, Vote, Edge, Leave, Return>;

class Play {
 public:
  Play(runtime::EventLog& log, const Script& script, Service& service, const PlayOptions& options)
      : log_(log),
        script_(script),
        machine_(script.machine()),
        service_(service),
        options_(options),
        faults_(machine_, script.faults),
        answers_(script),
        now_(options.begin) {
    seen_.begin = seen_.end = now_;
    seen_.rollout = rollout_id(machine_);
    seen_.orders.resize(script.scenario.acts.size());
  }

  core::Result<Seen> run() {
    TRY_DO(open());
    while (true) {
      TRY_DO(settle_down());
      if (seen_.refused && !script_.expects_refusal()) {
        return core::fail("the start was refused: " + seen_.refused->reason + ": " +
                          seen_.refused->detail);
      }
      if (is_over() || seen_.refused) break;
      const Time next = std::max(now_, next_due());
      if (next > options_.begin + options_.most) break;
      if (options_.before_moving && !options_.before_moving(next)) {
        seen_.stopped = true;
        break;
      }
      now_ = next;
    }
    // The last rows are closed, so that the log says all was delivered.
    TRY_DO(commit());
    seen_.end = now_;
    return std::move(seen_);
  }

 private:
  core::Status open() {
    runtime::ShardOptions shard;
    shard.observe_interval = options_.observe_interval;
    shard.checkpoint_interval = shard.snapshot_interval = options_.checkpoint_interval;
    shard.render = [](const core::Machine& machine, const core::RolloutState& state,
                      const core::Event& event, const runtime::EffectHashes& hashes) {
      return adapters::effect_row("rollbook.effects", machine, state, event, hashes);
    };
    TRY(shard_, runtime::Shard::recover(log_, std::move(shard)));
    if (shard_->state().last_stream != 0) {
      return core::fail("the directory holds a log already; a scenario needs an empty one");
    }
    std::vector<std::string> before;
    for (const auto& given : script_.scenario.predecessors) before.push_back(given.runbook.text);
    TRY_DO(adapters::precede(*shard_, dsl::Compiler(), machine_, before, now_));
    mark("");
    service_.suffer(faults_, now_);
    return {};
  }

  // ---- Time -----------------------------------------------------------------------------------

  Time next_due() const {
    Time next =
        std::min(service_.next(), due_.empty() ? core::kDistantFuture : due_.begin()->first);
    return away_ == Away::engine ? next : std::min(next, shard_->next_deadline());
  }

  // It has ended, and no order is to come that could still be rejected.
  bool is_over() const {
    if (seen_.stopped || (end_ && now_ >= *end_)) return true;
    if (!seen_.outcome) return false;
    return std::none_of(due_.begin(), due_.end(), [](const auto& entry) {
      return std::holds_alternative<Give>(entry.second);
    });
  }

  // Turns until nothing more happens at this moment.
  core::Status settle_down() {
    do {
      service_.run_until(now_, batch_);
      while (!due_.empty() && due_.begin()->first <= now_) {
        const Due due = std::move(due_.begin()->second);
        due_.erase(due_.begin());
        TRY_DO(std::visit([&](const auto& one) { return perform(one); }, due));
      }
      if (away_ == Away::engine) return {};
      if (away_ == Away::no) feed();
      shard_->tick(now_);
      TRY_DO(commit());
    } while (!seen_.stopped && !due_.empty() && due_.begin()->first <= now_);
    return {};
  }

  void feed() {
    if (batch_.points.empty()) return;
    shard_->points(batch_, now_);
    batch_.points.clear();
    batch_.exemplars.clear();
    batch_.buckets.clear();
    batch_.new_series.clear();
    batch_.new_layouts.clear();
  }

  void plan(Time at, Due due) {
    due_.emplace(at, std::move(due));  // equal times keep their order
  }

  // The start (""), or the first shift of a stage: what counts from it has a time now.
  void mark(const std::string& stage) {
    if (!stage.empty() && !seen_.stages.try_emplace(stage, now_).second) return;
    service_.mark(stage, now_);
    for (const Time edge : faults_.mark(stage, now_)) plan(edge, Edge{});
    const dsl::scenario::Scenario& scenario = script_.scenario;
    for (std::size_t i = 0; i < scenario.aways.size(); ++i) {
      const auto& from = scenario.aways[i].from;
      if (from.stage == stage) plan(now_ + from.after, Leave{i});
    }
    // Sent while the engine is away, it is read with all else that was sent meanwhile.
    if (stage.empty()) plan(now_, Start{});
    for (std::size_t i = 0; i < scenario.acts.size(); ++i) {
      const auto& at = scenario.acts[i].at;
      if (at.stage == stage) plan(now_ + at.after, Give{i});
    }
    if (scenario.end && scenario.end->stage == stage) end_ = now_ + scenario.end->after;
  }

  // ---- What is due ----------------------------------------------------------------------------

  // While the engine or its bus is away nobody reads what is sent.
  bool deferred(Due due) {
    if (away_ == Away::no) return false;
    deferred_.push_back(std::move(due));
    return true;
  }

  core::Status perform(const Start& start) {
    if (deferred(start)) return {};
    runtime::CommandInput input;
    input.command = command(core::Verb::start);
    input.command.weight = machine_.begins;
    for (const core::Target& target : machine_.targets) {
      input.command.weights.push_back({target.name, target.begins});
    }
    input.compiled = runtime::Compiled{*script_.plan, {}};
    shard_->command(input, now_);
    return {};
  }

  core::Status perform(const Edge&) {
    service_.suffer(faults_, now_);
    return {};
  }

  core::Status perform(const Settle& settle) {
    if (deferred(settle)) return {};
    const core::EffectRequested& effect = settle.effect;
    const std::string target = effect.target.valid() ? machine_.at(effect.target).name : "";
    const adapters::Fault* fault =
        faults_.find({kind_of(effect), effect.to, effect.name, target}, now_);
    if (fault != nullptr && fault->hangs) return {};
    core::Command command = this->command(core::Verb::settle);
    command.effect = settle.id;
    command.succeeded = fault == nullptr;
    if (fault != nullptr) command.detail = "the scenario says `" + fault->text + "`";
    if (effect.kind == core::EffectKind::checkpoint && command.succeeded) {
      command.result = R"({"id":"checkpoint-1"})";
    }
    if (effect.kind == core::EffectKind::traffic && command.succeeded) carry_out(effect);
    send(std::move(command));
    return {};
  }

  static adapters::FaultKind kind_of(const core::EffectRequested& effect) {
    if (effect.kind == core::EffectKind::run) return adapters::FaultKind::run;
    if (effect.kind == core::EffectKind::start) return adapters::FaultKind::start;
    if (effect.kind == core::EffectKind::checkpoint) return adapters::FaultKind::checkpoint;
    return effect.rollback ? adapters::FaultKind::rollback : adapters::FaultKind::shift;
  }

  // Whoever shifts drops an order that is not above the last seen.
  void carry_out(const core::EffectRequested& effect) {
    if (effect.order <= last_order_) return;
    last_order_ = effect.order;
    service_.set_weight(effect.target, effect.to);
  }

  core::Status perform(const Vote& vote) {
    if (!deferred(vote)) send(vote.command);
    return {};
  }

  core::Status perform(const Give& give) {
    if (deferred(give)) return {};
    const dsl::scenario::Act& act = script_.scenario.acts[give.act];
    seen_.orders[give.act].given = now_;
    core::Command command = this->command(act.verb);
    command.actor = act.actor;
    command.duration = act.duration;
    command.how = act.how;
    command.to = act.to;
    command.reason = act.because;
    command.option = act.option.text;
    command.yes = act.yes;
    if (act.item) command.item = act.item->value;
    if (act.role) command.role = act.role->text;
    if (act.target) command.target = act.target->text;
    if (act.verb == core::Verb::settle) return settle_last(act, std::move(command), give.act);
    const bool answers = act.verb == core::Verb::confirm || act.verb == core::Verb::decide;
    if (!answers || act.role) {
      send(std::move(command), give.act);
      return {};
    }
    for (core::Command& vote : answers_.by_all(command)) {
      vote.key = next_key();
      send(std::move(vote), give.act);
    }
    return {};
  }

  core::Status settle_last(const dsl::scenario::Act& act, core::Command command,
                           std::size_t index) {
    const auto last = last_.find(act.effect);
    if (last == last_.end()) {
      core::Rejected& none = seen_.orders[index].rejected.emplace();
      none.reason = "unknown_effect";
      none.detail = "nothing of that kind was requested before";
      return {};
    }
    command.effect = last->second.id;
    command.succeeded = act.succeeded;
    if (act.effect == core::EffectKind::traffic && act.succeeded) carry_out(last->second.effect);
    send(std::move(command), index);
    return {};
  }

  // ---- Away -----------------------------------------------------------------------------------

  enum class Away : std::uint8_t { no, engine, bus };

  core::Status perform(const Leave& leave) {
    const dsl::scenario::Away& away = script_.scenario.aways[leave.away];
    const std::string line = "line " + std::to_string(away.span.line) + ": ";
    if (away_ != Away::no) return core::fail(line + "the engine or its bus is away already");
    const auto until =
        away.until ? seen_.time_of(*away.until) : std::optional<Time>(now_ + away.lasts);
    if (!until || *until <= now_) {
      return core::fail(line + "when it begins, its end is not to come: stage `" +
                        away.until->stage + "` has " + (until ? "begun earlier" : "not begun"));
    }
    feed();
    TRY_DO(commit());
    away_ = away.engine ? Away::engine : Away::bus;
    left_ = now_;
    if (!away.engine) shard_->sight(core::Sight::unreachable, now_);
    plan(*until, Return{});
    return {};
  }

  // What was measured and said meanwhile is read when it is back.
  core::Status perform(const Return&) {
    if (away_ == Away::engine) shard_->wake(core::EngineGap{left_, now_}, now_);
    away_ = Away::no;
    shard_->sight(core::Sight::catching_up, now_);
    TRY_DO(commit());
    std::vector<runtime::OutboxRow> rows;
    rows.swap(held_);
    for (const runtime::OutboxRow& row : rows) deliver(row);
    feed();
    TRY_DO(commit());
    std::vector<Due> waiting;
    waiting.swap(deferred_);
    for (const Due& due : waiting) {
      TRY_DO(std::visit([&](const auto& one) { return perform(one); }, due));
    }
    shard_->sight(core::Sight::live, now_);
    return {};
  }

  // ---- The turn -------------------------------------------------------------------------------

  core::Command command(core::Verb verb) {
    core::Command command;
    command.key = next_key();
    command.verb = verb;
    command.rollout = seen_.rollout;
    command.actor = kSource;
    command.sent = now_;
    return command;
  }
  core::CommandKey next_key() {
    return core::CommandKey{std::string(kSource), "c-" + std::to_string(++commands_)};
  }

  void send(core::Command command, std::optional<std::size_t> act = std::nullopt) {
    if (act) given_.emplace(command.key.id, *act);
    runtime::CommandInput input;
    input.command = std::move(command);
    shard_->command(input, now_);
  }

  core::Status commit() {
    TRY(runtime::Committed committed, shard_->commit(now_));
    if (options_.on_turn && !options_.on_turn(committed, *shard_, now_)) seen_.stopped = true;
    for (core::Event& event : committed.events) take(event);
    for (const runtime::OutboxKey& key : committed.cancelled) {
      std::erase_if(held_, [&](const runtime::OutboxRow& row) {
        return runtime::OutboxKey{row.stream, row.sequence} == key;
      });
    }
    for (const runtime::OutboxRow& row : committed.appended.outbox) {
      if (away_ == Away::bus) {
        held_.push_back(row);
      } else {
        deliver(row);
      }
    }
    // Evidence has served its turn; what is told and expected is all else.
    for (core::Event& event : committed.events) {
      if (!std::holds_alternative<core::Observed>(event.body)) {
        seen_.events.push_back(std::move(event));
      }
    }
    return {};
  }

  void take(const core::Event& event) {
    if (std::holds_alternative<core::RolloutStarted>(event.body)) {
      seen_.stream = event.stream;
    } else if (const auto* rejected = std::get_if<core::Rejected>(&event.body)) {
      if (rejected->command.verb == core::Verb::start) {
        seen_.refused = *rejected;
      }
      const auto act = given_.find(rejected->command.key.id);
      if (act != given_.end()) seen_.orders[act->second].rejected = *rejected;
    } else if (const auto* requested = std::get_if<core::EffectRequested>(&event.body)) {
      requested_.insert_or_assign(event.sequence, *requested);
      const bool forward = requested->kind == core::EffectKind::traffic && !requested->rollback;
      if (forward && requested->state.valid()) {
        const std::string& stage = machine_.at(requested->state).stage;
        if (!stage.empty()) mark(stage);
      }
    } else if (std::holds_alternative<core::Asked>(event.body)) {
      for (Answers::Planned& vote : answers_.to(event, seen_.rollout)) {
        vote.command.key = next_key();
        vote.command.sent = now_ + vote.after;
        plan(now_ + vote.after, Vote{std::move(vote.command)});
      }
    } else if (const auto* finished = std::get_if<core::RolloutFinished>(&event.body)) {
      seen_.outcome = finished->outcome;
    }
  }

  void deliver(const runtime::OutboxRow& row) {
    shard_->delivered(runtime::OutboxKey{row.stream, row.sequence}, now_);
    const auto requested = requested_.extract(row.sequence);
    if (requested.empty()) return;
    if (!core::is_awaited(requested.mapped().kind) && !requested.mapped().tracked) return;
    Settle settle{row.id, std::move(requested.mapped())};
    last_.insert_or_assign(settle.effect.kind, settle);
    plan(now_ + kSettleAfter, std::move(settle));
  }

  runtime::EventLog& log_;
  const Script& script_;
  const core::Machine& machine_;
  Service& service_;
  const PlayOptions& options_;
  adapters::FaultClock faults_;
  Answers answers_;
  Time now_;
  std::unique_ptr<runtime::Shard> shard_;
  std::multimap<Time, Due> due_;
  runtime::PointBatch batch_;  // measured, not handed over yet
  std::optional<Time> end_;    // `end at`
  Away away_ = Away::no;
  Time left_{};
  std::vector<Due> deferred_;
  std::vector<runtime::OutboxRow> held_;                       // while the bus is away
  std::map<core::Sequence, core::EffectRequested> requested_;  // not delivered yet
  std::map<core::EffectKind, Settle> last_;
  std::map<std::string, std::size_t> given_;  // acts by the id of their command
  std::int64_t last_order_ = 0;
  std::uint64_t commands_ = 0;
  Seen seen_;
};

}  // namespace

std::optional<Time> Seen::time_of(const dsl::scenario::Moment& moment) const {
  if (moment.stage.empty()) return begin + moment.after;
  const auto stage = stages.find(moment.stage);
  if (stage == stages.end()) return std::nullopt;
  return stage->second + moment.after;
}

core::Result<Seen> play(runtime::EventLog& log, const Script& script, Service& service,
                        const PlayOptions& options) {
  return Play(log, script, service, options).run();
}

}  // namespace rollbook::tools
