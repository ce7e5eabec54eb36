//! Writes the table of the templates that travel inside the binary: every file under the
//! workspace's `templates/`, as `(name, include_str!(path))`, sorted by name.

#![expect(clippy::disallowed_methods, reason = "how cargo speaks to a build script")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let variable = |name| env::var_os(name).map(PathBuf::from).ok_or(io::ErrorKind::NotFound);
    let folder = variable("CARGO_MANIFEST_DIR")?.join("../../templates").canonicalize()?;
    println!("cargo::rerun-if-changed={}", folder.display());
    // A target folder that was copied beside another checkout would go on with that one's templates.
    println!("cargo::rerun-if-env-changed=CARGO_MANIFEST_DIR");

    let mut files = Vec::new();
    collect(&folder, &folder, &mut files)?;
    files.sort();

    let mut table = String::from("&[\n");
    for (name, path) in files {
        println!("cargo::rerun-if-changed={path}");
        writeln!(table, "    ({name:?}, include_str!({path:?})),").map_err(io::Error::other)?;
    }
    table.push_str("]\n");
    fs::write(variable("OUT_DIR")?.join("embedded.rs"), table)
}

/// Adds every template file below `folder` under its name relative to `root`, with `/`.
fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
            continue;
        }
        let text = |path: &Path| path.to_str().map(str::to_owned).ok_or(io::ErrorKind::InvalidData);
        let relative = text(path.strip_prefix(root).map_err(io::Error::other)?)?;
        let name = relative.replace('\\', "/");
        if [".html.j2", ".txt.j2", "/sample.json"].iter().any(|end| name.ends_with(end)) {
            files.push((name, text(&path)?));
        }
    }
    Ok(())
}
