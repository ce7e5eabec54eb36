//! Encryption: checked, and never given up.

use std::io::Write as _;
use std::sync::Arc;

use postroom_adapters_mailgun::{MailgunConfig, MailgunTransport};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls_pki_types::PrivateKeyDer;
use tempfile::NamedTempFile;

use crate::fake::{Act, Fake, Front, Read};
use crate::letters::{config, letter, said, send};

/// A server's certificate for `name`, and a file with the CA that signed it: itself.
pub(crate) fn certified(name: &str) -> (Arc<ServerConfig>, NamedTempFile) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let server = ServerConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(made.cert.pem().as_bytes()).unwrap();
    (server.into(), file)
}

pub(crate) fn encrypted(fake: &Fake, ca: &NamedTempFile) -> MailgunConfig {
    let url = format!("https://localhost:{}", fake.address.port());
    MailgunConfig { ca_file: Some(ca.path().to_owned()), ..config(url) }
}

#[tokio::test]
async fn letters_travel_encrypted() {
    let (tls, ca) = certified("localhost");
    let fake = Fake::start(Front::Tls(tls)).await;
    send(&MailgunTransport::new(encrypted(&fake, &ca)).unwrap(), &letter("one")).await.unwrap();
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn a_certificate_that_is_not_to_be_trusted_stops_all_letters() {
    let (other, ca) = certified("mail.example.org");
    let (own, _) = certified("localhost");
    let elsewhere = Fake::start(Front::Tls(other)).await;
    let unsigned = Fake::start(Front::Tls(own)).await;
    let by_the_system = MailgunConfig { ca_file: None, ..encrypted(&unsigned, &ca) };
    for config in [encrypted(&elsewhere, &ca), encrypted(&unsigned, &ca), by_the_system] {
        let failure = send(&MailgunTransport::new(config).unwrap(), &letter("one")).await.unwrap_err();
        assert!(failure.detail.as_str().contains("MAILGUN_CA_FILE"), "{failure}");
        assert_eq!(said::<()>(Err(failure)), ("misconfigured", "TLS".to_owned()));
    }
    assert!(elsewhere.seen().is_empty() && unsigned.seen().is_empty());
}

#[tokio::test]
async fn a_server_without_tls_is_the_providers_trouble() {
    let (_, ca) = certified("localhost");
    let fake = Fake::plain().await;
    fake.then(Act::answer(400, "", "This is no TLS").after(Read::Nothing));
    let outcome = said(send(&MailgunTransport::new(encrypted(&fake, &ca)).unwrap(), &letter("one")).await);
    assert_eq!(outcome, ("deferred", "CONNECTION_LOST".to_owned()));
}
