#include "adapters/sandbox/fault.h"

#include <sstream>
#include <vector>

#include "adapters/wire/text.h"

namespace rollbook::adapters {
namespace {

constexpr const char* kExamples =
    "; examples: `errors 2% from 33h`, `latency x3 from stage canary_25 + 1h for 10m`, "
    "`silence from 30h on both`, `shift fails`";

// The words of a fault, read one after the other.
class Words {
 public:
  explicit Words(const std::string& text) {
    std::istringstream stream(text);
    for (std::string word; stream >> word;) words_.push_back(word);
  }
  bool take(const std::string& word) {
    if (at_ >= words_.size() || words_[at_] != word) return false;
    ++at_;
    return true;
  }
  std::string next() { return at_ < words_.size() ? words_[at_++] : ""; }
  bool done() const { return at_ >= words_.size(); }

 private:
  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

core::Status read_kind(Words& words, Fault& fault) {
  const std::string kind = words.next();
  if (kind == "errors") {
    fault.kind = FaultKind::errors;
    TRY(const core::Weight share, parse_weight(words.next()));
    fault.share = core::Fixed{share.nanos};
  } else if (kind == "latency") {
    fault.kind = FaultKind::latency;
    std::string factor = words.next();
    for (const std::string sign : {"x", "×"}) {
      if (factor.rfind(sign, 0) == 0) factor.erase(0, sign.size());
    }
    TRY(fault.factor, parse_fixed(factor));
    if (fault.factor.nanos <= 0 || fault.factor > core::Fixed::from_int(1'000'000)) {
      return core::fail("the factor of `latency` must be above 0 and at most 1000000");
    }
  } else if (kind == "silence") {
    fault.kind = FaultKind::silence;
  } else if (kind == "shift") {
    fault.kind = FaultKind::shift_fails;
    if (!words.take("fails")) return core::fail("expected `fails` after `shift`");
  } else {
    return core::fail("`" + kind + "` is no fault");
  }
  return {};
}

core::Status read_from(Words& words, Fault& fault) {
  if (!words.take("stage")) {
    TRY(fault.from, parse_duration(words.next()));
    return {};
  }
  fault.stage = words.next();
  if (fault.stage.empty()) return core::fail("expected a stage's name after `stage`");
  if (words.take("+")) {
    TRY(fault.from, parse_duration(words.next()));
  }
  return {};
}

core::Status read_on(Words& words, Fault& fault) {
  const std::string arm = words.next();
  if (arm == "canary") {
    fault.on = FaultArm::canary;
  } else if (arm == "baseline") {
    fault.on = FaultArm::baseline;
  } else if (arm == "both") {
    fault.on = FaultArm::both;
  } else {
    return core::fail("expected canary, baseline or both after `on`, found `" + arm + "`");
  }
  return {};
}

core::Result<Fault> read(const std::string& text) {
  Words words(text);
  Fault fault;
  TRY_DO(read_kind(words, fault));
  while (!words.done()) {
    if (words.take("from")) {
      TRY_DO(read_from(words, fault));
    } else if (words.take("for")) {
      TRY(fault.lasts, parse_duration(words.next()));
    } else if (words.take("until")) {
      TRY(const core::Duration until, parse_duration(words.next()));
      if (!fault.stage.empty()) return core::fail("`until` goes with a time; say `for` here");
      if (until <= fault.from) return core::fail("`until` must lie after `from`");
      fault.lasts = until - fault.from;
    } else if (words.take("on")) {
      TRY_DO(read_on(words, fault));
    } else {
      return core::fail("unexpected `" + words.next() + "`");
    }
  }
  return fault;
}

}  // namespace

core::Result<Fault> parse_fault(const std::string& text) {
  auto fault = read(text);
  if (fault) return fault;
  return core::fail("fault `" + text + "`: " + fault.error().message + kExamples);
}

}  // namespace rollbook::adapters
