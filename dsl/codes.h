#pragma once
// Every diagnostic of the compiler has a code that never changes its meaning: people search for
// it, and programs filter by it. One table; the hundreds tell the pass that finds it.
//
//   01xx reading bytes   02xx syntax   03xx names   04xx types and values   05xx structure
//   06xx numbers (warnings)            07xx scenarios                09xx not supported yet

#include <cstdint>
#include <string>

namespace rollbook::dsl {

enum class Code : std::uint16_t {
  // 01xx: the bytes and the tokens.
  not_text = 101,
  too_large = 102,
  empty = 103,
  bad_character = 104,
  unclosed_string = 105,
  bad_escape = 106,
  bad_number = 107,
  number_too_large = 108,
  unknown_unit = 109,
  too_deep = 110,
  unbalanced_brace = 111,
  bad_selector = 112,

  // 02xx: the grammar.
  unexpected = 201,           // expected …, found …
  unknown_statement = 202,    // no statement begins so
  misplaced_statement = 203,  // it belongs in another block
  unknown_edition = 204,
  bare_list = 205,  // `by a, b` says neither all nor any
  reserved_name = 206,
  missing_window = 207,   // a comparison without `over`
  missing_sustain = 208,  // `absent` without `for`
  duplicate_clause = 209,
  unknown_function = 210,
  bad_value = 212,  // of the right type, out of range: `traffic 120%`

  // 03xx: names.
  unknown_metric = 301,
  unknown_role = 302,
  unknown_channel = 303,
  unknown_action = 304,
  unknown_template = 305,
  unknown_decision = 306,
  unknown_rollback = 307,
  unknown_argument = 308,
  unknown_placeholder = 309,
  unknown_kind = 310,
  unknown_label = 311,  // not among those that a metric is kept `by`
  unknown_param = 361,  // given at the start, declared nowhere
  unknown_import = 362,
  unknown_zone = 363,
  unknown_criterion = 364,
  unknown_target = 370,
  duplicate_name = 320,
  duplicate_statement = 321,
  import_named_as_target = 322,  // `eu.NAME` would be of either

  // 04xx: types and values.
  type_mismatch = 401,
  missing_argument = 402,
  not_comparable = 403,
  bad_quotient = 404,
  averaged_quantile = 405,  // the mean of quantiles that others have computed
  bad_param = 461,          // given at the start: of the wrong type, or out of range

  // 05xx: structure.
  missing_statement = 501,
  missing_exit = 502,
  missing_guard = 503,
  traffic_not_rising = 504,
  rollback_not_lower = 505,
  unreachable = 506,
  missing_finish = 507,
  nobody_asked = 508,
  too_many_states = 510,
  looser_than_guard = 511,
  undefined_band = 512,     // neither met nor stopped, and no exit
  backwards_forward = 513,  // a step forward after a rollback
  no_rollback = 514,        // a state that no rollback can be asked for in
  nothing_started = 530,    // `hold until` without a `start` before it
  no_way_back = 531,        // a rollback after an irreversible step
  guard_must_halt = 532,    // an irreversible step, and no guard that halts
  unnamed_traffic = 540,    // traffic that names no target, where there are some
  idle_target = 541,        // a target that gets no traffic, or none yet
  nothing_to_veto = 545,    // `when baseline fails too`, and no stop that it could hold back
  import_cycle = 561,
  unresolved_import = 562,  // in a text that must stand alone

  // 06xx: findings about numbers; warnings.
  sustain_shorter_than_window = 601,
  hold_too_short = 602,
  silence_not_covered = 603,
  unused = 604,
  equal_thresholds = 605,
  too_few_requests = 606,
  dead_bound = 607,      // another bound always acts first
  blind_stop = 608,      // `at least N requests` never come
  rollback_waits = 609,  // traffic stays while a rollback waits for something else
  one_person = 610,      // two sign-offs that one person could give
  no_baseline = 611,     // compared with an arm without traffic
  nobody_told = 612,     // a decision opens in silence
  never_full = 613,      // a window longer than the time there is to fill it
  too_few_points = 614,  // of a judge
  unequal_arms = 615,    // rates or counts of arms with unequal traffic
  before_traffic = 618,  // the canary's share, looked at before it has one
  unused_import = 619,

  // 07xx: scenarios. First what is written, then what the runbook says to it.
  scenario_unexpected = 701,         // expected …, found …
  scenario_unknown_statement = 702,  // no statement of a scenario begins so
  scenario_bad_value = 703,          // of another unit, or out of range
  scenario_bad_fault = 704,
  scenario_duplicate = 705,
  scenario_bad_label = 706,  // `=~` where a series is given
  scenario_no_runbook = 710,
  scenario_unknown_series = 711,  // the runbook would not count it
  scenario_wrong_level = 712,     // a rate for a gauge
  scenario_unknown_state = 713,
  scenario_unknown_criterion = 714,
  scenario_unknown_effect = 715,
  scenario_unknown_stage = 716,
  scenario_unknown_question = 717,
  scenario_unknown_option = 718,
  scenario_unknown_role = 719,
  scenario_expects_nothing = 720,
  scenario_no_load = 721,  // a share of requests, and `series healthy` is not said
  scenario_not_rising = 722,
  scenario_unknown_target = 730,
  scenario_unknown_predecessor = 723,

  // 09xx: words of the language that this edition knows and this version cannot run.
  unsupported_and = 907,
};

// "RB0301".
std::string to_string(Code code);

}  // namespace rollbook::dsl
