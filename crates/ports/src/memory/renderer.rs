//! A template engine of one line per part, for tests of what stands around an engine.

use std::collections::BTreeMap;

use postroom_domain::id::TemplateName;
use postroom_domain::locale::Locale;
use serde_json::Value;

use crate::letter::Data;
use crate::template::{RenderError, Rendered, TemplateRenderer};

/// The most that one body may hold, in bytes.
const OUTPUT_LIMIT: usize = 1 << 20;

/// Templates whose parts are text with `{name}` for a variable and `{name|link}` for a link.
/// The line `{*name}` in front of a text repeats it `name`³ times.
#[derive(Debug, Default)]
pub struct PlainRenderer(BTreeMap<TemplateName, Template>);

#[derive(Debug)]
struct Template {
    words: Words,
    variants: BTreeMap<Locale, Words>,
    sample: Data,
}

#[derive(Debug)]
struct Words {
    subject: String,
    html: String,
    text: String,
}

impl From<[&str; 3]> for Words {
    fn from([subject, html, text]: [&str; 3]) -> Self {
        Self { subject: subject.to_owned(), html: html.to_owned(), text: text.to_owned() }
    }
}

impl Template {
    /// The nearest variant, where one fits, or the template's own words.
    fn words(&self, locale: Option<&Locale>) -> (Option<Locale>, &Words) {
        let mut fallbacks = locale.into_iter().flat_map(Locale::fallbacks);
        let variant = fallbacks.find_map(|locale| self.variants.get_key_value(&locale));
        variant.map_or((None, &self.words), |(locale, words)| (Some(locale.clone()), words))
    }
}

/// Where a value is printed to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Html,
    Text,
}

impl PlainRenderer {
    /// The same renderer with one more template.
    #[must_use]
    pub fn with(mut self, name: TemplateName, parts: [&str; 3], sample: Data) -> Self {
        self.0.insert(name, Template { words: parts.into(), variants: BTreeMap::new(), sample });
        self
    }

    /// The same renderer with this template in one more language. A template that is not there has no variants.
    #[must_use]
    pub fn with_variant(mut self, name: &TemplateName, locale: Locale, parts: [&str; 3]) -> Self {
        if let Some(template) = self.0.get_mut(name) {
            template.variants.insert(locale, parts.into());
        }
        self
    }

    /// The listed name that is most like `wanted`, where one is like it at all.
    fn nearest(&self, wanted: &TemplateName) -> Option<String> {
        let in_common = |name: &str| name.bytes().zip(wanted.as_str().bytes()).take_while(|(a, b)| a == b).count();
        let best = self.0.keys().max_by_key(|name| in_common(name.as_str()))?;
        (in_common(best.as_str()) >= 3).then(|| best.as_str().to_owned())
    }
}

impl TemplateRenderer for PlainRenderer {
    fn templates(&self) -> Vec<TemplateName> {
        self.0.keys().cloned().collect()
    }

    fn sample(&self, template: &TemplateName) -> Option<Data> {
        self.0.get(template).map(|template| template.sample.clone())
    }

    fn render(&self, name: &TemplateName, locale: Option<&Locale>, data: &Data) -> Result<Rendered, RenderError> {
        let unknown = || RenderError::Unknown { name: name.as_str().to_owned(), suggestion: self.nearest(name) };
        let template = self.0.get(name).ok_or_else(unknown)?;
        let missing: Vec<String> =
            template.sample.keys().filter(|variable| !data.contains_key(*variable)).cloned().collect();
        if !missing.is_empty() {
            return Err(RenderError::Missing { template: name.clone(), names: missing });
        }
        let (locale, words) = template.words(locale);
        let subject = fill(&words.subject, data, Target::Text)?;
        Ok(Rendered {
            subject: subject.split(char::is_control).collect::<Vec<_>>().join(" "),
            html: fill(&words.html, data, Target::Html)?,
            text: repeated(name, &words.text, data)?,
            version: format!("{}-{}-{}", words.subject.len(), words.html.len(), words.text.len()),
            locale,
        })
    }
}

fn repeated(name: &TemplateName, text: &str, data: &Data) -> Result<String, RenderError> {
    let Some((variable, line)) = text.strip_prefix("{*").and_then(|text| text.split_once('}')) else {
        return fill(text, data, Target::Text);
    };
    let number = data.get(variable).and_then(Value::as_u64);
    let times = number.and_then(|n| usize::try_from(n).ok()).and_then(|n| n.checked_pow(3));
    let line = fill(line, data, Target::Text)?;
    match times.and_then(|times| times.checked_mul(line.len())) {
        Some(size) if size <= OUTPUT_LIMIT => Ok(line.repeat(times.unwrap_or(0))),
        _ => Err(RenderError::Limit { template: name.clone(), what: "output" }),
    }
}

/// `text` with its variables filled in, once: what they hold is not looked at again.
fn fill(text: &str, data: &Data, target: Target) -> Result<String, RenderError> {
    let mut parts = text.split('{');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (variable, rest) = part.split_once('}').unwrap_or((part, ""));
        let (variable, link) = variable.split_once('|').map_or((variable, false), |(variable, _)| (variable, true));
        let value = printed(variable, data.get(variable))?;
        if link && !["https://", "http://", "mailto:"].iter().any(|scheme| value.starts_with(scheme)) {
            let reason = "must be a link that starts with https, http or mailto".to_owned();
            return Err(RenderError::Unusable { name: variable.to_owned(), reason });
        }
        filled.push_str(&if target == Target::Html { escaped(&value) } else { value });
        filled.push_str(rest);
    }
    Ok(filled)
}

fn printed(name: &str, value: Option<&Value>) -> Result<String, RenderError> {
    match value {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        _ => Err(RenderError::Unusable { name: name.to_owned(), reason: "must be text or a number".to_owned() }),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
