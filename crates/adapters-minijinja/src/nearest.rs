//! "Did you mean …?"

/// The name closest to what was asked for, if it is close: at most a third of it differs, or
/// it is the same name in another folder.
pub(crate) fn nearest<'a>(asked: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let last = |name: &str| name.rsplit('/').next().map(str::to_owned);
    names
        .map(|name| (if last(name) == last(asked) { 1 } else { strsim::levenshtein(asked, name) }, name))
        .filter(|(distance, name)| *distance * 3 <= name.len().max(asked.len()))
        .min()
        .map(|(_, name)| name)
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
}
