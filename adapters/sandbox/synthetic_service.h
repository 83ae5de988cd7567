#pragma once
// SyntheticService: the other side of the sandbox. It exports healthy metrics of every metric of a
// runbook, obeys the traffic effects that it reads, settles what is awaited, answers questions,
// and suffers the faults it was given. It sees and says everything through a bus, as a real
// service and its people would; time is handed to it, randomness comes from a seed.
//
//   SyntheticService service(machine, bus, topics, options);
//   service.read(now);                       // effects and events since the last time
//   service.run_until(service.next_due());   // scrapes, settles, answers
//
// One thread.

#include <memory>
#include <string>
#include <vector>

#include "adapters/pump/engine.h"
#include "adapters/sandbox/fault.h"
#include "engine/core/machine.h"
#include "engine/runtime/bus.h"

namespace rollbook::adapters {

enum class Answers : std::uint8_t { yes, no, ask };

struct SyntheticOptions {
  std::uint64_t seed = 1;
  std::vector<Fault> faults;
  Answers answers = Answers::yes;
  core::Time begin{};
  core::Duration scrape_every = std::chrono::seconds(15);
  core::Duration settle_after = std::chrono::milliseconds(200);
  core::Duration answer_after = std::chrono::seconds(30);
  std::int64_t requests_per_second = 900;
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

class SyntheticService {
 public:
  static core::Result<std::unique_ptr<SyntheticService>> make(const core::Machine& machine,
                                                              runtime::Bus& bus,
                                                              const EngineTopics& topics,
                                                              SyntheticOptions options);
  ~SyntheticService();

  // Takes in what the engine sent. Error: the bus's.
  core::Status read(core::Time now);
  core::Time next_due() const;
  // Does what is due up to `now`.
  void run_until(core::Time now);

  // Answers::ask: the oldest question, taken out; and its answer given for one role.
  std::optional<OpenQuestion> take_question();
  void answer(const OpenQuestion& question, const std::string& role, const std::string& actor,
              const std::string& answer);

 private:
  class Impl;
  explicit SyntheticService(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rollbook::adapters
