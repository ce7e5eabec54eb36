//! Files beside a letter and images inside it, from every door to the reader.

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postroom_dev_inbox::{Act, Stage};
use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::attachment::{Attachment, Placement};
use postroom_domain::id::{DeliveryId, TemplateName, Workflow};
use postroom_domain::locale::Locale;
use postroom_ports::letter::{Letter, NewDelivery};
use postroom_ports::queue::Enqueued;
use postroom_tests::{Kind, Mailgun, ReceivedFile, Room, invitation, on_both_stores};
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};

on_both_stores![
    files_that_flags_name_arrive_as_they_are,
    files_in_json_lines_arrive_as_they_are,
    files_from_rust_arrive_as_they_are_with_the_callers_own_transaction,
    a_letter_that_goes_twice_carries_the_same_bytes,
    what_no_file_may_be_called_is_refused_by_flags,
    what_no_file_may_be_called_is_refused_in_lines,
    what_is_no_file_is_refused_before_anything_is_stored,
    the_largest_letter_goes_through_and_one_byte_more_does_not,
    by_mailgun_the_same_bytes_travel_as_by_smtp,
    a_sender_that_cannot_carry_attachments_says_so,
];

const READER: &str = "reader@example.org";
const PDF: &str = "Rechnung März 🎉.pdf";
const COUNT: &str = "SELECT count(*) FROM attachments";
/// What no file may be called: paths, lines of a header, and what reads otherwise than it is.
const HOSTILE: [&str; 5] =
    ["../../etc/passwd", "..\\evil.exe", "a.pdf\r\nBcc: victim@example.org", "\u{202E}gpj.exe", ".profile"];

/// Bytes that are no text.
fn bytes() -> Vec<u8> {
    (0..=u8::MAX).cycle().take(100_000).collect()
}

fn received(filename: &str, content_type: &str, content_id: Option<&str>, bytes: Vec<u8>) -> ReceivedFile {
    let content_id = content_id.map(str::to_owned);
    ReceivedFile { filename: filename.to_owned(), content_type: content_type.to_owned(), content_id, bytes }
}

/// What a reader must find: the image first, which lies inside the HTML.
fn expected() -> [ReceivedFile; 2] {
    [
        received("logo.png", "image/png", Some("logo"), b"\x89PNG\r\n\x1a\n".to_vec()),
        received(PDF, "application/pdf", None, bytes()),
    ]
}

fn attachments() -> Value {
    json!([
        {"filename": PDF, "content_type": "application/pdf", "content": STANDARD.encode(bytes())},
        {"filename": "logo.png", "content_type": "image/png", "content": "iVBORw0KGgo=", "content_id": "logo"},
    ])
}

fn with_attachments() -> Value {
    let mut letter = invitation(READER);
    letter["attachments"] = attachments();
    letter
}

/// The words of an invitation by flags.
fn flags<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let usual = "enqueue --workflow invite --template invitation --to reader@example.org --set inviter_name=Robin \
                 --set organization_name=Example --set role=editor --set accept_url=https://app.example.org/accept";
    usual.split(' ').chain(more.iter().copied()).collect()
}

/// One letter is there, with exactly these files, and nothing of them is stored twice.
async fn arrives(room: &Room) -> Result<()> {
    assert_eq!(room.store.number(COUNT).await?, 2);
    assert_eq!(room.delivered().await?, [READER]);
    let letters = room.received()?;
    ensure!(letters[0].files == expected(), "other files arrived");
    assert_eq!(room.store.number(COUNT).await?, 0, "the frozen letter holds them");
    Ok(())
}

async fn files_that_flags_name_arrive_as_they_are(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let pdf = room.postroom.write(PDF, &bytes())?;
    let logo = format!("logo={}", room.postroom.write("logo.png", b"\x89PNG\r\n\x1a\n")?);
    let done =
        room.postroom.run(&flags(&["--attach", &pdf, "--inline", &logo, "--locale", "de_AT"])).await?.expect(0)?;
    let locale = "SELECT p.locale FROM payloads p JOIN deliveries d ON d.seq = p.seq WHERE d.delivery_id = $1";
    assert_eq!(room.store.text(locale, done.line()?).await?.as_deref(), Some("de-at"));
    arrives(&room).await
}

async fn files_in_json_lines_arrive_as_they_are(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    room.enqueue(&[with_attachments()]).await?;
    arrives(&room).await
}

