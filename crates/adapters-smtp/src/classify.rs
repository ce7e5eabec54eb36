//! What a server's answer means, in one pure function; and what its silence means, in another.
//!
//! | stage | 421, or 4yz | 5yz |
//! |---|---|---|
//! | greeting, EHLO | provider, later | 5.7.x, 521: a person must act; else provider, later |
//! | STARTTLS, AUTH | provider, later | a person must act |
//! | MAIL | later; 4.3.x: provider | about the sender: a person must act; else refused |
//! | RCPT, DATA, the dot | later | refused; too many recipients, out of step: later |
//!
//! Enhanced codes (RFC 3463) are read before basic ones (RFC 5321 §4.2), and where the two
//! disagree about "later" or "never", it is later: a letter tried once more is a smaller harm
//! than a letter lost. An unknown 5yz refuses the letter; anything else unknown is "later".

use postroom_domain::failure::{Code, FailureClass, Verdict};

/// How far a letter has come when the answer is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// DNS and TCP.
    Connect,
    /// The first words of the server.
    Greeting,
    /// EHLO.
    Ehlo,
    /// STARTTLS and the handshake.
    StartTls,
    /// AUTH, until 235.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA, until 354.
    Data,
    /// The message is being written; the final dot has not left.
    Body,
    /// The final dot has left: from here on, the server may have taken the letter.
    Answer,
}

/// Why no answer came that could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Silence {
    /// The connection was closed or reset.
    Lost,
    /// The stage's time ran out.
    TimedOut,
    /// What came is not SMTP, too long, or more than was asked for.
    Unreadable,
}

/// What a reply means that is not the one hoped for. `enhanced` is the RFC 3463 code;
/// `None` (or 0.0.0) where there is none.
#[must_use]
pub fn classify(stage: Stage, code: u16, enhanced: Option<[u8; 3]>) -> Verdict {
    let enhanced = enhanced.filter(|parts| *parts != [0, 0, 0]);
    let class = match code {
        421 => FailureClass::PROVIDER_DEFERRED,
        400..=499 => later(stage, enhanced),
        500..=599 if enhanced.is_some_and(|[class, ..]| class == 4) => later(stage, enhanced),
        500..=599 => never(stage, code, enhanced),
        // Neither yes nor no. After the dot it may have been meant as a yes.
        _ if stage == Stage::Answer => FailureClass::InDoubt,
        _ => not_sent(stage),
    };
    Verdict::new(class, format!("SMTP_{code}"))
}

/// What it means that no readable answer came.
#[must_use]
pub fn classify_silence(stage: Stage, silence: Silence) -> Verdict {
    match (stage, silence) {
        (Stage::Answer, Silence::TimedOut) => Verdict::new(FailureClass::InDoubt, "TIMEOUT_AFTER_BODY"),
        (Stage::Answer, _) => Verdict::new(FailureClass::InDoubt, Code::ANSWER_LOST),
        (_, Silence::Lost) => Verdict::new(not_sent(stage), "CONNECTION_LOST"),
        (_, Silence::TimedOut) => Verdict::new(not_sent(stage), "TIMEOUT"),
        (_, Silence::Unreadable) => Verdict::new(not_sent(stage), "SMTP_UNREADABLE"),
    }
}

/// Before MAIL no letter has been named, so it is the provider's trouble.
fn not_sent(stage: Stage) -> FailureClass {
    if stage < Stage::Mail { FailureClass::PROVIDER_DEFERRED } else { FailureClass::DEFERRED }
}

/// A transient answer. At MAIL, 4.3.x (RFC 3463 §3.4: the mail system is full or in trouble)
/// is said before any recipient is known, so it holds for every letter.
fn later(stage: Stage, enhanced: Option<[u8; 3]>) -> FailureClass {
    match (stage, enhanced) {
        (Stage::Mail, Some([_, 3, detail])) if detail != 4 => FailureClass::PROVIDER_DEFERRED,
        _ => not_sent(stage),
    }
}

/// A permanent answer.
fn never(stage: Stage, code: u16, enhanced: Option<[u8; 3]>) -> FailureClass {
    if needs_a_person(stage, code, enhanced) {
        FailureClass::Misconfigured
    } else if stage < Stage::StartTls {
        // The server refuses us, not a letter; RFC 5321 §3.1 lets it do so for a time, with 554.
        FailureClass::PROVIDER_DEFERRED
    } else if passes(stage, code, enhanced) {
        FailureClass::DEFERRED
    } else {
        FailureClass::Rejected
    }
}

/// Whether a refusal is about us and our configuration, so that it will meet every letter.
fn needs_a_person(stage: Stage, code: u16, enhanced: Option<[u8; 3]>) -> bool {
    match stage {
        // RFC 4954 §6: signing in is needed, was refused, is too weak, or needs encryption.
        _ if matches!(code, 530 | 534 | 535 | 538) => true,
        // By policy (X.7.x), or "this host takes no mail" (521, RFC 7504): it will not pass.
        Stage::Connect | Stage::Greeting | Stage::Ehlo => code == 521 || matches!(enhanced, Some([_, 7, _])),
        Stage::StartTls | Stage::Auth => true,
        // RFC 3463 §3.2 and §3.8: X.1.7 and X.1.8 are about the sender, X.7.x is policy. Without
        // such a code, 550 and 553 at MAIL are about the sender too (RFC 5321 §4.3.2).
        Stage::Mail => match enhanced {
            Some(parts) => matches!(parts, [_, 1, 7 | 8] | [_, 7, _]),
            None => matches!(code, 550 | 553),
        },
        Stage::Rcpt | Stage::Data | Stage::Body | Stage::Answer => false,
    }
}

/// Whether a refusal says "never" and means "not like this". 503: the two sides are out of
/// step, which is no letter's fault. Too many recipients: X.5.3, and 552 at RCPT, which
/// RFC 5321 §4.5.3.1.10 reads as 452.
fn passes(stage: Stage, code: u16, enhanced: Option<[u8; 3]>) -> bool {
    match enhanced {
        Some([_, 5, 3]) => true,
        None if stage == Stage::Rcpt && code == 552 => true,
        _ => code == 503,
    }
}
