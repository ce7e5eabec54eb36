//! The door over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use postroom_domain::id::IdempotencyKey;
use postroom_domain::invalid::Invalid;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::letter::Letters;
use crate::accept::{Accepted, Receipt};
use crate::fields::Fields;
use crate::http::Desk;
use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::read::Body;

/// The most letters of one request.
const MOST: usize = 1000;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A letter that is stored.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::http) struct Taken {
    /// Its id: ask for it under `/api/deliveries/{delivery_id}`.
    delivery_id: String,
    /// Whether it had been taken before, under the same idempotency key.
    existing: bool,
}

/// What became of one letter of many.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum OneOfMany {
    Taken(Taken),
    Refused(Problem),
}

/// What became of many letters, each by itself.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct TakenMany {
    /// How many are stored.
    accepted: usize,
    /// How many are not.
    refused: usize,
    /// One answer per letter, in order.
    results: Vec<OneOfMany>,
}

/// Hands over a letter, or many.
///
/// Each letter is checked, rendered once as a trial, and stored; an answer of success means that it is committed. With
/// many, each is taken or refused by itself, and the answer is 207 if any was refused. The header `Idempotency-Key` is
/// the letter's `idempotency_key`; with many, `KEY/0`, `KEY/1`, … are theirs.
#[utoipa::path(
    post, path = "/api/deliveries", tag = "letters", operation_id = "enqueue", security(("token" = ["enqueue"])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Your name for this very request", max_length = 190)),
    request_body = Letters,
    responses(
        (status = 201, description = "It is stored", body = Taken),
        (status = 200, description = "It had been stored before; or all of many are stored", body = super::enqueue::TakenOneOrMany),
        (status = 207, description = "Some of many were refused", body = TakenMany),
        (status = 409, description = "The id or the idempotency key belongs to another letter", body = Problem, content_type = "application/problem+json"),
        super::Refusals,
    )
)]
pub(super) async fn enqueue(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, Problem> {
    let key = headers.get(IDEMPOTENCY_KEY).map(key).transpose()?;
    match body {
        Value::Object(letter) => one(&desk, &caller, key, letter).await,
        Value::Array(letters) => many(&desk, &caller, key.as_ref(), letters).await.map(IntoResponse::into_response),
        _ => Err(Invalid::new("letter", "must be a JSON object with the fields of a letter, or a list of such").into()),
    }
}

/// One letter's answer or many letters' answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes what 200 may carry")]
pub(in crate::http) enum TakenOneOrMany {
    /// Of one letter.
    One(Taken),
    /// Of many.
    Many(TakenMany),
}

async fn one(
    desk: &Desk,
    caller: &Caller,
    key: Option<IdempotencyKey>,
    letter: Map<String, Value>,
) -> Result<Response, Problem> {
    let fields = read(caller, key, letter)?;
    let answer = desk.door.accept(vec![fields]).await?.pop();
    let taken = taken(answer.unwrap_or_else(no_answer))?;
    let status = if taken.existing { StatusCode::OK } else { StatusCode::CREATED };
    let place = HeaderValue::try_from(format!("/api/deliveries/{}", path_segment(&taken.delivery_id)));
    let mut response = (status, Json(taken)).into_response();
    if let Ok(place) = place {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

async fn many(
    desk: &Desk,
    caller: &Caller,
    key: Option<&IdempotencyKey>,
    letters: Vec<Value>,
) -> Result<(StatusCode, Json<TakenMany>), Problem> {
    if letters.is_empty() || letters.len() > MOST {
        return Err(Invalid::new("letter", format!("must be 1 to {MOST} letters in one request")).into());
    }
    let mut good = Vec::with_capacity(letters.len());
    let read: Vec<Result<(), Problem>> = letters
        .into_iter()
        .enumerate()
        .map(|(place, letter)| {
            let Value::Object(letter) = letter else {
                return Err(Invalid::new("letter", "must be a JSON object with the fields of a letter").into());
            };
            let key = key.map(|key| IdempotencyKey::parse(format!("{key}/{place}"))).transpose()?;
            self::read(caller, key, letter).map(|fields| good.push(fields))
        })
        .collect();
    let mut answers = if good.is_empty() { Vec::new() } else { desk.door.accept(good).await? }.into_iter();
    let answer = |read: Result<(), Problem>| match read.and_then(|()| taken(answers.next().unwrap_or_else(no_answer))) {
        Ok(taken) => OneOfMany::Taken(taken),
        Err(problem) => OneOfMany::Refused(problem),
    };
    let results: Vec<OneOfMany> = read.into_iter().map(answer).collect();
    let refused = results.iter().filter(|result| matches!(result, OneOfMany::Refused(_))).count();
    let status = if refused == 0 { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    Ok((status, Json(TakenMany { accepted: results.len() - refused, refused, results })))
}

fn key(value: &HeaderValue) -> Result<IdempotencyKey, Problem> {
    let text = value.to_str().map_err(|_| Invalid::new("Idempotency-Key", "must be plain ASCII"))?;
    Ok(IdempotencyKey::parse(text).map_err(|mistake| mistake.in_field("Idempotency-Key"))?)
}

/// Reads one letter, on behalf of the caller's tenant.
fn read(caller: &Caller, key: Option<IdempotencyKey>, letter: Map<String, Value>) -> Result<Fields, Problem> {
    let mut fields = Fields::from_object(letter)?;
    match (&fields.idempotency_key, key) {
        (Some(inside), Some(header)) if *inside != header => {
            return Err(
                Invalid::new("idempotency_key", "differs from the header Idempotency-Key; give one of them").into()
            );
        }
        (None, Some(header)) => fields.idempotency_key = Some(header),
        _ => {}
    }
    let tenant = &mut fields.letter.tenant_id;
    match (caller.tenant(), tenant.as_ref()) {
        (Some(own), Some(named)) if own != named => {
            let detail = "tenant_id: this token is bound to another tenant";
            return Err(Problem::new(StatusCode::FORBIDDEN, detail).at("tenant_id"));
        }
        (Some(own), None) => *tenant = Some(own.clone()),
        _ => {}
    }
    Ok(fields)
}

fn taken(answer: Accepted) -> Result<Taken, Problem> {
    match answer {
        Ok(receipt) => {
            Ok(Taken { delivery_id: receipt.id().to_string(), existing: matches!(receipt, Receipt::Existing(_)) })
        }
        // The store alone refuses these two, and only where they are taken.
        Err(invalid) if matches!(invalid.field.as_str(), "delivery_id" | "idempotency_key") => {
            let sentence = invalid.to_string();
            Err(Problem::new(StatusCode::CONFLICT, sentence).at(invalid.field))
        }
        Err(invalid) => Err(invalid.into()),
    }
}

fn no_answer() -> Accepted {
    Err(Invalid::new("letter", "got no answer from the store; hand it in again"))
}

/// An id as one part of an address.
pub(in crate::http) fn path_segment(id: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    id.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
