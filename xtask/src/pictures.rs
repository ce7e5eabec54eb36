//! `cargo xtask pictures`: every letter as a phone and a desktop show it, light and dark.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::cargo::{cargo, environment, target, workspace};
use crate::steps::say;

/// Programs that Chromium is called by.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];
/// What keeps a browser to itself.
const QUIET: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];
/// A phone and a desktop: the width of the letter, and of the window. No window is narrower than 500.
const SCREENS: [(u32, &str); 2] = [(390, "500,1150"), (1000, "1000,1000")];
/// Blink's numbers for what a reader prefers.
const SCHEMES: [(&str, u8); 2] = [("light", 1), ("dark", 0)];

/// Four brands, as different as can be.
const BRANDS: &str = r##"
[brand]
name = "Example"
footer = "Example Ltd, 1 Sample Street, Sampletown"
links = { Help = "https://www.example.org/help", Privacy = "https://www.example.org/privacy" }
[brand.hub]
name = "Example Hub"
accent = "#0b6e4f"
background = "#eef6f1"
[brand.org]
name = "Example for Employers"
accent = "#1f2a56"
background = "#ffffff"
[brand.admin]
name = "Example Admin"
accent = "#f2c230"
background = "#20242c"
"##;

pub(crate) fn run() -> Result<ExitCode> {
    let browser = browser()?;
    let folder = target().join("pictures");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("postroom.toml"), BRANDS)?;
    ensure!(cargo(&["build", "--package", "postroom"]).status()?.success(), "the binary does not build");
    let list: Value = serde_json::from_slice(&postroom(&folder, &["templates", "list", "--json"])?)?;
    let mut index =
        String::from("<!doctype html><meta charset=\"utf-8\"><title>Letters</title><body bgcolor=\"#888\">\n");
    for template in list["templates"].as_array().context("no list of templates")? {
        let name = template["name"].as_str().context("a template without a name")?;
        let locales = template["locales"].as_array().into_iter().flatten().filter_map(Value::as_str).map(Some);
        for locale in std::iter::once(None).chain(locales) {
            let words = locale.map_or(vec!["preview", name], |tag| vec!["preview", name, "--locale", tag]);
            let html = String::from_utf8(postroom(&folder, &words)?)?;
            let title = locale.map_or(name.to_owned(), |tag| format!("{name}.{tag}"));
            say(&title);
            writeln!(index, "<h2>{title}</h2>")?;
            for picture in shoot(&browser, &folder, &title.replace('/', "-"), &html)? {
                writeln!(index, "<img src=\"{picture}\" height=\"700\" alt=\"{picture}\">")?;
            }
        }
    }
    fs::write(folder.join("index.html"), index)?;
    say(&format!("look at {}", folder.join("index.html").display()));
    Ok(ExitCode::SUCCESS)
}

/// The program that draws.
fn browser() -> Result<PathBuf> {
    let runs = |program: &PathBuf| {
        let version = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        version.is_ok_and(|status| status.success())
    };
    let named = environment("CHROMIUM").map(PathBuf::from);
    let mut candidates = named.into_iter().chain(BROWSERS.map(PathBuf::from));
    candidates.find(runs).context("no Chromium: apt-get install chromium, or name the program in CHROMIUM")
}

/// What the binary prints, with the templates as they lie here.
fn postroom(folder: &Path, words: &[&str]) -> Result<Vec<u8>> {
    let mut command = Command::new(target().join("debug/postroom"));
    command.current_dir(folder).args(words).env("POSTROOM_TEMPLATES", workspace().join("templates"));
    let output = command.output().context("the binary does not run")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

/// Draws one letter four times, and gives the names of the pictures.
fn shoot(browser: &Path, folder: &Path, name: &str, html: &str) -> Result<Vec<String>> {
    let mut pictures = Vec::new();
    for (width, window) in SCREENS {
        let letter = html.replace('&', "&amp;").replace('"', "&quot;");
        let page = folder.join(format!("{name}.{width}.html"));
        let frame = format!("style=\"border:0;width:{width}px;height:100vh\" srcdoc=\"{letter}\"");
        fs::write(
            &page,
            format!("<!doctype html><meta charset=\"utf-8\"><body style=\"margin:0\"><iframe {frame}></iframe>"),
        )?;
        for (scheme, number) in SCHEMES {
            let profile = tempfile::tempdir()?;
            let picture = format!("{name}.{width}.{scheme}.png");
            let mut command = Command::new(browser);
            command.args(QUIET).arg(format!("--blink-settings=preferredColorScheme={number}"));
            command.arg(format!("--user-data-dir={}", profile.path().display())).arg(format!("--window-size={window}"));
            command.arg(format!("--screenshot={}", folder.join(&picture).display())).arg(&page);
            let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
            ensure!(status.success() && folder.join(&picture).is_file(), "{} drew no {picture}", browser.display());
            pictures.push(picture);
        }
    }
    Ok(pictures)
}
