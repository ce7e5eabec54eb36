//! From the wire's errors to a failure, by way of `classify`.

use std::io;

use mail_send::Error;
use postroom_domain::failure::Failure;
use smtp_proto::Response;

use crate::classify::{Silence, Stage, classify, classify_silence};
use crate::tls;

/// The failure that a reply at this stage amounts to.
pub(crate) fn by_reply(stage: Stage, reply: &Response<String>) -> Failure {
    classify(stage, reply.code, Some(reply.esc)).with_detail(&words(reply))
}

/// The server's words with both its codes. The parser keeps parts of an enhanced code only up
/// to 255, and 0.0.0 where there is none.
pub(crate) fn words(reply: &Response<String>) -> String {
    match reply.esc {
        [0, 0, 0] => format!("{} {}", reply.code, reply.message),
        [class, subject, detail] => format!("{} {class}.{subject}.{detail} {}", reply.code, reply.message),
    }
}

/// The failure that an error at this stage amounts to.
pub(crate) fn by_error(stage: Stage, error: &Error) -> Failure {
    let silence = match error {
        Error::UnexpectedReply(reply) | Error::AuthenticationFailed(reply) => return by_reply(stage, reply),
        Error::Tls(error) => return tls::failure(error),
        Error::Timeout => Silence::TimedOut,
        Error::Io(error) => match error.kind() {
            io::ErrorKind::InvalidData => Silence::Unreadable,
            io::ErrorKind::TimedOut => Silence::TimedOut,
            _ => Silence::Lost,
        },
        _ => Silence::Unreadable,
    };
    classify_silence(stage, silence).with_detail(&format!("{} {}", story(silence), place(stage)))
}

fn story(silence: Silence) -> &'static str {
    match silence {
        Silence::Lost => "the connection was lost",
        Silence::TimedOut => "the time ran out",
        Silence::Unreadable => "the server's answer could not be read",
    }
}

fn place(stage: Stage) -> &'static str {
    match stage {
        Stage::Connect => "while connecting",
        Stage::Greeting => "before the greeting",
        Stage::Ehlo => "at EHLO",
        Stage::StartTls => "while TLS was being set up",
        Stage::Auth => "while signing in",
        Stage::Mail => "at MAIL FROM",
        Stage::Rcpt => "at RCPT TO",
        Stage::Data => "at DATA",
        Stage::Body => "while the message was being written, before its final dot",
        Stage::Answer => "after the final dot: the letter may have been accepted",
    }
}
