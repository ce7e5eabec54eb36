//! Whom a command asks: the store itself, or a server that stands before one.

mod server;

use std::sync::Arc;

use clap::Args;
use postroom_domain::id::DeliveryId;
use postroom_domain::status::Status;
use postroom_ports::queue::Changed;
use postroom_ports::tracker::{Cursor, Delivery, DeliveryEvent, Page, Search};

pub(super) use self::server::Server;
use super::Failure;
use super::context::Context;
use crate::documents::decisions::Wish;
use crate::documents::{self, AddressView, Dossier};
use crate::requests::Requests;
use crate::system::LogObserver;
use crate::waiting::Held;
use crate::wiring::Store;

/// Whether to ask a server instead of the store.
#[derive(Args, Debug, Default)]
pub(super) struct At {
    /// Ask the server at this address instead of a database; its token is read from `POSTROOM_TOKEN`
    #[arg(long, value_name = "URL", env = "POSTROOM_URL")]
    url: Option<String>,
}

impl At {
    /// The house to ask.
    ///
    /// # Errors
    /// No store is named, or it cannot be opened; an address that is none, or no token for it.
    pub(super) async fn house(&self, context: &Context) -> Result<House, Failure> {
        if let Some(url) = &self.url {
            return Ok(House::Server(Server::at(url, context.token.clone())?));
        }
        let store = context.open().await?;
        let requests = Requests::new(store.queue.clone(), Arc::new(LogObserver)).by(context.actor.clone());
        Ok(House::Store(Box::new(Near { store, requests, held: Held::by(&context.config) })))
    }
}

/// Whoever knows about letters.
pub(super) enum House {
    /// The store itself.
    Store(Box<Near>),
    /// A server before one.
    Server(Server),
}

/// A store, and what is asked of it.
pub(super) struct Near {
    store: Store,
    requests: Requests,
    held: Held,
}

/// One delivery, with all that is known of it.
pub(super) struct Found {
    pub(super) delivery: Delivery,
    pub(super) events: Vec<DeliveryEvent>,
    pub(super) waits_for: Option<String>,
}

/// How a wish for one letter came out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// It is on record.
    Done(Status),
    /// Too late or too early: nothing changed.
    Not(Status),
    /// Its content is past its retention.
    ContentGone,
    /// There is no such delivery.
    Unknown,
}

impl Found {
    /// The same, for scripts.
    pub(super) fn document(&self) -> Dossier {
        Dossier {
            delivery: documents::Delivery::of(&self.delivery, AddressView::Whole),
            events: self.events.iter().map(documents::Event::from).collect(),
            waits_for: self.waits_for.clone(),
        }
    }
}

impl From<&Changed> for Answer {
    fn from(changed: &Changed) -> Self {
        match changed {
            Changed::Done(committed) => Self::Done(committed.transition.next.status),
            Changed::Not(status) => Self::Not(*status),
            Changed::ContentGone => Self::ContentGone,
            Changed::Unknown => Self::Unknown,
        }
    }
}

impl House {
    /// One delivery; `None` where there is none of that id.
    ///
    /// # Errors
    /// Those of the store, or of the way to the server.
    pub(super) async fn find(&self, id: &DeliveryId) -> Result<Option<Found>, Failure> {
        let Near { store, held, .. } = match self {
            Self::Server(server) => return server.find(id).await,
            Self::Store(near) => &**near,
        };
        let Some(delivery) = store.tracker.find(id).await? else { return Ok(None) };
        let events = store.tracker.history(id).await?;
        let waits_for = held.why(&delivery, &store.pauses.paused().await?);
        Ok(Some(Found { delivery, events, waits_for }))
    }

    /// A page of at most so many deliveries.
    ///
    /// # Errors
    /// As [`House::find`].
    pub(super) async fn search(&self, search: &Search, after: Option<Cursor>, limit: u32) -> Result<Page, Failure> {
        match self {
            Self::Server(server) => server.search(search, after, limit).await,
            Self::Store(near) => Ok(near.store.tracker.search(search, after.as_ref(), limit).await?),
        }
    }

    /// One wish for many letters; one answer per id, in order.
    ///
    /// # Errors
    /// As [`House::find`].
    pub(super) async fn request(&self, ids: &[DeliveryId], wish: Wish) -> Result<Vec<Answer>, Failure> {
        match self {
            Self::Server(server) => server.request(ids, wish).await,
            Self::Store(near) => Ok(near.requests.wish(ids, wish).await?.iter().map(Answer::from).collect()),
        }
    }
}
