#include "adapters/sandbox/label_search.h"

#include <algorithm>
#include <optional>

namespace rollbook::adapters {

namespace {

using core::MatchKind;
using core::MetricIndex;

// Combinations of label values that are tried for one metric.
constexpr std::size_t kTriesMost = 100'000;

// A text that a regular expression probably matches: the first way through it, each repetition
// once. The caller tries it; what goes wrong here is only not found.
class Sample {
 public:
  explicit Sample(std::string_view pattern) : pattern_(pattern) {}

  std::string first() { return alternatives(0); }

 private:
  bool at_end() const { return at_ == pattern_.size(); }

  // Up to the closing bracket, or the end; of several ways the first.
  std::string alternatives(int depth) {
    std::string first = sequence(depth);
    while (!at_end() && pattern_[at_] == '|') {
      ++at_;
      sequence(depth);
    }
    return first;
  }

  std::string sequence(int depth) {
    std::string text;
    while (!at_end() && pattern_[at_] != '|' && pattern_[at_] != ')') {
      const std::string atom = take_atom(depth);
      text += atom;
      repeat(text, atom);
    }
    return text;
  }

  std::string take_atom(int depth) {
    const char c = pattern_[at_++];
    switch (c) {
      case '^':
      case '$':
        return "";
      case '.':
        return "0";
      case '\\':
        return take_escape();
      case '[':
        return take_class();
      case '(': {
        if (depth > 32) return "";
        if (pattern_.substr(at_).starts_with("?:")) at_ += 2;
        std::string inner = alternatives(depth + 1);
        if (!at_end()) ++at_;  // the closing bracket
        return inner;
      }
      default:
        return std::string(1, c);
    }
  }

  std::string take_escape() {
    if (at_end()) return "";
    const char c = pattern_[at_++];
    if (c == 'd') return "0";
    if (c == 'w') return "a";
    if (c == 's') return " ";
    return std::string(1, c);
  }

  std::string take_class() {
    const bool negated = !at_end() && pattern_[at_] == '^';
    if (negated) ++at_;
    const std::size_t begin = at_;
    while (!at_end() && (pattern_[at_] != ']' || at_ == begin))
      at_ += pattern_[at_] == '\\' ? 2U : 1U;
    at_ = std::min(at_, pattern_.size());
    const std::string_view inside = pattern_.substr(begin, at_ - begin);
    if (!at_end()) ++at_;
    if (negated) {
      for (const char c : {'0', 'a', '_', '-'}) {
        if (inside.find(c) == std::string_view::npos) return std::string(1, c);
      }
    }
    if (inside.starts_with("\\d")) return "0";
    if (inside.starts_with("\\w")) return "a";
    return std::string(inside.substr(0, 1));
  }

