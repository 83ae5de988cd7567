#include "adapters/wire/command_encoder.h"

#include "adapters/wire/json_out.h"
#include "adapters/wire/text.h"

namespace rollbook::adapters {
namespace {

using core::Command;
using core::Verb;

void set(Json& data, const char* key, const std::string& text) {
  if (!text.empty()) data[key] = text;
}

void set(Json& data, const char* key, const std::optional<core::Duration>& duration) {
  if (duration) data[key] = format_duration(*duration);
}

void write_start(Json& data, const Command& command) {
  data["runbook"] = command.runbook;
  set(data, "file", command.file);
  if (!command.params.empty()) {
    Json& params = data["params"] = Json::object();
    for (const core::Argument& param : command.params) params[param.name] = param.value;
  }
  set(data, "version", command.version);
  set(data, "digest", command.digest);
  if (command.weight) data["weight"] = number(*command.weight);
  for (const core::TargetWeight& one : command.weights) {
    data["weights"][one.target] = number(one.weight);
  }
}

void write_verb(Json& data, const Command& command) {
  switch (command.verb) {
    case Verb::start:
      return write_start(data, command);
    case Verb::confirm:
      set(data, "item", command.item);
      set(data, "role", command.role);
      data["answer"] = command.yes ? "yes" : "no";
      break;
    case Verb::decide:
      set(data, "item", command.item);
      set(data, "option", command.option);
      set(data, "role", command.role);
      break;
    case Verb::pause:
      return set(data, "for", command.duration);
    case Verb::extend:
      return set(data, "by", command.duration);
    case Verb::rollback:
      data["how"] = command.how == core::RollbackHow::gradual ? "gradual" : "immediate";
      if (command.to != core::kNoTraffic) data["to"] = number(command.to);
      set(data, "over", command.duration);
      return set(data, "target", command.target);
    case Verb::settle:
      set(data, "effect", command.effect);
      data["outcome"] = command.succeeded ? "succeeded" : "failed";
      set(data, "detail", command.detail);
      if (!command.result.empty()) data["result"] = embedded(command.result);
      return;
    case Verb::resume:
    case Verb::promote:
    case Verb::abort:
    case Verb::rebalance:
      return;
  }
  if (command.question != 0) data["question"] = command.question;
}

Json envelope(const std::string& id, const std::string& source, const std::string& type,
              core::Time sent) {
  Json event;
  event["specversion"] = "1.0";
  event["id"] = id;
  event["source"] = source;
  event["type"] = type;
  if (sent != core::Time{}) event["time"] = format_time(sent);
  event["datacontenttype"] = "application/json";
  return event;
}

}  // namespace

std::string type_of(const Command& command) {
  return "dev.rollbook.command." + std::string(name_of(command.verb));
}

std::string type_of(const EngineNotice& notice) {
  return notice.kind == EngineNotice::Kind::claim ? "dev.rollbook.engine.claim"
                                                  : "dev.rollbook.engine.held";
}

std::string encode(const Command& command) {
  Json event = envelope(command.key.id, command.key.source, type_of(command), command.sent);
  Json data = Json::object();
  set(data, "rollout", command.rollout);
  write_verb(data, command);
  set(data, "actor", command.actor);
  set(data, "reason", command.reason);
  event["data"] = std::move(data);
  return to_line(event);
}

std::string encode(const EngineNotice& notice) {
  Json event = envelope(notice.run, "rollbook/engine", type_of(notice), notice.sent);
  event["data"] = Json{{"run", notice.run}};
  return to_line(event);
}

}  // namespace rollbook::adapters
