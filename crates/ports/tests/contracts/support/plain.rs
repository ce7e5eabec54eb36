use std::sync::Arc;

use postroom_domain::id::TemplateName;
use postroom_domain::locale::Locale;
use postroom_ports::contract::RendererHarness;
use postroom_ports::letter::Data;
use postroom_ports::memory::PlainRenderer;
use postroom_ports::template::TemplateRenderer;
use serde_json::{Value, json};

/// The plain renderer with the fixtures of the contract.
pub(crate) struct PlainHarness(Arc<PlainRenderer>);

impl RendererHarness for PlainHarness {
    fn fresh() -> Self {
        let greeting = ["Hello {name}", "<p>{name}</p><a href=\"{link|link}\">Go</a>", "Hello {name}\n{link|link}\n"];
        let in_german = ["Hallo {name}", "<p>{name}</p>", "Hallo {name}\n"];
        let many = ["Loop", "<p>x</p>", "{*rounds}x\n"];
        let renderer = PlainRenderer::default()
            .with(
                name("contract/greeting"),
                greeting,
                data([("name", json!("Ann")), ("link", json!("https://example.org"))]),
            )
            .with_variant(&name("contract/greeting"), Locale::parse("de").unwrap(), in_german)
            .with(name("contract/loop"), many, data([("rounds", json!(1))]));
        Self(Arc::new(renderer))
    }

    fn renderer(&self) -> Arc<dyn TemplateRenderer> {
        Arc::clone(&self.0) as Arc<dyn TemplateRenderer>
    }
}

fn name(text: &str) -> TemplateName {
    TemplateName::parse(text).unwrap()
}

fn data<const N: usize>(fields: [(&str, Value); N]) -> Data {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
