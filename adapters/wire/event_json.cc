#include "adapters/wire/event_json.h"

#include <fmt/format.h>

#include "adapters/wire/json_out.h"
#include "adapters/wire/names.h"
#include "adapters/wire/places.h"
#include "adapters/wire/text.h"
#include "engine/core/breakdown.h"

namespace rollbook::adapters {
namespace {

using core::Sequence;

// Writes the fields of one body, in the contract's order.
class BodyWriter {
 public:
  BodyWriter(const EventContext& context, const runtime::StoredEvent& stored, Json& json)
      : context_(context), stored_(stored), json_(json) {}

  void operator()(const core::RolloutStarted& body) {
    set("service", body.service);
    set("runbook", body.runbook);
    set("version", body.version);
    set("digest", body.digest);
    json_["weight"] = number(body.weight);
    weights(body.targets);
    if (!body.params.empty()) json_["params"] = object_of(body.params);
    set("actor", body.actor);
    set("reason", body.reason);
    set("command", body.command.id);
    json_["semantics"] = body.semantics;
    json_["grace"] = format_duration(body.limits.grace);
    json_["skew"] = format_duration(body.limits.skew);
    json_["stale_after"] = format_duration(body.limits.stale_after);
    json_["effect_deadline"] = format_duration(body.limits.effect_deadline);
    if (body.back) json_["reads_back_to"] = format_time(body.back->from);
  }

  void operator()(const core::Observed& body) {
    Json deltas = Json::array();
    for (const core::CellDelta& delta : body.deltas) {
      Json cell = series(delta.series);
      write(delta.cell, cell);
      if (delta.span > core::Duration::zero()) cell["span"] = format_duration(delta.span);
      deltas.push_back(std::move(cell));
    }
    json_["deltas"] = std::move(deltas);
    Json seen = Json::array();
    for (const core::SeriesSeen& one : body.seen) {
      Json entry = series(one.series);
      entry["watermark"] = format_time(one.watermark);
      entry["arrival"] = format_time(one.arrival);
      if (one.whole != core::kDistantPast) entry["whole"] = format_time(one.whole);
      if (one.interval > core::Duration::zero()) entry["interval"] = format_duration(one.interval);
      if (one.behind) entry["behind"] = true;
      seen.push_back(std::move(entry));
    }
    json_["seen"] = std::move(seen);
    for (const core::NameSeen& name : body.names) {
      json_["names"].push_back({{"metric", metric(name.metric)}, {"at", format_time(name.at)}});
    }
    for (const core::Layout& layout : body.layouts) {
      Json bounds = Json::array();
      for (const core::Fixed bound : layout.bounds) bounds.push_back(number(bound));
      json_["layouts"].push_back({{"metric", metric(layout.metric)}, {"bounds", bounds}});
    }
    breakdowns(body);
    Json offsets = Json::array();
    for (const core::SourceOffset& offset : body.offsets) {
      offsets.push_back(
          {{"topic", offset.topic}, {"partition", offset.partition}, {"next", offset.next}});
    }
    json_["offsets"] = std::move(offsets);
    for (const core::SeriesIndex index : body.stale) json_["stale"].push_back(series(index));
    json_["late"] = body.late;
    json_["quarantined"] = body.quarantined;
    if (body.refused != 0) json_["refused"] = body.refused;
    for (const core::SeriesClash& clash : body.clashes) {
      Json entry = series(clash.series);
      entry["at"] = format_time(clash.at);
      json_["two_senders"].push_back(std::move(entry));
    }
    if (body.past) read_back(*body.past);
  }

  void operator()(const core::VerdictChanged& body) {
    write_reading(context_.machine, body.criterion, body.reading, json_);
  }

  void operator()(const core::Transitioned& body) {
    json_["from"] = state(body.from);
    json_["to"] = state(body.to);
    set("because", body.because);
    if (context_.machine != nullptr && body.transition.valid()) {
      const core::Transition& transition = context_.machine->at(body.transition);
      set("label", transition.label);
      set("source", place_of(*context_.machine, transition.span));
    }
  }

