//! MAIL, RCPT and DATA: in one write where the server offers PIPELINING, else one by one.

use std::time::Duration;

use mail_send::Error;
use postroom_domain::failure::Failure;
use postroom_ports::letter::FrozenLetter;
use smtp_proto::Response;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::classify::Stage;
use crate::config::Timeouts;
use crate::session::replies::Replies;
use crate::session::{Cause, Condition, Deadline, Session, Setback, refused};

/// The three commands that come before the message, in order.
const STAGES: [Stage; 3] = [Stage::Mail, Stage::Rcpt, Stage::Data];

impl Session {
    /// Brings the server to 354: it knows sender and recipient, and waits for the message.
    pub(super) async fn announce(
        &mut self,
        letter: &FrozenLetter,
        timeouts: &Timeouts,
        deadline: Deadline,
    ) -> Result<(), Setback> {
        let mail = self.offer.mail_command(letter).map_err(|failure| Setback { failure, cause: Cause::Server })?;
        let reused = self.letters > 0;
        let needs_reset = self.condition == Condition::Refused;
        self.condition = Condition::Broken;
        self.letters = self.letters.saturating_add(1);
        let setback = |stage, failure| {
            let stale = reused && stage == Stage::Mail;
            Setback { failure, cause: if stale { Cause::StaleConnection } else { Cause::Server } }
        };
        if needs_reset {
            self.reset(timeouts, deadline).await.map_err(|failure| setback(Stage::Mail, failure))?;
        }
        let rcpt = format!("RCPT TO:<{}>\r\n", letter.rcpt_to);
        let commands = [mail.as_str(), rcpt.as_str(), "DATA\r\n"];
        let replies = self.ask(&commands, timeouts, deadline).await;
        let Some((stage, reply)) = first_refusal(&replies.read) else {
            return match (replies.trouble, STAGES.get(replies.read.len())) {
                (None, None) => Ok(()),
                (trouble, stage) => {
                    let stage = stage.copied().unwrap_or(Stage::Data);
                    let error = trouble.unwrap_or(Error::UnparseableReply);
                    Err(setback(stage, refused::by_error(stage, &error)))
                }
            };
        };
        let failure = refused::by_reply(stage, reply);
        if reply.code == 421 {
            return Err(setback(stage, failure));
        }
        if is_clean(reply) && replies.trouble.is_none() && self.take_back(&replies.read, timeouts, deadline).await {
            self.condition = Condition::Refused;
        }
        Err(Setback { failure, cause: Cause::Server })
    }

    /// Sends the commands and reads all replies; stops early where that is possible.
    async fn ask(&mut self, commands: &[&str; 3], timeouts: &Timeouts, deadline: Deadline) -> Replies {
        if self.offer.pipelines() {
            let patience = timeouts.command.max(timeouts.data_start);
            return self.exchange(&commands.concat(), commands.len(), deadline.allow(patience)).await;
        }
        let mut all = Replies::new();
        for (command, stage) in commands.iter().zip(STAGES) {
            let patience = if stage == Stage::Data { timeouts.data_start } else { timeouts.command };
            let mut replies = self.exchange(command, 1, deadline.allow(patience)).await;
            all.read.append(&mut replies.read);
            all.trouble = replies.trouble;
            if all.trouble.is_some() || first_refusal(&all.read).is_some() {
                break;
            }
        }
        all
    }

    /// One write, and the replies that are owed for it.
    pub(super) async fn exchange(&mut self, commands: &str, owed: usize, patience: Duration) -> Replies {
        let mut replies = Replies::new();
        let stream = &mut self.client.stream;
        let dialogue = async {
            stream.write_all(commands.as_bytes()).await?;
            stream.flush().await?;
            replies.fill(stream, owed).await
        };
        let outcome = timeout(patience, dialogue).await.unwrap_or(Err(Error::Timeout));
        replies.trouble = outcome.err();
        replies
    }

    /// Makes the server forget the last letter, which it refused.
    async fn reset(&mut self, timeouts: &Timeouts, deadline: Deadline) -> Result<(), Failure> {
        let replies = self.exchange("RSET\r\n", 1, deadline.allow(timeouts.command)).await;
        match (replies.read.first(), replies.trouble) {
            (Some(reply), None) if reply.is_positive_completion() => Ok(()),
            (Some(reply), _) => Err(refused::by_reply(Stage::Mail, reply)),
            (None, trouble) => Err(refused::by_error(Stage::Mail, &trouble.unwrap_or(Error::UnparseableReply))),
        }
    }

    /// After a refusal: where the server waits for a message all the same (it may, RFC 2920
    /// §3.1), sends it an empty one. Tells whether the two sides are in step again.
    async fn take_back(&mut self, read: &[Response<String>], timeouts: &Timeouts, deadline: Deadline) -> bool {
        let waits = read.get(2).is_some_and(|reply| reply.code == 354);
        if !waits {
            return true;
        }
        let replies = self.exchange(".\r\n", 1, deadline.allow(timeouts.data_start)).await;
        replies.trouble.is_none() && replies.read.first().is_some_and(|reply| reply.code != 421)
    }
}

/// The first reply that is not the one hoped for.
fn first_refusal(read: &[Response<String>]) -> Option<(Stage, &Response<String>)> {
    let goes_on = |stage: Stage, code: u16| match stage {
        Stage::Data => code == 354,
        _ => (200..300).contains(&code),
    };
    STAGES.into_iter().zip(read).find(|(stage, reply)| !goes_on(*stage, reply.code))
}

/// A refusal as SMTP knows it. 503 is none: it says that the two sides are out of step.
fn is_clean(reply: &Response<String>) -> bool {
    (400..600).contains(&reply.code) && reply.code != 503
}
