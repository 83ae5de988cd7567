#include "adapters/sandbox/service_model.h"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <variant>

#include "adapters/sandbox/delivery.h"
#include "adapters/sandbox/fault_clock.h"
#include "adapters/sandbox/health.h"
#include "adapters/sandbox/label_sets.h"
#include "adapters/sandbox/traffic.h"
#include "adapters/wire/command_encoder.h"
#include "adapters/wire/json_fields.h"
#include "adapters/wire/names.h"

namespace rollbook::adapters {

namespace {

using core::Duration;
using core::Time;

constexpr Duration kScrapeMost = std::chrono::seconds(15);
constexpr std::string_view kSource = "sandbox/service";

// What an effect asks of the world, as far as this world can tell.
struct Effect {
  std::string id;
  std::string rollout;
  std::string state;
  core::EffectKind kind = core::EffectKind::traffic;
  bool rollback = false;
  std::uint64_t order = 0;
  std::string target;
  core::Weight to;
  std::string name;  // run: the action; checkpoint
};

struct Outcome {
  bool succeeded = true;
  std::string detail;
  std::string result;
};

struct Scrape {};
struct Edge {};  // a fault begins or ends: traffic before it flowed otherwise
struct Settle {
  Effect effect;
};
struct Answer {
  core::Command command;
};
using Act = std::variant<Scrape, Edge, Settle, Answer>;

// The CloudEvent's type and the fields of its data.
struct Read {
  std::string type;
  JsonFields data;
};
core::Result<Read> read_event(std::string_view cloud_event) {
  TRY(JsonFields fields, JsonFields::read(cloud_event));
  const JsonField* type = fields.find("type");
  const JsonField* data = fields.find("data");
  if (type == nullptr || type->type != JsonType::text || data == nullptr ||
      data->type != JsonType::object) {
    return core::fail("no CloudEvent with `type` and `data`");
  }
  TRY(JsonFields inner, JsonFields::read(data->text));
  return Read{type->text, std::move(inner)};
}

std::string text_of(const JsonFields& fields, std::string_view key) {
  const JsonField* field = fields.find(key);
  return field == nullptr || field->type != JsonType::text ? std::string() : field->text;
}

std::string_view stage_of(const core::Machine& machine, const std::string& state) {
  const core::StateIndex index = machine.find(state);
  return index.valid() ? std::string_view(machine.at(index).stage) : std::string_view();
}

}  // namespace

class ServiceModel::Impl {
 public:
  Impl(const core::Machine& machine, SyntheticOptions options, ModelTopics topics, Sink sink,
       std::vector<WireSeries> series)
      : machine_(machine),
        options_(std::move(options)),
        topics_(std::move(topics)),
        sink_(std::move(sink)),
        traffic_(std::move(series), Load{options_.peak_per_second, options_.trough_per_second},
                 options_.begin, options_.seed, begins_of(machine)),
        delivery_(options_.seed, sink_),
        faults_(machine, options_.faults) {
    if (options_.scrape_every == Duration::zero()) {
      options_.scrape_every = scrape_interval(machine, kScrapeMost);
    }
    mark("", options_.begin);
    plan(options_.begin, Scrape{});
  }

  Time next_due() const { return acts_.begin()->first; }

  void run_until(Time now) {
    while (acts_.begin()->first <= now) {
      const Time due = acts_.begin()->first;
      const Act act = std::move(acts_.begin()->second);
      acts_.erase(acts_.begin());
      traffic_.flow_until(due);
      faults_.trouble(traffic_, due);
      std::visit([&](const auto& one) { perform(one, due); }, act);
    }
  }

