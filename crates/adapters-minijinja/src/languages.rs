//! From folders to templates and their languages: `invitation` is a template, `invitation.de` the same letter in German.

use std::collections::BTreeMap;

use postroom_domain::id::TemplateName;
use postroom_domain::locale::Locale;

use crate::load::LoadError;
use crate::sources::Sources;

pub(crate) const SUBJECT: &str = "subject.txt.j2";
pub(crate) const HTML: &str = "body.html.j2";
pub(crate) const TEXT: &str = "body.txt.j2";
pub(crate) const SAMPLE: &str = "sample.json";
/// The files that make a letter.
pub(crate) const PARTS: [&str; 3] = [SUBJECT, HTML, TEXT];

/// Folders that hold no templates of their own.
const SHARED: [&str; 2] = ["layouts/", "partials/"];

/// Whether a file belongs to all templates.
pub(crate) fn is_shared(file: &str) -> bool {
    SHARED.iter().any(|shared| file.starts_with(shared))
}

/// The languages of one template: the folder of each. `None` is the template itself.
pub(crate) type Languages = BTreeMap<Option<Locale>, String>;

/// The templates among the files, each with its languages, and the folders that are none.
pub(crate) fn find(sources: &Sources) -> (BTreeMap<TemplateName, Languages>, Vec<LoadError>) {
    let mut templates: BTreeMap<TemplateName, Languages> = BTreeMap::new();
    let mut errors = Vec::new();
    for folder in folders(sources) {
        match read(&folder) {
            Ok((template, locale)) => {
                templates.entry(template).or_default().insert(locale, folder);
            }
            Err(error) => errors.push(error),
        }
    }
    (templates, errors)
}

/// Every folder that holds any of a template's files.
fn folders(sources: &Sources) -> Vec<String> {
    let folder = |file: &str| {
        let (folder, file) = file.rsplit_once('/')?;
        (PARTS.contains(&file) || file == SAMPLE).then(|| folder.to_owned())
    };
    let own = sources.names().filter(|file| !is_shared(file));
    let mut folders: Vec<String> = own.filter_map(folder).collect();
    folders.dedup();
    folders
}

/// What a folder's name says: a language behind the last dot makes it a variant.
pub(crate) fn read(folder: &str) -> Result<(TemplateName, Option<Locale>), LoadError> {
    let bad = |reason: String| LoadError::BadTemplateName { name: folder.to_owned(), reason };
    let file_name = folder.rsplit('/').next().unwrap_or(folder);
    let tag = file_name.rsplit_once('.').map(|(_, tag)| tag);
    let locale = tag.and_then(|tag| Locale::parse(tag).ok());
    let name = match (&locale, tag) {
        (Some(locale), Some(tag)) if locale.as_str() != tag => {
            return Err(bad(format!("write its language as {locale}")));
        }
        (Some(_), Some(tag)) => folder.strip_suffix(tag).and_then(|name| name.strip_suffix('.')).unwrap_or(folder),
        _ => folder,
    };
    let template = TemplateName::parse(name).map_err(|refusal| bad(refusal.reason))?;
    Ok((template, locale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_behind_the_last_dot_makes_a_variant() {
        for (folder, template, locale) in [
            ("invitation", "invitation", None),
            ("invitation.de", "invitation", Some("de")),
            ("hub/welcome.zh-hant", "hub/welcome", Some("zh-hant")),
            ("report.v2", "report.v2", None),
            ("report.2026.pt-br", "report.2026", Some("pt-br")),
            ("hub.de/welcome", "hub.de/welcome", None),
        ] {
            let (name, found) = read(folder).unwrap();
            assert_eq!((name.as_str(), found.as_ref().map(Locale::as_str)), (template, locale), "{folder}");
        }
    }

    #[test]
    fn a_language_has_one_spelling() {
        for folder in ["invitation.pt_br", "invitation.pt-BR"] {
            let refusal = read(folder).unwrap_err().to_string();
            assert!(refusal.contains("pt-br"), "{refusal}");
        }
    }
}
