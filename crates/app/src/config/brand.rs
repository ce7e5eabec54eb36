//! Whose letters they are: `[brand]` for all, `[brand.<portal>]` for one portal alone.

use std::collections::{BTreeMap, BTreeSet};

use super::reader::Reader;
use crate::mailroom::Workflows;

/// What lies below `[brand]` and is no portal.
const LINKS: &str = "links";

/// What letters look like: `[brand]`, or `[brand.<portal>]`.
#[derive(Clone, Debug, Default)]
pub struct BrandSettings {
    /// Where it stands in the file: `brand`, or `brand.hub`.
    pub path: String,
    /// Whose letters they are. `[brand]` takes the sender's name unless it is set.
    pub name: Option<String>,
    /// The colour of what is to be done, as `#rrggbb`.
    pub accent: Option<String>,
    /// The colour behind the letter, as `#rrggbb`.
    pub background: Option<String>,
    /// An image in place of the name, by an https address.
    pub logo_url: Option<String>,
    /// What that image says.
    pub logo_alt: Option<String>,
    /// How letters open and close: plain, friendly, formal.
    pub tone: Option<String>,
    /// The last lines of each letter.
    pub footer: Option<String>,
    /// Links below them, by label.
    pub links: BTreeMap<String, String>,
}

/// The brand of all letters, and those of portals. A portal is the first folder of a template's
/// name, and takes nothing from any other table than its own.
#[derive(Clone, Debug, Default)]
pub struct BrandsSettings {
    /// `[brand]`.
    pub all: BrandSettings,
    /// `[brand.<portal>]`, by portal.
    pub portals: BTreeMap<String, BrandSettings>,
}

pub(super) fn read(reader: &mut Reader, workflows: Option<&Workflows>) -> BrandsSettings {
    let sender = workflows.and_then(|workflows| workflows.default.sender.name().map(str::to_owned));
    let mut all = table(reader, "brand", "POSTROOM_BRAND_NAME");
    all.name = all.name.or(sender);
    let named = reader.names_below("brand.");
    let portals: BTreeSet<String> = named.iter().filter_map(|name| name.split('.').next()).map(str::to_owned).collect();
    let portals = portals.into_iter().filter(|portal| portal != LINKS);
    let portals = portals.map(|portal| {
        let settings = table(reader, &format!("brand.{portal}"), "");
        (portal, settings)
    });
    BrandsSettings { portals: portals.collect(), all }
}

fn table(reader: &mut Reader, path: &str, name_variable: &str) -> BrandSettings {
    let name = reader.text(&format!("{path}.name"), name_variable);
    let mut text = |key: &str| reader.text(&format!("{path}.{key}"), "");
    BrandSettings {
        path: path.to_owned(),
        name,
        accent: text("accent"),
        background: text("background"),
        logo_url: text("logo_url"),
        logo_alt: text("logo_alt"),
        tone: text("tone"),
        footer: text("footer"),
        links: reader.texts_below(&format!("{path}.{LINKS}.")),
    }
}
