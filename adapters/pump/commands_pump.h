#pragma once
// CommandsPump: a thread of its own for the commands topic, so that an abort never waits behind
// metrics. Compiles the runbook of a start before it enters the queue.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "adapters/wire/command_decoder.h"
#include "adapters/wire/dead_letter.h"
#include "engine/runtime/bus.h"
#include "engine/runtime/input_queue.h"

namespace rollbook::adapters {

struct CommandHooks {
  std::function<void(DeadLetter)> on_letter;
  // Another engine claims the topics, or says that it holds them.
  std::function<void(const EngineNotice&)> on_notice;
  // Commands were removed before they were read.
  std::function<void(const runtime::Gap&)> on_gap = {};
};

// What a record of the commands topic is to the loop; nothing for what is no command.
std::optional<runtime::CommandInput> to_input(const runtime::Record& record,
                                              const runtime::PlanCompiler& compiler,
                                              const CommandHooks& hooks);

class CommandsPump {
 public:
  CommandsPump(std::unique_ptr<runtime::Consumer> consumer, runtime::InputQueue& queue,
               const runtime::PlanCompiler& compiler, CommandHooks hooks);
  ~CommandsPump();

 private:
  void run(const std::stop_token& stop);

  std::unique_ptr<runtime::Consumer> consumer_;
  runtime::InputQueue& queue_;
  const runtime::PlanCompiler& compiler_;
  CommandHooks hooks_;
  std::jthread thread_;  // last: it uses all above
};

}  // namespace rollbook::adapters
