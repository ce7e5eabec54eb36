//! Letters as odd as they come, the same ones at every run.

use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::attachment::{Attachment, Placement};
use postroom_domain::id::DeliveryId;
use postroom_domain::invalid::Invalid;
use postroom_domain::letter::HeaderField;
use postroom_ports::template::Rendered;

/// Names as people have them, and as attackers write them.
const WORDS: [&str; 19] = [
    "Ada",
    "O'Brien, Conan",
    "\"JD\" Doe",
    "back\\slash\\",
    "Ünal Şahin",
    "山田 太郎",
    "محمد بن سلمان",
    "שרה כהן",
    "👩‍👩‍👧 family",
    "e\u{301}a\u{308}combining",
    "<a@example.org>",
    "semi;colon: x",
    "=?utf-8?Q?=0D=0ABcc=3A_x?=",
    "half =?",
    "(a comment)",
    "100 % 'sure'%41*",
    "Ελένη Παπαδοπούλου-Κωνσταντινίδου, Γραμματεία του Συλλόγου Φίλων της Βιβλιοθήκης Θεσσαλονίκης",
    "longwordwithoutanyspaceatalllongwordwithoutanyspaceatalllongwordwithoutanyspaceatall",
    "a good many words in a row that no single line of a header could ever hold without a fold",
];

/// Lines that have broken a mailer once.
const LINES: [&str; 9] = [
    "",
    ".",
    "..dots",
    "From here on",
    "--part_0123456789abcdef",
    "Grüße, 山田 👋\ttab",
    "trailing space ",
    "=?utf-8?Q?x?= =3D = soft=",
    "שלום and عالم",
];

/// What one letter is composed from.
#[derive(Debug)]
pub struct Composed {
    /// Its id.
    pub id: DeliveryId,
    /// Who writes.
    pub from: Mailbox,
    /// To whom.
    pub to: Mailbox,
    /// Where answers go.
    pub reply_to: Option<EmailAddress>,
    /// Extra headers.
    pub headers: Vec<HeaderField>,
    /// The words.
    pub rendered: Rendered,
    /// What is attached.
    pub attachments: Vec<Attachment>,
}

/// The letter of that number.
///
/// # Errors
/// A sample that the domain refuses: then the sample is wrong.
pub fn letter(number: u64) -> Result<Composed, Invalid> {
    let mut dice = Dice(number);
    let text = lines(&mut dice);
    let html = format!("<p>{}</p>\r\n<img src=\"cid:logo@example.org\">", lines(&mut dice));
    let subject = (0..=dice.below(6)).map(|_| dice.word()).collect::<Vec<_>>().join(" ");
    let rendered = Rendered { subject, html, text, version: "v1".to_owned(), locale: None };
    let address = |text: &str| EmailAddress::parse(text);
    let reply_to = if dice.below(2) == 0 { Some(address("answers@example.com")?) } else { None };
    let mut headers = Vec::new();
    for place in 0..dice.below(4) {
        headers.push(HeaderField::new(&format!("X-Odd-{place}"), dice.word())?);
    }
    let mut attachments = Vec::new();
    for place in 0..dice.below(5) {
        attachments.push(attachment(&mut dice, place)?);
    }
    Ok(Composed {
        id: DeliveryId::parse(format!("corpus-{number}"))?,
        from: Mailbox::new(Some(dice.word()), address("post@example.com")?)?,
        to: Mailbox::new(Some(dice.word()), address("someone+tag@example.org")?)?,
        reply_to,
        headers,
        rendered,
        attachments,
    })
}

fn lines(dice: &mut Dice) -> String {
    let mut text = String::new();
    for _ in 0..dice.below(12) {
        text.push_str(dice.one_of(&LINES));
        if dice.below(8) == 0 {
            text.push_str(&dice.word().repeat(40));
        }
        text.push_str("\r\n");
    }
    text
}

fn attachment(dice: &mut Dice, place: usize) -> Result<Attachment, Invalid> {
    let name = format!("{place} {}.bin", dice.word()).replace(['/', '\\'], "_");
    let kind = dice.one_of(&["application/pdf", "text/plain", "image/png", "application/octet-stream", "text/csv"]);
    let size = [0, 1, 57, 58, 3_000][dice.below(5)];
    let bytes = (0..size).map(|_| u8::try_from(dice.below(256)).unwrap_or_default()).collect();
    let inline = Placement::Inline(format!("{}-{place}@example.org", "i".repeat(1 + dice.below(60))));
    let placement = if dice.below(3) == 0 { inline } else { Placement::Beside };
    Attachment::new(&name, kind, placement, bytes)
}

/// Chance that is the same at every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % (limit.max(1) as u64)).unwrap_or_default()
    }

    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    fn word(&mut self) -> &'static str {
        self.one_of(&WORDS)
    }
}
