//! Reads one setting after the other and collects what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use postroom_domain::invalid::Invalid;

use super::Switch;

/// Where settings come from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The text of the configuration file, where there is one.
    pub file: Option<String>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
}

/// Everything that the file says, as dotted names, and what of it nobody asked for yet.
pub(super) struct Reader {
    file: BTreeMap<String, toml::Value>,
    asked: BTreeSet<String>,
    environment: BTreeMap<String, String>,
    mistakes: Vec<Invalid>,
}

impl Reader {
    pub(super) fn new(sources: Sources) -> Self {
        let mut reader = Self {
            file: BTreeMap::new(),
            asked: BTreeSet::new(),
            environment: sources.environment,
            mistakes: Vec::new(),
        };
        match sources.file.as_deref().map(str::parse::<toml::Table>) {
            None => {}
            Some(Ok(table)) => flatten("", table, &mut reader.file),
            Some(Err(error)) => reader.mistake(Invalid::new("configuration file", error.message())),
        }
        reader
    }

    pub(super) fn mistake(&mut self, mistake: Invalid) {
        self.mistakes.push(mistake);
    }

    /// What was wrong, and what the file says that nobody asked for.
    pub(super) fn finish(mut self) -> Vec<Invalid> {
        for name in self.file.keys().filter(|name| !self.asked.contains(*name)) {
            self.mistakes.push(Invalid::new(name.clone(), "is not a setting; docs/configuration.md lists them"));
        }
        self.mistakes
    }

    /// The names below `prefix` that the file has: `workflows.` gives `invite`, …
    pub(super) fn names_below(&self, prefix: &str) -> BTreeSet<String> {
        let rest = self.file.keys().filter_map(|name| name.strip_prefix(prefix));
        rest.filter_map(|rest| rest.rsplit_once('.')).map(|(name, _)| name.to_owned()).collect()
    }

    /// A value and the name under which it was given. An empty variable is none.
    fn value(&mut self, path: &str, variable: &str) -> Option<(String, toml::Value)> {
        self.asked.insert(path.to_owned());
        if let Some(text) = self.environment.get(variable).filter(|text| !text.is_empty()) {
            return Some((variable.to_owned(), toml::Value::String(text.clone())));
        }
        self.file.get(path).map(|value| (path.to_owned(), value.clone()))
    }

    /// Every text below `prefix`, by the rest of its name.
    pub(super) fn texts_below(&mut self, prefix: &str) -> BTreeMap<String, String> {
        let names: Vec<String> = self.file.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
        let text = |name: String| Some((name.strip_prefix(prefix)?.to_owned(), self.text(&name, "")?));
        names.into_iter().filter_map(text).collect()
    }

    pub(super) fn text(&mut self, path: &str, variable: &str) -> Option<String> {
        Some(self.named_text(path, variable)?.1)
    }

    /// A text and the name under which it was given.
    pub(super) fn named_text(&mut self, path: &str, variable: &str) -> Option<(String, String)> {
        match self.value(path, variable)? {
            (name, toml::Value::String(text)) => Some((name, text)),
            (name, toml::Value::Integer(number)) => Some((name, number.to_string())),
            (name, toml::Value::Boolean(value)) => Some((name, value.to_string())),
            (name, _) => {
                self.mistake(Invalid::new(name, "must be a single value"));
                None
            }
        }
    }

    /// A text that may also stand in a file of its own, named by `VARIABLE_FILE`.
    pub(super) fn secret(&mut self, path: &str, variable: &str) -> Option<String> {
        let file_variable = format!("{variable}_FILE");
        let Some(file) = self.environment.get(&file_variable).filter(|file| !file.is_empty()) else {
            return self.text(path, variable);
        };
        self.asked.insert(path.to_owned());
        match std::fs::read_to_string(file) {
            Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => {
                self.mistake(Invalid::new(
                    file_variable,
                    format!("names a file that cannot be read: {}", error.kind()),
                ));
                None
            }
        }
    }

    /// On, unless it is said otherwise.
    pub(super) fn switch(&mut self, path: &str, variable: &str) -> Switch {
        self.switch_or(path, variable, Switch::On)
    }

    pub(super) fn switch_or(&mut self, path: &str, variable: &str, default: Switch) -> Switch {
        match self.named_text(path, variable) {
            None => default,
            Some((name, text)) => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Switch::On,
                "false" | "0" | "no" | "off" => Switch::Off,
                _ => {
                    self.mistake(Invalid::new(name, "must be true or false"));
                    Switch::Off
                }
            },
        }
    }

    pub(super) fn number(&mut self, path: &str, variable: &str, range: RangeInclusive<u32>, default: u32) -> u32 {
        let Some((name, text)) = self.named_text(path, variable) else { return default };
        match text.parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                let (least, most) = range.into_inner();
                self.mistake(Invalid::new(name, format!("must be a whole number from {least} to {most}")));
                default
            }
        }
    }

    pub(super) fn duration(&mut self, path: &str, variable: &str, default: Duration) -> Duration {
        let Some((name, text)) = self.named_text(path, variable) else { return default };
        match parse_duration(&text) {
            Some(duration) if !duration.is_zero() => duration,
            _ => {
                self.mistake(Invalid::new(name, "must be a time such as 500ms, 5s, 2m or 1h 30m, longer than zero"));
                default
            }
        }
    }

    /// A list of texts, written as an array.
    pub(super) fn texts(&mut self, path: &str) -> Option<Vec<String>> {
        let (name, value) = self.value(path, "")?;
        let items = match &value {
            toml::Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        if items.is_none() {
            self.mistake(Invalid::new(name, "must be a list of texts such as [\"one\", \"two\"]"));
        }
        items
    }

    /// A list of times, written as an array.
    pub(super) fn durations(&mut self, path: &str) -> Option<Vec<Duration>> {
        let (name, value) = self.value(path, "")?;
        let items = match &value {
            toml::Value::Array(items) => items.iter().map(|item| item.as_str().and_then(parse_duration)).collect(),
            _ => None,
        };
        if items.is_none() {
            self.mistake(Invalid::new(name, "must be a list of times such as [\"0s\", \"1m\", \"5m\"]"));
        }
        items
    }

    /// The host's name, for people.
    pub(super) fn host(&self) -> String {
        let from_environment = self.environment.get("HOSTNAME").cloned();
        let from_system = || std::fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned());
        from_environment.or_else(from_system).unwrap_or_else(|| "localhost".to_owned())
    }
}

pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let duration: jiff::SignedDuration = text.trim().parse().ok()?;
    Duration::try_from(duration).ok()
}

fn flatten(prefix: &str, table: toml::Table, into: &mut BTreeMap<String, toml::Value>) {
    for (key, value) in table {
        let name = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(table) => flatten(&name, table, into),
            value => {
                into.insert(name, value);
            }
        }
    }
}
