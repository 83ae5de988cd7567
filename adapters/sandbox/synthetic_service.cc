#include "adapters/sandbox/synthetic_service.h"

#include <utility>

namespace rollbook::adapters {

core::Result<std::unique_ptr<SyntheticService>> SyntheticService::make(const core::Machine& machine,
                                                                       runtime::Bus& bus,
                                                                       const EngineTopics& topics,
                                                                       SyntheticOptions options) {
  std::unique_ptr<SyntheticService> service(new SyntheticService);
  service->effects_ = topics.effects;
  service->now_ = options.begin;
  TRY(service->inbox_, bus.consumer({topics.effects, topics.events}, {}, false));
  TRY(service->producer_, bus.producer());
  const auto sink = [producer = service->producer_.get()](const runtime::Outgoing& message) {
    // The sandbox's bus takes everything at once, and its topics are there.
    ROLLBOOK_CHECK(producer->send(
        message, [](const std::optional<core::Error>& error) { ROLLBOOK_CHECK(!error); }));
  };
  TRY(service->model_, ServiceModel::make(machine, std::move(options),
                                          {topics.metrics.front(), topics.commands}, sink));
  return service;
}

core::Status SyntheticService::read(core::Time now) {
  now_ = now;
  core::Status status;
  runtime::ConsumerEvents events;
  events.on_record = [&](const runtime::Record& record) {
    const auto taken = record.topic == effects_ ? model_->on_effect(record.value, now)
                                                : model_->on_event(record.value, now);
    if (!taken && status) {
      status = core::fail(std::string(record.topic) + ", offset " + std::to_string(record.offset) +
                          ": " + taken.error().message);
    }
  };
  for (;;) {
    TRY(const std::size_t count, inbox_->poll(core::Duration::zero(), 1000, events));
    if (count == 0) return status;
  }
}

void SyntheticService::run_until(core::Time now) {
  now_ = now;
  model_->run_until(now);
  producer_->poll(core::Duration::zero());
}

void SyntheticService::answer(const OpenQuestion& question, const std::string& role,
                              const std::string& actor, const std::string& answer) {
  model_->answer(question, role, actor, answer, now_);
  producer_->poll(core::Duration::zero());
}

}  // namespace rollbook::adapters
