//! The demo: the real pipeline over a real store and a real SMTP dialogue, with a story.
//!
//! ```text
//!   cast (letters) ─▶ Door ─▶ store ─▶ Worker ─▶ SMTP ─▶ dev inbox (scripted) ─▶ .eml
//!                                         └─▶ Narrator (Observer) ─▶ the terminal
//! ```
//!
//! Without `DATABASE_URL` the store is a file in a temporary folder. With it, the demo works
//! in that database, and refuses to where other letters wait: its worker would send them to
//! its own inbox. At a terminal it ends with the dashboard over what is there.

mod afterwards;
mod cast;
mod narrator;
mod report;
mod stage;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use postroom_domain::id::DeliveryId;
use postroom_domain::status::Status;
use postroom_ports::tracker::DeliveryTracker;

use self::cast::{Role, cast};
use self::narrator::Narrator;
use self::stage::Stage;
use crate::cli::{Failure, Format};
use crate::config::StoreSettings;
use crate::requests::Requests;
use crate::worker::{Signals, Worker};

/// Who sends the letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staff {
    /// The real worker.
    Worker,
    /// Nobody: then nothing is sent, and the demo fails.
    Nobody,
}

/// What comes after the last letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The demo is over.
    Leave,
    /// The dashboard is served over what is there, until somebody has seen enough.
    Serve,
}

/// How the demo is to be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where letters are kept; `None` is a file of its own.
    pub store: Option<StoreSettings>,
    /// Who sends them.
    pub staff: Staff,
    /// How long all of it may take.
    pub patience: Duration,
    /// The story, or one JSON document.
    pub format: Format,
    /// What comes then.
    pub ending: Ending,
}

/// One letter of the story, handed in.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Its id.
    pub id: DeliveryId,
    /// What it is in the story.
    pub role: Role,
}

/// Runs the demo from beginning to end.
///
/// # Errors
/// A letter did not come to the end that its story foresees, or something could not start.
pub async fn run(plan: Plan) -> Result<(), Failure> {
    let folder = tempfile::Builder::new()
        .prefix("postroom-demo-")
        .tempdir()
        .map_err(|e| Failure::refused(format!("no temporary folder can be made: {}", e.kind())))?
        .keep();
    let narrator = Arc::new(Narrator::new(plan.format));
    let stage = Stage::build(&plan, &folder, narrator.clone()).await?;
    narrator.tell(&format!("Postroom's demo keeps its letters in {}.", stage.place));
    narrator.tell(&format!("A mail server that misbehaves listens on {}.\n", stage.inbox.addr()));

    let posted = post(&stage, &narrator).await?;
    let signals = Signals::default();
    let worker = Worker::new(stage.room.clone(), stage.store.tracker.clone(), stage.settings.clone());
    let working = {
        let signals = signals.clone();
        let staff = plan.staff;
        tokio::spawn(
            async move { if staff == Staff::Worker { worker.run(&signals).await.map(Some) } else { Ok(None) } },
        )
    };
    let ended = wait(&*stage.store.tracker, &posted, plan.patience).await?;
    let letters = stage.inbox.letters();
    report::show(&plan, &stage.store, &posted, &letters, &folder.join("letters")).await?;
    if ended && plan.ending == Ending::Serve {
        // The worker goes on meanwhile: what is put back by a click is sent.
        afterwards::serve(&stage, &narrator).await?;
    }
    signals.stop.cancel();
    working.await.map_err(|_| Failure::refused("the worker came to a sudden end"))??;
    if ended { Ok(()) } else { Err(Failure::refused(unfinished(&plan))) }
}

fn unfinished(plan: &Plan) -> String {
    let why = match plan.staff {
        Staff::Worker => "",
        Staff::Nobody => ": EMAIL_WORKER_ENABLED is false, so nobody sent them",
    };
    format!("after {} seconds not every letter had come to its end{why}", plan.patience.as_secs())
}

async fn post(stage: &Stage, narrator: &Narrator) -> Result<Vec<Posted>, Failure> {
    let mut posted = Vec::new();
    for role in cast() {
        let answer = stage.door.accept(vec![role.fields()?]).await?.pop();
        let receipt = match answer {
            Some(Ok(receipt)) => receipt,
            Some(Err(invalid)) => return Err(Failure::refused(format!("a letter of the demo was refused: {invalid}"))),
            None => return Err(Failure::store("the store gave no answer")),
        };
        narrator.meet(receipt.id(), &role);
        posted.push(Posted { id: receipt.id().clone(), role });
    }
    narrator.tell("");
    let requests = Requests::new(stage.store.queue.clone(), narrator.observer());
    for letter in posted.iter().filter(|letter| letter.role.ending == Status::Cancelled) {
        requests.cancel(std::slice::from_ref(&letter.id)).await?;
    }
    Ok(posted)
}

/// Waits until every letter has the status that its story foresees.
async fn wait(tracker: &dyn DeliveryTracker, posted: &[Posted], patience: Duration) -> Result<bool, Failure> {
    let check = async {
        loop {
            let mut open = 0;
            for letter in posted {
                let status = tracker.find(&letter.id).await?.map(|delivery| delivery.status);
                open += usize::from(status != Some(letter.role.ending));
            }
            if open == 0 {
                return Ok::<(), Failure>(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    match tokio::time::timeout(patience, check).await {
        Ok(done) => done.map(|()| true),
        Err(_) => Ok(false),
    }
}

/// Where the demo keeps its own store, if it has one.
fn own_store(folder: &std::path::Path) -> PathBuf {
    folder.join("letters.db")
}
