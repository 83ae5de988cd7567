#pragma once
// FileBus (`--bus file:DIR`): topics as files, for pipes, tests and postmortems. Any program that
// appends lines takes part:  echo '{"metric":…}' >> DIR/metrics.jsonl
//
//   DIR/<topic>.jsonl   one message a line; its offset is the number of the line, from 0
//
// A line is the message's value, as it stands. An object of nothing but "key", "time" and "value"
// is an envelope: key and time (RFC 3339 or nanoseconds) are the record's, and "value" is the
// message: an object as its bytes stand there, a JSON text as what it spells. A line
// without a time has the time of the file's last change. What this bus sends has an envelope.
// Blank lines count but are no messages; the last line is read once its end is written.
//
// One partition a topic. Files may only grow: lines that went away are a Gap.

#include <memory>
#include <string>

#include "engine/runtime/bus.h"

namespace rollbook::adapters {

// Error: `directory` cannot be made or read.
core::Result<std::unique_ptr<runtime::Bus>> make_file_bus(const std::string& directory);

}  // namespace rollbook::adapters
