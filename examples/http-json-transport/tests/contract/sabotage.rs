//! The adapter, broken in five ways that a first draft may well be broken in. Each breaks a rule of the contract, which
//! the sound adapter keeps: a suite that cannot fail would prove nothing.

use std::sync::Arc;

use async_trait::async_trait;
use example_http_json_transport::transport::HttpJsonTransport;
use postroom_domain::detail::Detail;
use postroom_domain::failure::{Code, Failure, FailureClass};
use postroom_domain::id::{ProviderMessageId, TransportName};
use postroom_domain::lifecycle::Evidence;
use postroom_ports::contract::{Peer, ReceivedLetter, TransportHarness, transport as rules};
use postroom_ports::transport::{MailTransport, Outgoing, Receipt, TransportCapabilities};

use crate::harness::Harness;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sabotage {
    /// An answer came, so the letter is taken: 4xx included.
    TakesAnyAnswerForAcceptance,
    /// Silence is impatience: it tries again by itself.
    SendsAgainAfterSilence,
    /// Blanks at the end of the message surely are a mistake.
    TidiesTheMessage,
    /// Whatever went wrong can be tried again.
    CallsDoubtDeferred,
    /// A code that says for whom it failed would be of help.
    NamesTheRecipientInTheCode,
}

#[derive(Debug)]
struct Sabotaged(Arc<HttpJsonTransport>, Sabotage);

#[async_trait]
impl MailTransport for Sabotaged {
    fn name(&self) -> TransportName {
        self.0.name()
    }

    fn capabilities(&self) -> TransportCapabilities {
        self.0.capabilities()
    }

    async fn send<'a>(&self, outgoing: Outgoing<'a>) -> Result<Receipt, Failure> {
        let mut letter = outgoing.letter.clone();
        if self.1 == Sabotage::TidiesTheMessage {
            letter.bytes = letter.bytes.trim_ascii_end().to_vec();
        }
        let outgoing = Outgoing { letter: &letter, ..outgoing };
        let failure = match self.0.send(outgoing).await {
            Ok(receipt) => return Ok(receipt),
            Err(failure) => failure,
        };
        match self.1 {
            Sabotage::TakesAnyAnswerForAcceptance if failure.code.as_str().starts_with("HTTP_") => {
                let provider_message_id = ProviderMessageId::parse("taken").ok();
                Ok(Receipt { provider_message_id, detail: Detail::default() })
            }
            Sabotage::SendsAgainAfterSilence if failure.class == FailureClass::InDoubt => self.0.send(outgoing).await,
            Sabotage::CallsDoubtDeferred if failure.class == FailureClass::InDoubt => {
                Err(Failure { class: FailureClass::DEFERRED, ..failure })
            }
            Sabotage::NamesTheRecipientInTheCode => {
                Err(Failure { code: Code::new(letter.rcpt_to.as_str()), ..failure })
            }
            _ => Err(failure),
        }
    }

    async fn reconcile<'a>(&self, outgoing: Outgoing<'a>) -> Result<Evidence, Failure> {
        self.0.reconcile(outgoing).await
    }
}

struct SabotagedHarness(Harness, Sabotage);

#[async_trait]
impl TransportHarness for SabotagedHarness {
    async fn fresh() -> Self {
        unreachable!("it is made with its fault")
    }

    fn transport(&self) -> Arc<dyn MailTransport> {
        Arc::new(Sabotaged(self.0.transport.clone(), self.1))
    }

    async fn set_peer(&self, peer: Peer) {
        self.0.set_peer(peer).await;
    }

    async fn received(&self) -> Vec<ReceivedLetter> {
        self.0.received().await
    }
}

/// Stamps one test per rule: the sound adapter keeps it, and the broken one does not.
macro_rules! breaks {
    ($($sabotage:ident: $rule:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                rules::$rule(&Harness::fresh().await).await;
                let broken = SabotagedHarness(Harness::fresh().await, Sabotage::$sabotage);
                let run = tokio::spawn(async move { rules::$rule(&broken).await }).await;
                assert!(run.is_err_and(|error| error.is_panic()), "{:?} is not noticed", Sabotage::$sabotage);
            }
        )*
    };
}

breaks! {
    TakesAnyAnswerForAcceptance: a_refused_recipient_is_rejected,
    SendsAgainAfterSilence: silence_after_the_body_is_in_doubt,
    TidiesTheMessage: the_bytes_arrive_unchanged,
    CallsDoubtDeferred: a_connection_lost_after_the_body_is_in_doubt,
    NamesTheRecipientInTheCode: a_failure_holds_no_secret_and_no_address,
}
