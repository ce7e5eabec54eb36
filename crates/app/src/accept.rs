//! The door that checks before it takes.
//!
//! A letter is rendered once as a dry run, so that a missing variable is refused by name now
//! and not discovered by a worker later. In a batch, each new template and language with a new set
//! of data keys is rendered once: letters that differ in values alone are alike.

use std::collections::BTreeSet;
use std::sync::Arc;

use postroom_domain::id::{DeliveryId, TemplateName};
use postroom_domain::invalid::Invalid;
use postroom_domain::locale::Locale;
use postroom_ports::clock::Chance;
use postroom_ports::error::PortError;
use postroom_ports::letter::NewDelivery;
use postroom_ports::queue::{DeliveryQueue, Enqueued};
use postroom_ports::template::TemplateRenderer;

use crate::fields::Fields;
use crate::mailroom::Languages;

/// What became of one letter.
pub type Accepted = Result<Receipt, Invalid>;

/// What letters have in common that one dry run stands for: template, language, data keys.
type Shape = (TemplateName, Option<Locale>, Vec<String>);

/// A letter that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It is new.
    New(DeliveryId),
    /// It had been accepted before, under the same idempotency key.
    Existing(DeliveryId),
}

impl Receipt {
    /// Its id.
    #[must_use]
    pub const fn id(&self) -> &DeliveryId {
        match self {
            Self::New(id) | Self::Existing(id) => id,
        }
    }
}

/// The door.
#[derive(Clone, Debug)]
pub struct Door {
    queue: Arc<dyn DeliveryQueue>,
    renderer: Arc<dyn TemplateRenderer>,
    chance: Arc<dyn Chance>,
    languages: Languages,
}

impl Door {
    /// A door to `queue`.
    #[must_use]
    pub fn new(queue: Arc<dyn DeliveryQueue>, renderer: Arc<dyn TemplateRenderer>, chance: Arc<dyn Chance>) -> Self {
        Self { queue, renderer, chance, languages: Languages::default() }
    }

    /// The same door for workflows that write in these languages.
    #[must_use]
    pub fn in_languages(mut self, languages: Languages) -> Self {
        self.languages = languages;
        self
    }

    /// Checks and stores letters, each on its own account: one answer per letter, in order.
    ///
    /// # Errors
    /// Those of the queue: then none of the letters is known to be stored.
    pub async fn accept(&self, letters: Vec<Fields>) -> Result<Vec<Accepted>, PortError> {
        let mut tried = BTreeSet::new();
        let mut good = Vec::with_capacity(letters.len());
        let checked: Vec<Result<(), Invalid>> =
            letters.into_iter().map(|fields| self.check(fields, &mut tried).map(|letter| good.push(letter))).collect();
        let mut answers = if good.is_empty() { Vec::new() } else { self.queue.enqueue(&good).await? }.into_iter();
        let answer = |checked: Result<(), Invalid>| {
            checked.and_then(|()| match answers.next() {
                Some(Enqueued::New(id)) => Ok(Receipt::New(id)),
                Some(Enqueued::Existing(id)) => Ok(Receipt::Existing(id)),
                Some(Enqueued::Refused(invalid)) => Err(invalid),
                None => Err(Invalid::new("letter", "got no answer from the store; hand it in again")),
            })
        };
        Ok(checked.into_iter().map(answer).collect())
    }

    fn check(&self, fields: Fields, tried: &mut BTreeSet<Shape>) -> Result<NewDelivery, Invalid> {
        let delivery = fields.under(|| self.chance.delivery_id());
        delivery.check()?;
        let letter = &delivery.letter;
        let locale = letter.locale.as_ref().or_else(|| self.languages.of(&letter.workflow));
        let shape = (letter.template.clone(), locale.cloned(), letter.data.keys().cloned().collect());
        if !tried.contains(&shape) {
            self.renderer
                .render(&letter.template, locale, &letter.data)
                .map_err(|e| Invalid::new(e.field(), e.reason()))?;
            tried.insert(shape);
        }
        Ok(delivery)
    }
}
