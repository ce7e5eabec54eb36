//! What the three statements of a round cost, and what becomes of them while somebody else holds an old snapshot.
//!
//! `cargo run --release -p postroom-adapters-postgres --example rounds`
//!
//! A durable PostgreSQL of its own, two databases in turns: beside one of them a transaction stays open from the start, so
//! that nothing that dies in it can be cleaned up. Machines differ and are noisy: read the ratios of one run.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "an example that measures and tells")]

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use postroom_adapters_postgres::{DatabaseUrl, PostgresConfig, PostgresStore, migrate};
use postroom_domain::lifecycle::{DeliveryState, Event};
use postroom_domain::status::Stage;
use postroom_ports::contract::desk::settlement;
use postroom_ports::contract::letters::{decide, delivery, frozen, transport_name, worker_id};
use postroom_ports::letter::NewDelivery;
use postroom_ports::queue::{Among, ClaimRequest, DeliveryQueue, Fenced, Ready, Settlement};
use postroom_test_database::{Durability, Server, TestDatabase};
use sqlx::PgConnection;

/// Letters per round.
const BATCH: u32 = 100;
/// Rounds on each database.
const ROUNDS: u32 = 60;
/// As long as a usual letter.
const BYTES: usize = 6_000;

/// One database under measurement.
struct Place {
    database: TestDatabase,
    store: PostgresStore,
    probe: PgConnection,
    steps: [Step; 3],
    claims: Vec<Duration>,
}

/// What one statement has cost so far.
#[derive(Clone, Copy, Default)]
struct Step {
    time: Duration,
    wal: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let server = Server::local(Durability::Durable).await?;
    let (mut free, mut held) = (Place::open(&server).await?, Place::open(&server).await?);
    let mut elsewhere = held.database.connect().await?;
    sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM email.outbox")
        .execute(&mut elsewhere)
        .await?;
    for _ in 0..ROUNDS {
        free.round().await?;
        held.round().await?;
    }
    println!("{} letters in batches of {BATCH}, {BYTES} bytes each\n", ROUNDS * BATCH);
    free.tell_steps();
    println!();
    // The statistics of a session reach the view when it rests.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    for (name, place) in [("no snapshot", &mut free), ("a held one", &mut held)] {
        let (first, last) = place.claim_times();
        println!(
            "{name:<12} HOT share: outbox {:.0} %, deliveries {:.0} %; a claim of {BATCH}, median of ten rounds: first {first:.1?}, last {last:.1?}",
            place.hot("outbox").await?,
            place.hot("deliveries").await?,
        );
    }
    drop(elsewhere);
    Ok(())
}

impl Place {
    async fn open(server: &Server) -> Result<Self> {
        let database = server.empty().await?;
        let config = PostgresConfig::new(DatabaseUrl::new(database.url()));
        migrate(&config).await?;
        let (store, probe) = (PostgresStore::connect(&config).await?, database.connect().await?);
        Ok(Self { database, store, probe, steps: [Step::default(); 3], claims: Vec::new() })
    }

    /// Takes letters in, and works them off.
    async fn round(&mut self) -> Result<()> {
        let queue = self.store.queue();
        let letters: Vec<NewDelivery> = (0..BATCH).map(|_| delivery()).collect();
        queue.enqueue(&letters).await?;
        let request = ClaimRequest {
            worker: worker_id(),
            limit: BATCH,
            lane_share: BATCH,
            lease: Duration::from_mins(5),
            held_tenants: Vec::new(),
            among: Among::default(),
        };
        let batch = self.measured(0, queue.claim(&request)).await?;
        ensure!(batch.claims.len() == letters.len(), "not every letter was claimed");
        let ready: Vec<Ready> = batch
            .claims
            .iter()
            .map(|claim| {
                let mut frozen = frozen(&claim.fence.delivery_id);
                frozen.bytes.resize(BYTES, b'x');
                Ready { fence: claim.fence.clone(), frozen: Some(frozen), transport: transport_name("example") }
            })
            .collect();
        let handed = self.measured(1, queue.ready(&ready)).await?;
        let settlements: Vec<Settlement> = batch
            .claims
            .iter()
            .map(|claim| {
                let state = DeliveryState { stage: Stage::Handover, ..claim.state.clone() };
                settlement(&claim.fence, decide(&state, &Event::Accepted, batch.now))
            })
            .collect();
        let settled = self.measured(2, queue.settle(&settlements)).await?;
        ensure!(handed.iter().chain(&settled).all(|answer| *answer == Fenced::Done), "a claim was lost");
        Ok(())
    }

    async fn measured<T, E>(&mut self, step: usize, call: impl Future<Output = Result<T, E>>) -> Result<T>
    where
        anyhow::Error: From<E>,
    {
        let (before, began) = (self.wal().await?, Instant::now());
        let done = call.await?;
        let took = began.elapsed();
        let wal = self.wal().await? - before;
        let cost = self.steps.get_mut(step).context("a round has three steps")?;
        cost.time += took;
        cost.wal += wal;
        if step == 0 {
            self.claims.push(took);
        }
        Ok(done)
    }

    async fn wal(&mut self) -> Result<f64> {
        let sql = "SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8";
        Ok(sqlx::query_scalar(sql).fetch_one(&mut self.probe).await?)
    }

    fn tell_steps(&self) {
        let letters = f64::from(ROUNDS * BATCH);
        let whole: Duration = self.steps.iter().map(|step| step.time).sum();
        for (name, step) in ["claim", "ready", "settle"].into_iter().zip(&self.steps) {
            let share = 100.0 * step.time.as_secs_f64() / whole.as_secs_f64();
            let each = step.time / (ROUNDS * BATCH);
            println!(
                "{name:<7} {share:>4.0} % of the time, {each:>8.1?} and {:>5.0} bytes of WAL a letter",
                step.wal / letters
            );
        }
    }

    /// The median of the first ten claims and of the last ten.
    fn claim_times(&self) -> (Duration, Duration) {
        let median = |claims: &[Duration]| {
            let mut claims = claims.to_vec();
            claims.sort();
            claims.get(claims.len() / 2).copied().unwrap_or_default()
        };
        (
            median(self.claims.get(..10).unwrap_or_default()),
            median(self.claims.get(self.claims.len() - 10..).unwrap_or_default()),
        )
    }

    /// How many of a hundred updates of a table touched no index.
    async fn hot(&mut self, table: &str) -> Result<f64> {
        let sql = "SELECT 100.0::float8 * n_tup_hot_upd / greatest(n_tup_upd, 1) FROM pg_stat_user_tables
                    WHERE schemaname = 'email' AND relname = $1";
        Ok(sqlx::query_scalar(sql).bind(table).fetch_one(&mut self.probe).await?)
    }
}