  void operator()(const core::TimerFired& body) {
    json_["timer"] = context_.machine == nullptr ? std::to_string(body.clock.value)
                                                 : context_.machine->at(body.clock).name;
  }

  void operator()(const core::EffectRequested& body) {
    json_["effect"] = public_id(context_.rollout, stored_.event.sequence, stored_.hash);
    json_["kind"] = name_of(body.kind);
    json_["state"] = state(body.state);
    set("name", body.name);
    if (!body.arguments.empty()) json_["arguments"] = object_of(body.arguments);
    set("channel", body.channel);
    set("text", body.text);
    set("severity", body.severity);
    if (body.kind == core::EffectKind::traffic) {
      set("target", target(body.target));
      json_["order"] = body.order;
      json_["from"] = number(body.from);
      json_["to"] = number(body.to);
    }
    if (body.kind == core::EffectKind::traffic || body.rollback) json_["rollback"] = body.rollback;
    if (body.deadline) json_["deadline"] = format_time(*body.deadline);
    if (body.retry_of.valid()) json_["retry_of"] = effect(body.retry_of);
    set("because", body.cause_text);
    if (context_.machine != nullptr && body.criterion.valid()) {
      const core::Criterion& criterion = context_.machine->at(body.criterion);
      json_["criterion"] = criterion.id;
      json_["source"] = place_of(*context_.machine, criterion.span);
    }
  }

  void operator()(const core::EffectDelivered& body) { json_["effect"] = effect(body.effect); }

  void operator()(const core::EffectSettled& body) {
    json_["effect"] = effect(body.effect);
    json_["outcome"] = name_of(body.outcome);
    set("detail", body.detail);
    if (!body.result.empty()) json_["result"] = embedded(body.result);
  }

  void operator()(const core::Commanded& body) {
    command(body.command);
    set("reason", body.command.reason);
    write_verb(body.command);
  }

  void operator()(const core::Rejected& body) {
    command(body.command);
    set("reason", body.reason);
    set("detail", body.detail);
  }

  void operator()(const core::Asked& body) {
    json_["question"] = stored_.event.sequence.value;
    if (context_.machine == nullptr) return;
    const core::Item& item = context_.machine->at(body.item);
    json_["kind"] = name_of(item.kind);
    json_["item"] = item.text;
    json_["roles"] = item.quorum.roles;
    json_["needed"] = needed(item.quorum);
    json_["options"] = options_of(item, body.offered);
    json_["deadline"] = body.deadline ? Json(format_time(*body.deadline)) : Json(nullptr);
    set("source", place_of(*context_.machine, item.span));
  }

  void operator()(const core::Confirmed& body) {
    answer(body.question, body.role, body.actor);
    json_["answer"] = body.yes ? "yes" : "no";
  }

  void operator()(const core::Decided& body) {
    answer(body.question, body.role, body.actor);
    const core::Item* item = item_of(context_, body.question);
    json_["option"] = item == nullptr || body.option >= item->options.size()
                          ? Json(body.option)
                          : Json(item->options[body.option].name);
  }

  void operator()(const core::Paused& body) {
    json_["until"] = body.until ? Json(format_time(*body.until)) : Json(nullptr);
    if (!body.halt) return;
    json_["halted"] = true;
    set("because", body.because);
  }
  void operator()(const core::Resumed&) {}

  void operator()(const core::RolloutFinished& body) {
    json_["outcome"] = name_of(body.outcome);
    json_["weight"] = number(body.weight);
    weights(body.targets);
    set("because", body.because);
  }

  void operator()(const core::EngineGap& body) {
    json_["from"] = format_time(body.from);
    json_["to"] = format_time(body.to);
  }
  void operator()(const core::ClockStep& body) { json_["by"] = format_duration(body.by); }

  void operator()(const core::SourceStatus& body) {
    json_["input"] = body.source;
    json_["status"] = name_of(body.sight);
  }
  void operator()(const core::SourceGap& body) {
    json_["topic"] = body.topic;
    json_["partition"] = body.partition;
    json_["from"] = body.from;
    json_["to"] = body.to;
  }

