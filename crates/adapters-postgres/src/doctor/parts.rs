//! What the migrations make, held against what is there: somebody may have changed the schema by hand.

use std::collections::BTreeSet;

use postroom_ports::probe::Finding;
use sqlx::postgres::PgConnection;

use super::schema::word;
use crate::migrate::texts;
use crate::session::Session;

/// A part by its kind and its name; a column's is `table.column`.
type Part = (String, String);

pub(super) async fn look(connection: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    let there = sqlx::query_file!("queries/catalog/parts.sql").fetch_all(Session::unnamed(connection)).await?;
    let mut missing = wanted();
    for part in there {
        missing.remove(&(part.kind, part.name));
    }
    let finding = |(kind, name): Part| {
        let says = format!("the {kind} {name} is missing: somebody changed the schema by hand");
        let fix = format!("put the {kind} back as its migration has it, or restore the database");
        Finding::error("schema", name, says, fix)
    };
    Ok(missing.into_iter().map(finding).collect())
}

/// The parts that the migrations make. A table lists a column a line, its name first and in lower case.
fn wanted() -> BTreeSet<Part> {
    let mut wanted = BTreeSet::new();
    for text in texts() {
        for statement in text.split("\nCREATE TABLE email.").skip(1) {
            let table = word(statement);
            let body = statement.split("\n)").next().unwrap_or_default();
            let columns = body.lines().filter_map(|line| line.strip_prefix("    "));
            for column in columns.filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase())) {
                wanted.insert(("column".to_owned(), format!("{table}.{}", word(column))));
            }
        }
        for statement in text.split("\nALTER TABLE email.").skip(1) {
            if let Some((table, column)) = statement.split(';').next().and_then(|one| one.split_once(" ADD COLUMN ")) {
                wanted.insert(("column".to_owned(), format!("{}.{}", word(table), word(column))));
            }
        }
        for (kind, start) in [
            ("trigger", "\nCREATE TRIGGER "),
            ("view", "\nCREATE VIEW email."),
            ("function", "\nCREATE FUNCTION email."),
        ] {
            wanted.extend(text.split(start).skip(1).map(|name| (kind.to_owned(), word(name).to_owned())));
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_in_what_the_migrations_say() {
        let wanted = wanted();
        for (kind, name) in [
            ("column", "outbox.lease_until"),
            ("column", "payloads.attachments"),
            ("trigger", "deliveries_after_update"),
            ("view", "delivery_overview"),
            ("function", "enqueue"),
        ] {
            assert!(wanted.contains(&(kind.to_owned(), name.to_owned())), "{kind} {name}");
        }
        let words = |part: &Part| part.1.split('.').all(|word| !word.is_empty());
        assert!(wanted.iter().all(words), "{wanted:?}");
    }
}
