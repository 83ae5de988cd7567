#pragma once
// Words: how the figures of a study are said, in a table and in a plot.

#include <string>
#include <vector>

#include "tools/power/study.h"

namespace rollbook::power {

// "450", "13,500", "1.2M".
std::string about_count(double count);
// "at most 0.1%", "62% (52–71%)"
std::string chance_text(const Chance& chance);

// What the limit of a criterion is in the terms of its model: "0.1%", "5/s".
std::string limit_text(const CriterionReport& criterion);
// What is healthy in its eyes, and where: "healthy 0.02% (a fifth of the limit), limit 0.1%".
std::string healthy_text(const CriterionReport& criterion);
// What is sick beyond a share of bad requests, a line each; none where that is all.
std::vector<std::string> sick_lines(const CriterionReport& criterion,
                                    const std::vector<double>& multiples);
// "recorded from 3 to 71, beyond its limit in 2 of 288 spans of 5m".
std::string recorded_text(const Level& level);
// "2×" of a limit from above, "1/2" of one from below: `multiple` as people count it.
std::string multiple_text(const CriterionReport& criterion, double multiple);

}  // namespace rollbook::power
