// What a runbook does: traffic, ramp, run, start, checkpoint, notify, page, open, report.

#include "dsl/grammar_rules.h"

namespace rollbook::dsl::grammar {

namespace {

// The value of an argument is a variant; its alternatives are set as they are.
struct SetArgument {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    x3::_val(context).value = std::move(x3::_attr(context));
  }
};

template <auto Member>
auto arguments_to() {
  return open_parenthesis > -list_of(argument[push<Member>]) > close_parenthesis;
}

template <auto Member>
auto deadline_to() {
  return -(kw("within") > duration[set<Member>]);
}

template <auto Member>
auto irreversible_to() {
  return -kw("irreversible")[put<Member, true>];
}

constexpr name action_name{"an action"};
constexpr name channel_name{"a channel"};
constexpr text message{"a message in quotes"};

}  // namespace

const auto argument_def = located(described(
    "an argument like `share: 10%`")[-(peek(1, ":") >> name("a name")[set<&ast::Argument::name>] >>
                                       colon) >>
                                     (any_number[SetArgument{}] | text("a text")[SetArgument{}] |
                                      name("a word")[SetArgument{}])]);

const auto traffic_def =
    located(kw("traffic") > -target_of_weight[set<&ast::Traffic::target>] >
            share[set<&ast::Traffic::weight>] >> deadline_to<&ast::Traffic::within>() >>
            irreversible_to<&ast::Traffic::irreversible>());

const auto ramp_def =
    located(kw("ramp") > kw("traffic") > -word_before("to")[set<&ast::Ramp::target>] > kw("to") >
            share[set<&ast::Ramp::to>] > kw("over") > duration[set<&ast::Ramp::over>] >>
            -(kw("every") > duration[set<&ast::Ramp::every>]) >>
            deadline_to<&ast::Ramp::within>() >> irreversible_to<&ast::Ramp::irreversible>());

const auto run_def =
    located(kw("run") > action_name[set<&ast::Run::action>] > arguments_to<&ast::Run::arguments>() >
            deadline_to<&ast::Run::within>() >> irreversible_to<&ast::Run::irreversible>());

const auto start_def =
    located(kw("start") > action_name[set<&ast::Start::action>] >
            arguments_to<&ast::Start::arguments>() >> irreversible_to<&ast::Start::irreversible>());

const auto checkpoint_def = located(
    kw("checkpoint") > text("the checkpoint's name in quotes")[set<&ast::Checkpoint::name>] >
    deadline_to<&ast::Checkpoint::within>() >> irreversible_to<&ast::Checkpoint::irreversible>());

const auto notify_def = located(kw("notify") > list_of(channel_name[push<&ast::Notify::channels>]) >
                                message[set<&ast::Notify::text>]);

const auto page_def = located(kw("page") > list_of(channel_name[push<&ast::Page::channels>]) >
                              message[set<&ast::Page::text>]);

const auto open_record_def =
    located(kw("open") > name("what is opened, like `incident`")[set<&ast::Open::kind>] >
            arguments_to<&ast::Open::arguments>());

const auto report_def =
    located(kw("report") > name("what is reported, like `stage`")[set<&ast::Report::kind>]);

BOOST_SPIRIT_DEFINE(argument, traffic, ramp, run, start, checkpoint, notify, page, open_record,
                    report)

ROLLBOOK_INSTANTIATE(argument)
ROLLBOOK_INSTANTIATE(traffic)
ROLLBOOK_INSTANTIATE(ramp)
ROLLBOOK_INSTANTIATE(run)
ROLLBOOK_INSTANTIATE(start)
ROLLBOOK_INSTANTIATE(checkpoint)
ROLLBOOK_INSTANTIATE(notify)
ROLLBOOK_INSTANTIATE(page)
ROLLBOOK_INSTANTIATE(open_record)
ROLLBOOK_INSTANTIATE(report)

}  // namespace rollbook::dsl::grammar
