#include "adapters/wire/influx_lines.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>

#include "adapters/wire/text.h"
#include "engine/core/limits.h"

namespace rollbook::adapters {
namespace {

using core::Fixed;

// The end of the part that begins at `from`: the first of `ends` that no backslash stands before.
std::size_t end_of(std::string_view line, std::size_t from, std::string_view ends) {
  for (std::size_t i = from; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (ends.find(line[i]) != std::string_view::npos) {
      return i;
    }
  }
  return line.size();
}

// The end of a field's value: texts in quotes hold anything.
std::size_t end_of_value(std::string_view line, std::size_t from) {
  if (from >= line.size() || line[from] != '"') return end_of(line, from, ", ");
  const std::size_t quote = end_of(line, from + 1, "\"");
  return end_of(line, std::min(quote + 1, line.size()), ", ");
}

// A backslash is one of its own unless what follows could end the part.
std::string unescape(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escapes =
        text[i] == '\\' && i + 1 < text.size() &&
        (text[i + 1] == ',' || text[i + 1] == ' ' || text[i + 1] == '=' || text[i + 1] == '\\');
    if (escapes) ++i;
    result += text[i];
  }
  return result;
}

}  // namespace

bool InfluxLines::decode(std::string_view line) {
  line = trim(line);
  if (line.empty()) return true;
  if (line.front() == '#') {  // a comment, unless it is no text at all
    return simdjson::validate_utf8(line) || sink_.refuse(line, "the comment is no UTF-8");
  }
  if (!read_fields(line)) return false;
  // What may grow a table comes last: a refused line leaves nothing behind.
  const std::size_t before = sink_.batch->points.size();
  for (const Value& value : values_) {
    runtime::MetricPoint point;
    point.kind = runtime::PointKind::untyped;
    point.end = time_;
    point.value = value.number;
    point.offset = sink_.record->offset;
    if (!read_series(value, point)) {
      sink_.batch->points.resize(before);
      return false;
    }
    sink_.batch->points.push_back(point);
  }
  return true;
}

bool InfluxLines::read_fields(std::string_view line) {
  values_.clear();
  const std::size_t head = end_of(line, 0, " ");
  head_ = line.substr(0, head);
  if (head_.empty() || head_.front() == ',') {
    return sink_.refuse(line, "the line begins without a measurement");
  }
  if (head == line.size()) return sink_.refuse(line.substr(head), "the line has no fields");
  std::size_t at = head + 1;
  while (true) {
    const std::size_t equals = end_of(line, at, "=, ");
    if (equals == line.size() || line[equals] != '=' || equals == at) {
      return sink_.refuse(line.substr(at), "expected a field, `name=value`");
    }
    const std::size_t end = end_of_value(line, equals + 1);
    const std::string_view token = line.substr(equals + 1, end - equals - 1);
    Value value{line.substr(at, equals - at), {}};
    bool number = true;
    if (!read_value(token, value.number, number)) return false;
    if (number) values_.push_back(value);
    at = std::min(end + 1, line.size());
    if (end == line.size() || line[end] == ' ') break;
  }
  return read_time(trim(line.substr(at)));
}

bool InfluxLines::read_value(std::string_view token, Fixed& value, bool& number) {
  if (token.empty()) return sink_.refuse(token, "a field has no value");
  if (token.front() == '"') {
    number = false;
    if (token.size() < 2 || end_of(token, 1, "\"") != token.size() - 1) {
      return sink_.refuse(token, "a text does not end with its quote");
    }
    return true;
  }
  for (const std::string_view word : {"t", "T", "true", "True", "TRUE"}) {
    if (token == word) {
      value = Fixed::from_int(1);
      return true;
    }
  }
  for (const std::string_view word : {"f", "F", "false", "False", "FALSE"}) {
    if (token == word) return true;
  }
  std::string_view digits = token;
  const bool whole = digits.ends_with('i') || digits.ends_with('u');
  if (whole) digits.remove_suffix(1);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const auto read = parse_fixed(digits);
  if (!read || (whole && read->nanos % Fixed::kScale != 0)) {
    return sink_.refuse(token, fmt::format("`{}` is no number up to {}",
                                           printable(token.substr(0, 64)), core::kValueMax));
  }
  value = *read;
  return true;
}

bool InfluxLines::read_time(std::string_view token) {
  time_ = sink_.record->time;
  if (token.empty()) return true;
  std::int64_t nanos = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), nanos);
  if (error != std::errc{} || end != token.data() + token.size() || nanos < 0) {
    return sink_.refuse(token, fmt::format("`{}` is no time in nanoseconds since 1970",
                                           printable(token.substr(0, 64))));
  }
  time_ = core::Time(core::Duration(nanos));
  return true;
}

bool InfluxLines::read_series(const Value& value, runtime::MetricPoint& point) {
  spelling_.assign(1, '\x03');  // no other format begins so
  spelling_ += head_;
  spelling_ += ' ';
  spelling_ += value.key;
  if (const auto* known = sink_.table.find_spelling(spelling_)) {
    point.series = *known;
    return true;
  }
  Labels labels;
  std::string name;
  if (!read_head(labels, name)) return false;
  name += "_" + unescape(value.key);
  if (name.size() > sink_.limits.name_bytes) {
    return sink_.refuse(value.key, fmt::format("measurement and field are longer than {} bytes",
                                               sink_.limits.name_bytes));
  }
  if (!simdjson::validate_utf8(name)) return sink_.refuse(head_, "the name is no UTF-8");
  const auto number =
      sink_.table.intern(spelling_, std::move(name), std::move(labels), *sink_.batch);
  if (!number) return sink_.refuse(head_, number.error().message);
  point.series = *number;
  return true;
}

bool InfluxLines::read_head(Labels& labels, std::string& measurement) {
  std::size_t at = end_of(head_, 0, ",");
  measurement = unescape(head_.substr(0, at));
  while (at < head_.size()) {
    const std::size_t begin = at + 1;
    const std::size_t equals = end_of(head_, begin, "=,");
    if (equals == head_.size() || head_[equals] != '=' || equals == begin) {
      return sink_.refuse(head_.substr(begin), "expected a tag, `name=value`");
    }
    at = end_of(head_, equals + 1, ",");
    std::string name = unescape(head_.substr(begin, equals - begin));
    std::string value = unescape(head_.substr(equals + 1, at - equals - 1));
    if (name.size() > sink_.limits.name_bytes || value.size() > core::kTextBytes) {
      return sink_.refuse(head_.substr(begin),
                          fmt::format("a tag is longer than its limit ({} bytes, its value {})",
                                      sink_.limits.name_bytes, core::kTextBytes));
    }
    if (!simdjson::validate_utf8(name) || !simdjson::validate_utf8(value)) {
      return sink_.refuse(head_.substr(begin), "a tag is no UTF-8");
    }
    if (labels.size() == sink_.limits.labels) {
      return sink_.refuse(head_.substr(begin),
                          fmt::format("more than {} tags", sink_.limits.labels));
    }
    labels.emplace_back(std::move(name), std::move(value));
  }
  return true;
}

}  // namespace rollbook::adapters
