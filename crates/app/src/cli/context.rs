//! What a command starts from: configuration read, logging on, the store named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use postroom_domain::id::Actor;
use postroom_domain::invalid::Invalid;
use secrecy::SecretString;

use super::{Failure, Global, output};
use crate::config::{Config, Mistakes, Sources, StoreSettings, environment, parse_store};
use crate::telemetry::{self, Colours, LogFormat};
use crate::wiring::{self, Store, Templates};

/// The variable that holds the token for a server, so that it stands in no shell's history.
pub(super) const TOKEN: &str = "POSTROOM_TOKEN";

/// How results are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For scripts.
    Json,
}

/// What becomes of a command where nobody names a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WithoutStore {
    /// It says how to name one: a forgotten variable must not put letters on a container's disk.
    Refuse,
    /// It keeps letters in a file in the user's data folder.
    KeepHere,
}

/// The start of every command.
#[derive(Clone, Debug)]
pub(super) struct Context {
    /// Everything that can be set.
    pub config: Config,
    /// What servers are shown, from the environment.
    pub(super) token: Option<SecretString>,
    /// How the audit trail names whoever types.
    pub(super) actor: Option<Actor>,
    /// How results are shown.
    pub format: Format,
    /// How log lines look.
    pub(super) log_format: LogFormat,
    /// Whether results are coloured.
    pub(super) colours: Colours,
}

impl Context {
    /// Reads the configuration and starts logging.
    ///
    /// # Errors
    /// All mistakes at once.
    pub(super) fn new(global: &Global, filter: &str, without: WithoutStore) -> Result<Self, Failure> {
        let environment = environment();
        let file = config_file(global.config.as_deref()).map_err(Failure::usage)?;
        let config = Config::read(Sources { file, environment: environment.clone() })?;
        Self::with(config, &environment, global, filter, without)
    }

    /// The same with whatever of the configuration can be read, and all that is wrong with it.
    ///
    /// # Errors
    /// The command line names no store that can be one.
    pub(super) fn despite_mistakes(global: &Global, filter: &str) -> Result<(Self, Vec<Invalid>), Failure> {
        let environment = environment();
        let (file, unread) = match config_file(global.config.as_deref()) {
            Ok(file) => (file, None),
            Err(reason) => (None, Some(Invalid::new("configuration file", reason))),
        };
        let (config, mut mistakes) = Config::read_what_can_be(Sources { file, environment: environment.clone() });
        mistakes.extend(unread);
        Ok((Self::with(config, &environment, global, filter, WithoutStore::Refuse)?, mistakes))
    }

