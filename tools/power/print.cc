#include "tools/power/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "adapters/wire/json_out.h"

namespace rollbook::power {

using adapters::Json;
using core::Duration;

namespace {

std::string padded(const std::string& text, std::size_t width) {
  const auto shown = static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) >> 6) != 2; }));
  return text + std::string(shown < width ? width - shown : 1, ' ');
}

std::string time_text(Duration time) { return adapters::format_duration_short(time); }

std::string per_second(const Load& load) {
  return fmt::format("{} {}/s", load.name, about_count(load.per_second));
}

std::string notice_text(const Notice& notice) {
  if (notice.whole) return "over 100%";
  if (notice.noticed <= 0) return "not noticed";
  if (notice.noticed < 0.5) return "only " + about_percent(notice.noticed);
  return fmt::format("{} in {}", about_count(notice.requests), time_text(notice.time));
}

std::string place_of(const CriterionReport& criterion) {
  return criterion.stage.empty()
             ? ""
             : fmt::format("{} ({})", criterion.stage, adapters::format_percent(criterion.weight));
}

std::string alarm_word(const CriterionReport& criterion) {
  switch (criterion.kind) {
    case core::CriterionKind::stop:
      return "stops a healthy one";
    case core::CriterionKind::pause:
      return "pauses a healthy one";
    case core::CriterionKind::expect:
    case core::CriterionKind::enough:
      break;
  }
  return "a healthy one fails";
}

std::string table_of(const CriterionReport& criterion) {
  std::string text = fmt::format("\n{}  {}\n", criterion.id, criterion.text);
  if (criterion.silence) {
    return text + fmt::format("  silence is noticed after {}; while points come it never acts\n",
                              time_text(*criterion.silence));
  }
  if (!criterion.uncovered.empty()) {
    text += fmt::format("  not tried: {}\n", criterion.uncovered);
    const Chance& chance = criterion.loads.front().alarm;
    if (chance.how == How::promised) {
      text += fmt::format("  its test errs in {}\n", chance_text(chance));
    }
    return text;
  }
  text += fmt::format("  healthy {}, limit {}, in {}\n", about_percent(criterion.healthy),
                      about_percent(criterion.allowed), place_of(criterion));
  text += "  " + padded("load", 14) + padded(alarm_word(criterion), 21);
  for (const Notice& notice : criterion.loads.front().after) {
    text += padded(fmt::format("{:g} × limit", notice.multiple), 15);
  }
  text += '\n';
  for (const AtLoad& at : criterion.loads) {
    text += "  " + padded(per_second(at.load), 14) + padded(chance_text(at.alarm), 21);
    for (const Notice& notice : at.after) text += padded(notice_text(notice), 15);
    text += '\n';
  }
  return text;
}

Json to_json(const Chance& chance) {
  static constexpr const char* kHow[] = {"unknown", "exact", "bound", "promised", "simulated"};
  Json json{{"how", kHow[static_cast<std::size_t>(chance.how)]}};
  if (chance.how == How::unknown) return json;
  if (chance.how == How::exact || chance.how == How::simulated) json["chance"] = chance.likely;
  json["least"] = chance.least;
  json["most"] = chance.most;
  return json;
}

double seconds(Duration duration) { return static_cast<double>(duration.count()) * 1e-9; }

Json to_json(const Notice& notice) {
  Json json{{"multiple", notice.multiple}, {"rate", notice.rate}};
  if (notice.whole) return json;
  json["noticed"] = notice.noticed;
  if (notice.noticed <= 0) return json;
  json["requests"] = std::llround(notice.requests);
  json["seconds"] = seconds(notice.time);
  json["seconds_9_of_10"] = seconds(notice.late);
  return json;
}

Json to_json(const CriterionReport& criterion) {
  static constexpr const char* kKinds[] = {"stop", "expect", "pause", "enough"};
  Json json{{"id", criterion.id},
            {"text", criterion.text},
            {"kind", kKinds[static_cast<std::size_t>(criterion.kind)]},
            {"stage", criterion.stage},
            {"weight", adapters::number(criterion.weight)}};
  if (criterion.silence) json["silence_seconds"] = seconds(*criterion.silence);
  if (!criterion.uncovered.empty()) json["not_tried"] = criterion.uncovered;
  if (!criterion.silence && criterion.uncovered.empty()) {
    json["limit"] = criterion.allowed;
    json["healthy"] = criterion.healthy;
  }
  Json loads = Json::array();
  for (const AtLoad& at : criterion.loads) {
    Json notices = Json::array();
    for (const Notice& notice : at.after) notices.push_back(to_json(notice));
    loads.push_back({{"load", at.load.name},
                     {"per_second", at.load.per_second},
                     {"false_alarm", to_json(at.alarm)},
                     {"notice", notices}});
  }
  json["loads"] = loads;
  return json;
}

}  // namespace

