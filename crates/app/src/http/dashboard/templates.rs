//! Which letters there are, and what they look like: with their samples, or with data of one's own.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use postroom_domain::id::TemplateName;
use postroom_domain::locale::Locale;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::asked::{Asked, Sent};
use super::entry::encoded;
use super::page::{Page, Place, Visit, show as write};
use crate::http::api::{Preview, View};
use crate::http::problem::Problem;
use crate::wiring::Listed;

#[derive(Template)]
#[template(path = "templates.html")]
struct Templates {
    page: Page,
    templates: Vec<Listed>,
}

#[derive(Template)]
#[template(path = "template.html")]
struct One {
    page: Page,
    template: Listed,
    locale: Option<String>,
    /// What it is filled with, as somebody may change it.
    data: String,
    letter: Option<Preview>,
    /// What the frame shows.
    frame: String,
    mistake: Option<Mistake>,
}

/// Why there is no letter.
struct Mistake {
    field: Option<String>,
    detail: String,
}

/// In which language.
#[derive(Debug, Default, Deserialize)]
pub(super) struct InLanguage {
    locale: Option<String>,
}

pub(super) async fn list(visit: Visit) -> Result<Response, Problem> {
    let templates = visit.desk().templates.list();
    write(&Templates { page: visit.page(Place::Templates, "Templates"), templates })
}

/// A template with its sample.
pub(super) async fn show(
    visit: Visit,
    Path(name): Path<String>,
    Asked { form, .. }: Asked<InLanguage>,
) -> Result<Response, Problem> {
    let template = listed(&visit, &name)?;
    let data = sample(&visit, &template.name, form.locale.as_deref())?;
    let query = form.locale.as_deref().map(|locale| format!("?locale={}", encoded(locale))).unwrap_or_default();
    let frame = format!("/letters/sample/{}{query}", template.name);
    let letter = visit.desk().preview(view(&template, None, form.locale.clone()));
    write(&One::new(&visit, template, form.locale, pretty(&data), letter, frame))
}

/// A template with somebody's own data.
pub(super) async fn fill(visit: Visit, Path(name): Path<String>, sent: Sent) -> Result<Response, Problem> {
    let template = listed(&visit, &name)?;
    let locale = sent.one("locale");
    let text = sent.one("data").unwrap_or_default();
    let data: Result<Map<String, Value>, Problem> = serde_json::from_str(&text).map_err(|error| {
        let detail = format!(
            "must be one JSON object such as {{\"name\": \"value\"}}; look at line {}, column {}",
            error.line(),
            error.column()
        );
        Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, detail).at("data")
    });
    let letter = data.and_then(|data| visit.desk().preview(view(&template, Some(data), locale.clone())));
    let frame = match &letter {
        Ok(letter) => format!("/letters/filled/{}", visit.dashboard.shelf.put(letter.html.clone())),
        Err(_) => String::new(),
    };
    write(&One::new(&visit, template, locale, text, letter, frame))
}

impl One {
    fn new(
        visit: &Visit,
        template: Listed,
        locale: Option<String>,
        data: String,
        letter: Result<Preview, Problem>,
        frame: String,
    ) -> Self {
        let (letter, mistake) = match letter {
            Ok(letter) => (Some(letter), None),
            Err(Problem { field, detail, .. }) => (None, Some(Mistake { field, detail })),
        };
        let page = visit.page(Place::Templates, template.name.to_string());
        Self { page, template, locale, data, letter, frame, mistake }
    }

    /// Whether that is the language in which it is shown.
    fn is_in(&self, locale: &str) -> bool {
        self.locale.as_deref() == Some(locale)
    }
}

fn view(template: &Listed, data: Option<Map<String, Value>>, locale: Option<String>) -> View {
    View { template: template.name.to_string(), data, locale, workflow: None }
}

fn listed(visit: &Visit, name: &str) -> Result<Listed, Problem> {
    let found = visit.desk().templates.list().into_iter().find(|listed| listed.name.as_str() == name);
    found.ok_or_else(|| Problem::unknown("template"))
}

fn sample(visit: &Visit, template: &TemplateName, locale: Option<&str>) -> Result<Map<String, Value>, Problem> {
    let locale = locale.map(Locale::parse).transpose()?;
    Ok(visit.desk().templates.sample_in(template, locale.as_ref()).unwrap_or_default())
}

fn pretty(data: &Map<String, Value>) -> String {
    serde_json::to_string_pretty(data).unwrap_or_default()
}
