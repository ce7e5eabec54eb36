//! The message, its final dot, and the answer that decides who is responsible.
//!
//! An error while writing means that the dot has not left: it is the last thing in the write,
//! and a write fails only where something is left to be written. From the moment when all is
//! written, silence means doubt.

use std::io;

use mail_send::Error;
use postroom_domain::detail::Detail;
use postroom_domain::failure::{Failure, FailureClass};
use postroom_domain::id::ProviderMessageId;
use postroom_ports::letter::FrozenLetter;
use postroom_ports::transport::Receipt;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::classify::Stage;
use crate::config::Timeouts;
use crate::session::replies::Replies;
use crate::session::{Cause, Condition, Deadline, Session, Setback, refused};

impl Session {
    /// Hands over one letter.
    pub(crate) async fn deliver(
        &mut self,
        letter: &FrozenLetter,
        timeouts: &Timeouts,
        deadline: Deadline,
    ) -> Result<Receipt, Setback> {
        self.announce(letter, timeouts, deadline).await?;
        self.hand_over(&letter.bytes, timeouts, deadline)
            .await
            .map_err(|failure| Setback { failure, cause: Cause::Server })
    }

    async fn hand_over(&mut self, bytes: &[u8], timeouts: &Timeouts, deadline: Deadline) -> Result<Receipt, Failure> {
        let stream = &mut self.client.stream;
        timeout(deadline.allow(timeouts.body), write_message(stream, bytes))
            .await
            .map_or(Err(Error::Timeout), |written| written.map_err(Error::Io))
            .map_err(|error| refused::by_error(Stage::Body, &error))?;

        let mut replies = Replies::new();
        let answer = timeout(deadline.allow(timeouts.after_dot), replies.fill(stream, 1)).await;
        replies.trouble = answer.unwrap_or(Err(Error::Timeout)).err();

        let Some(reply) = replies.read.first() else {
            let error = replies.trouble.unwrap_or(Error::UnparseableReply);
            return Err(refused::by_error(Stage::Answer, &error));
        };
        // The outcome is fixed. Whatever else is wrong only costs the connection.
        let in_step = replies.trouble.is_none();
        match reply.code {
            200..=299 => {
                if in_step {
                    self.condition = Condition::Ready;
                }
                Ok(Receipt {
                    provider_message_id: queue_id(&reply.message),
                    detail: Detail::redacted(&refused::words(reply)),
                })
            }
            code => {
                if in_step && code != 421 && (400..600).contains(&code) {
                    self.condition = Condition::Refused;
                }
                Err(refused::by_reply(Stage::Answer, reply))
            }
        }
    }
}

/// What the server calls the letter, where it says so in the way of most: `queued as ABC`.
fn queue_id(words: &str) -> Option<ProviderMessageId> {
    let mut words = words.split_whitespace().skip_while(|word| !word.eq_ignore_ascii_case("queued"));
    let (_queued, as_) = (words.next()?, words.next()?);
    let id = words.next().filter(|_| as_.eq_ignore_ascii_case("as"))?;
    ProviderMessageId::parse(id.trim_matches(|c: char| !c.is_ascii_alphanumeric())).ok()
}

/// Writes the message and its final dot, and flushes once. Lines that begin with a dot get a
/// second one, which the server takes away (RFC 5321 §4.5.2).
async fn write_message(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    let mut written = 0;
    let mut line_start = true;
    for (position, byte) in bytes.iter().enumerate() {
        if line_start && *byte == b'.' {
            stream.write_all(bytes.get(written..position).unwrap_or_default()).await?;
            stream.write_all(b".").await?;
            written = position;
        }
        line_start = *byte == b'\n';
    }
    stream.write_all(bytes.get(written..).unwrap_or_default()).await?;
    let end: &[u8] = if bytes.ends_with(b"\r\n") { b".\r\n" } else { b"\r\n.\r\n" };
    stream.write_all(end).await?;
    stream.flush().await
}

/// Refuses a message with a CR or LF of its own. Servers disagree about what ends a line then,
/// so that one may see a second message where we see text (SMTP smuggling); and a server that
/// mends line ends changes what was frozen.
pub(crate) fn check_line_ends(bytes: &[u8]) -> Result<(), Failure> {
    let mut after_cr = false;
    for byte in bytes {
        if after_cr != (*byte == b'\n') {
            return Err(bare_line_end());
        }
        after_cr = *byte == b'\r';
    }
    if after_cr { Err(bare_line_end()) } else { Ok(()) }
}

fn bare_line_end() -> Failure {
    let detail = "the message holds a CR or an LF that stands alone; lines must end with both";
    Failure::new(FailureClass::Rejected, "BARE_LINE_END", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn written(message: &str) -> String {
        let mut wire = Vec::new();
        write_message(&mut wire, message.as_bytes()).await.unwrap();
        String::from_utf8(wire).unwrap()
    }

    #[tokio::test]
    async fn dots_at_line_starts_are_doubled_and_nothing_else_changes() {
        for (message, wire) in [
            ("a\r\n", "a\r\n.\r\n"),
            ("a", "a\r\n.\r\n"),
            ("", "\r\n.\r\n"),
            (".\r\n", "..\r\n.\r\n"),
            ("a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n"),
            ("a.b\r\n..c\r\n", "a.b\r\n...c\r\n.\r\n"),
            ("a\r\n\r\n", "a\r\n\r\n.\r\n"),
        ] {
            assert_eq!(written(message).await, wire, "{message:?}");
        }
    }

    #[test]
    fn the_servers_own_name_for_the_letter_is_found() {
        let id = |words: &str| queue_id(words).map(|id| id.as_str().to_owned());
        assert_eq!(id("Ok: queued as 4Fbx9Q2"), Some("4Fbx9Q2".to_owned()));
        assert_eq!(id("2.6.0 Queued as <a-1.b>, thanks"), Some("a-1.b".to_owned()));
        for none in ["Ok", "queued", "queued as", "queued for as 1", "queued as ."] {
            assert_eq!(id(none), None, "{none}");
        }
    }

    #[test]
    fn only_crlf_ends_a_line() {
        for good in ["", "a", "a\r\n", "\r\n\r\n", "a\r\nb"] {
            assert!(check_line_ends(good.as_bytes()).is_ok(), "{good:?}");
        }
        for bad in ["\r", "\n", "a\nb", "a\rb", "a\r\n\n", "a\r\r\n", "a\r\n.\n\r\n", "a\r\n\r"] {
            assert_eq!(check_line_ends(bad.as_bytes()).unwrap_err().code.as_str(), "BARE_LINE_END", "{bad:?}");
        }
    }
}
