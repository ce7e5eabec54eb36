//! How much of a request has left, counted as the connection takes it.
//!
//! It is this protocol's final dot: as long as the connection has not taken the last byte, the
//! other side cannot have a whole request, and so cannot have taken the letter.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use http_body::{Frame, SizeHint};
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Body, Request};

use crate::classify::Stage;

/// How far one request has come.
pub(super) struct Progress {
    left: Arc<AtomicU64>,
    whole: u64,
}

impl Progress {
    pub(super) fn stage(&self) -> Stage {
        match self.left.load(Ordering::Acquire) {
            0 => Stage::Connect,
            left if left < self.whole => Stage::Request,
            _ => Stage::Answer,
        }
    }
}

/// Puts a counter around the request's body. A length that is not known counts as reached with
/// the first byte.
pub(super) fn watch(request: &mut Request) -> Progress {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let left = Arc::new(AtomicU64::new(0));
    if let Some(inner) = request.body_mut().take() {
        *request.body_mut() = Some(Body::wrap(Counted { inner, left: Arc::clone(&left) }));
    }
    Progress { left, whole: length.unwrap_or(0) }
}

struct Counted {
    inner: Body,
    left: Arc<AtomicU64>,
}

impl http_body::Body for Counted {
    type Data = <Body as http_body::Body>::Data;
    type Error = <Body as http_body::Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            let taken = u64::try_from(data.len()).unwrap_or(u64::MAX);
            self.left.fetch_add(taken, Ordering::AcqRel);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
