#include "adapters/sandbox/synthetic_service.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "adapters/sandbox/load.h"
#include "adapters/wire/command_encoder.h"
#include "adapters/wire/text.h"

namespace rollbook::adapters {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr core::Int128 kOne = core::Fixed::kScale;

// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // Between −most and most.
  std::int64_t around_zero(std::int64_t most) {
    return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(2 * most + 1)) - most;
  }

 private:
  std::uint64_t state_;
};

// What one arm has exported of one series so far. Fractions of a count are kept, in 10⁻⁹.
struct Exported {
  core::Int128 nanos = 0;
  std::vector<core::Int128> buckets;  // the same, by bucket
  core::Int128 sum = 0;               // of values × counts, in 10⁻⁹ of the unit
  bool seen = false;
};

}  // namespace

class SyntheticService::Impl {
 public:
  Impl(const core::Machine& machine, EngineTopics topics, SyntheticOptions options)
      : machine_(machine),
        topics_(std::move(topics)),
        options_(std::move(options)),
        random_(options_.seed),
        load_(load_of(machine)),
        weight_(machine.begins),
        scrape_at_(options_.begin + options_.scrape_every) {}

  core::Status connect(runtime::Bus& bus) {
    TRY(inbox_, bus.consumer({topics_.effects, topics_.events}, {}, false));
    TRY(producer_, bus.producer());
    return {};
  }

  core::Status read(core::Time now);
  core::Time next_due() const;
  void run_until(core::Time now);
  std::vector<OpenQuestion> questions;
  void answer(const OpenQuestion& question, const std::string& role, const std::string& actor,
              const std::string& given);

 private:
  struct Due {
    core::Time at{};
    core::Command command;
  };
  void take_effect(const json& data, const std::string& kind, core::Time now);
  void take_question(const json& event, core::Time now);
  void plan_answers(const OpenQuestion& question, const json& event, core::Time now);
  const Fault* active(FaultKind kind, FaultArm arm, core::Time now) const;
  void scrape(core::Time now);
  void export_series(std::size_t index, FaultArm arm, core::Int128 requests, core::Time now,
                     std::string& lines);
  void send(const std::string& topic, const std::string& key, const std::string& payload);
  core::Command base(core::Verb verb, const std::string& rollout);

  const core::Machine& machine_;
  EngineTopics topics_;
  SyntheticOptions options_;
  Random random_;
  std::vector<LoadSeries> load_;
  std::map<std::pair<std::size_t, FaultArm>, Exported> exported_;
  std::unique_ptr<runtime::Consumer> inbox_;
  std::unique_ptr<runtime::Producer> producer_;
  core::Weight weight_;
  std::int64_t order_ = 0;
  std::map<std::string, core::Time> shifted_;  // when each stage's shift settled
  std::vector<Due> due_;
  core::Time scrape_at_;
  std::uint64_t commands_ = 0;
};

// ---- What the engine sends --------------------------------------------------------------------

core::Status SyntheticService::Impl::read(core::Time now) {
  runtime::ConsumerEvents events;
  events.on_record = [&](const runtime::Record& record) {
    const json event = json::parse(record.value, nullptr, false);
    if (!event.is_object() || !event.contains("data") || !event["type"].is_string()) return;
    const std::string type = event["type"];
    static const std::string kEffect = "dev.rollbook.effect.";
    if (type.rfind(kEffect, 0) == 0) {
      take_effect(event["data"], type.substr(kEffect.size()), now);
    } else if (type == "dev.rollbook.asked") {
      take_question(event["data"], now);
    }
  };
  while (true) {
    TRY(const std::size_t got, inbox_->poll(0ns, 1000, events));
    if (got == 0) return {};
  }
}

void SyntheticService::Impl::take_effect(const json& data, const std::string& kind,
                                         core::Time now) {
  if (kind != "traffic" && kind != "run" && kind != "checkpoint") return;
  bool succeeds = true;
  if (kind == "traffic") {
    // A lower order than the highest acted on is refused: contract.md.
    if (data["order"].get<std::int64_t>() <= order_) return;
    succeeds = active(FaultKind::shift_fails, FaultArm::canary, now) == nullptr;
    if (succeeds) {
      order_ = data["order"].get<std::int64_t>();
      weight_ = core::Weight{static_cast<std::int64_t>(data["to"].get<double>() * 1e9 + 0.5)};
      const std::string state = data["state"];
      shifted_.emplace(state.substr(0, state.find('.')), now + options_.settle_after);
    }
  }
  core::Command settle = base(core::Verb::settle, data["rollout"]);
  settle.actor = "sandbox";
  settle.effect = data["effect"];
  settle.succeeded = succeeds;
  if (!succeeds) settle.detail = "the sandbox's fault: shift fails";
  due_.push_back(Due{now + options_.settle_after, std::move(settle)});
}

