//! The lifecycle, status by event: the printed table is its documentation.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use postroom_domain::failure::{Code, Failure, FailureClass, Scope};
use postroom_domain::feedback::Feedback;
use postroom_domain::lifecycle::{Alarm, Context, DeliveryState, Effect, Event, Evidence, Resolution, apply};
use postroom_domain::policy::{InDoubtPolicy, WorkflowPolicy};
use postroom_domain::retry::{Jitter, RetryPolicy};
use postroom_domain::status::{Stage, Status};
use postroom_domain::time::Timestamp;
use proptest::prelude::*;

const HOUR: Duration = Duration::from_hours(1);

fn policy(in_doubt: InDoubtPolicy) -> WorkflowPolicy {
    WorkflowPolicy { in_doubt, ..WorkflowPolicy::with_retry(RetryPolicy::standard()) }
}

/// A letter in `status` after its first claim, in handover where a claim is open.
fn letter(status: Status) -> DeliveryState {
    DeliveryState { status, stage: Stage::Handover, attempts: 1, ..DeliveryState::queued(Timestamp::EPOCH) }
}

fn fails(class: FailureClass) -> Event {
    Event::Failed(Failure::new(class, "SMTP_451", "try later"))
}

fn diverted(class: FailureClass) -> Event {
    Event::Diverted(Failure::new(class, "SMTP_421", "closing"))
}

/// Every event, with a label for the table.
fn events() -> Vec<(&'static str, Event)> {
    vec![
        ("claimed", Event::Claimed),
        ("accepted", Event::Accepted),
        ("failed: deferred", fails(FailureClass::DEFERRED)),
        ("failed: deferred by provider", fails(FailureClass::PROVIDER_DEFERRED)),
        ("failed: rejected", fails(FailureClass::Rejected)),
        ("failed: misconfigured", fails(FailureClass::Misconfigured)),
        ("diverted: by provider", diverted(FailureClass::PROVIDER_DEFERRED)),
        ("diverted: in doubt", diverted(FailureClass::InDoubt)),
        ("diverted: rejected", diverted(FailureClass::Rejected)),
        ("failed: in doubt", fails(FailureClass::InDoubt)),
        ("given back", Event::GivenBack),
        ("lease lapsed", Event::LeaseLapsed),
        ("cancelled", Event::Cancelled),
        ("expired", Event::Expired),
        ("reconciled: accepted", Event::Reconciled(Evidence::Accepted)),
        ("reconciled: not accepted", Event::Reconciled(Evidence::NotAccepted)),
        ("reconciled: unknown", Event::Reconciled(Evidence::Unknown)),
        ("postponed", Event::Postponed(Duration::from_mins(30))),
        ("resolved: sent", Event::Resolved(Resolution::Sent)),
        ("resolved: resend", Event::Resolved(Resolution::Resend)),
        ("resolved: give up", Event::Resolved(Resolution::GiveUp)),
        ("reported", Event::Reported(Feedback::Delivered)),
        ("redriven", Event::Redriven),
        ("hastened", Event::Hastened),
    ]
}

fn step(
    state: &DeliveryState,
    event: &Event,
    in_doubt: InDoubtPolicy,
) -> Option<postroom_domain::lifecycle::Transition> {
    let policy = policy(in_doubt);
    apply(state, event, &Context { now: Timestamp::EPOCH, policy: &policy, jitter: Jitter::NONE }).ok()
}

fn table() -> String {
    let mut out = String::new();
    let head = Status::ALL.map(|s| format!("{:<12}", s.as_str())).join(" ");
    let _ = writeln!(out, "{:<29}{}", "", head.trim_end());
    for (label, event) in events() {
        let row = Status::ALL.map(|status| {
            let cell = step(&letter(status), &event, InDoubtPolicy::Resend).map_or("·".to_owned(), |t| {
                if t.next.status == status { "=".to_owned() } else { t.next.status.to_string() }
            });
            format!("{cell:<12}")
        });
        let _ = writeln!(out, "{label:<29}{}", row.join(" ").trim_end());
    }
    out
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whoever changes the lifecycle on purpose says so in the environment")]
fn the_table_of_status_and_event() {
    let table = table();
    println!("{table}");
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lifecycle.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(kept, &table).unwrap();
    }
    assert_eq!(table, std::fs::read_to_string(kept).unwrap(), "run with UPDATE_GOLDEN=1 and read the difference");
}

/// Every pair of statuses that some letter, some event and some policy can bring about.
fn reachable() -> BTreeSet<(Status, Status)> {
    let mut pairs = BTreeSet::new();
    for status in Status::ALL {
        for stage in Stage::ALL {
            for (attempts, crashes) in [(1, 0), (5, 0), (1, 9)] {
                for (_, event) in events() {
                    for in_doubt in InDoubtPolicy::ALL {
                        let state = DeliveryState { stage, attempts, crashes, ..letter(status) };
                        if let Some(t) = step(&state, &event, in_doubt) {
                            pairs.insert((status, t.next.status));
                        }
                    }
                }
            }
        }
    }
    pairs
}

