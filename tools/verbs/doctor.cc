#include <fmt/format.h>
#include <sys/timex.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "adapters/kafka/kafka_bus.h"
#include "adapters/wire/age.h"
#include "adapters/wire/json_out.h"
#include "dsl/compiler.h"
#include "dsl/diagnostics.h"
#include "engine/core/units.h"
#include "engine/runtime/loop.h"
#include "tools/files.h"
#include "tools/metric_advice.h"
#include "tools/metric_reading.h"
#include "tools/metric_survey.h"
#include "tools/rollouts.h"
#include "tools/settings.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

using namespace std::chrono_literals;
using adapters::Json;

constexpr std::uintmax_t kFreeLeast = std::uintmax_t{1} << 30;  // a month of some rollouts' log

struct Options {
  Settings settings;
  std::string runbook;
  std::string listen_for;
  std::string output;
};

enum class State : std::uint8_t { ok, warning, failed };
constexpr std::string_view kStateNames[] = {"ok", "warning", "failed"};

struct Check {
  std::string name;
  State state = State::ok;
  std::string text;
};

// ---- The checks of a place ------------------------------------------------------------------

class Examination {
 public:
  explicit Examination(const adapters::Config& config) : config_(config) {}

  std::vector<Check> run() {
    bus();
    store();
    clock();
    return std::move(checks_);
  }
  bool unreachable = false;

 private:
  void note(std::string name, State state, std::string text) {
    checks_.push_back({std::move(name), state, std::move(text)});
  }

  void bus() {
    const std::string name = config_.file_bus() ? "bus" : "broker";
    const std::string where = config_.file_bus() ? config_.bus : config_.brokers;
    auto made = make_bus(config_);
    if (!made) return note(name, State::failed, made.error().message);
    std::vector<std::string> there;
    if (!config_.file_bus()) {
      adapters::KafkaOptions options;
      options.brokers = config_.brokers;
      options.properties = config_.kafka_properties;
      auto admin = adapters::make_kafka_admin(std::move(options));
      auto topics = admin ? (*admin)->topics() : tl::make_unexpected(admin.error());
      if (!topics) {
        unreachable = true;
        return note(name, State::failed, topics.error().message);
      }
      there = std::move(*topics);
    }
    note(name, State::ok, where + " answers");
    for (const adapters::MetricTopic& topic : config_.metrics) {
      check_topic(**made, there, topic.topic, fmt::format("metrics, format {}", topic.format));
    }
    check_topic(**made, there, config_.topics.commands, "commands");
    check_topic(**made, there, config_.topics.effects, "effects");
    check_topic(**made, there, config_.topics.events, "events");
    check_topic(**made, there, config_.topics.deadletter, "dead letters");
  }

  void check_topic(runtime::Bus& bus, const std::vector<std::string>& there,
                   const std::string& topic, const std::string& what) {
    if (!config_.file_bus() && std::find(there.begin(), there.end(), topic) == there.end()) {
      return note("topic", State::warning,
                  fmt::format("{} ({}) is not there; the engine makes it at its start where it may",
                              topic, what));
    }
    const auto ends = bus.ends({topic});
    if (!ends) {
      // A topic in a directory that is not there is made at the start, too.
      return note("topic", config_.file_bus() ? State::warning : State::failed,
                  fmt::format("{} ({}): {}", topic, what, ends.error().message));
    }
    std::int64_t records = 0;
    for (const core::SourceOffset& end : *ends) {
      records += end.next;
      ends_.push_back(end);
    }
    note("topic", State::ok,
         fmt::format("{} ({}): {} partition{}, {} records so far", topic, what, ends->size(),
                     ends->size() == 1 ? "" : "s", records));
  }

