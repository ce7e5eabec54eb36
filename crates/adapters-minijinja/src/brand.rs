//! Whose letters these are. Nobody's name or colour is baked into a template.

use minijinja::context;
use minijinja::value::Value;
use postroom_domain::invalid::Invalid;

use crate::colour::{Colour, Inks};
use crate::link;

/// How letters speak: what the templates that come with the binary open and close with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// "Hello Sam," and no closing.
    Plain,
    /// "Hi Sam," and the team says goodbye.
    Friendly,
    /// "Dear Sam," and kind regards.
    Formal,
}

impl Tone {
    /// Every tone.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Friendly, Self::Formal];

    /// In one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Friendly => "friendly",
            Self::Formal => "formal",
        }
    }
}

/// What every template sees as `brand`: a name, colours, a logo, a tone, a footer, links.
///
/// Without a name the letters name nobody; without a colour the button is blue; without a tone
/// each template keeps its own.
///
/// ```
/// use postroom_adapters_minijinja::Brand;
///
/// let brand = Brand::default()
///     .with_name("Example")?
///     .with_accent("#0b6e4f")?
///     .with_logo("https://static.example.org/logo.png", "Example")?
///     .with_tone("friendly")?
///     .with_footer("Example Ltd, 1 Sample Street, Sampletown")?
///     .with_link("Help", "https://example.org/help")?;
/// # Ok::<(), postroom_domain::invalid::Invalid>(())
/// ```
#[derive(Clone, Debug)]
pub struct Brand {
    name: Option<String>,
    accent: Colour,
    background: Colour,
    inks: Inks,
    logo: Option<Logo>,
    tone: Option<Tone>,
    footer: Option<String>,
    links: Vec<(String, String)>,
}

/// What a letter is written on in dark surroundings: `.card` in `layouts/base.html.j2`.
const DARK_CARD: Colour = Colour([0x1e, 0x21, 0x27]);

/// An image in place of the name.
#[derive(Clone, Debug)]
struct Logo {
    url: String,
    alt: String,
}

