//! The rules that every renderer keeps, on this one.

use std::sync::Arc;

use crate::folder::Folder;
use postroom_ports::contract::RendererHarness;
use postroom_ports::template::TemplateRenderer;
use serde_json::json;

struct Harness(Arc<dyn TemplateRenderer>);

impl RendererHarness for Harness {
    fn fresh() -> Self {
        let rounds = "{% for a in range(rounds) %}{% for b in range(rounds) %}{% for c in range(rounds) %}x\n\
                      {% endfor %}{% endfor %}{% endfor %}";
        let greeting = json!({"name": "Sam", "link": "https://example.org/"});
        let templates = Folder::new()
            .template("contract/greeting", "Hello {{ name }}\n\n{{ link | link }}\n", &greeting)
            .file("contract/greeting/subject.txt.j2", "Hello {{ name }}\n")
            .file("contract/greeting/body.html.j2", "<p>{{ name }}</p><a href=\"{{ link | link }}\">{{ link }}</a>\n")
            .file("contract/greeting.de/subject.txt.j2", "Hallo {{ name }}\n")
            .file("contract/greeting.de/body.html.j2", "<p>{{ name }}</p>\n")
            .file("contract/greeting.de/body.txt.j2", "Hallo {{ name }}\n")
            .template("contract/loop", rounds, &json!({"rounds": 2}))
            .file("contract/loop/subject.txt.j2", "Loop\n")
            .file("contract/loop/body.html.j2", "<p>x</p>\n")
            .load();
        Self(Arc::new(templates.unwrap()))
    }

    fn renderer(&self) -> Arc<dyn TemplateRenderer> {
        Arc::clone(&self.0)
    }
}

postroom_ports::renderer_contract!(Harness);
