//! A renderer over the plain one, broken in one way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use postroom_domain::id::TemplateName;
use postroom_domain::locale::Locale;
use postroom_ports::contract::RendererHarness;
use postroom_ports::letter::Data;
use postroom_ports::template::{RenderError, Rendered, TemplateRenderer};
use serde_json::{Value, json};

use crate::support::PlainHarness;

/// In which way the renderer is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// In none.
    None,
    AcceptsAnyLink,
    BreaksTheSubject,
    CountsVersions,
    EscapesNothing,
    EvaluatesData,
    ForgetsText,
    KnowsNoSamples,
    NamesOneMissing,
    RefusesUnusedData,
    RendersWithoutBounds,
    SuggestsNothing,
    ForgetsTheVariant,
    KnowsExactLocalesOnly,
    ListsVariants,
    NamesWhatWasWanted,
    NeedsLessInGerman,
    SharesOneVersion,
}

/// The harness of a broken renderer.
pub(crate) struct BrokenHarness(Arc<BrokenRenderer>);

#[derive(Debug)]
struct BrokenRenderer {
    inner: Arc<dyn TemplateRenderer>,
    fault: Fault,
    calls: AtomicU64,
}

impl BrokenHarness {
    pub(crate) fn with(fault: Fault) -> Self {
        let inner = PlainHarness::fresh().renderer();
        Self(Arc::new(BrokenRenderer { inner, fault, calls: AtomicU64::new(0) }))
    }
}

impl RendererHarness for BrokenHarness {
    fn fresh() -> Self {
        Self::with(Fault::None)
    }

    fn renderer(&self) -> Arc<dyn TemplateRenderer> {
        Arc::clone(&self.0) as Arc<dyn TemplateRenderer>
    }
}

impl TemplateRenderer for BrokenRenderer {
    fn templates(&self) -> Vec<TemplateName> {
        let mut listed = self.inner.templates();
        if self.fault == Fault::ListsVariants {
            listed.push(TemplateName::parse("contract/greeting.de").unwrap());
        }
        listed
    }

    fn sample(&self, template: &TemplateName) -> Option<Data> {
        self.inner.sample(template).filter(|_| self.fault != Fault::KnowsNoSamples)
    }

    fn render(&self, template: &TemplateName, locale: Option<&Locale>, data: &Data) -> Result<Rendered, RenderError> {
        if self.fault == Fault::RefusesUnusedData && data.contains_key("unused") {
            return Err(RenderError::Unusable { name: "unused".to_owned(), reason: "is not used".to_owned() });
        }
        let known = locale.filter(|locale| self.fault != Fault::KnowsExactLocalesOnly || locale.as_str() == "de");
        match self.inner.render(template, known, data) {
            Ok(rendered) => Ok(self.spoiled(rendered, locale, data)),
            Err(refusal) => self.forgiven(refusal, template, locale, data),
        }
    }
}

impl BrokenRenderer {
    fn spoiled(&self, mut rendered: Rendered, locale: Option<&Locale>, data: &Data) -> Rendered {
        match self.fault {
            Fault::ForgetsTheVariant => rendered.locale = None,
            Fault::NamesWhatWasWanted => rendered.locale = locale.cloned(),
            Fault::SharesOneVersion => "1".clone_into(&mut rendered.version),
            Fault::ForgetsText => rendered.text.clone_from(&rendered.html),
            Fault::EscapesNothing => rendered.html = rendered.html.replace("&lt;", "<").replace("&gt;", ">"),
            Fault::EvaluatesData => rendered.text = rendered.text.replace("{{ 7 * 7 }}", "49"),
            Fault::CountsVersions => {
                rendered.version = self.calls.fetch_add(1, Ordering::Relaxed).to_string();
            }
            Fault::BreaksTheSubject => {
                let name = data.get("name").and_then(Value::as_str).unwrap_or_default();
                rendered.subject = format!("Hello {name}");
            }
            _ => {}
        }
        rendered
    }

    fn forgiven(
        &self,
        refusal: RenderError,
        template: &TemplateName,
        locale: Option<&Locale>,
        data: &Data,
    ) -> Result<Rendered, RenderError> {
        match (self.fault, refusal) {
            (Fault::NeedsLessInGerman, RenderError::Missing { names, .. }) if locale.is_some() => {
                let name = names.first().map_or("", String::as_str);
                self.with(template, data, name, json!("https://example.org"))
            }
            (Fault::NamesOneMissing, RenderError::Missing { template, mut names }) => {
                names.truncate(1);
                Err(RenderError::Missing { template, names })
            }
            (Fault::SuggestsNothing, RenderError::Unknown { name, .. }) => {
                Err(RenderError::Unknown { name, suggestion: None })
            }
            (Fault::AcceptsAnyLink, RenderError::Unusable { .. }) => {
                self.with(template, data, "link", json!("https://example.org"))
            }
            (Fault::RendersWithoutBounds, RenderError::Limit { .. }) => self.with(template, data, "rounds", json!(50)),
            (_, refusal) => Err(refusal),
        }
    }

    /// Renders with one value replaced.
    fn with(&self, template: &TemplateName, data: &Data, name: &str, value: Value) -> Result<Rendered, RenderError> {
        let mut data = data.clone();
        data.insert(name.to_owned(), value);
        self.inner.render(template, None, &data)
    }
}
