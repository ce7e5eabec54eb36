//! The one TLS stack: rustls on aws-lc-rs, names and chains always checked.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use postroom_domain::failure::{Failure, FailureClass};
use postroom_domain::invalid::Invalid;
use rustls::client::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::{CertificateError, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::{SmtpConfig, TlsMode};

/// How connections are protected, ready to be used.
#[derive(Clone)]
pub(crate) enum Security {
    Plain,
    StartTls(TlsConnector),
    Implicit(TlsConnector),
}

impl Security {
    /// What the configuration asks for.
    ///
    /// # Errors
    /// Names `SMTP_CA_FILE`, or `SMTP_TLS` where this machine cannot do TLS at all.
    pub(crate) fn of(config: &SmtpConfig) -> Result<Self, Invalid> {
        Ok(match config.tls_mode() {
            TlsMode::None => Self::Plain,
            TlsMode::StartTls => Self::StartTls(connector(config.ca_file.as_deref())?),
            TlsMode::Implicit => Self::Implicit(connector(config.ca_file.as_deref())?),
        })
    }
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "Plain",
            Self::StartTls(_) => "StartTls",
            Self::Implicit(_) => "Implicit",
        })
    }
}

fn connector(ca_file: Option<&Path>) -> Result<TlsConnector, Invalid> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Invalid::new("SMTP_TLS", format!("cannot be set up: {error}")))?;
    let config = match ca_file {
        Some(path) => trusting(path, builder)?,
        None => builder
            .with_platform_verifier()
            .map_err(|error| {
                let reason = format!("is needed, because the system's own certificates cannot be used: {error}");
                Invalid::new("SMTP_CA_FILE", reason)
            })?
            .with_no_client_auth(),
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

fn trusting(path: &Path, builder: ConfigBuilder<ClientConfig, WantsVerifier>) -> Result<ClientConfig, Invalid> {
    let invalid = |reason: String| Invalid::new("SMTP_CA_FILE", reason);
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(path).map_err(|error| invalid(format!("cannot be read: {error}")))?;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| invalid("is not a file of PEM certificates".to_owned()))?;
        roots.add(certificate).map_err(|error| invalid(format!("holds an unusable certificate: {error}")))?;
    }
    if roots.is_empty() {
        return Err(invalid("holds no PEM certificate".to_owned()));
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Makes the handshake on a connection of which nothing is buffered.
pub(crate) async fn secure(
    connector: &TlsConnector,
    host: &str,
    tcp: TcpStream,
) -> mail_send::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host).map_err(|_| mail_send::Error::InvalidTLSName)?.to_owned();
    connector.connect(name, tcp).await.map_err(|error| {
        let kind = error.kind();
        let Some(inner) = error.into_inner() else { return mail_send::Error::Io(kind.into()) };
        match inner.downcast::<rustls::Error>() {
            Ok(tls) => mail_send::Error::Tls(tls),
            Err(other) => mail_send::Error::Io(std::io::Error::new(kind, other)),
        }
    })
}

/// A handshake that failed will fail for every letter, until a person acts.
pub(crate) fn failure(error: &rustls::Error) -> Failure {
    let advice = match error {
        // A CA of the right name with another key shows as a bad signature.
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "the certificate's issuer is not trusted; name its CA in SMTP_CA_FILE"
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "the certificate is for another name; correct SMTP_HOST",
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "the certificate has expired; renew it on the mail server"
        }
        rustls::Error::InvalidMessage(_) => "the server does not speak TLS here; correct SMTP_TLS or SMTP_PORT",
        _ => "no encrypted connection could be made",
    };
    Failure::new(FailureClass::Misconfigured, "TLS", &format!("{advice} ({error})"))
}
