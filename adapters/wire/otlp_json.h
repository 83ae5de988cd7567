#pragma once
// OtlpJson: OTLP in JSON into the same messages as protobuf brings, so that one code judges both.
// Keys are lowerCamelCase, others are ignored; enums are numbers or names, 64-bit integers texts or
// numbers (opentelemetry-proto, "JSON Protobuf Encoding"). For metric_decoder.cc only.

#include <memory>
#include <string>
#include <string_view>

#include "adapters/wire/otlp.pb.h"

namespace rollbook::adapters {

class OtlpJson {
 public:
  OtlpJson();
  ~OtlpJson();

  // Fills `data`, which is empty. `text` has TokenReader::kPadding readable bytes behind it.
  // False with the reason and its place ("resourceMetrics[0].resource is not an object"); with ""
  // when it is no JSON.
  bool read(std::string_view text, otlp::MetricsData& data, std::string& reason);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rollbook::adapters
