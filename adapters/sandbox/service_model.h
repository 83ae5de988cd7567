#pragma once
// ServiceModel: the world around the engine in `rollbook sandbox`. It sends metrics that pass every
// criterion of the runbook, split by the traffic effects that it is shown, settles effects, and
// answers questions; faults make it worse. It has no clock, thread, bus or randomness of its own:
// the same seed, effects and events at the same times give the same bytes.
//
//   TRY(auto model, ServiceModel::make(machine, options, sink));
//   model->on_effect(payload, now);         // each message of the effects topic
//   model->on_event(payload, now);          // each message of the events topic
//   model->run_until(model->next_due());    // scrapes, settles, answers: to the sink
//
// synthetic_service.h is this at the ends of a bus. `machine` must outlive the model.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/sandbox/fault.h"
#include "engine/core/machine.h"
#include "engine/runtime/bus.h"

namespace rollbook::adapters {

enum class Answers : std::uint8_t { yes, no, ask };

struct SyntheticOptions {
  std::uint64_t seed = 1;
  std::vector<Fault> faults;
  Answers answers = Answers::yes;
  core::Time begin{};             // of the rollout: what times of faults count from
  core::Duration scrape_every{};  // zero: as the machine's windows need it, at most 15 s
  core::Duration settle_after = std::chrono::milliseconds(200);
  core::Duration answer_after = std::chrono::seconds(30);
  // Requests of both arms: the peak at 16:00 UTC, the trough at 04:00.
  std::int64_t peak_per_second = 900;
  std::int64_t trough_per_second = 120;
  // Makes the metrics topic twice as wide; only a bus of our own can. Needed by that fault.
  std::function<void()> double_partitions;
};

struct ModelTopics {
  std::string metrics = "metrics";
  std::string commands = "rollbook.commands";
};

// A question that waits for a person at the terminal (Answers::ask).
struct OpenQuestion {
  std::string rollout;
  std::uint64_t number = 0;
  bool decides = false;
  std::string item;
  std::vector<std::string> roles;
  std::vector<std::string> options;
};

class ServiceModel {
 public:
  // Takes what the service and its people send.
  using Sink = std::function<void(runtime::Outgoing)>;

  // Error: a fault that names no stage of the machine, or that nothing there could show; a metric
  // for which no labels can be found.
  static core::Result<std::unique_ptr<ServiceModel>> make(const core::Machine& machine,
                                                          SyntheticOptions options,
                                                          ModelTopics topics, Sink sink);
  ~ServiceModel();
  ServiceModel(const ServiceModel&) = delete;
  ServiceModel& operator=(const ServiceModel&) = delete;

  // When it next has something to do; never kDistantFuture, for metrics go on.
  core::Time next_due() const;
  // Does all that is due up to `now`, in order of time.
  void run_until(core::Time now);

  // A message of the effects topic. Error: it is none; nothing happened.
  core::Status on_effect(std::string_view cloud_event, core::Time now);
  // A message of the events topic; only `asked` concerns it. Error: it is none.
  core::Status on_event(std::string_view cloud_event, core::Time now);

  // Answers::ask: the oldest question, taken out; and its answer given for one role, at once.
  std::optional<OpenQuestion> take_question();
  void answer(const OpenQuestion& question, const std::string& role, const std::string& actor,
              const std::string& answer, core::Time now);

  // When the last of the faults begins or ends, of those whose time is known: one that counts from
  // a stage has none before that stage's shift.
  core::Time last_change() const;
  // The canary's share of traffic, as the last shift that was carried out says.
  core::Weight weight() const;

 private:
  class Impl;
  explicit ServiceModel(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rollbook::adapters
