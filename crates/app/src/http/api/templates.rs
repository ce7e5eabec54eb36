//! Which letters there are, and what they look like.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use postroom_domain::id::{TemplateName, Workflow};
use postroom_domain::invalid::Invalid;
use postroom_domain::locale::Locale;
use postroom_ports::template::{Rendered, TemplateRenderer as _};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::http::Desk;
use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::read::Form;
use crate::wiring::Listed;

/// A template.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Template {
    /// Its name.
    name: String,
    /// The other languages that it is written in.
    locales: Vec<String>,
    /// What a letter must bring.
    required: Vec<String>,
    /// What it may bring.
    optional: Vec<String>,
    /// Its version.
    version: String,
}

/// What to see.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct View {
    /// The template
    #[schema(example = "invitation", max_length = 100)]
    pub template: String,
    /// What it is filled with instead of its sample
    pub data: Option<Map<String, Value>>,
    /// The language instead of the workflow's
    pub locale: Option<String>,
    /// The workflow whose language it has
    pub workflow: Option<String>,
}

/// A letter as it would be.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Preview {
    /// Its subject.
    pub subject: String,
    /// Its HTML body.
    pub html: String,
    /// Its text body.
    pub text: String,
    /// The language that was rendered; null is the template's own.
    pub locale: Option<String>,
    /// The template's version.
    pub template_version: String,
}

impl From<&Listed> for Template {
    fn from(listed: &Listed) -> Self {
        Self {
            name: listed.name.to_string(),
            locales: listed.locales.iter().map(ToString::to_string).collect(),
            required: listed.required.clone(),
            optional: listed.optional.clone(),
            version: listed.version.clone(),
        }
    }
}

impl From<Rendered> for Preview {
    fn from(letter: Rendered) -> Self {
        Self {
            subject: letter.subject,
            html: letter.html,
            text: letter.text,
            locale: letter.locale.map(|locale| locale.to_string()),
            template_version: letter.version,
        }
    }
}

impl Desk {
    /// A letter as it would be, from data or from its sample.
    ///
    /// # Errors
    /// There is no such template, or it refuses the data.
    pub(in crate::http) fn preview(&self, view: View) -> Result<Preview, Problem> {
        let template = TemplateName::parse(view.template)?;
        let workflow = view.workflow.map(Workflow::parse).transpose()?;
        let wanted = view.locale.map(Locale::parse).transpose()?;
        let locale = wanted.or_else(|| self.languages.for_preview(workflow.as_ref()).cloned());
        // Without a sample there is no such template, and rendering says so.
        let sample = || self.templates.sample_in(&template, locale.as_ref()).unwrap_or_default();
        let data = view.data.unwrap_or_else(sample);
        let letter = self.templates.render(&template, locale.as_ref(), &data);
        Ok(letter.map_err(|error| Invalid::new(error.field(), error.reason()))?.into())
    }
}

/// Which letters there are, and what each needs.
#[utoipa::path(
    get, path = "/api/templates", tag = "insight", operation_id = "templates", security(("token" = ["read"])),
    responses((status = 200, description = "Every template, by name", body = Vec<Template>), super::Refusals)
)]
pub(super) async fn list(State(desk): State<Arc<Desk>>, _: Caller) -> Json<Vec<Template>> {
    Json(desk.templates.list().iter().map(Template::from).collect())
}

/// A letter as it would be: from the template's sample, or from data of your own. Nothing is sent.
#[utoipa::path(
    post, path = "/api/templates/preview", tag = "insight", operation_id = "preview", security(("token" = ["read"])),
    request_body = View,
    responses((status = 200, description = "The letter", body = Preview), super::Refusals)
)]
pub(super) async fn preview(
    State(desk): State<Arc<Desk>>,
    _: Caller,
    Form(view): Form<View>,
) -> Result<Json<Preview>, Problem> {
    Ok(Json(desk.preview(view)?))
}
