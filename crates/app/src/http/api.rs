//! The endpoints, and their description as OpenAPI 3.1.
//!
//! They stand in three groups, by the scope that a token needs: `enqueue`, `read`, `operate`.
//! An endpoint belongs to one group, so that none can be without a check.

mod deliveries;
mod enqueue;
mod given_up;
mod letter;
mod pauses;
mod refusals;
mod requests;
mod search;
mod statistics;
mod templates;

use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use axum::routing::get;
use axum::{Json, Router};
use postroom_domain::access::Scope;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use self::given_up::{Narrow, Redriven, Which};
pub(super) use self::pauses::Hold;
use self::refusals::{Late, NoSuch, Refusals};
pub(super) use self::requests::{Verdict, ids};
pub(super) use self::search::Filters;
pub(super) use self::statistics::Stretch;
pub(super) use self::templates::{Preview, View};
use super::Desk;
use super::access::{admit, require};
use super::problem::Problem;

/// What the description says beside the endpoints.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Postroom",
        description = "The mailroom of an application: hand letters over, ask where they are, and decide about those \
                       that need a person.\n\nEvery call shows a token (`postroom tokens create`). What is refused is \
                       told as `application/problem+json` (RFC 9457), with the field at fault.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "letters", description = "Hand letters over, and ask where they are"),
        (name = "decisions", description = "Cancel, retry, redrive, resolve; what was given up and what is in doubt"),
        (name = "pauses", description = "Hold letters back for a while"),
        (name = "insight", description = "How it goes, and what letters look like"),
    ),
    components(schemas(Problem)),
    modifiers(&Token)
)]
struct Description;

/// How callers show who they are.
struct Token;

impl Modify for Token {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("`postroom tokens create` makes one"))
            .build();
        description.components.get_or_insert_default().add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

/// The endpoints by the scope that they need.
fn groups() -> [(Scope, OpenApiRouter<Arc<Desk>>); 3] {
    [
        (Scope::Enqueue, OpenApiRouter::new().routes(routes!(enqueue::enqueue))),
        (
            Scope::Read,
            OpenApiRouter::new()
                .routes(routes!(search::search))
                .routes(routes!(deliveries::find))
                .routes(routes!(deliveries::history))
                .routes(routes!(given_up::dead_letters))
                .routes(routes!(given_up::in_doubt))
                .routes(routes!(pauses::list))
                .routes(routes!(statistics::summary))
                .routes(routes!(statistics::series))
                .routes(routes!(templates::list))
                .routes(routes!(templates::preview)),
        ),
        (
            Scope::Operate,
            OpenApiRouter::new()
                .routes(routes!(requests::cancel))
                .routes(routes!(requests::retry))
                .routes(routes!(requests::redrive))
                .routes(routes!(requests::resolve))
                .routes(routes!(requests::many))
                .routes(routes!(given_up::redrive))
                .routes(routes!(pauses::pause))
                .routes(routes!(pauses::resume)),
        ),
    ]
}

/// The routes, each behind its scope, and the description of all of them.
pub(super) fn routes(desk: &Arc<Desk>) -> Router {
    let guarded = groups().into_iter().fold(Router::new(), |all, (scope, group)| {
        let group: Router = group.split_for_parts().0.with_state(desk.clone());
        all.merge(group.route_layer(from_fn_with_state(scope, require)))
    });
    guarded
        .route_layer(from_fn_with_state(desk.clone(), admit))
        .route("/api/openapi.json", get(|| async { Json(description()) }))
}

/// The description of all endpoints.
#[must_use]
pub fn description() -> utoipa::openapi::OpenApi {
    let all = groups()
        .into_iter()
        .fold(OpenApiRouter::with_openapi(Description::openapi()), |all, (_, group)| all.merge(group));
    all.split_for_parts().1
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use serde_json::Value;

    use super::*;
    use crate::fields;

    fn described() -> Value {
        serde_json::to_value(description()).unwrap()
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "whoever runs the tests says whether goldens are written anew")]
    fn the_description_that_lies_in_the_docs_is_the_one_that_is_served() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
        let mut text = serde_json::to_string_pretty(&described()).unwrap();
        text.push('\n');
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let lies = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            lies == text,
            "docs/openapi.json is not what is served; run with UPDATE_GOLDEN=1 and read the difference"
        );
    }

    #[test]
    fn a_letter_is_described_with_all_its_fields_and_no_others() {
        let described = described();
        let letter = described["components"]["schemas"]["Letter"]["properties"].as_object().unwrap();
        let names: BTreeSet<&str> = letter.keys().map(String::as_str).collect();
        assert_eq!(names, fields::FIELDS.into_iter().chain(["metadata"]).collect());
    }

    #[test]
    fn every_endpoint_asks_for_a_token_of_the_scope_that_guards_it() {
        for (scope, group) in groups() {
            let paths = serde_json::to_value(group.split_for_parts().1).unwrap()["paths"].take();
            for (path, methods) in paths.as_object().unwrap() {
                for (method, endpoint) in methods.as_object().unwrap() {
                    let asked = &endpoint["security"][0]["token"][0];
                    assert_eq!(asked, scope.as_str(), "{method} {path}");
                }
            }
        }
    }
}
