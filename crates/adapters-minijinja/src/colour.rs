//! Colours that can be told apart by eyes of every kind (WCAG 2.2).

/// The contrast that running text needs, as a ratio to 1 (WCAG 2.2 §1.4.3).
pub(crate) const READABLE: f64 = 4.5;

/// An sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour(pub(crate) [u8; 3]);

/// Two colours for text: what is said, and what is said in passing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inks {
    /// For what is said.
    pub(crate) ink: Colour,
    /// For what is said in passing.
    pub(crate) quiet: Colour,
}

/// For light grounds.
const DARK: Inks = Inks { ink: Colour([0x1d, 0x21, 0x29]), quiet: Colour([0x59, 0x61, 0x6e]) };
/// For dark grounds.
const LIGHT: Inks = Inks { ink: Colour([0xec, 0xee, 0xf1]), quiet: Colour([0xa9, 0xb0, 0xbb]) };

impl Colour {
    /// Reads a hash and six hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut rgb = [0; 3];
        hex::decode_to_slice(text.strip_prefix('#')?, &mut rgb).ok()?;
        Some(Self(rgb))
    }

    pub(crate) fn to_hex(self) -> String {
        format!("#{}", hex::encode(self.0))
    }

    /// White or black, whichever contrasts more. One of the two is always [`READABLE`]: black
    /// gains on white at a luminance of 0.179, where both reach 4.58:1.
    pub(crate) fn ink(self) -> Self {
        if self.luminance() > 0.179 { Self([0; 3]) } else { Self([0xff; 3]) }
    }

    /// What text on this ground is written in; `None` where neither pair can be read on it.
    pub(crate) fn inks(self) -> Option<Inks> {
        [DARK, LIGHT].into_iter().find(|inks| self.contrast(inks.quiet) >= READABLE)
    }

    /// The same colour, just so much brighter that it stands out from a dark ground as a button
    /// must (WCAG 2.2 §1.4.11: 3:1): first at its own hue, and where that is not enough with more
    /// and more white in it.
    pub(crate) fn brightened_on(self, ground: Self) -> Self {
        const STEPS: u16 = 20;
        let brightest = u16::from(self.0.into_iter().max().unwrap_or_default());
        let vivid = |step: u16| {
            let scaled = brightest * (STEPS + step) / STEPS <= 255 && (brightest > 0 || step == 0);
            scaled.then(|| self.each(|byte| byte * (STEPS + step) / STEPS))
        };
        let mut vivid: Vec<Self> = (0..).map_while(vivid).collect();
        let full = vivid.last().copied().unwrap_or(self);
        vivid.extend((1..=STEPS).map(|step| full.each(|byte| byte + (255 - byte) * step / STEPS)));
        vivid.into_iter().find(|colour| colour.contrast(ground) >= 3.0).unwrap_or(Self([0xff; 3]))
    }

    fn each(self, change: impl Fn(u16) -> u16) -> Self {
        Self(self.0.map(|byte| u8::try_from(change(u16::from(byte))).unwrap_or(u8::MAX)))
    }

    /// How far two colours stand apart: 1 to 21 (WCAG 2.2, "contrast ratio").
    pub(crate) fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
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

    fn every_fifteenth() -> impl Iterator<Item = Colour> {
        let steps = || (0..=255).step_by(15);
        steps().flat_map(move |r| steps().flat_map(move |g| steps().map(move |b| Colour([r, g, b]))))
    }

    #[test]
    fn black_on_white_is_the_whole_scale() {
        assert!((Colour([0; 3]).contrast(Colour([0xff; 3])) - 21.0).abs() < 1e-9);
    }

    #[test]
    fn the_ink_on_any_accent_can_be_read() {
        for accent in every_fifteenth() {
            let contrast = accent.contrast(accent.ink());
            assert!(contrast >= READABLE, "{} has {contrast}", accent.to_hex());
        }
    }

    #[test]
    fn an_accent_stands_out_in_the_dark() {
        let card = Colour([0x1e, 0x21, 0x27]);
        for accent in every_fifteenth() {
            let dark = accent.brightened_on(card);
            assert!(dark.contrast(card) >= 3.0 && dark.contrast(dark.ink()) >= READABLE, "{}", accent.to_hex());
        }
        let green = Colour([0x0b, 0x8e, 0x5f]);
        assert_eq!(green.brightened_on(card), green, "what stands out is left alone");
        let navy = Colour([0x1f, 0x2a, 0x56]).brightened_on(card);
        assert!(navy.0[2] > 2 * navy.0[0], "navy stays blue: {}", navy.to_hex());
    }

    #[test]
    fn text_on_a_ground_can_be_read_or_the_ground_is_refused() {
        let mut refused = 0;
        for ground in every_fifteenth() {
            match ground.inks() {
                Some(inks) => {
                    let least = ground.contrast(inks.ink).min(ground.contrast(inks.quiet));
                    assert!(least >= READABLE, "{} has {least}", ground.to_hex());
                }
                None => refused += 1,
            }
        }
        assert!(refused > 0, "grounds between light and dark exist");
        for ground in ["#f3f4f6", "#ffffff", "#000000", "#14161a"] {
            assert!(Colour::parse(ground).unwrap().inks().is_some(), "{ground}");
        }
    }

    #[test]
    fn a_colour_is_a_hash_and_six_digits() {
        assert_eq!(Colour::parse("#0B6e4f").unwrap().to_hex(), "#0b6e4f");
        for bad in ["", "#fff", "0b6e4f", "#0b6e4g", "#0b6e4f;", "red", "#0b6e4f00"] {
            assert!(Colour::parse(bad).is_none(), "{bad:?}");
        }
    }
}
