//! Points in time and stretches of it, for people.

use std::time::Duration;

use jiff::tz::TimeZone;
use postroom_domain::time::Timestamp;

use crate::documents::time;
use crate::fields::parse_time;

/// A time as people say it, with the exact one beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct When {
    /// RFC 3339 in UTC.
    pub exact: String,
    /// As people say it: `3 min ago`, `in 2 h`.
    pub words: String,
}

impl When {
    /// That time, seen from now.
    pub(super) fn of(at: Timestamp, now: Timestamp) -> Self {
        let words = match (now.since(at), at.since(now)) {
            (Duration::ZERO, ahead) if ahead > Duration::from_secs(1) => format!("in {}", roughly(ahead)),
            (past, _) if past < Duration::from_secs(2) => "just now".to_owned(),
            (past, _) => format!("{} ago", roughly(past)),
        };
        Self { exact: time(at), words }
    }

    /// The same for a time in a document.
    pub(super) fn read(text: &str, now: Timestamp) -> Self {
        parse_time("time", text)
            .map_or_else(|_| Self { exact: text.to_owned(), words: text.to_owned() }, |at| Self::of(at, now))
    }
}

/// A stretch of time in its largest unit: `45 s`, `3 min`, `2 h`, `5 days`.
fn roughly(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{seconds} s")
    } else if seconds < 3_600 {
        format!("{} min", seconds / 60)
    } else if seconds < 172_800 {
        format!("{} h", seconds / 3_600)
    } else {
        format!("{} days", seconds / 86_400)
    }
}

/// A stretch of time in its two largest units: `12 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`.
pub(super) fn span(time: Duration) -> String {
    let both = |large: u64, unit: &str, small: u64, smaller: &str| {
        if small == 0 { format!("{large} {unit}") } else { format!("{large} {unit} {small} {smaller}") }
    };
    let seconds = time.as_secs();
    let tenths = time.as_millis() / 100;
    if seconds == 0 {
        format!("{} ms", time.as_millis())
    } else if seconds < 10 && !tenths.is_multiple_of(10) {
        format!("{}.{} s", tenths / 10, tenths % 10)
    } else if seconds < 60 {
        format!("{seconds} s")
    } else if seconds < 3_600 {
        both(seconds / 60, "min", seconds % 60, "s")
    } else if seconds < 86_400 {
        both(seconds / 3_600, "h", seconds % 3_600 / 60, "min")
    } else {
        both(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h")
    }
}

/// A moment on an axis that is `whole` long: its time of day, or its day as well.
pub(super) fn mark(at: Timestamp, whole: Duration) -> String {
    let form = if whole <= Duration::from_hours(25) {
        "%H:%M"
    } else if whole <= Duration::from_hours(192) {
        "%a %H:%M"
    } else {
        "%-d %b"
    };
    jiff::Timestamp::from_microsecond(at.as_micros())
        .map_or_else(|_| time(at), |at| at.to_zoned(TimeZone::UTC).strftime(form).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_as_people_say_it() {
        let now = Timestamp::from_micros(1_900_000_000_000_000);
        let table = [(0, "just now"), (59, "59 s ago"), (60, "1 min ago"), (7_199, "1 h ago"), (200_000, "2 days ago")];
        for (seconds, words) in table {
            assert_eq!(When::of(now.minus(Duration::from_secs(seconds)), now).words, words);
        }
        assert_eq!(When::of(now.plus(Duration::from_secs(150)), now).words, "in 2 min");
        let odd = When::read("<b>", now);
        assert_eq!((odd.exact.as_str(), odd.words.as_str()), ("<b>", "<b>"));
    }

    #[test]
    fn a_stretch_has_its_two_largest_units() {
        let table = [
            (12, "12 ms"),
            (1_000, "1 s"),
            (1_249, "1.2 s"),
            (59_999, "59 s"),
            (60_000, "1 min"),
            (200_000, "3 min 20 s"),
            (7_500_000, "2 h 5 min"),
            (90_000_000, "1 d 1 h"),
        ];
        for (millis, words) in table {
            assert_eq!(span(Duration::from_millis(millis)), words);
        }
    }
}
