//! From the HTTP library's errors to a failure, by way of `classify`.

use std::error::Error;
use std::io;

use postroom_domain::failure::{Failure, FailureClass, Verdict};

use crate::classify::{Silence, Stage, classify_silence};

/// The failure that an error at this stage amounts to.
pub(crate) fn met(stage: Stage, error: &reqwest::Error) -> Failure {
    let silence = silence(error);
    let verdict = classify_silence(stage, silence);
    // Once the letter is on its way, the library's own words say nothing that ours do not.
    if stage == Stage::Connect && !error.is_timeout() {
        verdict.with_detail(&format!("{}: {}", story(silence), root(error)))
    } else {
        failure(&verdict, silence)
    }
}

/// A failure in our own words.
pub(crate) fn failure(verdict: &Verdict, silence: Silence) -> Failure {
    let doubt = if verdict.class == FailureClass::InDoubt { "; the letter may have been accepted" } else { "" };
    verdict.with_detail(&format!("{}{doubt}", story(silence)))
}

/// A request that cannot even be written: nothing has left.
pub(crate) fn unbuilt(error: &reqwest::Error) -> Failure {
    Failure::new(FailureClass::Misconfigured, "HTTP_REQUEST", &format!("no request could be made: {}", root(error)))
}

fn silence(error: &reqwest::Error) -> Silence {
    if error.is_timeout() {
        Silence::TimedOut
    } else if chain(error).any(is_about_a_certificate) {
        Silence::Certificate
    } else if chain(error).any(is_a_refused_connection) {
        Silence::Refused
    } else {
        Silence::Lost
    }
}

fn story(silence: Silence) -> &'static str {
    match silence {
        Silence::Refused => "nobody listens there",
        Silence::Certificate => "the certificate is not to be trusted; correct MAILGUN_API_URL or MAILGUN_CA_FILE",
        Silence::Lost => "the connection was lost, or could not be made",
        Silence::TimedOut => "the time ran out",
        Silence::Unreadable => "the answer could not be read",
    }
}

/// An error and all that caused it. An I/O error hides what it holds from `source`, so that is
/// looked at as well.
fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(Some(error as &(dyn Error + 'static)), |error| cause(*error))
}

fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(held) => Some(held),
        None => error.source(),
    }
}

/// The innermost cause: the words of the system or of TLS, without any address of ours.
fn root(error: &reqwest::Error) -> String {
    chain(error).skip(1).last().map_or_else(|| "no reason was given".to_owned(), ToString::to_string)
}

fn is_about_a_certificate(error: &(dyn Error + 'static)) -> bool {
    matches!(
        error.downcast_ref::<rustls::Error>(),
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented)
    )
}

fn is_a_refused_connection(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}