  void repeat(std::string& text, const std::string& atom) {
    if (at_end()) return;
    if (pattern_[at_] == '*' || pattern_[at_] == '+' || pattern_[at_] == '?') {
      ++at_;
    } else if (pattern_[at_] == '{') {
      std::size_t times = 0;
      for (++at_; !at_end() && pattern_[at_] >= '0' && pattern_[at_] <= '9' && times < 100; ++at_) {
        times = times * 10 + static_cast<std::size_t>(pattern_[at_] - '0');
      }
      while (!at_end() && pattern_[at_] != '}') ++at_;
      if (!at_end()) ++at_;
      for (std::size_t i = 1; i < times; ++i) text += atom;
    }
    if (!at_end() && pattern_[at_] == '?') ++at_;  // lazy
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
};

std::string text_of(const core::LabelMatcher& matcher) {
  static constexpr std::string_view kSigns[] = {"=", "!=", "=~", "!~"};
  return matcher.label + std::string(kSigns[static_cast<std::size_t>(matcher.kind)]) + "\"" +
         matcher.value + "\"";
}

}  // namespace

LabelSearch::LabelSearch(const core::Machine& machine) : machine_(machine), selector_(machine) {}

bool LabelSearch::feeds(const std::string& name, const Labels& labels, MetricIndex metric) const {
  runtime::SeriesName series;
  series.name = name;
  series.labels = labels;
  const auto matches = selector_.match(series);
  return std::any_of(matches.begin(), matches.end(),
                     [&](const runtime::Match& match) { return match.metric == metric; });
}

// Values worth trying: what the matchers of that name speak of, and what they do not.
std::vector<std::string> LabelSearch::candidates(const std::string& selector,
                                                 const std::string& label) const {
  std::vector<std::string> values = {""};
  for (const core::Metric& metric : machine_.metrics) {
    if (metric.selector != selector) continue;
    for (const core::LabelMatcher& matcher : metric.matchers) {
      if (matcher.label != label) continue;
      const bool plain = matcher.kind == MatchKind::equal || matcher.kind == MatchKind::not_equal;
      values.push_back(plain ? matcher.value : Sample(matcher.value).first());
    }
  }
  for (const char* value : {"other", "200", "false", "0", "a"}) values.emplace_back(value);
  std::vector<std::string> distinct;
  for (std::string& value : values) {
    if (std::find(distinct.begin(), distinct.end(), value) == distinct.end()) {
      distinct.push_back(std::move(value));
    }
  }
  return distinct;
}

core::Result<LabelSearch::Labels> LabelSearch::find(MetricIndex index, Whose whose,
                                                    core::TargetIndex target) const {
  const core::Metric& metric = machine_.at(index);
  Labels fixed;
  if (machine_.arms && whose != Whose::all) {
    fixed.emplace_back(machine_.arms->label,
                       whose == Whose::canary ? machine_.arms->canary : machine_.arms->baseline);
  }
  if (target.valid()) fixed.emplace_back(machine_.at(target).label, machine_.at(target).value);
  std::vector<std::string> names;
  for (const core::Metric& other : machine_.metrics) {
    if (other.selector != metric.selector) continue;
    for (const core::LabelMatcher& matcher : other.matchers) {
      const bool is_fixed = std::any_of(fixed.begin(), fixed.end(), [&](const auto& label) {
        return label.first == matcher.label;
      });
      if (!is_fixed && std::find(names.begin(), names.end(), matcher.label) == names.end()) {
        names.push_back(matcher.label);
      }
    }
  }
  std::vector<std::vector<std::string>> values;
  for (const std::string& name : names) values.push_back(candidates(metric.selector, name));

  // Counts through all combinations; the one that feeds the fewest other metrics wins.
  std::optional<Labels> best;
  std::size_t best_others = 0;
  std::vector<std::size_t> digits(names.size(), 0);
  for (std::size_t tries = 0; tries < kTriesMost; ++tries) {
    Labels labels = fixed;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!values[i][digits[i]].empty()) labels.emplace_back(names[i], values[i][digits[i]]);
    }
    std::sort(labels.begin(), labels.end());
    if (feeds(metric.selector, labels, index)) {
      std::size_t others = 0;
      for (std::uint32_t m = 0; m < machine_.metrics.size(); ++m) {
        if (MetricIndex{m} != index && feeds(metric.selector, labels, MetricIndex{m})) ++others;
      }
      if (!best || others < best_others) {
        best = std::move(labels);
        best_others = others;
      }
      if (best_others == 0) break;
    }
    std::size_t digit = 0;
    while (digit < digits.size() && ++digits[digit] == values[digit].size()) digits[digit++] = 0;
    if (digit == digits.size()) break;
  }
  if (best) return *best;
  std::string matchers;
  for (const core::LabelMatcher& matcher : metric.matchers) {
    matchers += (matchers.empty() ? "" : ", ") + text_of(matcher);
  }
  return core::fail("the sandbox finds no labels that metric `" + metric.name +
                    "` would count: " + metric.selector + "{" + matchers + "}");
}

}  // namespace rollbook::adapters
