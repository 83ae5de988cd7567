#pragma once
// MetricLines: lines of a runbook, as they would be written otherwise. Each gives "" where what is
// to be changed does not stand in that line; comments stay. Whether the result is a runbook is
// tried by metric_advice.h.
//
//   with_name("metric errors = counter err  # failed", "err", "http.err")
//       // `metric errors = counter "http.err"  # failed`

#include <cstdint>
#include <string>
#include <string_view>

namespace rollbook::tools {

// The line of that number, from 1, without what it is indented by; "" where there is none.
std::string line_of(const std::string& text, std::uint32_t number);
// The same text with another line there, indented as that one was.
std::string with_line(const std::string& text, std::uint32_t number, const std::string& line);
// The number of the line that begins with the word; 0: none does.
std::uint32_t line_beginning_with(const std::string& text, std::string_view word);

// A name as a runbook has it: in quotes where it needs them.
std::string spelled(std::string_view name);

// Another name on the wire, or another label, behind the `=`; in quotes where it needs them.
std::string with_name(const std::string& line, std::string_view name, std::string_view by);
// The first text in quotes is another.
std::string with_text(const std::string& line, std::string_view text, std::string_view by);
// "gauge max" where the kind stands, before the name on the wire.
std::string with_kind(const std::string& line, std::string_view selector, std::string_view kind);
// `in ms`, in the place of another unit; "s" only where there is one.
std::string with_unit(const std::string& line, std::string_view unit);
std::string with_clause(const std::string& line, std::string_view clause);

}  // namespace rollbook::tools
