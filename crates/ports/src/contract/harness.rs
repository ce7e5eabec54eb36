//! What an adapter's tests provide, so that the rules can be run on it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::access::TokenBook;
use crate::pauses::PauseBoard;
use crate::probe::TransportProbe;
use crate::queue::DeliveryQueue;
use crate::statistics::Statistics;
use crate::template::TemplateRenderer;
use crate::tracker::DeliveryTracker;
use crate::transport::MailTransport;
use crate::worker::WorkerRegistry;

/// A store under test.
#[async_trait]
pub trait StoreHarness: Send + Sync + Sized + 'static {
    /// A fresh, empty store. The harness holds whatever keeps it alive: a temp dir, a database.
    async fn fresh() -> Self;

    /// Its queue.
    fn queue(&self) -> Arc<dyn DeliveryQueue>;

    /// Its tracker, over the same deliveries.
    fn tracker(&self) -> Arc<dyn DeliveryTracker>;

    /// Its workers, whose beats keep the queue's claims alive.
    fn workers(&self) -> Arc<dyn WorkerRegistry>;

    /// Its pauses, which its queue heeds.
    fn pauses(&self) -> Arc<dyn PauseBoard>;

    /// Its access tokens.
    fn tokens(&self) -> Arc<dyn TokenBook>;

    /// Its statistics, over the same deliveries.
    fn statistics(&self) -> Arc<dyn Statistics>;

    /// Lets time pass for the store without waiting: by a manual clock, or by making every
    /// stored time older by as much. Rules therefore never compare a time that they read
    /// before with one that they read after.
    async fn advance(&self, by: Duration);
}

/// What the other side does with the letters that come from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// Takes responsibility, and names the letter where its protocol does (`250 … queued as`).
    Accept,
    /// Puts this letter off: 450 after RCPT TO, HTTP 429.
    Defer,
    /// Refuses this recipient for good: 550 after RCPT TO, HTTP 400.
    RefuseRecipient,
    /// Refuses our credentials: 535, HTTP 401. The harness sees to it that the next letter
    /// meets that, for instance by ending the sessions that are open.
    RefuseCredentials,
    /// Reads the whole body and then says nothing, longer than the transport waits.
    SilentAfterBody,
    /// Reads the whole body and closes the connection without an answer.
    CloseAfterBody,
    /// Reads the whole body and answers what is no answer in its protocol.
    GarbageAfterBody,
    /// Closes the connection before any byte of the body was read.
    CloseBeforeBody,
    /// Is not there: connections are refused, and those that are open end.
    Unreachable,
}

/// A letter as the other side got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedLetter {
    /// The recipient of its envelope, without brackets.
    pub recipient: String,
    /// The message, without what the protocol wraps around it (dot-stuffing, multipart).
    pub bytes: Vec<u8>,
}

/// Something that looks like a key of ours. The peer MUST repeat it, and the recipient's
/// address, in the text of every refusal: neither may survive in a failure.
pub const LEAK: &str = "key-4f9a8b7c6d5e4f3a2b1c0d9e";

/// A transport under test, between us and a peer that does as it is told.
#[async_trait]
pub trait TransportHarness: Send + Sync + Sized + 'static {
    /// A transport and its peer, which accepts. The transport's time-outs are short (some
    /// 200 ms), so that silence is found out soon.
    async fn fresh() -> Self;

    /// The transport. It MUST be able to send two letters at once.
    fn transport(&self) -> Arc<dyn MailTransport>;

    /// What the peer does from now on, with open connections as with new ones.
    async fn set_peer(&self, peer: Peer);

    /// Every letter whose body the peer read to its end, whatever it answered.
    async fn received(&self) -> Vec<ReceivedLetter>;
}

/// A probe of the same peer. Only what a peer does before any letter matters to it.
pub trait ProbeHarness: TransportHarness {
    /// The probe.
    fn probe(&self) -> Arc<dyn TransportProbe>;
}

/// A template engine under test. Each engine has its own syntax, so the harness brings these
/// templates, in the engine's words, under the agreed names:
///
/// | template | variables | subject | HTML | text |
/// |---|---|---|---|---|
/// | `contract/greeting` | `name`, `link` | `Hello {name}` | the name in a paragraph, then `<a href="{link}">`, the link checked as such | `Hello {name}`, then the link |
/// | the same in German (`de`) | the same | `Hallo {name}` | the same without the link | `Hallo {name}` |
/// | `contract/loop` | `rounds`, a number | `Loop` | `<p>x</p>` | the line `x`, `rounds` × `rounds` × `rounds` times |
///
/// Each comes with a sample that renders; the variant may take the template's. Other templates may be there too.
pub trait RendererHarness: Send + Sync + Sized + 'static {
    /// A renderer with the fixtures above.
    fn fresh() -> Self;

    /// The renderer.
    fn renderer(&self) -> Arc<dyn TemplateRenderer>;
}
