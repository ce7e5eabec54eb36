//! A run of several commands, and the summary at its end.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// How one step of a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed(String),
    NotRun(String),
}

/// The steps so far.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<(&'static str, Outcome, Duration)>,
    remarks: Vec<String>,
}

impl Steps {
    /// Runs a command, shows what it prints, and keeps how it ended.
    pub(crate) fn run(&mut self, name: &'static str, command: &mut Command) -> Outcome {
        say(&format!("\n== {name}: {}", shown(command)));
        let begin = now();
        let outcome = match command.status() {
            Ok(status) if status.success() => Outcome::Passed,
            Ok(status) => Outcome::Failed(status.to_string()),
            Err(error) => Outcome::Failed(error.to_string()),
        };
        self.done.push((name, outcome.clone(), begin.elapsed()));
        outcome
    }

    /// Notes a step that could not even begin.
    pub(crate) fn not_run(&mut self, name: &'static str, why: &str) {
        self.done.push((name, Outcome::NotRun(why.to_owned()), Duration::ZERO));
    }

    /// Notes a step that failed without a command.
    pub(crate) fn failed(&mut self, name: &'static str, why: &str) {
        self.done.push((name, Outcome::Failed(why.to_owned()), Duration::ZERO));
    }

    /// A line for the summary.
    pub(crate) fn remark(&mut self, line: String) {
        self.remarks.push(line);
    }

    /// Prints the summary. The exit code is 0 only if every step ran and passed.
    pub(crate) fn finish(&self) -> ExitCode {
        say(&self.summary());
        if self.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn passed(&self) -> bool {
        self.done.iter().all(|(_, outcome, _)| *outcome == Outcome::Passed)
    }

    fn summary(&self) -> String {
        let mut lines = vec!["\n== summary".to_owned()];
        for (name, outcome, took) in &self.done {
            lines.push(match outcome {
                Outcome::Passed => format!("{name:<10} passed in {} s", took.as_secs()),
                Outcome::Failed(why) => format!("{name:<10} FAILED ({why})"),
                Outcome::NotRun(why) => format!("{name:<10} NOT RUN ({why})"),
            });
        }
        lines.extend(self.remarks.iter().cloned());
        lines.push(if self.passed() { "all passed" } else { "NOT all passed" }.to_owned());
        lines.join("\n")
    }
}

/// For people, in order with what the commands print.
#[expect(clippy::print_stdout, reason = "this is a command line tool")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::disallowed_methods, reason = "how long a step took is told to people, and decides nothing")]
fn now() -> Instant {
    Instant::now()
}

fn shown(command: &Command) -> String {
    let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
    format!("cargo {}", arguments.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_step_that_did_not_pass_is_enough_to_fail() {
        let mut steps = Steps::default();
        assert_eq!(steps.run("nothing", &mut Command::new("true")), Outcome::Passed);
        assert!(steps.passed());
        steps.not_run("tests", "no database");
        assert!(!steps.passed());
        assert!(steps.summary().contains("tests      NOT RUN (no database)"), "{}", steps.summary());

        let mut steps = Steps::default();
        assert!(matches!(steps.run("nothing", &mut Command::new("false")), Outcome::Failed(_)));
        assert!(!steps.passed());
    }

    #[test]
    fn a_program_that_is_missing_is_a_failure() {
        let mut steps = Steps::default();
        let outcome = steps.run("nothing", &mut Command::new("no-such-program-anywhere"));
        assert!(matches!(outcome, Outcome::Failed(_)));
    }
}