async fn files_from_rust_arrive_as_they_are_with_the_callers_own_transaction(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let new = |id: &str| -> Result<NewDelivery> {
        let line = invitation(READER);
        let recipient = Mailbox::new(None, EmailAddress::parse(READER)?)?;
        let data = line["data"].as_object().context("an object")?.clone();
        let mut letter = Letter::new(Workflow::parse("invite")?, TemplateName::parse("invitation")?, recipient, data);
        letter.locale = Some(Locale::parse("de")?);
        let attachments = vec![
            Attachment::new(PDF, "application/pdf", Placement::Beside, bytes())?,
            Attachment::new(
                "logo.png",
                "image/png",
                Placement::Inline("logo".to_owned()),
                b"\x89PNG\r\n\x1a\n".to_vec(),
            )?,
        ];
        Ok(NewDelivery { attachments, ..NewDelivery::now(DeliveryId::parse(id)?, letter) })
    };
    let (kept, dropped) = ([new("kept")?], [new("dropped")?]);
    let answers = match kind {
        Kind::Postgres => {
            use postroom_adapters_postgres::enqueue_in;
            let mut connection = PgConnection::connect(&room.store.url()).await?;
            let mut transaction = connection.begin().await?;
            enqueue_in(&mut transaction, &dropped).await?;
            transaction.rollback().await?;
            let mut transaction = connection.begin().await?;
            let answers = enqueue_in(&mut transaction, &kept).await?;
            transaction.commit().await?;
            answers
        }
        Kind::Sqlite => {
            use postroom_adapters_sqlite::enqueue::enqueue_in;
            let mut connection = SqliteConnection::connect(&room.store.url()).await?;
            let mut transaction = connection.begin().await?;
            enqueue_in(&mut transaction, &dropped).await?;
            transaction.rollback().await?;
            let mut transaction = connection.begin().await?;
            let answers = enqueue_in(&mut transaction, &kept).await?;
            transaction.commit().await?;
            answers
        }
    };
    assert!(matches!(answers[..], [Enqueued::New(_)]));
    arrives(&room).await
}

/// The mail server takes the letter and its answer is lost: by policy it goes once more, as it was.
async fn a_letter_that_goes_twice_carries_the_same_bytes(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    room.inbox.script().for_recipient(READER, Stage::Body, [Act::AcceptThenClose]);
    let ids = room.enqueue(&[with_attachments()]).await?;
    let mut worker = room.worker().await?;
    room.becomes(&ids[0], "sent").await?;
    worker.finish().await?.expect(0)?;
    let letters = room.inbox.letters();
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0].bytes, letters[1].bytes);
    ensure!(room.received()?[1].files == expected(), "other files arrived");
    assert_eq!(room.store.number(COUNT).await?, 0);
    Ok(())
}

async fn nothing_is_stored(room: &Room) -> Result<()> {
    let traces = room.store.traces().await?;
    ensure!(traces.is_empty(), "something was stored in {traces:?}");
    Ok(())
}

async fn what_no_file_may_be_called_is_refused_by_flags(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    // A path may lead anywhere, and its last part is the name: only names that a file can have.
    for name in HOSTILE.into_iter().filter(|name| !name.contains('/')) {
        let path = room.postroom.write(name, b"x")?;
        let done = room.postroom.run(&flags(&["--attach", &path])).await?.expect(2)?;
        ensure!(done.stderr.contains("attachments[0].filename: "), "{name:?}: {}", done.stderr);
    }
    nothing_is_stored(&room).await
}

async fn what_no_file_may_be_called_is_refused_in_lines(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    for name in HOSTILE {
        let mut letter = with_attachments();
        letter["attachments"][1]["filename"] = name.into();
        let done = room.postroom.feed(&["enqueue", "--file", "-"], letter.to_string().as_bytes()).await?.expect(1)?;
        ensure!(done.stderr.contains("line 1: attachments[1].filename: "), "{name:?}: {}", done.stderr);
        ensure!(!done.stderr.contains("victim"), "the value was repeated");
    }
    nothing_is_stored(&room).await
}

async fn what_is_no_file_is_refused_before_anything_is_stored(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let home = room.postroom.home().display().to_string();
    std::fs::File::create(room.postroom.home().join("large.bin"))?.set_len(7_000_001)?;
    for (file, reason) in [
        ("missing.pdf".to_owned(), "'missing.pdf' cannot be read: entity not found"),
        (home, "is a folder; name a file in it"),
        ("large.bin".to_owned(), "'large.bin' is 7000001 bytes; at most 7000000 are accepted"),
        ("/dev/zero".to_owned(), "'/dev/zero' is over 7000000 bytes"),
    ] {
        let done = room.postroom.run(&flags(&["--attach", &file])).await?.expect(2)?;
        ensure!(done.stderr.contains("--attach: ") && done.stderr.contains(reason), "{reason}: {}", done.stderr);
        ensure!(done.stdout.is_empty(), "an id was printed");
    }
    nothing_is_stored(&room).await
}

