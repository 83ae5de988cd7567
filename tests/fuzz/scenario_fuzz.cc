// A scenario file of any bytes, read and made ready for a runbook: what is wrong is reported, and
// a scenario is ready exactly when nothing was.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "dsl/compiler.h"
#include "dsl/format.h"
#include "dsl/scenario.h"
#include "tests/paths.h"
#include "tools/scenario/script.h"

namespace {

using namespace rollbook;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

std::shared_ptr<const runtime::Plan> canary() {
  std::ifstream file(std::string(ROLLBOOK_SOURCE_DIR) + "/plans/hal9-canary.runbook",
                     std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  runtime::Compiled compiled = dsl::Compiler().compile("hal9-canary.runbook", text, {});
  require(compiled.plan.has_value(), "the canary compiles");
  return std::make_shared<const runtime::Plan>(std::move(*compiled.plan));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::shared_ptr<const runtime::Plan> plan = canary();
  const std::string text(reinterpret_cast<const char*>(data), size);
  dsl::Sink sink("t.scenario");
  const std::vector<dsl::scenario::Scenario> scenarios = dsl::scenario::parse(text, sink);
  if (sink.has_errors()) return 0;
  for (const dsl::scenario::Scenario& scenario : scenarios) {
    dsl::Sink found("t.scenario");
    const auto script = tools::make_script(scenario, plan, found);
    require(script.has_value() != found.has_errors(), "ready exactly when nothing is wrong");
  }
  return 0;
}
