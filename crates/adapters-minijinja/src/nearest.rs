//! "Did you mean …?"

/// The name closest to what was asked for, if it is close: at most a third of it differs, or
/// it is the same name in another folder.
pub(crate) fn nearest<'a>(asked: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let last = |name: &str| name.rsplit('/').next().map(str::to_owned);
    names
        .map(|name| (if last(name) == last(asked) { 1 } else { distance(asked, name) }, name))
        .filter(|(distance, name)| *distance * 3 <= name.len().max(asked.len()))
        .min()
        .map(|(_, name)| name)
}

/// How many bytes must be inserted, removed or replaced (Levenshtein). Names are ASCII.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (above, to) in row.iter_mut().skip(1).zip(b.bytes()) {
            let here = (diagonal + usize::from(from != to)).min(left + 1).min(*above + 1);
            diagonal = *above;
            *above = here;
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_template() {
        let names = || ["admin/tfa", "invitation", "password-reset"].into_iter();
        assert_eq!(nearest("invitatoin", names()), Some("invitation"));
        assert_eq!(nearest("password_reset", names()), Some("password-reset"));
        assert_eq!(nearest("tfa", names()), Some("admin/tfa"));
        assert_eq!(nearest("hub/tfa", names()), Some("admin/tfa"));
        assert_eq!(nearest("newsletter", names()), None);
        assert_eq!(nearest("x", names()), None);
    }

    #[test]
    fn the_distance_counts_edits() {
        for (a, b, edits) in [("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("kitten", "sitting", 3)] {
            assert_eq!(distance(a, b), edits, "{a} {b}");
        }
    }
}
