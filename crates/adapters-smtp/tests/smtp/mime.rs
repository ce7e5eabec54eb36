//! What is composed, read back by somebody else's parser.

use mailparse::{MailHeaderMap, ParsedMail, addrparse_header, parse_mail};
use postroom_adapters_smtp::MimeComposer;
use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::attachment::{Attachment, Placement};
use postroom_domain::id::DeliveryId;
use postroom_domain::letter::{HeaderField, Subject};
use postroom_domain::time::Timestamp;
use postroom_ports::composer::{Draft, MessageComposer};
use postroom_ports::letter::FrozenLetter;
use postroom_ports::template::Rendered;
use proptest::prelude::*;

/// Names as people have them, and as attackers write them.
const NAMES: [&str; 20] = [
    "Ada",
    "O'Brien, Conan",
    "Jane \"JD\" Doe",
    "back\\slash\\",
    "Ünal Şahin",
    "山田 太郎",
    "محمد بن سلمان",
    "שרה כהן",
    "👩‍👩‍👧 Family",
    "e\u{301}combining",
    "a@example.org",
    "<a@example.org>",
    "Group: a@example.org;",
    "=?utf-8?Q?=0D=0ABcc=3A_x=40example=2Eorg?=",
    "=?utf-8?B?QmNj?= and more",
    "half an encoded word =?",
    "ünd =?utf-8?Q?a?= b",
    "(a comment)",
    "a name that goes on and on so that no header line of any mail server could ever hold all of it without a fold somewhere in between its many words",
    "longwordwithoutanyspaceatalllongwordwithoutanyspaceatalllongwordwithoutanyspaceatalllongwordwithoutanyspaceatall",
];

const BODIES: [&str; 5] = [
    "Hello\n",
    ".\n..\n.a\nFrom here\n",
    "Grüße, 山田 👋\ttab\n\n\n",
    "trailing space \nno line end",
    "--part_0123456789abcdef\n\nContent-Type: text/html\n\n<b>forged</b>\n",
];

struct Words {
    id: &'static str,
    from: Mailbox,
    to: Mailbox,
    rendered: Rendered,
    headers: Vec<HeaderField>,
    reply_to: Option<EmailAddress>,
    attachments: Vec<Attachment>,
}

fn words(name: &str, subject: &str, text: &str) -> Words {
    let address = |text: &str| EmailAddress::parse(text).unwrap();
    Words {
        id: "0193a5c0-1b2c-7d3e-8f4a-5b6c7d8e9f00",
        from: Mailbox::new(Some(name), address("post@example.com")).unwrap(),
        to: Mailbox::new(Some(name), address("o'brien+tag@example.org")).unwrap(),
        rendered: Rendered {
            subject: subject.to_owned(),
            html: format!("<p>{text}</p>"),
            text: text.to_owned(),
            version: "v1".to_owned(),
            locale: None,
        },
        headers: Vec::new(),
        reply_to: None,
        attachments: Vec::new(),
    }
}

fn composed(words: &Words) -> FrozenLetter {
    let id = DeliveryId::parse(words.id).unwrap();
    let draft = Draft {
        delivery_id: &id,
        from: &words.from,
        to: &words.to,
        reply_to: words.reply_to.as_ref(),
        subject: None,
        headers: &words.headers,
        rendered: &words.rendered,
        attachments: &words.attachments,
        date: Timestamp::from_micros(1_700_000_000_000_000),
    };
    MimeComposer::new("example.com").unwrap().compose(draft).unwrap()
}

/// The first header of that name, decoded.
fn value(mail: &ParsedMail<'_>, name: &str) -> String {
    mail.headers.get_first_value(name).unwrap()
}

/// The names and addresses in a header.
fn mailbox(mail: &ParsedMail<'_>, name: &str) -> (Option<String>, String) {
    let list = addrparse_header(mail.headers.get_first_header(name).unwrap()).unwrap();
    let one = list.extract_single_info().unwrap();
    (one.display_name, one.addr)
}

fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

