#include "tests/scenarios/delivery.h"

#include <algorithm>
#include <array>

#include "engine/core/sentence.h"

namespace rollbook::tests {

using core::Duration;
using core::Time;
using runtime::PointKind;

namespace {

constexpr std::array<const char*, 3> kCounters{"req", "err", "ord"};
// The engine and the Collectors run already when the rollout is started.
constexpr Duration kBefore = 3min;
const std::vector<std::int64_t> kBounds{5, 10, 20, 50, 200};

std::string seconds(Duration span) {
  return core::duration_text(std::chrono::duration_cast<std::chrono::seconds>(span));
}

}  // namespace

Delivery::Delivery(Rehearsal& rehearsal, std::uint64_t seed)
    : rehearsal_(rehearsal), engine_(seed), served_to_(rehearsal.now()) {
  delta_ = between(0, 2) == 0;
  starts_ = static_cast<Starts>(between(0, 2));
  every_ = std::chrono::seconds(std::array{10, 15, 15, 30, 60}[std::size_t(between(0, 4))]);
  lost_ = random() < 0.5 ? random() * 0.2 : 0;
  doubled_ = random() < 0.5 ? random() * 0.3 : 0;
  late_ = random() < 0.5 ? random() * 0.1 : 0;
  constexpr const char* kStarts[] = {"no starts", "starts of processes", "starts of first seen"};
  ills_ = std::string(delta_ ? "deltas" : kStarts[static_cast<int>(starts_)]) + " every " +
          seconds(every_) + ", lost " + std::to_string(lost_) + ", doubled " +
          std::to_string(doubled_) + ", late " + std::to_string(late_);
  for (const char* arm : {"new", "old"}) {
    for (const char* number : {"a", "b"}) {
      Process& process = processes_.emplace_back();
      process.arm = arm;
      process.name = std::string(arm) + number;
      process.began = process.told_at = rehearsal.now() - std::chrono::minutes(between(0, 600));
      process.buckets.resize(kBounds.size() + 1);
      serve(process, rehearsal.now() - process.began);  // totals of a life
      process.told_buckets = process.buckets;
      for (std::size_t i = 0; i < 3; ++i) process.told[i] = process.millis[i] / 1000;
      process.told_at = rehearsal.now();
      process.seen_from = rehearsal.now() - std::chrono::minutes(between(1, 600));
    }
  }
  plan(6h);
}

double Delivery::random() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
std::int64_t Delivery::between(std::int64_t from, std::int64_t to) {
  return from + static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(to - from + 1));
}

void Delivery::plan(Duration most) {
  const auto add = [&](Kind kind, std::int64_t count, std::int64_t least, std::int64_t longest,
                       std::int64_t of) {
    for (; count > 0; --count) {
      Ill ill;
      ill.at = rehearsal_.now() + kBefore + std::chrono::seconds(between(60, most / 1s));
      ill.kind = kind;
      ill.span = std::chrono::seconds(between(least, longest));
      ill.of = static_cast<std::size_t>(between(0, of));
      ill.flag = between(0, 1) == 1;
      planned_.push_back(ill);
    }
  };
  add(Kind::collector, between(0, 8), 10, 90, 0);
  add(Kind::process, between(0, 6), 0, 0, 3);
  add(Kind::relabel, between(0, 1), 0, 0, 0);
  add(Kind::partitions, between(0, 1), 0, 0, 0);
  add(Kind::outage, between(0, 4), 60, 1200, 2);
  add(Kind::clock, between(0, 1), -9, 9, 0);
  // What a process had counted in an outage that it did not outlive nobody knows, nor what came
  // under other labels before they were heard: then a rate is less than it was (docs/judging.md).
  const std::deque<Ill> all = planned_;
  std::erase_if(planned_, [&](const Ill& ill) {
    if (ill.kind != Kind::process && ill.kind != Kind::relabel) return false;
    return std::any_of(all.begin(), all.end(), [&](const Ill& other) {
      return other.kind == Kind::outage && ill.at >= other.at - 2min &&
             ill.at <= other.at + other.span + 2min;
    });
  });
  std::sort(planned_.begin(), planned_.end(),
            [](const Ill& a, const Ill& b) { return a.at < b.at; });
  constexpr const char* kNames[] = {"collector",  "process", "relabel",
                                    "partitions", "outage",  "clock"};
  for (const Ill& ill : planned_) {
    ills_ += ", " + std::string(kNames[static_cast<int>(ill.kind)]) + " " + std::to_string(ill.of) +
             " at " + seconds(ill.at - Rehearsal::kBegin) + " for " + seconds(ill.span);
  }
}

void Delivery::befall(const Ill& ill) {
  switch (ill.kind) {
    case Kind::collector:
      for (Process& process : processes_) process.seen_from = core::kDistantPast;
      for (Time& until : away_until_) until = std::max(until, ill.at + ill.span);
      lose_ = ill.flag ? processes_.size() : 0;
      break;
    case Kind::process: {
      Process& process = processes_[ill.of];
      process.began = ill.at;
      process.seen_from = core::kDistantPast;  // its Collector sees that it fell
      process.millis = {};
      process.buckets.assign(process.buckets.size(), 0);
      process.told = {};
      process.told_buckets = process.buckets;
      break;
    }
    case Kind::relabel:
      zone_ = "a";
      for (Process& process : processes_) process.seen_from = core::kDistantPast;
      break;
    case Kind::partitions:
      scattered_ = true;
      break;
    case Kind::outage:
      for (std::size_t arm = 0; arm < 2; ++arm) {
        if (ill.of == 2 || ill.of == arm) {
          away_until_[arm] = std::max(away_until_[arm], ill.at + ill.span);
        }
      }
      break;
    case Kind::clock:
      rehearsal_.clock_step(ill.span);
      break;
  }
}

