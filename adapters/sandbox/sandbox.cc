#include "adapters/sandbox/sandbox.h"

#include <algorithm>

#include "adapters/memory_bus.h"
#include "adapters/pump/commands_pump.h"
#include "adapters/pump/stream_contexts.h"
#include "adapters/sandbox/predecessor.h"
#include "adapters/wire/command_encoder.h"
#include "adapters/wire/effect_json.h"
#include "adapters/wire/metric_decoder.h"

namespace rollbook::adapters {

using namespace std::chrono_literals;

class Sandbox::Impl {
 public:
  Impl(runtime::EventLog& log, const runtime::PlanCompiler& compiler, const core::Machine& machine,
       SandboxOptions options)
      : log_(log),
        compiler_(compiler),
        machine_(machine),
        options_(std::move(options)),
        bus_({.now = [this] { return now_; }, .forget_read = true}),
        contexts_(log) {}

  core::Status open(const std::string& runbook);
  core::Result<std::optional<core::Outcome>> run();
  core::Time now() const { return now_; }
  const std::string& rollout() const { return rollout_; }

 private:
  core::Status settle_down();
  core::Result<bool> take_inputs();
  core::Status commit();
  bool ask();
  bool stays_halted();

  runtime::EventLog& log_;
  const runtime::PlanCompiler& compiler_;
  const core::Machine& machine_;
  SandboxOptions options_;
  core::Time now_ = kSandboxBegin;
  MemoryBus bus_;
  EngineTopics topics_;
  StreamContexts contexts_;
  std::unique_ptr<runtime::Shard> shard_;
  std::unique_ptr<SyntheticService> service_;
  std::unique_ptr<runtime::Consumer> metrics_, commands_;
  std::unique_ptr<runtime::Producer> producer_;
  MetricDecoder decoder_;
  std::string rollout_, refused_;
  std::optional<core::Outcome> outcome_;
  std::optional<core::Time> halted_;  // since when
  bool stopped_ = false;
  int partitions_ = 1;  // of the metrics topic
};

core::Status Sandbox::Impl::open(const std::string& runbook) {
  runtime::ShardOptions shard;
  shard.render = [this](const core::Machine& machine, const core::RolloutState& state,
                        const core::Event& event, const runtime::EffectHashes& hashes) {
    return effect_row(topics_.effects, machine, state, event, hashes);
  };
  TRY(shard_, runtime::Shard::recover(log_, std::move(shard)));
  if (shard_->state().last_stream != 0) {
    return core::fail("the directory holds a log already; the sandbox needs an empty one");
  }
  TRY_DO(precede(*shard_, compiler_, machine_, machine_.after, now_));
  std::vector<std::string> all = topics_.metrics;
  all.insert(all.end(), {topics_.commands, topics_.effects, topics_.events, topics_.deadletter});
  TRY_DO(bus_.ensure_topics(all));
  options_.service.begin = now_;
  options_.service.double_partitions = [this] {
    bus_.create_topic(topics_.metrics.front(), partitions_ *= 2);
  };
  TRY(service_, SyntheticService::make(machine_, bus_, topics_, options_.service));
  TRY(metrics_, bus_.consumer(topics_.metrics, {}, false));
  TRY(commands_, bus_.consumer({topics_.commands}, {}, false));
  TRY(producer_, bus_.producer());

  core::Command start;
  start.key = core::CommandKey{"sandbox", "start-" + std::to_string(options_.service.seed)};
  start.rollout = options_.rollout;
  start.actor = "sandbox";
  start.runbook = runbook;
  start.file = options_.file;
  start.sent = now_;
  // The log is empty, so nobody has shifted yet: the traffic is where the runbook expects it.
  if (machine_.begins > core::kNoTraffic) start.weight = machine_.begins;
  for (const core::Target& target : machine_.targets) {
    if (target.begins > core::kNoTraffic) start.weights.push_back({target.name, target.begins});
  }
  ROLLBOOK_CHECK(
      producer_->send({topics_.commands, "", start.key.id, "", encode(start)}, [](auto) {}));
  return {};
}

// Everything that has come in, folded into one turn. False: nothing had.
core::Result<bool> Sandbox::Impl::take_inputs() {
  bool any = false;
  core::Status failed;
  runtime::ConsumerEvents on_command;
  on_command.on_record = [&](const runtime::Record& record) {
    any = true;
    if (auto input = to_input(record, compiler_, {})) shard_->command(*input, now_);
  };
  TRY_DO(commands_->poll(0ns, 1000, on_command));
  runtime::PointBatch batch;
  std::vector<DeadLetter> letters;
  runtime::ConsumerEvents on_metric;
  on_metric.on_record = [&](const runtime::Record& record) {
    any = true;
    if (batch.next_offset > 0 && batch.partition != record.partition) {
      shard_->points(batch, now_);
      batch = {};
    }
    decoder_.decode(record, batch, letters);
    batch.topic = record.topic;
    batch.partition = record.partition;
    batch.next_offset = record.offset + 1;
  };
  TRY_DO(metrics_->poll(0ns, 1000, on_metric));
  if (!letters.empty()) {
    return core::fail("the synthetic service sent what cannot be read: " + letters[0].reason);
  }
  if (batch.next_offset > 0) shard_->points(batch, now_);
  return any;
}

core::Status Sandbox::Impl::commit() {
  TRY(const runtime::Committed committed, shard_->commit(now_));
  for (std::size_t i = 0; i < committed.events.size(); ++i) {
    const core::Event& event = committed.events[i];
    if (const auto* rejected = std::get_if<core::Rejected>(&event.body);
        rejected != nullptr && rejected->command.verb == core::Verb::start) {
      refused_ = rejected->reason + ": " + rejected->detail;
    }
    if (const auto* started = std::get_if<core::RolloutStarted>(&event.body)) {
      rollout_ = started->rollout;
    }
    if (const auto* finished = std::get_if<core::RolloutFinished>(&event.body)) {
      outcome_ = finished->outcome;
    }
    if (std::holds_alternative<core::Observed>(event.body)) continue;
    TRY(const EventContext* context, contexts_.of(event.stream));
    runtime::StoredEvent stored{{}, committed.appended.hashes[i], event};
    if (const auto message = event_message(topics_.events, *context, stored)) {
      ROLLBOOK_CHECK(producer_->send(*message, [](auto) {}));
    }
  }
  for (const runtime::OutboxRow& row : committed.appended.outbox) {
    ROLLBOOK_CHECK(producer_->send(message_of(row), [](auto) {}));
    shard_->delivered(runtime::OutboxKey{row.stream, row.sequence}, now_);
  }
  producer_->poll(0ns);
  if (options_.on_turn && !options_.on_turn(committed, *shard_, now_)) stopped_ = true;
  return {};
}

// Turns until nothing comes in any more at this moment.
core::Status Sandbox::Impl::settle_down() {
  shard_->tick(now_);
  while (true) {
    TRY(const bool any, take_inputs());
    TRY_DO(commit());
    TRY_DO(service_->read(now_));
    service_->run_until(now_);
    if (!any || stopped_) return {};
  }
}

bool Sandbox::Impl::ask() {
  bool any = false;
  while (const auto question = service_->take_question()) {
    if (!options_.ask) return any;
    any = true;
    for (std::size_t i = 0; i < question->roles.size(); ++i) {
      const std::string given = options_.ask(*question, question->roles[i]);
      if (given.empty()) {
        stopped_ = true;
        return true;
      }
      service_->answer(*question, question->roles[i], "person-" + std::to_string(i + 1), given);
    }
  }
  return any;
}

// Nothing but a fault that begins or ends can still bring a halted rollout to anything.
bool Sandbox::Impl::stays_halted() {
  const auto* ours = shard_->find(rollout_);
  if (ours == nullptr || !ours->state.halted) {
    halted_.reset();
    return false;
  }
  if (!halted_) halted_ = now_;
  return now_ > std::max(*halted_, service_->last_change()) + options_.halted_most;
}

core::Result<std::optional<core::Outcome>> Sandbox::Impl::run() {
  const core::Time end = now_ + options_.most;
  while (true) {
    TRY_DO(settle_down());
    if (!refused_.empty()) return core::fail("the start was refused: " + refused_);
    if (outcome_ || stopped_) break;
    if (ask()) continue;
    if (stays_halted()) break;
    const core::Time next = std::max(now_, std::min(shard_->next_deadline(), service_->next_due()));
    if (next > end) break;
    if (options_.before_moving && !options_.before_moving(next)) break;
    now_ = next;
    service_->run_until(now_);
  }
  // The last rows are closed, so that the log says all was delivered.
  TRY_DO(commit());
  return outcome_;
}

Sandbox::Sandbox(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Sandbox::~Sandbox() = default;

core::Result<std::unique_ptr<Sandbox>> Sandbox::make(runtime::EventLog& log,
                                                     const runtime::PlanCompiler& compiler,
                                                     const core::Machine& machine,
                                                     const std::string& runbook,
                                                     SandboxOptions options) {
  auto impl = std::make_unique<Impl>(log, compiler, machine, std::move(options));
  TRY_DO(impl->open(runbook));
  return std::unique_ptr<Sandbox>(new Sandbox(std::move(impl)));
}

core::Result<std::optional<core::Outcome>> Sandbox::run() { return impl_->run(); }
core::Time Sandbox::now() const { return impl_->now(); }
const std::string& Sandbox::rollout() const { return impl_->rollout(); }

}  // namespace rollbook::adapters
