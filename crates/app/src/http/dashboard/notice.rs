//! What was just done, told on the page that comes after it.
//!
//! It travels in the address as a word and numbers, never as text: a link from elsewhere can make no page say anything.

use std::fmt::Write as _;

use postroom_domain::status::Status;
use postroom_ports::queue::Changed;

use super::figures::letters;
use crate::http::api::Redriven;

/// The name in the address.
pub(super) const NAME: &str = "notice";

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// It is so.
    Done(Status),
    /// It could not be so: it is this already.
    Late(Status),
    /// Its content is gone.
    ContentGone,
    /// There is no such letter.
    Unknown,
    /// Letters were put back.
    Redriven(Redriven),
    /// So many were decided about, and so many were not to be.
    Decided(u64, u64),
    /// Nothing was chosen.
    Nothing,
    /// It is held back.
    Paused,
    /// It goes on.
    Resumed,
}

impl Notice {
    /// What became of a wish for one letter.
    pub(super) fn of(changed: Option<&Changed>) -> Self {
        match changed {
            Some(Changed::Done(committed)) => Self::Done(committed.transition.next.status),
            Some(Changed::Not(status)) => Self::Late(*status),
            Some(Changed::ContentGone) => Self::ContentGone,
            Some(Changed::Unknown) | None => Self::Unknown,
        }
    }

    /// In one word, for the address.
    pub(super) fn word(self) -> String {
        match self {
            Self::Done(status) => format!("done.{status}"),
            Self::Late(status) => format!("late.{status}"),
            Self::ContentGone => "gone".to_owned(),
            Self::Unknown => "unknown".to_owned(),
            Self::Redriven(Redriven { back, content_gone, left, more }) => {
                format!("redriven.{back}.{content_gone}.{left}.{}", u8::from(more))
            }
            Self::Decided(done, left) => format!("decided.{done}.{left}"),
            Self::Nothing => "nothing".to_owned(),
            Self::Paused => "paused".to_owned(),
            Self::Resumed => "resumed".to_owned(),
        }
    }

    /// What a word says; `None` for any other.
    pub(super) fn parse(word: &str) -> Option<Self> {
        let mut parts = word.split('.');
        let kind = parts.next()?;
        let status = |text: Option<&str>| Status::parse(text?);
        let mut number = || parts.next()?.parse::<u64>().ok();
        Some(match kind {
            "done" => Self::Done(status(parts.next())?),
            "late" => Self::Late(status(parts.next())?),
            "gone" => Self::ContentGone,
            "unknown" => Self::Unknown,
            "redriven" => {
                let mut count = || number().and_then(|count| usize::try_from(count).ok());
                let (back, content_gone, left) = (count()?, count()?, count()?);
                Self::Redriven(Redriven { back, content_gone, left, more: count()? > 0 })
            }
            "decided" => Self::Decided(number()?, number()?),
            "nothing" => Self::Nothing,
            "paused" => Self::Paused,
            "resumed" => Self::Resumed,
            _ => return None,
        })
    }

    /// Whether what was wanted was done.
    pub(super) fn is_good(self) -> bool {
        match self {
            Self::Done(_) | Self::Paused | Self::Resumed => true,
            Self::Redriven(redriven) => redriven.back > 0 && redriven.content_gone + redriven.left == 0,
            Self::Decided(done, left) => done > 0 && left == 0,
            Self::Late(_) | Self::ContentGone | Self::Unknown | Self::Nothing => false,
        }
    }

    /// For people.
    pub(super) fn sentence(self) -> String {
        match self {
            Self::Done(status) => format!("Done: it is {} now.", said(status)),
            Self::Late(status) => format!("Nothing was changed: it is {} meanwhile.", said(status)),
            Self::ContentGone => {
                "Nothing was changed: its content is past its retention, so it cannot be sent again. Hand in a new letter."
                    .to_owned()
            }
            Self::Unknown => "Nothing was changed: there is no such letter here.".to_owned(),
            Self::Redriven(redriven) => put_back(redriven),
            Self::Decided(done, 0) => format!("Done for {}.", letters(done)),
            Self::Decided(done, left) => format!(
                "Done for {}; {} had changed meanwhile and {} left as they are.",
                letters(done),
                letters(left),
                if left == 1 { "was" } else { "were" }
            ),
            Self::Nothing => "Nothing was chosen: tick at least one letter.".to_owned(),
            Self::Paused => "It is paused: letters are taken in as always, and wait.".to_owned(),
            Self::Resumed => "It goes on.".to_owned(),
        }
    }
}

fn put_back(redriven: Redriven) -> String {
    let number = |count: usize| letters(u64::try_from(count).unwrap_or(u64::MAX));
    let mut text = format!("{} put back, each with its whole budget.", number(redriven.back));
    if redriven.content_gone > 0 {
        let _ = write!(text, " {} cannot be sent any more: content past its retention.", number(redriven.content_gone));
    }
    if redriven.left > 0 {
        let _ = write!(text, " {} had changed meanwhile.", number(redriven.left));
    }
    if redriven.more {
        text.push_str(" There are more: do it again.");
    }
    text
}

fn said(status: Status) -> String {
    status.as_str().replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notice_reads_back_as_it_is_written() {
        let redriven = Redriven { back: 3, content_gone: 1, left: 2, more: true };
        let mut all = vec![
            Notice::ContentGone,
            Notice::Unknown,
            Notice::Redriven(redriven),
            Notice::Redriven(Redriven::default()),
            Notice::Decided(3, 1),
            Notice::Nothing,
            Notice::Paused,
            Notice::Resumed,
        ];
        all.extend(Status::ALL.into_iter().flat_map(|status| [Notice::Done(status), Notice::Late(status)]));
        for notice in all {
            assert_eq!(Notice::parse(&notice.word()), Some(notice));
            assert!(notice.sentence().ends_with('.'));
        }
    }

    #[test]
    fn nothing_else_is_a_notice() {
        for word in
            ["", "done", "done.", "done.<b>", "late.odd", "redriven.1", "redriven.a.b.c.d", "call us", "decided.1.-1"]
        {
            assert_eq!(Notice::parse(word), None, "{word}");
        }
    }
}
