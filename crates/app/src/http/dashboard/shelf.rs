//! Letters that were rendered for somebody who is looking at them, for the frame that shows them a moment later.
//!
//! They are in no address, so that nobody's proxy keeps them in its log, and in no store.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::system::random;

/// How many are kept: the oldest goes first.
const ROOM: usize = 64;
/// How many bytes they may have together.
const BYTES: usize = 16_000_000;

/// A few rendered letters, by numbers that nobody can guess.
#[derive(Default)]
pub(super) struct Shelf(Mutex<VecDeque<(u128, String)>>);

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shelf(…)")
    }
}

impl Shelf {
    /// Keeps one for a while, and says under which number.
    pub(super) fn put(&self, html: String) -> String {
        let number = u128::from_be_bytes(random());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((number, html));
        while kept.len() > ROOM || (kept.len() > 1 && kept.iter().map(|(_, html)| html.len()).sum::<usize>() > BYTES) {
            kept.pop_front();
        }
        format!("{number:032x}")
    }

    /// The one of this number, if it is still there.
    pub(super) fn get(&self, number: &str) -> Option<String> {
        let number = u128::from_str_radix(number, 16).ok()?;
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(known, _)| *known == number).map(|(_, html)| html.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_make_room() {
        let shelf = Shelf::default();
        let numbers: Vec<String> = (0..=ROOM).map(|place| shelf.put(place.to_string())).collect();
        assert_eq!(shelf.get(&numbers[0]), None);
        assert_eq!(shelf.get(&numbers[1]).as_deref(), Some("1"));
        let large = shelf.put("x".repeat(BYTES + 1));
        assert_eq!(shelf.get(&numbers[ROOM]), None);
        assert!(shelf.get(&large).is_some());
        assert_eq!(shelf.get("no number"), None);
    }
}
