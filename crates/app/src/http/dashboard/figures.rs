//! Numbers, for people.

/// A count with its thousands apart: `12,345`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many of these: `1 letter`, `12,345 letters`.
pub(super) fn letters(number: u64) -> String {
    format!("{} {}", count(number), if number == 1 { "letter" } else { "letters" })
}

/// A share from 0 to 1 as people read it. Only what is whole is called 100 %, and only what is nothing 0 %.
pub(super) fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.001 {
        return "< 0.1 %".to_owned();
    }
    if share < 1.0 && share > 0.999 {
        return "> 99.9 %".to_owned();
    }
    let text = format!("{:.1} %", share * 100.0);
    text.replace(".0 %", " %")
}

/// A size in bytes: `12 kB`.
#[expect(clippy::cast_precision_loss, reason = "one decimal place is shown")]
pub(super) fn size(bytes: usize) -> String {
    if bytes < 1_000 {
        format!("{bytes} B")
    } else if bytes < 1_000_000 {
        format!("{:.1} kB", bytes as f64 / 1e3)
    } else {
        format!("{:.1} MB", bytes as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), text);
        }
        assert_eq!((letters(1), letters(1_000)), ("1 letter".to_owned(), "1,000 letters".to_owned()));
    }

    #[test]
    fn only_what_is_whole_is_a_hundred_percent() {
        for (share, text) in [
            (0.0, "0 %"),
            (0.000_1, "< 0.1 %"),
            (0.5, "50 %"),
            (0.987, "98.7 %"),
            (0.999_9, "> 99.9 %"),
            (1.0, "100 %"),
        ] {
            assert_eq!(percent(share), text);
        }
    }
}