async fn the_largest_letter_goes_through_and_one_byte_more_does_not(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let with_sizes = |sizes: [usize; 2]| {
        let files = sizes.map(
            |size| json!({"filename": "a.bin", "content_type": "a/b", "content": STANDARD.encode(vec![b'x'; size])}),
        );
        let mut letter = invitation(READER);
        letter["attachments"] = files.into_iter().collect();
        letter
    };
    let over = with_sizes([3_500_000, 3_500_001]).to_string();
    let done = room.postroom.feed(&["enqueue", "--file", "-"], over.as_bytes()).await?.expect(1)?;
    ensure!(done.stderr.contains("line 1: attachments: are 7000001 bytes"), "{}", done.stderr);
    nothing_is_stored(&room).await?;
    room.enqueue(&[with_sizes([3_500_000, 3_500_000]), with_sizes([7_000_000, 0])]).await?;
    assert_eq!(room.delivered().await?, [READER, READER]);
    let sizes: Vec<usize> =
        room.received()?.iter().map(|letter| letter.files.iter().map(|file| file.bytes.len()).sum()).collect();
    assert_eq!(sizes, [7_000_000, 7_000_000]);
    Ok(())
}

fn by_mailgun(room: &Room) -> postroom_tests::Postroom {
    let postroom = room.postroom.clone().with("SMTP_HOST", "").with("SMTP_PORT", "").with("SMTP_FROM_ADDRESS", "");
    let postroom = postroom.with("MAILGUN_API_KEY", "key").with("MAILGUN_DOMAIN", "mg.example.org");
    postroom.with("MAILGUN_FROM_EMAIL", "post@example.org")
}

async fn by_mailgun_the_same_bytes_travel_as_by_smtp(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.configured("[workflows.invite]\nmax_attempts = 1000\n")?;
    let mailgun = Mailgun::start().await?;
    room.inbox.script().next(Stage::Body, Act::AcceptThenClose);
    let ids = room.enqueue(&[with_attachments()]).await?;
    let mut first = room.worker().await?;
    room.inbox.wait_for(1, std::time::Duration::from_mins(1)).await?;
    room.inbox.script().always(Stage::Mail, Act::out_of_order());
    room.comes_to(&ids[0], "SMTP_451").await?;
    first.finish().await?.expect(0)?;
    let mut second = by_mailgun(&room).with("MAILGUN_API_URL", mailgun.url()).worker(&[]).await?;
    room.becomes(&ids[0], "sent").await?;
    second.finish().await?.expect(0)?;
    ensure!(mailgun.letters() == [room.inbox.letters()[0].bytes.clone()], "other bytes went by Mailgun");
    Ok(())
}

/// It is found out before anything is connected: no server stands at the address of this region.
async fn a_sender_that_cannot_carry_attachments_says_so(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let ids = room.enqueue(&[with_attachments()]).await?;
    let mut worker = by_mailgun(&room).with("MAILGUN_CLIENT", "sdk").worker(&[]).await?;
    let document = room.becomes(&ids[0], "failed").await?;
    worker.finish().await?.expect(0)?;
    assert_eq!(document["last_error_code"], "SDK_CANNOT_CARRY");
    let said = document["last_error_message"].as_str().unwrap_or_default();
    assert!(said.contains("it has attachments; use the other client"), "{said}");
    Ok(())
}

#[tokio::test]
async fn files_from_plain_sql_arrive_as_they_are() -> Result<()> {
    let room = Room::open(Kind::Postgres).await?;
    let mut connection = PgConnection::connect(&room.store.url()).await?;
    // As psql or a trigger of the application would: bytes from a table, encoded by the database itself.
    connection.execute("CREATE TABLE invoices (name text, pdf bytea)").await?;
    sqlx::query("INSERT INTO invoices VALUES ($1, $2)").bind(PDF).bind(bytes()).execute(&mut connection).await?;
    let sql = "SELECT email.enqueue(workflow => 'invite', template => 'invitation', recipient => $1, data => $2,
        locale => 'de', attachments => jsonb_build_array(
            jsonb_build_object('filename', name, 'content_type', 'application/pdf', 'content', encode(pdf, 'base64')),
            jsonb_build_object('filename', 'logo.png', 'content_type', 'image/png', 'content_id', 'logo',
                               'content', encode('\\x89504e470d0a1a0a', 'base64'))))
        FROM invoices";
    let data = invitation(READER)["data"].clone();
    sqlx::query(sql).bind(READER).bind(data).fetch_one(&mut connection).await?;
    arrives(&room).await
}

#[tokio::test]
async fn what_no_file_may_be_called_is_refused_in_sql() -> Result<()> {
    let room = Room::open(Kind::Postgres).await?;
    let mut connection = PgConnection::connect(&room.store.url()).await?;
    for name in HOSTILE {
        let files = json!([{"filename": name, "content_type": "text/plain", "content": "YQ=="}]);
        let sql = "SELECT email.enqueue('invite', 'invitation', 'reader@example.org', attachments => $1)";
        let refusal = sqlx::query(sql).bind(files).execute(&mut connection).await.err().context(name)?;
        let error = refusal.as_database_error().context("not the database's refusal")?;
        assert_eq!(error.code().as_deref(), Some("22023"), "{name:?}");
        assert!(error.message().starts_with("attachments[0].filename: "), "{name:?}: {}", error.message());
        assert!(!error.message().contains("victim"), "the value was repeated");
    }
    nothing_is_stored(&room).await
}