void SyntheticService::Impl::take_question(const json& event, core::Time now) {
  OpenQuestion question;
  question.rollout = event["rollout"];
  question.number = event["sequence"];
  question.decides = event["kind"] == "decide";
  question.item = event["item"];
  for (const json& role : event["roles"]) question.roles.push_back(role);
  if (event.contains("options")) {
    for (const json& option : event["options"]) {
      question.options.push_back(option.is_object() ? option["name"].get<std::string>()
                                                    : option.get<std::string>());
    }
  }
  if (options_.answers == Answers::ask) {
    questions.push_back(std::move(question));
  } else {
    plan_answers(question, event, now);
  }
}

// As many distinct persons as the question has roles, or needs answers.
void SyntheticService::Impl::plan_answers(const OpenQuestion& question, const json& event,
                                          core::Time now) {
  const bool yes = options_.answers == Answers::yes;
  const std::size_t needed = std::max<std::size_t>(
      question.roles.size(), event.contains("needed") && event["needed"].is_number()
                                 ? event["needed"].get<std::size_t>()
                                 : 1);
  std::string option;
  for (const core::Item& item : machine_.items) {
    if (item.kind != core::ItemKind::decide || item.text != question.item) continue;
    for (const core::Option& candidate : item.options) {
      const bool wanted =
          candidate.kind == (yes ? core::OptionKind::next : core::OptionKind::rollback);
      if (wanted && option.empty()) option = candidate.name;
    }
  }
  for (std::size_t i = 0; i < needed; ++i) {
    core::Command command =
        base(question.decides ? core::Verb::decide : core::Verb::confirm, question.rollout);
    command.item = question.item;
    command.question = question.number;
    command.role = question.roles[i % question.roles.size()];
    command.actor = "person-" + std::to_string(i + 1);
    command.yes = yes;
    command.option = option;
    due_.push_back(Due{now + options_.answer_after, std::move(command)});
  }
}

void SyntheticService::Impl::answer(const OpenQuestion& question, const std::string& role,
                                    const std::string& actor, const std::string& given) {
  core::Command command =
      base(question.decides ? core::Verb::decide : core::Verb::confirm, question.rollout);
  command.item = question.item;
  command.question = question.number;
  command.role = role;
  command.actor = actor;
  command.yes = given != "no";
  if (question.decides) command.option = given;
  send(topics_.commands, question.rollout, encode(command));
}

// ---- What is due ------------------------------------------------------------------------------

core::Time SyntheticService::Impl::next_due() const {
  core::Time next = scrape_at_;
  for (const Due& due : due_) next = std::min(next, due.at);
  return next;
}

void SyntheticService::Impl::run_until(core::Time now) {
  while (scrape_at_ <= now) {
    const core::Time at = scrape_at_;
    scrape_at_ += options_.scrape_every;
    scrape(at);
  }
  std::vector<Due> later;
  for (Due& due : due_) {
    if (due.at > now) {
      later.push_back(std::move(due));
    } else {
      send(topics_.commands, due.command.rollout, encode(due.command));
    }
  }
  due_ = std::move(later);
}

core::Command SyntheticService::Impl::base(core::Verb verb, const std::string& rollout) {
  core::Command command;
  command.key = core::CommandKey{"sandbox", "s-" + std::to_string(++commands_)};
  command.verb = verb;
  command.rollout = rollout;
  return command;
}

void SyntheticService::Impl::send(const std::string& topic, const std::string& key,
                                  const std::string& payload) {
  // The sandbox's bus takes everything at once.
  ROLLBOOK_CHECK(producer_->send({topic, key, "", "", payload}, [](auto) {}));
  producer_->poll(0ns);
}

// ---- Metrics ----------------------------------------------------------------------------------

const Fault* SyntheticService::Impl::active(FaultKind kind, FaultArm arm, core::Time now) const {
  for (const Fault& fault : options_.faults) {
    if (fault.kind != kind || (fault.on != FaultArm::both && fault.on != arm)) continue;
    core::Time from = options_.begin + fault.from;
    if (!fault.stage.empty()) {
      const auto shifted = shifted_.find(fault.stage);
      if (kind == FaultKind::shift_fails && shifted == shifted_.end()) continue;
      if (shifted == shifted_.end()) continue;
      from = shifted->second + fault.from;
    }
    if (now >= from && (!fault.lasts || now < from + *fault.lasts)) return &fault;
  }
  return nullptr;
}

