//! What templates there are, for whoever looks for one.

use postroom_domain::id::TemplateName;
use postroom_domain::locale::Locale;

use crate::templates::Templates;

/// A template, as it is known before any letter comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: TemplateName,
    /// The other languages that it is written in.
    pub locales: Vec<Locale>,
    /// What a letter must bring: `accept_url`, `order.total`.
    pub required: Vec<String>,
    /// What it may bring, in any language.
    pub optional: Vec<String>,
    /// Its version, as letters rendered from it bear it.
    pub version: String,
}

impl Templates {
    /// Every template, in order of name.
    #[must_use]
    pub fn list(&self) -> Vec<Listed> {
        let listed = |(name, template): (&TemplateName, &crate::template::Template)| {
            let required = &template.base.variables.required;
            let optional = template.editions().flat_map(|(_, edition)| edition.variables.optional.iter());
            let mut optional: Vec<String> = optional.filter(|path| !required.contains(*path)).cloned().collect();
            optional.sort();
            optional.dedup();
            Listed {
                name: name.clone(),
                locales: template.variants.keys().cloned().collect(),
                required: required.iter().cloned().collect(),
                optional,
                version: template.base.version.clone(),
            }
        };
        self.known().map(listed).collect()
    }
}
