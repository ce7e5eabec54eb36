//! A writer that stops: fuel bounds the work of a template, this bounds what it makes.

use std::io;

/// The largest part that is rendered, in bytes: a letter of words stays far below it, and
/// Gmail already clips at 102 kB.
pub(crate) const MAX_PART: usize = 512 * 1024;

/// Takes up to [`MAX_PART`] bytes and refuses the write that would pass it.
#[derive(Debug, Default)]
pub(crate) struct Bounded(Vec<u8>);

impl Bounded {
    /// What was written.
    pub(crate) fn into_text(self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_PART {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
