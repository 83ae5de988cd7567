#include "tools/power/ask.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "adapters/wire/text.h"

namespace rollbook::power {

using core::Machine;
using tools::Exit;
using tools::give_up;
using tools::Outcome;

namespace {

struct Flows {
  double peak = 0;
  std::optional<double> trough;
};

// "900/s" or "900".
Outcome<double> parse_flow(std::string text) {
  const std::string whole = text;
  if (text.ends_with("/s")) text.resize(text.size() - 2);
  const auto value = adapters::parse_fixed(text);
  if (!value || value->nanos <= 0) {
    return give_up(
        fmt::format("`{}` is no number of requests a second: 900/s", adapters::printable(whole)),
        Exit::usage);
  }
  return static_cast<double>(value->nanos) * 1e-9;
}

Outcome<Flows> parse_flows(const std::string& text) {
  const std::size_t comma = text.find(',');
  Flows flows;
  TRY(flows.peak, parse_flow(text.substr(0, comma)));
  if (comma == std::string::npos) return flows;
  TRY(flows.trough, parse_flow(text.substr(comma + 1)));
  if (*flows.trough > flows.peak) {
    return give_up("--load names the peak first, then the trough: 900/s,120/s", Exit::usage);
  }
  return flows;
}

std::vector<Load> loads_of(const Flows& flows) {
  std::vector<Load> loads{{"peak", flows.peak}};
  if (flows.trough) loads.push_back({"trough", *flows.trough});
  return loads;
}

Outcome<std::map<std::string, Flows>> parse_named(const std::vector<std::string>& texts,
                                                  const Machine& machine) {
  std::vector<std::string_view> names;
  for (const core::Target& target : machine.targets) names.push_back(target.name);
  std::map<std::string, Flows> named;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      return give_up(fmt::format("--load {}: it is said of each target, or once of them all: "
                                 "--load {}=600/s,80/s",
                                 adapters::printable(text), names.front()),
                     Exit::usage);
    }
    const std::string name = text.substr(0, equals);
    if (!machine.find_target(name).valid()) {
      return give_up(
          fmt::format("--load {}: runbook `{}` has no target `{}`{}", adapters::printable(text),
                      machine.name, adapters::printable(name), adapters::did_you_mean(name, names)),
          Exit::usage);
    }
    TRY(const Flows flows, parse_flows(text.substr(equals + 1)));
    if (!named.emplace(name, flows).second) {
      return give_up(fmt::format("--load is said twice of target `{}`", name), Exit::usage);
    }
  }
  for (const std::string_view name : names) {
    if (named.contains(std::string(name))) continue;
    return give_up(fmt::format("--load is not said of target `{0}`: --load {0}=600/s,80/s", name),
                   Exit::usage);
  }
  return named;
}

}  // namespace

Outcome<double> parse_rate(const std::string& text) {
  const auto weight = adapters::parse_weight(text);
  if (!weight || weight->nanos <= 0 || *weight >= core::kAllTraffic) {
    return give_up(
        fmt::format("`{}` is no rate between 0% and 100%: 0.02%", adapters::printable(text)),
        Exit::usage);
  }
  return static_cast<double>(weight->nanos) * 1e-9;
}

Outcome<core::Duration> parse_every(const std::string& text) {
  using namespace std::chrono_literals;
  const auto every = adapters::parse_duration(text);
  if (!every || *every < kEveryLeast || *every > kEveryMost || *every % 1s != 0ns) {
    return give_up(fmt::format("--every: `{}` is no whole number of seconds up to an hour: 60s",
                               adapters::printable(text)),
                   Exit::usage);
  }
  return *every;
}

Outcome<std::vector<Load>> parse_loads(const std::vector<std::string>& texts,
                                       const Machine& machine) {
  if (machine.targets.empty() && texts.size() > 1) {
    return give_up("--load is said once: 900/s,120/s", Exit::usage);
  }
  if (texts.size() == 1 && texts.front().find('=') == std::string::npos) {
    TRY(const Flows flows, parse_flows(texts.front()));
    return loads_of(flows);
  }
  if (machine.targets.empty()) {
    return give_up(fmt::format("--load {}: runbook `{}` has no targets; write 900/s,120/s",
                               adapters::printable(texts.front()), machine.name),
                   Exit::usage);
  }
  TRY(const auto named, parse_named(texts, machine));
  // Who says no trough has none: it is always at its peak.
  Load peak{"peak", 0, {}}, trough{"trough", 0, {}};
  bool falls = false;
  for (const core::Target& target : machine.targets) {
    const Flows& own = named.at(target.name);
    peak.of_targets.push_back(own.peak);
    trough.of_targets.push_back(own.trough.value_or(own.peak));
    peak.per_second += peak.of_targets.back();
    trough.per_second += trough.of_targets.back();
    falls = falls || own.trough;
  }
  std::vector<Load> loads{peak};
  if (falls) loads.push_back(trough);
  return loads;
}

}  // namespace rollbook::power
