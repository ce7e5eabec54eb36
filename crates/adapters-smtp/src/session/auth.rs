//! Signing in (RFC 4954), with AUTH PLAIN or AUTH LOGIN.

use mail_send::{Credentials, Error, SmtpClient};
use postroom_domain::failure::{Failure, FailureClass};
use secrecy::ExposeSecret;
use smtp_proto::{AUTH_LOGIN, AUTH_PLAIN, EhloResponse};

use crate::classify::Stage;
use crate::config::SmtpConfig;
use crate::session::deadline::Deadline;
use crate::session::refused;
use crate::session::wire::{Socket, Wire};

/// Signs in if there is somebody to sign in as.
pub(crate) async fn sign_in<S: Socket>(
    client: &mut SmtpClient<Wire<S>>,
    config: &SmtpConfig,
    offer: &EhloResponse<String>,
    deadline: Deadline,
) -> Result<(), Failure> {
    let (Some(username), Some(password)) = (&config.username, &config.password) else { return Ok(()) };
    let credentials = Credentials::Plain { username: username.as_str(), secret: password.expose_secret() };
    client.timeout = deadline.allow(config.timeouts.command);
    match client.authenticate(&credentials, offer).await {
        Ok(_) => Ok(()),
        Err(Error::UnsupportedAuthMechanism) => {
            let advice = "the server offers neither AUTH PLAIN nor AUTH LOGIN on this connection; \
                          correct SMTP_TLS and SMTP_PORT, or remove SMTP_USERNAME if it needs nobody to sign in";
            Err(Failure::new(FailureClass::Misconfigured, "AUTH_UNSUPPORTED", advice))
        }
        Err(error) => Err(without_credentials(refused::by_error(Stage::Auth, &error), &credentials)),
    }
}

/// Some servers quote what they were given. Where one has quoted a credential, in plain or as
/// it crossed the wire, none of its words are kept.
fn without_credentials(failure: Failure, credentials: &Credentials<&str>) -> Failure {
    let Credentials::Plain { username, secret } = credentials else { return failure };
    let encoded = |mechanism, challenge| credentials.encode(mechanism, challenge).unwrap_or_default();
    let secrets = [
        (*username).to_owned(),
        (*secret).to_owned(),
        encoded(AUTH_PLAIN, ""),
        encoded(AUTH_LOGIN, "VXNlcm5hbWU6"),
        encoded(AUTH_LOGIN, "UGFzc3dvcmQ6"),
    ];
    let quoted = secrets.iter().any(|secret| !secret.is_empty() && failure.detail.as_str().contains(secret));
    if quoted {
        Failure::new(failure.class, failure.code.as_str(), "the server quoted the credentials; its words are not kept")
    } else {
        failure
    }
}