  core::Status on_effect(std::string_view cloud_event, Time now) {
    TRY(Read read, read_event(cloud_event));
    constexpr std::string_view kPrefix = "dev.rollbook.effect.";
    if (!read.type.starts_with(kPrefix)) return core::fail("`" + read.type + "` is no effect");
    const std::string kind = read.type.substr(kPrefix.size());
    Effect effect;
    effect.id = text_of(read.data, "effect");
    effect.rollout = text_of(read.data, "rollout");
    effect.state = text_of(read.data, "state");
    if (effect.id.empty() || effect.rollout.empty()) {
      return core::fail("an effect without `effect` or `rollout`");
    }
    if (kind == name_of(core::EffectKind::traffic)) {
      TRY_DO(read_traffic(read.data, effect));
    } else if (kind == name_of(core::EffectKind::run)) {
      effect.kind = core::EffectKind::run;
      effect.name = text_of(read.data, "action");
    } else if (kind == name_of(core::EffectKind::start) && read.data.find("settle") != nullptr) {
      effect.kind = core::EffectKind::start;  // something waits for it
      effect.name = text_of(read.data, "action");
    } else if (kind == name_of(core::EffectKind::checkpoint)) {
      effect.kind = core::EffectKind::checkpoint;
      effect.name = text_of(read.data, "name");
    } else {
      return {};  // told, not awaited
    }
    if (effect.kind == core::EffectKind::traffic && !effect.rollback) {
      const std::string stage(stage_of(machine_, effect.state));
      if (!stage.empty()) mark(stage, now);
    }
    plan(now + options_.settle_after, Settle{std::move(effect)});
    return {};
  }

  core::Status on_event(std::string_view cloud_event, Time now) {
    TRY(Read read, read_event(cloud_event));
    if (read.type != "dev.rollbook.asked") return {};
    OpenQuestion question;
    if (!read.data.whole("question", question.number)) {
      return core::fail("`asked` without `question`");
    }
    question.rollout = text_of(read.data, "rollout");
    question.item = text_of(read.data, "item");
    question.decides = text_of(read.data, "kind") == name_of(core::ItemKind::decide);
    for (const core::Item& item : machine_.items) {
      if (item.text != question.item || (item.kind == core::ItemKind::decide) != question.decides) {
        continue;
      }
      if (options_.answers != Answers::ask) {
        plan_answers(item, question, now);
        return {};
      }
      question.roles = item.quorum.roles;
      // All of them: one that is not offered any more is refused by the engine, with the reason.
      for (const core::Option& option : item.options) question.options.push_back(option.name);
      questions_.push_back(std::move(question));
      return {};
    }
    return core::fail("`" + question.item + "` is nothing that this runbook asks");
  }

  std::optional<OpenQuestion> take_question() {
    if (questions_.empty()) return std::nullopt;
    OpenQuestion question = std::move(questions_.front());
    questions_.pop_front();
    return question;
  }

  void answer(const OpenQuestion& question, const std::string& role, const std::string& actor,
              const std::string& given, Time now) {
    core::Command command = command_for(question, role, actor);
    command.yes = given != "no";
    if (question.decides) command.option = given;
    send(std::move(command), now);
  }

  Time last_change() const { return last_change_; }
  core::Weight weight() const { return traffic_.weight(); }

 private:
  void plan(Time due, Act act) {
    // Equal times keep the order in which they were planned.
    acts_.emplace(due, std::move(act));
  }

  void mark(const std::string& stage, Time now) {
    for (const Time edge : faults_.mark(stage, now)) {
      plan(edge, Edge{});
      last_change_ = std::max(last_change_, edge);
    }
  }

  const Fault* fault_of(const Effect& effect, Time now) const {
    FaultKind kind = FaultKind::checkpoint;
    if (effect.kind == core::EffectKind::run) kind = FaultKind::run;
    if (effect.kind == core::EffectKind::start) kind = FaultKind::start;
    if (effect.kind == core::EffectKind::traffic) {
      kind = effect.rollback ? FaultKind::rollback : FaultKind::shift;
    }
    return faults_.find({kind, effect.to, effect.name, effect.target}, now);
  }

  // ---- Acts -----------------------------------------------------------------------------------

