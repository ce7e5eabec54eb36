//! Letters on disk, one `.eml` file each: the receiver's own history, which
//! outlives the process and can be held against what the sender believes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::letter::Captured;

/// Long enough to recognise somebody, short enough for every file system.
const NAME_LIMIT: usize = 40;

/// A folder of saved letters.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    folder: PathBuf,
}

impl Journal {
    /// Opens the folder, creating it if needed, and tells the number of the
    /// last letter in it, so that a second run never writes over the first.
    pub(crate) fn open(folder: &Path) -> io::Result<(Self, u64)> {
        fs::create_dir_all(folder)?;
        let mut last = 0;
        for entry in fs::read_dir(folder)? {
            last = last.max(number_of(&entry?.file_name().to_string_lossy()));
        }
        Ok((Self { folder: folder.to_owned() }, last))
    }

    /// Writes the letter and makes it durable. The file appears under its name
    /// when it is complete: a reader never meets half a letter.
    pub(crate) fn save(&self, letter: &Captured) -> io::Result<()> {
        let name = file_name(letter);
        let unfinished = self.folder.join(format!("{name}.part"));
        let mut file = File::create(&unfinished)?;
        file.write_all(&letter.bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.folder.join(name))?;
        sync_folder(&self.folder)
    }
}

/// A new name is durable only when its folder is.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere folders cannot be opened like files, and names are journalled.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

fn file_name(letter: &Captured) -> String {
    let recipient = letter.recipients.first().map_or("", String::as_str);
    let local = recipient.rsplit_once('@').map_or(recipient, |(local, _)| local);
    format!("{:04}-{}.eml", letter.sequence, sanitized(local))
}

fn sanitized(local: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_+.".contains(c) { c } else { '_' };
    local.chars().take(NAME_LIMIT).map(plain).collect()
}

fn number_of(name: &str) -> u64 {
    let number = name.split_once('-').map(|(number, _)| number);
    number.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{number_of, sanitized};

    #[test]
    fn a_file_name_cannot_leave_its_folder() {
        assert_eq!(sanitized("../../etc/x y"), ".._.._etc_x_y");
        assert_eq!(sanitized("ada+tag.l"), "ada+tag.l");
        assert_eq!(sanitized(&"ä".repeat(99)), "_".repeat(40));
    }

    #[test]
    fn numbers_are_read_back_and_strangers_ignored() {
        assert_eq!(number_of("0012-ada.eml"), 12);
        assert_eq!(number_of("12345-ada.eml.part"), 12345);
        assert_eq!(number_of("notes-1.txt"), 0);
        assert_eq!(number_of("README"), 0);
    }
}
