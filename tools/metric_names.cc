#include "tools/metric_names.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "adapters/wire/text.h"

namespace rollbook::tools {
namespace {

using adapters::slips;

using Words = std::vector<std::string>;

constexpr std::size_t kNamesShown = 5;
constexpr std::size_t kLettersLeast = 3;  // of a part that says anything

// What is put behind a counter's name, the likelier first: the sum of a histogram's values is no
// number of requests.
constexpr std::array<std::string_view, 4> kSuffixes{"total", "count", "bucket", "sum"};

// `http.server.requestCount` has the words http, server and requestcount.
Words words_of(std::string_view name) {
  Words words;
  bool open = false;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool letter = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (letter && !open) words.emplace_back();
    if (letter) words.back() += upper ? static_cast<char>(c - 'A' + 'a') : c;
    open = letter;
  }
  return words;
}

// Its place among kSuffixes; behind them all where it has none.
std::size_t suffix_of(const Words& words) {
  const auto at = words.size() < 2 ? kSuffixes.end()
                                   : std::find(kSuffixes.begin(), kSuffixes.end(), words.back());
  return static_cast<std::size_t>(at - kSuffixes.begin());
}

Words stem_of(Words words) {
  while (suffix_of(words) < kSuffixes.size()) words.pop_back();
  return words;
}

std::string joined(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : "_") + word;
  return text;
}

bool holds(const Words& whole, const Words& part) {
  return !part.empty() &&
         std::search(whole.begin(), whole.end(), part.begin(), part.end()) != whole.end();
}

bool holds(const std::string& whole, const std::string& part) {
  return part.size() >= kLettersLeast && whole.find(part) != std::string::npos;
}

// Of three letters one is another word.
std::size_t slips_at_most(std::string_view stem) {
  return stem.size() < 4 ? 0 : stem.size() < 8 ? 1 : 2;
}

Nearness nearness_of(std::string_view wanted, std::string_view name) {
  const Words a = stem_of(words_of(wanted)), b = stem_of(words_of(name));
  if (a == b) return a.empty() ? Nearness::none : Nearness::same;
  const std::string one = joined(a), other = joined(b);
  if (std::min(slips(wanted, name), slips(one, other)) <= slips_at_most(one)) return Nearness::slip;
  if (holds(a, b) || holds(b, a)) return Nearness::part;
  if (holds(one, other) || holds(other, one)) return Nearness::inside;
  return Nearness::none;
}

}  // namespace

NearNames near_names(std::string_view wanted, const std::vector<std::string>& names) {
  struct Candidate {
    Nearness nearness;
    std::size_t apart;  // in the first two kinds one is nearer than another
    std::string name;
  };
  std::vector<Candidate> candidates;
  for (const std::string& name : names) {
    const Nearness nearness = nearness_of(wanted, name);
    if (nearness == Nearness::none) continue;
    const std::size_t apart = nearness == Nearness::same   ? suffix_of(words_of(name))
                              : nearness == Nearness::slip ? slips(wanted, name)
                                                           : 0;
    candidates.push_back({nearness, apart, name});
  }
  NearNames near;
  const auto rank = [](const Candidate& c) { return std::tie(c.nearness, c.apart); };
  const auto best =
      std::min_element(candidates.begin(), candidates.end(),
                       [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  if (best == candidates.end()) return near;
  near.nearness = best->nearness;
  for (const Candidate& candidate : candidates) {
    if (rank(candidate) == rank(*best)) near.names.push_back(candidate.name);
  }
  near.names = some_names(wanted, std::move(near.names));
  return near;
}

std::vector<std::string> some_names(std::string_view wanted, std::vector<std::string> names) {
  std::vector<std::pair<std::size_t, std::string>> ordered;
  for (std::string& name : names) {
    const std::size_t distance = slips(wanted, name);
    ordered.emplace_back(distance, std::move(name));
  }
  std::sort(ordered.begin(), ordered.end());
  if (ordered.size() > kNamesShown) ordered.resize(kNamesShown);
  names.clear();
  for (auto& [distance, name] : ordered) names.push_back(std::move(name));
  return names;
}

std::string list_of(const std::vector<std::string>& values, std::string_view last) {
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string_view between = i == 0 ? "" : i + 1 == values.size() ? last : ", ";
    text += std::string(between) + "`" + adapters::printable(values[i]) + "`";
  }
  return text;
}

}  // namespace rollbook::tools
