#include "tools/command_client.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>

#include "adapters/wire/command_encoder.h"
#include "adapters/wire/text.h"
#include "tools/settings.h"

namespace rollbook::tools {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr std::string_view kType = "dev.rollbook.";
constexpr core::Duration kPoll = 100ms;
constexpr std::size_t kRecords = 500;
constexpr core::Duration kDelivery = 10s;
constexpr core::Duration kHistory = 60s;

std::string text_of(const json& data, const char* key) {
  const auto found = data.find(key);
  return found != data.end() && found->is_string() ? found->get<std::string>() : "";
}
std::uint64_t number_of(const json& data, const char* key) {
  const auto found = data.find(key);
  return found != data.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}
std::vector<std::string> texts_of(const json& data, const char* key) {
  std::vector<std::string> texts;
  const auto found = data.find(key);
  if (found == data.end() || !found->is_array()) return texts;
  for (const json& entry : *found) {
    if (entry.is_string()) texts.push_back(entry.get<std::string>());
  }
  return texts;
}

}  // namespace

std::optional<SeenEvent> read_event(std::string_view message) {
  const json event = json::parse(message, nullptr, false);
  if (!event.is_object()) return std::nullopt;
  const std::string type = text_of(event, "type");
  const auto data = event.find("data");
  if (!type.starts_with(kType) || data == event.end() || !data->is_object()) return std::nullopt;
  SeenEvent seen;
  seen.type = type.substr(kType.size());
  seen.rollout = text_of(*data, "rollout");
  seen.sequence = number_of(*data, "sequence");
  seen.command = text_of(*data, "command");
  seen.command_source = text_of(*data, "command_source");
  seen.reason = text_of(*data, "reason");
  seen.detail = text_of(*data, "detail");
  seen.from = text_of(*data, "from");
  seen.to = text_of(*data, "to");
  seen.because = text_of(*data, "because");
  seen.outcome = text_of(*data, "outcome");
  seen.kind = text_of(*data, "kind");
  seen.item = text_of(*data, "item");
  seen.question = number_of(*data, "question");
  seen.roles = texts_of(*data, "roles");
  seen.options = texts_of(*data, "options");
  seen.json = data->dump(-1, ' ', false, json::error_handler_t::replace);
  return seen;
}

Outcome<std::unique_ptr<CommandClient>> CommandClient::connect(const adapters::Config& config) {
  TRY(auto bus, make_bus(config));
  const auto unreachable = [](const core::Error& error) {
    return give_up(error.message, Exit::unreachable);
  };
  std::unique_ptr<CommandClient> client(new CommandClient(config, std::move(bus)));
  // Where the topic ends now is asked first: an answer cannot come before the command.
  const auto ends = client->bus_->ends({config.topics.events});
  if (!ends) return unreachable(ends.error());
  auto consumer = client->bus_->consumer({config.topics.events}, *ends, false);
  if (!consumer) return unreachable(consumer.error());
  client->events_ = std::move(*consumer);
  auto producer = client->bus_->producer();
  if (!producer) return unreachable(producer.error());
  client->producer_ = std::move(*producer);
  return client;
}

Outcome<Answer> CommandClient::send(const core::Command& command, core::Duration timeout) {
  bool delivered = false;
  std::optional<core::Error> failed;
  const runtime::Outgoing message{config_.topics.commands, command.rollout, command.key.id,
                                  adapters::type_of(command), adapters::encode(command)};
  const auto begun = std::chrono::steady_clock::now();
  if (!producer_->send(message, [&](std::optional<core::Error> error) {
        delivered = !error.has_value();
        failed = std::move(error);
      })) {
    return give_up("the command cannot be handed to the bus", Exit::unreachable);
  }
  while (!delivered && !failed && std::chrono::steady_clock::now() - begun < kDelivery) {
    producer_->poll(kPoll);
  }
  if (!delivered) {
    producer_->flush(0s);
    return give_up(fmt::format("the command was not delivered{}",
                               failed ? ": " + failed->message : " within 10s"),
                   Exit::unreachable);
  }
  Answer answer;
  TRY(const bool answered, follow(timeout, [&](const SeenEvent& event) {
        const bool mine =
            event.command == command.key.id && event.command_source == command.key.source;
        if (!mine || (event.type != "commanded" && event.type != "rejected")) return true;
        answer.accepted = event.type == "commanded";
        answer.event = event;
        return false;
      }));
  if (answered) return answer;
  return give_up(fmt::format("no answer within {}: the command is on `{}`, but does an engine read "
                             "it?",
                             adapters::format_duration(timeout), config_.topics.commands),
                 Exit::unreachable);
}

