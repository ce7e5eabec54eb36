//! Waiting for what can be observed.

use std::future::Future;
use std::time::Duration;

use anyhow::{Result, bail};

/// When a test that hangs is given up; no measure of speed.
pub(crate) const PATIENCE: Duration = Duration::from_mins(3);
/// How far apart one looks.
const APART: Duration = Duration::from_millis(50);

/// Looks until `look` finds something.
///
/// # Errors
/// That of `look`, or that `what` never came.
pub async fn until<T, Looking>(what: &str, mut look: impl FnMut() -> Looking) -> Result<T>
where
    Looking: Future<Output = Result<Option<T>>>,
{
    for _ in 0..PATIENCE.as_millis() / APART.as_millis() {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        tokio::time::sleep(APART).await;
    }
    bail!("waited in vain for {what}")
}
