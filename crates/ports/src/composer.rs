//! From words to the bytes that travel.
#![expect(clippy::elidable_lifetime_names, reason = "mockall asks for the name")]

use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::attachment::Attachment;
use postroom_domain::id::DeliveryId;
use postroom_domain::letter::{HeaderField, Subject};
use postroom_domain::time::Timestamp;

use crate::letter::FrozenLetter;
use crate::template::Rendered;

/// Everything that a message is made of.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// Whose record it is: Message-ID and boundaries derive from it, so that composing twice
    /// gives the same bytes.
    pub delivery_id: &'a DeliveryId,
    /// Who writes.
    pub from: &'a Mailbox,
    /// To whom.
    pub to: &'a Mailbox,
    /// Where answers go.
    pub reply_to: Option<&'a EmailAddress>,
    /// Instead of the rendered subject.
    pub subject: Option<&'a Subject>,
    /// Extra headers, checked.
    pub headers: &'a [HeaderField],
    /// The words.
    pub rendered: &'a Rendered,
    /// Files beside the letter and images inside its HTML, in order.
    pub attachments: &'a [Attachment],
    /// What stands under Date.
    pub date: Timestamp,
}

/// Why a message cannot be composed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message cannot be composed: {reason}")]
pub struct ComposeError {
    /// What stands in the way, without addresses or text of the letter.
    pub reason: String,
}

/// Writes MIME. Pure: the same draft MUST give the same bytes.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait MessageComposer: std::fmt::Debug + Send + Sync + 'static {
    /// The message with CRLF line ends, none over 998 bytes, all values encoded so that none
    /// can forge a header or a part.
    ///
    /// # Errors
    /// [`ComposeError`] where that cannot be done.
    fn compose<'a>(&self, draft: Draft<'a>) -> Result<FrozenLetter, ComposeError>;
}
