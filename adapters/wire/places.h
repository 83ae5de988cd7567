#pragma once
// What events, effects and status say alike about a machine's parts. For the .cc files of this
// folder: it speaks nlohmann's JSON.

#include <string>
#include <vector>

#include "adapters/wire/event_json.h"
#include "adapters/wire/json_out.h"
#include "engine/core/event.h"
#include "engine/core/machine.h"

namespace rollbook::adapters {

// "hal9.runbook:31:5"; "" for what has no place in the text.
std::string place_of(const core::Machine& machine, const core::Span& span);
// The state's path; its number without a machine, "" for none.
std::string state_name(const core::Machine* machine, core::StateIndex index);

// The limit of a criterion as a value has it: for `absent` the silence allowed, in seconds. Nothing
// where it is measured too: then a reading that has data has it.
std::optional<core::Fixed> limit_of(const core::Criterion& criterion);
std::optional<core::Fixed> limit_of(const core::Criterion& criterion, const core::Reading& reading);
// The window a criterion looks at; nothing for `absent`.
std::optional<core::Duration> window_of(const core::Machine& machine,
                                        const core::Criterion& criterion);
// How long a condition has held of its `for`; nothing when it does not hold, or has none.
std::optional<core::Duration> pending_of(const core::Criterion& criterion,
                                         const core::Reading& reading);

// criterion, source, verdict, value, limit, window, samples and what else a reading says.
void write_reading(const core::Machine* machine, core::CriterionIndex index,
                   const core::Reading& reading, Json& json);
// What a test's verdict rests on: docs/judging.md. Metrics have their names where the judge is
// known; a gate's evidence always has the contrary's, also where that is 0.
Json evidence_of(const core::Evidence& evidence, core::CriterionKind kind,
                 const core::Judge* judge);
Json object_of(const std::vector<core::Argument>& arguments);
// The words an answer may have: yes and no, or the options still offered.
Json options_of(const core::Item& item, const std::vector<std::uint32_t>& offered);
// The item a question is about; nullptr when it cannot be recalled and is not the only one.
const core::Item* item_of(const EventContext& context, core::Sequence question);

}  // namespace rollbook::adapters
