#include "store/event_codec.h"

#include <array>
#include <type_traits>
#include <utility>

#include "store/event.pb.h"
#include "store/event_bodies.h"
#include "store/observed_codec.h"
#include "store/wire_values.h"

namespace rollbook::store {
namespace {

template <class Core, class Wire, EventKind kind>
struct Entry {
  using CoreBody = Core;
  using WireBody = Wire;
  static constexpr EventKind kKind = kind;
};
// The table of FORMAT.md.
using Table =
    std::tuple<Entry<core::RolloutStarted, wire::RolloutStarted, EventKind::rollout_started>,
               Entry<core::Observed, wire::Observed, EventKind::observed>,
               Entry<core::VerdictChanged, wire::VerdictChanged, EventKind::verdict_changed>,
               Entry<core::Transitioned, wire::Transitioned, EventKind::transitioned>,
               Entry<core::TimerFired, wire::TimerFired, EventKind::timer_fired>,
               Entry<core::EffectRequested, wire::EffectRequested, EventKind::effect_requested>,
               Entry<core::EffectDelivered, wire::EffectDelivered, EventKind::effect_delivered>,
               Entry<core::EffectSettled, wire::EffectSettled, EventKind::effect_settled>,
               Entry<core::Commanded, wire::Commanded, EventKind::commanded>,
               Entry<core::Rejected, wire::Rejected, EventKind::rejected>,
               Entry<core::Asked, wire::Asked, EventKind::asked>,
               Entry<core::Confirmed, wire::Confirmed, EventKind::confirmed>,
               Entry<core::Decided, wire::Decided, EventKind::decided>,
               Entry<core::Paused, wire::Paused, EventKind::paused>,
               Entry<core::Resumed, wire::Resumed, EventKind::resumed>,
               Entry<core::RolloutFinished, wire::RolloutFinished, EventKind::rollout_finished>,
               Entry<core::EngineGap, wire::EngineGap, EventKind::engine_gap>,
               Entry<core::ClockStep, wire::ClockStep, EventKind::clock_step>,
               Entry<core::SourceStatus, wire::SourceStatus, EventKind::source_status>,
               Entry<core::SourceGap, wire::SourceGap, EventKind::source_gap>>;
static_assert(std::tuple_size_v<Table> == std::variant_size_v<core::Body>,
              "a new body needs a message, a kind and a line in FORMAT.md");

template <class Body, std::size_t i = 0>
constexpr std::size_t entry_of() {
  if constexpr (std::is_same_v<typename std::tuple_element_t<i, Table>::CoreBody, Body>) {
    return i;
  } else {
    return entry_of<Body, i + 1>();
  }
}
template <class Body>
using EntryOf = std::tuple_element_t<entry_of<Body>(), Table>;

constexpr bool kKindsCountUp = []<std::size_t... i>(std::index_sequence<i...>) {
  return ((static_cast<std::size_t>(std::tuple_element_t<i, Table>::kKind) == i + 1) && ...);
}
(std::make_index_sequence<std::tuple_size_v<Table>>{});
static_assert(kKindsCountUp, "take() below finds a kind by its place");

}  // namespace

EventKind kind_of(const core::Body& body) {
  return std::visit([](const auto& b) { return EntryOf<std::decay_t<decltype(b)>>::kKind; }, body);
}

struct EventCodec::Messages {
  wire::Observed observed;

  Fault take_observed_body(std::string_view bytes, core::Event& event) {
    if (!observed.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return {nullptr, true};
    }
    auto* body = std::get_if<core::Observed>(&event.body);
    if (body == nullptr) body = &event.body.emplace<core::Observed>();
    Fault fault;
    take_observed(observed, event.time, *body, fault);
    return fault;
  }
  template <class Entry>
  Fault take_body(std::string_view bytes, core::Event& event) {
    if constexpr (std::is_same_v<typename Entry::CoreBody, core::Observed>) {
      return take_observed_body(bytes, event);
    } else {
      typename Entry::WireBody message;
      if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return {nullptr, true};
      }
      Fault fault;
      event.body = wire::take(message, fault);
      return fault;
    }
  }
};

EventCodec::EventCodec() : messages_(std::make_unique<Messages>()) {}
EventCodec::~EventCodec() = default;

void EventCodec::encode(const core::Event& event, std::string& out) {
  std::visit(
      [&](const auto& body) {
        using Body = std::decay_t<decltype(body)>;
        if constexpr (std::is_same_v<Body, core::Observed>) {
          messages_->observed.Clear();
          put_observed(body, event.time, messages_->observed);
          messages_->observed.AppendToString(&out);
        } else {
          typename EntryOf<Body>::WireBody message;
          wire::put(body, message);
          message.AppendToString(&out);
        }
      },
      event.body);
}

core::Status EventCodec::decode(std::uint8_t kind, std::string_view bytes, core::Event& event) {
  constexpr std::size_t kCount = std::tuple_size_v<Table>;
  if (kind == 0 || kind > kCount) {
    return core::fail("unknown event kind " + std::to_string(kind) + "; a newer rollbook wrote it");
  }
  using Take = Fault (Messages::*)(std::string_view, core::Event&);
  static constexpr auto kTakes = []<std::size_t... i>(std::index_sequence<i...>) {
    return std::array<Take, kCount>{&Messages::take_body<std::tuple_element_t<i, Table>>...};
  }
  (std::make_index_sequence<kCount>{});
  const Fault fault = (messages_.get()->*kTakes[kind - 1U])(bytes, event);
  if (fault.any()) return core::fail(fault.text());
  return {};
}

}  // namespace rollbook::store
