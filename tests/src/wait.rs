//! Waiting for what can be observed.

use std::future::Future;
use std::time::Duration;

use anyhow::{Result, bail};

/// How often one looks, and how far apart. The product is no measure of speed: it only ends a test that hangs.
const TRIES: u32 = 2400;
const APART: Duration = Duration::from_millis(50);

/// Looks until `look` finds something.
///
/// # Errors
/// That of `look`, or that `what` never came.
pub async fn until<T, Looking>(what: &str, mut look: impl FnMut() -> Looking) -> Result<T>
where
    Looking: Future<Output = Result<Option<T>>>,
{
    for _ in 0..TRIES {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        tokio::time::sleep(APART).await;
    }
    bail!("waited in vain for {what}")
}