std::string about_percent(double share) {
  const double percent = share * 100;
  if (percent <= 0) return "0%";
  if (percent >= 100) return "100%";
  if (percent < 0.001) return "<0.001%";
  if (percent > 99.9) return ">99.9%";
  if (percent > 99) return fmt::format("{:.1f}%", percent);
  if (percent >= 10) return fmt::format("{:.0f}%", percent);
  return fmt::format("{:.2g}%", percent);
}

std::string about_count(double count) {
  if (count >= 1e9) return fmt::format("{:.3g}G", count / 1e9);
  if (count >= 1e6) return fmt::format("{:.3g}M", count / 1e6);
  if (count < 10 && count != std::floor(count)) return fmt::format("{:.2g}", count);
  const auto whole = std::llround(count);
  return whole < 1000 ? fmt::format("{}", whole)
                      : fmt::format("{},{:03}", whole / 1000, whole % 1000);
}

std::string chance_text(const Chance& chance) {
  switch (chance.how) {
    case How::unknown:
      return "unknown";
    case How::exact:
      return about_percent(chance.likely);
    case How::bound:
      if (chance.least > 0 && about_percent(chance.least) != about_percent(chance.most)) {
        return fmt::format("{} to {}", about_percent(chance.least), about_percent(chance.most));
      }
      [[fallthrough]];
    case How::promised:
      return "at most " + about_percent(chance.most);
    case How::simulated:
      return fmt::format("{} ({}–{})", about_percent(chance.likely),
                         std::llround(chance.least * 100), about_percent(chance.most));
  }
  return "";
}

std::string as_table(const Report& report) {
  std::string text = fmt::format("{}: {} of holds\n\n", report.runbook, time_text(report.watched));
  text += padded("", 30);
  for (const PlanReport& plan : report.plan) text += padded(per_second(plan.load), 24);
  text += "\n" + padded("the guard stops a healthy one", 30);
  for (const PlanReport& plan : report.plan) text += padded(chance_text(plan.stopped), 24);
  text += "\n" + padded("a review fails a healthy one", 30);
  for (const PlanReport& plan : report.plan) text += padded(chance_text(plan.not_passed), 24);
  text += '\n';
  for (const CriterionReport& criterion : report.criteria) text += table_of(criterion);
  text += "\nnotices: requests of the judged arm and time, medians of ";
  text += fmt::format("{} runs, after an hour\n", report.runs);
  text +=
      "of health; requests fail independently of each other: bursts come oftener.\n"
      "\"at most\": a bound, or the promise of a test; in brackets: 95% of simulations.\n"
      "overlapping windows share requests: without `for` by the scan statistic, with\n"
      "it bounded, and simulated in the engine's core where the bound says little.\n";
  std::string lines;
  for (std::size_t begin = 0; begin < text.size();) {  // padding ends no line
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    while (line.ends_with(' ')) line.pop_back();
    lines += line + '\n';
    begin = end + 1;
  }
  return lines;
}

std::string proposals_as_table(const std::vector<Proposal>& proposals) {
  if (proposals.empty()) return "";
  std::string text =
      "\nlimits that the service keeps, as it was recorded (broken in 1% of rollouts)\n";
  for (const Proposal& each : proposals) {
    text += fmt::format("  {}recorded {}, {}\n", padded(each.id, 26), about_percent(each.recorded),
                        each.limit.empty() ? "no limit that was recorded would do"
                                           : fmt::format("limit {} (broken in {})", each.limit,
                                                         about_percent(each.false_alarm)));
  }
  return text;
}

std::string as_json(const Report& report, const std::vector<Proposal>& proposals) {
  Json plan = Json::array();
  for (const PlanReport& each : report.plan) {
    plan.push_back({{"load", each.load.name},
                    {"per_second", each.load.per_second},
                    {"stopped", to_json(each.stopped)},
                    {"not_passed", to_json(each.not_passed)}});
  }
  Json criteria = Json::array();
  for (const CriterionReport& each : report.criteria) criteria.push_back(to_json(each));
  Json json{{"runbook", report.runbook},
            {"watched_seconds", seconds(report.watched)},
            {"runs", report.runs},
            {"seed", report.seed},
            {"plan", plan},
            {"criteria", criteria}};
  for (const Proposal& each : proposals) {
    json["proposals"].push_back({{"id", each.id},
                                 {"recorded", each.recorded},
                                 {"limit", each.limit},
                                 {"false_alarm", each.false_alarm}});
  }
  return adapters::to_line(json);
}

}  // namespace rollbook::power
