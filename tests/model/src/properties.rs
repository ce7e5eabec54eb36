//! What must hold in every state that can be reached.

use postroom_domain::lifecycle::Evidence;
use postroom_domain::policy::InDoubtPolicy;
use postroom_domain::status::Status;
use stateright::Property;

use crate::steps::{Post, Reply, Step};
use crate::world::{LETTERS, Lease, Phase, WORKERS, World};

/// There is always a way to a state in which every letter is at rest.
pub const NOTHING_LOST: &str = "no letter is lost";
/// Who no longer holds a letter changes nothing.
pub const STALE_CHANGES_NOTHING: &str = "a stale token changes nothing";
/// No two workers hold a letter under the same fence.
pub const FENCES_ARE_TOLD_APART: &str = "no two owners at the same fence";
/// Under `hold` nothing in doubt is sent again unless a person says so.
pub const HELD_IS_NOT_RESENT: &str = "what is held is not sent again";
/// A provider has a letter twice only where the record says that it was in doubt.
pub const DUPLICATES_EXPLAINED: &str = "every duplicate was in doubt";
/// A final status is left by redrive alone.
pub const FINAL_IS_FINAL: &str = "final is final";
/// Attempts are as many as claims, crashes included.
pub const ATTEMPTS_COUNT: &str = "every claim is an attempt";
/// What is `sent` was accepted.
pub const SENT_IS_ACCEPTED: &str = "what is sent was accepted";
/// What was given up was not accepted, unless it was in doubt.
pub const GIVEN_UP_IS_NOT_ACCEPTED: &str = "what is given up was not accepted in silence";

pub(crate) fn all() -> Vec<Property<Post>> {
    vec![
        Property::always(NOTHING_LOST, has_a_way_out),
        Property::always(STALE_CHANGES_NOTHING, |_, world: &World| {
            world.rows.iter().all(|row| !row.account.stale_effect)
        }),
        Property::always(FENCES_ARE_TOLD_APART, |_, world: &World| fences_differ(world)),
        Property::always(HELD_IS_NOT_RESENT, |post: &Post, world: &World| {
            let held = post.policy.in_doubt == InDoubtPolicy::Hold;
            !held || world.rows.iter().all(|row| row.account.taken <= 1 + row.account.resends)
        }),
        Property::always(DUPLICATES_EXPLAINED, |_, world: &World| {
            world.rows.iter().all(|row| row.account.taken <= 1 + row.account.doubts)
        }),
        Property::always(FINAL_IS_FINAL, |_, world: &World| world.rows.iter().all(|row| !row.account.reopened)),
        Property::always(ATTEMPTS_COUNT, |_, world: &World| {
            world.rows.iter().all(|row| row.state.attempts == u32::from(row.account.claims))
        }),
        Property::always(SENT_IS_ACCEPTED, |post: &Post, world: &World| {
            let assumed = post.policy.in_doubt == InDoubtPolicy::AssumeSent;
            let mut sent = world.rows.iter().filter(|row| row.state.status == Status::Sent);
            sent.all(|row| row.account.taken > 0 || row.account.vouched || assumed)
        }),
        Property::always(GIVEN_UP_IS_NOT_ACCEPTED, |_, world: &World| {
            let given_up = |status| matches!(status, Status::Failed | Status::DeadLetter | Status::Cancelled);
            let mut rows = world.rows.iter().filter(|row| given_up(row.state.status));
            rows.all(|row| row.account.taken == 0 || row.account.doubts > 0)
        }),
    ]
}

fn fences_differ(world: &World) -> bool {
    let [Some(a), Some(b)] = &world.hands else { return true };
    a.letter != b.letter || a.fence != b.fence
}

/// Longer than any way out: both letters in both hands, taken over, in doubt, claimed anew and
/// sent, as often as a budget of two attempts and two crashes allows.
const LONGEST_WAY: usize = 100;

/// Whether every letter comes to rest once nothing goes wrong any more. This is what "always
/// some way to the end" comes to, in a form that can be decided in each state by itself.
fn has_a_way_out(post: &Post, world: &World) -> bool {
    let mut now = world.clone();
    for _ in 0..LONGEST_WAY {
        let Some(step) = next_quiet_step(&now) else { return is_at_rest(post, &now) };
        if post.follow(&mut now, step).is_none() {
            return false;
        }
    }
    false
}

fn is_at_rest(post: &Post, world: &World) -> bool {
    let may_be_held = post.policy.in_doubt == InDoubtPolicy::Hold;
    let rests = |status: Status| status.is_final() || (may_be_held && status == Status::InDoubt);
    world.rows.iter().all(|row| rests(row.state.status))
}

/// What happens next where nothing goes wrong: workers finish what they have, leases of those
/// that are gone end, letters are taken up, the provider takes what it is given.
fn next_quiet_step(world: &World) -> Option<Step> {
    for worker in 0..WORKERS {
        if let Some(hand) = &world.hands[worker] {
            return Some(match hand.phase {
                Phase::Claimed => Step::Ready(worker),
                Phase::Handover => Step::Send(worker),
                Phase::OnWire => Step::Reply(worker, Reply::Accepted),
                Phase::Answered(_) => Step::Settle(worker),
            });
        }
    }
    (0..LETTERS).find_map(|letter| {
        let row = &world.rows[letter];
        match (row.state.status, row.lease) {
            (_, Lease::Live) => Some(Step::Lapse(letter)),
            (Status::Queued | Status::Retrying, _) if row.is_due => Some(Step::Claim(0, letter)),
            (Status::InProgress, Lease::Over) => Some(Step::TakeOver(0, letter)),
            (Status::InDoubt, _) if row.is_due => Some(Step::Ask(0, letter, Evidence::Unknown)),
            _ => None,
        }
    })
}
