//! The record of one letter held against what really happened to it.

use futures_util::FutureExt;
use postroom_domain::failure::Code;
use postroom_domain::id::DeliveryId;
use postroom_domain::lifecycle::{MOVES, Transition};
use postroom_domain::policy::InDoubtPolicy;
use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;
use postroom_ports::memory::MemoryStore;
use postroom_ports::tracker::{Delivery, DeliveryEvent, DeliveryTracker};

use crate::ledger::Ledger;
use crate::scene;

/// What is on record of a letter. The store in memory answers at once.
pub(crate) fn record(store: &MemoryStore, id: &DeliveryId) -> Option<(Delivery, Vec<DeliveryEvent>)> {
    let delivery = store.find(id).now_or_never()?.ok()??;
    Some((delivery, store.history(id).now_or_never()?.ok()?))
}

/// Holds the record of one letter against the ledger.
pub(crate) fn audit(store: &MemoryStore, ledger: &Ledger, id: &DeliveryId) {
    let Some((delivery, events)) = record(store, id) else {
        return ledger.broken(|| format!("{id} is lost: there is no record of it"));
    };
    let Some(claims) = ledger.read(id, |account| account.claims) else { return };
    let Some(taken) = ledger.read(id, |account| account.taken.clone()) else { return };
    let told = || -> String {
        let steps: Vec<String> = events.iter().map(shown).collect();
        format!("{id} was taken {} times; its events: {}", taken.len(), steps.join(", "))
    };
    let broken = |promise: &str| ledger.broken(|| format!("{promise}: {}", told()));

    let legal =
        |pair: &[DeliveryEvent]| pair[0].status == pair[1].status || MOVES.contains(&(pair[0].status, pair[1].status));
    if !events.windows(2).all(legal) || events.last().map(|event| event.status) != Some(delivery.status) {
        broken("a step that the lifecycle refuses");
    }
    if delivery.attempts != claims {
        broken("attempts are not as many as claims");
    }
    if delivery.attempts.saturating_sub(delivery.excused) > scene::MAX_ATTEMPTS {
        broken("more attempts than allowed");
    }
    if taken.windows(2).any(|pair| pair[0] != pair[1]) {
        broken("two attempts sent different bytes");
    }
    if taken.len() > 1 + resends(&events) {
        broken("a duplicate that no event explains");
    }
    let doubted = events.iter().any(|event| event.status == Status::InDoubt);
    let coded = |code: &str| events.iter().any(|event| event.error_code.as_ref().map(Code::as_str) == Some(code));
    match delivery.status {
        Status::Sent => {
            let vouched = coded(Code::ASSUMED_SENT) || coded(Code::RESOLVED);
            if taken.is_empty() && !vouched {
                broken("sent, and nobody took it");
            }
        }
        Status::Failed | Status::DeadLetter | Status::Cancelled if !taken.is_empty() && !doubted => {
            broken("given up, and the provider has it");
        }
        _ => {}
    }
    let policy = scene::doubt_of(&delivery.workflow);
    if policy != InDoubtPolicy::Resend && coded(Code::RESENT) {
        broken("resent although its policy forbids it");
    }
    // Without a person's word, one delivery is all that there may be.
    let asked = coded(Code::RESOLVED) || coded(Code::REDRIVEN);
    if policy != InDoubtPolicy::Resend && !asked && taken.len() > 1 {
        broken("a duplicate although its policy forbids it");
    }
}

/// How often it was put on its way again although a provider may have had it: by its policy, or
/// by a person. A provider's word that it never had it excuses nothing.
fn resends(events: &[DeliveryEvent]) -> usize {
    let coded = |event: &DeliveryEvent, code| event.error_code.as_ref().is_some_and(|is| is.as_str() == code);
    let (mut doubted, mut count) = (false, 0);
    for event in events {
        let again = event.status == Status::Retrying && (coded(event, Code::RESENT) || coded(event, Code::RESOLVED));
        let redriven = doubted && event.status == Status::Queued;
        count += usize::from(again || redriven);
        doubted |= event.status == Status::InDoubt;
    }
    count
}

/// A settle was acknowledged: what it said is on record.
pub(crate) fn stands(store: &MemoryStore, ledger: &Ledger, id: &DeliveryId, said: &Transition, now: Timestamp) {
    let Some((is, _)) = record(store, id) else { return };
    let due_at = said.due_in.map(|wait| now.plus(wait));
    let same = is.status == said.next.status && is.attempts == said.next.attempts && is.excused == said.next.excused;
    if !same || is.due_at != due_at {
        let told = format!("{} after {} attempts, due at {due_at:?}", said.next.status, said.next.attempts);
        let found = format!("{} after {} attempts, due at {:?}", is.status, is.attempts, is.due_at);
        ledger.broken(|| format!("{id} was settled as {told}, and on record is {found}"));
    }
}

/// Whether nothing more happens to a letter by itself.
pub(crate) fn is_at_rest(store: &MemoryStore, id: &DeliveryId) -> bool {
    record(store, id).is_some_and(|(is, _)| {
        let held =
            is.status == Status::InDoubt && is.due_at.is_none() && scene::doubt_of(&is.workflow) == InDoubtPolicy::Hold;
        is.status.is_final() || held
    })
}

fn shown(event: &DeliveryEvent) -> String {
    let code = event.error_code.as_ref().map(|code| format!(" {code}")).unwrap_or_default();
    format!("{}{code}", event.status)
}
