#include "adapters/pump/engine.h"

#include <random>

#include "adapters/pump/commands_pump.h"
#include "adapters/pump/metrics_pump.h"
#include "adapters/pump/publisher.h"
#include "adapters/pump/stream_contexts.h"
#include "adapters/wire/command_encoder.h"
#include "adapters/wire/effect_json.h"

namespace rollbook::adapters {
namespace {

using namespace std::chrono_literals;

constexpr core::Duration kHeartbeatFresh = 1min;  // then no other engine can have taken over
constexpr core::Duration kClaimAge = 10s;         // older claims are of engines long gone

std::string new_run() {
  std::random_device device;
  const std::uint64_t number = (std::uint64_t{device()} << 32) | device();
  return std::to_string(number);
}

}  // namespace

struct Engine::Parts {
  runtime::EventLog& log;
  EngineOptions options;
  std::string run = new_run();
  runtime::InputQueue queue;
  std::unique_ptr<runtime::Shard> shard;
  std::unique_ptr<runtime::Loop> loop;
  std::unique_ptr<StreamContexts> contexts;
  core::Time claimed_until{};  // set before any thread runs
  std::atomic<bool> held = false;
  // Ended in this order: inputs first, then what goes out.
  std::unique_ptr<Publisher> publisher;
  std::unique_ptr<ReadBackPump> read_back;
  std::unique_ptr<MetricsPump> metrics;
  std::unique_ptr<CommandsPump> commands;

  Parts(runtime::EventLog& the_log, EngineOptions the_options)
      : log(the_log), options(std::move(the_options)), queue(options.queue_bytes) {}

