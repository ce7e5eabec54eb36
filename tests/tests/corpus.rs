//! Two hundred odd letters, composed and read again by two parsers that know nothing of each other or of us.

use anyhow::{Context, Result, ensure};
use mailparse::{DispositionType, MailHeaderMap, ParsedMail, addrparse_header, parse_mail};
use postroom_adapters_smtp::MimeComposer;
use postroom_domain::time::Timestamp;
use postroom_ports::composer::{Draft, MessageComposer};
use postroom_tests::corpus::{Composed, letter};
use postroom_tests::python;
use serde_json::{Value, json};

const LETTERS: u64 = 200;

/// Reads every letter of a folder with Python's own parser, which raises at the first defect, and
/// prints what it found.
const READ: &str = r#"
import email, email.header, email.policy, email.utils, json, pathlib, sys
policy = email.policy.default.clone(raise_on_defect=True)
def defects(part):
    found = [str(d) for d in part.defects]
    for value in part.values():
        found += [str(d) for d in getattr(value, "defects", [])]
    return found
seen = {}
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    mail = email.message_from_bytes(path.read_bytes(), policy=policy)
    assert not [d for part in mail.walk() for d in defects(part)], path.name
    text, html, files = None, None, []
    for part in mail.walk():
        if part.is_multipart():
            continue
        body = part.get_payload(decode=True)
        if part.get_content_disposition():
            files.append([part.get_content_disposition(), part.get_filename(), part.get_content_type(),
                          part["Content-ID"] and str(part["Content-ID"]), body.hex()])
        elif part.get_content_type() == "text/plain":
            text = body.decode()
        else:
            html = body.decode()
    def mailbox(name):
        one, = mail[name].addresses
        raw = email.message_from_bytes(path.read_bytes())[name]
        if raw.count("=?") < 2:
            return [one.display_name, one.addr_spec]
        # The strict parser keeps the space between the encoded words of a name, which RFC 2047, 6.2 has
        # dropped; Python's older reader drops it.
        words = email.header.decode_header(email.utils.parseaddr(raw)[0])
        return [str(email.header.make_header(words)), one.addr_spec]
    extras = [[k, str(v)] for k, v in mail.items() if k.startswith("X-")]
    seen[path.name] = {"from": mailbox("From"), "to": mailbox("To"), "subject": str(mail["Subject"]),
        "reply_to": mail["Reply-To"] and str(mail["Reply-To"]).strip("<>"), "extras": extras,
        "text": text, "html": html, "files": files}
print(json.dumps(seen))
"#;

fn composed(letter: &Composed) -> Result<Vec<u8>> {
    let draft = Draft {
        delivery_id: &letter.id,
        from: &letter.from,
        to: &letter.to,
        reply_to: letter.reply_to.as_ref(),
        subject: None,
        headers: &letter.headers,
        rendered: &letter.rendered,
        attachments: &letter.attachments,
        date: Timestamp::EPOCH,
    };
    Ok(MimeComposer::new("example.com")?.compose(draft)?.bytes)
}

/// What every reader must find.
fn wanted(letter: &Composed) -> Value {
    let mailbox = |mailbox: &postroom_domain::address::Mailbox| json!([mailbox.name(), mailbox.address().as_str()]);
    // Images come first: they lie deeper.
    let (inside, beside): (Vec<_>, Vec<_>) = letter.attachments.iter().partition(|file| file.content_id().is_some());
    let file = |file: &&postroom_domain::attachment::Attachment| {
        let disposition = if file.content_id().is_some() { "inline" } else { "attachment" };
        let id = file.content_id().map(|id| format!("<{id}>"));
        json!([disposition, file.filename(), file.content_type(), id, hex::encode(file.bytes())])
    };
    json!({
        "from": mailbox(&letter.from), "to": mailbox(&letter.to), "subject": letter.rendered.subject,
        "reply_to": letter.reply_to.as_ref().map(postroom_domain::address::EmailAddress::as_str),
        "extras": letter.headers.iter().map(|field| json!([field.name(), field.value()])).collect::<Vec<_>>(),
        "text": letter.rendered.text, "html": letter.rendered.html,
        "files": inside.iter().chain(&beside).map(file).collect::<Vec<_>>(),
    })
}

