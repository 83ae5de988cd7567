// What is told of a plan as a whole: a healthy canary through all its stages, by formulas where
// they say enough and tried in the engine's core where they leave room.

#include <algorithm>
#include <cmath>
#include <set>

#include "dsl/false_alarms.h"
#include "tools/power/rehearsal.h"
#include "tools/power/study.h"

namespace rollbook::power {

using namespace rollbook::core;

Chance interval(std::int64_t hits, std::int64_t runs) {
  constexpr double kDeviations = 1.96;  // Wilson (1927), 95 %
  const double n = static_cast<double>(runs), p = static_cast<double>(hits) / n;
  const double square = kDeviations * kDeviations / n;
  const double centre = (p + square / 2) / (1 + square);
  const double reach = kDeviations * std::sqrt(p * (1 - p) / n + square / (4 * n)) / (1 + square);
  return {How::simulated, p, std::max(0.0, centre - reach), std::min(1.0, centre + reach)};
}

// That any of them is true. They are associated where they look at the same requests: together at
// least as likely as the likeliest, at most as their independent sum.
Chance Study::combine(const std::vector<Chance>& parts) const {
  Chance all{How::formula, 0, 0, 0};
  double likely = 1, most = 1;
  for (const Chance& part : parts) {
    likely *= 1 - part.likely;
    most *= 1 - part.most;
    all.least = std::max(all.least, part.least);
    if (part.how == How::simulated) all.how = How::simulated;
    if (part.how != How::formula && all.how == How::formula) all.how = How::bound;
  }
  all.likely = 1 - likely;
  all.most = 1 - most;
  return all;
}

Study::Rehearsed Study::rehearse(std::size_t load, const std::vector<Alarm>& alarms, Report& report,
                                 const std::function<void()>& tick) const {
  std::map<CriterionIndex, Model> all;
  Traffic traffic{loads_[load], {}};
  for (const CriterionReport& each : report.criteria) {
    const bool tried = std::any_of(alarms.begin(), alarms.end(), [&](const Alarm& alarm) {
      return std::find(alarm.all.begin(), alarm.all.end(), each.index) != alarm.all.end();
    });
    if (!tried) continue;
    all.emplace(each.index, each);
    traffic.rates[each.index] = healthy_at(each, loads_[load]);
  }
  std::map<CriterionIndex, std::int64_t> failed;
  std::int64_t stopped = 0;
  std::vector<std::int64_t> targets(machine_.targets.size());
  for (int run = 0; run < settings_.runs; ++run) {
    Draw draw({settings_.seed, load, static_cast<std::uint64_t>(run)});
    const Fallen fallen = walk_stages(alarms, all, traffic, draw);
    for (const CriterionIndex index : fallen.criteria) ++failed[index];
    if (!fallen.alarms.empty()) ++stopped;
    std::set<TargetIndex> back;
    for (const std::size_t alarm : fallen.alarms) back.insert(alarms[alarm].target);
    for (const TargetIndex target : back) {
      if (target.valid()) ++targets[target.value];
    }
    tick();
  }
  for (CriterionReport& each : report.criteria) {
    if (all.contains(each.index)) {
      each.loads[load].alarm = interval(failed[each.index], settings_.runs);
    }
  }
  Rehearsed rehearsed{interval(stopped, settings_.runs), {}};
  for (std::uint32_t i = 0; i < targets.size(); ++i) {
    const bool any = std::any_of(alarms.begin(), alarms.end(), [&](const Alarm& alarm) {
      return alarm.target == TargetIndex{i};
    });
    // None of its own was tried: nothing is added to what formulas say of it.
    rehearsed.of_targets.push_back(any ? interval(targets[i], settings_.runs)
                                       : Chance{How::formula, 0, 0, 0});
  }
  return rehearsed;
}

Study::Fallen Study::walk_stages(const std::vector<Alarm>& alarms,
                                 const std::map<CriterionIndex, Model>& all, Traffic traffic,
                                 Draw& draw) const {
  Fallen fallen;
  std::set<CriterionIndex> open;
  for (const auto& [index, model] : all) open.insert(index);
  std::optional<Rehearsal> rehearsal;
  for (const Watch& watch : watches_) {
    if (!has_begun(watch, TargetIndex{}) || watch.time == Duration{}) continue;
    if (!rehearsal) {
      rehearsal.emplace(machine_, all, watch.weights);
    } else {
      rehearsal->shift(watch.weights);
    }
    for (const auto& [index, model] : all) {
      if (!model.by_request) continue;
      traffic.rates[index] = model.healthy * flow_of(index, traffic.load, watch.weights);
    }
    const auto fails = [&](CriterionIndex index) {
      return guards(index, watch) && rehearsal->fails(index);
    };
    for (Duration at{}; at < watch.time && !open.empty(); at += dsl::kLook) {
      rehearsal->step(dsl::kLook, traffic, draw);
      for (std::size_t i = 0; i < alarms.size(); ++i) {
        if (std::all_of(alarms[i].all.begin(), alarms[i].all.end(), fails)) fallen.alarms.insert(i);
      }
      for (auto each = open.begin(); each != open.end();) {
        if (!fails(*each)) {
          ++each;
          continue;
        }
        fallen.criteria.insert(*each);
        // One that acts alone has said all it can say; a part of others goes on.
        if (machine_.at(*each).part) {
          ++each;
        } else {
          rehearsal->disarm(*each);
          each = open.erase(each);
        }
      }
    }
  }
  return fallen;
}

namespace {

Chance missed(const Notice& notice, int runs) {
  return interval(runs - std::llround(notice.noticed * runs), runs);
}

}  // namespace

Report Study::run(const Progress& progress) const {
  Report report;
  report.runbook = machine_.name;
  report.every = settings_.every;
  report.runs = settings_.runs;
  report.seed = settings_.seed;
  for (const Target& target : machine_.targets) report.targets.push_back(target.name);
  report.shared_evenly = shared_evenly_;
  for (const Watch& watch : watches_) report.watched += watch.time;
  report.criteria = criteria();
  std::uint64_t done = 0;
  const auto runs = static_cast<std::uint64_t>(settings_.runs);
  std::uint64_t total = runs * loads_.size();
  for (const CriterionReport& each : report.criteria) {
    const bool tried = each.uncovered.empty() && !each.silence;
    if (tried) total += runs * loads_.size() * (settings_.multiples.size() + 1);
  }
  const auto tick = [&] {
    done = std::min(done + 1, total);
    if (progress) progress(done, total);
  };
  for (std::size_t load = 0; load < loads_.size(); ++load) {
    for (CriterionReport& each : report.criteria) {
      const bool tried = each.uncovered.empty() && !each.silence;
      AtLoad at{loads_[load], 0, alarm_of(each, loads_[load]), {}, {}};
      if (tried) at.healthy = healthy_at(each, loads_[load]);
      if (tried && each.at_review && at.alarm.how == How::unknown) {
        at.alarm = tried_at_review(each, loads_[load], at.healthy);
      }
      at.pass = pass_of(each, loads_[load]);
      // A test that is given more than its limit allows promises nothing: it has been tried.
      if (at.pass && at.alarm.how == How::unknown) at.alarm = missed(*at.pass, settings_.runs);
      for (std::uint64_t i = 0; tried && i < runs; ++i) tick();
      for (const double multiple : settings_.multiples) {
        if (!tried) break;
        at.after.push_back(notice_of(each, loads_[load], multiple));
        for (std::uint64_t i = 0; i < runs; ++i) tick();
      }
      each.loads.push_back(std::move(at));
    }
    report.plan.push_back({loads_[load], {}, {}, {}, 0, 0});
    simulate_plan(load, report, tick);
  }
  return report;
}

void Study::simulate_plan(std::size_t load, Report& report,
                          const std::function<void()>& tick) const {
  const auto report_of = [&](CriterionIndex index) -> CriterionReport& {
    return *std::find_if(report.criteria.begin(), report.criteria.end(),
                         [&](const CriterionReport& each) { return each.index == index; });
  };
  // A pause ends nothing: each is tried by itself.
  for (const CriterionReport& each : report.criteria) {
    const bool untold = each.loads[load].alarm.how == How::unknown && each.uncovered.empty();
    if (each.kind != CriterionKind::pause || !untold) continue;
    rehearse(load, {Alarm{{each.index}, {}}}, report, tick);
  }
  // Of the alarms, those whose formula leaves room; an alarm of several is as rare as its rarest.
  std::vector<Chance> parts;
  std::vector<std::vector<Chance>> own(machine_.targets.size());
  std::vector<Alarm> tried;
  for (const Alarm& alarm : alarms_) {
    Chance rarest;
    bool can_try = true, bounds_only = false;
    for (const CriterionIndex index : alarm.all) {
      const CriterionReport& each = report_of(index);
      const Chance& chance = each.loads[load].alarm;
      can_try = can_try && each.uncovered.empty() && !each.silence;
      bounds_only = bounds_only || chance.how == How::bound || chance.how == How::unknown;
      if (rarest.how == How::unknown || chance.most < rarest.most) rarest = chance;
    }
    const bool several = alarm.all.size() > 1;
    if (can_try && (bounds_only || several) && rarest.most > kNegligible) {
      tried.push_back(alarm);
    } else {
      if (several && rarest.how != How::unknown) rarest = Chance{How::bound, 0, 0, rarest.most};
      if (rarest.how == How::unknown) {
        ++report.plan[load].stops_untold;
      } else {
        parts.push_back(rarest);
        if (alarm.target.valid()) own[alarm.target.value].push_back(rarest);
      }
    }
  }
  if (!tried.empty()) {
    const Rehearsed rehearsed = rehearse(load, tried, report, tick);
    parts.push_back(rehearsed.any);
    for (std::size_t i = 0; i < own.size(); ++i) own[i].push_back(rehearsed.of_targets[i]);
  }
  report.plan[load].stopped = combine(parts);
  for (std::size_t i = 0; i < own.size(); ++i) {
    report.plan[load].targets.push_back({machine_.targets[i].name, combine(own[i])});
  }
  std::vector<Chance> reviews;
  for (const CriterionReport& each : report.criteria) {
    if (each.kind != CriterionKind::expect) continue;
    if (each.loads[load].alarm.how == How::unknown) {
      ++report.plan[load].reviews_untold;
    } else {
      reviews.push_back(each.loads[load].alarm);
    }
  }
  report.plan[load].not_passed = combine(reviews);
}

}  // namespace rollbook::power
