//! What was caught instead of sent: the dev inbox.

use askama::Template;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::figures::letters;
use super::letter::{Letter, disposition};
use super::page::{Page, Place, Visit, show as write};
use crate::http::problem::Problem;

/// How many letters the list shows.
const MOST: usize = 200;

#[derive(Template)]
#[template(path = "inbox.html")]
struct Inbox {
    page: Page,
    letters: Vec<Letter>,
    held: usize,
    address: String,
}

#[derive(Template)]
#[template(path = "caught.html")]
struct Caught {
    page: Page,
    letter: Letter,
}

pub(super) async fn list(visit: Visit) -> Result<Response, Problem> {
    let inbox = inbox(&visit)?;
    let held = inbox.count();
    let letters = inbox.letters().into_iter().rev().take(MOST).map(Letter::read).collect();
    let address = inbox.addr().to_string();
    write(&Inbox { page: visit.page(Place::Inbox, "Inbox"), letters, held, address })
}

pub(super) async fn show(visit: Visit, Path(number): Path<u64>) -> Result<Response, Problem> {
    let letter = captured_letter(&visit, number)?;
    write(&Caught { page: visit.page(Place::Inbox, format!("Letter {number}")), letter })
}

/// The very bytes, as text.
pub(super) async fn source(visit: Visit, Path(number): Path<u64>) -> Result<Response, Problem> {
    let letter = captured_letter(&visit, number)?;
    Ok(download(&format!("letter-{number}.eml"), letter.source))
}

pub(super) async fn file(visit: Visit, Path((number, place)): Path<(u64, usize)>) -> Result<Response, Problem> {
    let mut letter = captured_letter(&visit, number)?;
    if place >= letter.files.len() {
        return Err(Problem::unknown("file"));
    }
    let file = letter.files.swap_remove(place);
    Ok(download(&file.name, file.content))
}

/// To be kept, never to be shown: whatever it is, no browser runs it here.
fn download(name: &str, content: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, disposition(name)),
    ];
    (headers, content).into_response()
}

/// The inbox, for those who may see whole letters of everybody.
fn inbox(visit: &Visit) -> Result<&crate::inbox::Inbox, Problem> {
    if visit.caller.tenant().is_some() {
        let detail = "the inbox holds letters of all tenants, and this token is bound to one";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    visit.desk().inbox.as_deref().ok_or_else(|| {
        let detail = "letters are not caught here: `postroom serve --capture` does that, for development";
        Problem::new(StatusCode::NOT_FOUND, detail)
    })
}

/// The letter of this number.
///
/// # Errors
/// There is none, or whoever asks may not see it.
pub(super) fn captured_letter(visit: &Visit, number: u64) -> Result<Letter, Problem> {
    let found = inbox(visit)?.letters().into_iter().find(|letter| letter.sequence == number);
    found.map(Letter::read).ok_or_else(|| Problem::unknown("letter"))
}

impl Inbox {
    fn summary(&self) -> String {
        letters(u64::try_from(self.held).unwrap_or(u64::MAX))
    }
}
