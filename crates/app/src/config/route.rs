//! Which ways out, in which order: `EMAIL_TRANSPORTS`.

use postroom_domain::invalid::Invalid;

use super::reader::Reader;

/// A family of transports that the binary knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// A mail server.
    Smtp,
    /// Mailgun's API.
    Mailgun,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Smtp, Self::Mailgun];

    /// Its name in configuration, which is its transport's, too.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Mailgun => "mailgun",
        }
    }

    /// The provider of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.as_str() == name)
    }

    /// The variable without which it is not configured.
    const fn variable(self) -> &'static str {
        match self {
            Self::Smtp => "SMTP_HOST",
            Self::Mailgun => "MAILGUN_API_KEY",
        }
    }
}

/// The route: one configured provider needs no choice, two do, because the order says which
/// of them is meant.
pub(super) fn read(reader: &mut Reader, configured: &[Provider]) -> Vec<Provider> {
    if let Some(route) = named(reader, "email.transports", "EMAIL_TRANSPORTS", configured) {
        return route;
    }
    if configured.len() > 1 {
        let reason = "is missing; both SMTP and Mailgun are configured: say which comes first, such as mailgun,smtp";
        reader.mistake(Invalid::new("EMAIL_TRANSPORTS", reason));
    }
    configured.to_vec()
}

/// The route that a setting names, where it is there.
pub(super) fn named(reader: &mut Reader, path: &str, variable: &str, configured: &[Provider]) -> Option<Vec<Provider>> {
    let (name, text) = reader.named_text(path, variable)?;
    let mut route = Vec::new();
    for word in text.split(',').map(str::trim) {
        match Provider::parse(word) {
            None => reader.mistake(Invalid::new(name.clone(), "must be smtp, mailgun, or both with a comma between")),
            Some(provider) if route.contains(&provider) => {
                reader.mistake(Invalid::new(name.clone(), "names a transport twice"));
            }
            Some(provider) if !configured.contains(&provider) => {
                let reason = format!("is missing, and {name} wants {}", provider.as_str());
                reader.mistake(Invalid::new(provider.variable(), reason));
            }
            Some(provider) => route.push(provider),
        }
    }
    Some(route)
}
