//! Deliveries in rows, for people.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table};
use postroom_domain::status::Status;
use postroom_ports::tracker::Delivery;

use crate::documents::time;
use crate::telemetry::Colours;

/// A table that fits the terminal where there is one, and is as wide as it needs to be elsewhere.
pub(super) fn table<const N: usize>(colours: Colours, header: [&str; N], rows: Vec<[Cell; N]>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if colours == Colours::No {
        // A terminal keeps its width, whether or not it shows colours.
        let width = table.width();
        table.force_no_tty();
        width.map(|width| table.set_width(width));
    }
    let heading = |name: &str| Cell::new(name.to_uppercase()).add_attribute(Attribute::Bold);
    table.set_header(header.map(heading));
    table.add_rows(rows);
    table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// One row per delivery: what a person looks for when they type an address.
pub(super) fn deliveries(colours: Colours, deliveries: &[Delivery]) -> String {
    let row = |delivery: &Delivery| {
        let error = delivery.last_error_code.as_ref().map(ToString::to_string).unwrap_or_default();
        [
            Cell::new(time(delivery.queued_at)),
            Cell::new(delivery.delivery_id.as_str()),
            Cell::new(delivery.workflow.as_str()),
            status(delivery),
            Cell::new(delivery.attempts),
            Cell::new(delivery.recipient.as_str()),
            Cell::new(error),
        ]
    };
    let header = ["queued", "delivery", "workflow", "status", "attempts", "recipient", "error"];
    table(colours, header, deliveries.iter().map(row).collect())
}

/// The status, and what the receiving side reported of it.
fn status(delivery: &Delivery) -> Cell {
    use postroom_domain::feedback::Feedback;
    let text = match delivery.feedback {
        Feedback::None => delivery.status.to_string(),
        feedback => format!("{}, {}", delivery.status, feedback.as_str()),
    };
    Cell::new(text).fg(colour(delivery.status))
}

fn colour(status: Status) -> Color {
    match status {
        Status::Sent => Color::Green,
        Status::Failed | Status::DeadLetter => Color::Red,
        Status::InDoubt | Status::Retrying => Color::Yellow,
        Status::Queued | Status::InProgress => Color::Cyan,
        Status::Cancelled => Color::DarkGrey,
    }
}
