//! `postroom enqueue`.

mod files;
mod flags;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use postroom_domain::invalid::Invalid;
use serde_json::json;
use tokio::sync::mpsc;

use super::context::{Context, Format};
use super::lines::{self, Content, Line};
use super::{Failure, output, progress};
use crate::accept::{Accepted, Door, Receipt};
use crate::fields::Fields;
use crate::system::SystemChance;

/// How many letters are stored in one transaction.
const CHUNK: usize = 100;

/// Hands letters in and prints the id of each, once it is stored.
#[derive(Args, Debug)]
#[command(
    override_usage = "postroom enqueue --workflow NAME --template NAME --to ADDRESS [--set KEY=VALUE]... [--attach FILE]...\n       \
                            postroom enqueue --file FILE",
    after_help = "Each line of FILE is a JSON object with the fields workflow, template, recipient, data, and if wanted \
                  recipient_name, subject, delivery_id, idempotency_key, due_at, expires_at, priority, tenant_id, \
                  source_type, source_id, reply_to, headers, metadata, locale, attachments.\n\
                  attachments is a list of {filename, content_type, content, content_id}: content in Base64; content_id \
                  for an image that the HTML shows as cid:…. At most 10, of 7 MB together.\n\
                  A bad line is reported with its number and makes the exit status 1; the good ones stand."
)]
pub(super) struct Enqueue {
    /// JSON lines, one letter each; - reads standard input
    #[arg(long, value_name = "FILE", conflicts_with = "Flags")]
    file: Option<PathBuf>,
    #[command(flatten)]
    flags: flags::Flags,
}

impl Enqueue {
    /// Runs it.
    ///
    /// # Errors
    /// Letters that were refused, or a store that cannot be used.
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let letter = match &self.file {
            Some(_) => None,
            None => Some(self.flags.into_fields().map_err(|e| Failure::usage(e.to_string()))?),
        };
        let store = context.open().await?;
        let renderer = Arc::new(context.templates()?);
        let languages = context.config.languages.clone();
        let door = Door::new(store.queue, renderer, Arc::new(SystemChance)).in_languages(languages);
        let desk = Desk { door, format: context.format };
        match (letter, self.file) {
            (Some(fields), _) => desk.one(fields).await,
            (None, Some(file)) => desk.many(&file).await,
            (None, None) => Err(Failure::usage("name a letter by flags, or a --file of them")),
        }
    }
}

/// The door and how its answers are shown.
struct Desk {
    door: Door,
    format: Format,
}

/// What was counted of a file.
#[derive(Default)]
struct Tally {
    stored: u64,
    refused: u64,
}

impl Desk {
    async fn one(&self, fields: Fields) -> Result<(), Failure> {
        match self.door.accept(vec![fields]).await?.pop() {
            Some(Ok(receipt)) => {
                self.stored(None, &receipt);
                Ok(())
            }
            Some(Err(invalid)) => Err(Failure::refused(invalid.to_string())),
            None => Err(Failure::store("the store gave no answer; hand the letter in again")),
        }
    }

    async fn many(&self, file: &Path) -> Result<(), Failure> {
        let (input, size) = lines::open(file).map_err(|error| {
            Failure::usage(format!("--file: {} cannot be opened: {}", file.display(), error.kind()))
        })?;
        let progress = progress::bytes(size);
        let mut lines = lines::read(input);
        let mut tally = Tally::default();
        while let Some(first) = lines.recv().await {
            let chunk = chunk(first, &mut lines);
            progress.inc(chunk.iter().map(|line| line.content.length()).sum());
            self.take(chunk, &mut tally).await?;
        }
        progress.finish_and_clear();
        if tally.refused == 0 {
            return Ok(());
        }
        Err(Failure::refused(format!("{} letters stored, {} lines refused", tally.stored, tally.refused)))
    }

    /// Stores what can be stored of a chunk; ids appear only after their commit.
    async fn take(&self, chunk: Vec<Line>, tally: &mut Tally) -> Result<(), Failure> {
        let mut good = Vec::with_capacity(chunk.len());
        let read: Vec<(u64, Result<(), Invalid>)> =
            chunk.into_iter().map(|line| (line.number, parse(line.content).map(|fields| good.push(fields)))).collect();
        let mut answers = self.door.accept(good).await?.into_iter();
        for (number, read) in read {
            let answer: Accepted = read.and_then(|()| {
                answers
                    .next()
                    .unwrap_or_else(|| Err(Invalid::new("letter", "got no answer from the store; hand it in again")))
            });
            match answer {
                Ok(receipt) => {
                    tally.stored += 1;
                    self.stored(Some(number), &receipt);
                }
                Err(invalid) => {
                    tally.refused += 1;
                    self.refused(number, &invalid);
                }
            }
        }
        Ok(())
    }

    fn stored(&self, number: Option<u64>, receipt: &Receipt) {
        let id = receipt.id().as_str();
        match (self.format, number) {
            (Format::Text, _) => output::line(id),
            (Format::Json, number) => {
                let existing = matches!(receipt, Receipt::Existing(_));
                output::line(&json!({ "line": number, "delivery_id": id, "existing": existing }).to_string());
            }
        }
    }

    fn refused(&self, number: u64, invalid: &Invalid) {
        match self.format {
            Format::Text => output::note(&format!("line {number}: {invalid}")),
            Format::Json => {
                let document = json!({ "line": number, "field": invalid.field, "reason": invalid.reason });
                output::line(&document.to_string());
            }
        }
    }
}

/// The first line and whatever else is there already: that is never more than the lines' budget.
fn chunk(first: Line, lines: &mut mpsc::Receiver<Line>) -> Vec<Line> {
    let mut chunk = vec![first];
    while chunk.len() < CHUNK
        && let Ok(line) = lines.try_recv()
    {
        chunk.push(line);
    }
    chunk
}

fn parse(content: Content) -> Result<Fields, Invalid> {
    match content {
        Content::Text(text) => Fields::from_json(&text),
        Content::TooLong(size) => {
            let reason = format!("is {size} bytes long; at most {} are accepted", lines::LINE_LIMIT);
            Err(Invalid::new("letter", reason))
        }
        Content::Broken(kind) => Err(Invalid::new("letter", format!("cannot be read: {kind}; the rest was not read"))),
    }
}
