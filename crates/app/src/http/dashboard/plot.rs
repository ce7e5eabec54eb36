//! Figures over time as SVG: arithmetic alone, from numbers to paths.
//!
//! A plot is drawn in a box of 1000 × 100 units that is stretched to wherever it stands; its words stand beside it as text,
//! so that they keep their size on every screen. What can be seen can also be read: each plot has its table.

use std::fmt::Write as _;
use std::time::Duration;

use postroom_domain::time::Timestamp;
use postroom_ports::statistics::Bucket;

use super::figures::count;
use super::when::{mark, span};

/// The box's width.
const WIDE: f64 = 1000.0;
/// The box's height.
const HIGH: f64 = 100.0;
/// How many lines the grid has at most, the lowest one left out.
const LINES: f64 = 4.0;
/// The same, with one more where a step is not quite exact.
const MOST_LINES: u32 = 5;
/// The steps between two lines of the grid for times, in seconds.
const SECONDS: [f64; 21] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 1_800.0, 3_600.0,
    7_200.0, 21_600.0, 86_400.0,
];

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Letters.
    Letters,
    /// Seconds.
    Seconds,
}

/// How values are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Columns, one on top of the other.
    Columns,
    /// Lines.
    Lines,
}

/// One figure over time.
#[derive(Clone, Debug)]
pub(super) struct Series {
    /// What it is.
    pub name: &'static str,
    /// Its colour and line, as the style sheet calls them.
    pub class: &'static str,
    /// Its values, bucket by bucket; `None` where there is none.
    pub values: Vec<Option<f64>>,
}

/// A plot, ready to be written.
#[derive(Debug)]
pub(super) struct Plot {
    pub id: &'static str,
    pub title: String,
    /// What it shows, in a sentence.
    pub sentence: String,
    /// The grid, from the top down.
    pub lines: Vec<Line>,
    /// The moments on the axis, from left to right, at equal distances.
    pub marks: Vec<String>,
    pub shapes: Vec<Shape>,
    /// What the pointer finds, bucket by bucket.
    pub slots: Vec<Slot>,
    /// The same as a table: only buckets in which something was.
    pub rows: Vec<Row>,
    pub form: Form,
}

/// One line of the grid.
#[derive(Debug, PartialEq)]
pub(super) struct Line {
    pub y: f64,
    pub words: String,
}

/// One series, as a path.
#[derive(Debug)]
pub(super) struct Shape {
    pub name: &'static str,
    pub class: &'static str,
    pub path: String,
    /// Values without neighbours: a line without any length, whose round ends draw a dot.
    pub dots: String,
}

/// The place of one bucket.
#[derive(Debug)]
pub(super) struct Slot {
    pub x: f64,
    pub width: f64,
    pub words: String,
}

/// One row of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub when: String,
    pub cells: Vec<String>,
}

impl Plot {
    /// Whether there is nothing to see.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether it has lines.
    pub(super) fn is_lines(&self) -> bool {
        self.form == Form::Lines
    }

    /// Draws `series` over the buckets.
    pub(super) fn draw(
        (id, title): (&'static str, &str),
        (form, unit): (Form, Unit),
        buckets: &[Bucket],
        series: &[Series],
    ) -> Self {
        let most = match form {
            Form::Columns => totals(series, buckets.len()).fold(0.0, f64::max),
            Form::Lines => series.iter().flat_map(|one| one.values.iter().flatten()).copied().fold(0.0, f64::max),
        };
        let grid = grid(most, unit);
        let top = grid.last().copied().unwrap_or(1.0);
        let shapes = match form {
            Form::Columns => columns(series, buckets.len(), top),
            Form::Lines => series.iter().map(|one| line(one, top)).collect(),
        };
        let (rows, slots) = read_out(buckets, series, unit);
        let names: Vec<&str> = series.iter().map(|one| one.name).collect();
        Self {
            id,
            title: title.to_owned(),
            sentence: format!("{}, at most {} at a time", names.join(", "), say(most, unit)),
            lines: grid
                .iter()
                .rev()
                .map(|value| Line { y: HIGH - value / top * HIGH, words: say(*value, unit) })
                .collect(),
            marks: marks(buckets),
            shapes,
            slots,
            rows,
            form,
        }
    }
}

/// A value in words.
pub(super) fn say(value: f64, unit: Unit) -> String {
    match unit {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts are whole and not negative"
        )]
        Unit::Letters => count(value as u64),
        Unit::Seconds if value == 0.0 => "0".to_owned(),
        Unit::Seconds => span(Duration::try_from_secs_f64(value).unwrap_or_default()),
    }
}

