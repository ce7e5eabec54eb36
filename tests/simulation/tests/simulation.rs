//! Thousands of runs, each from its seed: no promise is broken, and every mistake is found.
//!
//! ```text
//! POSTROOM_SIMULATION_SEEDS=100000 cargo test -p postroom-simulation no_promise                the long mode
//! POSTROOM_SIMULATION_SEED=17 cargo test -p postroom-simulation one_seed -- --nocapture     one run, step by step
//! ```
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test states what must hold")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use postroom_simulation::{Bug, Run, Tally, run};

const SEEDS: u64 = 2_000;

#[expect(clippy::disallowed_methods, reason = "how much is simulated is a matter of who runs the tests")]
fn wanted(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value} is not a number")))
}

fn again(seed: u64) -> String {
    format!(
        "POSTROOM_SIMULATION_SEED={seed} cargo test -p postroom-simulation --test simulation one_seed -- --nocapture"
    )
}

/// Runs the seeds below `most` on all cores until one breaks a promise: the lowest that did, and
/// what was counted.
fn search(most: u64, bug: Option<Bug>) -> (Option<Run>, Tally) {
    let (next, found) = (AtomicU64::new(0), Mutex::new((None::<Run>, Tally::default())));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= most || found.lock().unwrap().0.is_some() {
                return;
            }
            let run = run(seed, bug);
            let mut found = found.lock().unwrap();
            found.1.add(&run.tally);
            if run.violation.is_some() && found.0.as_ref().is_none_or(|before| before.seed > seed) {
                found.0 = Some(run);
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(work))));
    found.into_inner().unwrap()
}

#[test]
fn no_promise_is_broken_whatever_fails() {
    let seeds = wanted("POSTROOM_SIMULATION_SEEDS").unwrap_or(SEEDS);
    let (found, tally) = search(seeds, None);
    println!("{seeds} seeds: {tally:#?}");
    if let Some(run) = found {
        panic!("seed {}: {}\nsee it happen: {}", run.seed, run.violation.unwrap(), again(run.seed));
    }
    // Faults that never happen prove nothing.
    for (what, count) in [
        ("crashes", tally.crashes),
        ("stops", tally.stops),
        ("freezes", tally.freezes),
        ("refused", tally.refused),
        ("unheard", tally.unheard),
        ("doubtful", tally.doubtful),
        ("duplicates", tally.duplicates),
    ] {
        assert!(count as u64 > seeds / 20, "only {count} {what}: too few to have tested anything");
    }
}

/// Every mistake that is built in is found within as many seeds as are run without one.
#[test]
fn every_mistake_is_found() {
    for bug in Bug::ALL {
        let (found, tally) = search(SEEDS, Some(bug));
        let run = found.unwrap_or_else(|| panic!("{bug:?} is not found in {SEEDS} seeds: {tally:#?}"));
        println!("{bug:?} is found at seed {}: {}", run.seed, run.violation.unwrap());
    }
}

#[test]
fn a_seed_gives_the_same_run_twice() {
    for seed in 0..50 {
        assert_eq!(run(seed, None), run(seed, None), "{}", again(seed));
    }
}

/// One run with all that happens in it, where a seed is named.
#[test]
fn one_seed_shows_its_schedule() {
    let seed = wanted("POSTROOM_SIMULATION_SEED");
    let run = run(seed.unwrap_or(1), None);
    assert!(run.log.len() > 50, "a run of {} steps", run.log.len());
    if seed.is_some() {
        println!("{}", run.log.join("\n"));
    }
    assert_eq!(run.violation, None, "{}", again(run.seed));
}
