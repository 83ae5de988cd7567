#include "adapters/pump/commands_pump.h"

#include "engine/core/limits.h"

namespace rollbook::adapters {
namespace {

using namespace std::chrono_literals;

constexpr core::Duration kWait = 100ms;
constexpr std::size_t kRecords = 100;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace

std::optional<runtime::CommandInput> to_input(const runtime::Record& record,
                                              const runtime::PlanCompiler& compiler,
                                              const CommandHooks& hooks) {
  runtime::CommandInput input;
  input.position =
      core::SourceOffset{std::string(record.topic), record.partition, record.offset + 1};
  const bool is_command = std::visit(
      Overloaded{[&](core::Command command) {
                   if (command.verb == core::Verb::start) {
                     const std::string file = command.file.empty() ? "runbook" : command.file;
                     input.compiled = compiler.compile(file, command.runbook, command.params);
                     command.runbook.clear();
                   }
                   input.command = std::move(command);
                   return true;
                 },
                 [&](BadCommand bad) {
                   input.command = std::move(bad.partial);
                   input.command.runbook.clear();
                   input.invalid = std::move(bad.detail);
                   return true;
                 },
                 [&](const EngineNotice& notice) {
                   if (hooks.on_notice) hooks.on_notice(notice);
                   return false;
                 },
                 [&](const NotACloudEvent& not_one) {
                   if (hooks.on_letter) {
                     hooks.on_letter(make_dead_letter(record, record.value, not_one.reason));
                   }
                   return false;
                 }},
      decode_command(record));
  if (!is_command) return std::nullopt;
  return input;
}

CommandsPump::CommandsPump(std::unique_ptr<runtime::Consumer> consumer, runtime::InputQueue& queue,
                           const runtime::PlanCompiler& compiler, CommandHooks hooks)
    : consumer_(std::move(consumer)),
      queue_(queue),
      compiler_(compiler),
      hooks_(std::move(hooks)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

CommandsPump::~CommandsPump() = default;

void CommandsPump::run(const std::stop_token& stop) {
  bool open = true;
  runtime::ConsumerEvents events;
  events.on_record = [&](const runtime::Record& record) {
    if (auto input = to_input(record, compiler_, hooks_)) {
      open = queue_.push(std::move(*input)) && open;
    } else {
      // Read, though no command: catching up must not wait for it.
      open = queue_.push(runtime::SkippedInput{core::SourceOffset{
                 std::string(record.topic), record.partition, record.offset + 1}}) &&
             open;
    }
  };
  // A gap here may have held an abort: every rollout logs it and pages, and where none is under
  // way the engine's own lines say it.
  events.on_gap = [&](const runtime::Gap& gap) {
    if (hooks_.on_gap) hooks_.on_gap(gap);
    queue_.push(
        runtime::GapInput{core::SourceGap{gap.topic, gap.partition, gap.from, gap.to}, true});
  };
  while (!stop.stop_requested() && open) {
    const auto polled = consumer_->poll(kWait, kRecords, events);
    if (!polled) {
      queue_.push(runtime::FatalInput{polled.error()});
      return;
    }
  }
}

}  // namespace rollbook::adapters