 private:
  // A text that is not there leaves its key out.
  void set(const char* key, const std::string& text) {
    if (!text.empty()) json_[key] = text;
  }

  std::string state(core::StateIndex index) const { return state_name(context_.machine, index); }

  // {"eu":0.05,"us":0}; left out where there are no targets.
  void weights(const std::vector<core::TargetWeight>& targets) {
    for (const core::TargetWeight& one : targets) {
      json_["weights"][one.target] = number(one.weight);
    }
  }
  std::string target(core::TargetIndex index) const {
    if (!index.valid()) return "";
    return context_.machine == nullptr ? std::to_string(index.value)
                                       : context_.machine->at(index).name;
  }

  std::string metric(core::MetricIndex index) const {
    return context_.machine == nullptr ? std::to_string(index.value)
                                       : context_.machine->at(index).name;
  }

  Json series(core::SeriesIndex index) const {
    if (context_.machine == nullptr) return {{"series", index.value}};
    const core::Series& one = context_.machine->at(index);
    Json series{{"metric", metric(one.metric)}, {"arm", name_of(one.arm)}};
    if (one.target.valid()) series["target"] = target(one.target);
    return series;
  }

  std::string effect(Sequence sequence) const {
    if (context_.recall) {
      if (const auto earlier = context_.recall(sequence)) {
        return public_id(context_.rollout, sequence, earlier->hash);
      }
    }
    return fmt::format("{}/{}", context_.rollout, sequence.value);
  }

  // What the Observed adds to the metrics by their labels, and single requests.
  void breakdowns(const core::Observed& body) {
    const auto known = context_.machine == nullptr ? std::vector<core::Breakdown>{}
                                                   : core::breakdowns_of(*context_.machine);
    const auto name = [&](core::BreakdownIndex index) {
      return index.value < known.size() ? metric(known[index.value].metric)
                                        : std::to_string(index.value);
    };
    for (const core::LabelSet& set : body.sets) {
      json_["sets"].push_back({{"metric", name(set.breakdown)}, {"values", set.values}});
    }
    const auto add = [&](const char* key, const std::vector<core::Share>& shares) {
      for (const core::Share& share : shares) {
        Json entry{{"metric", name(share.breakdown)}, {"arm", name_of(share.arm)}};
        entry["set"] = share.set == core::kOtherSet ? Json("other") : Json(share.set);
        entry["end"] = format_time(share.cell.end);
        entry["value"] = number(share.cell.value);
        entry["samples"] = share.cell.samples;
        json_[key].push_back(std::move(entry));
      }
    };
    add("kinds", body.kinds);
    add("shares", body.shares);
    for (const core::Exemplar& exemplar : body.exemplars) {
      Json entry{{"metric", metric(exemplar.metric)},
                 {"arm", name_of(exemplar.arm)},
                 {"value", number(exemplar.value)},
                 {"time", format_time(exemplar.at)},
                 {"trace_id", exemplar.trace}};
      for (const auto& [label, value] : exemplar.labels) entry["labels"][label] = value;
      json_["exemplars"].push_back(std::move(entry));
    }
  }

  static void write(const core::Cell& cell, Json& json) {
    json["end"] = format_time(cell.end);
    json["latest"] = format_time(cell.latest);
    json["value"] = number(cell.value);
    json["samples"] = cell.samples;
    if (!cell.buckets.empty()) json["buckets"] = cell.buckets;
  }

  void read_back(const core::Past& past) {
    Json windows = Json::array();
    for (const core::WindowCells& found : past.windows) {
      const core::Window& window = context_.machine->at(found.window);
      Json json = series(window.series);
      json["window"] = format_duration(window.width);
      json["cells"] = Json::array();
      for (const core::Cell& cell : found.cells) {
        Json each;
        write(cell, each);
        json["cells"].push_back(std::move(each));
      }
      windows.push_back(std::move(json));
    }
    Json began = Json::array();
    for (const core::SeriesPast& found : past.series) {
      Json json = series(found.series);
      json["began"] = format_time(found.began);
      json["watermark"] = format_time(found.watermark);
      began.push_back(std::move(json));
    }
    json_["read_back"] = {{"whole_from", format_time(past.whole_from)},
                          {"points", past.points},
                          {"series", std::move(began)},
                          {"windows", std::move(windows)}};
  }

