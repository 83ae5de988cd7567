#include "adapters/sandbox/fault.h"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "adapters/wire/text.h"

namespace rollbook::adapters {

namespace {

struct KindWord {
  std::string_view word;
  FaultKind kind;
  std::string_view example;
};
constexpr std::array<KindWord, 12> kKinds = {{
    {"errors", FaultKind::errors, "errors 2% from 33h"},
    {"latency", FaultKind::latency, "latency x3 from stage canary_25 + 1h for 10m"},
    {"silence", FaultKind::silence, "silence from 30h until 31h on canary"},
    {"shift", FaultKind::shift, "shift fails from 26h"},
    {"rollback", FaultKind::rollback, "rollback fails for 10m"},
    {"run", FaultKind::run, "run fails from 36h"},
    {"start", FaultKind::start, "start backfill fails from 36h"},
    {"checkpoint", FaultKind::checkpoint, "checkpoint hangs"},
    {"gaps", FaultKind::gaps, "gaps 20% from 26h for 2h"},
    {"duplicates", FaultKind::duplicates, "duplicates 10% from 26h on both"},
    {"collector", FaultKind::collector, "collector restarts from 30h for 40s"},
    {"partitions", FaultKind::partitions, "partitions double from 40h"},
}};

// Words, with "+" apart: "canary_25 +1h" is three. What stands in quotes is one word, with them.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] == ' ' || text[at] == '\t') {
      ++at;
    } else if (text[at] == '+') {
      words.push_back(text.substr(at++, 1));
    } else if (text[at] == '"') {
      const std::size_t end = text.find('"', at + 1);
      const std::size_t length = end == std::string_view::npos ? text.size() - at : end + 1 - at;
      words.push_back(text.substr(at, length));
      at += length;
    } else {
      const std::size_t end = std::min(text.find_first_of(" \t+", at), text.size());
      words.push_back(text.substr(at, end - at));
      at = end;
    }
  }
  return words;
}

class FaultParser {
 public:
  explicit FaultParser(std::string_view text) : words_(words_of(text)) { fault_.text = text; }

  core::Result<Fault> parse() {
    TRY_DO(kind());
    TRY_DO(amount());
    while (!at_end()) TRY_DO(clause());
    if (fault_.until && fault_.lasts) return fail("`until` and `for` both say when it ends");
    if (fault_.until && fault_.until->stage == fault_.from.stage &&
        fault_.until->after <= fault_.from.after) {
      return fail("it ends before it begins");
    }
    const bool ends = fault_.until || fault_.lasts;
    if (fault_.kind == FaultKind::collector && !ends) {
      return fail("say with `for` how long it is away");
    }
    if (fault_.kind == FaultKind::partitions && ends) {
      return fail("a topic never becomes narrower again, so it has no end");
    }
    return fault_;
  }

 private:
  bool at_end() const { return next_ == words_.size(); }
  std::string_view peek() const { return at_end() ? std::string_view() : words_[next_]; }
  std::string_view take() { return at_end() ? std::string_view() : words_[next_++]; }
  std::string found() const {
    return at_end() ? "it ends there" : "found `" + std::string(peek()) + "`";
  }

  tl::unexpected<core::Error> fail(const std::string& reason) const {
    return core::fail("cannot read the fault `" + fault_.text + "`: " + reason + "; for example `" +
                      std::string(example_) + "`");
  }

  core::Status kind() {
    for (const KindWord& known : kKinds) {
      if (peek() != known.word) continue;
      fault_.kind = known.kind;
      example_ = known.example;
      take();
      return {};
    }
    std::array<std::string_view, kKinds.size()> candidates;
    std::string all;
    for (std::size_t i = 0; i < kKinds.size(); ++i) {
      candidates[i] = kKinds[i].word;
      all += (i == 0 ? "" : ", ") + std::string(kKinds[i].word);
    }
    return fail("expected one of " + all + ", " + found() + did_you_mean(peek(), candidates));
  }

  core::Status amount() {
    switch (fault_.kind) {
      case FaultKind::errors:
        TRY_DO(share());
        return kind_of_error();
      case FaultKind::gaps:
      case FaultKind::duplicates:
        return share();
      case FaultKind::latency: {
        std::string_view word = peek();
        if (word.starts_with('x')) word.remove_prefix(1);
        const auto factor = parse_fixed(word);
        if (!peek().starts_with('x') || !factor || factor->nanos <= 0 ||
            *factor > core::Fixed::from_int(1'000'000)) {
          return fail("expected a factor such as `x3`, " + found());
        }
        fault_.amount = *factor;
        take();
        return {};
      }
      case FaultKind::silence:
        return {};
      case FaultKind::collector:
        fault_.on_baseline = true;
        return word("restarts");
      case FaultKind::partitions:
        fault_.on_baseline = true;
        return word("double");
      case FaultKind::shift:
      case FaultKind::rollback:
      case FaultKind::run:
      case FaultKind::start:
      case FaultKind::checkpoint:
        break;
    }
    TRY_DO(whose_effect());
    if (peek() != "fails" && peek() != "hangs") {
      return fail("expected `fails` or `hangs`, " + found());
    }
    fault_.hangs = take() == "hangs";
    return {};
  }

