use postroom_ports::statistics::Latency;

use super::*;

fn buckets(count: i64) -> Vec<Bucket> {
    let at = |place: i64| Timestamp::from_micros(1_900_000_000_000_000 + place * 60_000_000);
    let bucket = |place| Bucket {
        from: at(place),
        until: at(place + 1),
        sent: 0,
        failed: 0,
        latency: Latency::default(),
        waiting: 0,
        oldest_age: None,
    };
    (0..count).map(bucket).collect()
}

fn series(name: &'static str, values: &[Option<f64>]) -> Series {
    Series { name, class: name, values: values.to_vec() }
}

#[test]
fn a_grid_counts_in_steps_that_people_count_in() {
    for (most, grid_of) in [
        (0.0, &[0.0, 1.0][..]),
        (1.0, &[0.0, 1.0]),
        (3.0, &[0.0, 1.0, 2.0, 3.0]),
        (7.0, &[0.0, 2.0, 4.0, 6.0, 8.0]),
        (100.0, &[0.0, 50.0, 100.0]),
        (101.0, &[0.0, 50.0, 100.0, 150.0]),
    ] {
        assert_eq!(grid(most, Unit::Letters), grid_of, "{most}");
    }
    assert_eq!(grid(100.0, Unit::Seconds), [0.0, 30.0, 60.0, 90.0, 120.0]);
    assert_eq!(grid(0.012, Unit::Seconds), [0.0, 0.005, 0.01, 0.015]);
}

#[test]
fn a_grid_reaches_over_everything_and_stays_small() {
    for unit in [Unit::Letters, Unit::Seconds] {
        for exponent in -30..90 {
            let most = 1.7_f64.powi(exponent);
            let grid = grid(most, unit);
            assert!(*grid.last().unwrap() >= most * 0.999_999, "{most}: {grid:?}");
            assert!((2..=6).contains(&grid.len()), "{most}: {grid:?}");
        }
    }
}

#[test]
fn columns_stand_on_each_other() {
    let sent = series("sent", &[Some(6.0), Some(0.0)]);
    let failed = series("failed", &[Some(2.0), None]);
    let plot = Plot::draw(("p", "P"), (Form::Columns, Unit::Letters), &buckets(2), &[sent, failed]);
    assert_eq!(plot.shapes[0].path, "M60.0 100.00v-75.00h380.0v75.00z");
    assert_eq!(plot.shapes[1].path, "M60.0 25.00v-25.00h380.0v25.00z");
    assert_eq!(plot.lines.first(), Some(&Line { y: 0.0, words: "8".to_owned() }));
    assert_eq!(plot.lines.last(), Some(&Line { y: 100.0, words: "0".to_owned() }));
    assert_eq!(plot.rows.len(), 1);
    assert_eq!(plot.rows[0].cells, ["6", "2"]);
    assert!(plot.slots[0].words.ends_with(": sent 6, failed 2"), "{}", plot.slots[0].words);
}

#[test]
fn a_line_breaks_where_there_is_nothing_and_a_lone_value_is_a_dot() {
    let p50 = series("p50", &[Some(1.0), Some(2.0), None, Some(4.0)]);
    let plot = Plot::draw(("p", "P"), (Form::Lines, Unit::Seconds), &buckets(4), &[p50]);
    assert_eq!(plot.shapes[0].path, "M125.0 75.00L375.0 50.00");
    assert_eq!(plot.shapes[0].dots, "M875.0 0.00h0");
    assert_eq!(plot.lines.first().map(|line| line.words.as_str()), Some("4 s"));
}

#[test]
fn nothing_is_drawn_of_nothing_and_said_to_be_nothing() {
    for form in [Form::Columns, Form::Lines] {
        let plot = Plot::draw(("p", "P"), (form, Unit::Letters), &buckets(3), &[series("sent", &[None; 3])]);
        assert!(plot.is_empty() && plot.shapes[0].path.is_empty() && plot.slots.is_empty());
        let none = Plot::draw(("p", "P"), (form, Unit::Letters), &[], &[]);
        assert!(none.is_empty() && none.marks.is_empty());
    }
}

#[test]
fn the_axis_has_five_moments_from_end_to_end() {
    let plot = Plot::draw(("p", "P"), (Form::Lines, Unit::Letters), &buckets(60), &[]);
    assert_eq!(plot.marks, ["17:46", "18:01", "18:16", "18:31", "18:46"]);
}
