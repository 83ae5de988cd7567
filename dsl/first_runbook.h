#pragma once
// first_runbook: a runbook to begin with, from the few things that nobody can guess. It compiles
// without an error; its author goes on from there.

#include <string>
#include <vector>

#include "engine/core/types.h"

namespace rollbook::dsl {

struct FirstRunbook {
  std::string service;            // "shop"
  std::string name;               // "shop_canary"; a word of the language
  std::string label = "version";  // tells the arms apart
  std::string baseline = "old";
  std::string canary = "new";
  std::string requests;  // names on the wire; "" : made from the service's
  std::string errors;
  std::string latency;               // a histogram; "": none is judged
  std::vector<core::Weight> stages;  // rising, none empty
  core::Duration hold = std::chrono::hours(1);
  std::string role = "owner";
};

std::string first_runbook(const FirstRunbook& wishes);

// `service` as a word: letters, digits and `_`.
std::string as_word(const std::string& service);

}  // namespace rollbook::dsl
