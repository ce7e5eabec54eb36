//! The script: which act at which stage, changeable while the server runs.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};

use crate::act::{Act, Stage};
use crate::guard::lock;

/// Rules by stage, shared by all clones. The first that applies wins:
///
/// 1. [`for_recipient`](Self::for_recipient), one act each time;
/// 2. [`for_recipient_always`](Self::for_recipient_always);
/// 3. [`next`](Self::next), one act each time;
/// 4. [`always`](Self::always);
/// 5. otherwise [`Act::Proceed`].
///
/// Rules for a recipient apply where recipients are known: at
/// [`Stage::Rcpt`] to the one named by the command, at [`Stage::Data`] and
/// [`Stage::Body`] to those that were accepted, in order.
#[derive(Clone, Default)]
pub struct Script {
    rules: Arc<Mutex<Rules>>,
}

#[derive(Default)]
struct Rules {
    everyone: HashMap<Stage, Rule>,
    recipients: HashMap<(String, Stage), Rule>,
}

#[derive(Default)]
struct Rule {
    queued: VecDeque<Act>,
    standing: Option<Act>,
}

impl Rule {
    fn take(&mut self) -> Option<Act> {
        self.queued.pop_front().or_else(|| self.standing.clone())
    }
}

impl Script {
    /// Does `act` once, the next time that `stage` is reached. Several queue up.
    pub fn next(&self, stage: Stage, act: Act) {
        let mut rules = lock(&self.rules);
        rules.everyone.entry(stage).or_default().queued.push_back(act);
    }

    /// Does `act` whenever `stage` is reached and nothing is queued.
    pub fn always(&self, stage: Stage, act: Act) {
        lock(&self.rules).everyone.entry(stage).or_default().standing = Some(act);
    }

    /// Does `acts` one after the other, one each time that `stage` is reached
    /// for this recipient, then goes on as if there were no such rule.
    /// Addresses are compared without regard to case.
    pub fn for_recipient(&self, address: &str, stage: Stage, acts: impl IntoIterator<Item = Act>) {
        let mut rules = lock(&self.rules);
        rules.recipients.entry(key(address, stage)).or_default().queued.extend(acts);
    }

    /// Does `act` whenever `stage` is reached for this recipient.
    pub fn for_recipient_always(&self, address: &str, stage: Stage, act: Act) {
        let mut rules = lock(&self.rules);
        rules.recipients.entry(key(address, stage)).or_default().standing = Some(act);
    }

    /// Forgets every rule.
    pub fn clear(&self) {
        *lock(&self.rules) = Rules::default();
    }

    /// The act for `stage`, which is used up if it was queued.
    pub(crate) fn take(&self, stage: Stage, recipients: &[String]) -> Act {
        let mut rules = lock(&self.rules);
        for recipient in recipients {
            let rule = rules.recipients.get_mut(&key(recipient, stage));
            if let Some(act) = rule.and_then(Rule::take) {
                return act;
            }
        }
        rules.everyone.get_mut(&stage).and_then(Rule::take).unwrap_or(Act::Proceed)
    }
}

impl fmt::Debug for Script {
    // The keys are addresses: tell how many rules there are, not whose.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = lock(&self.rules);
        f.debug_struct("Script")
            .field("stages", &rules.everyone.len())
            .field("recipients", &rules.recipients.len())
            .finish()
    }
}

fn key(address: &str, stage: Stage) -> (String, Stage) {
    (address.to_lowercase(), stage)
}

#[cfg(test)]
mod tests {
    use super::Script;
    use crate::act::{Act, Stage};

    #[test]
    fn a_recipients_queue_comes_first_then_its_standing_act_then_everyones() {
        let script = Script::default();
        let to = ["Ada@example.org".to_owned()];
        script.always(Stage::Rcpt, Act::Stall);
        script.next(Stage::Rcpt, Act::Reset);
        script.for_recipient("ada@EXAMPLE.org", Stage::Rcpt, [Act::Close]);

        assert_eq!(script.take(Stage::Rcpt, &to), Act::Close);
        assert_eq!(script.take(Stage::Rcpt, &to), Act::Reset);
        assert_eq!(script.take(Stage::Rcpt, &to), Act::Stall);

        script.for_recipient_always("ada@example.org", Stage::Rcpt, Act::AcceptThenClose);
        assert_eq!(script.take(Stage::Rcpt, &to), Act::AcceptThenClose);
        assert_eq!(script.take(Stage::Rcpt, &[]), Act::Stall);
        assert_eq!(script.take(Stage::Body, &to), Act::Proceed);

        script.clear();
        assert_eq!(script.take(Stage::Rcpt, &to), Act::Proceed);
    }

    #[test]
    fn debug_names_no_recipient() {
        let script = Script::default();
        script.for_recipient_always("ada@example.org", Stage::Rcpt, Act::Close);
        assert_eq!(format!("{script:?}"), "Script { stages: 0, recipients: 1 }");
    }
}
