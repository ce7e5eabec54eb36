//! The files, embedded.

use std::fmt;

/// One migration.
pub(super) struct Migration {
    /// Its time of birth, by which they are ordered.
    pub(super) version: &'static str,
    /// What it is about.
    pub(super) name: &'static str,
    /// What it does.
    pub(super) sql: &'static str,
}

impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.version, self.name)
    }
}

/// A file of the folder `migrations/`.
macro_rules! file {
    ($($name:literal),*) => {
        include_str!(concat!("../../../../migrations/", $($name,)* ".sql"))
    };
}

/// Names migrations by their version and their noun.
macro_rules! migrations {
    ($(($version:literal, $name:literal)),* $(,)?) => {
        [$(Migration { version: $version, name: $name, sql: file!($version, "_", $name) }),*]
    };
}

/// All migrations, oldest first; a test holds this list against the folder.
pub(super) const MIGRATIONS: [Migration; 10] = migrations![
    ("20261123075900", "schema_create"),
    ("20261123080000", "deliveries_create"),
    ("20261123080100", "queue_create"),
    ("20261123080150", "attachments_create"),
    ("20261123080160", "pauses_create"),
    ("20261123080200", "lifecycle_guard"),
    ("20261123080300", "enqueue_create"),
    ("20261123080400", "views_create"),
    ("20261128080000", "tokens_create"),
    ("20261128080100", "statistics_index"),
];

/// The roles, made where that is allowed.
pub(super) const ROLES: &str = file!("roles");
/// Their rights, brought up to date after every run.
pub(super) const RIGHTS: &str = file!("rights");

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_embedded() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with('2'))
            .collect();
        files.sort();
        let embedded: Vec<String> = MIGRATIONS.iter().map(|migration| format!("{migration}.sql")).collect();
        assert_eq!(embedded, files);
    }
}
