#pragma once
// Chances: the tail of the binomial distribution, exact and in microseconds; what windows make of
// it says false_alarms.h.
//
//   chance_above(13500, 0.0008, 13)   // of more than 13 errors in 13,500 requests at 0.08 %

#include <cstdint>

namespace rollbook::dsl {

// The chance that more than `most` of `requests` fail when each does with chance `rate`: the upper
// tail of the binomial distribution, by the incomplete beta function (DLMF 8.17.5); above 10¹¹
// requests by the normal one, which differs in no percentage that is printed.
double chance_above(std::int64_t requests, double rate, std::int64_t most);

}  // namespace rollbook::dsl
