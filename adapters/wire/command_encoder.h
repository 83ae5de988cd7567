#pragma once
// What is asked → CloudEvent for the topic rollbook.commands: the other end of command_decoder.h,
// used by the program's verbs, by the sandbox's service (settle) and by engines among themselves.
//
//   producer.send({topics.commands, command.rollout, command.key.id, type_of(command),
//   encode(command)}, …);

#include <string>

#include "adapters/wire/command_decoder.h"
#include "engine/core/command.h"

namespace rollbook::adapters {

// "dev.rollbook.command.start"
std::string type_of(const core::Command& command);
std::string type_of(const EngineNotice& notice);

// One line. Fields that the verb does not read are left out; `time` is `sent` where that is set.
std::string encode(const core::Command& command);
// `id` and `source` are the run's.
std::string encode(const EngineNotice& notice);

}  // namespace rollbook::adapters
