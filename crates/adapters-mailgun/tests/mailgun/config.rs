//! Every mistake at once, by name.

use std::path::PathBuf;
use std::time::Duration;

use mailgun_rs::MailgunRegion;
use postroom_adapters_mailgun::{MailgunConfig, MailgunTransport, TestMode, region_url};

fn plain() -> MailgunConfig {
    MailgunConfig::new("sesame", "mg.example.org")
}

fn fields(config: &MailgunConfig) -> Vec<String> {
    config
        .validate()
        .map_or_else(|error| error.mistakes.into_iter().map(|mistake| mistake.field).collect(), |()| vec![])
}

#[test]
fn all_mistakes_are_reported_at_once_by_the_names_of_their_variables() {
    let config = MailgunConfig {
        base_url: "mailgun".to_owned(),
        ca_file: Some(PathBuf::from("no/such/file.pem")),
        ..MailgunConfig::new("", "not a domain")
    };
    assert_eq!(fields(&config), ["MAILGUN_API_KEY", "MAILGUN_DOMAIN", "MAILGUN_API_URL", "MAILGUN_CA_FILE"]);
    let error = MailgunTransport::new(config).unwrap_err().to_string();
    assert_eq!(error.lines().count(), 4);
    assert!(error.lines().all(|line| line.starts_with("MAILGUN_")));
}

#[test]
fn a_key_is_printable_and_never_repeated() {
    assert_eq!(fields(&plain()), [""; 0]);
    for key in ["two words", "sesame\r\nX: y", "sésame"] {
        let error = MailgunConfig::new(key, "mg.example.org").validate().unwrap_err();
        assert_eq!(error.mistakes[0].field, "MAILGUN_API_KEY");
        assert!(!format!("{error} {error:?}").contains(key));
    }
}

#[test]
fn a_domain_is_a_host_name_and_no_path() {
    for domain in ["mg.example.org", "MG.example.org", "sandbox123.mailgun.org"] {
        assert_eq!(fields(&MailgunConfig::new("sesame", domain)), [""; 0], "{domain}");
    }
    for domain in ["", "localhost", "a/b.example.org", "../x.org", "a b.org", "a@b.org", "x.org?y=z", "x.org#y"] {
        assert_eq!(fields(&MailgunConfig::new("sesame", domain)), ["MAILGUN_DOMAIN"], "{domain}");
    }
}

#[test]
fn the_key_never_crosses_the_network_readably() {
    let at = |url: &str| fields(&MailgunConfig { base_url: url.to_owned(), ..plain() });
    for good in [
        region_url(&MailgunRegion::US),
        region_url(&MailgunRegion::EU),
        "https://api.eu.mailgun.net/v3/",
        "https://mail.example.org:8443/gate",
        "http://127.0.0.1:4000",
        "http://[::1]:4000",
        "http://localhost",
    ] {
        assert_eq!(at(good), [""; 0], "{good}");
    }
    for bad in [
        "",
        "api.mailgun.net",
        "http://api.mailgun.net",
        "http://192.0.2.1",
        "http://localhost.example.org",
        "ftp://api.mailgun.net",
        "https://api:key@api.mailgun.net",
        "https://api.mailgun.net?key=x",
        "https://api.mailgun.net#x",
    ] {
        assert_eq!(at(bad), ["MAILGUN_API_URL"], "{bad}");
    }
}

#[test]
fn limits_that_would_stop_everything_are_refused() {
    let mut config = plain();
    config.connections = 0;
    config.timeouts.whole = Duration::ZERO;
    config.tags = vec!["a".to_owned(); 11];
    assert_eq!(fields(&config), ["mailgun.tags", "mailgun.connections", "mailgun.timeouts.whole"]);
    for tag in [String::new(), "x".repeat(129), "é".to_owned(), "a\r\nb".to_owned()] {
        assert_eq!(fields(&MailgunConfig { tags: vec![tag], ..plain() }), ["mailgun.tags"]);
    }
}

#[test]
fn a_ca_file_must_hold_certificates() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = MailgunConfig { ca_file: Some(file.path().to_owned()), ..plain() };
    assert_eq!(fields(&config), ["MAILGUN_CA_FILE"]);
}

#[test]
fn debug_shows_no_secret() {
    let config = plain();
    let shown = format!(
        "{config:?} {:?} {:?}",
        MailgunTransport::new(config.clone()).unwrap(),
        MailgunTransport::by_sdk(config.clone()).unwrap()
    );
    assert!(!shown.contains("sesame") && shown.contains("mg.example.org"));
}

#[test]
fn mailgun_rs_own_sender_refuses_what_it_would_leave_out() {
    let config = MailgunConfig {
        base_url: "https://mail.example.org".to_owned(),
        test_mode: TestMode::On,
        tags: vec!["hub".to_owned()],
        ..plain()
    };
    let mistakes = MailgunTransport::by_sdk(config).unwrap_err().mistakes;
    let fields: Vec<&str> = mistakes.iter().map(|mistake| &*mistake.field).collect();
    assert_eq!(fields, ["MAILGUN_API_URL", "MAILGUN_TEST_MODE", "mailgun.tags"]);
    for region in [MailgunRegion::US, MailgunRegion::EU] {
        let base_url = format!("{}/v3", region_url(&region));
        assert!(MailgunTransport::by_sdk(MailgunConfig { base_url, ..plain() }).is_ok());
    }
}
