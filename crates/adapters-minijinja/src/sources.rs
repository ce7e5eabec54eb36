//! The template files: those in the binary, and those of a folder laid over them.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::Path;
use std::{fs, io};

use sha2::{Digest, Sha256};

use crate::load::LoadError;

/// Every file below the workspace's `templates/` at build time, as (name, text).
static EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// How deep a folder of templates may nest. Stops a symbolic link that points at its parent.
const MAX_DEPTH: usize = 8;
/// The largest file that is taken for a template, in bytes.
const MAX_FILE: u64 = 256 * 1024;
/// How much of the SHA-256 is the version: 64 bits tell revisions apart and stay readable.
const VERSION_DIGITS: usize = 16;

/// Template files by name (`invitation/body.html.j2`, `layouts/base.txt.j2`).
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources(BTreeMap<String, String>);

impl Sources {
    /// The files in the binary.
    pub(crate) fn embedded() -> Self {
        Self(EMBEDDED.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect())
    }

    /// Lays the files of `folder` over these: same name replaces, new name adds. Tells what
    /// could not be read; the rest is.
    pub(crate) fn overlay(&mut self, folder: &Path) -> Vec<LoadError> {
        let mut errors = Vec::new();
        self.read(folder, "", MAX_DEPTH, &mut errors);
        errors
    }

    fn read(&mut self, folder: &Path, prefix: &str, depth: usize, errors: &mut Vec<LoadError>) {
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let entries = entries.map_err(unreadable(folder)).unwrap_or_else(|error| {
            errors.push(error);
            Vec::new()
        });
        for entry in entries {
            // A circle of links would be walked again and again.
            if matches!(errors.last(), Some(LoadError::TooDeep { .. })) {
                return;
            }
            if let Err(error) = self.take(&entry.path(), prefix, depth, errors) {
                errors.push(error);
            }
        }
    }

    fn take(&mut self, path: &Path, prefix: &str, depth: usize, errors: &mut Vec<LoadError>) -> Result<(), LoadError> {
        let Some(file_name) = path.file_name().and_then(OsStr::to_str) else {
            return Err(LoadError::BadName { path: path.to_owned() });
        };
        // Editors' and orchestrators' own files (`.swp`, `..data`) are not templates.
        if file_name.starts_with('.') {
            return Ok(());
        }
        // Follows symbolic links: a mounted config map is made of them.
        let meta = fs::metadata(path).map_err(unreadable(path))?;
        let name = format!("{prefix}{file_name}");
        if meta.is_dir() {
            if depth == 0 {
                return Err(LoadError::TooDeep { path: path.to_owned() });
            }
            self.read(path, &format!("{name}/"), depth - 1, errors);
        } else if is_template_file(file_name) {
            if meta.len() > MAX_FILE {
                return Err(LoadError::TooLarge { path: path.to_owned(), limit: MAX_FILE });
            }
            let text = fs::read_to_string(path).map_err(unreadable(path))?;
            self.0.insert(name, text);
        }
        Ok(())
    }

    /// The names of all files, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The text of one file.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All files, in the order of their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// `roots` and every file that they extend, include or import, and so on.
    ///
    /// A file uses another when it quotes its name. Reading more into a file than that would
    /// need its syntax tree, and one name too many costs nothing but a changed version.
    pub(crate) fn used_by(&self, roots: impl IntoIterator<Item = String>) -> BTreeSet<&str> {
        let mut used = BTreeSet::new();
        let mut open: Vec<String> = roots.into_iter().collect();
        while let Some(name) = open.pop() {
            let Some((name, text)) = self.0.get_key_value(&name) else { continue };
            if used.insert(name.as_str()) {
                let quoted = text.split(['"', '\'']).filter(|piece| self.0.contains_key(*piece));
                open.extend(quoted.map(str::to_owned));
            }
        }
        used
    }

    /// A version that changes when any of these files does: the start of a SHA-256 over their
    /// names, lengths and texts.
    pub(crate) fn version(&self, names: &BTreeSet<&str>) -> String {
        let mut hash = Sha256::new();
        for name in names {
            let text = self.get(name).unwrap_or_default();
            hash.update(format!("{name}\0{}\0", text.len()));
            hash.update(text);
        }
        let mut version = hex::encode(hash.finalize());
        version.truncate(VERSION_DIGITS);
        version
    }
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> LoadError {
    let path = path.to_path_buf();
    move |source| LoadError::Unreadable { path, source }
}

fn is_template_file(file_name: &str) -> bool {
    file_name == "sample.json" || file_name.ends_with(".html.j2") || file_name.ends_with(".txt.j2")
}
