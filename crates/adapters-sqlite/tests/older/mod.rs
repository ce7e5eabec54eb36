//! Time that passes without anybody waiting.

use std::time::Duration;

use crate::home::Home;

/// Makes everything that is stored older.
pub(crate) async fn advance(home: &Home, by: Duration) {
    let by = i64::try_from(by.as_micros()).unwrap();
    let mut connection = home.connection().await;
    for statement in OLDER {
        sqlx::query(statement).bind(by).execute(&mut connection).await.unwrap();
    }
}

const OLDER: [&str; 9] = [
    "UPDATE outbox SET due_at = due_at - ?1, lease_until = lease_until - ?1, expires_at = expires_at - ?1",
    "UPDATE deliveries SET queued_at = queued_at - ?1, age_from = age_from - ?1, due_at = due_at - ?1,
        expires_at = expires_at - ?1, last_attempted_at = last_attempted_at - ?1, sent_at = sent_at - ?1,
        final_at = final_at - ?1, created_at = created_at - ?1, updated_at = updated_at - ?1",
    "UPDATE delivery_events SET created_at = created_at - ?1",
    "UPDATE payloads SET created_at = created_at - ?1",
    "UPDATE idempotency SET expires_at = expires_at - ?1",
    "UPDATE reports SET created_at = created_at - ?1",
    "UPDATE workers SET started_at = started_at - ?1, beat_at = beat_at - ?1, retired_at = retired_at - ?1",
    "UPDATE pauses SET since = since - ?1, until = until - ?1",
    "UPDATE tokens SET created_at = created_at - ?1, expires_at = expires_at - ?1,
        last_used_at = last_used_at - ?1, revoked_at = revoked_at - ?1",
];