#[test]
fn the_pairs_that_guards_must_allow_are_those_that_apply_can_reach() {
    let moves: BTreeSet<_> = reachable().into_iter().filter(|(from, to)| from != to).collect();
    let listed: BTreeSet<_> = postroom_domain::lifecycle::MOVES.into_iter().collect();
    assert_eq!(moves, listed);
}

#[test]
fn a_letter_takes_another_way_only_where_its_provider_is_at_fault_and_certainly_does_not_have_it() {
    let letter = DeliveryState { attempts: 4, ..letter(Status::InProgress) };
    for class in [FailureClass::PROVIDER_DEFERRED, FailureClass::Misconfigured] {
        let step = step(&letter, &diverted(class), InDoubtPolicy::Hold).unwrap();
        assert_eq!((step.next.status, step.due_in), (Status::Retrying, Some(Duration::ZERO)), "{class:?}");
        assert_eq!(step.next.excused, letter.excused + 1, "it costs no attempt");
    }
    for class in [FailureClass::DEFERRED, FailureClass::Rejected, FailureClass::InDoubt] {
        assert!(step(&letter, &diverted(class), InDoubtPolicy::Resend).is_none(), "{class:?}");
    }
}

#[test]
fn a_letter_that_was_only_claimed_goes_again_after_a_crash_and_one_in_handover_is_in_doubt() {
    let claimed = DeliveryState { stage: Stage::Claimed, ..letter(Status::InProgress) };
    let lapsed = step(&claimed, &Event::LeaseLapsed, InDoubtPolicy::Resend).unwrap();
    assert_eq!((lapsed.next.status, lapsed.next.crashes, lapsed.due_in), (Status::Retrying, 1, Some(Duration::ZERO)));
    let lapsed = step(&letter(Status::InProgress), &Event::LeaseLapsed, InDoubtPolicy::Resend).unwrap();
    assert_eq!((lapsed.next.status, lapsed.code), (Status::InDoubt, Some(Code::new(Code::ANSWER_LOST))));
}

#[test]
fn a_letter_that_kills_its_workers_is_quarantined() {
    let poison = DeliveryState { stage: Stage::Claimed, crashes: 2, ..letter(Status::InProgress) };
    let lapsed = step(&poison, &Event::LeaseLapsed, InDoubtPolicy::Resend).unwrap();
    assert_eq!((lapsed.next.status, lapsed.code), (Status::Failed, Some(Code::new(Code::POISON))));
    assert_eq!(lapsed.effects, [Effect::Raise(Alarm::Poison)]);
}

#[test]
fn nothing_is_accepted_before_its_handover_is_on_record() {
    let claimed = DeliveryState { stage: Stage::Claimed, ..letter(Status::InProgress) };
    assert!(step(&claimed, &Event::Accepted, InDoubtPolicy::Resend).is_none());
    assert!(step(&claimed, &fails(FailureClass::InDoubt), InDoubtPolicy::Resend).is_none());
    assert!(step(&claimed, &fails(FailureClass::Rejected), InDoubtPolicy::Resend).is_some());
}

#[test]
fn a_letter_in_doubt_follows_its_policy() {
    let unknown = Event::Reconciled(Evidence::Unknown);
    let after = |policy| step(&letter(Status::InDoubt), &unknown, policy).unwrap();
    assert_eq!(after(InDoubtPolicy::Resend).next.status, Status::Retrying);
    assert_eq!(after(InDoubtPolicy::AssumeSent).next.status, Status::Sent);
    let held = after(InDoubtPolicy::Hold);
    assert_eq!((held.next.status, held.due_in), (Status::InDoubt, None));
    assert_eq!(held.effects, [Effect::Raise(Alarm::Held)]);
}

#[test]
fn a_letter_in_doubt_is_asked_about_again_until_it_is_too_old() {
    let again = step(&letter(Status::InDoubt), &Event::Postponed(HOUR), InDoubtPolicy::Resend).unwrap();
    assert_eq!((again.next.status, again.due_in), (Status::InDoubt, Some(HOUR)));
    let old = step(&letter(Status::InDoubt), &Event::Postponed(49 * HOUR), InDoubtPolicy::AssumeSent).unwrap();
    assert_eq!(old.next.status, Status::Sent);
}

