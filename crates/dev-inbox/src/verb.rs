//! The verbs of SMTP, for transcripts that tell no secrets.

use std::fmt;

/// What a client asked for, without whom or what it concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// `EHLO`
    Ehlo,
    /// `HELO`
    Helo,
    /// `STARTTLS`
    StartTls,
    /// `AUTH` (its further lines are not recorded)
    Auth,
    /// `MAIL FROM`
    Mail,
    /// `RCPT TO`
    Rcpt,
    /// `DATA`
    Data,
    /// The `.` that ends a body
    FinalDot,
    /// `RSET`
    Rset,
    /// `NOOP`
    Noop,
    /// `VRFY`
    Vrfy,
    /// `QUIT`
    Quit,
    /// `EXPN` or `HELP`, which exist and are not offered
    NotImplemented,
    /// Anything else, or a line that is none
    Unknown,
}

impl Verb {
    /// The verb that a command line begins with.
    pub(crate) fn of(line: &[u8]) -> Self {
        let word = line.split(|octet| *octet == b' ').next().unwrap_or_default();
        match word.to_ascii_uppercase().as_slice() {
            b"EHLO" => Self::Ehlo,
            b"HELO" => Self::Helo,
            b"STARTTLS" => Self::StartTls,
            b"AUTH" => Self::Auth,
            b"MAIL" => Self::Mail,
            b"RCPT" => Self::Rcpt,
            b"DATA" => Self::Data,
            b"RSET" => Self::Rset,
            b"NOOP" => Self::Noop,
            b"VRFY" => Self::Vrfy,
            b"QUIT" => Self::Quit,
            b"EXPN" | b"HELP" => Self::NotImplemented,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ehlo => "EHLO",
            Self::Helo => "HELO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::FinalDot => ".",
            Self::Rset => "RSET",
            Self::Noop => "NOOP",
            Self::Vrfy => "VRFY",
            Self::Quit => "QUIT",
            Self::NotImplemented | Self::Unknown => "?",
        })
    }
}
