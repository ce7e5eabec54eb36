//! Mailgun: `[mailgun]` and `MAILGUN_*`.

use std::path::PathBuf;
use std::time::Duration;

use postroom_domain::invalid::Invalid;
use secrecy::SecretString;

use super::Switch;
use super::reader::Reader;

/// What is known of Mailgun. `Debug` does not show the key.
#[derive(Clone, Debug)]
pub struct MailgunSettings {
    /// `MAILGUN_API_KEY`.
    pub api_key: SecretString,
    /// `MAILGUN_DOMAIN`.
    pub domain: String,
    /// `MAILGUN_API_URL`; the US region by default.
    pub api_url: Option<String>,
    /// `MAILGUN_CA_FILE`.
    pub ca_file: Option<PathBuf>,
    /// `MAILGUN_TEST_MODE`: accepted and not delivered.
    pub test_mode: Switch,
    /// How long one request and its answer may take.
    pub timeout: Duration,
    /// What Mailgun's statistics are grouped by.
    pub tags: Vec<String>,
    /// `MAILGUN_CLIENT`: who speaks to Mailgun.
    pub client: ClientChoice,
}

/// What `MAILGUN_CLIENT` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientChoice {
    /// Our own, which carries the frozen bytes.
    Http,
    /// mailgun-rs's own sender, which carries text and HTML.
    Sdk,
}

pub(super) fn read(reader: &mut Reader) -> Option<MailgunSettings> {
    let api_key = reader.secret("mailgun.api_key", "MAILGUN_API_KEY").map(SecretString::from);
    let domain = reader.text("mailgun.domain", "MAILGUN_DOMAIN");
    let api_url = reader.text("mailgun.api_url", "MAILGUN_API_URL");
    let ca_file = reader.text("mailgun.ca_file", "MAILGUN_CA_FILE").map(PathBuf::from);
    let test_mode = reader.switch_or("mailgun.test_mode", "MAILGUN_TEST_MODE", Switch::Off);
    let timeout = reader.duration("mailgun.timeout", "MAILGUN_TIMEOUT", Duration::from_mins(2));
    let tags = reader.texts("mailgun.tags").unwrap_or_default();
    let client = client(reader);
    match (api_key, domain) {
        (Some(api_key), Some(domain)) => {
            Some(MailgunSettings { api_key, domain, api_url, ca_file, test_mode, timeout, tags, client })
        }
        (None, None) => None,
        (key, _) => {
            let missing = if key.is_some() { "MAILGUN_DOMAIN" } else { "MAILGUN_API_KEY" };
            reader.mistake(Invalid::new(missing, "is missing; Mailgun needs a key and a sending domain"));
            None
        }
    }
}

fn client(reader: &mut Reader) -> ClientChoice {
    match reader.named_text("mailgun.client", "MAILGUN_CLIENT") {
        None => ClientChoice::Http,
        Some((name, text)) => match text.as_str() {
            "http" => ClientChoice::Http,
            "sdk" => ClientChoice::Sdk,
            _ => {
                reader.mistake(Invalid::new(name, "must be http or sdk"));
                ClientChoice::Http
            }
        },
    }
}
