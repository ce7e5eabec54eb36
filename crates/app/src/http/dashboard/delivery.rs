//! One letter: where it stands, what happened to it, and what can be done about it.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use postroom_domain::failure::Code;
use postroom_domain::id::DeliveryId;
use postroom_domain::status::Status;
use serde_json::Value;

use super::Dashboard;
use super::asked::Sent;
use super::badge::Badge;
use super::deliveries::letter_path;
use super::notice::Notice;
use super::page::{Page, Place, Visit, go, show};
use super::when::When;
use crate::documents::decisions::Wish;
use crate::documents::{Delivery, Event};
use crate::http::access::Caller;
use crate::http::api::Verdict;
use crate::http::problem::Problem;
use crate::http::read::{self, Id};

#[derive(Template)]
#[template(path = "delivery.html")]
struct OneLetter {
    page: Page,
    letter: Delivery,
    badge: Badge,
    path: String,
    waits_for: Option<String>,
    facts: Vec<Fact>,
    steps: Vec<Step>,
    metadata: Option<String>,
    actions: Actions,
}

/// Something that is known.
struct Fact {
    name: &'static str,
    value: String,
    when: Option<When>,
}

/// One event of its history.
struct Step {
    badge: Badge,
    attempt: u32,
    when: When,
    code: Option<String>,
    /// What the code means, where people or policies decided.
    meaning: Option<&'static str>,
    answer: Option<String>,
    details: Vec<(&'static str, String)>,
}

/// What can be done about it as it stands.
struct Actions(Option<Status>);

/// What is told of an event beside its code, by the names under which it is on record.
const DETAILS: [(&str, &str); 10] = [
    ("by", "asked by"),
    ("transport", "by way of"),
    ("class", "class"),
    ("scope", "scope"),
    ("reply", "answer"),
    ("receipt", "receipt"),
    ("template_version", "template version"),
    ("took_ms", "took"),
    ("next", "failed over to"),
    ("feedback", "feedback"),
];

pub(super) async fn one(visit: Visit, Id(id): Id) -> Result<Response, Problem> {
    let dossier = visit.desk().dossier(&visit.caller, &id).await?;
    let letter = dossier.delivery;
    show(&OneLetter {
        page: visit.page(Place::Deliveries, format!("Letter {}", letter.delivery_id)),
        badge: Badge::of(&letter.status),
        path: letter_path(&letter.delivery_id),
        waits_for: dossier.waits_for,
        facts: facts(&letter, &visit),
        steps: dossier.events.iter().map(|event| Step::of(event, &visit)).collect(),
        metadata: (!letter.metadata.is_empty()).then(|| pretty(&Value::Object(letter.metadata.clone()))),
        actions: Actions(Status::parse(&letter.status)),
        letter,
    })
}

fn facts(letter: &Delivery, visit: &Visit) -> Vec<Fact> {
    let words = |name, value: Option<&String>| value.map(|value| Fact { name, value: value.clone(), when: None });
    let time = |name, value: Option<&String>| {
        value.map(|value| Fact { name, value: String::new(), when: Some(When::read(value, visit.now)) })
    };
    let attempts = match letter.excused {
        0 => letter.attempts.to_string(),
        excused => format!("{}, of which {excused} were nobody's fault", letter.attempts),
    };
    let source = match (&letter.source_type, &letter.source_id) {
        (Some(kind), Some(id)) => Some(format!("{kind} {id}")),
        (kind, id) => kind.clone().or_else(|| id.clone()),
    };
    let feedback = Some(letter.feedback.clone()).filter(|feedback| feedback != "none");
    [
        words("Workflow", Some(&letter.workflow)),
        words("Template", letter.template.as_ref()),
        words("Tenant", letter.tenant_id.as_ref()),
        words("Caused by", source.as_ref()),
        words("Attempts", Some(&attempts)),
        words("Priority", Some(&letter.priority.to_string())),
        words("Reported since", feedback.as_ref()),
        words("Last code", letter.last_error_code.as_ref()),
        words("Transport", letter.provider.as_ref()),
        words("Provider's id", letter.provider_message_id.as_ref()),
        words("Message-ID", letter.message_id.as_ref()),
        time("Enqueued", Some(&letter.queued_at)),
        time("Due", letter.due_at.as_ref()),
        time("Worthless after", letter.expires_at.as_ref()),
        time("Last attempt", letter.last_attempted_at.as_ref()),
        time("Sent", letter.sent_at.as_ref()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Step {
    fn of(event: &Event, visit: &Visit) -> Self {
        let known = |(name, words): (&str, &'static str)| {
            let value = match event.payload.get(name)? {
                Value::String(text) if !text.is_empty() => text.clone(),
                Value::Number(number) if name == "took_ms" => format!("{number} ms"),
                Value::Number(number) => number.to_string(),
                _ => return None,
            };
            Some((words, value))
        };
        Self {
            badge: Badge::of(&event.status),
            attempt: event.attempt,
            when: When::read(&event.created_at, visit.now),
            meaning: event.error_code.as_deref().and_then(meaning),
            code: event.error_code.clone(),
            answer: event.error_message.clone(),
            details: DETAILS.into_iter().filter_map(known).collect(),
        }
    }
}

/// What a code means that says what was decided, or that something was lost.
fn meaning(code: &str) -> Option<&'static str> {
    Some(match code {
        Code::ANSWER_LOST => "It was handed over, and the answer was lost: it may have been accepted.",
        Code::LEASE_LAPSED => "Its worker died or froze before the handover: nothing was sent.",
        Code::GIVEN_BACK => "Given back before anything of it left.",
        Code::HELD => "The workflow's policy leaves the decision to a person.",
        Code::RESENT => "In doubt, and sent once more by the workflow's policy.",
        Code::ASSUMED_SENT => "In doubt, and taken for sent by the workflow's policy.",
        Code::NOT_ACCEPTED => "In doubt, and the provider says that it does not have it.",
        Code::RESOLVED => "In doubt, and a person decided.",
        Code::REDRIVEN => "Put back by a person, with its whole budget.",
        Code::HASTENED => "A person wanted the next attempt at once.",
        Code::CANCELLED => "Called off by request.",
        Code::EXPIRED => "It came too late to be of use.",
        Code::POISON => "It took down too many workers in a row.",
        Code::TEMPLATE => "It cannot be rendered.",
        _ => return None,
    })
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

impl Actions {
    /// Whether it can be called off.
    fn cancel(&self) -> bool {
        self.0.is_some_and(Status::is_waiting)
    }

    /// Whether its next attempt can come sooner.
    fn retry(&self) -> bool {
        self.0 == Some(Status::Retrying)
    }

    /// Whether it can be put back.
    fn redrive(&self) -> bool {
        matches!(self.0, Some(Status::Failed | Status::DeadLetter))
    }

    /// Whether it waits for a decision.
    fn resolve(&self) -> bool {
        self.0 == Some(Status::InDoubt)
    }

    /// Whether there is anything to do.
    fn any(&self) -> bool {
        self.cancel() || self.redrive() || self.resolve()
    }
}

pub(super) async fn cancel(
    State(dashboard): State<Arc<Dashboard>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Response, Problem> {
    dashboard.carry_out(&caller, &id, Wish::Cancel).await
}

pub(super) async fn retry(
    State(dashboard): State<Arc<Dashboard>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Response, Problem> {
    dashboard.carry_out(&caller, &id, Wish::Retry).await
}

pub(super) async fn redrive(
    State(dashboard): State<Arc<Dashboard>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Response, Problem> {
    dashboard.carry_out(&caller, &id, Wish::Redrive).await
}

pub(super) async fn resolve(
    State(dashboard): State<Arc<Dashboard>>,
    caller: Caller,
    Id(id): Id,
    sent: Sent,
) -> Result<Response, Problem> {
    dashboard.carry_out(&caller, &id, verdict(&sent)?.into()).await
}

/// What somebody decided about letters in doubt.
///
/// # Errors
/// It is none of the three.
pub(super) fn verdict(sent: &Sent) -> Result<Verdict, Problem> {
    read::read(Value::String(sent.one("resolution").unwrap_or_default()))
}

impl Dashboard {
    /// Does it, and goes back to the letter.
    async fn carry_out(&self, caller: &Caller, id: &DeliveryId, wish: Wish) -> Result<Response, Problem> {
        let answers = self.desk.grant(caller, std::slice::from_ref(id), wish).await?;
        Ok(go(&letter_path(id.as_str()), Notice::of(answers.first())))
    }
}
