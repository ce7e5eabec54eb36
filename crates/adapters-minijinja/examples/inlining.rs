//! What it costs to write a letter's style sheet into its elements: every template from its sample, with the layout as
//! it is, and with the same layout without its style sheets, which leaves the inliner nothing to do.
//!
//! `cargo run --release -p postroom-adapters-minijinja --example inlining`

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "an example that measures and tells")]

use std::error::Error;
use std::time::{Duration, Instant};

use postroom_adapters_minijinja::{Brand, Templates};
use postroom_ports::template::TemplateRenderer;

const ROUNDS: u32 = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let styled = Templates::embedded(Brand::default())?;
    let folder = tempfile::tempdir()?;
    std::fs::create_dir(folder.path().join("layouts"))?;
    let layout = include_str!("../../../templates/layouts/base.html.j2");
    std::fs::write(folder.path().join("layouts/base.html.j2"), without_styles(layout))?;
    let bare = Templates::embedded(Brand::default())?.with_folder(folder.path())?;

    let started = Instant::now();
    drop(Templates::embedded(Brand::default())?);
    println!("load and prove all templates: {:.1?}", started.elapsed());
    // In turns, so that whatever else the machine does befalls both.
    let (mut with, mut without) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..ROUNDS {
        with += all(&styled)?;
        without += all(&bare)?;
    }
    let letters = ROUNDS * u32::try_from(styled.templates().len())?;
    println!("a letter without a style sheet: {:.1?}", without / letters);
    println!("a letter with its style sheet in its elements: {:.1?}", with / letters);
    println!("ratio: {:.1}", with.as_secs_f64() / without.as_secs_f64());
    Ok(())
}

/// How long it takes to render every sample once.
fn all(templates: &Templates) -> Result<Duration, Box<dyn Error>> {
    let started = Instant::now();
    for name in templates.templates() {
        let sample = templates.sample(&name).ok_or("no sample")?;
        std::hint::black_box(templates.render(&name, None, &sample)?);
    }
    Ok(started.elapsed())
}

/// The layout without its `<style>` elements.
fn without_styles(layout: &str) -> String {
    let mut parts = layout.split("\n<style");
    let head = parts.next().unwrap_or_default().to_owned();
    parts.filter_map(|part| part.split_once("</style>")).fold(head, |text, (_, rest)| text + rest)
}
