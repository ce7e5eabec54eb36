//! What was read, setting by setting, for whoever wants to see it.

use std::fmt;

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag,
    /// An environment variable.
    Environment,
    /// The configuration file.
    File,
    /// Nobody said anything.
    Default,
}

impl Origin {
    /// In one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flag => "command line",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Default => "default",
        }
    }
}

/// How a value may be shown.
#[derive(Clone, PartialEq, Eq)]
pub enum Shown {
    /// As it is.
    Plain(String),
    /// There is one, and it is a secret.
    Masked,
    /// There is none.
    Unset,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(text) => text,
            Self::Masked => "***",
            Self::Unset => "–",
        })
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One setting as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name in the file.
    pub name: String,
    /// Its environment variable, where it has one.
    pub variable: Option<String>,
    /// Its value.
    pub value: Shown,
    /// Where that came from.
    pub origin: Origin,
}

/// All settings that were asked for, in that order.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings(Vec<Setting>);

impl Settings {
    /// Notes one. A setting that is asked for twice is noted once.
    pub(super) fn note(&mut self, name: &str, variable: &str, value: Shown, origin: Origin) {
        let variable = Some(variable.to_owned()).filter(|variable| !variable.is_empty());
        let setting = Setting { name: name.to_owned(), variable, value, origin };
        match self.0.iter_mut().find(|known| known.name == setting.name && known.variable == setting.variable) {
            Some(known) => *known = setting,
            None => self.0.push(setting),
        }
    }

    /// What stands where nobody said anything.
    pub(super) fn by_default(&mut self, name: &str, value: String) {
        let unset = |setting: &&mut Setting| setting.name == name && setting.value == Shown::Unset;
        if let Some(setting) = self.0.iter_mut().find(unset) {
            setting.value = Shown::Plain(value);
        }
    }

    /// Hides the value: it is a secret.
    pub(super) fn mask(&mut self, name: &str) {
        for setting in self.0.iter_mut().filter(|setting| setting.name == name && setting.value != Shown::Unset) {
            setting.value = Shown::Masked;
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|setting| setting.name.as_str())
    }

    /// All but what a workflow, a tenant or a portal takes from the defaults.
    pub(super) fn finish(self) -> Vec<Setting> {
        let own = |name: &str| ["workflows.", "tenants."].iter().any(|prefix| name.starts_with(prefix));
        self.0.into_iter().filter(|setting| setting.origin != Origin::Default || !own(&setting.name)).collect()
    }
}
