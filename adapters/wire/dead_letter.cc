#include "adapters/wire/dead_letter.h"

#include "adapters/wire/json_out.h"
#include "adapters/wire/text.h"
#include "engine/core/limits.h"

namespace rollbook::adapters {

DeadLetter make_dead_letter(const runtime::Record& record, std::string_view part,
                            std::string reason) {
  return DeadLetter{std::string(record.topic),
                    record.partition,
                    record.offset,
                    record.time,
                    std::move(reason),
                    std::string(part.substr(0, core::kDeadLetterBytes)),
                    part.size()};
}

std::string encode(const DeadLetter& letter) {
  Json json;
  json["topic"] = letter.topic;
  json["partition"] = letter.partition;
  json["offset"] = letter.offset;
  json["time"] = format_time(letter.time);
  json["reason"] = letter.reason;
  json["payload"] = base64(letter.payload);
  json["size"] = letter.size;
  return to_line(json);
}

}  // namespace rollbook::adapters
