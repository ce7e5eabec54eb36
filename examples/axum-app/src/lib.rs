//! An application of its own that sends letters: a sign-up route whose row and whose letter are one transaction.
//!
//! ```text
//!   POST /sign-up {"email": …, "name": …}
//!     BEGIN ─▶ enqueue_in (the letter) ─▶ INSERT INTO members (the row) ─▶ COMMIT ─▶ 201
//!                                            └ that address is taken: ROLLBACK ─▶ 409, and no letter
//! ```
//!
//! The letters are sent by `postroom worker`, started beside it with the same `DATABASE_URL`; `docs/embedding.md` shows
//! how a worker runs inside of the application instead.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use postroom_adapters_postgres::enqueue_in;
use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::id::{DeliveryId, TemplateName, Workflow};
use postroom_domain::invalid::Invalid;
use postroom_ports::letter::{Data, Letter, NewDelivery};
use postroom_ports::queue::Enqueued;
use serde::Deserialize;
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

/// The application's own table.
pub const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS members (email text PRIMARY KEY, name text NOT NULL)";

/// What somebody who signs up says.
#[derive(Deserialize)]
struct SignUp {
    email: String,
    name: String,
}

/// Why nobody was signed up.
enum Refusal {
    /// What was said cannot be.
    Invalid(Invalid),
    /// That address is a member already.
    Taken,
    /// The database is in trouble.
    Trouble,
}

/// The routes, over the application's own pool.
pub fn app(pool: PgPool) -> Router {
    Router::new().route("/sign-up", post(sign_up)).with_state(pool)
}

async fn sign_up(State(pool): State<PgPool>, Json(person): Json<SignUp>) -> Result<Response, Refusal> {
    let welcome = welcome(&person)?;
    let mut transaction = pool.begin().await?;
    // Whatever fails from here on takes the letter along: a transaction that is dropped rolls back.
    let id = match enqueue_in(&mut transaction, &[welcome]).await.map_err(|_| Refusal::Trouble)?.pop() {
        Some(Enqueued::New(id) | Enqueued::Existing(id)) => id,
        Some(Enqueued::Refused(invalid)) => return Err(invalid.into()),
        None => return Err(Refusal::Trouble),
    };
    sqlx::query("INSERT INTO members (email, name) VALUES ($1, $2)")
        .bind(&person.email)
        .bind(&person.name)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok((StatusCode::CREATED, Json(json!({"delivery_id": id.as_str()}))).into_response())
}

/// The letter, checked field by field before anything is stored.
fn welcome(person: &SignUp) -> Result<NewDelivery, Invalid> {
    let in_email = |invalid: Invalid| invalid.in_field("email");
    let address = EmailAddress::parse(&person.email).map_err(in_email)?;
    let recipient = Mailbox::new(Some(&person.name), address).map_err(|invalid| invalid.in_field("name"))?;
    let data = Data::from_iter([
        ("recipient_name".to_owned(), person.name.as_str().into()),
        ("sign_in_url".to_owned(), "https://app.example.org/sign-in".into()),
    ]);
    let letter = Letter::new(Workflow::parse("welcome")?, TemplateName::parse("hub/welcome")?, recipient, data);
    Ok(NewDelivery::now(DeliveryId::from(Uuid::now_v7()), letter))
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        let taken = error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation);
        if taken { Self::Taken } else { Self::Trouble }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, field, reason) = match self {
            Self::Invalid(invalid) => (StatusCode::UNPROCESSABLE_ENTITY, Some(invalid.field), invalid.reason),
            Self::Taken => (StatusCode::CONFLICT, Some("email".to_owned()), "is a member already; sign in".to_owned()),
            Self::Trouble => (StatusCode::SERVICE_UNAVAILABLE, None, "something is wrong here; try again".to_owned()),
        };
        (status, Json(json!({"field": field, "reason": reason}))).into_response()
    }
}
