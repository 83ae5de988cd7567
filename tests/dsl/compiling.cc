#include "tests/dsl/compiling.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "dsl/compiler.h"
#include "dsl/print_machine.h"
#include "tests/paths.h"

namespace rollbook::dsl {

namespace {

std::string listed(const std::string& text, bool with_errors, bool with_warnings) {
  std::string lines;
  for (const runtime::Diagnostic& found : compile(text).diagnostics) {
    const bool error = found.severity == runtime::Severity::error;
    if (error ? !with_errors : !with_warnings) continue;
    lines += std::to_string(found.span.line) + ":" + std::to_string(found.span.column) + " " +
             found.code + " " + found.message + "\n";
    if (!found.help.empty()) lines += "  " + found.help + "\n";
  }
  return lines;
}

}  // namespace

runtime::Compiled compile(const std::string& text) {
  return Compiler().compile("t.runbook", text, {});
}

std::string findings(const std::string& text) { return listed(text, true, true); }
std::string errors(const std::string& text) { return listed(text, true, false); }
std::string warnings(const std::string& text) { return listed(text, false, true); }

std::string machine_text(const std::string& text) {
  const runtime::Compiled compiled = compile(text);
  return compiled.plan ? print_machine(compiled.plan->machine) : findings(text);
}

std::string states_text(const std::string& text, const std::string& from) {
  const runtime::Compiled compiled = compile(text);
  if (!compiled.plan) return findings(text);
  const core::Machine& machine = compiled.plan->machine;
  return print_states(machine, machine.find(from));
}

core::Machine without_places(core::Machine machine) {
  const auto clear = [](auto& parts) {
    for (auto& part : parts) part.span = core::Span{};
  };
  clear(machine.metrics);
  clear(machine.criteria);
  clear(machine.items);
  clear(machine.effects);
  clear(machine.states);
  clear(machine.transitions);
  clear(machine.targets);
  return machine;
}

core::Machine placeless_machine(const std::string& text) {
  const runtime::Compiled compiled = compile(text);
  EXPECT_TRUE(compiled.plan) << text << "\n" << errors(text);
  return compiled.plan ? without_places(compiled.plan->machine) : core::Machine{};
}

std::string read_source(const std::string& path) {
  std::ifstream file(std::string(ROLLBOOK_SOURCE_DIR) + "/" + path);
  if (!file) throw std::runtime_error("no such file: " + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Line numbers in expected findings count in this text.
Runbook::Runbook()
    : text_(R"(edition 1
runbook shop {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  role lead, owner
  metric requests   = counter   requests_total
  metric errors     = counter   errors_total default 0
  metric latency    = histogram duration_seconds
  metric queue      = gauge max queue_length
  metric error_rate = errors / requests
  channel mail   = smtp("a@example.com")
  channel oncall = pagerduty("shop")
  action suite(phase: text)
  guard {
    stop error_rate > 1% over 5m
    stop p99(latency) > 50ms over 5m
    stop queue > 1000 over 5m
    stop absent(requests) for 3m
    otherwise rollback automatic
  }
  stage first {
    traffic 10%
    hold 1h
    run suite(phase: "first")
    expect error_rate < 0.5% over 5m
    confirm "Fine" by lead
    within 2h otherwise decide verdict
  }
  stage second {
    traffic 50%
    hold 2h
  }
  decide verdict {
    by all of lead, owner
    ask mail, oncall
    within 1h otherwise rollback automatic
    option go "Go on" next
    option back "Go back" rollback automatic
  }
  rollback automatic {
    traffic 0%
    page oncall "Back: {cause}"
  }
  finish traffic 50%
}
)") {}

Runbook& Runbook::with(const std::string& part, const std::string& instead) {
  const std::size_t at = text_.find(part);
  if (at == std::string::npos) throw std::runtime_error("the runbook has no `" + part + "`");
  text_.replace(at, part.size(), instead);
  return *this;
}

Runbook& Runbook::after(const std::string& line, const std::string& added) {
  return with(line + "\n", line + "\n" + added + "\n");
}

}  // namespace rollbook::dsl
