//! A renderer without templates.

use postroom_domain::id::TemplateName;
use postroom_domain::locale::Locale;
use postroom_ports::letter::Data;
use postroom_ports::template::{RenderError, Rendered, TemplateRenderer};

/// Renders every template there could be, by showing the data: one line `key: value` for each, in order of key. The
/// subject is the template's name. For tests of what a letter was told, not of what it says.
#[derive(Clone, Copy, Debug, Default)]
pub struct DataRenderer;

impl TemplateRenderer for DataRenderer {
    fn templates(&self) -> Vec<TemplateName> {
        Vec::new()
    }

    fn sample(&self, _template: &TemplateName) -> Option<Data> {
        None
    }

    fn render(&self, template: &TemplateName, _locale: Option<&Locale>, data: &Data) -> Result<Rendered, RenderError> {
        let shown = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let lines: Vec<String> = data.iter().map(|(key, value)| format!("{key}: {}", shown(value))).collect();
        let text = lines.join("\n");
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        Ok(Rendered {
            subject: template.as_str().to_owned(),
            html: format!("<pre>{escaped}</pre>"),
            text,
            version: "data".to_owned(),
            locale: None,
        })
    }
}
