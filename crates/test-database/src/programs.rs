//! Where a PostgreSQL server's programs are on this machine.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Folders that hold one folder per installed version: Debian, RPM-based distributions, Alpine, Homebrew.
const VERSIONED: [(&str, &str); 6] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/usr/libexec", "postgresql"),
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql@"),
    ("/usr/local", "pgsql"),
];

/// The folder of `initdb`, `postgres` and `pg_ctl`: the first such folder of PATH, or else the newest version in the
/// distribution's folders (Debian keeps the server's programs off PATH).
pub(crate) fn find() -> Result<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "finding a program is what PATH is for")]
    let path = env::var_os("PATH").unwrap_or_default();
    in_folders(env::split_paths(&path).chain(installed_versions()), &path)
}

fn in_folders(mut folders: impl Iterator<Item = PathBuf>, path: &OsStr) -> Result<PathBuf> {
    folders
        .find(|folder| ["initdb", "postgres", "pg_ctl"].iter().all(|program| folder.join(program).is_file()))
        .with_context(|| {
            let path = path.display();
            format!("no initdb, postgres and pg_ctl in PATH ({path}) or the usual folders: apt-get install postgresql")
        })
}

fn installed_versions() -> impl Iterator<Item = PathBuf> {
    VERSIONED.iter().flat_map(|(root, prefix)| versions_in(Path::new(root), prefix))
}

/// `<root>/<prefix><version>/bin`, newest first.
fn versions_in(root: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix(prefix)?;
            let major = version.split('.').next()?.parse().ok()?;
            Some((major, entry.path().join("bin")))
        })
        .collect();
    found.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    found.into_iter().map(|(_, folder)| folder).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(root: &Path, version: &str) -> PathBuf {
        let folder = root.join(version).join("bin");
        fs::create_dir_all(&folder).unwrap();
        for program in ["initdb", "postgres", "pg_ctl"] {
            fs::write(folder.join(program), "").unwrap();
        }
        folder
    }

    #[test]
    fn the_newest_version_wins_by_number() {
        let root = tempfile::tempdir().unwrap();
        let [nine, ten] = ["9.6", "10"].map(|version| install(root.path(), version));
        assert_eq!(versions_in(root.path(), ""), [ten, nine]);
    }

    #[test]
    fn half_an_installation_is_none() {
        let root = tempfile::tempdir().unwrap();
        let folder = install(root.path(), "15");
        fs::remove_file(folder.join("postgres")).unwrap();
        let error = in_folders([folder].into_iter(), OsStr::new("/somewhere")).unwrap_err();
        assert!(error.to_string().contains("no initdb, postgres and pg_ctl in PATH (/somewhere)"), "{error}");
    }
}