  void perform(const Scrape&, Time now) {
    plan(now + options_.scrape_every, Scrape{});
    if (faults_.trouble_of(Whose::all, {}, now).collector_away) {
      collector_away_ = true;
      return traffic_.vary();
    }
    if (std::exchange(collector_away_, false)) begins_anew_.fill(true);
    for (const Whose whose : {Whose::baseline, Whose::canary, Whose::all}) {
      std::string lines = traffic_.lines(whose, now);
      if (lines.empty() || delivery_.loses(traffic_.trouble(whose))) continue;
      // A Collector lets a series begin with the first scrape of it that it gets.
      if (std::exchange(begins_anew_[static_cast<std::size_t>(whose)], false)) {
        traffic_.begin_anew(whose, now);
        lines = traffic_.lines(whose, now);
      }
      std::string key = machine_.service;
      if (machine_.arms && whose == Whose::canary) key = machine_.arms->canary;
      if (machine_.arms && whose == Whose::baseline) key = machine_.arms->baseline;
      delivery_.send({topics_.metrics, std::move(key), "", "", std::move(lines)},
                     traffic_.trouble(whose));
    }
    delivery_.end_scrape();
    traffic_.vary();
  }

  void perform(const Edge&, Time now) {
    for (; doubled_ < faults_.begun(FaultKind::partitions, now); ++doubled_) {
      options_.double_partitions();
      delivery_.spread();
    }
  }

  void perform(const Settle& settle, Time now) {
    const Effect& effect = settle.effect;
    const auto known = outcomes_.find(effect.id);
    if (known != outcomes_.end()) return send_settle(effect, known->second, now);
    const Fault* fault = fault_of(effect, now);
    if (fault != nullptr && fault->hangs) return;
    const Outcome outcome = carry_out(effect, fault);
    outcomes_.emplace(effect.id, outcome);
    send_settle(effect, outcome, now);
  }

  Outcome carry_out(const Effect& effect, const Fault* fault) {
    if (fault != nullptr) return {false, "the sandbox was told `" + fault->text + "`", ""};
    if (effect.kind == core::EffectKind::checkpoint) {
      return {true, "", "{\"id\":\"checkpoint-" + std::to_string(++checkpoints_) + "\"}"};
    }
    if (effect.kind != core::EffectKind::traffic) return {};
    // A hand that comes late must not undo what was done after it.
    if (effect.order <= last_order_) {
      return {false,
              "order " + std::to_string(effect.order) + " is not above " +
                  std::to_string(last_order_) + ", the highest acted on",
              ""};
    }
    last_order_ = effect.order;
    traffic_.set_weight(machine_.find_target(effect.target), effect.to);
    return {};
  }

  void perform(const Answer& answer, Time now) { send(answer.command, now); }

  void send_settle(const Effect& effect, const Outcome& outcome, Time now) {
    core::Command command;
    command.verb = core::Verb::settle;
    command.rollout = effect.rollout;
    command.actor = kSource;
    command.effect = effect.id;
    command.succeeded = outcome.succeeded;
    command.detail = outcome.detail;
    command.result = outcome.result;
    send(std::move(command), now);
  }

  void send(core::Command command, Time now) {
    command.key = {std::string(kSource), "s-" + std::to_string(++commands_)};
    command.sent = now;
    sink_({topics_.commands, command.rollout, command.key.id, type_of(command), encode(command)});
  }

  // ---- Reading --------------------------------------------------------------------------------

  static core::Status read_traffic(JsonFields& data, Effect& effect) {
    effect.kind = core::EffectKind::traffic;
    data.whole("order", effect.order);
    data.weight("to", effect.to);
    effect.target = text_of(data, "target");
    if (const JsonField* field = data.find("rollback")) effect.rollback = field->text == "true";
    if (data.problem() || data.find("to") == nullptr || data.find("order") == nullptr) {
      return core::fail("traffic effect " + effect.id + ": " +
                        data.problem().value_or("`to` or `order` is missing"));
    }
    return {};
  }

