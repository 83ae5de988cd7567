#pragma once
// SyntheticService: the other side of the sandbox, at the ends of a bus. It exports healthy metrics
// of every metric of a runbook, obeys the traffic effects that it reads, settles what is awaited,
// answers questions, and suffers the faults it was given (service_model.h). It sees and says
// everything through a bus, as a real service and its people would; time is handed to it,
// randomness comes from a seed.
//
//   SyntheticService service(machine, bus, topics, options);
//   service.read(now);                       // effects and events since the last time
//   service.run_until(service.next_due());   // scrapes, settles, answers
//
// One thread.

#include <memory>
#include <optional>
#include <string>

#include "adapters/pump/engine.h"
#include "adapters/sandbox/service_model.h"
#include "engine/core/machine.h"
#include "engine/runtime/bus.h"

namespace rollbook::adapters {

class SyntheticService {
 public:
  // Error: the bus's, or the model's. `machine` and `bus` must outlive it.
  static core::Result<std::unique_ptr<SyntheticService>> make(const core::Machine& machine,
                                                              runtime::Bus& bus,
                                                              const EngineTopics& topics,
                                                              SyntheticOptions options);
  SyntheticService(const SyntheticService&) = delete;
  SyntheticService& operator=(const SyntheticService&) = delete;

  // Takes in what the engine sent. Error: the bus's, or a message that is no CloudEvent.
  core::Status read(core::Time now);
  core::Time next_due() const { return model_->next_due(); }
  core::Time last_change() const { return model_->last_change(); }
  // Does what is due up to `now`.
  void run_until(core::Time now);

  // Answers::ask: the oldest question, taken out; and its answer given for one role.
  std::optional<OpenQuestion> take_question() { return model_->take_question(); }
  void answer(const OpenQuestion& question, const std::string& role, const std::string& actor,
              const std::string& answer);

 private:
  SyntheticService() = default;

  std::string effects_;
  std::unique_ptr<runtime::Consumer> inbox_;
  std::unique_ptr<runtime::Producer> producer_;
  std::unique_ptr<ServiceModel> model_;
  core::Time now_{};
};

}  // namespace rollbook::adapters
