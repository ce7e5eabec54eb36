//! Attachments that are named by flags.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postroom_domain::attachment::{ATTACHMENT_COUNT_LIMIT, ATTACHMENT_SIZE_LIMIT};
use postroom_domain::invalid::Invalid;
use serde_json::{Value, json};

/// What a file is called whose ending says nothing.
const UNKNOWN: &str = "application/octet-stream";

/// The field `attachments` of a letter with these files: first those beside it, then those inside its HTML, each as
/// `CID=PATH`. Behind either, `;type=TYPE` says what the ending of the name does not.
///
/// # Errors
/// Names the flag and the file that cannot be attached.
pub(super) fn read(attach: &[String], inline: &[String]) -> Result<Value, Invalid> {
    let beside = attach.iter().map(|text| one("--attach", text, None));
    let inside = inline.iter().map(|text| match text.split_once('=') {
        Some((id, file)) => one("--inline", file, Some(id)),
        None => Err(Invalid::new("--inline", "must be CID=PATH; the HTML shows it as <img src=\"cid:CID\">")),
    });
    // One too many is enough to be refused, without reading the rest.
    beside.chain(inside).take(ATTACHMENT_COUNT_LIMIT + 1).collect()
}

fn one(flag: &str, text: &str, content_id: Option<&str>) -> Result<Value, Invalid> {
    let (path, given) = text.rsplit_once(";type=").map_or((text, None), |(path, kind)| (path, Some(kind)));
    let path = Path::new(path);
    let guessed = mime_guess::from_path(path).first_raw();
    // What a mail or a part of one would be read as is for people to say.
    let guessed = guessed.filter(|kind| !kind.starts_with("message/") && !kind.starts_with("multipart/"));
    let content = STANDARD.encode(bytes(flag, path)?);
    Ok(json!({
        "filename": path.file_name().and_then(|name| name.to_str()),
        "content_type": given.or(guessed).unwrap_or(UNKNOWN),
        "content_id": content_id,
        "content": content,
    }))
}

/// The file, unless it is too large to be one: found out before it is read.
fn bytes(flag: &str, path: &Path) -> Result<Vec<u8>, Invalid> {
    let refuse = |reason: &str| Invalid::new(flag, format!("'{}' {reason}", path.display()));
    let unreadable = |error: std::io::Error| refuse(&format!("cannot be read: {}", error.kind()));
    let too_large = |size: u64| {
        refuse(&format!("is {size} bytes; at most {ATTACHMENT_SIZE_LIMIT} are accepted: send a link instead"))
    };
    let about = fs::metadata(path).map_err(unreadable)?;
    if about.is_dir() {
        return Err(refuse("is a folder; name a file in it"));
    }
    let limit = u64::try_from(ATTACHMENT_SIZE_LIMIT).unwrap_or(u64::MAX);
    if about.len() > limit {
        return Err(too_large(about.len()));
    }
    // It may grow meanwhile, or be no file at all.
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > ATTACHMENT_SIZE_LIMIT {
        return Err(refuse(&format!(
            "is over {ATTACHMENT_SIZE_LIMIT} bytes, the most that is accepted: send a link instead"
        )));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attach(text: &str) -> Result<Value, Invalid> {
        read(&[text.to_owned()], &[])
    }

    #[test]
    fn the_type_is_the_ending_s_unless_it_is_given() {
        let folder = tempfile::tempdir().unwrap();
        for (name, suffix, kind) in [
            ("Rechnung März.pdf", "", "application/pdf"),
            ("a;b.PNG", "", "image/png"),
            ("notes", "", UNKNOWN),
            ("mail.eml", "", UNKNOWN),
            ("data.bin", ";type=text/csv", "text/csv"),
            ("odd;type=x.txt", ";type=text/plain", "text/plain"),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, b"a").unwrap();
            let read = attach(&format!("{}{suffix}", path.display())).unwrap();
            assert_eq!((&read[0]["filename"], &read[0]["content_type"]), (&json!(name), &json!(kind)), "{name}");
            assert_eq!(read[0]["content"], "YQ==");
        }
    }

    #[test]
    fn what_cannot_be_attached_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let large = folder.path().join("large.bin");
        File::create(&large).unwrap().set_len(7_000_001).unwrap();
        let missing = folder.path().join("missing.pdf").display().to_string();
        let refused = |text: &str| attach(text).unwrap_err();
        assert_eq!(refused(&missing).reason, format!("'{missing}' cannot be read: entity not found"));
        assert!(refused(&folder.path().display().to_string()).reason.ends_with("is a folder; name a file in it"));
        assert!(refused(&large.display().to_string()).reason.contains("is 7000001 bytes"));
        assert!(refused("/dev/zero").reason.contains("is over 7000000 bytes"));
        assert_eq!(read(&[], &["logo.png".to_owned()]).unwrap_err().field, "--inline");
    }
}