  // As many distinct persons as the quorum wants, each in a role of theirs.
  void plan_answers(const core::Item& item, const OpenQuestion& question, Time now) {
    const bool yes = options_.answers == Answers::yes;
    const std::string option =
        yes ? option_of(item, core::OptionKind::next) : option_of(item, core::OptionKind::rollback);
    if (question.decides && option.empty()) return;  // nothing to vote for
    const std::size_t persons = needed(item.quorum);
    for (std::size_t i = 0; i < persons && !item.quorum.roles.empty(); ++i) {
      core::Command command = command_for(question, item.quorum.roles[i % item.quorum.roles.size()],
                                          "p" + std::to_string(i + 1));
      command.yes = yes;
      command.option = option;
      plan(now + options_.answer_after, Answer{std::move(command)});
    }
  }

  static core::Command command_for(const OpenQuestion& question, const std::string& role,
                                   const std::string& actor) {
    core::Command command;
    command.verb = question.decides ? core::Verb::decide : core::Verb::confirm;
    command.rollout = question.rollout;
    command.item = question.item;
    command.question = question.number;
    command.role = role;
    command.actor = actor;
    return command;
  }

  static std::string option_of(const core::Item& item, core::OptionKind kind) {
    for (const core::Option& option : item.options) {
      if (option.kind == kind) return option.name;
    }
    return "";
  }

  const core::Machine& machine_;
  SyntheticOptions options_;
  ModelTopics topics_;
  Sink sink_;
  Traffic traffic_;
  Delivery delivery_;
  FaultClock faults_;
  std::multimap<Time, Act> acts_;            // never empty: a scrape plans the next
  std::deque<OpenQuestion> questions_;       // Answers::ask
  std::map<std::string, Outcome> outcomes_;  // by effect: asked again, answered alike
  Time last_change_ = core::kDistantPast;
  std::uint64_t last_order_ = 0;
  std::uint64_t commands_ = 0;
  std::uint64_t checkpoints_ = 0;
  bool collector_away_ = false;        // at the last scrape
  std::array<bool, 3> begins_anew_{};  // by arm: since the Collector came back
  int doubled_ = 0;                    // how often the topic was made wider
};

core::Result<std::unique_ptr<ServiceModel>> ServiceModel::make(const core::Machine& machine,
                                                               SyntheticOptions options,
                                                               ModelTopics topics, Sink sink) {
  TRY(auto series, healthy_series(machine, options.peak_per_second));
  series = by_label_sets(machine, std::move(series));
  for (const Fault& fault : options.faults) {
    add_kind(machine, fault, series);
    TRY_DO(check_fault(machine, fault, series));
    if (fault.kind == FaultKind::partitions && !options.double_partitions) {
      return core::fail("the fault `" + fault.text +
                        "` needs a bus whose topics the service can make wider, as the sandbox's");
    }
  }
  auto impl = std::make_unique<Impl>(machine, std::move(options), std::move(topics),
                                     std::move(sink), std::move(series));
  return std::unique_ptr<ServiceModel>(new ServiceModel(std::move(impl)));
}

ServiceModel::ServiceModel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ServiceModel::~ServiceModel() = default;

Time ServiceModel::next_due() const { return impl_->next_due(); }
void ServiceModel::run_until(Time now) { impl_->run_until(now); }
core::Status ServiceModel::on_effect(std::string_view cloud_event, Time now) {
  return impl_->on_effect(cloud_event, now);
}
core::Status ServiceModel::on_event(std::string_view cloud_event, Time now) {
  return impl_->on_event(cloud_event, now);
}
std::optional<OpenQuestion> ServiceModel::take_question() { return impl_->take_question(); }
void ServiceModel::answer(const OpenQuestion& question, const std::string& role,
                          const std::string& actor, const std::string& given, Time now) {
  impl_->answer(question, role, actor, given, now);
}
core::Time ServiceModel::last_change() const { return impl_->last_change(); }
core::Weight ServiceModel::weight() const { return impl_->weight(); }

}  // namespace rollbook::adapters
