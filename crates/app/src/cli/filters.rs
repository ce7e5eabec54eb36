//! Which deliveries are meant: the same flags wherever several are.

use clap::Args;
use clap::builder::PossibleValuesParser;
use postroom_domain::address::EmailAddress;
use postroom_domain::id::{TenantId, Workflow};
use postroom_domain::invalid::Invalid;
use postroom_domain::status::Status;
use postroom_ports::tracker::Search;

use super::Failure;
use crate::fields::parse_moment;

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
            from: parsed("--since", self.since.as_ref(), |text| parse_moment("--since", &text))?,
            until: parsed("--until", self.until.as_ref(), |text| parse_moment("--until", &text))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