#[test]
fn a_letter_in_doubt_without_attempts_left_is_given_up_and_not_called_resent() {
    let spent = DeliveryState { attempts: 5, ..letter(Status::InDoubt) };
    let dead = step(&spent, &Event::Reconciled(Evidence::Unknown), InDoubtPolicy::Resend).unwrap();
    assert_eq!((dead.next.status, dead.code), (Status::DeadLetter, Some(Code::new(Code::ANSWER_LOST))));
}

#[test]
fn a_provider_in_trouble_costs_no_attempt_but_age_runs_on() {
    let state = DeliveryState { attempts: 5, excused: 4, ..letter(Status::InProgress) };
    let deferred = step(&state, &fails(FailureClass::PROVIDER_DEFERRED), InDoubtPolicy::Resend).unwrap();
    assert_eq!((deferred.next.status, deferred.next.spent()), (Status::Retrying, 0));
    let old = policy(InDoubtPolicy::Resend);
    let ctx = Context { now: Timestamp::EPOCH.plus(49 * HOUR), policy: &old, jitter: Jitter::NONE };
    let dead = apply(&state, &fails(FailureClass::PROVIDER_DEFERRED), &ctx).unwrap();
    assert_eq!(dead.next.status, Status::DeadLetter);
    assert_eq!(dead.effects, [Effect::Raise(Alarm::DeadLetter)]);
}

#[test]
fn a_longer_retry_after_wins() {
    let wait =
        |seconds| FailureClass::Deferred { scope: Scope::Letter, retry_after: Some(Duration::from_secs(seconds)) };
    let due = |class| step(&letter(Status::InProgress), &fails(class), InDoubtPolicy::Resend).unwrap().due_in;
    assert_eq!(due(wait(900)), Some(Duration::from_mins(15)));
    assert_eq!(due(wait(1)), Some(Duration::from_mins(1)));
}

#[test]
fn the_fifth_failure_of_the_standard_policy_is_the_last() {
    let mut state = DeliveryState::queued(Timestamp::EPOCH);
    let mut waits = Vec::new();
    while state.status != Status::DeadLetter {
        state = step(&state, &Event::Claimed, InDoubtPolicy::Resend).unwrap().next;
        let failed = step(&state, &fails(FailureClass::DEFERRED), InDoubtPolicy::Resend).unwrap();
        waits.extend(failed.due_in.map(|wait| wait.as_secs() / 60));
        state = failed.next;
    }
    assert_eq!((state.attempts, waits), (5, vec![1, 5, 30, 120]));
}

#[test]
fn a_hastened_letter_is_due_at_once_and_nothing_else_of_it_changes() {
    let waiting = DeliveryState { attempts: 3, excused: 1, crashes: 1, ..letter(Status::Retrying) };
    let hastened = step(&waiting, &Event::Hastened, InDoubtPolicy::Resend).unwrap();
    assert_eq!((&hastened.next, hastened.due_in), (&waiting, Some(Duration::ZERO)));
}

#[test]
fn a_redriven_letter_has_its_whole_budget_again() {
    let dead = DeliveryState { attempts: 5, crashes: 2, ..letter(Status::DeadLetter) };
    let redriven = step(&dead, &Event::Redriven, InDoubtPolicy::Resend).unwrap().next;
    assert_eq!((redriven.status, redriven.attempts, redriven.spent(), redriven.crashes), (Status::Queued, 5, 0, 0));
}

proptest! {
    #[test]
    fn feedback_converges_in_any_order(mut reports in proptest::collection::vec(0..5_usize, 0..12)) {
        let fold = |reports: &[usize]| reports.iter().fold(Feedback::None, |f, i| f.and(Feedback::ALL[*i]));
        let forward = fold(&reports);
        reports.reverse();
        reports.extend(reports.clone());
        prop_assert_eq!(forward, fold(&reports));
    }

    #[test]
    fn whatever_happens_a_final_letter_has_no_due_time_and_a_waiting_one_has(
        choices in proptest::collection::vec((0..21_usize, 0..3_usize, 0.0..1.0_f64), 1..40)
    ) {
        let mut state = DeliveryState::queued(Timestamp::EPOCH);
        for (event, doubt, sample) in choices {
            let policy = policy(InDoubtPolicy::ALL[doubt]);
            let ctx = Context { now: Timestamp::EPOCH.plus(HOUR), policy: &policy, jitter: Jitter::new(sample) };
            let event = &events()[event].1;
            let Ok(t) = apply(&state, event, &ctx) else { continue };
            prop_assert!(t.next.attempts >= state.attempts);
            prop_assert!(t.next.excused <= t.next.attempts);
            if t.next.status.is_final() { prop_assert_eq!(t.due_in, None); }
            if matches!(t.next.status, Status::Queued | Status::Retrying) && t.from != t.next.status {
                prop_assert!(t.due_in.is_some());
            }
            state = t.next;
            if event == &Event::Claimed { state.stage = Stage::Handover; }
        }
    }
}
