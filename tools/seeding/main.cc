// rollbook_seeds: healthy canaries that must not be rolled back, broken ones that must, and what
// both arms share, which must be halted, over metrics that are lost, come twice, begin anew.
// tools/seeds builds and runs it.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "adapters/wire/text.h"
#include "dsl/compiler.h"
#include "tools/seeding/seeds.h"

namespace {

using namespace rollbook;

constexpr std::pair<const char*, seeding::Kind> kKinds[] = {{"healthy", seeding::Kind::healthy},
                                                            {"broken", seeding::Kind::broken},
                                                            {"shared", seeding::Kind::shared}};

struct Options {
  std::string plan = "plans/hal9-canary.runbook";
  std::string kind;
  std::uint64_t seeds = 1000, first = 1;
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
};

// Runs of one kind, and what is said of them.
struct Series {
  seeding::Kind kind = seeding::Kind::healthy;
  const char* name = "";
  const char* promise = "";
  runtime::Plan plan;
};

struct Outcomes {
  std::uint64_t as_it_must = 0;
  std::vector<std::string> wrong;                           // lines
  std::map<core::Weight, std::vector<seeding::Played>> by;  // of what broke, by weight
};

// The run as a line to copy.
std::string command_of(const std::string& file, const seeding::Run& run) {
  std::string text = fmt::format("rollbook sandbox {} --seed {}", file, run.seed);
  for (const std::string& fault : run.faults) text += " --fault \"" + fault + "\"";
  return text;
}

void take(const Series& series, const seeding::Run& run,
          const core::Result<seeding::Played>& played, Outcomes& all) {
  const std::string wrong = played ? seeding::wrong_in(run, *played) : played.error().message;
  if (wrong.empty()) {
    ++all.as_it_must;
    if (run.broken) all.by[played->weight].push_back(*played);
    return;
  }
  all.wrong.push_back(
      fmt::format("seed {}: {}\n  {}", run.seed, wrong, command_of(series.plan.file, run)));
}

Outcomes play_all(const Options& options, const Series& series) {
  Outcomes all;
  std::mutex mutex;  // of `all`
  std::atomic<std::uint64_t> next{0};
  std::vector<std::jthread> workers;
  for (unsigned i = 0; i < options.threads; ++i) {
    workers.emplace_back([&] {
      for (std::uint64_t at = next++; at < options.seeds; at = next++) {
        const seeding::Run run = seeding::draw(options.first + at, series.kind);
        const auto played = seeding::play(series.plan, run);
        const std::lock_guard lock(mutex);
        take(series, run, played, all);
        if (isatty(STDERR_FILENO) == 0) continue;
        fmt::print(stderr, "\r\x1b[2K{}: {} of {} as it must be, {} not", series.name,
                   all.as_it_must, options.seeds, all.wrong.size());
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
}

// Of rising values.
template <class Value>
Value at_share(std::vector<Value> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

// What is told of a run; nothing: it has none.
using Told = std::optional<seeding::Stretch> seeding::Played::*;

void print_row(const std::string& title, const std::vector<seeding::Stretch>& all) {
  std::vector<core::Duration> took;
  std::vector<std::int64_t> requests;
  for (const seeding::Stretch& one : all) {
    took.push_back(std::chrono::floor<std::chrono::seconds>(one.took));
    requests.push_back(one.requests);
  }
  fmt::print("| {} | {} | {} | {} | {} | {} |\n", title, all.size(),
             adapters::format_duration(at_share(took, 0.5)),
             adapters::format_duration(at_share(took, 0.99)), at_share(requests, 0.5),
             at_share(requests, 0.99));
}

void print_how_soon(const Outcomes& all, Told told, const char* title) {
  std::vector<seeding::Stretch> together;
  std::vector<std::pair<core::Weight, std::vector<seeding::Stretch>>> rows;
  for (const auto& [weight, played] : all.by) {
    std::vector<seeding::Stretch> row;
    for (const seeding::Played& one : played) {
      if (one.*told) row.push_back(*(one.*told));
    }
    if (row.empty()) continue;
    together.insert(together.end(), row.begin(), row.end());
    rows.emplace_back(weight, std::move(row));
  }
  if (together.empty()) return;
  fmt::print(
      "\n{}\n\n"
      "| canary at | runs | median | 99 of 100 | requests, median | 99 of 100 |\n"
      "|---|---|---|---|---|---|\n",
      title);
  for (const auto& [weight, row] : rows) print_row(adapters::format_percent(weight), row);
  print_row("any", together);
}

runtime::Plan compile(const std::string& file, const std::string& text) {
  auto compiled = dsl::Compiler().compile(file, text, {});
  if (compiled.plan) return std::move(*compiled.plan);
  fmt::print(stderr, "{}: no runbook without errors; see `rollbook check`\n", file);
  std::exit(2);
}

// Beside this program, so that the lines to copy name a file.
runtime::Plan compile_halting(const Options& options, const std::string& text) {
  const auto halting = seeding::halting(text);
  if (!halting) {
    fmt::print(stderr, "{}: {}\n", options.plan, halting.error().message);
    std::exit(2);
  }
  namespace fs = std::filesystem;
  const fs::path file = fs::proximate(fs::canonical("/proc/self/exe").parent_path()) /
                        (fs::path(options.plan).stem().string() + "-halting.runbook");
  std::ofstream(file) << *halting;
  return compile(file.string(), *halting);
}

Series series_of(seeding::Kind kind, const Options& options, const std::string& text) {
  switch (kind) {
    case seeding::Kind::healthy:
      return {kind, "healthy", "healthy canaries succeeded, none was rolled back",
              compile(options.plan, text)};
    case seeding::Kind::broken:
      return {kind, "broken", "canaries with 1 % errors from some moment on were rolled back",
              compile(options.plan, text)};
    case seeding::Kind::shared:
      break;
  }
  return {kind, "shared",
          "failures of both arms were halted, and rolled back where the baseline alone recovered",
          compile_halting(options, text)};
}

// True: all were as they must be.
bool report(const Options& options, const Series& series) {
  const Outcomes all = play_all(options, series);
  print(all, options.seeds, series.promise);
  if (series.kind == seeding::Kind::broken) {
    print_how_soon(all, &seeding::Played::back,
                   "From the first failure until the traffic was ordered away");
  }
  if (series.kind == seeding::Kind::shared) {
    print_how_soon(all, &seeding::Played::halted,
                   "From the first failure of both until it was halted");
    print_how_soon(all, &seeding::Played::back,
                   "From the recovery of the baseline alone until the traffic was ordered away");
  }
  std::fflush(stdout);
  return all.wrong.empty();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Canaries over metrics that are lost, come twice, begin anew: healthy ones, broken ones, and "
      "a failure that both arms share.\n"
      "Exit code 1: one did what it must not; its `rollbook sandbox` line is printed.\n\n"
      "  tools/seeds --kind shared --seeds 100 --first 501");
  Options options;
  app.add_option("--seeds", options.seeds, "of each kind (default 1000)");
  app.add_option("--first", options.first, "the first seed (default 1)");
  app.add_option("--kind", options.kind, "one kind alone (default: all three)")
      ->check(CLI::IsMember({"healthy", "broken", "shared"}));
  app.add_option("--plan", options.plan,
                 "the runbook: of 24 h of shadow and 38 h of stages; for `shared`, its guard gets "
                 "`when baseline fails too halt`");
  app.add_option("--threads", options.threads);
  CLI11_PARSE(app, argc, argv);
  std::ifstream file(options.plan);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  bool as_they_must = true, first = true;
  for (const auto& [name, kind] : kKinds) {
    if (!options.kind.empty() && options.kind != name) continue;
    if (!std::exchange(first, false)) fmt::print("\n");
    as_they_must = report(options, series_of(kind, options, text)) && as_they_must;
  }
  return as_they_must ? 0 : 1;
}
