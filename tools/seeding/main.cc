// rollbook_seeds: healthy canaries that must not be rolled back, and broken ones that must, over
// metrics that are lost, come twice, begin anew. tools/seeds builds and runs it.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>

#include "adapters/wire/text.h"
#include "dsl/compiler.h"
#include "tools/seeding/seeds.h"

namespace {

using namespace rollbook;

struct Options {
  std::string plan = "plans/hal9-canary.runbook";
  std::uint64_t seeds = 1000, first = 1;
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
};

struct Outcomes {
  std::uint64_t as_it_must = 0;
  std::vector<std::string> wrong;                           // lines
  std::map<core::Weight, std::vector<seeding::Played>> by;  // rollbacks of what broke, by weight
};

// The run as a line to copy.
std::string command_of(const Options& options, const seeding::Run& run) {
  std::string text = fmt::format("rollbook sandbox {} --seed {}", options.plan, run.seed);
  for (const std::string& fault : run.faults) text += " --fault \"" + fault + "\"";
  return text;
}

void take(const Options& options, const seeding::Run& run,
          const core::Result<seeding::Played>& played, Outcomes& all) {
  const core::Outcome expected = run.broken ? core::Outcome::rolled_back : core::Outcome::succeeded;
  if (played && played->outcome == expected) {
    ++all.as_it_must;
    if (run.broken) all.by[played->weight].push_back(*played);
    return;
  }
  std::string what = played ? "did not end" : played.error().message;
  if (played && played->outcome == core::Outcome::succeeded) what = "succeeded";
  if (played && played->outcome == core::Outcome::rolled_back) {
    what = "rolled back: " + played->because;
  }
  all.wrong.push_back(fmt::format("seed {}: {}\n  {}", run.seed, what, command_of(options, run)));
}

Outcomes play_all(const Options& options, const runtime::Plan& plan, bool breaks) {
  Outcomes all;
  std::mutex mutex;  // of `all`
  std::atomic<std::uint64_t> next{0};
  std::vector<std::jthread> workers;
  for (unsigned i = 0; i < options.threads; ++i) {
    workers.emplace_back([&] {
      for (std::uint64_t at = next++; at < options.seeds; at = next++) {
        const seeding::Run run = seeding::draw(options.first + at, breaks);
        const auto played = seeding::play(plan, run);
        const std::lock_guard lock(mutex);
        take(options, run, played, all);
        if (isatty(STDERR_FILENO) == 0) continue;
        fmt::print(stderr, "\r\x1b[2K{}: {} of {} as it must be, {} not",
                   breaks ? "broken" : "healthy", all.as_it_must, options.seeds, all.wrong.size());
      }
    });
  }
  workers.clear();  // joins
  if (isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\x1b[2K");
  return all;
}

void print(const Outcomes& all, std::uint64_t seeds, const char* title) {
  fmt::print("{} {} of {}: {}\n", all.wrong.empty() ? "✓" : "✗", all.as_it_must, seeds, title);
  for (const std::string& line : all.wrong) fmt::print("  {}\n", line);
  std::fflush(stdout);
}

// Of rising values.
template <class Value>
Value at_share(std::vector<Value> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

void print_row(const std::string& title, const std::vector<seeding::Played>& all) {
  std::vector<core::Duration> took;
  std::vector<std::int64_t> requests;
  for (const seeding::Played& one : all) {
    took.push_back(std::chrono::floor<std::chrono::seconds>(one.took));
    requests.push_back(one.requests);
  }
  fmt::print("| {} | {} | {} | {} | {} | {} |\n", title, all.size(),
             adapters::format_duration(at_share(took, 0.5)),
             adapters::format_duration(at_share(took, 0.99)), at_share(requests, 0.5),
             at_share(requests, 0.99));
}

void print_how_soon(const Outcomes& all) {
  fmt::print(
      "\nFrom the first failure until the traffic was ordered away\n\n"
      "| canary at | runs | median | 99 of 100 | requests, median | 99 of 100 |\n"
      "|---|---|---|---|---|---|\n");
  std::vector<seeding::Played> together;
  for (const auto& [weight, played] : all.by) {
    print_row(adapters::format_percent(weight), played);
    together.insert(together.end(), played.begin(), played.end());
  }
  if (!together.empty()) print_row("any", together);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Canaries over metrics that are lost, come twice, begin anew: healthy and broken");
  Options options;
  app.add_option("--seeds", options.seeds, "of each kind (default 1000)");
  app.add_option("--first", options.first, "the first seed (default 1)");
  app.add_option("--plan", options.plan, "the runbook: of 24 h of shadow and 38 h of stages");
  app.add_option("--threads", options.threads);
  CLI11_PARSE(app, argc, argv);
  std::ifstream file(options.plan);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto compiled = dsl::Compiler().compile(options.plan, text, {});
  if (!compiled.plan) {
    fmt::print(stderr, "{}: no runbook without errors; see `rollbook check`\n", options.plan);
    return 2;
  }
  const Outcomes healthy = play_all(options, *compiled.plan, false);
  print(healthy, options.seeds, "healthy canaries succeeded, none was rolled back");
  const Outcomes broken = play_all(options, *compiled.plan, true);
  print(broken, options.seeds, "canaries with 1 % errors from some moment on were rolled back");
  print_how_soon(broken);
  return healthy.wrong.empty() && broken.wrong.empty() ? 0 : 1;
}
