//! Every mistake at once, by name.

use std::path::PathBuf;

use postroom_adapters_smtp::{SmtpConfig, SmtpTransport, TlsMode};
use secrecy::SecretString;

fn fields(config: &SmtpConfig) -> Vec<String> {
    config
        .validate()
        .map_or_else(|error| error.mistakes.into_iter().map(|mistake| mistake.field).collect(), |()| vec![])
}

fn plain(host: &str) -> SmtpConfig {
    SmtpConfig { tls: Some(TlsMode::None), ..SmtpConfig::new(host) }
}

#[test]
fn all_mistakes_are_reported_at_once_by_the_names_of_their_variables() {
    let config = SmtpConfig {
        port: 0,
        username: Some("postroom".to_owned()),
        password: None,
        tls: Some(TlsMode::Implicit),
        ca_file: Some(PathBuf::from("no/such/file.pem")),
        ..SmtpConfig::new("not a host")
    };
    assert_eq!(fields(&config), ["SMTP_HOST", "SMTP_PORT", "SMTP_PASSWORD", "SMTP_CA_FILE"]);
    let error = SmtpTransport::new(config).unwrap_err().to_string();
    assert_eq!(error.lines().count(), 4);
    assert!(error.lines().all(|line| line.starts_with("SMTP_")));
}

#[test]
fn a_ca_file_must_hold_certificates() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = SmtpConfig {
        ca_file: Some(file.path().to_owned()),
        tls: Some(TlsMode::StartTls),
        ..SmtpConfig::new("a.example")
    };
    assert_eq!(fields(&config), ["SMTP_CA_FILE"]);
}

#[test]
fn encryption_is_required_except_on_this_machine() {
    for host in ["smtp.example.org", "192.0.2.1", "[2001:db8::1]", "localhost.example.org", "notlocalhost"] {
        assert_eq!(SmtpConfig::new(host).tls_mode(), TlsMode::StartTls, "{host}");
    }
    for host in
        ["localhost", "LOCALHOST", "mail.localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]", "::ffff:127.0.0.1"]
    {
        assert_eq!(SmtpConfig::new(host).tls_mode(), TlsMode::None, "{host}");
        assert_eq!(fields(&SmtpConfig::new(host)), [""; 0], "{host}");
    }
}

#[test]
fn a_password_never_crosses_the_network_readably() {
    let with = |host| SmtpConfig {
        username: Some("postroom".to_owned()),
        password: Some(SecretString::from("sesame-street")),
        ..plain(host)
    };
    assert_eq!(fields(&with("smtp.example.org")), ["SMTP_TLS"]);
    assert_eq!(fields(&with("127.0.0.1")), [""; 0]);
    assert_eq!(fields(&plain("smtp.example.org")), [""; 0]);
}

#[test]
fn names_that_could_end_a_command_are_refused() {
    let config = SmtpConfig { helo_name: "a\r\nMAIL FROM:<b>".to_owned(), ..plain("localhost") };
    assert_eq!(fields(&config), ["smtp.helo_name"]);
}

#[test]
fn limits_that_would_stop_everything_are_refused() {
    let mut config = plain("localhost");
    config.pool.connections = 0;
    config.timeouts.command = std::time::Duration::ZERO;
    assert_eq!(fields(&config), ["smtp.pool.connections", "smtp.timeouts.command"]);
}

#[test]
fn debug_shows_no_secret() {
    let config = SmtpConfig {
        username: Some("somebody".to_owned()),
        password: Some(SecretString::from("sesame-street")),
        ..plain("localhost")
    };
    let shown = format!("{config:?} {:?}", SmtpTransport::new(config.clone()).unwrap());
    assert!(!shown.contains("sesame") && !shown.contains("somebody") && shown.contains("localhost"));
}

#[test]
fn modes_are_found_by_name() {
    for mode in TlsMode::ALL {
        assert_eq!(TlsMode::parse(mode.as_str()), Some(mode));
    }
    assert_eq!(TlsMode::parse("ssl"), None);
}
