#pragma once
// A CloudEvent that a topic would not take for its size, made to fit one that takes little: long
// texts and lists in its `data` are cut, and `shortened` says how many bytes it had. The same
// message is always shortened to the same bytes.
//
//   {…,"id":"r1/29/b5be3ab0","data":{…,"text":"Rolled back: … (1634311
//   bytes)","shortened":1635022}}

#include <optional>
#include <string>

namespace rollbook::adapters {

// Nothing when there is nothing to cut. `arguments` and `params` stay whole: who acts on a part of
// them does something else.
std::optional<std::string> shortened(const std::string& payload);

}  // namespace rollbook::adapters
