//! What became of a letter in doubt, by Mailgun's event log.
//!
//! Any event of our Message-ID proves that the letter was taken. No event proves nothing: the
//! log lags behind (its documentation trusts only what is older than half an hour), and forgets
//! after some days. So the answer is never "not accepted": it is "not yet" while the letter is
//! younger than [`MailgunConfig::events_delay`](crate::MailgunConfig), and "unknown" afterwards,
//! for the workflow's policy to decide.

use std::time::{Duration, SystemTime};

use postroom_domain::failure::{Failure, FailureClass, Scope};
use postroom_domain::lifecycle::Evidence;
use postroom_ports::letter::FrozenLetter;
use reqwest::Url;
use serde::Deserialize;

use super::HttpClient;
use super::reply::Reply;
use crate::classify::{Stage, classify};
use crate::trouble;

/// How many pages are asked for. A letter has a handful of events.
const PAGE_LIMIT: usize = 10;
/// How much of a page is read.
const ANSWER_LIMIT: usize = 1024 * 1024;

#[derive(Deserialize)]
struct Page {
    items: Vec<Item>,
    #[serde(default)]
    paging: Paging,
}

#[derive(Default, Deserialize)]
struct Paging {
    next: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    message: Message,
}

#[derive(Default, Deserialize)]
struct Message {
    #[serde(default)]
    headers: Headers,
}

#[derive(Default, Deserialize)]
struct Headers {
    #[serde(rename = "message-id")]
    message_id: Option<String>,
}

impl Page {
    fn names(&self, message_id: &str) -> bool {
        let bare = |id: &str| id.trim().trim_start_matches('<').trim_end_matches('>') == message_id;
        self.items.iter().any(|item| item.message.headers.message_id.as_deref().is_some_and(bare))
    }
}

impl HttpClient {
    /// Goes through the log until the letter is found, or the pages end.
    pub(super) async fn search(&self, letter: &FrozenLetter) -> Result<Evidence, Failure> {
        let mut url = self.url("events");
        url.query_pairs_mut().append_pair("message-id", &letter.message_id).append_pair("limit", "25");
        let mut date = None;
        for _ in 0..PAGE_LIMIT {
            let (page, answered) = self.page(url).await?;
            date = answered.or(date);
            if page.names(&letter.message_id) {
                return Ok(Evidence::Accepted);
            }
            // Mailgun always names a next page; an empty one is the last.
            let Some(next) = page.paging.next.filter(|_| !page.items.is_empty()) else { break };
            url = self.next(&next)?;
        }
        match self.too_early(letter, date) {
            Some(wait) => Err(not_yet(wait)),
            None => Ok(Evidence::Unknown),
        }
    }

    async fn page(&self, url: Url) -> Result<(Page, Option<SystemTime>), Failure> {
        let asked = self.signed(self.client.get(url)).send().await;
        let response = asked.map_err(|error| trouble::met(Stage::Connect, &error))?;
        let reply = Reply::read(response, ANSWER_LIMIT).await;
        let body = reply.body.unwrap_or_default();
        if (200..300).contains(&reply.status) {
            return serde_json::from_slice(&body).map(|page| (page, reply.date)).map_err(|_| unreadable());
        }
        match classify(reply.status, &body, reply.retry_after) {
            Ok(_) => Err(unreadable()),
            Err(mut verdict) => {
                // Only a question failed: it can be asked again, and no letter is refused by it.
                if matches!(verdict.class, FailureClass::InDoubt | FailureClass::Rejected) {
                    verdict.class = FailureClass::PROVIDER_DEFERRED;
                }
                Err(verdict.with_detail(&self.words(reply.status, &body)))
            }
        }
    }

    /// The next page's address, if it is one of the API's own: the key goes nowhere else.
    fn next(&self, next: &str) -> Result<Url, Failure> {
        Url::parse(next).ok().filter(|url| url.origin() == self.base.origin()).ok_or_else(|| {
            let detail = "the next page of the events lies at another address than MAILGUN_API_URL";
            Failure::new(FailureClass::Misconfigured, "EVENTS_ELSEWHERE", detail)
        })
    }

    /// How long the log may still lag behind. The letter's age is counted from its Date header to
    /// the provider's: the time of its first attempt, and never later than that of its last.
    fn too_early(&self, letter: &FrozenLetter, date: Option<SystemTime>) -> Option<Duration> {
        let (headers, _) = mailparse::parse_headers(&letter.bytes).ok()?;
        let written = mailparse::MailHeaderMap::get_first_value(&*headers, "Date")?;
        let written = u64::try_from(mailparse::dateparse(&written).ok()?).ok()?;
        let age = date?.duration_since(SystemTime::UNIX_EPOCH + Duration::from_secs(written)).unwrap_or_default();
        self.config.events_delay.checked_sub(age).filter(|wait| !wait.is_zero())
    }
}

fn not_yet(wait: Duration) -> Failure {
    let class = FailureClass::Deferred { scope: Scope::Provider, retry_after: Some(wait) };
    Failure::new(class, "EVENTS_NOT_YET", "no event names the letter, and it is too early to conclude anything")
}

fn unreadable() -> Failure {
    Failure::new(FailureClass::PROVIDER_DEFERRED, "HTTP_UNREADABLE", "the events could not be read")
}
