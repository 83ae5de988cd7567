#include "tests/scenarios/rehearsal.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/core/sentence.h"

namespace rollbook::tests {

using core::Time;

namespace {

runtime::ShardOptions options() {
  runtime::ShardOptions result;
  result.render = [](const core::Machine&, const core::RolloutState& state,
                     const core::Event& event, std::string_view hash) {
    runtime::OutboxRow row;
    row.stream = event.stream;
    row.sequence = event.sequence;
    row.id = state.id + "/" + std::to_string(event.sequence.value) + "/" + std::string(hash);
    row.payload = row.id;
    return row;
  };
  return result;
}

}  // namespace

Rehearsal::Rehearsal(const std::string& runbook) {
  compiled_ = dsl::Compiler().compile("test.runbook", runbook, {});
  for (const runtime::Diagnostic& found : compiled_.diagnostics) {
    EXPECT_NE(found.severity, runtime::Severity::error)
        << found.file << ":" << found.span.line << ":" << found.span.column << ": "
        << found.message;
  }
  ROLLBOOK_CHECK(compiled_.plan.has_value());
  plan_ = std::make_shared<const runtime::Plan>(*compiled_.plan);
  auto shard = runtime::Shard::recover(log_, options());
  ROLLBOOK_CHECK(shard.has_value());
  shard_ = std::move(*shard);
}
Rehearsal::~Rehearsal() = default;

// ---- The service that is watched --------------------------------------------------------------

Rehearsal::Source& Rehearsal::source(const std::string& name, const Labels& labels,
                                     runtime::PointKind kind) {
  Labels sorted = labels;
  std::sort(sorted.begin(), sorted.end());
  for (Source& known : sources_) {
    if (known.name.name == name && known.name.labels == sorted) return known;
  }
  Source& made = sources_.emplace_back();
  made.name = runtime::SeriesName{
      runtime::SeriesNumber{static_cast<std::uint32_t>(sources_.size() - 1)}, name, sorted};
  made.kind = kind;
  return made;
}

void Rehearsal::counter(const std::string& name, const Labels& labels, std::int64_t per_second) {
  Source& counted = source(name, labels, runtime::PointKind::counter);
  counted.per_second = per_second;
  counted.silent = false;
}

void Rehearsal::add(const std::string& name, const Labels& labels, std::int64_t count) {
  source(name, labels, runtime::PointKind::counter).total += count;
}

void Rehearsal::histogram(const std::string& name, const Labels& labels,
                          std::vector<std::int64_t> bounds_ms,
                          std::vector<std::int64_t> per_second) {
  ROLLBOOK_CHECK(per_second.size() == bounds_ms.size() + 1);
  Source& observed = source(name, labels, runtime::PointKind::histogram);
  if (observed.buckets.empty()) {
    std::vector<core::Fixed> bounds;
    for (const std::int64_t bound : bounds_ms) {
      bounds.push_back(core::Fixed::from_nanos(core::Int128{bound} * 1'000'000));
    }
    observed.layout = runtime::LayoutNumber{static_cast<std::uint32_t>(layouts_.size())};
    layouts_.push_back(bounds);
    observed.buckets.resize(per_second.size());
  }
  observed.bucket_rates = std::move(per_second);
  observed.silent = false;
}

void Rehearsal::gauge(const std::string& name, const Labels& labels, std::int64_t value) {
  source(name, labels, runtime::PointKind::gauge).total = value;
}

void Rehearsal::silence(const std::string& name, const Labels& labels) {
  source(name, labels, runtime::PointKind::counter).silent = true;
}
void Rehearsal::silence() { silent_ = true; }
void Rehearsal::speak() { silent_ = false; }

// Points carry the time of the scrape; they arrive now.
void Rehearsal::scrape(Time at) {
  runtime::PointBatch batch;
  batch.topic = "metrics";
  const std::int64_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(scrape_every).count();
  for (Source& scraped : sources_) {
    scraped.total += scraped.per_second * seconds;
    for (std::size_t i = 0; i < scraped.buckets.size(); ++i) {
      scraped.buckets[i] += scraped.bucket_rates[i] * seconds;
    }
    if (scraped.kind == runtime::PointKind::gauge) scraped.per_second = 0;
    if (scraped.silent || silent_) continue;
    if (!scraped.sent) batch.new_series.push_back(scraped.name);
    scraped.sent = true;
    runtime::MetricPoint point;
    point.series = scraped.name.number;
    point.kind = scraped.kind;
    point.end = at;
    point.value = core::Fixed::from_int(scraped.total);
    point.layout = scraped.layout;
    point.first_bucket = static_cast<std::uint32_t>(batch.buckets.size());
    batch.buckets.insert(batch.buckets.end(), scraped.buckets.begin(), scraped.buckets.end());
    point.offset = offset_++;
    batch.points.push_back(point);
  }
  feed(std::move(batch));
}

void Rehearsal::feed(runtime::PointBatch batch) {
  batch.topic = "metrics";
  batch.new_layouts.assign(layouts_.begin() + static_cast<std::ptrdiff_t>(layouts_sent_),
                           layouts_.end());
  layouts_sent_ = layouts_.size();
  batch.next_offset = offset_;
  history_.push_back(batch);
  if (points_a_turn == 0) {
    shard_->points(batch, now_);
    commit();
    return;
  }
  runtime::PointBatch part = batch;
  for (std::size_t from = 0; from < batch.points.size(); from += points_a_turn) {
    const std::size_t to = std::min(batch.points.size(), from + points_a_turn);
    part.points.assign(batch.points.begin() + static_cast<std::ptrdiff_t>(from),
                       batch.points.begin() + static_cast<std::ptrdiff_t>(to));
    part.next_offset = part.points.back().offset + 1;
    shard_->points(part, now_);
    commit();
    part.new_series.clear();
    part.new_layouts.clear();
  }
}

void Rehearsal::point(const std::string& name, const Labels& labels, std::int64_t value,
                      core::Duration age, runtime::PointKind kind) {
  Source& named = source(name, labels, kind);
  runtime::PointBatch batch;
  if (!named.sent) batch.new_series.push_back(named.name);
  named.sent = true;
  named.silent = true;
  runtime::MetricPoint made;
  made.series = named.name.number;
  made.kind = kind;
  made.end = now_ - age;
  made.value = core::Fixed::from_int(value);
  made.offset = offset_++;
  batch.points.push_back(made);
  feed(std::move(batch));
}

// ---- People -----------------------------------------------------------------------------------

core::Command Rehearsal::base(core::Verb verb) {
  core::Command command;
  command.key = core::CommandKey{"test", "c-" + std::to_string(++commands_)};
  command.verb = verb;
  command.rollout = "r1";
  command.actor = "maria";
  command.sent = now_;
  return command;
}

std::string Rehearsal::start(std::optional<core::Command> command) {
  return send(command.value_or(base(core::Verb::start)));
}

std::string Rehearsal::send(core::Command command) {
  runtime::CommandInput input;
  if (command.key.id.empty()) command.key = base(command.verb).key;
  if (command.verb == core::Verb::start) input.compiled = compiled_;
  input.command = std::move(command);
  const std::size_t before = events_.size();
  shard_->command(input, now_);
  commit();
  for (std::size_t i = before; i < events_.size(); ++i) {
    if (const auto* rejected = std::get_if<core::Rejected>(&events_[i].body)) {
      return rejected->reason;
    }
  }
  return "";
}

std::string Rehearsal::confirm(const std::string& item, const std::string& role,
                               const std::string& actor, bool yes, std::uint64_t question) {
  core::Command command = base(core::Verb::confirm);
  command.item = item;
  command.role = role;
  command.actor = actor;
  command.yes = yes;
  command.question = question;
  return send(std::move(command));
}

std::string Rehearsal::decide(const std::string& option, const std::string& role,
                              const std::string& actor, std::uint64_t question) {
  core::Command command = base(core::Verb::decide);
  command.option = option;
  command.role = role;
  command.actor = actor;
  command.question = question;
  return send(std::move(command));
}

std::string Rehearsal::verb(core::Verb verb, std::optional<core::Duration> duration) {
  core::Command command = base(verb);
  command.duration = duration;
  return send(std::move(command));
}

std::string Rehearsal::rollback(core::RollbackHow how, std::optional<core::Duration> over) {
  core::Command command = base(core::Verb::rollback);
  command.how = how;
  command.duration = over;
  return send(std::move(command));
}

std::string Rehearsal::settle(const std::string& effect, bool succeeded) {
  core::Command command = base(core::Verb::settle);
  command.effect = effect;
  command.succeeded = succeeded;
  return send(std::move(command));
}

void Rehearsal::answer(const core::Event& event) {
  const auto* asked = std::get_if<core::Asked>(&event.body);
  if (!agreeable || asked == nullptr) return;
  const core::Item& item = machine().at(asked->item);
  for (std::size_t i = 0; i < item.quorum.roles.size(); ++i) {
    const std::string actor = "person-" + std::to_string(i);
    if (item.kind == core::ItemKind::confirm) {
      confirm(item.text, item.quorum.roles[i], actor, true, event.sequence.value);
    } else {
      const auto next = std::find_if(
          item.options.begin(), item.options.end(),
          [](const core::Option& option) { return option.kind == core::OptionKind::next; });
      decide(next->name, item.quorum.roles[i], actor, event.sequence.value);
    }
    if (item.quorum.kind == core::QuorumKind::any) return;
  }
}

// ---- Time -------------------------------------------------------------------------------------

bool Rehearsal::step(Time until) {
  Time next = std::min(shard_->next_deadline(), scrape_at_);
  for (const Due& due : due_) next = std::min(next, due.at);
  if (next > until) {
    now_ = until;
    return false;
  }
  now_ = std::max(now_, next);
  const auto due = std::find_if(due_.begin(), due_.end(),
                                [&](const Due& candidate) { return candidate.at <= now_; });
  if (due != due_.end()) {
    const Due taken = *due;
    due_.erase(due);
    settle(taken.effect, taken.succeeded);
    return true;
  }
  if (scrape_at_ <= now_) {
    scrape_at_ = now_ + scrape_every;
    scrape(now_);
  }
  shard_->tick(now_);
  commit();
  return true;
}

void Rehearsal::run_for(core::Duration duration) {
  const Time until = now_ + duration;
  while (step(until)) {
  }
}

void Rehearsal::run_to_end(core::Duration most) {
  const Time until = now_ + most;
  while (!replica_.finished()) {
    if (!step(until)) {
      ADD_FAILURE() << "not at its end after " << core::duration_text(most) << ", but in "
                    << state();
      return;
    }
  }
}

void Rehearsal::run_to(const std::string& wanted, core::Duration most) {
  const Time until = now_ + most;
  while (state().rfind(wanted, 0) != 0) {
    if (!step(until) || replica_.finished()) {
      if (state().rfind(wanted, 0) == 0) return;
      ADD_FAILURE() << "not in " << wanted << " but in " << state();
      return;
    }
  }
}

void Rehearsal::engine_away(core::Duration duration) {
  const Time from = now_;
  now_ += duration;
  // What was scraped and settled meanwhile is read when it is back.
  std::vector<Time> scrapes;
  for (; scrape_at_ <= now_; scrape_at_ += scrape_every) scrapes.push_back(scrape_at_);
  shard_->wake(core::EngineGap{from, now_}, now_);
  shard_->sight(core::Sight::catching_up, now_);
  commit();
  for (const Time at : scrapes) scrape(at);
  shard_->sight(core::Sight::live, now_);
  commit();
}

void Rehearsal::bus_away(core::Duration duration) {
  shard_->sight(core::Sight::unreachable, now_);
  commit();
  const Time until = now_ + duration;
  std::vector<Time> scrapes;
  for (; scrape_at_ <= until; scrape_at_ += scrape_every) scrapes.push_back(scrape_at_);
  std::vector<Due> held;
  held.swap(due_);  // nobody hears of an effect, nobody can settle one
  while (shard_->next_deadline() <= until) {
    now_ = std::max(now_, shard_->next_deadline());
    shard_->tick(now_);
    commit();
  }
  now_ = until;
  shard_->sight(core::Sight::catching_up, now_);
  commit();
  for (const Time at : scrapes) scrape(at);
  shard_->sight(core::Sight::live, now_);
  commit();
  for (Due& due : held) due.at = std::max(due.at, now_);
  due_.insert(due_.end(), held.begin(), held.end());
}

void Rehearsal::clock_step(core::Duration by) {
  shard_->clock_step(by, now_);
  commit();
}

void Rehearsal::crash() {
  auto shard = runtime::Shard::recover(log_, options());
  if (!shard) {
    ADD_FAILURE() << shard.error().message;
    return;
  }
  shard_ = std::move(*shard);
  const auto offsets = shard_->metric_offsets();
  const std::int64_t from = offsets.empty() ? 0 : offsets.front().next;
  // The decoder is new as well: it names every series and layout again.
  runtime::PointBatch names;
  names.topic = "metrics";
  for (const Source& known : sources_) {
    if (known.sent) names.new_series.push_back(known.name);
  }
  names.new_layouts.assign(layouts_.begin(),
                           layouts_.begin() + static_cast<std::ptrdiff_t>(layouts_sent_));
  names.next_offset = from;
  shard_->points(names, now_);
  for (runtime::PointBatch batch : history_) {
    if (batch.next_offset <= from) continue;
    batch.new_series.clear();
    batch.new_layouts.clear();
    std::erase_if(batch.points,
                  [&](const runtime::MetricPoint& point) { return point.offset < from; });
    shard_->points(batch, now_);
  }
  commit();
}

// ---- The turn ---------------------------------------------------------------------------------

void Rehearsal::commit() {
  auto committed = shard_->commit(now_);
  if (!committed) {
    ADD_FAILURE() << committed.error().message;
    return;
  }
  std::vector<runtime::OutboxKey> delivered;
  for (const runtime::OutboxRow& row : committed->appended.outbox) {
    delivered.push_back(runtime::OutboxKey{row.stream, row.sequence});
  }
  std::vector<std::size_t> asked;
  for (std::size_t i = 0; i < committed->events.size(); ++i) {
    const core::Event& event = committed->events[i];
    events_.push_back(event);
    if (event.stream != core::kShardStream) {
      stream_ = event.stream;
      hashes_[event.sequence.value] = committed->appended.hashes[i];
      plan_settlement(event, committed->appended.hashes[i]);
      if (std::holds_alternative<core::Asked>(event.body)) asked.push_back(events_.size() - 1);
    }
  }
  check_replica();
  for (const runtime::OutboxKey& key : delivered) shard_->delivered(key, now_);
  if (!delivered.empty()) commit();
  for (const std::size_t i : asked) answer(core::Event(events_[i]));
}

void Rehearsal::check_replica() {
  if (!stream_) return;
  const auto read = log_.read(*stream_, core::Sequence{replica_.last.value + 1},
                              [&](const runtime::StoredEvent& stored) {
                                core::evolve(plan_->machine, replica_, stored.event);
                                return true;
                              });
  if (!read) ADD_FAILURE() << read.error().message;
  const auto live = shard_->rollouts().find(*stream_);
  if (live == shard_->rollouts().end()) return;
  ASSERT_EQ(core::hash(replica_), core::hash(live->second.state))
      << "the state rebuilt from the log differs from the live one in " << state();
}

void Rehearsal::plan_settlement(const core::Event& event, const std::string& hash) {
  const auto* requested = std::get_if<core::EffectRequested>(&event.body);
  if (requested == nullptr || !core::is_awaited(requested->kind)) return;
  const Settlement settlement = settles ? settles(*requested) : Settlement{};
  if (settlement.never) return;
  due_.push_back(Due{now_ + settlement.after,
                     "r1/" + std::to_string(event.sequence.value) + "/" + hash,
                     settlement.succeeds});
}

// ---- What is seen -----------------------------------------------------------------------------

std::string Rehearsal::state() const {
  if (!replica_.active.valid()) return "";
  return machine().at(replica_.active).name;
}

std::vector<core::EffectRequested> Rehearsal::effects(core::EffectKind kind) const {
  std::vector<core::EffectRequested> found;
  for (const core::Event& event : events_) {
    const auto* requested = std::get_if<core::EffectRequested>(&event.body);
    if (requested != nullptr && requested->kind == kind) found.push_back(*requested);
  }
  return found;
}

std::string Rehearsal::weights() const {
  std::string text;
  for (const core::EffectRequested& effect : effects(core::EffectKind::traffic)) {
    text += (text.empty() ? "" : " ") + core::percent_text(core::Fixed{effect.to.nanos});
  }
  return text;
}

std::string Rehearsal::last_effect(core::EffectKind kind) const {
  std::string id;
  for (const core::Event& event : events_) {
    const auto* requested = std::get_if<core::EffectRequested>(&event.body);
    if (requested == nullptr || requested->kind != kind) continue;
    id = "r1/" + std::to_string(event.sequence.value) + "/" + hashes_.at(event.sequence.value);
  }
  return id;
}

std::uint64_t Rehearsal::question(const std::string& text) const {
  for (const core::Question& open : replica_.questions) {
    if (machine().at(open.item).text == text) return open.number.value;
  }
  return 0;
}

core::Reading Rehearsal::reading(const std::string& criterion) const {
  for (std::uint32_t i = 0; i < machine().criteria.size(); ++i) {
    if (machine().criteria[i].id == criterion) {
      return core::evaluate(machine(), replica_, core::Pending{}, core::CriterionIndex{i}, now_);
    }
  }
  ADD_FAILURE() << "no criterion " << criterion;
  return {};
}

std::string Rehearsal::path() const {
  std::string text;
  for (const core::Event& event : events_) {
    const auto* moved = std::get_if<core::Transitioned>(&event.body);
    if (moved != nullptr) text += (text.empty() ? "" : " ") + machine().at(moved->to).name;
  }
  return text;
}

}  // namespace rollbook::tests
