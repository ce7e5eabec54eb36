//! A provider that takes, refuses, falls silent and breaks, as the dice fall. What it took is in
//! the ledger: its journal is the truth that statuses are held against.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::detail::Detail;
use postroom_domain::failure::{Failure, FailureClass, Scope};
use postroom_domain::id::{DeliveryId, TransportName};
use postroom_domain::lifecycle::Evidence;
use postroom_ports::queue::Support;
use postroom_ports::transport::{MailTransport, Outgoing, Receipt, TransportCapabilities};
use rand::RngExt;
use rand::rngs::StdRng;

use crate::Bug;
use crate::ledger::Ledger;
use crate::stage::{Half, Stage, Verdict};

/// One provider as one process reaches it.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: TransportName,
    pub(crate) process: usize,
    pub(crate) stage: Arc<Stage>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) dice: Arc<Mutex<StdRng>>,
    pub(crate) bug: Option<Bug>,
}

/// What happens to one letter on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Taken, and it says so.
    Taken,
    /// Taken, and the answer is lost.
    TakenUnheard,
    /// Never arrives, and no answer comes.
    Lost,
    /// Refused, for this reason.
    Refused(FailureClass),
    /// The transport panics after the letter was taken.
    Panic,
}

/// A process is on the way to the provider with a letter, until it arrives or gives up.
struct Errand<'a>(&'a Provider, &'a DeliveryId);

impl Drop for Errand<'_> {
    fn drop(&mut self) {
        self.0.ledger.arrived(self.0.process, self.1);
    }
}

impl Provider {
    fn roll(&self, sides: u32) -> u32 {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner).random_range(0..sides)
    }

    fn fate(&self) -> Fate {
        if self.stage.is_calm() {
            return Fate::Taken;
        }
        let seconds = |n: u32| Some(Duration::from_secs(u64::from(n)));
        match self.roll(100) {
            0..50 => Fate::Taken,
            50..64 => Fate::TakenUnheard,
            64..74 => Fate::Lost,
            74..84 => Fate::Refused(FailureClass::DEFERRED),
            84..90 => {
                let retry_after = seconds(self.roll(20));
                Fate::Refused(FailureClass::Deferred { scope: Scope::Provider, retry_after })
            }
            90..94 => Fate::Refused(FailureClass::Rejected),
            94..97 => Fate::Refused(FailureClass::Misconfigured),
            _ => Fate::Panic,
        }
    }

    fn take(&self, outgoing: Outgoing<'_>) {
        self.ledger.accepted(outgoing.delivery_id, &outgoing.letter.bytes);
    }
}

fn in_doubt() -> Failure {
    Failure::new(FailureClass::InDoubt, "TIMEOUT", "no answer after the final dot")
}

#[async_trait]
impl MailTransport for Provider {
    fn name(&self) -> TransportName {
        self.name.clone()
    }

    fn capabilities(&self) -> TransportCapabilities {
        TransportCapabilities { smtputf8: Support::Yes, reconcile: Support::Yes, max_size: None, concurrency: 4 }
    }

    async fn send<'a>(&self, outgoing: Outgoing<'a>) -> Result<Receipt, Failure> {
        let _errand = Errand(self, outgoing.delivery_id);
        if self.stage.turn(self.process, "send", Half::Begin).await == Verdict::Fail {
            return Err(Failure::new(FailureClass::PROVIDER_DEFERRED, "CONNECT", "nobody answers"));
        }
        let fate = self.fate();
        let arrives = matches!(fate, Fate::Taken | Fate::TakenUnheard | Fate::Panic);
        // The letter may arrive long before its answer, or with it.
        let early = self.roll(2) == 0;
        if arrives && early {
            self.take(outgoing);
        }
        let answer = self.stage.turn(self.process, "answer", Half::End).await;
        if arrives && !early {
            self.take(outgoing);
        }
        match fate {
            Fate::Panic => std::panic::resume_unwind(Box::new("a transport that panics")),
            Fate::Refused(class) => Err(Failure::new(class, "SIMULATED", "")),
            Fate::Taken if answer == Verdict::Go => {
                Ok(Receipt { provider_message_id: None, detail: Detail::default() })
            }
            Fate::Taken | Fate::TakenUnheard | Fate::Lost if self.bug == Some(Bug::FailoverAfterTheDot) => {
                self.take(outgoing);
                Ok(Receipt { provider_message_id: None, detail: Detail::default() })
            }
            Fate::Taken | Fate::TakenUnheard | Fate::Lost => Err(in_doubt()),
        }
    }

    async fn reconcile<'a>(&self, outgoing: Outgoing<'a>) -> Result<Evidence, Failure> {
        if self.stage.turn(self.process, "reconcile", Half::Begin).await == Verdict::Fail {
            return Err(Failure::new(FailureClass::DEFERRED, "CONNECT", "nobody answers"));
        }
        let has_it = self.ledger.read(outgoing.delivery_id, |account| !account.taken.is_empty()) == Some(true);
        let early = self.bug == Some(Bug::EvidenceTooEarly);
        Ok(match self.roll(3) {
            0 if has_it => Evidence::Accepted,
            0 if early || self.ledger.never_comes(outgoing.delivery_id) => Evidence::NotAccepted,
            _ => Evidence::Unknown,
        })
    }
}
