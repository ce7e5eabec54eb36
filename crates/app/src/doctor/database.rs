//! Where letters are kept.

use std::time::Duration;

use postroom_ports::probe::Finding;

use super::Patient;
use crate::wiring;

pub(super) async fn findings(patient: &Patient<'_>, longest_transaction: Duration) -> Vec<Finding> {
    let Some(store) = &patient.config.store else {
        let fix = "set DATABASE_URL=postgres://USER:PASSWORD@HOST/NAME, or say --embedded";
        return vec![Finding::error("reachable", "DATABASE_URL", "no store is named that could be asked", fix)];
    };
    wiring::examine_store(store, patient.clock.as_ref(), longest_transaction).await
}
