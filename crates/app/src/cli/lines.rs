//! Lines from a file or a pipe, bounded, numbered, as bytes.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use tokio::sync::mpsc;

/// The longest line that is read: a letter with all its fields at their limits fits.
pub(super) const LINE_LIMIT: usize = 1_048_576;

/// One line of input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Its bytes, without the line end.
    Text(u64, Vec<u8>),
    /// It is longer than [`LINE_LIMIT`]; this many bytes were passed over.
    TooLong(u64, u64),
    /// Reading failed here.
    Broken(u64, std::io::ErrorKind),
}

/// Opens `path`, or standard input for `-`.
///
/// # Errors
/// The file cannot be opened.
pub(super) fn open(path: &Path) -> std::io::Result<(Box<dyn Read + Send>, Option<u64>)> {
    if path == Path::new("-") {
        return Ok((Box::new(std::io::stdin()), None));
    }
    let file = std::fs::File::open(path)?;
    let size = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|data| data.len());
    Ok((Box::new(file), size))
}

/// Reads lines on a thread of its own, so that a pipe that stands still holds up nobody: what
/// came so far is handed in. Blank lines are passed over.
#[must_use]
pub(super) fn read(input: Box<dyn Read + Send>) -> mpsc::Receiver<Line> {
    let (sender, receiver) = mpsc::channel(256);
    std::thread::spawn(move || {
        let mut input = BufReader::new(input);
        let mut number = 0;
        loop {
            number += 1;
            let line = match next(&mut input, number) {
                Ok(None) => return,
                Ok(Some(Line::Text(_, text))) if text.iter().all(u8::is_ascii_whitespace) => continue,
                Ok(Some(line)) => line,
                Err(error) => Line::Broken(number, error.kind()),
            };
            let last = matches!(line, Line::Broken(..));
            if sender.blocking_send(line).is_err() || last {
                return;
            }
        }
    });
    receiver
}

fn next(input: &mut impl BufRead, number: u64) -> std::io::Result<Option<Line>> {
    let mut text = Vec::new();
    let limit = u64::try_from(LINE_LIMIT).unwrap_or(u64::MAX).saturating_add(1);
    input.by_ref().take(limit).read_until(b'\n', &mut text)?;
    if text.is_empty() {
        return Ok(None);
    }
    if text.last() == Some(&b'\n') {
        text.pop();
        if text.last() == Some(&b'\r') {
            text.pop();
        }
        return Ok(Some(Line::Text(number, text)));
    }
    if text.len() <= LINE_LIMIT {
        return Ok(Some(Line::Text(number, text)));
    }
    let passed = u64::try_from(text.len()).unwrap_or(u64::MAX).saturating_add(pass_over(input)?);
    Ok(Some(Line::TooLong(number, passed)))
}

/// Skips to the end of the line without keeping it.
fn pass_over(input: &mut impl BufRead) -> std::io::Result<u64> {
    let mut passed: u64 = 0;
    loop {
        let chunk = input.fill_buf()?;
        if chunk.is_empty() {
            return Ok(passed);
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(chunk.len(), |at| at + 1);
        passed = passed.saturating_add(u64::try_from(used).unwrap_or(u64::MAX));
        input.consume(used);
        if end.is_some() {
            return Ok(passed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: Vec<u8>) -> Vec<Line> {
        let mut receiver = read(Box::new(std::io::Cursor::new(text)));
        std::iter::from_fn(|| receiver.blocking_recv()).collect()
    }

    #[test]
    fn lines_are_numbered_and_blank_ones_passed_over() {
        let read = lines(b"a\r\n\n \nb".to_vec());
        assert_eq!(read, [Line::Text(1, b"a".to_vec()), Line::Text(4, b"b".to_vec())]);
    }

    #[test]
    fn a_line_of_ten_megabytes_is_passed_over_and_the_next_one_read() {
        let mut text = vec![b'x'; 10 * LINE_LIMIT];
        text.extend_from_slice(b"\nok\n");
        let read = lines(text);
        assert!(matches!(read[0], Line::TooLong(1, size) if size > 10_000_000));
        assert_eq!(read[1], Line::Text(2, b"ok".to_vec()));
    }
}
