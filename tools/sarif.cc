#include "tools/sarif.h"

#include <map>

#include "adapters/wire/json_out.h"
#include "dsl/explain.h"
#include "dsl/source.h"

namespace rollbook::tools {
namespace {

using adapters::Json;

// RFC 3986: what a path may hold as it is.
std::string uri_of(const std::string& path) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string uri;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("/-._~").find(c) != std::string_view::npos;
    if (plain) {
      uri += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    uri += '%';
    uri += kHex[byte >> 4];
    uri += kHex[byte & 0x0f];
  }
  return uri;
}

// The column in characters of UTF-8, from a column in bytes.
std::uint32_t characters(std::string_view line, std::uint32_t column) {
  std::uint32_t count = 1;
  for (std::size_t i = 0; i + 1 < column && i < line.size(); ++i) {
    if ((static_cast<unsigned char>(line[i]) & 0xC0) != 0x80) ++count;
  }
  return count;
}

Json region(const core::Span& span, const dsl::Source& source) {
  return {{"startLine", span.line},
          {"startColumn", characters(source.line(span.line), span.column)},
          {"endLine", span.end_line},
          {"endColumn", characters(source.line(span.end_line), span.end_column)}};
}

Json rule(const std::string& code) {
  Json rule = {{"id", code}};
  const dsl::Explanation* about = dsl::explain(code);
  if (about == nullptr) return rule;
  rule["shortDescription"] = {{"text", std::string(about->title)}};
  rule["fullDescription"] = {{"text", std::string(about->meaning)}};
  rule["help"] = {{"text", "rollbook explain " + code}};
  return rule;
}

Json fix(const runtime::Diagnostic& found, const Json& location, const dsl::Source& source) {
  Json replacements = Json::array();
  for (const runtime::Edit& edit : found.fix) {
    replacements.push_back(
        {{"deletedRegion", region(edit.span, source)}, {"insertedContent", {{"text", edit.text}}}});
  }
  Json change = {{"artifactLocation", location}, {"replacements", std::move(replacements)}};
  return {{"description", {{"text", found.help.empty() ? found.message : found.help}}},
          {"artifactChanges", Json::array({std::move(change)})}};
}

}  // namespace

std::string to_sarif(const std::vector<CheckedFile>& files) {
  Json rules = Json::array();
  Json results = Json::array();
  std::map<std::string, std::size_t> rows;
  for (const CheckedFile& file : files) {
    const dsl::Source source(file.text);
    const Json location = {{"uri", uri_of(file.file)}};
    for (const runtime::Diagnostic& found : file.diagnostics) {
      const auto [row, added] = rows.emplace(found.code, rules.size());
      if (added) rules.push_back(rule(found.code));
      Json place = {{"artifactLocation", location}};
      if (found.span.line > 0) place["region"] = region(found.span, source);
      const std::string message = found.message + (found.help.empty() ? "" : "; " + found.help);
      Json result = {{"ruleId", found.code},
                     {"ruleIndex", row->second},
                     {"level", found.severity == runtime::Severity::error ? "error" : "warning"},
                     {"message", {{"text", message}}},
                     {"locations", Json::array({Json{{"physicalLocation", std::move(place)}}})}};
      if (!found.fix.empty()) result["fixes"] = Json::array({fix(found, location, source)});
      results.push_back(std::move(result));
    }
  }
  Json driver = {{"name", "rollbook"}, {"version", ROLLBOOK_VERSION}, {"rules", std::move(rules)}};
  Json run = {{"tool", {{"driver", std::move(driver)}}},
              {"columnKind", "unicodeCodePoints"},
              {"results", std::move(results)}};
  const Json log = {{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                    {"version", "2.1.0"},
                    {"runs", Json::array({std::move(run)})}};
  return log.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace rollbook::tools
