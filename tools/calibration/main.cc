// rollbook_calibrate: false alarms of each test beside what is allowed, and how soon a breach is
// noticed beside the figures of docs/judging.md. tools/calibrate builds and runs it.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <thread>

#include "engine/core/sentence.h"
#include "tools/calibration/alarms.h"

namespace {

using namespace rollbook;
using calibration::Setting;

struct Options {
  std::int64_t runs = 10'000, hours = 38;
  int breaches = 101;
  std::uint64_t seed = 20260105;
  std::vector<std::string> only;
  bool few = false;
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
};

// Falling, as errs_at() wants them.
const std::vector<core::Fixed> kAlphas = {core::Fixed{50'000'000}, core::Fixed{10'000'000}};

// A line that is written over, on a terminal alone.
void show_progress(std::size_t cell, std::size_t cells, std::int64_t run, std::int64_t runs) {
  if (isatty(STDERR_FILENO) == 0) return;
  fmt::print(stderr, "\r\x1b[2Ksetting {} of {}, run {} of {}", cell + 1, cells, run, runs);
  if (run == runs) fmt::print(stderr, "\r\x1b[2K");
}

// How many runs erred at each α.
std::vector<std::int64_t> alarms(const Setting& setting, const Options& options, std::size_t cell,
                                 std::size_t cells) {
  std::atomic<std::int64_t> next{0};
  std::vector<std::atomic<std::int64_t>> wrong(kAlphas.size());
  std::vector<std::jthread> workers;
  for (unsigned i = 0; i < options.threads; ++i) {
    workers.emplace_back([&, i] {
      for (std::int64_t run = next++; run < options.runs; run = next++) {
        const std::uint64_t number = options.seed + static_cast<std::uint64_t>(run);
        const std::size_t erred = calibration::errs_at(setting, kAlphas, number);
        for (std::size_t at = 0; at < erred; ++at) ++wrong[at];
        if (i == 0 && run % 64 < options.threads) show_progress(cell, cells, run, options.runs);
      }
    });
  }
  workers.clear();  // joins
  show_progress(cell, cells, options.runs, options.runs);
  return {wrong.begin(), wrong.end()};
}

std::string special_of(const Setting& setting) {
  if (setting.shift_after > 0) return "shift in the middle";
  std::string text = setting.burst > 1 ? fmt::format("bursts of {}", setting.burst) : "";
  if (setting.seen > 0) text += fmt::format(", after {} s of them", setting.seen);
  if (setting.every > 1) text += fmt::format("{}a point a minute", text.empty() ? "" : ", ");
  return text;
}

std::string percent_of(std::int64_t part, std::int64_t whole) {
  return fmt::format("{:.2f}", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

void print_head(const Options& options) {
  fmt::print(
      "Wrong decisions where nothing is wrong, in per cent of {} runs, a look after every "
      "second",
      options.runs);
  for (const core::Fixed alpha : kAlphas) {
    fmt::print("; α = {}: chance allows {}", core::percent_text(alpha),
               percent_of(calibration::allowed(alpha, options.runs), options.runs));
  }
  fmt::print("\n\n| test | canary | | errors |");
  for (const core::Fixed alpha : kAlphas) fmt::print(" α = {} |", core::percent_text(alpha));
  fmt::print("\n|---|---|---|---|---|---|\n");
}

// Rates of one test and its circumstances make a row: "0.02% · 0.1%".
struct Row {
  Setting setting;
  std::vector<std::string> rates;
  std::vector<std::vector<std::string>> wrong{kAlphas.size()};
};

bool goes_on(const Row& row, const Setting& setting) {
  return row.setting.test == setting.test && row.setting.weight == setting.weight &&
         special_of(row.setting) == special_of(setting);
}

void print(const Row& row) {
  const bool of_rates = row.rates.size() > 1;
  fmt::print("| {} | {} | {} | {} |", row.setting.test,
             core::percent_text(core::Fixed{row.setting.weight.nanos}), special_of(row.setting),
             of_rates ? fmt::format("{}", fmt::join(row.rates, " · ")) : "");
  for (const auto& wrong : row.wrong) fmt::print(" {} |", fmt::join(wrong, " · "));
  fmt::print("\n");
  std::fflush(stdout);
}

bool print_alarms(const Options& options) {
  std::vector<Setting> settings = calibration::settings(options.few);
  std::erase_if(settings, [&](const Setting& setting) {
    return !options.only.empty() &&
           std::find(options.only.begin(), options.only.end(), setting.test) == options.only.end();
  });
  print_head(options);
  bool good = true;
  Row row;
  for (std::size_t cell = 0; cell < settings.size(); ++cell) {
    const Setting& setting = settings[cell];
    if (!goes_on(row, setting)) row = Row{.setting = setting, .rates = {}};
    const auto wrong = alarms(setting, options, cell, settings.size());
    row.rates.push_back(core::percent_text(setting.rate));
    for (std::size_t at = 0; at < kAlphas.size(); ++at) {
      const bool within = wrong[at] <= calibration::allowed(kAlphas[at], options.runs);
      good = good && within;
      row.wrong[at].push_back(percent_of(wrong[at], options.runs) + (within ? "" : " ✗"));
    }
    if (cell + 1 == settings.size() || !goes_on(row, settings[cell + 1])) print(row);
  }
  return good;
}

void print_power(const Options& options) {
  constexpr std::int64_t kRates[] = {50'000'000, 10'000'000, 5'000'000, 2'000'000};
  fmt::print(
      "\nRequests until a breach of 0.1 % is proven at α = 1 %: the median of {}, seed {}\n\n"
      "| true rate | one test, a look a request | a guard healthy for {} h |\n|---|---|---|\n",
      options.breaches, options.seed, options.hours);
  for (const std::int64_t nanos : kRates) {
    const core::Fixed rate{nanos};
    const std::size_t middle = static_cast<std::size_t>(options.breaches) / 2;
    const auto fresh = calibration::disprove(rate, options.breaches, options.seed)[middle];
    const auto old =
        calibration::notice(rate, 3600 * options.hours, options.breaches, options.seed)[middle];
    fmt::print("| {} | {} | {} |\n", core::percent_text(rate), fresh, old);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("False alarms and power of the tests behind `with confidence`");
  Options options;
  app.add_option("--runs", options.runs, "runs of each setting without a breach; 0: none");
  app.add_option("--only", options.only, "settings of these tests only")
      ->check(CLI::IsMember(calibration::tests()));
  app.add_option("--breaches", options.breaches, "runs of each breach; 0: none");
  app.add_option("--hours", options.hours, "that the guard was healthy before");
  app.add_option("--seed", options.seed, "of all runs");
  app.add_option("--threads", options.threads);
  app.add_flag("--few", options.few, "one setting of each test only");
  CLI11_PARSE(app, argc, argv);
  const bool good = options.runs <= 0 || print_alarms(options);
  if (options.breaches > 0) print_power(options);
  return good ? 0 : 1;
}
