//! An answer, read up to a limit.

use std::time::{Duration, SystemTime};

use reqwest::Response;
use reqwest::header::{DATE, HeaderName, RETRY_AFTER};

use crate::classify::{Silence, retry_after};

/// What the other side answered, as much of it as is of use.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    /// When it answered, by its own clock.
    pub(super) date: Option<SystemTime>,
    pub(super) body: Result<Vec<u8>, Silence>,
}

impl Reply {
    /// Reads at most `limit` bytes; a longer answer counts as unreadable.
    pub(super) async fn read(response: Response, limit: usize) -> Self {
        let header = |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
        let date = header(DATE);
        Self {
            status: response.status().as_u16(),
            retry_after: header(RETRY_AFTER).and_then(|header| retry_after(header, date)),
            date: date.and_then(|date| httpdate::parse_http_date(date).ok()),
            body: bounded(response, limit).await,
        }
    }
}

async fn bounded(mut response: Response, limit: usize) -> Result<Vec<u8>, Silence> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= limit => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(Silence::Unreadable),
            Ok(None) => return Ok(body),
            Err(error) if error.is_timeout() => return Err(Silence::TimedOut),
            Err(_) => return Err(Silence::Lost),
        }
    }
}