  void store() {
    const std::string& path = config_.store_path;
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) {
      return note("store", State::warning,
                  path + " is not there yet; the engine makes it at its first start");
    }
    if (access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
      note("store", State::failed,
           fmt::format("{} is not readable and writable for uid {}; the engine would not start",
                       path, getuid()));
    }
    const auto space = std::filesystem::space(path, error);
    if (!error) {
      note("store", space.available < kFreeLeast ? State::warning : State::ok,
           fmt::format("{} has {:.1f} GB free", path, static_cast<double>(space.available) / 1e9));
    }
    auto log = open_log(path);
    if (!log) {
      unreachable = unreachable || log.error().exit == Exit::unreachable;
      return note("store", State::failed, log.error().message);
    }
    const auto rollouts = list_rollouts(**log);
    if (!rollouts) return note("store", State::failed, rollouts.error().message);
    note("store", State::ok, fmt::format("the log opens and holds {} rollouts", rollouts->size()));
    for (const Entry& entry : *rollouts) lag(**log, entry);
    sizes(**log);
  }

  void sizes(const store::RocksReader& log) {
    const auto last = runtime::Loop::last_too_large(log);
    if (!last || !*last) return;
    note("size", State::warning,
         fmt::format("{}: {}", adapters::format_time((*last)->at), (*last)->what));
  }

  // How far behind the ends of its inputs a rollout under way has counted.
  void lag(const store::RocksReader& log, const Entry& entry) {
    const auto rollout = Rollout::load(log, entry.stream);
    if (!rollout || rollout->state().finished()) return;
    std::int64_t behind = 0;
    for (const core::SourceOffset& counted : rollout->state().offsets) {
      for (const core::SourceOffset& end : ends_) {
        if (end.topic == counted.topic && end.partition == counted.partition) {
          behind += std::max<std::int64_t>(0, end.next - counted.next);
        }
      }
    }
    note("lag", State::ok,
         fmt::format("{} has counted all but {} records of its metrics", entry.rollout, behind));
  }

  // The kernel knows whether somebody keeps its clock; a clock that drifts past the skew limit has
  // its points quarantined, or those of all others.
  void clock() {
    struct timex state {};
    const int result = adjtimex(&state);
    if (result < 0) return note("clock", State::warning, "the kernel does not tell how it is kept");
    const bool kept = result != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
    note("clock", kept ? State::ok : State::warning,
         kept ? "kept by NTP"
              : "not kept by NTP, as far as the kernel knows; points more than 10 s ahead of it "
                "are quarantined");
  }

  const adapters::Config& config_;
  std::vector<Check> checks_;
  std::vector<core::SourceOffset> ends_;
};

// ---- The metrics of a runbook ---------------------------------------------------------------

std::string seconds_text(core::Duration duration) {
  return adapters::age_text(std::max(duration, core::Duration::zero()));
}

std::string join(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}

State state_of(const MetricFinding& found) {
  if (!found.problems.empty()) return State::failed;
  return found.is_doubtful() ? State::warning : State::ok;
}

std::string latest_text(const MetricFinding& found) {
  const core::Duration lag = *found.lag;
  return lag < core::Duration::zero() ? seconds_text(-lag) + " ahead" : seconds_text(lag) + " ago";
}

void print(const MetricFinding& found, const Console& console) {
  console.line(fmt::format(
      "{:<7} {} = {} {}: {}", kStateNames[static_cast<std::size_t>(state_of(found))], found.metric,
      found.kind, found.name,
      !found.seen ? "not seen" : fmt::format("{} series, {}", found.series, join(found.kinds))));
  const auto detail = [&](const std::string& text) {
    console.line("          " + adapters::printable(text));
  };
  if (found.seen) {
    const std::string pace = found.points_per_second > 0
                                 ? fmt::format("{:.3g} points a second", found.points_per_second)
                                 : "a point of each series";
    detail(fmt::format("{}, the latest {}", pace, latest_text(found)));
    std::vector<std::string> arms, labels;
    for (const auto& [arm, series] : found.arms)
      arms.push_back(fmt::format("{} ({})", arm, series));
    if (!arms.empty()) detail("arms: " + join(arms));
    for (const auto& [label, values] : found.labels) {
      labels.push_back(fmt::format("{}={}", label, fmt::join(values, "|")));
    }
    if (!labels.empty()) detail("labels: " + join(labels));
  }
  if (!found.edges.empty()) {
    std::vector<std::string> edges;
    for (const core::Fixed edge : found.edges) edges.push_back(core::value_text(found.unit, edge));
    detail(found.exponential ? fmt::format("edges: exponential, {} from {} to {}", edges.size(),
                                           edges.front(), edges.back())
                             : "edges: " + join(edges));
  }
  for (const LimitFinding& limit : found.limits) detail(limit.criterion + ": " + limit.says);
  for (const auto* sentences : {&found.problems, &found.warnings, &found.notes}) {
    for (const std::string& sentence : *sentences) detail(sentence);
  }
  if (!found.write.text.empty()) detail("write: " + found.write.text);
}

Json number_or_null(const std::optional<core::Fixed>& value) {
  return value ? adapters::number(*value) : Json(nullptr);
}

Json to_json(const LimitFinding& limit) {
  return {{"criterion", limit.criterion},       {"limit", number_or_null(limit.limit)},
          {"on_edge", limit.on_edge},           {"low", number_or_null(limit.low)},
          {"high", number_or_null(limit.high)}, {"says", limit.says}};
}

// A wall clock's lag has no meaning below a second.
Json age_or_null(const std::optional<core::Duration>& lag) {
  if (!lag) return nullptr;
  const core::Duration age = std::max(*lag, core::Duration::zero());
  return adapters::format_duration(std::chrono::floor<std::chrono::seconds>(age));
}

