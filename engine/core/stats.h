#pragma once
// Stats: the mathematics behind `with confidence`. Plain functions of counts; no state, no
// criterion, no clock. Everything is in natural logarithms ("nats"), so that a million requests
// neither overflow nor vanish; docs/judging.md derives each formula and names its source.
//
// An e-value is what a fair bet against a hypothesis has made of 1: it reaches 1/α with a chance of
// at most α while the hypothesis is true, however often one looks (Ville's inequality).
//
//   stats::Beta prior = stats::prior_above(Fixed{1'000'000});            // against 0.1 %
//   stats::log_above({.requests = 340, .errors = 4}, Fixed{1'000'000}, prior);

#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/types.h"

namespace rollbook::core::stats {

// ---- Special functions ----------------------------------------------------------------------

// log of ∫ₓ¹ t^(a−1) (1−t)^(b−1) dt / (x^a y^b), the upper incomplete beta function without its
// leading powers, so that nothing cancels where a and b are large. a, b > 0; 0 < x < 1; y = 1 − x,
// given too because it may be known better. The lower one is log_upper(b, a, y, x).
// Continued fraction of Didonato & Morris, ACM TOMS 18 (1992) 360, algorithm 708, beyond the mode;
// its complement before it, with the leading term in Loader's saddle-point form (2000).
double log_upper(double a, double b, double x, double y);

// log of x^a y^b / B(a, b); a, b > 0.
double log_power(double a, double b, double x, double y);

// ---- One share against a limit --------------------------------------------------------------

struct Beta {
  Fixed a, b;
};
// The priors of judging.md: (1, 0.1/limit) against a limit from above, (1, 1/limit) from below;
// for limits over a half the same of the complement.
Beta prior_above(Fixed limit);
Beta prior_below(Fixed limit);

struct Sample {
  std::int64_t requests = 0;
  std::int64_t errors = 0;  // INVARIANT: from 0 to `requests`
};
// log of the e-value against "the share is at most `limit`": ∫ over the prior above the limit of
// the likelihood, over that of the limit itself. 0 < limit < 1. Where events come `dispersion` at a
// time, of the likelihood's root: so many bursts in so many times fewer requests.
double log_above(Sample sample, Fixed limit, Beta prior, Fixed dispersion = Fixed::from_int(1));
// … against "the share is at least `limit`".
double log_below(Sample sample, Fixed limit, Beta prior, Fixed dispersion = Fixed::from_int(1));
// An upper bound of log_above that costs a tenth of it: the likelihood at its maximum; to be
// divided by the dispersion.
double bound_above(Sample sample, Fixed limit);
double bound_below(Sample sample, Fixed limit);

// ---- Two rates ------------------------------------------------------------------------------

// What happened in one step: events and what could have had one (requests, or nanoseconds).
struct Step {
  std::int64_t events = 0, exposure = 0;              // of the arm that is judged
  std::int64_t other_events = 0, other_exposure = 0;  // of the one it is compared with
};
// The alternatives of a test, as multiples of the bound that is to be disproved.
std::span<const double> far_above();         // from 1.25 to 50: a guard's
std::vector<double> below(Fixed tolerance);  // 1/(1+P), 1/(1+2P), 0.9, 0.75, 0.5
std::vector<double> above(Fixed tolerance);  // their reciprocals
// log of the likelihood ratio of one step, "rate = multiple × bound × other" against "rate = bound
// × other", given how many events there were in all: the conditional binomial. Exposures above 0.
double log_step(const Step& step, double bound, double multiple);
// log of the mean of e^log over the alternatives, `logs` in 10⁻¹² nats.
double log_mean(std::span<const std::int64_t> logs);

// ---- The split of traffic -------------------------------------------------------------------

// log of the Bayes factor of two counts against a planned share of the first; Beta(1, 1).
// Dirichlet-multinomial (Lindon & Malek, arXiv 2011.03567). 0 < planned < 1. `dispersion`: as of
// log_above().
double log_split(std::int64_t first, std::int64_t second, Fixed planned,
                 Fixed dispersion = Fixed::from_int(1));

// ---- Integers for the log -------------------------------------------------------------------

// The nearest integers; what lies beyond 9·10⁶ nats is cut there, far from any decision.
std::int64_t micro_nats(double nats);
std::int64_t pico_nats(double nats);

// A sum of logarithms in 10⁻¹² nats. Four million nats to either side it stays where it is,
// whatever comes: an alternative that far off has no weight left, and one that stands still is
// still a test that promises what it promised (its e-value no longer changes).
inline constexpr std::int64_t kMostPicoNats = 4'000'000'000'000'000'000;
void add_log(std::int64_t more, std::int64_t& sum);

}  // namespace rollbook::core::stats
