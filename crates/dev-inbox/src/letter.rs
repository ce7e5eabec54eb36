//! A letter as it was received.

use std::fmt;

/// One accepted letter: its envelope, its exact bytes, and how it came.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Captured {
    /// 1 for the first letter; goes on counting after a clear, and, with a
    /// folder of saved letters, after a restart.
    pub sequence: u64,
    /// The reverse path of `MAIL FROM`, without brackets; empty for `<>`.
    pub mail_from: String,
    /// The accepted recipients, in the order of their `RCPT TO`.
    pub recipients: Vec<String>,
    /// The content exactly as sent, leading dots unstuffed (RFC 5321 §4.5.2),
    /// up to and including the line end before the final dot.
    pub bytes: Vec<u8>,
    /// How the connection was protected when the letter came.
    pub tls: Security,
    /// Who had signed in, if anybody.
    pub authenticated_as: Option<String>,
    /// What `BODY=` declared.
    pub body_type: BodyType,
    /// Whether `SMTPUTF8` was asked for.
    pub smtputf8: SmtpUtf8,
    /// The number of the connection, 1 for the first one accepted.
    pub connection: u64,
}

impl fmt::Debug for Captured {
    // No address and no content: a failed assertion may end in a public log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Captured")
            .field("sequence", &self.sequence)
            .field("connection", &self.connection)
            .field("recipients", &self.recipients.len())
            .field("octets", &self.bytes.len())
            .field("tls", &self.tls)
            .field("authenticated", &self.authenticated_as.is_some())
            .field("body_type", &self.body_type)
            .field("smtputf8", &self.smtputf8)
            .finish_non_exhaustive()
    }
}

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Not at all.
    Plain,
    /// By `STARTTLS`.
    StartTls,
    /// By TLS from the first octet.
    ImplicitTls,
}

/// What `MAIL … BODY=` declared (RFC 6152).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyType {
    /// Nothing, or `7BIT`.
    #[default]
    SevenBit,
    /// `8BITMIME`.
    EightBitMime,
}

/// Whether `MAIL … SMTPUTF8` was given (RFC 6531).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SmtpUtf8 {
    /// The letter is plain ASCII in its addresses and headers.
    #[default]
    NotAsked,
    /// Addresses and headers may be UTF-8.
    Asked,
}