  void command(const core::Command& command) {
    json_["command"] = command.key.id;
    json_["command_source"] = command.key.source;
    json_["verb"] = core::name_of(command.verb);
    set("actor", command.actor);
  }

  void write_verb(const core::Command& command) {
    set("item", command.item);
    set("role", command.role);
    if (command.verb == core::Verb::confirm) json_["answer"] = command.yes ? "yes" : "no";
    set("option", command.option);
    if (command.question != 0) json_["question"] = command.question;
    if (command.duration) {
      const char* key = command.verb == core::Verb::pause    ? "for"
                        : command.verb == core::Verb::extend ? "by"
                                                             : "over";
      json_[key] = format_duration(*command.duration);
    }
    if (command.verb == core::Verb::rollback) {
      json_["how"] = command.how == core::RollbackHow::gradual ? "gradual" : "immediate";
      json_["to"] = number(command.to);
      set("target", command.target);
    }
    if (command.verb == core::Verb::settle) {
      set("effect", command.effect);
      json_["outcome"] = command.succeeded ? "succeeded" : "failed";
      set("detail", command.detail);
    }
  }

  void answer(Sequence question, const std::string& role, const std::string& actor) {
    json_["question"] = question.value;
    if (const core::Item* item = item_of(context_, question)) json_["item"] = item->text;
    set("role", role);
    set("actor", actor);
  }

  const EventContext& context_;
  const runtime::StoredEvent& stored_;
  Json& json_;
};

// Its stream has a count of its own, which must not be taken for a rollout's.
bool is_of_shard(const EventContext& context) { return context.rollout.empty(); }

Json to_json(const EventContext& context, const runtime::StoredEvent& stored) {
  const core::Event& event = stored.event;
  Json json;
  json["rollout"] = rollout_of(context, event);
  json[is_of_shard(context) ? "shard_sequence" : "sequence"] = event.sequence.value;
  json["time"] = format_time(event.time);
  json["type"] = type_of(event.body);
  if (event.cause.valid()) json["cause"] = event.cause.value;
  std::visit(BodyWriter(context, stored, json), event.body);
  return json;
}

}  // namespace

EventContext context_of(const core::RolloutStarted& started, const core::Machine& machine) {
  return EventContext{started.rollout, started.service, started.version, &machine, {}};
}

std::string public_id(std::string_view rollout, Sequence sequence, std::string_view hash) {
  return fmt::format("{}/{}/{}", rollout, sequence.value, hash);
}

std::string rollout_of(const EventContext& context, const core::Event& event) {
  if (!context.rollout.empty()) return context.rollout;
  const auto* rejected = std::get_if<core::Rejected>(&event.body);
  return rejected == nullptr ? std::string() : rejected->command.rollout;
}

std::string event_json(const EventContext& context, const runtime::StoredEvent& stored) {
  return to_line(to_json(context, stored));
}

std::optional<runtime::Outgoing> event_message(const std::string& topic,
                                               const EventContext& context,
                                               const runtime::StoredEvent& stored) {
  const core::Event& event = stored.event;
  if (std::holds_alternative<core::Observed>(event.body)) return std::nullopt;
  runtime::Outgoing message;
  message.topic = topic;
  message.key = rollout_of(context, event);
  message.id = public_id(message.key, event.sequence, stored.hash);
  message.type = fmt::format("dev.rollbook.{}", type_of(event.body));
  Json json;
  json["specversion"] = "1.0";
  json["id"] = message.id;
  json["source"] = "rollbook/engine";
  json["type"] = message.type;
  if (!message.key.empty()) json["subject"] = message.key;
  json["time"] = format_time(event.time);
  if (!is_of_shard(context)) json["sequence"] = fmt::format("{:020}", event.sequence.value);
  json["datacontenttype"] = "application/json";
  json["data"] = to_json(context, stored);
  message.payload = to_line(json);
  return message;
}

}  // namespace rollbook::adapters
