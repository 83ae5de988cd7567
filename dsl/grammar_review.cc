// What a review is made of: expect, confirm, decide, within and otherwise, and `finish traffic`.

#include "dsl/grammar_rules.h"

namespace rollbook::dsl::grammar {

namespace {

constexpr name role{"a role"};

// `by a, b`: reads as all to one and as any to the other.
struct BareList {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    state(context).sink().error(Code::bare_list, x3::_attr(context),
                                "a list of roles says neither all nor any",
                                "write `by all of …` or `by any of …`");
  }
};

using Kind = core::QuorumKind;

const auto roles_of = kw("of") > list_of(role[push<&ast::Quorum::roles>]);
const auto by_any = kw("any")[put<&ast::Quorum::kind, Kind::any>] > roles_of;
const auto by_all = kw("all")[put<&ast::Quorum::kind, Kind::all>] > roles_of;
const auto by_number =
    whole_number[put<&ast::Quorum::kind, Kind::at_least>][set<&ast::Quorum::needed>] > roles_of;
const auto by_role = role[push<&ast::Quorum::roles>] >>
                     -(symbol(",", "")[BareList{}] > list_of(role[push<&ast::Quorum::roles>]));

const auto otherwise = kw("otherwise") > exit_phrase[set<&ast::Within::otherwise>];

}  // namespace

const auto quorum_def = located(kw("by") > (by_any | by_all | by_number | by_role));

const auto exit_phrase_def =
    located((kw("decide")[put<&ast::Exit::kind, ast::Exit::Kind::decide>] >
             name("a decision")[set<&ast::Exit::target>]) |
            (kw("rollback")[put<&ast::Exit::kind, ast::Exit::Kind::rollback>] >
             name("a rollback")[set<&ast::Exit::target>]) |
            kw("halt")[put<&ast::Exit::kind, ast::Exit::Kind::halt>] |
            kw("end")[put<&ast::Exit::kind, ast::Exit::Kind::end>]);

const auto within_def =
    located((kw("within") > duration[set<&ast::Within::duration>] >> -otherwise) | otherwise);

const auto expect_def =
    located(kw("expect") >> -(peek(1, ":") >> name("a name")[set<&ast::Expect::name>] >> colon) >
            criterion[set<&ast::Expect::criterion>]);

const auto replace_expect_def =
    located(kw("replace")[put<&ast::Expect::replaces, true>] > kw("expect") >
            name("the name of the template's criterion")[set<&ast::Expect::name>] > colon >
            criterion[set<&ast::Expect::criterion>]);

const auto baseline_fails_def =
    located(kw("when", "when baseline fails too")[set<&ast::BaselineFails::keyword>] >
            kw("baseline") > kw("fails") > kw("too") > kw("halt"));

const auto stop_def =
    located(kw("stop") > criterion[set<&ast::Stop::criterion>] >>
            *(kw("and") > x3::omit[*newline] > criterion[push<&ast::Stop::also>]) >>
            -baseline_fails[set<&ast::Stop::unless>]);

const auto confirm_def =
    located(kw("confirm") > text("what is confirmed, in quotes")[set<&ast::Confirm::text>] >
            quorum[set<&ast::Confirm::quorum>]);

const auto decide_use_def =
    located(kw("decide") > name("a decision")[set<&ast::DecideUse::decision>]);

const auto finish_traffic_def =
    located(kw("finish") > kw("traffic") > -target_of_weight[set<&ast::FinishTraffic::target>] >
            share[set<&ast::FinishTraffic::weight>]);

BOOST_SPIRIT_DEFINE(quorum, exit_phrase, within, expect, replace_expect, baseline_fails, stop,
                    confirm, decide_use, finish_traffic)

ROLLBOOK_INSTANTIATE(quorum)
ROLLBOOK_INSTANTIATE(exit_phrase)
ROLLBOOK_INSTANTIATE(within)
ROLLBOOK_INSTANTIATE(expect)
ROLLBOOK_INSTANTIATE(replace_expect)
ROLLBOOK_INSTANTIATE(baseline_fails)
ROLLBOOK_INSTANTIATE(stop)
ROLLBOOK_INSTANTIATE(confirm)
ROLLBOOK_INSTANTIATE(decide_use)
ROLLBOOK_INSTANTIATE(finish_traffic)

}  // namespace rollbook::dsl::grammar
