//! Reads one setting after the other and collects what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use postroom_domain::invalid::Invalid;

use super::Switch;
use super::settings::{Origin, Setting, Settings, Shown};

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
    settings: Settings,
}

impl Reader {
    pub(super) fn new(sources: Sources) -> Self {
        let mut reader = Self {
            file: BTreeMap::new(),
            asked: BTreeSet::new(),
            environment: sources.environment,
            mistakes: Vec::new(),
            settings: Settings::default(),
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

    /// What was read, and what was wrong, with what the file says that nobody asked for.
    pub(super) fn finish(mut self) -> (Vec<Setting>, Vec<Invalid>) {
        for name in self.file.keys().filter(|name| !self.asked.contains(*name)) {
            let reason = match nearest(name, self.settings.names()) {
                Some(known) => format!("is not a setting; did you mean {known}?"),
                None => "is not a setting; docs/configuration.md lists them".to_owned(),
            };
            self.mistakes.push(Invalid::new(name.clone(), reason));
        }
        (self.settings.finish(), self.mistakes)
    }

    /// The names below `prefix` that the file has: `workflows.` gives `invite`, …
    pub(super) fn names_below(&self, prefix: &str) -> BTreeSet<String> {
        let rest = self.file.keys().filter_map(|name| name.strip_prefix(prefix));
        rest.filter_map(|rest| rest.rsplit_once('.')).map(|(name, _)| name.to_owned()).collect()
    }

    /// A value and the name under which it was given. An empty variable is none.
    fn value(&mut self, path: &str, variable: &str) -> Option<(String, toml::Value)> {
        self.asked.insert(path.to_owned());
        let given = self.environment.get(variable).filter(|text| !text.is_empty()).cloned();
        let (value, origin) = match given {
            Some(text) => (Some(toml::Value::String(text)), Origin::Environment),
            None => (self.file.get(path).cloned(), Origin::File),
        };
        let Some(value) = value else {
            self.settings.note(path, variable, Shown::Unset, Origin::Default);
            return None;
        };
        self.settings.note(path, variable, Shown::Plain(plain(&value)), origin);
        let name = if origin == Origin::Environment { variable } else { path };
        Some((name.to_owned(), value))
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
            let text = self.text(path, variable);
            self.settings.mask(path);
            return text;
        };
        self.asked.insert(path.to_owned());
        self.settings.note(path, variable, Shown::Masked, Origin::Environment);
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
            None => {
                self.by_default(path, (default == Switch::On).to_string());
                default
            }
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
        let Some((name, text)) = self.named_text(path, variable) else {
            self.by_default(path, default.to_string());
            return default;
        };
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
        let Some((name, text)) = self.named_text(path, variable) else {
            self.by_default(path, format_duration(default));
            return default;
        };
        match parse_duration(&text) {
            Some(duration) if !duration.is_zero() => duration,
            _ => {
                self.mistake(Invalid::new(name, "must be a time such as 500ms, 5s, 2m or 1h 30m, longer than zero"));
                default
            }
        }
    }

    /// What stands where nobody said anything, for whoever wants to see it.
    pub(super) fn by_default(&mut self, path: &str, value: impl Into<String>) {
        self.settings.by_default(path, value.into());
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

/// A time as people write it: `500ms`, `5s`, `1h 30m`, `90d`. A day has 24 hours.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let days = || text.parse::<jiff::Span>().ok()?.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok();
    let duration: jiff::SignedDuration = text.parse().ok().or_else(days)?;
    Duration::try_from(duration).ok()
}

/// A time as it may be written.
fn format_duration(duration: Duration) -> String {
    jiff::SignedDuration::try_from(duration).map_or_else(|_| "for ever".to_owned(), |time| format!("{time:#}"))
}

/// A value as people write it.
fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        toml::Value::Boolean(value) => value.to_string(),
        toml::Value::Datetime(time) => time.to_string(),
        toml::Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        toml::Value::Table(_) => "a table".to_owned(),
    }
}

/// The known name that a misspelt one is nearest to, if it is near.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.map(|known| (strsim::damerau_levenshtein(name, known), known)).min()?;
    (near.0 <= 2).then_some(near.1)
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