  core::Status share() {
    const auto share = parse_weight(peek());
    if (!share || !peek().ends_with('%')) return fail("expected a share such as `2%`, " + found());
    fault_.amount = core::Fixed{share->nanos};
    take();
    return {};
  }

  core::Status word(std::string_view expected) {
    if (peek() != expected) return fail("expected `" + std::string(expected) + "`, " + found());
    take();
    return {};
  }

  // `of type "oom"`.
  core::Status kind_of_error() {
    if (peek() != "of") return {};
    take();
    if (at_end()) return fail("expected a label and its value such as `type \"oom\"`, " + found());
    fault_.label = take();
    if (at_end()) return fail("expected the label's value such as `\"oom\"`, " + found());
    fault_.value = unquoted(take());
    return {};
  }

  static std::string_view unquoted(std::string_view word) {
    const bool quoted = word.size() >= 2 && word.front() == '"' && word.back() == '"';
    return quoted ? word.substr(1, word.size() - 2) : word;
  }

  // `to 25%`, or the name of an action or a checkpoint.
  core::Status whose_effect() {
    if (fault_.kind == FaultKind::shift && peek() == "to") {
      take();
      const auto weight = parse_weight(peek());
      if (!weight || !peek().ends_with('%')) {
        return fail("expected a weight such as `25%`, " + found());
      }
      fault_.to = *weight;
      take();
    }
    const bool named = fault_.kind == FaultKind::run || fault_.kind == FaultKind::start ||
                       fault_.kind == FaultKind::checkpoint;
    if (!named || at_end() || peek() == "fails" || peek() == "hangs") return {};
    fault_.name = unquoted(take());
    return {};
  }

  core::Status clause() {
    if (peek() == "from") {
      take();
      TRY(fault_.from, time());
      return {};
    }
    if (peek() == "until") {
      take();
      TRY(fault_.until, time());
      return {};
    }
    if (peek() == "for") {
      take();
      TRY(fault_.lasts, duration());
      return {};
    }
    if (peek() == "on") {
      take();
      return arms();
    }
    if (peek() == "in") {
      take();
      return target();
    }
    if (peek() == "at" && fault_.kind == FaultKind::errors) {
      take();
      fault_.at_random = true;
      return word("random");
    }
    constexpr std::array<std::string_view, 5> kClauses = {"from", "until", "for", "on", "in"};
    return fail("expected `from`, `until`, `for`, `on` or `in`, " + found() +
                did_you_mean(peek(), kClauses));
  }

  core::Status target() {
    if (fault_.kind == FaultKind::run || fault_.kind == FaultKind::checkpoint) {
      return fail("`in` names a target, and this is of the whole service");
    }
    if (at_end()) return fail("expected the name of a target, " + found());
    fault_.target = take();
    return {};
  }

  core::Result<FaultTime> time() {
    FaultTime time;
    if (peek() != "stage") {
      TRY(time.after, duration());
      return time;
    }
    take();
    if (at_end() || peek() == "+") return fail("expected the name of a stage, " + found());
    time.stage = take();
    if (peek() == "+") {
      take();
      TRY(time.after, duration());
    }
    return time;
  }

  core::Result<core::Duration> duration() {
    const auto duration = parse_duration(peek());
    if (!duration || *duration < core::Duration::zero() || *duration > kDurationMost) {
      return fail("expected a duration such as `26h30m`, " + found());
    }
    take();
    return *duration;
  }

  core::Status arms() {
    constexpr std::array kOfArms = {FaultKind::errors, FaultKind::latency, FaultKind::silence,
                                    FaultKind::gaps, FaultKind::duplicates};
    if (fault_.kind == FaultKind::collector || fault_.kind == FaultKind::partitions) {
      return fail("`on` chooses an arm, and this is of all metrics");
    }
    if (std::find(kOfArms.begin(), kOfArms.end(), fault_.kind) == kOfArms.end()) {
      return fail("`on` chooses whose metrics suffer, and this is a fault of an effect");
    }
    const std::string_view word = peek();
    if (word != "canary" && word != "baseline" && word != "both") {
      return fail("expected `canary`, `baseline` or `both`, " + found());
    }
    fault_.on_canary = word != "baseline";
    fault_.on_baseline = word != "canary";
    take();
    return {};
  }

  std::vector<std::string_view> words_;
  std::size_t next_ = 0;
  Fault fault_;
  std::string_view example_ = kKinds[0].example;
};

}  // namespace

bool is_of_delivery(FaultKind kind) {
  return kind == FaultKind::gaps || kind == FaultKind::duplicates || kind == FaultKind::collector ||
         kind == FaultKind::partitions;
}

core::Result<Fault> parse_fault(std::string_view text) { return FaultParser(text).parse(); }

}  // namespace rollbook::adapters
