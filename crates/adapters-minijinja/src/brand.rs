//! Whose letters these are. Nobody's name or colour is baked into a template.

use minijinja::context;
use minijinja::value::Value;
use postroom_domain::invalid::Invalid;

use crate::link;

/// What every template sees as `brand`: a name, a colour, a footer, links.
///
/// Without a name the letters name nobody; without a colour the button is blue.
///
/// ```
/// use postroom_adapters_minijinja::Brand;
///
/// let brand = Brand::default()
///     .with_name("Example")?
///     .with_accent("#0b6e4f")?
///     .with_footer("Example Ltd, 1 Sample Street, Sampletown")?
///     .with_link("Help", "https://example.org/help")?;
/// # Ok::<(), postroom_domain::invalid::Invalid>(())
/// ```
#[derive(Clone, Debug)]
pub struct Brand {
    name: Option<String>,
    accent: Colour,
    footer: Option<String>,
    links: Vec<(String, String)>,
}

impl Default for Brand {
    fn default() -> Self {
        Self { name: None, accent: Colour([0x1f, 0x56, 0xc9]), footer: None, links: Vec::new() }
    }
}

impl Brand {
    /// The name that letters speak in: `brand.name`.
    ///
    /// # Errors
    /// Refuses what is not one line of text.
    pub fn with_name(mut self, name: &str) -> Result<Self, Invalid> {
        self.name = Some(one_line("brand.name", name)?);
        Ok(self)
    }

    /// The colour of the button and of the edge: `brand.accent`, as `#rrggbb`. What stands on
    /// it (`brand.on_accent`) is white or black, whichever can be read better.
    ///
    /// # Errors
    /// Refuses what is not a hash and six hexadecimal digits.
    pub fn with_accent(mut self, colour: &str) -> Result<Self, Invalid> {
        self.accent = Colour::parse(colour)
            .ok_or_else(|| Invalid::new("brand.accent", "is not a colour; write it as #rrggbb"))?;
        Ok(self)
    }

    /// A line under every letter, such as a postal address: `brand.footer`.
    ///
    /// # Errors
    /// Refuses what is not one line of text.
    pub fn with_footer(mut self, footer: &str) -> Result<Self, Invalid> {
        self.footer = Some(one_line("brand.footer", footer)?);
        Ok(self)
    }

    /// One more link under every letter: `brand.links`.
    ///
    /// # Errors
    /// Refuses what the `link` filter would refuse in a letter, and a label that is not one
    /// line of text.
    pub fn with_link(mut self, label: &str, url: &str) -> Result<Self, Invalid> {
        if !link::is_safe(url) {
            let reason = "is not a link; write an https:, http: or mailto: address in ASCII";
            return Err(Invalid::new("brand.links", reason));
        }
        self.links.push((one_line("brand.links", label)?, url.to_owned()));
        Ok(self)
    }

    /// The brand as templates see it. What was not given is not defined.
    pub(crate) fn to_value(&self) -> Value {
        let text = |text: &Option<String>| text.as_deref().map_or(Value::UNDEFINED, Value::from);
        let link = |(label, url): &(String, String)| context! { label, url };
        context! {
            name => text(&self.name),
            accent => self.accent.to_hex(),
            on_accent => self.accent.ink(),
            footer => text(&self.footer),
            links => self.links.iter().map(link).collect::<Vec<_>>(),
        }
    }
}

/// Brand texts stand in every letter: one that no letter may hold is refused at the start.
fn one_line(field: &str, text: &str) -> Result<String, Invalid> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err(Invalid::new(field, "is not a line of text; write one, or leave it out"));
    }
    Ok(text.to_owned())
}

/// An sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Colour([u8; 3]);

impl Colour {
    fn parse(text: &str) -> Option<Self> {
        let mut rgb = [0; 3];
        hex::decode_to_slice(text.strip_prefix('#')?, &mut rgb).ok()?;
        Some(Self(rgb))
    }

    fn to_hex(self) -> String {
        format!("#{}", hex::encode(self.0))
    }

    /// White or black, whichever contrasts more. One of the two always reaches 4.5:1, the
    /// minimum of WCAG 2.2 §1.4.3: black gains on white at a luminance of 0.179, where both
    /// reach 4.58:1.
    fn ink(self) -> &'static str {
        if self.luminance() > 0.179 { "#000000" } else { "#ffffff" }
    }

    /// Relative luminance, 0 to 1 (WCAG 2.2, "relative luminance").
    fn luminance(self) -> f64 {
        let linear = |byte: u8| {
            let c = f64::from(byte) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        let [r, g, b] = self.0.map(linear);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ink_on_any_accent_can_be_read() {
        let steps = || (0..=255).step_by(15);
        for (r, g, b) in steps().flat_map(|r| steps().flat_map(move |g| steps().map(move |b| (r, g, b)))) {
            let accent = Colour([r, g, b]);
            let l = accent.luminance();
            let contrast = if accent.ink() == "#ffffff" { 1.05 / (l + 0.05) } else { (l + 0.05) / 0.05 };
            assert!(contrast >= 4.5, "{} has {contrast}", accent.to_hex());
        }
    }

    #[test]
    fn a_colour_is_a_hash_and_six_digits() {
        assert_eq!(Brand::default().with_accent("#0B6e4f").unwrap().accent.to_hex(), "#0b6e4f");
        for bad in ["", "#fff", "0b6e4f", "#0b6e4g", "#0b6e4f;", "red", "#0b6e4f00"] {
            assert!(Brand::default().with_accent(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_footer_link_must_be_one() {
        let refusal = Brand::default().with_link("Help", "javascript:alert(1)").unwrap_err();
        assert_eq!(refusal.field, "brand.links");
    }

    #[test]
    fn a_name_that_no_subject_could_hold_is_refused() {
        for bad in ["", " ", "Example\r\nBcc: x", "Exa\0mple"] {
            assert!(Brand::default().with_name(bad).is_err(), "{bad:?}");
        }
    }
}