void Delivery::serve(Process& process, Duration time) const {
  const bool canary = process.arm == "new";
  const Break broken = canary ? breaks : Break::none;
  const std::int64_t millis = time / 1ms;
  const std::int64_t asked = (canary ? 50 : 200) * millis * (broken == Break::flood ? 5 : 1);
  process.millis[0] += asked;
  process.millis[1] += broken == Break::errors ? asked / 20 : asked / 5000;
  process.millis[2] += broken == Break::no_orders ? asked / 100 : asked / 10;
  const std::int64_t requests = process.millis[0] / 1000;
  std::int64_t known = 0;
  for (const std::int64_t bucket : process.buckets) known += bucket;
  const std::int64_t more = requests - known;
  process.buckets[broken == Break::slow ? 4 : 0] += more * 6 / 10;
  process.buckets[broken == Break::slow ? 4 : 1] += more - more * 6 / 10;
}

std::vector<Rehearsal::Sent> Delivery::export_of(Process& process) {
  const Time now = rehearsal_.now();
  Labels labels{{"pod", process.name}, {"v", process.arm}};
  if (!zone_.empty()) labels.emplace_back("zone", zone_);
  if (process.seen_from == core::kDistantPast) process.seen_from = now;
  Time start = starts_ == Starts::of_process   ? process.began
               : starts_ == Starts::first_seen ? process.seen_from
                                               : core::kDistantPast;
  if (delta_) start = std::max(process.told_at, process.began);
  std::vector<Rehearsal::Sent> points;
  for (std::size_t i = 0; i < kCounters.size(); ++i) {
    const std::int64_t total = process.millis[i] / 1000;
    const std::int64_t value = total - (delta_ ? process.told[i] : 0);
    process.told[i] = total;
    if (i == 1 && value == 0) continue;  // neither says an error that never was
    points.push_back({kCounters[i],
                      labels,
                      delta_ ? PointKind::counter_delta : PointKind::counter,
                      start,
                      now,
                      value,
                      {}});
  }
  std::vector<std::int64_t> buckets = process.buckets;
  for (std::size_t i = 0; delta_ && i < buckets.size(); ++i) buckets[i] -= process.told_buckets[i];
  process.told_buckets = process.buckets;
  process.told_at = now;
  points.push_back({"dur", labels, delta_ ? PointKind::histogram_delta : PointKind::histogram,
                    start, now, 0, std::move(buckets)});
  return points;
}

void Delivery::scrape(Process& process) {
  const std::size_t arm = process.arm == "new" ? 0 : 1;
  if (rehearsal_.now() < away_until_[arm]) return;
  std::vector<Rehearsal::Sent> points = export_of(process);
  if (lose_ > 0) {
    --lose_;
    return;
  }
  if (!started_) return rehearsal_.deliver(points);  // all is well before
  if (random() < lost_) return;
  if (!scattered_) return send(std::move(points));
  for (Rehearsal::Sent& point : points) send({std::move(point)});
}

void Delivery::send(std::vector<Rehearsal::Sent> points) {
  Parcel parcel;
  parcel.at = rehearsal_.now();
  parcel.partition = scattered_ ? static_cast<std::int32_t>(between(0, 1)) : 0;
  parcel.points = std::move(points);
  if (random() < late_) parcel.at += std::chrono::seconds(between(1, 300));
  parcels_.push_back(parcel);
  if (random() >= doubled_) return;
  if (random() < 0.5) parcel.at += std::chrono::seconds(between(1, 300));
  parcels_.push_back(std::move(parcel));
}

void Delivery::hand_over() {
  for (const Parcel& parcel : parcels_) {
    if (parcel.at <= rehearsal_.now()) rehearsal_.deliver(parcel.points, parcel.partition);
  }
  std::erase_if(parcels_, [&](const Parcel& parcel) { return parcel.at <= rehearsal_.now(); });
}

void Delivery::start() {
  run_for(kBefore);
  started_ = true;
  rehearsal_.start();
}

void Delivery::run_for(Duration duration) {
  for (const char* arm : {"new", "old"}) {  // their layout
    for (const std::string& process : {std::string(arm) + "a", std::string(arm) + "b"}) {
      for (const bool relabelled : {false, true}) {
        Labels labels{{"pod", process}, {"v", arm}};
        if (relabelled) labels.emplace_back("zone", "a");
        rehearsal_.histogram("dur", labels, kBounds, std::vector<std::int64_t>(kBounds.size() + 1));
        rehearsal_.silence("dur", labels);
      }
    }
  }
  const Time until = rehearsal_.now() + duration;
  while (rehearsal_.now() < until && !rehearsal_.rollout().finished()) {
    rehearsal_.run_for(1s);
    const Time now = rehearsal_.now();
    for (Process& process : processes_) serve(process, now - served_to_);
    served_to_ = now;
    for (; !planned_.empty() && planned_.front().at <= now; planned_.pop_front()) {
      befall(planned_.front());
    }
    const auto since = now - Rehearsal::kBegin;
    for (std::size_t i = 0; i < processes_.size(); ++i) {  // each at a moment of its own
      if (since % every_ == every_ * i / processes_.size() / 1s * 1s) scrape(processes_[i]);
    }
    hand_over();
  }
}

}  // namespace rollbook::tests
