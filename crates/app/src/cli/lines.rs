//! Lines from a file or a pipe, bounded, numbered, as bytes.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// The longest line that is read, in bytes: a letter with all its fields at their limits fits, its attachments in
/// Base64 among them.
pub(super) const LINE_LIMIT: usize = 15_000_000;
/// How many bytes of lines lie in memory at once, read and not yet looked at.
const BUDGET: usize = 16_000_000;

/// One line of input. It takes its share of memory until it is dropped.
#[derive(Debug)]
pub(super) struct Line {
    /// Its place in the file, from 1 on.
    pub(super) number: u64,
    /// What is in it.
    pub(super) content: Content,
    _share: Option<OwnedSemaphorePermit>,
}

/// What is in a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Its bytes, without the line end.
    Text(Vec<u8>),
    /// It is longer than [`LINE_LIMIT`]; this many bytes were passed over.
    TooLong(u64),
    /// Reading failed here.
    Broken(std::io::ErrorKind),
}

impl Content {
    /// How many bytes of the input it was.
    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Text(text) => u64::try_from(text.len()).unwrap_or(u64::MAX).saturating_add(1),
            Self::TooLong(size) => *size,
            Self::Broken(_) => 0,
        }
    }

    const fn held(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::TooLong(_) | Self::Broken(_) => 0,
        }
    }
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
/// came so far is handed in. Blank lines are passed over. Called within the runtime.
#[must_use]
pub(super) fn read(input: Box<dyn Read + Send>) -> mpsc::Receiver<Line> {
    let (sender, receiver) = mpsc::channel(256);
    let (budget, runtime) = (Arc::new(Semaphore::new(BUDGET)), Handle::current());
    std::thread::spawn(move || {
        let mut input = BufReader::new(input);
        let mut number = 0;
        loop {
            number += 1;
            let content = match next(&mut input) {
                Ok(None) => return,
                Ok(Some(Content::Text(text))) if text.iter().all(u8::is_ascii_whitespace) => continue,
                Ok(Some(content)) => content,
                Err(error) => Content::Broken(error.kind()),
            };
            let last = matches!(content, Content::Broken(_));
            let share = u32::try_from(content.held()).unwrap_or(u32::MAX);
            // The budget is never closed, and no line is larger than it.
            let share = runtime.block_on(Arc::clone(&budget).acquire_many_owned(share)).ok();
            if sender.blocking_send(Line { number, content, _share: share }).is_err() || last {
                return;
            }
        }
    });
    receiver
}

fn next(input: &mut impl BufRead) -> std::io::Result<Option<Content>> {
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
        return Ok(Some(Content::Text(text)));
    }
    if text.len() <= LINE_LIMIT {
        return Ok(Some(Content::Text(text)));
    }
    let passed = u64::try_from(text.len()).unwrap_or(u64::MAX).saturating_add(pass_over(input)?);
    Ok(Some(Content::TooLong(passed)))
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

    async fn lines(text: Vec<u8>) -> Vec<(u64, Content)> {
        let mut receiver = read(Box::new(std::io::Cursor::new(text)));
        let mut lines = Vec::new();
        while let Some(line) = receiver.recv().await {
            lines.push((line.number, line.content));
        }
        lines
    }

    #[tokio::test]
    async fn lines_are_numbered_and_blank_ones_passed_over() {
        let read = lines(b"a\r\n\n \nb".to_vec()).await;
        assert_eq!(read, [(1, Content::Text(b"a".to_vec())), (4, Content::Text(b"b".to_vec()))]);
    }

    #[tokio::test]
    async fn a_line_past_the_limit_is_passed_over_and_the_next_one_read() {
        let mut text = vec![b'x'; 2 * LINE_LIMIT];
        text.extend_from_slice(b"\nok\n");
        let read = lines(text).await;
        assert!(matches!(read[0], (1, Content::TooLong(size)) if size > 30_000_000));
        assert_eq!(read[1], (2, Content::Text(b"ok".to_vec())));
    }

    #[tokio::test]
    async fn no_more_than_the_budget_is_read_ahead() {
        let line = |byte| [vec![byte; LINE_LIMIT / 2], vec![b'\n']].concat();
        let mut receiver = read(Box::new(std::io::Cursor::new([line(b'a'), line(b'b'), line(b'c')].concat())));
        let (first, second) = (receiver.recv().await.unwrap(), receiver.recv().await.unwrap());
        // The third waits for room, which only a line that was looked at makes.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        assert!(receiver.try_recv().is_err());
        drop(first);
        assert_eq!(receiver.recv().await.unwrap().number, 3);
        drop(second);
    }
}
