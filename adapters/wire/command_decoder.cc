#include "adapters/wire/command_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "adapters/wire/json_fields.h"
#include "adapters/wire/text.h"
#include "engine/core/limits.h"

namespace rollbook::adapters {
namespace {

using core::Command;
using core::kTextBytes;
using core::Verb;

constexpr std::string_view kCommandType = "dev.rollbook.command.";
constexpr std::string_view kEngineType = "dev.rollbook.engine.";
constexpr std::size_t kParams = 256;
// A command whose text fields are all full, with a runbook and its escapes.
constexpr std::size_t kCommandBytes = core::kMessageBytes;

void need_text(JsonFields& data, std::string_view key, std::string& out,
               std::size_t most = kTextBytes) {
  data.text(key, out, most);
  if (out.empty()) data.complain(fmt::format("`{}` is missing", key));
}

// A number as the language writes it: programs say 1e-05.
std::string value_of(const JsonField& param) {
  if (param.type != JsonType::number || param.text.find_first_of("eE") == std::string::npos) {
    return param.text;
  }
  const auto number = parse_fixed(param.text);
  return number ? format_fixed(*number) : param.text;
}

void read_params(JsonFields& data, std::vector<core::Argument>& params) {
  const JsonField* field = data.find("params");
  if (field == nullptr) return;
  if (field->type != JsonType::object) {
    data.complain("`params` is not an object of names and values");
    return;
  }
  const auto given = JsonFields::read(field->text);
  if (!given) {
    data.complain("`params`: " + given.error().message);
    return;
  }
  for (const JsonField& param : given->all()) {
    const bool scalar = param.type == JsonType::text || param.type == JsonType::number ||
                        param.type == JsonType::boolean;
    if (!scalar || param.text.size() > kTextBytes || param.key.size() > kTextBytes) {
      data.complain(fmt::format("`params`: `{}` is no text or number of at most {} bytes",
                                printable(std::string_view(param.key).substr(0, 64)), kTextBytes));
      return;
    }
    if (params.size() == kParams) {
      data.complain(fmt::format("`params` has more than {} entries", kParams));
      return;
    }
    params.push_back({param.key, value_of(param)});
  }
}

// {"eu": 0.05}: of targets that a runbook names.
void read_weights(JsonFields& data, std::vector<core::TargetWeight>& weights) {
  const JsonField* field = data.find("weights");
  if (field == nullptr) return;
  if (field->type != JsonType::object) {
    data.complain("`weights` is not an object of targets and weights");
    return;
  }
  auto given = JsonFields::read(field->text);
  if (!given) {
    data.complain("`weights`: " + given.error().message);
    return;
  }
  for (const JsonField& one : std::vector<JsonField>(given->all())) {
    core::TargetWeight weight{one.key, {}};
    if (weights.size() == kParams || one.key.size() > kTextBytes ||
        !given->weight(one.key, weight.weight)) {
      data.complain("`weights`: " + given->problem().value_or("too many, or names too long"));
      return;
    }
    weights.push_back(std::move(weight));
  }
}

void read_start(JsonFields& data, Command& command) {
  need_text(data, "runbook", command.runbook, core::kRunbookBytes);
  data.text("file", command.file, kTextBytes);
  read_params(data, command.params);
  data.text("version", command.version, kTextBytes);
  if (data.text("digest", command.digest, kTextBytes)) {
    const bool good = command.digest.size() == 64 &&
                      command.digest.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!good) data.complain("`digest` is not 64 lower-case hex digits");
  }
  core::Weight weight;
  if (data.weight("weight", weight)) command.weight = weight;
  read_weights(data, command.weights);
}

void read_answer(JsonFields& data, Command& command) {
  if (command.actor.empty()) data.complain("`actor` is missing");
  data.text("role", command.role, kTextBytes);  // may be left out where one role is asked
  if (data.whole("question", command.question) && command.question == 0) {
    data.complain("`question` is 0, questions have numbers from 1");
  }
  data.text("item", command.item, kTextBytes);
}

void read_confirm(JsonFields& data, Command& command) {
  read_answer(data, command);
  if (command.item.empty() && command.question == 0) data.complain("`item` is missing");
  static constexpr std::string_view kAnswers[] = {"yes", "no"};
  if (const auto answer = data.word("answer", kAnswers)) command.yes = *answer == 0;
}

void read_decide(JsonFields& data, Command& command) {
  read_answer(data, command);
  need_text(data, "option", command.option);
}

void read_rollback(JsonFields& data, Command& command) {
  static constexpr std::string_view kHows[] = {"immediate", "gradual"};
  if (const auto how = data.word("how", kHows)) {
    command.how = *how == 0 ? core::RollbackHow::immediate : core::RollbackHow::gradual;
  }
  data.weight("to", command.to);
  data.duration("over", command.duration);
  data.text("target", command.target, kTextBytes);
}

void read_settle(JsonFields& data, Command& command) {
  need_text(data, "effect", command.effect);
  static constexpr std::string_view kOutcomes[] = {"succeeded", "failed"};
  if (data.find("outcome") == nullptr) data.complain("`outcome` is missing");
  if (const auto outcome = data.word("outcome", kOutcomes)) command.succeeded = *outcome == 0;
  data.text("detail", command.detail, kTextBytes);
  const JsonField* result = data.find("result");
  data.raw("result", command.result, core::kResultBytes);
  // A text was unescaped on the way in; what is kept is JSON.
  if (result != nullptr && result->type == JsonType::text) command.result = quoted(command.result);
}

void read_verb(JsonFields& data, Command& command) {
  switch (command.verb) {
    case Verb::start:
      return read_start(data, command);
    case Verb::confirm:
      return read_confirm(data, command);
    case Verb::decide:
      return read_decide(data, command);
    case Verb::pause:
      data.duration("for", command.duration);
      return;
    case Verb::extend:
      data.duration("by", command.duration);
      if (!command.duration) data.complain("`by` is missing");
      return;
    case Verb::rollback:
      return read_rollback(data, command);
    case Verb::settle:
      return read_settle(data, command);
    case Verb::resume:
    case Verb::promote:
    case Verb::abort:
    case Verb::rebalance:
      return;
  }
}

void read_rollout(JsonFields& data, Command& command) {
  std::string rollout;
  if (!data.text("rollout", rollout, kTextBytes) || rollout.empty()) {
    if (command.verb != Verb::start) data.complain("`rollout` is missing");
    return;
  }
  if (!is_rollout_name(rollout)) {
    data.complain(fmt::format("`rollout` is `{}`, expected up to 63 of a-z, 0-9 and -",
                              printable(std::string_view(rollout).substr(0, 64))));
  }
  command.rollout = rollout;  // a refusal is told under the name that was given
}

// The data object of an event; an event without one has an empty one.
core::Result<JsonFields> read_data(const JsonFields& event) {
  if (event.find("data_base64") != nullptr) return core::fail("`data_base64`, expected `data`");
  if (const JsonField* type = event.find("datacontenttype")) {
    if (type->text != "application/json" && !type->text.ends_with("+json") &&
        !type->text.starts_with("application/json;")) {
      return core::fail(fmt::format("`datacontenttype` is `{}`, expected application/json",
                                    printable(std::string_view(type->text).substr(0, 64))));
    }
  }
  const JsonField* data = event.find("data");
  if (data == nullptr) return JsonFields{};
  if (data->type != JsonType::object) return core::fail("`data` is not an object");
  return JsonFields::read(data->text);
}

struct Envelope {
  core::CommandKey key;
  std::string type;
};

core::Result<Envelope> read_envelope(JsonFields& event) {
  std::string version;
  event.text("specversion", version, kTextBytes);
  Envelope envelope;
  event.text("id", envelope.key.id, kTextBytes);
  event.text("source", envelope.key.source, kTextBytes);
  event.text("type", envelope.type, kTextBytes);
  if (event.problem()) return core::fail("no CloudEvent: " + *event.problem());
  if (version.empty()) return core::fail("no CloudEvent: `specversion` is missing");
  if (version != "1.0") {
    return core::fail(
        fmt::format("no CloudEvent that can be read: `specversion` is `{}`, expected 1.0",
                    printable(std::string_view(version).substr(0, 64))));
  }
  const std::pair<std::string_view, const std::string*> required[] = {
      {"id", &envelope.key.id}, {"source", &envelope.key.source}, {"type", &envelope.type}};
  for (const auto& [name, value] : required) {
    if (value->empty()) return core::fail(fmt::format("no CloudEvent: `{}` is missing", name));
  }
  return envelope;
}

Incoming read_notice(std::string_view kind, const JsonFields& event, core::Time sent) {
  EngineNotice notice;
  notice.sent = sent;
  if (kind == "held") {
    notice.kind = EngineNotice::Kind::held;
  } else if (kind != "claim") {
    return NotACloudEvent{fmt::format("`{}{}` is no type that an engine reads", kEngineType,
                                      printable(kind.substr(0, 64)))};
  }
  auto data = read_data(event);
  if (!data) return NotACloudEvent{data.error().message};
  need_text(*data, "run", notice.run);
  if (data->problem()) return NotACloudEvent{*data->problem()};
  return notice;
}

Incoming read_command(std::string_view name, Envelope envelope, const JsonFields& event,
                      core::Time sent) {
  const auto verb = std::find(std::begin(core::kVerbNames), std::end(core::kVerbNames), name);
  if (verb == std::end(core::kVerbNames)) {
    return NotACloudEvent{fmt::format("`{}` is no command{}", printable(name.substr(0, 64)),
                                      did_you_mean(name, core::kVerbNames))};
  }
  Command command;
  command.key = std::move(envelope.key);
  command.verb = static_cast<Verb>(verb - std::begin(core::kVerbNames));
  command.sent = sent;
  auto data = read_data(event);
  if (!data) return BadCommand{std::move(command), data.error().message};
  read_rollout(*data, command);
  data->text("actor", command.actor, kTextBytes);
  data->text("reason", command.reason, kTextBytes);
  read_verb(*data, command);
  if (data->problem()) {
    command.runbook.clear();  // a refusal carries no runbook
    return BadCommand{std::move(command), *data->problem()};
  }
  return command;
}

}  // namespace

Incoming decode_command(std::string_view json, core::Time sent) {
  if (json.size() > kCommandBytes) {
    return NotACloudEvent{
        fmt::format("a message of {} bytes, the limit is {}", json.size(), kCommandBytes)};
  }
  if (json.empty()) return NotACloudEvent{"an empty message"};
  auto event = JsonFields::read(json);
  if (!event) return NotACloudEvent{event.error().message};
  auto envelope = read_envelope(*event);
  if (!envelope) return NotACloudEvent{envelope.error().message};
  const std::string type = envelope->type;
  const std::string_view view = type;
  if (view.starts_with(kEngineType)) {
    return read_notice(view.substr(kEngineType.size()), *event, sent);
  }
  if (view.starts_with(kCommandType)) {
    return read_command(view.substr(kCommandType.size()), std::move(*envelope), *event, sent);
  }
  return NotACloudEvent{fmt::format("type `{}` is no command, expected {}<verb>",
                                    printable(view.substr(0, 64)), kCommandType)};
}

Incoming decode_command(const runtime::Record& record) {
  return decode_command(record.value, record.time);
}

}  // namespace rollbook::adapters
