//! The way to a server: the same questions, over HTTP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use postroom_domain::id::DeliveryId;
use postroom_domain::invalid::Invalid;
use postroom_domain::status::Status;
use postroom_ports::tracker::{Cursor, Page, Search};
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;

use super::{Answer, Found};
use crate::cli::Failure;
use crate::cli::context::TOKEN;
use crate::documents::decisions::{Answers, Many, Outcome, Wish};
use crate::documents::{self, Dossier, cursor, time};
use crate::http::health::Ready;
use crate::http::problem::Problem;

/// The most deliveries that a server gives at once, and the most that it decides about.
const PAGE: u32 = 200;
/// How long a server may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// A server, and who we are to it.
pub(in crate::cli) struct Server {
    base: Url,
    token: Option<SecretString>,
    client: Client,
}

impl Server {
    /// The server at that address.
    ///
    /// # Errors
    /// It is no address, or a token would travel to another machine for all to read.
    pub(super) fn at(url: &str, token: Option<SecretString>) -> Result<Self, Failure> {
        let form = "--url: must be the server's address, such as https://mail.example.org or http://127.0.0.1:8321";
        let mut base = Url::parse(url).map_err(|_| Failure::usage(form))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(Failure::usage(form));
        }
        if base.scheme() == "http" && token.is_some() && !is_loopback(&base) {
            return Err(Failure::usage("--url: a token travels to another machine by https alone"));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let client = Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build();
        let client = client.map_err(|error| Failure::usage(format!("no client can be made: {error}")))?;
        Ok(Self { base, token, client })
    }

    /// As somebody without a token: the server at that address, or else the one that listens on this machine at `listen`.
    ///
    /// # Errors
    /// It is no address.
    pub(in crate::cli) fn open_to_all(url: Option<String>, listen: SocketAddr) -> Result<Self, Failure> {
        Self::at(&url.unwrap_or_else(|| format!("http://{}", from_here(listen))), None)
    }

    pub(super) async fn find(&self, id: &DeliveryId) -> Result<Option<Found>, Failure> {
        let response = self.send(self.client.get(self.to(&["api", "deliveries", id.as_str()])?)).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let dossier: Dossier = read(response).await?;
        let events = dossier.events.into_iter().map(TryInto::try_into).collect::<Result<_, Invalid>>();
        Ok(Some(Found {
            delivery: dossier.delivery.try_into().map_err(unreadable)?,
            events: events.map_err(unreadable)?,
            waits_for: dossier.waits_for,
        }))
    }

    pub(super) async fn search(&self, search: &Search, after: Option<Cursor>, limit: u32) -> Result<Page, Failure> {
        let mut all = Page { deliveries: Vec::new(), next: after };
        loop {
            let missing = limit - u32::try_from(all.deliveries.len()).unwrap_or(limit);
            let mut url = self.to(&["api", "deliveries"])?;
            for (name, value) in query(search) {
                url.query_pairs_mut().append_pair(name, &value);
            }
            url.query_pairs_mut().append_pair("limit", &missing.min(PAGE).to_string());
            if let Some(after) = &all.next {
                url.query_pairs_mut().append_pair("after", &cursor(after));
            }
            let page: documents::Page = read(self.send(self.client.get(url)).await?).await?;
            let page = Page::try_from(page).map_err(unreadable)?;
            all.deliveries.extend(page.deliveries);
            all.next = page.next;
            if all.next.is_none() || all.deliveries.len() >= limit as usize {
                return Ok(all);
            }
        }
    }

    pub(super) async fn request(&self, ids: &[DeliveryId], wish: Wish) -> Result<Vec<Answer>, Failure> {
        let mut all = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(PAGE as usize) {
            let many = Many { request: wish, delivery_ids: chunk.iter().map(ToString::to_string).collect() };
            let request = self.client.post(self.to(&["api", "requests"])?).json(&many);
            let answers: Answers = read(self.send(request).await?).await?;
            for answer in answers.results {
                let status = answer.status.as_deref().and_then(Status::parse);
                all.push(match (answer.outcome, status) {
                    (Outcome::Done, Some(status)) => Answer::Done(status),
                    (Outcome::NotPossible, Some(status)) => Answer::Not(status),
                    (Outcome::ContentGone, _) => Answer::ContentGone,
                    (Outcome::Unknown, _) => Answer::Unknown,
                    _ => return Err(unreadable(Invalid::new("status", "is missing"))),
                });
            }
        }
        Ok(all)
    }

    /// Whether it can work; it must say so within `patience`.
    ///
    /// # Errors
    /// It cannot, with its reason, or does not answer.
    pub(in crate::cli) async fn ready(&self, patience: Duration) -> Result<Ready, Failure> {
        read(self.send(self.client.get(self.to(&["readyz"])?).timeout(patience)).await?).await
    }

    fn to(&self, parts: &[&str]) -> Result<Url, Failure> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Failure::usage("--url: is no address that pages can lie below"))?
            .pop_if_empty()
            .extend(parts);
        Ok(url)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        };
        request.send().await.map_err(|error| {
            if error.is_builder() {
                return Failure::usage(format!(
                    "{TOKEN}: is no token; set it to what `postroom tokens create` printed"
                ));
            }
            let what = if error.is_timeout() { "does not answer in time" } else { "cannot be reached" };
            Failure::store(format!("the server {what}; check --url and whether it runs"))
        })
    }
}

/// Where a server that listens there is reached from its own machine.
fn from_here(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn query(search: &Search) -> Vec<(&'static str, String)> {
    let statuses: Vec<&str> = search.statuses.iter().map(|status| status.as_str()).collect();
    let parts = [
        ("recipient", search.recipient.as_ref().map(ToString::to_string)),
        ("workflow", search.workflow.as_ref().map(ToString::to_string)),
        ("tenant", search.tenant_id.as_ref().map(ToString::to_string)),
        ("status", Some(statuses.join(",")).filter(|text| !text.is_empty())),
        ("source_type", search.source_type.clone()),
        ("source_id", search.source_id.clone()),
        ("since", search.from.map(time)),
        ("until", search.until.map(time)),
    ];
    parts.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))).collect()
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, Failure> {
    let status = response.status();
    if status.is_success() {
        return response
            .json()
            .await
            .map_err(|_| Failure::store("the server's answer cannot be read; is it a Postroom?"));
    }
    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let detail =
        response.json::<Problem>().await.map_or_else(|_| format!("it answered {status}"), |problem| problem.detail);
    Err(match (status, after) {
        (StatusCode::UNAUTHORIZED, _) => Failure::usage(format!("{TOKEN}: {detail}")),
        (StatusCode::FORBIDDEN, _) => Failure::refused(detail),
        (status, Some(after)) if status.is_server_error() => Failure::store(format!("{detail}; again in {after} s")),
        (status, _) if status.is_server_error() => Failure::store(detail),
        _ => Failure::refused(detail),
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it is used where errors are mapped")]
fn unreadable(invalid: Invalid) -> Failure {
    Failure::store(format!("the server's answer cannot be read: {invalid}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_on_every_address_is_asked_on_the_loopback() {
        let asked = [
            ("0.0.0.0:8321", "127.0.0.1:8321"),
            ("[::]:80", "[::1]:80"),
            ("192.0.2.7:1", "192.0.2.7:1"),
            ("[::1]:2", "[::1]:2"),
        ];
        for (listen, expected) in asked {
            assert_eq!(from_here(listen.parse().unwrap()).to_string(), expected);
        }
    }
}
