//! Reads replies, neither fewer nor more than are owed.

use mail_send::Error;
use smtp_proto::Response;
use smtp_proto::response::parser::ResponseReceiver;
use tokio::io::{AsyncRead, AsyncReadExt};

/// What the server has said: the replies that could be read, and what stopped the reading
/// before all of them were there, or what followed them unasked.
pub(crate) struct Replies {
    pub(crate) read: Vec<Response<String>>,
    pub(crate) trouble: Option<Error>,
}

impl Replies {
    pub(crate) fn new() -> Self {
        Self { read: Vec::new(), trouble: None }
    }

    /// Reads up to `owed` replies into `self`. After 421 there will be no more of them.
    pub(crate) async fn fill(&mut self, stream: &mut (impl AsyncRead + Unpin), owed: usize) -> Result<(), Error> {
        let mut receiver = ResponseReceiver::default();
        let mut buffer = [0_u8; 2048];
        while self.read.len() < owed && !self.ended() {
            let count = stream.read(&mut buffer).await?;
            let mut bytes = buffer.get(..count).unwrap_or_default().iter();
            while !bytes.as_slice().is_empty() {
                if self.read.len() == owed || self.ended() {
                    // More than was asked for: replies and commands are out of step.
                    return Err(Error::UnparseableReply);
                }
                match receiver.parse(&mut bytes) {
                    Ok(reply) => {
                        self.read.push(reply);
                        receiver.reset();
                    }
                    Err(smtp_proto::Error::NeedsMoreData { .. }) => break,
                    Err(_) => return Err(Error::UnparseableReply),
                }
            }
        }
        Ok(())
    }

    /// Whether the server has taken its leave (RFC 5321 §3.8).
    fn ended(&self) -> bool {
        self.read.last().is_some_and(|reply| reply.code == 421)
    }
}
