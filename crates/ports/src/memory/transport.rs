//! A provider that answers as scripted.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use postroom_domain::detail::Detail;
use postroom_domain::failure::Failure;
use postroom_domain::id::{DeliveryId, ProviderMessageId, TransportName};
use postroom_domain::lifecycle::Evidence;

use super::lock;
use crate::letter::FrozenLetter;
use crate::probe::{Finding, Probed, TransportProbe};
use crate::queue::Support;
use crate::transport::{MailTransport, Outgoing, Receipt, TransportCapabilities};

/// What the provider says to one letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It takes the letter.
    Accept,
    /// It takes the letter, and we never hear of it: the failure should be in doubt.
    AcceptAnd(Failure),
    /// It does not take the letter.
    Refuse(Failure),
    /// It takes the letter and never answers: the future stays pending until it is dropped.
    Hang,
}

/// One letter that the provider took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Whose record it is.
    pub delivery_id: DeliveryId,
    /// What travelled.
    pub letter: FrozenLetter,
}

/// Answers as scripted, and keeps what it took. Without a script it accepts.
#[derive(Debug)]
pub struct CapturingTransport {
    name: TransportName,
    script: Mutex<Script>,
}

#[derive(Debug, Default)]
struct Script {
    next: VecDeque<Answer>,
    otherwise: Option<Answer>,
    evidence: Option<Evidence>,
    taken: Vec<Sent>,
}

impl CapturingTransport {
    /// A transport of that name that accepts everything.
    #[must_use]
    pub fn new(name: TransportName) -> Self {
        Self { name, script: Mutex::default() }
    }

    /// Adds the answer to one more letter.
    pub fn then(&self, answer: Answer) {
        lock(&self.script).next.push_back(answer);
    }

    /// The answer to every letter that has none of its own.
    pub fn otherwise(&self, answer: Answer) {
        lock(&self.script).otherwise = Some(answer);
    }

    /// What it says when it is asked about a letter in doubt. Until then it cannot tell.
    pub fn knows(&self, evidence: Evidence) {
        lock(&self.script).evidence = Some(evidence);
    }

    /// What it took so far, in order.
    #[must_use]
    pub fn taken(&self) -> Vec<Sent> {
        lock(&self.script).taken.clone()
    }
}

#[async_trait]
impl MailTransport for CapturingTransport {
    fn name(&self) -> TransportName {
        self.name.clone()
    }

    fn capabilities(&self) -> TransportCapabilities {
        TransportCapabilities { smtputf8: Support::Yes, reconcile: Support::Yes, max_size: None, concurrency: 4 }
    }

    async fn send<'a>(&self, outgoing: Outgoing<'a>) -> Result<Receipt, Failure> {
        let answer = {
            let mut script = lock(&self.script);
            let otherwise = script.otherwise.clone();
            let answer = script.next.pop_front().or(otherwise).unwrap_or(Answer::Accept);
            if !matches!(answer, Answer::Refuse(_)) {
                let sent = Sent { delivery_id: outgoing.delivery_id.clone(), letter: outgoing.letter.clone() };
                script.taken.push(sent);
            }
            answer
        };
        match answer {
            Answer::Accept => Ok(receipt(outgoing.delivery_id)),
            Answer::AcceptAnd(failure) | Answer::Refuse(failure) => Err(failure),
            Answer::Hang => std::future::pending().await,
        }
    }

    async fn reconcile<'a>(&self, _outgoing: Outgoing<'a>) -> Result<Evidence, Failure> {
        Ok(lock(&self.script).evidence.unwrap_or(Evidence::Unknown))
    }
}

#[async_trait]
impl TransportProbe for CapturingTransport {
    fn name(&self) -> TransportName {
        self.name.clone()
    }

    /// Whether every letter would be refused, by the standing answer.
    async fn probe(&self) -> Probed {
        let finding = match &lock(&self.script).otherwise {
            Some(Answer::Refuse(failure)) => {
                let fix = "script another answer with CapturingTransport::otherwise";
                Finding::error("connect", self.name.as_str(), format!("letters are refused ({})", failure.code), fix)
            }
            _ => Finding::ok("connect", self.name.as_str(), "letters are taken"),
        };
        Probed { findings: vec![finding], keys: Vec::new() }
    }
}

fn receipt(id: &DeliveryId) -> Receipt {
    let provider_message_id = ProviderMessageId::parse(format!("memory-{id}")).ok();
    Receipt { provider_message_id, detail: Detail::redacted("250 2.0.0 taken") }
}
