//! Every state that two workers and two letters can reach, and the mistakes that it would show.
#![expect(clippy::print_stdout, reason = "the numbers and the stories are what one wants to see of these tests")]

use postroom_domain::policy::InDoubtPolicy;
use postroom_model::{
    ATTEMPTS_COUNT, DUPLICATES_EXPLAINED, FENCES_ARE_TOLD_APART, Flaw, GIVEN_UP_IS_NOT_ACCEPTED, HELD_IS_NOT_RESENT,
    NOTHING_LOST, Post, STALE_CHANGES_NOTHING,
};
use stateright::{Checker, HasDiscoveries, Model};

/// Visits every state, finds nothing, and says how many there were.
fn holds(in_doubt: InDoubtPolicy) {
    let post = Post::new(in_doubt, Flaw::None);
    for (what, post) in [("two claims and a wish", post.clone()), ("three claims", post.longer())] {
        let checker = post.checker().threads(2).spawn_bfs().join();
        let (states, depth) = (checker.unique_state_count(), checker.max_depth());
        println!("{}, {what}: {states} states, up to {depth} steps deep", in_doubt.as_str());
        checker.assert_properties();
        assert!(states > 50_000, "{states} states are too few to prove anything");
    }
}

#[test]
fn every_promise_holds_where_a_letter_in_doubt_is_sent_again() {
    holds(InDoubtPolicy::Resend);
}

#[test]
fn every_promise_holds_where_a_person_decides() {
    holds(InDoubtPolicy::Hold);
}

#[test]
fn every_promise_holds_where_a_letter_in_doubt_is_taken_for_sent() {
    holds(InDoubtPolicy::AssumeSent);
}

/// The checker finds the mistake, and finds that it breaks this promise.
fn refuted(in_doubt: InDoubtPolicy, flaw: Flaw, broken: &'static str) {
    let found = HasDiscoveries::AllOf([broken].into());
    let checker = Post::new(in_doubt, flaw).checker().threads(2).finish_when(found).spawn_bfs().join();
    let path = checker.assert_any_discovery(broken);
    println!("{flaw:?}: \"{broken}\" is broken after {} steps:", path.clone().into_actions().len());
    for step in path.into_actions() {
        println!("    {step:?}");
    }
}

#[test]
fn without_the_fence_a_stale_token_takes_effect() {
    refuted(InDoubtPolicy::Resend, Flaw::NoFence, STALE_CHANGES_NOTHING);
    refuted(InDoubtPolicy::Resend, Flaw::NoFence, GIVEN_UP_IS_NOT_ACCEPTED);
}

#[test]
fn a_fence_that_is_not_new_has_two_owners() {
    refuted(InDoubtPolicy::Resend, Flaw::FenceShared, FENCES_ARE_TOLD_APART);
}

#[test]
fn what_is_resent_under_hold_is_found_out() {
    refuted(InDoubtPolicy::Hold, Flaw::ResentUnderHold, HELD_IS_NOT_RESENT);
}

#[test]
fn an_attempt_that_a_crash_does_not_cost_is_found_out() {
    refuted(InDoubtPolicy::Resend, Flaw::AttemptCountedAtSettle, ATTEMPTS_COUNT);
}

#[test]
fn a_handover_that_is_not_on_record_makes_a_silent_duplicate() {
    refuted(InDoubtPolicy::Resend, Flaw::StageNotRecorded, DUPLICATES_EXPLAINED);
}

#[test]
fn a_letter_given_back_and_forgotten_is_lost() {
    refuted(InDoubtPolicy::Resend, Flaw::GivenBackForgotten, NOTHING_LOST);
}

/// A provider that is asked while a worker may still hand the letter over cannot know that it
/// never will have it: this is why a transport says `NotAccepted` only after its own time-outs.
#[test]
fn evidence_that_comes_too_early_makes_a_duplicate_under_hold() {
    refuted(InDoubtPolicy::Hold, Flaw::EvidenceTooEarly, HELD_IS_NOT_RESENT);
}
