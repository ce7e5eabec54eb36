//! A folder of templates that a test writes.

use std::fs;

use postroom_adapters_minijinja::{Brand, LoadError, Templates};
use postroom_domain::id::TemplateName;
use tempfile::TempDir;

pub(crate) struct Folder(pub(crate) TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// A whole template with `body` for its text part.
    pub(crate) fn template(self, name: &str, body: &str, sample: &serde_json::Value) -> Self {
        self.file(&format!("{name}/subject.txt.j2"), "A subject\n")
            .file(&format!("{name}/body.html.j2"), "<p>A body</p>\n")
            .file(&format!("{name}/body.txt.j2"), body)
            .file(&format!("{name}/sample.json"), &sample.to_string())
    }

    pub(crate) fn load(&self) -> Result<Templates, LoadError> {
        Templates::embedded(Brand::default())?.with_folder(self.0.path())
    }
}

pub(crate) fn name(text: &str) -> TemplateName {
    TemplateName::parse(text).unwrap()
}
