//! What the holder of an access token may do.

use std::fmt;

use serde::{Deserialize, Serialize};

pub use crate::id::{TokenId, TokenName};
use crate::invalid::Invalid;

/// One thing that a token may be good for. None includes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Hand letters in.
    Enqueue,
    /// See deliveries, their events and how it goes. Addresses are masked.
    Read,
    /// Cancel, retry, redrive, resolve, pause and resume.
    Operate,
    /// See whole addresses.
    Addresses,
}

impl Scope {
    /// All four, in the order in which they are listed.
    pub const ALL: [Self; 4] = [Self::Enqueue, Self::Read, Self::Operate, Self::Addresses];

    /// The name, as storage and every surface spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enqueue => "enqueue",
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Addresses => "addresses",
        }
    }

    /// The scope of that name.
    ///
    /// # Errors
    /// Names the field `scope`, and all scopes that there are.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == name)
            .ok_or_else(|| Invalid::new("scope", "must be enqueue, read, operate or addresses"))
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of scopes. An empty one is good for nothing.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Scope>", into = "Vec<Scope>")]
pub struct Scopes(u8);

impl Scopes {
    /// What a list says: `read,operate`. Spaces around the names do not matter, nor does a name that is repeated.
    ///
    /// # Errors
    /// Names the field `scope`; a list without any name is refused, too.
    pub fn parse(list: &str) -> Result<Self, Invalid> {
        list.split(',').map(|name| Scope::parse(name.trim())).collect()
    }

    /// Whether `scope` is among them.
    #[must_use]
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Them, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl From<Vec<Scope>> for Scopes {
    fn from(scopes: Vec<Scope>) -> Self {
        scopes.into_iter().collect()
    }
}

impl From<Scopes> for Vec<Scope> {
    fn from(scopes: Scopes) -> Self {
        scopes.iter().collect()
    }
}

impl fmt::Display for Scopes {
    /// As [`Scopes::parse`] reads them: `enqueue,read`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, scope) in self.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{scope}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_of_scopes_reads_back_as_it_is_shown() {
        for bits in 1..16 {
            let scopes = Scopes(bits);
            assert_eq!(Scopes::parse(&scopes.to_string()), Ok(scopes));
            assert_eq!(Scopes::from(Vec::from(scopes)), scopes);
        }
    }

    #[test]
    fn a_set_has_what_it_was_made_of_and_nothing_else() {
        for one in Scope::ALL {
            let alone = Scopes::from_iter([one, one]);
            assert_eq!(alone.iter().collect::<Vec<_>>(), [one]);
            assert_eq!(Scope::parse(one.as_str()), Ok(one));
        }
        assert!(Scopes::default().is_empty());
    }

    #[test]
    fn a_list_takes_spaces_and_refuses_what_is_no_scope() {
        assert_eq!(Scopes::parse(" operate , read"), Ok(Scopes::from_iter([Scope::Read, Scope::Operate])));
        for bad in ["", ",", "read,", "Read", "admin", "read;operate"] {
            assert_eq!(Scopes::parse(bad).map_err(|invalid| invalid.field), Err("scope".to_owned()), "{bad:?}");
        }
    }
}
