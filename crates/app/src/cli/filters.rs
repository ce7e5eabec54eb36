//! Which deliveries are meant: the same flags wherever several are.

use clap::Args;
use clap::builder::PossibleValuesParser;
use postroom_domain::address::EmailAddress;
use postroom_domain::id::{DeliveryId, TenantId, Workflow};
use postroom_domain::invalid::Invalid;
use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;
use postroom_ports::clock::Clock as _;
use postroom_ports::tracker::{Cursor, Search};

use super::Failure;
use super::timeline::precise_time;
use crate::fields::parse_time;
use crate::system::SystemClock;

/// Every filter narrows; without any, all deliveries are meant.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Which deliveries")]
pub(super) struct Filters {
    /// To this address
    #[arg(long, value_name = "ADDRESS", visible_alias = "to")]
    recipient: Option<String>,
    /// Of this workflow
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
    /// Of this tenant
    #[arg(long, value_name = "TENANT", visible_alias = "tenant-id")]
    tenant: Option<String>,
    /// Caused by this: its kind, or its kind and id
    #[arg(long, value_name = "KIND[:ID]")]
    source: Option<String>,
    /// Enqueued at this time or later (2030-01-31T12:00:00Z), or within this time until now (2h, 7d)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Enqueued before this time, or longer ago than this
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// In which statuses.
#[derive(Args, Debug, Default)]
pub(super) struct StatusFilter {
    /// In this status; several with commas between
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = statuses())]
    status: Vec<String>,
}

fn statuses() -> PossibleValuesParser {
    PossibleValuesParser::new(Status::ALL.map(Status::as_str))
}

impl StatusFilter {
    pub(super) fn statuses(&self) -> Vec<Status> {
        self.status.iter().filter_map(|name| Status::parse(name)).collect()
    }
}

impl Filters {
    /// Whether nothing is narrowed.
    pub(super) fn is_empty(&self) -> bool {
        [&self.recipient, &self.workflow, &self.tenant, &self.source, &self.since, &self.until]
            .iter()
            .all(|filter| filter.is_none())
    }

    /// The search for these, in any of `statuses`.
    ///
    /// # Errors
    /// Names the flag at fault.
    pub(super) fn search(&self, statuses: Vec<Status>) -> Result<Search, Failure> {
        self.read(statuses).map_err(|mistake| Failure::usage(mistake.to_string()))
    }

    fn read(&self, statuses: Vec<Status>) -> Result<Search, Invalid> {
        fn parsed<T>(
            flag: &str,
            text: Option<&String>,
            parse: impl FnOnce(String) -> Result<T, Invalid>,
        ) -> Result<Option<T>, Invalid> {
            text.map(|text| parse(text.clone()).map_err(|mistake| mistake.in_field(flag))).transpose()
        }
        let (source_type, source_id) = match self.source.as_deref().map(|source| source.split_once(':')) {
            Some(Some((kind, id))) => (Some(kind.to_owned()).filter(|kind| !kind.is_empty()), Some(id.to_owned())),
            _ => (self.source.clone(), None),
        };
        Ok(Search {
            recipient: parsed("--recipient", self.recipient.as_ref(), EmailAddress::parse)?,
            workflow: parsed("--workflow", self.workflow.as_ref(), Workflow::parse)?,
            tenant_id: parsed("--tenant", self.tenant.as_ref(), TenantId::parse)?,
            statuses,
            source_type,
            source_id,
            from: parsed("--since", self.since.as_ref(), |text| moment("--since", &text))?,
            until: parsed("--until", self.until.as_ref(), |text| moment("--until", &text))?,
        })
    }
}

/// A time, or how long ago it was.
fn moment(flag: &str, text: &str) -> Result<Timestamp, Invalid> {
    if let Some(ago) = text.parse::<jiff::Span>().ok().and_then(|span| span.total(span_unit()).ok()) {
        // Whole microseconds fit: a span has at most 20,000 years.
        #[expect(clippy::cast_possible_truncation, reason = "a part of a microsecond does not matter")]
        let micros = (ago * 1e6) as i64;
        return Ok(Timestamp::from_micros(SystemClock::start().now().as_micros().saturating_sub(micros)));
    }
    parse_time(flag, text)
        .map_err(|_| Invalid::new(flag, "is no time; write it as 2030-01-31T12:00:00Z, or as an age such as 2h or 7d"))
}

fn span_unit() -> jiff::SpanTotal<'static> {
    jiff::SpanTotal::from(jiff::Unit::Second).days_are_24_hours()
}

/// Where the next page begins, as one word.
pub(super) fn cursor_text(cursor: &Cursor) -> String {
    format!("{}/{}", precise_time(cursor.queued_at), cursor.delivery_id)
}

/// Reads what [`cursor_text`] wrote.
///
/// # Errors
/// Names `--after`.
pub(super) fn read_cursor(text: &str) -> Result<Cursor, Failure> {
    let read = || {
        let (time, id) = text.split_once('/')?;
        Some(Cursor { queued_at: parse_time("--after", time).ok()?, delivery_id: DeliveryId::parse(id).ok()? })
    };
    read().ok_or_else(|| Failure::usage("--after: is not where a page ended; copy it from the end of that page"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for id in ["0190f5a8", "an/id with, things"] {
            let queued_at = Timestamp::from_micros(1_900_000_000_123_456);
            let cursor = Cursor { queued_at, delivery_id: DeliveryId::parse(id).unwrap() };
            assert_eq!(read_cursor(&cursor_text(&cursor)).unwrap(), cursor);
        }
        assert!(read_cursor("page 2").is_err());
    }

    #[test]
    fn a_time_may_be_an_age() {
        let now = SystemClock::start().now();
        let ago = |text: &str| now.as_micros() - moment("--since", text).unwrap().as_micros();
        for (text, hours) in [("2h", 2), ("7d", 168), ("1 day 1h", 25)] {
            let seconds = ago(text) / 1_000_000;
            assert!((seconds - hours * 3600).abs() < 3600, "{text} is {seconds} s");
        }
        assert_eq!(moment("--since", "2030-01-31T12:00:00Z").unwrap().as_micros(), 1_896_091_200_000_000);
        assert_eq!(moment("--until", "yesterday").unwrap_err().field, "--until");
    }

    #[test]
    fn a_source_has_a_kind_and_may_have_an_id() {
        let source = |text: &str| {
            let filters = Filters { source: Some(text.to_owned()), ..Filters::default() };
            let search = filters.search(Vec::new()).unwrap();
            (search.source_type, search.source_id)
        };
        assert_eq!(source("invite"), (Some("invite".to_owned()), None));
        assert_eq!(source("invite:7:b"), (Some("invite".to_owned()), Some("7:b".to_owned())));
        assert_eq!(source(":7"), (None, Some("7".to_owned())));
    }
}