    fn with(
        mut config: Config,
        environment: &BTreeMap<String, String>,
        global: &Global,
        filter: &str,
        without: WithoutStore,
    ) -> Result<Self, Failure> {
        // Files end with a line break, and what was read from one may still have it.
        let token = environment.get(TOKEN).map(|token| token.trim()).filter(|token| !token.is_empty());
        let token = token.map(SecretString::from);
        let data = global.data_dir.clone().or_else(|| data_folder(environment));
        let no_color = environment.get("NO_COLOR").cloned();
        telemetry::start(
            global.log_format(),
            Colours::wanted(no_color.as_deref(), &std::io::stderr()),
            config.log.as_deref().unwrap_or(filter),
        );
        // One process, one cipher suite provider: with two compiled in, rustls refuses to choose.
        if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
            tracing::debug!("a TLS provider had been installed before");
        }
        let store = match (&global.database_url, global.embedded) {
            (Some(_), true) => {
                return Err(Failure::usage("--database-url and --embedded name two stores; choose one"));
            }
            (Some(url), false) => Some(parse_store(url).map_err(|e| mistake(e.in_field("--database-url")))?),
            (None, true) => Some(embedded(data)?),
            (None, false) if config.store.is_none() && without == WithoutStore::KeepHere => Some(embedded(data)?),
            (None, false) => None,
        };
        if let Some(store) = store {
            config.name_store(store);
        }
        let format = if global.json { Format::Json } else { Format::Text };
        let colours = Colours::wanted(no_color.as_deref(), &std::io::stdout());
        let actor = typist(environment);
        Ok(Self { token, actor, config, format, log_format: global.log_format(), colours })
    }

    /// The store that was named, if one was.
    #[must_use]
    pub(super) const fn named_store(&self) -> Option<&StoreSettings> {
        self.config.store.as_ref()
    }

    /// The store that was named.
    ///
    /// # Errors
    /// None was, and how to name one.
    pub(super) fn store_settings(&self) -> Result<&StoreSettings, Failure> {
        self.config.store.as_ref().ok_or_else(|| {
            Failure::usage(
                "no store is named, and a forgotten variable must not put letters on this machine's disk;\n\
                 set DATABASE_URL=postgres://USER:PASSWORD@HOST/NAME, or say --embedded to keep them in a file",
            )
        })
    }

    /// Opens the store that was named.
    ///
    /// # Errors
    /// None was named, or it cannot be opened.
    pub(super) async fn open(&self) -> Result<Store, Failure> {
        Ok(wiring::open(self.store_settings()?).await?)
    }

    /// The templates, as a worker would have them.
    ///
    /// # Errors
    /// What is wrong with one, by file; or with a brand, by setting.
    pub(super) fn templates(&self) -> Result<Templates, Failure> {
        wiring::templates(&self.config).map_err(|error| Failure::usage(format!("{error:#}")))
    }

    /// Which store it is, for the first line of those that run for long; never a password.
    #[must_use]
    pub(super) fn describe_store(&self) -> String {
        match &self.config.store {
            Some(StoreSettings::Postgres(_)) => "PostgreSQL (DATABASE_URL)".to_owned(),
            Some(StoreSettings::Sqlite(path)) => format!("the file {}", path.display()),
            None => "nowhere".to_owned(),
        }
    }

    /// A line for whoever watches a worker: among the log lines where those are for machines.
    pub(super) fn announce(&self, text: &str) {
        announce(self.log_format, text);
    }

    /// A line for the person, unless results are for scripts.
    pub(super) fn tell(&self, text: &str) {
        if self.format == Format::Text {
            output::line(text);
        }
    }
}

/// A line for whoever watches, in the form of the log.
pub(super) fn announce(format: LogFormat, text: &str) {
    match format {
        LogFormat::Text => output::note(&format!("postroom: {text}")),
        LogFormat::Json => tracing::info!("{text}"),
    }
}

fn mistake(mistake: Invalid) -> Failure {
    Failure::from(Mistakes(vec![mistake]))
}

/// # Errors
/// Why it cannot be read, for people.
fn config_file(named: Option<&Path>) -> Result<Option<String>, String> {
    let path = named.unwrap_or_else(|| Path::new("postroom.toml"));
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("the configuration file {} cannot be read: {}", path.display(), error.kind())),
    }
}

/// Whoever types, by the name that the system knows them by.
fn typist(environment: &BTreeMap<String, String>) -> Option<Actor> {
    let named = environment.get("USER").filter(|user| !user.is_empty());
    let text = named.map_or_else(|| "the command line".to_owned(), |user| format!("{user} at the command line"));
    Actor::parse(text).ok()
}

/// The user's data folder (XDG Base Directory Specification).
fn data_folder(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    let set = |name: &str| environment.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share")));
    base.map(|base| base.join("postroom"))
}

fn embedded(folder: Option<PathBuf>) -> Result<StoreSettings, Failure> {
    let folder =
        folder.ok_or_else(|| Failure::usage("there is no data folder of the user; name one with --data-dir FOLDER"))?;
    std::fs::create_dir_all(&folder)
        .map_err(|error| Failure::usage(format!("the folder {} cannot be made: {}", folder.display(), error.kind())))?;
    Ok(StoreSettings::Sqlite(folder.join("letters.db")))
}
