#pragma once
// Chances: how often counts of errors cross a limit although nothing is wrong. The numbers behind
// the checker's warnings and false_alarms.h; exact tails, no simulation, microseconds each.
//
//   chance_above(13500, 0.0008, 13)   // of more than 13 errors in 13,500 requests at 0.08 %

#include <cstdint>

namespace rollbook::dsl {

// The chance that more than `most` of `requests` fail when each does with chance `rate`: the upper
// tail of the binomial distribution, by the incomplete beta function (DLMF 8.17.5); above 10¹¹
// requests by the normal one, which differs in no percentage that is printed.
double chance_above(std::int64_t requests, double rate, std::int64_t most);

// The chance that, of `windows` independent ones, `run` in a row are true, each with chance
// `each`: a walk over the length of the current run.
double chance_of_run(double each, std::int64_t windows, std::int64_t run);

}  // namespace rollbook::dsl
