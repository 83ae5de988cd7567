#pragma once
// Every limit of the product, each with its reason. Limits that a verdict depends on (grace, skew,
// stale_after, effect_deadline) are pinned in RolloutStarted; the others guard memory and time.

#include <cstddef>
#include <cstdint>

#include "engine/core/event.h"
#include "engine/core/types.h"

namespace rollbook::core {

using namespace std::chrono_literals;

// ---- Pinned at start ------------------------------------------------------------------------
// Exporters send the parts of a ratio within one flush; delta counters are silent meanwhile.
inline constexpr Duration kGrace = 10s;
// Clocks that NTP holds are within milliseconds; ten seconds is a broken one.
inline constexpr Duration kSkew = 10s;
// OpenTelemetry and Prometheus send every 60 s by default: two missed and a half.
inline constexpr Duration kStaleAfter = 150s;
// Contract: without a deadline in the runbook.
inline constexpr Duration kEffectDeadline = 5min;
inline constexpr Limits kLimits{kGrace, kSkew, kStaleAfter, kEffectDeadline};

// ---- Judging --------------------------------------------------------------------------------
inline constexpr std::int64_t kAtLeastRequests = 100;  // default of `at least N requests`
inline constexpr int kPanesPerWindow = 300;
inline constexpr Duration kPaneMin = 1s;
// A minute is what most send by, and a half more is a point that was lost: what came in more than
// that is always told apart by when it came, and a sender that said nothing for so long has gone.
inline constexpr Duration kStretchMost = 90s;
// Of wider windows one such stretch is less than a twentieth: what is shorter is not told apart.
inline constexpr Duration kStretchesWithin = 20 * kStretchMost;
// A rate that is too low is judged once its window was watched, or so much of it, and what a sender
// had begun to count before is behind it.
inline constexpr Duration kLowRateWatched = 20min;
// Panes younger than this are kept at a second, so that parts of a ratio can be cut equally.
inline constexpr Duration kFinePanes = 30s;
// Cells that wait for the next Observed: looks sum over them, so a backlog must not heap them up.
inline constexpr std::size_t kPendingCells = 256;
// The same of breakdowns, which wait for a minute: each is a cell and its sets' label values.
inline constexpr std::size_t kPendingShares = 4096;
inline constexpr Duration kSharesInterval = 1min;
// Counts of one label set that lie no further apart in time are one share.
inline constexpr Duration kShareSpan = 90s;
// Of the label values of one set, all together: longer ones are no kind but a text.
inline constexpr std::size_t kLabelSetBytes = 256;
inline constexpr std::size_t kKindsTold = 5;  // in a verdict
// Exemplars kept of one metric and arm in a minute of event time.
inline constexpr std::size_t kExemplars = 5;
// Looked at of one point: one for each bucket is usual. Taken of what is decoded in one go.
inline constexpr std::size_t kExemplarsOfPoint = 64;
inline constexpr std::size_t kExemplarsOfBatch = 1024;
// |value| in units; the product of two such sums and 10⁹ still fits 127 bits.
inline constexpr std::int64_t kValueMax = 1'000'000'000'000'000;
inline constexpr std::size_t kBucketsMax = 512;
// Of a judge: a day of minutes, and as many metrics as people can weigh against each other. All of
// its samples are evidence, which is one event.
inline constexpr std::int64_t kJudgedSteps = 1440;
inline constexpr std::size_t kJudgedMetrics = 32;
inline constexpr std::int64_t kJudgedSamples = 20'000;
// Exponential histograms are kept at this scale or a coarser one: sixteen buckets each time the
// value doubles, so a quantile is known to 2.2 %.
inline constexpr std::int32_t kExponentialScale = 4;

// ---- Effects --------------------------------------------------------------------------------
inline constexpr Duration kRetryFirst = 10s;  // a rollback's shift, doubled each time
inline constexpr Duration kRetryMost = 2min;
inline constexpr Duration kGradualOver = 30min;  // `rollback --gradual` without a block
inline constexpr Duration kGradualEvery = 1min;
// Requests of an idempotent action's run in all, with a rollback's back-off between them: what
// four tries in a minute and more could not do needs a person.
inline constexpr std::uint32_t kActionAttempts = 4;
// What goes out must fit a broker's message, a megabyte by default: a byte may need six as JSON.
inline constexpr std::size_t kMessageTextBytes = 32 << 10;  // a message, with what it fills in
inline constexpr std::size_t kWrittenTextBytes = 16 << 10;  // a text of a runbook, as it is meant
inline constexpr std::size_t kRefusalBytes = 32 << 10;      // the diagnostics of a refused start

// ---- People ---------------------------------------------------------------------------------
inline constexpr Duration kReviewWithin = 24h;        // `within`, when a review names none
inline constexpr std::uint32_t kExtensionsMost = 16;  // of a stage whose runbook names none

// ---- Time -----------------------------------------------------------------------------------
inline constexpr Duration kClockStep = 1s;  // wall clock against engine time
// Points of a clock that was set back further are told from late ones by their times alone.
inline constexpr Duration kClockStepBackMost = 5min;
inline constexpr Duration kStall = 2s;             // of the loop: then it is a gap
inline constexpr Duration kCommandMaxAge = 10min;  // start, promote, extend: older is too_old

// ---- Input ----------------------------------------------------------------------------------
inline constexpr std::size_t kRunbookBytes = 1 << 20;  // a runbook's text
inline constexpr std::size_t kMessageBytes = 4 << 20;  // a message from a topic
// Names and labels of all series that metric topics have brought: a producer that labels by request
// id is refused new series, those known go on.
inline constexpr std::size_t kSeriesMax = 1'000'000;
inline constexpr std::size_t kSeriesBytes = 256 << 20;
inline constexpr std::size_t kDeadLetterBytes = 4096;  // of the payload kept
inline constexpr int kNesting = 64;                    // brackets in a runbook
inline constexpr std::size_t kStates = 4096;           // of a machine
inline constexpr std::size_t kTextBytes = 4096;        // actor, reason, detail of a command
inline constexpr std::size_t kResultBytes = 64 << 10;  // of a settle

}  // namespace rollbook::core