/// No line is too long, none ends oddly, the bodies stay within 76 and all is 7-bit.
fn assert_lines(letter: &FrozenLetter) {
    assert!(letter.bytes.is_ascii());
    let text = String::from_utf8(letter.bytes.clone()).unwrap();
    let (header, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(header.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n', '\0'])));
    assert!(body.split("\r\n").all(|line| line.len() <= 78 && !line.contains(['\r', '\n', '\0'])), "{body}");
}

#[test]
fn a_hundred_odd_letters_are_read_as_they_were_written() {
    for name in NAMES {
        for body in BODIES {
            let words = words(name, name, body);
            let letter = composed(&words);
            assert_lines(&letter);
            let mail = parse_mail(&letter.bytes).unwrap();
            assert_eq!(value(&mail, "Subject"), name);
            assert_eq!(mailbox(&mail, "From"), (Some(name.to_owned()), "post@example.com".to_owned()));
            assert_eq!(mailbox(&mail, "To"), (Some(name.to_owned()), "o'brien+tag@example.org".to_owned()));
            assert_eq!(mail.ctype.mimetype, "multipart/alternative");
            let parts: Vec<_> = mail.subparts.iter().map(|part| &*part.ctype.mimetype).collect();
            assert_eq!(parts, ["text/plain", "text/html"]);
            assert_eq!(mail.subparts[0].get_body().unwrap().trim_end(), crlf(body).trim_end());
            assert_eq!(mail.subparts[1].get_body().unwrap().trim_end(), crlf(&format!("<p>{body}</p>")).trim_end());
            assert!(mail.headers.get_first_value("Bcc").is_none());
        }
    }
}

#[test]
fn composing_twice_gives_equal_bytes_and_another_letter_other_ones() {
    let words = words("Ada", "Hello", "Hello\n");
    assert!(composed(&words) == composed(&words));
    let other = composed(&Words { id: "another", ..self::words("Ada", "Hello", "Hello\n") });
    assert_ne!(other.message_id, composed(&words).message_id);
    assert_ne!(boundary(&other), boundary(&composed(&words)));
}

#[test]
fn knowing_a_letters_boundary_is_of_no_use_to_whoever_writes_into_it() {
    let known = boundary(&composed(&words("Ada", "Hello", "Hello\n")));
    let forged = composed(&words("Ada", "Hello", &format!("Hello\n--{known}\n\nanother part\n--{known}--\n")));
    assert_ne!(boundary(&forged), known);
    assert_eq!(parse_mail(&forged.bytes).unwrap().subparts.len(), 2);
}

fn boundary(letter: &FrozenLetter) -> String {
    parse_mail(&letter.bytes).unwrap().ctype.params["boundary"].clone()
}

#[test]
fn the_header_says_who_when_and_that_a_machine_wrote() {
    let mut words = words("Ada", "Hello", "Hello\n");
    words.reply_to = Some(EmailAddress::parse("answers@example.com").unwrap());
    let letter = composed(&words);
    let mail = parse_mail(&letter.bytes).unwrap();
    assert_eq!(value(&mail, "Date"), "Tue, 14 Nov 2023 22:13:20 +0000");
    assert_eq!(value(&mail, "Auto-Submitted"), "auto-generated");
    assert_eq!(value(&mail, "MIME-Version"), "1.0");
    assert_eq!(mailbox(&mail, "Reply-To"), (None, "answers@example.com".to_owned()));
    assert_eq!(letter.message_id, "0193a5c0-1b2c-7d3e-8f4a-5b6c7d8e9f00@example.com");
    assert_eq!(value(&mail, "Message-ID"), format!("<{}>", letter.message_id));
    assert_eq!((letter.subject.as_str(), letter.template_version.as_str()), ("Hello", "v1"));
    assert_eq!(letter.rcpt_to.as_str(), "o'brien+tag@example.org");
    for header in ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"] {
        assert_eq!(mail.headers.get_all_values(header).len(), 1, "{header}");
    }
}

#[test]
fn extra_headers_keep_their_grammar_and_deceive_nobody() {
    let mut words = words("Ada", "Hello", "Hello\n");
    let link = format!("<https://example.org/u/{}>, <mailto:u@example.org?subject=out>", "x".repeat(300));
    let longest = "y".repeat(900);
    for (name, value) in [
        ("List-Unsubscribe", link.as_str()),
        ("X-Longest", &longest),
        ("X-Tag", "sprïng 👋"),
        ("X-Look", "=?utf-8?Q?=0D=0ABcc=3A_x?="),
    ] {
        words.headers.push(HeaderField::new(name, value).unwrap());
    }
    let letter = composed(&words);
    assert_lines(&letter);
    let mail = parse_mail(&letter.bytes).unwrap();
    for field in &words.headers {
        assert_eq!(value(&mail, field.name()), field.value(), "{}", field.name());
    }
    let raw = String::from_utf8(letter.bytes.clone()).unwrap().replace("\r\n ", " ");
    assert!(raw.contains(&link), "a structured value is folded at most");
}

#[test]
fn the_letters_own_subject_goes_before_the_templates() {
    let words = words("Ada", "From the template", "Hello\n");
    let (id, subject) = (DeliveryId::parse("a").unwrap(), Subject::parse("Its own").unwrap());
    let draft = Draft {
        delivery_id: &id,
        from: &words.from,
        to: &words.to,
        reply_to: None,
        subject: Some(&subject),
        headers: &[],
        rendered: &words.rendered,
        attachments: &[],
        date: Timestamp::EPOCH,
    };
    let letter = MimeComposer::new("example.com").unwrap().compose(draft).unwrap();
    assert_eq!(letter.subject, "Its own");
    assert_eq!(value(&parse_mail(&letter.bytes).unwrap(), "Subject"), "Its own");
}

#[test]
fn utf8_local_parts_stand_in_the_header_as_they_are() {
    let mut words = words("Пётр", "Hello", "Hello\n");
    words.to = Mailbox::new(Some("Пётр"), EmailAddress::parse("пётр@example.org").unwrap()).unwrap();
    let letter = composed(&words);
    assert!(String::from_utf8(letter.bytes).unwrap().contains("<пётр@example.org>"));
}

#[test]
fn nuls_and_lone_carriage_returns_do_not_reach_a_body() {
    let words = words("Ada", "Hello", "a\0b\rc\r\nd\u{85}e");
    let letter = composed(&words);
    assert_lines(&letter);
    let mail = parse_mail(&letter.bytes).unwrap();
    assert_eq!(mail.subparts[0].get_body().unwrap().trim_end(), "ab\r\nc\r\nd\u{85}e");
}

#[test]
fn long_lines_and_large_bodies_are_encoded() {
    let long = "x".repeat(20_000);
    let mixed = format!("{}\n{}", "ü".repeat(5_000), "plain ".repeat(5_000));
    for body in [long.as_str(), mixed.as_str()] {
        let letter = composed(&words("Ada", "Hello", body));
        assert_lines(&letter);
        let mail = parse_mail(&letter.bytes).unwrap();
        assert_eq!(mail.subparts[0].get_body().unwrap().trim_end(), crlf(body).trim_end());
    }
}

fn file(name: &str, kind: &str, bytes: &[u8]) -> Attachment {
    Attachment::new(name, kind, Placement::Beside, bytes.to_vec()).unwrap()
}

fn image(id: &str, bytes: &[u8]) -> Attachment {
    Attachment::new("logo.png", "image/png", Placement::Inline(id.to_owned()), bytes.to_vec()).unwrap()
}

/// The tree of types, in order.
fn shape(part: &ParsedMail<'_>) -> String {
    let inner: Vec<String> = part.subparts.iter().map(shape).collect();
    if inner.is_empty() { part.ctype.mimetype.clone() } else { format!("{}({})", part.ctype.mimetype, inner.join(" ")) }
}

#[test]
fn images_lie_around_the_html_and_files_around_the_letter() {
    let (logo, pdf) = (image("logo@example.org", b"\x89PNG"), file("a.pdf", "application/pdf", b"%PDF"));
    let both = "multipart/alternative(text/plain multipart/related(text/html image/png))";
    for (attachments, wanted) in [
        (vec![], "multipart/alternative(text/plain text/html)".to_owned()),
        (vec![logo.clone()], both.to_owned()),
        (vec![pdf.clone()], "multipart/mixed(multipart/alternative(text/plain text/html) application/pdf)".to_owned()),
        (vec![pdf, logo], format!("multipart/mixed({both} application/pdf)")),
    ] {
        let words = Words { attachments, ..words("Ada", "Hello", "Hello\n") };
        let letter = composed(&words);
        assert!(letter == composed(&words), "the same draft gives the same bytes");
        assert_lines(&letter);
        assert_eq!(shape(&parse_mail(&letter.bytes).unwrap()), wanted);
    }
}

#[test]
fn files_arrive_as_they_were_handed_in() {
    let every: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    let attachments = vec![
        file("Rechnung März 2030.pdf", "application/pdf", &every),
        file("lines.txt", "text/plain", b"a\nb\r\nc\rd\0 \n--part_\n.\n"),
        file(&format!("{}.bin", "long name ".repeat(19)), "application/octet-stream", b""),
        file("報告書; x=\"y\".csv", "text/csv", "ä;ö\n".as_bytes()),
        file("=?utf-8?Q?=0D=0ABcc=3A_x?= 'quoted'%41.txt", "text/plain", b"x"),
        image(&"i".repeat(60), &every),
    ];
    let words = Words { attachments, ..words("Ada", "Hello", "Hello\n") };
    let letter = composed(&words);
    assert_lines(&letter);
    let mail = parse_mail(&letter.bytes).unwrap();
    let parts: Vec<_> =
        mail.parts().filter(|part| part.headers.get_first_value("Content-Disposition").is_some()).collect();
    assert_eq!(parts.len(), words.attachments.len());
    for attachment in &words.attachments {
        let same = |part: &&&ParsedMail<'_>| {
            part.get_content_disposition().params.get("filename").map(String::as_str) == Some(attachment.filename())
        };
        let part = parts.iter().find(same).unwrap_or_else(|| panic!("no part is called {}", attachment.filename()));
        assert!(part.get_body_raw().unwrap() == attachment.bytes(), "{}", attachment.filename());
        assert_eq!(part.ctype.mimetype, attachment.content_type());
        let id = part.headers.get_first_value("Content-ID");
        assert_eq!(id, attachment.content_id().map(|id| format!("<{id}>")));
        assert_eq!(value(part, "Content-Transfer-Encoding"), "base64");
    }
}

#[test]
fn a_message_id_domain_is_a_domain() {
    for bad in ["", "a b.example", "localhost", "x>\r\nBcc: a@example.org", "example.org>"] {
        assert_eq!(MimeComposer::new(bad).unwrap_err().field, "message_id_domain", "{bad:?}");
    }
}

proptest! {
    /// Whatever the words are: no header beyond ours, no part beyond two.
    #[test]
    fn no_words_forge_a_header_or_a_part(name in "\\PC{1,60}", subject in "(?s).{0,200}", text in "(?s).{0,400}") {
        let address = EmailAddress::parse("a@example.org").unwrap();
        prop_assume!(Mailbox::new(Some(&name), address).is_ok());
        let letter = composed(&words(&name, &subject, &text));
        let mail = parse_mail(&letter.bytes).unwrap();
        let mut names: Vec<_> = mail.headers.iter().map(mailparse::MailHeader::get_key).collect();
        names.sort_unstable();
        prop_assert_eq!(names, ["Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"]);
        prop_assert_eq!(mail.subparts.len(), 2);
        prop_assert_eq!(mail.subparts[0].subparts.len() + mail.subparts[1].subparts.len(), 0);
        assert_lines(&letter);
    }
}