/// What mailparse finds.
fn found(bytes: &[u8]) -> Result<Value> {
    let mail = parse_mail(bytes)?;
    let mailbox = |name: &str| -> Result<Value> {
        let one = addrparse_header(mail.headers.get_first_header(name).context("no such header")?)?;
        let one = one.extract_single_info().context("not one mailbox")?;
        Ok(json!([one.display_name, one.addr]))
    };
    let leaves: Vec<&ParsedMail<'_>> = mail.parts().filter(|part| part.subparts.is_empty()).collect();
    let (files, bodies): (Vec<_>, Vec<_>) =
        leaves.into_iter().partition(|part| part.headers.get_first_value("Content-Disposition").is_some());
    let [text, html] = bodies.as_slice() else { anyhow::bail!("there are {} bodies", bodies.len()) };
    let file = |part: &&ParsedMail<'_>| -> Result<Value> {
        let shown = part.get_content_disposition();
        let disposition = if shown.disposition == DispositionType::Inline { "inline" } else { "attachment" };
        let id = part.headers.get_first_value("Content-ID");
        let bytes = hex::encode(part.get_body_raw()?);
        Ok(json!([disposition, shown.params.get("filename"), part.ctype.mimetype, id, bytes]))
    };
    let extras = mail.headers.iter().filter(|header| header.get_key().starts_with("X-"));
    Ok(json!({
        "from": mailbox("From")?, "to": mailbox("To")?, "subject": mail.headers.get_first_value("Subject"),
        "reply_to": mail.headers.get_first_value("Reply-To").map(|text| text.trim_matches(['<', '>']).to_owned()),
        "extras": extras.map(|header| json!([header.get_key(), header.get_value()])).collect::<Vec<_>>(),
        "text": text.get_body()?, "html": html.get_body()?,
        "files": files.iter().map(file).collect::<Result<Vec<_>>>()?,
    }))
}

fn check_lines(bytes: &[u8]) -> Result<()> {
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r\n").context("a line that does not end with CRLF")?;
        ensure!(line.len() <= 998 && !line.contains(&b'\r'), "a line of {} bytes, or with a CR in it", line.len());
    }
    Ok(())
}

#[tokio::test]
async fn two_strict_parsers_read_two_hundred_odd_letters_as_they_were_written() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut letters = Vec::new();
    for number in 0..LETTERS {
        let letter = letter(number)?;
        let bytes = composed(&letter)?;
        check_lines(&bytes).with_context(|| format!("letter {number}"))?;
        ensure!(composed(&letter)? == bytes, "letter {number}: composing twice gives equal bytes");
        std::fs::write(folder.path().join(number.to_string()), &bytes)?;
        letters.push((number, letter, bytes));
    }
    let read: Value = serde_json::from_str(&python(READ, &[&folder.path().to_string_lossy()]).await?)?;
    for (number, letter, bytes) in &letters {
        let wanted = wanted(letter);
        same(&found(bytes)?, &wanted).with_context(|| format!("letter {number} by mailparse"))?;
        same(&read[number.to_string()], &wanted).with_context(|| format!("letter {number} by Python"))?;
    }
    let files: usize = letters.iter().map(|(_, letter, _)| letter.attachments.len()).sum();
    ensure!(files > 200, "the corpus has files: {files}");
    Ok(())
}

fn same(found: &Value, wanted: &Value) -> Result<()> {
    for (field, value) in wanted.as_object().context("an object")? {
        ensure!(found[field] == *value, "{field}: {} instead of {value}", found[field]);
    }
    Ok(())
}
