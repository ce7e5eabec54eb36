//! Which brand a letter bears: its portal's own, or the one for all that have none.

use std::collections::BTreeMap;

use postroom_domain::id::TemplateName;

use crate::brand::Brand;

/// A brand for all letters, and others for portals. A **portal** is the first folder of a
/// template's name: `hub` of `hub/welcome`.
///
/// Nothing is inherited. A portal's brand is the whole of what its letters bear: what it does
/// not say is not taken from another, so that no portal's letters ever carry anything of
/// another's by accident.
///
/// ```
/// use postroom_adapters_minijinja::{Brand, Brands};
///
/// let brands = Brands::from(Brand::default().with_name("Example")?)
///     .with_portal("hub", Brand::default().with_name("Example Hub")?);
/// # Ok::<(), postroom_domain::invalid::Invalid>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Brands {
    all: Brand,
    portals: BTreeMap<String, Brand>,
}

impl Brands {
    /// The same with a brand of its own for `portal`.
    #[must_use]
    pub fn with_portal(mut self, portal: &str, brand: Brand) -> Self {
        self.portals.insert(portal.to_owned(), brand);
        self
    }

    /// What the letters of `template` bear.
    pub(crate) fn of(&self, template: &TemplateName) -> &Brand {
        portal(template).and_then(|portal| self.portals.get(portal)).unwrap_or(&self.all)
    }

    /// The links below the letters of any of them.
    pub(crate) fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        std::iter::once(&self.all).chain(self.portals.values()).flat_map(Brand::links)
    }

    /// The portals that have a brand of their own.
    pub(crate) fn portals(&self) -> impl Iterator<Item = &str> {
        self.portals.keys().map(String::as_str)
    }
}

impl From<Brand> for Brands {
    fn from(all: Brand) -> Self {
        Self { all, portals: BTreeMap::new() }
    }
}

impl From<&Brand> for Brands {
    fn from(all: &Brand) -> Self {
        all.clone().into()
    }
}

impl From<&Self> for Brands {
    fn from(brands: &Self) -> Self {
        brands.clone()
    }
}

/// The portal of a template, where it lies in one.
pub(crate) fn portal(template: &TemplateName) -> Option<&str> {
    template.as_str().split_once('/').map(|(portal, _)| portal)
}