/// The values at which the grid has lines: from zero to the first that is not below `most`, at equal steps that people can
/// count in.
pub(super) fn grid(most: f64, unit: Unit) -> Vec<f64> {
    let least = most / LINES;
    let step = match unit {
        Unit::Letters => round_up(least).max(1.0),
        Unit::Seconds => {
            let known = SECONDS.into_iter().find(|step| *step >= least);
            known.unwrap_or_else(|| round_up(least / 86_400.0) * 86_400.0)
        }
    };
    let steps = (most / step).ceil().clamp(1.0, LINES + 1.0);
    (0..=MOST_LINES).map(f64::from).filter(|place| *place <= steps).map(|place| place * step).collect()
}

/// The first of 1, 2, 5, 10, 20, 50, … that is not below `least`.
fn round_up(least: f64) -> f64 {
    if least <= 0.0 {
        return 0.0;
    }
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|digit| digit * power).find(|step| *step >= least).unwrap_or(10.0 * power)
}

fn totals(series: &[Series], buckets: usize) -> impl Iterator<Item = f64> {
    (0..buckets).map(|place| series.iter().filter_map(|one| one.values.get(place).copied().flatten()).sum())
}

/// Where bucket `place` of `count` begins, and how wide it is.
#[expect(clippy::cast_precision_loss, reason = "there are 240 at most")]
fn slot(place: usize, count: usize) -> (f64, f64) {
    let width = WIDE / count.max(1) as f64;
    (place as f64 * width, width)
}

/// Columns: each series on top of those before it.
fn columns(series: &[Series], count: usize, top: f64) -> Vec<Shape> {
    let mut ground = vec![0.0; count];
    let mut shapes = Vec::with_capacity(series.len());
    for one in series {
        let mut path = String::new();
        for (place, value) in one.values.iter().enumerate().take(count) {
            let value = value.unwrap_or_default();
            let (x, width) = slot(place, count);
            if value > 0.0 {
                let (foot, height) = (HIGH - ground[place] / top * HIGH, value / top * HIGH);
                let (x, width) = (x + width * 0.12, width * 0.76);
                let _ = write!(path, "M{x:.1} {foot:.2}v-{height:.2}h{width:.1}v{height:.2}z");
            }
            ground[place] += value;
        }
        shapes.push(Shape { name: one.name, class: one.class, path, dots: String::new() });
    }
    shapes
}

/// A line through the middles of the buckets, broken where there is no value. What stands alone is a dot.
fn line(series: &Series, top: f64) -> Shape {
    let (mut path, mut dots) = (String::new(), String::new());
    let mut run: Vec<(f64, f64)> = Vec::new();
    let mut finish = |run: &mut Vec<(f64, f64)>| {
        if let [(x, y)] = run[..] {
            let _ = write!(dots, "M{x:.1} {y:.2}h0");
        } else {
            for (place, (x, y)) in run.iter().enumerate() {
                let _ = write!(path, "{}{x:.1} {y:.2}", if place == 0 { 'M' } else { 'L' });
            }
        }
        run.clear();
    };
    for (place, value) in series.values.iter().enumerate() {
        let (x, width) = slot(place, series.values.len());
        match value {
            Some(value) => run.push((x + width / 2.0, HIGH - value / top * HIGH)),
            None => finish(&mut run),
        }
    }
    finish(&mut run);
    Shape { name: series.name, class: series.class, path, dots }
}

/// Five moments at equal distances.
fn marks(buckets: &[Bucket]) -> Vec<String> {
    let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else { return Vec::new() };
    let whole = last.until.since(first.from);
    (0_u32..5).map(|quarter| mark(first.from.plus(whole * quarter / 4), whole)).collect()
}

fn read_out(buckets: &[Bucket], series: &[Series], unit: Unit) -> (Vec<Row>, Vec<Slot>) {
    let whole =
        buckets.first().zip(buckets.last()).map_or(Duration::ZERO, |(first, last)| last.until.since(first.from));
    let (mut rows, mut slots) = (Vec::new(), Vec::new());
    for (place, bucket) in buckets.iter().enumerate() {
        let values: Vec<Option<f64>> = series.iter().map(|one| one.values.get(place).copied().flatten()).collect();
        if values.iter().all(|value| value.is_none_or(|value| value == 0.0)) {
            continue;
        }
        let when = between(bucket.from, bucket.until, whole);
        let cells: Vec<String> =
            values.iter().map(|value| value.map_or_else(|| "–".to_owned(), |value| say(value, unit))).collect();
        let said: Vec<String> = series.iter().zip(&cells).map(|(one, cell)| format!("{} {cell}", one.name)).collect();
        let (x, width) = slot(place, buckets.len());
        slots.push(Slot { x, width, words: format!("{when}: {}", said.join(", ")) });
        rows.push(Row { when, cells });
    }
    (rows, slots)
}

fn between(from: Timestamp, until: Timestamp, whole: Duration) -> String {
    let day = if whole > Duration::from_hours(192) { Duration::from_hours(192) } else { whole };
    format!("{} to {}", mark(from, day), mark(until, day))
}

#[cfg(test)]
mod tests;
