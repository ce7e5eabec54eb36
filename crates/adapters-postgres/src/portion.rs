//! Long lists in portions that one statement can carry.

/// How many items one statement takes.
const ITEMS: usize = 500;
/// How many bytes of files and messages one statement takes, more only for one item alone. PostgreSQL would take 256 MB
/// in one JSON value and 1 GB in one message; a portion stands in memory several times, here and there.
const BYTES: usize = 16_000_000;

/// Splits a list, in its order, by number and by size.
pub(crate) fn portions<T>(items: &[T], size: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut portions = Vec::new();
    let (mut start, mut bytes) = (0, 0_usize);
    for (place, item) in items.iter().enumerate() {
        let more = size(item);
        if place > start && (place - start == ITEMS || bytes.saturating_add(more) > BYTES) {
            portions.push(&items[start..place]);
            (start, bytes) = (place, 0);
        }
        bytes = bytes.saturating_add(more);
    }
    if start < items.len() {
        portions.push(&items[start..]);
    }
    portions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(items: &[usize]) -> Vec<usize> {
        let portions = portions(items, |bytes| *bytes);
        assert_eq!(portions.concat(), items, "nothing is lost, and the order stays");
        portions.into_iter().map(<[usize]>::len).collect()
    }

    #[test]
    fn a_portion_is_bounded_by_number_and_by_size() {
        assert_eq!(sizes(&[]), [0_usize; 0]);
        assert_eq!(sizes(&[0; ITEMS]), [ITEMS]);
        assert_eq!(sizes(&[0; 2 * ITEMS + 1]), [ITEMS, ITEMS, 1]);
        assert_eq!(sizes(&[BYTES / 2, BYTES / 2, 1, BYTES]), [2, 1, 1]);
        assert_eq!(sizes(&[BYTES + 1, usize::MAX, 0]), [1, 1, 1], "one item may be larger, and goes alone");
    }
}
