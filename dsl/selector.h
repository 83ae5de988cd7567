#pragma once
// Label selectors as PromQL writes them: `{code=~"5..", service.name="shop", "http-route"="/"}`.

#include <string_view>
#include <vector>

#include "dsl/diagnostics.h"
#include "engine/core/machine.h"

namespace rollbook::dsl {

// `raw` with its braces, at `span` (one line). What is wrong is reported, and the rest of the
// selector left out. Patterns are compiled once to see that RE2 takes them.
std::vector<core::LabelMatcher> parse_selector(std::string_view raw, core::Span span, Sink& sink);

}  // namespace rollbook::dsl
