//! Assertions about letters on record, over any store.

use std::panic::Location;

use postroom_domain::address::EmailAddress;
use postroom_domain::id::{TenantId, Workflow};
use postroom_domain::status::Status;
use postroom_ports::tracker::{Delivery, DeliveryTracker, Search};

/// How many letters a failure tells about.
const SHOWN: u32 = 10;

/// The letters that a test is about: those that match every part that is given. Over any [`DeliveryTracker`], so it
/// works on PostgreSQL, on SQLite and in memory.
///
/// A failure says what is on record instead and which part keeps it from matching, and shows no address.
#[derive(Clone, Debug, Default)]
#[must_use = "it asserts nothing by itself"]
pub struct Letters(Search);

impl Letters {
    /// All letters.
    pub fn any() -> Self {
        Self::default()
    }

    /// Letters to this address.
    ///
    /// # Panics
    /// It is no address.
    #[track_caller]
    pub fn to(recipient: &str) -> Self {
        Self(Search { recipient: Some(parsed("recipient", EmailAddress::parse(recipient))), ..Search::default() })
    }

    /// Those of this workflow.
    ///
    /// # Panics
    /// It is no name of a workflow.
    #[track_caller]
    pub fn of(mut self, workflow: &str) -> Self {
        self.0.workflow = Some(parsed("workflow", Workflow::parse(workflow)));
        self
    }

    /// Those of this tenant.
    ///
    /// # Panics
    /// It is no id of a tenant.
    #[track_caller]
    pub fn of_tenant(mut self, tenant: &str) -> Self {
        self.0.tenant_id = Some(parsed("tenant_id", TenantId::parse(tenant)));
        self
    }

    /// Those that this caused in the application: `("invite", "42")`.
    pub fn caused_by(mut self, source_type: &str, source_id: &str) -> Self {
        (self.0.source_type, self.0.source_id) = (Some(source_type.to_owned()), Some(source_id.to_owned()));
        self
    }

    /// Those in this status.
    pub fn in_status(mut self, status: Status) -> Self {
        self.0.statuses = vec![status];
        self
    }

    /// Asserts that there is exactly one such letter, and gives its record.
    ///
    /// # Panics
    /// There is none, or more than one.
    #[track_caller]
    pub fn assert_enqueued(&self, tracker: &dyn DeliveryTracker) -> impl Future<Output = Delivery> {
        let caller = Location::caller();
        async move {
            let mut found = self.assert_at(tracker, 1, caller).await;
            found.pop().unwrap_or_else(|| unreachable!("there is one"))
        }
    }

    /// Asserts that there is no such letter.
    ///
    /// # Panics
    /// There is one.
    #[track_caller]
    pub fn assert_none(&self, tracker: &dyn DeliveryTracker) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            self.assert_at(tracker, 0, caller).await;
        }
    }

    /// Asserts how many such letters there are, and gives their records, newest first.
    ///
    /// # Panics
    /// There are more or fewer.
    #[track_caller]
    pub fn assert_count(&self, tracker: &dyn DeliveryTracker, count: usize) -> impl Future<Output = Vec<Delivery>> {
        self.assert_at(tracker, count, Location::caller())
    }

    #[expect(clippy::panic, reason = "an assertion reports by panicking")]
    async fn assert_at(&self, tracker: &dyn DeliveryTracker, count: usize, caller: &Location<'_>) -> Vec<Delivery> {
        let limit = u32::try_from(count).unwrap_or(u32::MAX).saturating_add(SHOWN);
        let found = search(tracker, &self.0, limit).await;
        if found.len() != count {
            let instead = self.instead(tracker).await;
            panic!("{caller}: expected {count} × {}, found {}{instead}", self.described(), listed(&found));
        }
        found
    }

    /// What there is instead, for each part without which something would match.
    async fn instead(&self, tracker: &dyn DeliveryTracker) -> String {
        let given = &self.0;
        let wider = [
            ("recipient", given.recipient.is_some(), Search { recipient: None, ..given.clone() }),
            ("workflow", given.workflow.is_some(), Search { workflow: None, ..given.clone() }),
            ("tenant", given.tenant_id.is_some(), Search { tenant_id: None, ..given.clone() }),
            ("status", !given.statuses.is_empty(), Search { statuses: Vec::new(), ..given.clone() }),
            ("cause", given.source_id.is_some(), Search { source_type: None, source_id: None, ..given.clone() }),
        ];
        let mut lines = Vec::new();
        for (part, is_given, wider) in wider {
            let found = if is_given { search(tracker, &wider, SHOWN).await } else { Vec::new() };
            if !found.is_empty() {
                lines.push(format!("\n  whatever the {part}: {}", listed(&found)));
            }
        }
        let all = search(tracker, &Search::default(), SHOWN).await;
        lines.push(format!("\n  on record at all: {}", listed(&all)));
        lines.concat()
    }

    fn described(&self) -> String {
        let Search { recipient, workflow, tenant_id, statuses, source_type, source_id, .. } = &self.0;
        let parts = [
            workflow.as_ref().map(|workflow| format!(" of workflow {workflow}")),
            recipient.as_ref().map(|_| " to that recipient".to_owned()),
            tenant_id.as_ref().map(|tenant| format!(" of tenant {tenant}")),
            statuses.first().map(|status| format!(" in status {}", status.as_str())),
            source_type.as_ref().zip(source_id.as_ref()).map(|(kind, id)| format!(" caused by {kind} {id}")),
        ];
        format!("a letter{}", parts.into_iter().flatten().collect::<String>())
    }
}

#[expect(clippy::panic, reason = "an assertion reports by panicking")]
async fn search(tracker: &dyn DeliveryTracker, search: &Search, limit: u32) -> Vec<Delivery> {
    match tracker.search(search, None, limit).await {
        Ok(page) => page.deliveries,
        Err(error) => panic!("the store does not answer: {error}"),
    }
}

/// Letters by workflow, template and status, without anybody's address.
fn listed(found: &[Delivery]) -> String {
    let one = |delivery: &Delivery| {
        let template = delivery.template.as_ref().map_or("no template", |template| template.as_str());
        let code = delivery.last_error_code.as_ref().map(|code| format!(", {code}")).unwrap_or_default();
        format!("{} ({template}, {}{code})", delivery.workflow, delivery.status.as_str())
    };
    match found {
        [] => "none".to_owned(),
        some => some.iter().map(one).collect::<Vec<_>>().join("; "),
    }
}

#[track_caller]
#[expect(clippy::panic, reason = "an assertion reports by panicking")]
fn parsed<T, E: std::fmt::Display>(what: &str, outcome: Result<T, E>) -> T {
    outcome.unwrap_or_else(|error| panic!("the {what} of an assertion cannot be: {error}"))
}
