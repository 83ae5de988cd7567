#include "tools/power/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "dsl/format_value.h"

namespace rollbook::power {

using dsl::about_percent;

namespace {

bool falls(const CriterionReport& criterion) {
  return criterion.sickness == Sickness::diverted || criterion.floor;
}

std::string a_second(double value) {
  return fmt::format("{}/s", value < 10 ? fmt::format("{:.2g}", value) : about_count(value));
}

std::string value_text(const CriterionReport& criterion, double value) {
  return criterion.sickness == Sickness::level ? a_second(value) : about_percent(value);
}

std::string level_text(const CriterionReport& criterion) {
  std::vector<std::string> each;
  for (const AtLoad& at : criterion.loads) {
    const std::string text = a_second(at.healthy);
    if (each.empty() || each.back() != text) each.push_back(text);
  }
  const std::string from = criterion.healthy_from == "load"    ? "as the load says"
                           : criterion.healthy_from == "given" ? "given"
                           : criterion.floor                   ? "five times the limit"
                                                               : "a fifth of the limit";
  return fmt::format("healthy {} ({}), limit {}", fmt::join(each, ", "), from,
                     limit_text(criterion));
}

}  // namespace

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
    case How::formula:
      return about_percent(chance.likely);
    case How::bound:
    case How::promised:
      return dsl::about_range(chance.least, chance.most);
    case How::simulated:
      return fmt::format("{} ({}–{})", about_percent(chance.likely),
                         std::llround(chance.least * 100), about_percent(chance.most));
  }
  return "";
}

std::string limit_text(const CriterionReport& criterion) {
  return value_text(criterion, criterion.allowed);
}

std::string healthy_text(const CriterionReport& criterion) {
  const std::string limit = limit_text(criterion);
  switch (criterion.sickness) {
    case Sickness::failing:
      return fmt::format("healthy {} ({}), limit {}", about_percent(criterion.healthy),
                         criterion.healthy_from == "given" ? "given" : "a fifth of the limit",
                         limit);
    case Sickness::slower:
      return fmt::format("healthy {} beyond (as fast as the other arm), limit {}",
                         about_percent(criterion.healthy), limit);
    case Sickness::changed:
      return fmt::format("healthy unchanged at {:.3g} a request, limit {}", criterion.base, limit);
    case Sickness::diverted:
      return fmt::format("healthy {} of requests (as planned)", limit);
    case Sickness::level:
      return level_text(criterion);
  }
  return "";
}

std::vector<std::string> sick_lines(const CriterionReport& criterion,
                                    const std::vector<double>& multiples) {
  std::vector<std::string> each;
  for (const double multiple : multiples) {
    const std::optional<double> rate = criterion.at(multiple);
    if (!rate) continue;
    each.push_back(criterion.sickness == Sickness::slower
                       ? fmt::format("{:.2f}", criterion.slowdown(*rate))
                       : value_text(criterion, *rate));
  }
  if (each.empty()) return {};
  const std::string all = fmt::format("{}", fmt::join(each, ", "));
  switch (criterion.sickness) {
    case Sickness::failing:
      return {};
    case Sickness::slower:
      return {criterion.latency->is_recorded()
                  ? "latency as it was recorded"
                  : "latency log-normal, p99 five medians, buckets 2.2% apart: or --from",
              "sick: all its requests take " + all + " times as long"};
    case Sickness::changed:
      return {"sick: it falls by " + all};
    case Sickness::diverted:
      return {"sick: " + all + " of requests reach the canary; requests of both arms"};
    case Sickness::level:
      return {"sick: " + all};
  }
  return {};
}

std::string recorded_text(const Level& level) {
  return fmt::format("recorded from {:.4g} to {:.4g}, beyond its limit in {} of {} spans of 5m",
                     level.least, level.greatest, level.beyond, level.spans);
}

std::string multiple_text(const CriterionReport& criterion, double multiple) {
  if (!falls(criterion) || multiple == 1) return fmt::format("{:g}×", multiple);
  return multiple > 1 ? fmt::format("1/{:g}", multiple) : fmt::format("{:g}×", 1 / multiple);
}

}  // namespace rollbook::power