Json to_json(const MetricFinding& found) {
  Json json{{"metric", found.metric}, {"name", found.name},   {"kind", found.kind},
            {"seen", found.seen},     {"kinds", found.kinds}, {"series", found.series}};
  json["state"] = kStateNames[static_cast<std::size_t>(state_of(found))];
  json["arms"] = Json::object();
  for (const auto& [arm, series] : found.arms) json["arms"][arm] = series;
  json["labels"] = found.labels;
  json["points_per_second"] = found.points_per_second;
  json["lag"] = age_or_null(found.lag);
  if (found.lag && *found.lag < core::Duration::zero()) json["ahead"] = age_or_null(-*found.lag);
  json["unit"] = core::name_of(found.unit);
  json["edges"] = Json::array();
  for (const core::Fixed edge : found.edges) json["edges"].push_back(adapters::number(edge));
  json["exponential"] = found.exponential;
  json["limits"] = Json::array();
  for (const LimitFinding& limit : found.limits) json["limits"].push_back(to_json(limit));
  json["problems"] = found.problems;
  json["warnings"] = found.warnings;
  json["notes"] = found.notes;
  json["write"] = found.write.text;
  return json;
}

Outcome<Exit> examine_metrics(const Options& options, const adapters::Config& config,
                              const Console& console) {
  const auto duration = adapters::parse_duration(options.listen_for);
  if (!duration || *duration <= core::Duration::zero()) {
    return give_up(fmt::format("--for: `{}` is no duration, write 10s",
                               adapters::printable(options.listen_for)),
                   Exit::usage);
  }
  TRY(const std::string text, read_runbook(options.runbook));
  const runtime::Compiled compiled = dsl::Compiler().compile(options.runbook, text, {});
  if (!compiled.plan) {
    for (const runtime::Diagnostic& found : compiled.diagnostics) {
      console.say(dsl::render(found, text));
    }
    return give_up(options.runbook + " is not valid; `rollbook check` says why");
  }
  catch_interrupts();
  if (console.look().err_is_terminal) {
    console.say(fmt::format("listening for {} …", adapters::format_duration(*duration)));
  }
  TRY(const auto bus, make_bus(config));
  MetricSurvey survey;
  MetricReading heard(config, [&](const runtime::PointBatch& batch, const Arrival& how) {
    survey.take(batch, how);
  });
  TRY_DO(heard.listen(*bus, *duration));
  const auto findings =
      advised(survey, {options.runbook, text}, compiled.plan->machine, wall_now());
  const bool fit = std::all_of(findings.begin(), findings.end(),
                               [](const MetricFinding& found) { return found.problems.empty(); });
  if (options.output == "json") {
    Json json{{"records", heard.records()},
              {"points", survey.points()},
              {"names", survey.names()},
              {"unreadable", heard.unreadable()},
              {"first_unreadable", heard.first_unreadable()}};
    json["metrics"] = Json::array();
    for (const MetricFinding& found : findings) json["metrics"].push_back(to_json(found));
    console.line(adapters::to_line(json));
  } else {
    console.line(fmt::format("{} records, {} points of {} names", heard.records(), survey.points(),
                             survey.names()));
    if (heard.unreadable() > 0) {
      console.line(fmt::format("{} could not be read; the first, {}", heard.unreadable(),
                               adapters::printable(heard.first_unreadable())));
    }
    for (const MetricFinding& found : findings) print(found, console);
  }
  return fit ? Exit::done : Exit::error;
}

// ---------------------------------------------------------------------------------------------

Outcome<Exit> run(const Options& options, const Console& console) {
  TRY(const adapters::LoadedConfig loaded, options.settings.load(console));
  if (!options.runbook.empty()) return examine_metrics(options, loaded.config, console);
  Examination examination(loaded.config);
  const std::vector<Check> checks = examination.run();
  bool failed = false;
  Json json = Json::array();
  for (const Check& check : checks) {
    const std::string_view state = kStateNames[static_cast<std::size_t>(check.state)];
    failed = failed || check.state == State::failed;
    if (options.output == "json") {
      json.push_back({{"check", check.name}, {"state", state}, {"text", check.text}});
    } else {
      console.line(
          fmt::format("{:<8} {:<7} {}", state, check.name, adapters::printable(check.text)));
    }
  }
  if (options.output == "json") console.line(adapters::to_line(Json{{"checks", json}}));
  if (!failed) return Exit::done;
  return examination.unreachable ? Exit::unreachable : Exit::error;
}

}  // namespace

Verb doctor_verb() {
  auto o = std::make_shared<Options>();
  o->listen_for = "10s";
  return {"doctor",
          Group::operating,
          "say what keeps an engine, or a runbook's metrics, from working here",
          {"rollbook doctor --config rollbook.toml",
           "rollbook doctor --metrics hal9.runbook --brokers localhost:9092",
           "rollbook doctor --metrics hal9.runbook --for 60s -o json"},
          [o](OptionSet& set) {
            o->settings.declare_engine(set);
            set.option("--metrics", "FILE", o->runbook,
                       "a runbook whose metrics are looked for on the metric topics");
            set.option("--for", "DURATION", o->listen_for, "how long to listen; 10s by default");
            set.choice("-o,--output", o->output, {"text", "json"}, "how it is printed");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
