#include "tools/scenario/timeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/pump/stream_contexts.h"
#include "adapters/wire/event_text.h"

namespace rollbook::tools {
namespace {

constexpr std::size_t kBefore = 6;
constexpr std::size_t kDuring = 10;
constexpr std::size_t kAfter = 4;

struct Told {
  core::Time time{};
  std::string text;
};

core::Result<std::vector<Told>> tell_all(const runtime::EventLog& log, const Seen& seen) {
  adapters::StreamContexts contexts(log);
  std::vector<Told> told;
  for (const core::Event& event : seen.events) {
    TRY(const adapters::EventContext* context, contexts.of(event.stream));
    const adapters::Sentence sentence = adapters::tell(*context, {{}, "", event});
    if (sentence.tone == adapters::Tone::quiet) continue;
    told.push_back(
        {event.time, fmt::format("{} {}", adapters::glyph(sentence.tone), sentence.text)});
  }
  return told;
}

}  // namespace

core::Result<std::vector<std::string>> timeline(const runtime::EventLog& log, const Seen& seen,
                                                const Unmet& failure) {
  TRY(const std::vector<Told> told, tell_all(log, seen));
  const auto first = std::find_if(told.begin(), told.end(),
                                  [&](const Told& one) { return one.time >= failure.from; });
  const auto last =
      std::find_if(first, told.end(), [&](const Told& one) { return one.time > failure.to; });
  std::vector<std::string> lines;
  const auto add = [&](std::vector<Told>::const_iterator from,
                       std::vector<Told>::const_iterator to) {
    for (; from != to; ++from) {
      lines.push_back(fmt::format("  {:<10} {}", since_start(seen, from->time), from->text));
    }
  };
  const auto mark = [&](core::Time time) {
    lines.push_back(fmt::format("> {:<10} (here)", since_start(seen, time)));
  };
  const auto before = std::min<std::ptrdiff_t>(kBefore, first - told.begin());
  if (first - told.begin() > before) lines.emplace_back("  …");
  add(first - before, first);
  mark(failure.from);
  if (last - first > static_cast<std::ptrdiff_t>(kDuring)) {
    add(first, first + kDuring / 2);
    lines.push_back(fmt::format("  … {} more", static_cast<std::size_t>(last - first) - kDuring));
    add(last - kDuring / 2, last);
  } else {
    add(first, last);
  }
  if (failure.to != failure.from) mark(failure.to);
  const auto after = std::min<std::ptrdiff_t>(kAfter, told.end() - last);
  add(last, last + after);
  if (told.end() - last > after) lines.emplace_back("  …");
  return lines;
}

}  // namespace rollbook::tools
