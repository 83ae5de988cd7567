#include "tools/engine_journal.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "adapters/wire/event_text.h"
#include "adapters/wire/text.h"
#include "engine/runtime/engine_time.h"

namespace rollbook::tools {
namespace {

using namespace std::chrono_literals;

constexpr core::Duration kStuck = 10s;  // a loop that has not turned for so long

}  // namespace

struct EngineJournal::Lines {
  std::shared_ptr<spdlog::logger> logger;
  bool json;

  void write(spdlog::level::level_enum level, const std::string& message) const {
    logger->log(level, "{}", json ? adapters::quoted(message) : adapters::printable(message));
  }
};

EngineJournal::EngineJournal(const runtime::EventLog& log, bool terminal)
    : lines_(std::make_unique<Lines>()),
      contexts_(log),
      points_(metrics_.counter("rollbook_points_total", "Metric points read")),
      counted_(metrics_.counter("rollbook_points_counted_total",
                                "Points folded into a rollout, once for each")),
      quarantined_(metrics_.counter("rollbook_points_quarantined_total",
                                    "Points from beyond the skew limit")),
      refused_(metrics_.counter("rollbook_points_refused_total",
                                "Points of another kind, with other bucket bounds or of a second "
                                "sender under the same labels")),
      events_(metrics_.counter("rollbook_events_total", "Events made durable")),
      rollbacks_(metrics_.counter("rollbook_rollbacks_total", "Rollouts that ended rolled back")),
      troubles_(metrics_.counter("rollbook_bus_troubles_total",
                                 "Messages cut or passed over for their size, sends that fail, "
                                 "commands lost: the log says which")),
      read_back_(metrics_.counter("rollbook_read_back_points_total",
                                  "Points of before a start that were read back")),
      reading_back_(metrics_.gauge("rollbook_rollouts_reading_back",
                                   "Rollouts that wait for metrics of before their start")),
      active_(metrics_.gauge("rollbook_rollouts_active", "Rollouts under way")),
      live_(metrics_.gauge("rollbook_live", "1 when all inputs have been read up to their ends")),
      last_turn_(metrics_.gauge("rollbook_last_turn_timestamp_seconds",
                                "Engine time of the last turn of the loop")) {
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  lines_->logger = std::make_shared<spdlog::logger>("rollbook", std::move(sink));
  lines_->json = !terminal;
  lines_->logger->set_pattern(terminal
                                  ? "%H:%M:%S %^%L%$ %v"
                                  : R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%v})",
                              spdlog::pattern_time_type::utc);
  lines_->logger->flush_on(spdlog::level::info);
}
EngineJournal::~EngineJournal() = default;

void EngineJournal::info(const std::string& message) {
  lines_->write(spdlog::level::info, message);
}
void EngineJournal::warn(const std::string& message) {
  lines_->write(spdlog::level::warn, message);
}
void EngineJournal::error(const std::string& message) {
  lines_->write(spdlog::level::err, message);
}

void EngineJournal::trouble(const std::string& message) {
  troubles_.add();
  warn(message);
}

void EngineJournal::committed(const runtime::Committed& committed) {
  for (const std::string& refusal : committed.refusals) warn(refusal);
  events_.add(static_cast<double>(committed.events.size()));
  for (std::size_t i = 0; i < committed.events.size(); ++i) {
    const core::Event& event = committed.events[i];
    const auto* observed = std::get_if<core::Observed>(&event.body);
    if (observed != nullptr && !observed->past) continue;
    if (const auto* finished = std::get_if<core::RolloutFinished>(&event.body);
        finished != nullptr && finished->outcome == core::Outcome::rolled_back) {
      rollbacks_.add();
    }
    const auto context = contexts_.of(event.stream);
    if (!context) continue;
    const runtime::StoredEvent stored{{}, committed.appended.hashes[i], event};
    const auto told = adapters::tell(**context, stored);
    if (told.tone != adapters::Tone::quiet) {
      const std::string& rollout = (*context)->rollout;  // none: the shard's own stream
      info(rollout.empty() ? told.text : rollout + ": " + told.text);
    }
  }
}

void EngineJournal::turned(const runtime::Shard& shard, core::Time now) {
  const runtime::Shard::Counters& counters = shard.counters();
  points_.add(static_cast<double>(counters.points - told_.points));
  counted_.add(static_cast<double>(counters.counted - told_.counted));
  quarantined_.add(static_cast<double>(counters.quarantined - told_.quarantined));
  refused_.add(static_cast<double>(counters.refused - told_.refused));
  told_ = counters;
  active_.set(static_cast<double>(shard.rollouts().size()));
  reading_back_.set(static_cast<double>(shard.readings().size()));
  read_back_.add(static_cast<double>(shard.read_back_points() - told_read_back_));
  told_read_back_ = shard.read_back_points();
  live_.set(shard.sight() == core::Sight::live ? 1 : 0);
  last_turn_.set(std::chrono::duration<double>(now.time_since_epoch()).count());
  sight_ = shard.sight();
  turned_at_ns_ = runtime::EngineTime::wall_clock().time_since_epoch().count();
}

std::optional<std::string> EngineJournal::unhealthy() const {
  const core::Duration since =
      runtime::EngineTime::wall_clock().time_since_epoch() - core::Duration(turned_at_ns_);
  if (since > kStuck)
    return "the loop has not turned for " + adapters::format_duration_short(since);
  return std::nullopt;
}

std::optional<std::string> EngineJournal::unready() const {
  switch (sight_.load()) {
    case core::Sight::live:
      return unhealthy();
    case core::Sight::catching_up:
      return "catching up with the inputs";
    case core::Sight::unreachable:
      return "the bus cannot be reached";
  }
  return std::nullopt;
}

}  // namespace rollbook::tools
