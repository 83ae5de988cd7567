#include "tools/power/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "adapters/wire/columns.h"
#include "adapters/wire/json_out.h"
#include "dsl/format_value.h"
#include "tools/power/words.h"

namespace rollbook::power {

using adapters::Json;
using core::Duration;
using dsl::about_percent;

namespace {

constexpr std::size_t kWidth = 80;  // of a terminal

std::string padded(const std::string& text, std::size_t width) {
  const std::size_t shown = adapters::columns_of(text);
  return text + std::string(shown < width ? width - shown : 1, ' ');
}

// Two units where the second one still says something.
std::string time_text(Duration time) {
  using namespace std::chrono_literals;
  if (time >= 10h) time -= time % 1h;
  if (time >= 10min) time -= time % 1min;
  return adapters::format_duration_short(time);
}

std::string per_second(const Load& load) {
  return fmt::format("{} {}/s", load.name, about_count(load.per_second));
}

std::string notice_text(const Notice& notice, const CriterionReport& criterion) {
  if (notice.none) return "no such rate";
  if (notice.noticed <= 0) return "not noticed";
  if (notice.noticed < 0.5) return "only " + about_percent(notice.noticed);
  if (criterion.sickness == Sickness::level) return "in " + time_text(notice.time);
  return fmt::format("{} in {}", about_count(notice.requests), time_text(notice.time));
}

// When a healthy one passes a test of a gate.
std::string pass_text(const AtLoad& at, const CriterionReport& criterion) {
  const Notice& pass = *at.pass;
  if (pass.noticed <= 0) return fmt::format("at the {} no healthy one passes", at.load.name);
  if (pass.noticed < 0.5) {
    return fmt::format("at the {} only {} of healthy ones pass", at.load.name,
                       about_percent(pass.noticed));
  }
  return fmt::format("at the {} a healthy one passes after {}", at.load.name,
                     notice_text(pass, criterion));
}

std::string place_of(const CriterionReport& criterion) {
  return criterion.stage.empty() ? "" : fmt::format("{} ({})", criterion.stage, criterion.traffic);
}

std::string alarm_word(const CriterionReport& criterion) {
  switch (criterion.kind) {
    case core::CriterionKind::stop:
      return "healthy stopped";
    case core::CriterionKind::pause:
      return "healthy paused";
    case core::CriterionKind::expect:
    case core::CriterionKind::enough:
      break;
  }
  return "healthy fails";
}

// "2 × limit", "limit / 2", "plan / 2".
std::string head_of(const CriterionReport& criterion, double multiple) {
  if (criterion.sickness == Sickness::diverted) return fmt::format("plan / {:g}", multiple);
  if (criterion.floor) return fmt::format("limit / {:g}", multiple);
  return fmt::format("{:g} × limit", multiple);
}

std::string table_of(const CriterionReport& criterion) {
  std::string text = fmt::format("\n{}  {}\n", criterion.id, criterion.text);
  if (criterion.silence) {
    return text + fmt::format("  silence is noticed after {}; while points come it never acts\n",
                              time_text(*criterion.silence));
  }
  if (!criterion.uncovered.empty()) {
    text += "  " + adapters::wrapped("not tried: " + criterion.uncovered, 4, kWidth) + '\n';
    if (criterion.recorded) text += "  " + recorded_text(*criterion.recorded) + '\n';
    const Chance& chance = criterion.loads.front().alarm;
    if (chance.how == How::promised) {
      text += fmt::format("  its test errs in {}\n", chance_text(chance));
    }
    return text;
  }
  text += fmt::format("  {}, in {}\n", healthy_text(criterion), place_of(criterion));
  std::vector<double> multiples;
  for (const Notice& notice : criterion.loads.front().after) multiples.push_back(notice.multiple);
  for (const std::string& line : sick_lines(criterion, multiples)) text += "  " + line + '\n';
  text += "  " + padded("load", 13) + padded(alarm_word(criterion), 16);
  for (const double multiple : multiples) text += padded(head_of(criterion, multiple), 16);
  text += '\n';
  for (const AtLoad& at : criterion.loads) {
    text += "  " + padded(per_second(at.load), 13) + padded(chance_text(at.alarm), 16);
    for (const Notice& notice : at.after) {
      const bool fails = criterion.at_review && !notice.none;
      text += padded(
          fails ? about_percent(notice.noticed) + " fail" : notice_text(notice, criterion), 16);
    }
    text += '\n';
  }
  for (const AtLoad& at : criterion.loads) {
    const bool counts = criterion.at_review && criterion.sickness != Sickness::level;
    if (at.after.empty() || !counts) continue;
    text += fmt::format("  at the {} a review sees {} requests in {}\n", at.load.name,
                        about_count(at.after.front().requests), time_text(at.after.front().time));
  }
  for (const AtLoad& at : criterion.loads) {
    if (at.pass) text += "  " + pass_text(at, criterion) + '\n';
  }
  return text;
}

// "peak: eu 100/s, us 100/s"; "" where there are no targets.
std::string shares_of(const Report& report) {
  if (report.targets.empty()) return "";
  std::string text;
  for (const PlanReport& plan : report.plan) {
    text += plan.load.name + ": ";
    for (std::size_t i = 0; i < report.targets.size(); ++i) {
      text += fmt::format("{}{} {}/s", i == 0 ? "" : ", ", report.targets[i],
                          about_count(plan.load.of_targets[i]));
    }
    text += '\n';
  }
  if (!report.shared_evenly) return text;
  return text + fmt::format("shared evenly, as nothing says otherwise: --load {}=PEAK,TROUGH …\n",
                            report.targets.front());
}

Json to_json(const Chance& chance) {
  static constexpr const char* kHow[] = {"unknown", "formula", "bound", "promised", "simulated"};
  Json json{{"how", kHow[static_cast<std::size_t>(chance.how)]}};
  if (chance.how == How::unknown) return json;
  if (chance.how == How::formula || chance.how == How::simulated) json["chance"] = chance.likely;
  json["least"] = chance.least;
  json["most"] = chance.most;
  return json;
}

// A share without the dust of binary fractions.
Json rate_json(double rate) { return adapters::number(core::Fixed{std::llround(rate * 1e9)}); }

double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e9; }

Json to_json(const Notice& notice) {
  Json json{{"multiple", notice.multiple}};
  if (notice.none) return json;
  json["rate"] = rate_json(notice.rate);
  json["since"] = notice.since == Since::shift ? "shift" : "later";
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
  if (!criterion.target.empty()) json["target"] = criterion.target;
  if (criterion.silence) json["silence_seconds"] = seconds(*criterion.silence);
  if (!criterion.uncovered.empty()) json["not_tried"] = criterion.uncovered;
  if (criterion.recorded) {
    json["recorded"] = {{"least", criterion.recorded->least},
                        {"greatest", criterion.recorded->greatest},
                        {"spans", criterion.recorded->spans},
                        {"beyond", criterion.recorded->beyond}};
  }
  if (!criterion.silence && criterion.uncovered.empty()) {
    static constexpr const char* kSick[] = {"failing", "slower", "changed", "diverted", "level"};
    json["sick"] = kSick[static_cast<std::size_t>(criterion.sickness)];
    json["limit"] = rate_json(criterion.allowed);
    if (!criterion.by_request) json["healthy"] = rate_json(criterion.healthy);
    json["healthy_from"] = criterion.healthy_from;
    if (criterion.sickness == Sickness::changed) json["a_request"] = criterion.base;
    if (criterion.latency) {
      json["latency"] = criterion.latency->is_recorded() ? "recorded" : "log-normal";
    }
  }
  Json loads = Json::array();
  for (const AtLoad& at : criterion.loads) {
    Json notices = Json::array();
    for (const Notice& notice : at.after) notices.push_back(to_json(notice));
    loads.push_back({{"load", at.load.name},
                     {"per_second", at.load.per_second},
                     {"false_alarm", to_json(at.alarm)},
                     {"notice", notices}});
    if (criterion.by_request) loads.back()["healthy"] = rate_json(at.healthy);
    if (at.pass) loads.back()["pass"] = to_json(*at.pass);
  }
  json["loads"] = loads;
  return json;
}

}  // namespace