  core::Status open(runtime::Bus& bus, const runtime::PlanCompiler& compiler);
  core::Status connect(runtime::Bus& bus, const runtime::PlanCompiler& compiler, bool first_start);
  void read_back_for(const runtime::Committed& committed);
  void take(const EngineNotice& notice);
  void tell(EngineNotice::Kind kind, const std::string& whose);
  void tell_lost(const runtime::Gap& gap) const;
};

core::Status Engine::Parts::open(runtime::Bus& bus, const runtime::PlanCompiler& compiler) {
  options.shard.render = [this](const core::Machine& machine, const core::RolloutState& state,
                                const core::Event& event, const runtime::EffectHashes& hashes) {
    return effect_row(options.topics.effects, machine, state, event, hashes);
  };
  TRY(shard, runtime::Shard::recover(log, options.shard));
  runtime::LoopHooks hooks;
  hooks.on_committed = [this](const runtime::Committed& committed) {
    publisher->cancel(committed.cancelled);
    publisher->send(committed.appended.outbox);
    publisher->durable(committed.appended.last);
    read_back_for(committed);
    if (options.on_committed) options.on_committed(committed);
  };
  hooks.ask_ends = [this] { metrics->ask_ends(); };
  hooks.on_turn = options.on_turn;
  loop = std::make_unique<runtime::Loop>(*shard, queue, std::move(hooks));
  TRY(const auto heartbeat, runtime::Loop::last_heartbeat(log));

  const EngineTopics& topics = options.topics;
  std::vector<std::string> all = topics.metrics;
  all.insert(all.end(), {topics.commands, topics.effects, topics.events, topics.deadletter});
  TRY_DO(bus.ensure_topics(all));
  TRY(auto metric_ends, bus.ends(topics.metrics));
  TRY(auto command_ends, bus.ends({topics.commands}));
  // By what was written down, not by the heartbeat: an engine killed within its first turn has
  // promised already where its inputs begin, and what was said since must not be passed over.
  const bool first_start = shard->command_offsets().empty();
  if (first_start) {
    // An emptied directory must not start last month's rollouts again: everything begins now.
    shard->begin_at(metric_ends, command_ends, loop->now());
    TRY(const auto begun, shard->commit(loop->now()));
  }
  // Two engines in two directories on the same topics would shift against each other: a newcomer
  // asks, and takes no step forward before an answer could have come.
  const bool claims = !heartbeat || loop->now() - *heartbeat >= kHeartbeatFresh;
  if (claims) {
    claimed_until = loop->now() + options.claim_window;
    loop->hold_until(claimed_until);
  }
  TRY_DO(connect(bus, compiler, first_start));
  if (claims) tell(EngineNotice::Kind::claim, run);
  metric_ends.insert(metric_ends.end(), command_ends.begin(), command_ends.end());
  loop->wake(heartbeat, std::move(metric_ends));
  return {};
}

core::Status Engine::Parts::connect(runtime::Bus& bus, const runtime::PlanCompiler& compiler,
                                    bool first_start) {
  const EngineTopics& topics = options.topics;
  TRY(auto metric_consumer, bus.consumer(topics.metrics, shard->metric_offsets(), first_start));
  TRY(auto command_consumer,
      bus.consumer({topics.commands}, shard->command_offsets(), first_start));
  TRY(auto producer, bus.producer());

  contexts = std::make_unique<StreamContexts>(log);
  Publisher::Options publishing;
  publishing.deadletter_topic = topics.deadletter;
  TRY(publishing.published, runtime::Loop::published(log));
  loop->set_published(publishing.published);
  publishing.on_trouble = options.on_trouble;
  publishing.render =
      [this](const runtime::StoredEvent& stored) -> core::Result<std::optional<runtime::Outgoing>> {
    TRY(const EventContext* context, contexts->of(stored.event.stream));
    return event_message(options.topics.events, *context, stored);
  };
  publisher = std::make_unique<Publisher>(std::move(producer), log, queue, std::move(publishing));
  TRY(auto open_rows, log.outbox());
  publisher->send(std::move(open_rows));
  publisher->durable(log.last_position());

  read_back = std::make_unique<ReadBackPump>(bus, MetricSources{topics.metrics, topics.formats},
                                             queue, options.read_back);
  for (const auto& [stream, reading] : shard->readings()) {
    read_back->add(shard->past_request(stream));
  }
  metrics = std::make_unique<MetricsPump>(
      std::move(metric_consumer), queue,
      [this](std::vector<DeadLetter> letters) { publisher->send(std::move(letters)); },
      topics.formats);
  commands = std::make_unique<CommandsPump>(
      std::move(command_consumer), queue, compiler,
      CommandHooks{[this](DeadLetter letter) {
                     std::vector<DeadLetter> letters;
                     letters.push_back(std::move(letter));
                     publisher->send(std::move(letters));
                   },
                   [this](const EngineNotice& notice) { take(notice); },
                   [this](const runtime::Gap& gap) { tell_lost(gap); }});
  return {};
}

// Only once the start is durable: what is read for it goes into its log.
void Engine::Parts::read_back_for(const runtime::Committed& committed) {
  for (const core::Event& event : committed.events) {
    const auto* started = std::get_if<core::RolloutStarted>(&event.body);
    if (started != nullptr && started->back && shard->readings().contains(event.stream)) {
      read_back->add(shard->past_request(event.stream));
    }
    if (std::holds_alternative<core::RolloutFinished>(event.body)) read_back->cancel(event.stream);
  }
}

void Engine::Parts::tell(EngineNotice::Kind kind, const std::string& whose) {
  EngineNotice notice;
  notice.kind = kind;
  notice.run = whose;
  notice.sent = runtime::EngineTime::wall_clock();
  publisher->send(runtime::Outgoing{options.topics.commands, "engine", "engine-" + whose,
                                    type_of(notice), encode(notice)});
}

void Engine::Parts::take(const EngineNotice& notice) {
  if (notice.kind == EngineNotice::Kind::held) {
    if (notice.run != run) return;
    held = true;
    queue.push(runtime::FatalInput{
        core::Error{"another engine runs on the topic `" + options.topics.commands +
                    "`; stop it first, or give this one topics of its own"}});
    return;
  }
  const core::Time now = loop->now();
  if (notice.run == run || now - notice.sent > kClaimAge || now < claimed_until) return;
  tell(EngineNotice::Kind::held, notice.run);
}

void Engine::Parts::tell_lost(const runtime::Gap& gap) const {
  if (!options.on_trouble) return;
  options.on_trouble("commands are lost: topic `" + gap.topic + "`, partition " +
                     std::to_string(gap.partition) + " was to be read on from offset " +
                     std::to_string(gap.from) + " and begins at " + std::to_string(gap.to) +
                     "; an abort may have been among them");
}

Engine::Engine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Engine::~Engine() {
  parts_->queue.close();
  parts_->metrics.reset();
  parts_->read_back.reset();
  parts_->commands.reset();
  parts_->publisher.reset();
}

core::Result<std::unique_ptr<Engine>> Engine::open(runtime::EventLog& log, runtime::Bus& bus,
                                                   const runtime::PlanCompiler& compiler,
                                                   EngineOptions options) {
  auto parts = std::make_unique<Parts>(log, std::move(options));
  std::unique_ptr<Engine> engine(new Engine(std::move(parts)));
  TRY_DO(engine->parts_->open(bus, compiler));
  return engine;
}

core::Status Engine::run() { return parts_->loop->run(); }
void Engine::stop() { parts_->queue.close(); }
bool Engine::held() const { return parts_->held; }
std::size_t Engine::active() const { return parts_->shard->rollouts().size(); }

}  // namespace rollbook::adapters