impl Default for Brand {
    fn default() -> Self {
        let background = Colour([0xf3, 0xf4, 0xf6]);
        Self {
            name: None,
            accent: Colour([0x1f, 0x56, 0xc9]),
            background,
            inks: background.inks().unwrap_or(Inks { ink: background.ink(), quiet: background.ink() }),
            logo: None,
            tone: None,
            footer: None,
            links: Vec::new(),
        }
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
    /// it (`brand.on_accent`) is white or black, whichever can be read better. Where the reader's
    /// surroundings are dark, it is brightened as far as it must be to be seen
    /// (`brand.accent_in_dark`, `brand.on_accent_in_dark`).
    ///
    /// # Errors
    /// Refuses what is not a hash and six hexadecimal digits.
    pub fn with_accent(mut self, colour: &str) -> Result<Self, Invalid> {
        self.accent = self::colour("brand.accent", colour)?;
        Ok(self)
    }

    /// The colour behind the letter in light surroundings: `brand.background`, as `#rrggbb`.
    /// What stands on it (`brand.ink`, `brand.quiet`) is dark or light, whichever can be read.
    ///
    /// # Errors
    /// Refuses what is not a colour, and one on which neither can be read: one between light
    /// and dark.
    pub fn with_background(mut self, colour: &str) -> Result<Self, Invalid> {
        let background = self::colour("brand.background", colour)?;
        let unreadable = || {
            let reason = "lies between light and dark, so that no text on it can be read (WCAG 2.2 asks for a contrast \
                          of 4.5:1); choose a lighter or a darker colour";
            Invalid::new("brand.background", reason)
        };
        self.inks = background.inks().ok_or_else(unreadable)?;
        self.background = background;
        Ok(self)
    }

    /// An image that stands above the letter in place of the name, 40 pixels high at most:
    /// `brand.logo.url`, and what it says for those who do not see it: `brand.logo.alt`.
    ///
    /// # Errors
    /// Refuses an address that is not https, and an alternative text that is not one line.
    pub fn with_logo(mut self, url: &str, alt: &str) -> Result<Self, Invalid> {
        let is_https = url.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"));
        if !is_https || !link::is_safe(url) {
            return Err(Invalid::new("brand.logo_url", "is not an https: address in ASCII; mail shows no other image"));
        }
        self.logo = Some(Logo { url: url.to_owned(), alt: one_line("brand.logo_alt", alt)? });
        Ok(self)
    }

    /// How letters open and close: `brand.tone`, one of `plain`, `friendly`, `formal`.
    ///
    /// # Errors
    /// Refuses any other word.
    pub fn with_tone(mut self, tone: &str) -> Result<Self, Invalid> {
        let known = Tone::ALL.into_iter().find(|known| known.as_str() == tone);
        self.tone = Some(known.ok_or_else(|| Invalid::new("brand.tone", "must be plain, friendly or formal"))?);
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

    /// Where the image above the letter lies, if there is one.
    pub(crate) fn logo_url(&self) -> Option<&str> {
        self.logo.as_ref().map(|logo| logo.url.as_str())
    }

    /// Whether one of its own links leads to `url`.
    pub(crate) fn links_to(&self, url: &str) -> bool {
        self.links.iter().any(|(_, known)| known == url)
    }

    /// Its own links: label and address.
    pub(crate) fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        self.links.iter().map(|(label, url)| (label.as_str(), url.as_str()))
    }

    /// The brand as templates see it. What was not given is not defined.
    pub(crate) fn to_value(&self) -> Value {
        let accent_in_dark = self.accent.brightened_on(DARK_CARD);
        let text = |text: Option<&str>| text.map_or(Value::UNDEFINED, Value::from);
        let link = |(label, url): &(String, String)| context! { label, url };
        let logo = |logo: &Logo| context! { url => logo.url.as_str(), alt => logo.alt.as_str() };
        context! {
            name => text(self.name.as_deref()),
            accent => self.accent.to_hex(),
            on_accent => self.accent.ink().to_hex(),
            accent_in_dark => accent_in_dark.to_hex(),
            on_accent_in_dark => accent_in_dark.ink().to_hex(),
            background => self.background.to_hex(),
            ink => self.inks.ink.to_hex(),
            quiet => self.inks.quiet.to_hex(),
            logo => self.logo.as_ref().map_or(Value::UNDEFINED, logo),
            tone => text(self.tone.map(Tone::as_str)),
            footer => text(self.footer.as_deref()),
            links => self.links.iter().map(link).collect::<Vec<_>>(),
        }
    }
}

fn colour(field: &str, text: &str) -> Result<Colour, Invalid> {
    Colour::parse(text).ok_or_else(|| Invalid::new(field, "is not a colour; write it as #rrggbb"))
}

/// Brand texts stand in every letter: one that no letter may hold is refused at the start.
fn one_line(field: &str, text: &str) -> Result<String, Invalid> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err(Invalid::new(field, "is not a line of text; write one, or leave it out"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_letter_could_show_is_refused_by_its_field() {
        let brand = Brand::default;
        for (refusal, field) in [
            (brand().with_name("Example\r\nBcc: x"), "brand.name"),
            (brand().with_name(" "), "brand.name"),
            (brand().with_name("Exa\0mple"), "brand.name"),
            (brand().with_accent("red"), "brand.accent"),
            (brand().with_background("#808080"), "brand.background"),
            (brand().with_logo("http://example.org/logo.png", "Example"), "brand.logo_url"),
            (brand().with_logo("data:image/png;base64,x", "Example"), "brand.logo_url"),
            (brand().with_logo("https://example.org/logo.png", ""), "brand.logo_alt"),
            (brand().with_tone("rude"), "brand.tone"),
            (brand().with_footer(""), "brand.footer"),
            (brand().with_link("Help", "javascript:alert(1)"), "brand.links"),
        ] {
            assert_eq!(refusal.unwrap_err().field, field);
        }
    }

    #[test]
    fn a_dark_ground_gets_light_text() {
        let brand = Brand::default().with_background("#0d1b2a").unwrap();
        assert_eq!(brand.inks.ink.to_hex(), "#eceef1");
        assert_eq!(Brand::default().inks.ink.to_hex(), "#1d2129");
    }
}