void SyntheticService::Impl::scrape(core::Time now) {
  // Between 95 and 105 of a hundred requests come in a scrape's time.
  const core::Int128 seconds = options_.scrape_every.count();
  const core::Int128 all =
      core::Int128{options_.requests_per_second} * seconds * (100 + random_.around_zero(5)) / 100;
  const core::Int128 canary = all * weight_.nanos / kOne;
  std::string lines;
  for (std::size_t i = 0; i < load_.size(); ++i) {
    if (!load_[i].split) {
      if (active(FaultKind::silence, FaultArm::both, now) == nullptr ||
          active(FaultKind::silence, FaultArm::both, now)->on != FaultArm::both) {
        export_series(i, FaultArm::both, all, now, lines);
      }
      continue;
    }
    export_series(i, FaultArm::baseline, all - canary, now, lines);
    export_series(i, FaultArm::canary, canary, now, lines);
  }
  if (!lines.empty()) send(topics_.metrics.front(), "", lines);
}

void SyntheticService::Impl::export_series(std::size_t index, FaultArm arm, core::Int128 requests,
                                           core::Time now, std::string& lines) {
  const LoadSeries& series = load_[index];
  Exported& exported = exported_[{index, arm}];
  const Fault* slow = active(FaultKind::latency, arm, now);
  if (series.part == Part::latency) {
    exported.buckets.resize(series.bounds.size() + 1);
    for (const auto& [value, thousandths] : series.values) {
      const core::Fixed taken =
          slow == nullptr ? value : core::Fixed{value.nanos * slow->factor.nanos / kOne};
      const auto bucket = std::lower_bound(series.bounds.begin(), series.bounds.end(), taken) -
                          series.bounds.begin();
      exported.buckets[static_cast<std::size_t>(bucket)] += requests * thousandths / 1000;
      exported.sum += requests * thousandths / 1000 * taken.nanos / kOne;
    }
  } else if (series.part != Part::gauge) {
    core::Fixed share = series.share;
    if (const Fault* failing = active(FaultKind::errors, arm, now);
        failing != nullptr && series.part == Part::errors) {
      share = failing->share;
    }
    exported.nanos += requests * share.nanos / kOne;
  }
  if (active(FaultKind::silence, arm, now) != nullptr) return;
  const bool anything = requests > 0 || exported.seen;
  // A client exports no error series before its first error.
  if (!anything || (series.part == Part::errors && exported.nanos < kOne)) return;
  exported.seen = true;

  lines += "{\"metric\":" + quoted(series.name) + ",\"labels\":{";
  bool first = true;
  const auto label = [&](const std::string& name, const std::string& value) {
    lines += (first ? "" : ",") + quoted(name) + ":" + quoted(value);
    first = false;
  };
  for (const auto& [name, value] : series.labels) label(name, value);
  if (series.split) {
    label(machine_.arms->label,
          arm == FaultArm::canary ? machine_.arms->canary : machine_.arms->baseline);
  }
  lines += "},";
  const auto whole = [](core::Int128 nanos) {
    return std::to_string(static_cast<std::int64_t>(nanos / kOne));
  };
  if (series.part == Part::latency) {
    lines += "\"kind\":\"histogram\",\"bounds\":[";
    for (std::size_t i = 0; i < series.bounds.size(); ++i) {
      lines += (i == 0 ? "" : ",") + format_fixed(series.bounds[i]);
    }
    lines += "],\"counts\":[";
    for (std::size_t i = 0; i < exported.buckets.size(); ++i) {
      lines += (i == 0 ? "" : ",") + whole(exported.buckets[i]);
    }
    lines += "],\"sum\":" + format_fixed(core::Fixed{exported.sum});
  } else if (series.part == Part::gauge) {
    lines += "\"kind\":\"gauge\",\"value\":" + format_fixed(series.value);
  } else {
    lines += "\"kind\":\"counter\",\"value\":" + whole(exported.nanos);
  }
  lines += ",\"time\":" + quoted(format_time(now)) + "}\n";
}

// ---- The object -------------------------------------------------------------------------------

SyntheticService::SyntheticService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SyntheticService::~SyntheticService() = default;

core::Result<std::unique_ptr<SyntheticService>> SyntheticService::make(const core::Machine& machine,
                                                                       runtime::Bus& bus,
                                                                       const EngineTopics& topics,
                                                                       SyntheticOptions options) {
  auto impl = std::make_unique<Impl>(machine, topics, std::move(options));
  TRY_DO(impl->connect(bus));
  return std::unique_ptr<SyntheticService>(new SyntheticService(std::move(impl)));
}

core::Status SyntheticService::read(core::Time now) { return impl_->read(now); }
core::Time SyntheticService::next_due() const { return impl_->next_due(); }
void SyntheticService::run_until(core::Time now) { impl_->run_until(now); }

std::optional<OpenQuestion> SyntheticService::take_question() {
  if (impl_->questions.empty()) return std::nullopt;
  OpenQuestion question = std::move(impl_->questions.front());
  impl_->questions.erase(impl_->questions.begin());
  return question;
}

void SyntheticService::answer(const OpenQuestion& question, const std::string& role,
                              const std::string& actor, const std::string& answer) {
  impl_->answer(question, role, actor, answer);
}

}  // namespace rollbook::adapters
