// rollbook_calibrate: false alarms of each test beside what is allowed, and how soon a breach is
// noticed beside the figures of docs/judging.md. tools/calibrate builds and runs it.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <thread>

#include "engine/core/sentence.h"
#include "tools/calibration/alarms.h"

namespace {

using namespace rollbook;

std::int64_t alarms(const calibration::Setting& setting, std::int64_t runs, unsigned threads) {
  std::atomic<std::int64_t> next{0}, wrong{0};
  std::vector<std::jthread> workers;
  for (unsigned i = 0; i < threads; ++i) {
    workers.emplace_back([&] {
      for (std::int64_t run = next++; run < runs; run = next++) {
        if (calibration::errs(setting, static_cast<std::uint64_t>(run))) ++wrong;
      }
    });
  }
  workers.clear();  // joins
  return wrong;
}

bool print_alarms(std::int64_t runs, bool few, unsigned threads) {
  bool good = true;
  fmt::print("Wrong decisions where nothing is wrong, a look after every second\n\n");
  for (const calibration::Setting& setting : calibration::settings(few)) {
    const std::int64_t wrong = alarms(setting, runs, threads);
    const std::int64_t most = calibration::allowed(setting.alpha, runs);
    good = good && wrong <= most;
    fmt::print("{} {:>6} of {} ({:.2f}%), {} allowed: {}\n", wrong <= most ? "✓" : "✗", wrong, runs,
               100.0 * static_cast<double>(wrong) / static_cast<double>(runs), most,
               calibration::describe(setting));
    std::fflush(stdout);
  }
  return good;
}

void print_power(int runs, std::int64_t hours) {
  struct Row {
    std::int64_t rate, fresh, old;  // requests by judging.md
  };
  constexpr Row kRows[] = {{50'000'000, 32, 450},
                           {10'000'000, 340, 1350},
                           {5'000'000, 1020, 7200},
                           {2'000'000, 15'700, 66'600}};
  fmt::print("\nRequests until a breach of 0.1 % is proven at α = 1 %: the median of {}\n\n", runs);
  for (const Row& row : kRows) {
    const std::size_t middle = static_cast<std::size_t>(runs) / 2;
    const std::int64_t fresh = calibration::disprove(core::Fixed{row.rate}, runs)[middle];
    const std::int64_t old = calibration::notice(core::Fixed{row.rate}, 3600 * hours, runs)[middle];
    fmt::print("{:>6}: one test {:>6} (design {}); a guard of {} h {:>6} (design {})\n",
               core::percent_text(core::Fixed{row.rate}), fresh, row.fresh, hours, old, row.old);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("False alarms and power of the tests behind `with confidence`");
  std::int64_t runs = 10'000, hours = 38;
  int breaches = 101;
  bool few = false;
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  app.add_option("--runs", runs, "runs of each setting without a breach");
  app.add_option("--breaches", breaches, "runs of each breach");
  app.add_option("--hours", hours, "that the guard was healthy before");
  app.add_option("--threads", threads);
  app.add_flag("--few", few, "one setting of each test only");
  CLI11_PARSE(app, argc, argv);
  const bool good = print_alarms(runs, few, threads);
  print_power(breaches, hours);
  return good ? 0 : 1;
}