std::string as_table(const Report& report) {
  std::string text = fmt::format("{}: {} of holds\n{}\n", report.runbook, time_text(report.watched),
                                 shares_of(report));
  text += padded("", 30);
  for (const PlanReport& plan : report.plan) text += padded(per_second(plan.load), 24);
  text += "\n" + padded("the guard stops a healthy one", 30);
  for (const PlanReport& plan : report.plan) text += padded(chance_text(plan.stopped), 24);
  for (std::size_t i = 0; i < report.targets.size(); ++i) {
    text += "\n" + padded("  " + report.targets[i] + ", by a guard of its own", 30);
    for (const PlanReport& plan : report.plan) {
      text += padded(chance_text(plan.targets[i].stopped), 24);
    }
  }
  text += "\n" + padded("a review fails a healthy one", 30);
  for (const PlanReport& plan : report.plan) text += padded(chance_text(plan.not_passed), 24);
  text += '\n';
  for (const PlanReport& plan : report.plan) {
    if (plan.stops_untold + plan.reviews_untold == 0) continue;
    text += fmt::format("left out, because they cannot be tried: {} of stops, {} of reviews\n",
                        plan.stops_untold, plan.reviews_untold);
    break;
  }
  for (const CriterionReport& criterion : report.criteria) text += table_of(criterion);
  text += fmt::format(
      "\nNoticed: the medians of {} runs in requests of the judged arm and time, with a\n"
      "point of each series every {}. Of a guard the later is told, of a canary that\n"
      "is sick from the shift on and of one that was healthy before (tests: for an\n"
      "hour). Holds are watched to their end at that load. Requests fail independently;\n"
      "bursts alarm oftener. `at most`: a bound, or the promise of a test. In brackets:\n"
      "95% intervals of simulations. Windows that overlap share requests: without `for`\n"
      "this is the scan statistic, with it a bound, and simulated where the bound says\n"
      "little.\n",
      report.runs, adapters::format_duration(report.every));
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

std::string evidence_as_table(const Evidence& evidence) {
  std::string text = fmt::format("\nrecorded: {} of {}, {} points\n", time_text(evidence.span),
                                 evidence.from, about_count(static_cast<double>(evidence.points)));
  if (evidence.proposals.empty()) return text;
  text += "limits that the service keeps, as it was recorded (broken in 1% of rollouts)\n";
  for (const Proposal& each : evidence.proposals) {
    text += fmt::format("  {}recorded {}, {}\n", padded(each.id, 26), about_percent(each.recorded),
                        each.limit.empty() ? "no limit that was recorded would do"
                                           : fmt::format("limit {} (broken in {}{})", each.limit,
                                                         each.promised ? "at most " : "",
                                                         about_percent(each.false_alarm)));
  }
  return text;
}

std::string as_json(const Report& report, const Evidence* evidence) {
  Json plan = Json::array();
  for (const PlanReport& each : report.plan) {
    plan.push_back({{"load", each.load.name},
                    {"per_second", each.load.per_second},
                    {"stopped", to_json(each.stopped)},
                    {"not_passed", to_json(each.not_passed)},
                    {"left_out", each.stops_untold + each.reviews_untold}});
    for (std::size_t i = 0; i < report.targets.size(); ++i) {
      plan.back()["targets"].push_back({{"target", report.targets[i]},
                                        {"per_second", each.load.of_targets[i]},
                                        {"stopped", to_json(each.targets[i].stopped)}});
    }
  }
  Json criteria = Json::array();
  for (const CriterionReport& each : report.criteria) criteria.push_back(to_json(each));
  Json json{{"runbook", report.runbook},
            {"watched_seconds", seconds(report.watched)},
            {"every_seconds", seconds(report.every)},
            {"runs", report.runs},
            {"seed", report.seed},
            {"plan", plan},
            {"criteria", criteria}};
  if (evidence == nullptr) return adapters::to_line(json);
  json["recorded"] = {{"from", evidence->from},
                      {"span_seconds", seconds(evidence->span)},
                      {"points", evidence->points}};
  for (const Proposal& each : evidence->proposals) {
    json["proposals"].push_back({{"id", each.id},
                                 {"recorded", each.recorded},
                                 {"limit", each.limit},
                                 {"false_alarm", each.false_alarm}});
  }
  return adapters::to_line(json);
}

}  // namespace rollbook::power
