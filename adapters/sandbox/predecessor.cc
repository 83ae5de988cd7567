#include "adapters/sandbox/predecessor.h"

#include "adapters/wire/text.h"

namespace rollbook::adapters {

namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// As little as a runbook can say: nothing is shifted, nobody is asked.
std::string text_of(const core::Machine& machine, const std::string& runbook) {
  const std::string weight = format_percent(machine.begins);
  return "edition 1\n\nrunbook " + runbook + " {\n  service " + quoted(machine.service) +
         "\n  metric points = counter points\n  begins traffic " + weight +
         "\n  guard always {\n    stop absent(points) for 1h\n    otherwise halt\n  }\n"
         "  stage earlier { report stage }\n  finish traffic " +
         weight + "\n}\n";
}

// `[a-z0-9-]{1,63}`
std::string id_of(const std::string& runbook) {
  std::string id;
  for (const char c : runbook.substr(0, 50)) {
    id += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c == '_' ? '-' : c;
  }
  return id + "-before";
}

}  // namespace

core::Status precede(runtime::Shard& shard, const runtime::PlanCompiler& compiler,
                     const core::Machine& machine, const std::vector<std::string>& runbooks,
                     core::Time now) {
  for (const std::string& runbook : runbooks) {
    runtime::CommandInput input;
    input.command.key = core::CommandKey{"before", runbook};
    input.command.verb = core::Verb::start;
    input.command.rollout = id_of(runbook);
    input.command.actor = "before";
    input.command.sent = now;
    input.command.weight = machine.begins;
    input.compiled = compiler.compile(runbook + ".runbook", text_of(machine, runbook), {});
    shard.command(input, now);
    TRY(const runtime::Committed committed, shard.commit(now));
    for (const runtime::OutboxRow& row : committed.appended.outbox) {
      shard.delivered(runtime::OutboxKey{row.stream, row.sequence}, now);
    }
    const auto& services = shard.state().services;
    const auto service = services.find(machine.service);
    if (service == services.end() || !service->second.outcomes.contains(runbook)) {
      return core::fail("`" + runbook + "`, which must have succeeded before, could not be run");
    }
  }
  return {};
}

}  // namespace rollbook::adapters