Outcome<bool> CommandClient::follow(std::optional<core::Duration> timeout,
                                    const std::function<bool(const SeenEvent&)>& visit) {
  const auto begun = std::chrono::steady_clock::now();
  bool go_on = true;
  while (go_on && !unread_.empty()) {
    const SeenEvent event = std::move(unread_.front());
    unread_.pop_front();
    go_on = visit(event);
  }
  runtime::ConsumerEvents events;
  events.on_record = [&](const runtime::Record& record) {
    auto event = read_event(record.value);
    if (!event) return;
    if (go_on) {
      go_on = visit(*event);
    } else {
      unread_.push_back(std::move(*event));
    }
  };
  events.on_gap = [](const runtime::Gap&) {};
  events.on_reachable = [](bool) {};
  while (go_on) {
    if (interrupted()) return give_up("interrupted", Exit::interrupted);
    if (timeout && std::chrono::steady_clock::now() - begun >= *timeout) return false;
    const auto polled = events_->poll(kPoll, kRecords, events);
    if (!polled) return give_up(polled.error().message, Exit::unreachable);
  }
  return true;
}

Outcome<bool> CommandClient::history(const std::function<void(const SeenEvent&)>& visit) {
  const auto failed = [](const core::Error& error) {
    return give_up(error.message, Exit::unreachable);
  };
  auto consumer = bus_->consumer({config_.topics.events}, {}, false);
  if (!consumer) return failed(consumer.error());
  const auto ends = (*consumer)->ends();
  if (!ends) return failed(ends.error());
  std::vector<core::SourceOffset> left = *ends;
  std::erase_if(left, [](const core::SourceOffset& end) { return end.next <= 0; });
  runtime::ConsumerEvents events;
  const auto reached = [&](std::int32_t partition, std::int64_t next) {
    std::erase_if(left, [&](const core::SourceOffset& end) {
      return end.partition == partition && end.next <= next;
    });
  };
  events.on_record = [&](const runtime::Record& record) {
    if (const auto event = read_event(record.value)) visit(*event);
    reached(record.partition, record.offset + 1);
  };
  events.on_gap = [&](const runtime::Gap& gap) { reached(gap.partition, gap.to); };
  events.on_reachable = [](bool) {};
  const auto begun = std::chrono::steady_clock::now();
  while (!left.empty()) {
    const auto polled = (*consumer)->poll(kPoll, kRecords, events);
    if (!polled) return failed(polled.error());
    if (interrupted()) return give_up("interrupted", Exit::interrupted);
    // The last offsets of a topic may hold nothing (compacted, control records): then it is silent.
    if (*polled == 0 && std::chrono::steady_clock::now() - begun > kHistory) return false;
  }
  return true;
}

core::CommandKey new_key() {
  std::random_device device;
  const auto part = [&] { return static_cast<std::uint64_t>(device()); };
  return {"rollbook/cli", fmt::format("{:08x}{:08x}{:08x}", part(), part(), part())};
}

std::string default_actor() {
  for (const char* name : {"ROLLBOOK_ACTOR", "USER", "LOGNAME"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  const passwd* entry = getpwuid(getuid());
  return entry == nullptr ? std::to_string(getuid()) : entry->pw_name;
}

}  // namespace rollbook::tools
