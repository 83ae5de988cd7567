#include "adapters/wire/json_exemplars.h"

#include <fmt/format.h>

#include <utility>

#include "engine/core/limits.h"

namespace rollbook::adapters {
namespace {

bool refuse(Problem& problem, std::string_view at, std::string reason) {
  problem = {at.data(), std::move(reason)};
  return false;
}

bool refuse(Problem& problem, Field field, std::string_view at, std::string_view reason) {
  return refuse(problem, at, fmt::format(".{}` {}", kFieldNames[field], reason));
}

}  // namespace

// Many are usual, one for each bucket; what is beyond the limit is passed over as OTLP's are.
void JsonExemplars::take(std::string_view list) {
  left_out_ = 0;
  if (list == "null") return;
  const runtime::MetricPoint& point = sink_.batch->points.back();
  if (point.kind == runtime::PointKind::gauge) {
    return complain(list, "`exemplars` belong to a counter or a histogram, this is a gauge");
  }
  if (!reader_.read_list(list, core::kExemplarsOfPoint, elements_)) {
    return complain(list, R"(`exemplars` is not a list of {"value":…,"time":…,"trace_id":…})");
  }
  std::vector<runtime::PointExemplar> found;
  for (std::size_t i = 0; i < elements_.size(); ++i) {
    runtime::PointExemplar exemplar;
    Problem problem{elements_[i].data(), "` is not an object"};
    if (read(elements_[i], point, exemplar, problem)) {
      found.push_back(std::move(exemplar));
    } else {
      complain({problem.at, 0}, fmt::format("`exemplars[{}]{}", i, problem.reason));
    }
  }
  if (left_out_ > 0) {
    sink_.flaw.reason +=
        fmt::format("; the point was taken without {}",
                    left_out_ == 1 ? "this exemplar" : fmt::format("{} exemplars", left_out_));
  }
  put_exemplars(std::move(found), *sink_.batch);
}

// Goes on from the name of the element: ".trace_id` is missing".
bool JsonExemplars::read(std::string_view element, const runtime::MetricPoint& point,
                         runtime::PointExemplar& exemplar, Problem& problem) {
  Tokens tokens;
  Problem twice;
  if (!reader_.read(element, tokens, twice)) {
    return twice.at == nullptr ? false : refuse(problem, {twice.at, 0}, "`: " + twice.reason);
  }
  if (!read_trace(tokens.of[kTraceId], element, exemplar.trace, problem)) return false;
  exemplar.at = point.end;
  if (const auto token = tokens.of[kTime]; !token.empty()) {
    const auto time = time_of(token);
    if (!time) return refuse(problem, kTime, token, time.error().message);
    exemplar.at = *time;
  }
  if (const auto token = tokens.of[kValue]; !token.empty()) {
    const auto value = number_of(token);
    if (!value) return refuse(problem, kValue, token, value.error().message);
    exemplar.value = *value;
  } else if (is_histogram(point.kind)) {
    return refuse(problem, kValue, element, "is missing: what this request took");
  } else {
    exemplar.value = core::Fixed::from_int(1);
  }
  if (const auto token = tokens.of[kLabels]; !token.empty()) {
    Problem of_labels;
    if (!reader_.read_labels(token, label_limits(sink_.limits), exemplar.labels, of_labels)) {
      return refuse(problem, {of_labels.at, 0}, "`: " + of_labels.reason);
    }
    bound_labels(exemplar.labels);
  }
  return true;
}

bool JsonExemplars::read_trace(std::string_view token, std::string_view element, Trace& trace,
                               Problem& problem) {
  constexpr std::string_view kDigits = "32 hexadecimal digits, as a traceparent has them";
  if (token.empty()) {
    return refuse(problem, kTraceId, element, fmt::format("is missing: {}", kDigits));
  }
  const auto text = plain_text(token);
  const auto read = text ? trace_of(*text) : std::nullopt;
  if (!read) return refuse(problem, kTraceId, token, fmt::format("is not {}", kDigits));
  if (!is_trace(*read)) return refuse(problem, kTraceId, token, "is all zeros, which is no trace");
  trace = *read;
  return true;
}

// Of several the first is told.
void JsonExemplars::complain(std::string_view at, std::string reason) {
  if (left_out_++ == 0) sink_.flaw = {at.data(), std::move(reason)};
}

}  // namespace rollbook::adapters
