#include "tools/benchmarks/fleet.h"

#include "adapters/wire/effect_json.h"
#include "dsl/compiler.h"

namespace rollbook::bench {

using namespace std::chrono_literals;

const char* const kFleetRunbook = R"(edition 1
runbook fleet {
  service "SERVICE"
  arms by label "v": baseline "old", canary "new"
  role dev
  metric requests = counter req{service="SERVICE"}
  metric errors = counter err{service="SERVICE"} default 0
  metric latency = histogram dur{service="SERVICE"}
  metric error_rate = errors / requests
  guard {
    stop error_rate > 1% over 5m for 2m
    stop p99(latency) > 50ms over 5m for 2m
    stop p50(latency) > 15ms over 5m for 2m
    stop absent(requests) for 3m
    otherwise rollback automatic
  }
  stage canary_10 {
    traffic 10%
    hold 30d
    expect error_rate < 0.5% over 5m
    expect p99(latency) < 20ms over 5m
    confirm "No complaints" by dev
    within 24h otherwise rollback automatic
  }
  rollback automatic { traffic 0% }
  success { finish traffic 10% }
}
)";

namespace {

std::string replaced(std::string text, const std::string& service) {
  for (std::size_t at; (at = text.find("SERVICE")) != std::string::npos;) {
    text.replace(at, 7, service);
  }
  return text;
}

constexpr std::size_t kSeries = 3;
constexpr std::size_t kPointsABatch = 400;

}  // namespace

runtime::Plan plan_for(const std::string& service, const std::string& runbook) {
  auto compiled = dsl::Compiler().compile("fleet.runbook", replaced(runbook, service), {});
  ROLLBOOK_CHECK(compiled.plan.has_value());
  return std::move(*compiled.plan);
}

Fleet::Fleet(runtime::EventLog& log, std::size_t size, const std::string& runbook)
    : log_(log), size_(size), now_(std::chrono::seconds(1767571200)) {
  runtime::ShardOptions options;
  options.render = [](const core::Machine& machine, const core::RolloutState& state,
                      const core::Event& event, const runtime::EffectHashes& hashes) {
    return adapters::effect_row("effects", machine, state, event, hashes);
  };
  auto recovered = runtime::Shard::recover(log_, options);
  ROLLBOOK_CHECK(recovered.has_value());
  shard_ = std::move(*recovered);
  for (std::size_t i = 0; i < size_; ++i) {
    const std::string service = "s" + std::to_string(i);
    runtime::CommandInput input;
    input.command.key = core::CommandKey{"bench", "c" + std::to_string(++commands_)};
    input.command.rollout = service;
    input.command.actor = "bench";
    input.compiled = runtime::Compiled{plan_for(service, runbook), {}};
    shard_->command(input, now_);
    if (i % 100 == 99 || i + 1 == size_) commit();
  }
}

void Fleet::commit() {
  auto committed = shard_->commit(now_);
  ROLLBOOK_CHECK(committed.has_value());
  std::size_t settled = 0;
  for (const runtime::OutboxRow& row : committed->appended.outbox) {
    shard_->delivered(runtime::OutboxKey{row.stream, row.sequence}, now_);
    runtime::CommandInput input;
    input.command.key = core::CommandKey{"bench", "c" + std::to_string(++commands_)};
    input.command.verb = core::Verb::settle;
    input.command.rollout = row.key;
    input.command.effect = row.id;
    shard_->command(input, now_);
    ++settled;
  }
  if (settled > 0) commit();
}

std::size_t Fleet::second() {
  now_ += 1s;
  ++seconds_;
  runtime::PointBatch batch;
  const auto send = [&] {
    batch.topic = "metrics";
    batch.next_offset = offset_;
    shard_->points(batch, now_);
    shard_->tick(now_);
    commit();
    batch = runtime::PointBatch{};
  };
  for (std::size_t i = 0; i < size_; ++i) {
    if (!named_) {
      if (i == 0) {
        batch.new_layouts.push_back(
            {core::Fixed::from_nanos(5'000'000), core::Fixed::from_nanos(10'000'000),
             core::Fixed::from_nanos(20'000'000), core::Fixed::from_nanos(50'000'000)});
      }
      const char* names[kSeries] = {"req", "err", "dur"};
      for (std::uint32_t s = 0; s < kSeries; ++s) {
        batch.new_series.push_back(
            runtime::SeriesName{runtime::SeriesNumber{static_cast<std::uint32_t>(i * kSeries) + s},
                                names[s],
                                {{"service", "s" + std::to_string(i)}, {"v", "new"}}});
      }
    }
    for (std::uint32_t s = 0; s < kSeries; ++s) {
      runtime::MetricPoint point;
      point.series = runtime::SeriesNumber{static_cast<std::uint32_t>(i * kSeries) + s};
      point.end = now_;
      point.offset = offset_++;
      if (s < 2) {
        point.kind = runtime::PointKind::counter;
        point.value = core::Fixed::from_int(s == 0 ? seconds_ * 100 : seconds_ / 50);
      } else {
        point.kind = runtime::PointKind::histogram;
        point.first_bucket = static_cast<std::uint32_t>(batch.buckets.size());
        batch.buckets.insert(batch.buckets.end(), {60 * seconds_, 39 * seconds_, seconds_, 0, 0});
      }
      batch.points.push_back(point);
    }
    if (batch.points.size() >= kPointsABatch) send();
  }
  if (!batch.points.empty()) send();
  named_ = true;
  return size_ * kSeries;
}

}  // namespace rollbook::bench
