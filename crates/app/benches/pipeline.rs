//! What a letter costs on PostgreSQL, from the door to `sent`: `cargo bench -p postroom --bench pipeline`.
//!
//! Real parts: a durable PostgreSQL, the binary's own wiring, SMTP over loopback to the dev
//! inbox. Machines differ and are noisy: read the ratios of one run, not the seconds.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use postroom::accept::Door;
use postroom::config::{Config, Sources};
use postroom::fields::Fields;
use postroom::mailroom::Mailroom;
use postroom::system::{LogNotifier, LogObserver, SystemChance, SystemClock};
use postroom::wiring;
use postroom::worker::{Signals, Worker};
use postroom_dev_inbox::{Config as InboxConfig, DevInbox, Extension};
use postroom_test_database::{Durability, Server};
use sqlx::{Connection as _, PgConnection};

/// One way to run the pipeline.
struct Case {
    name: &'static str,
    batch: &'static str,
    connections: &'static str,
    inbox: InboxConfig,
    letters: usize,
}

/// What it cost.
struct Cost {
    seconds: f64,
    commits: f64,
    wal: f64,
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run())
}

async fn run() -> anyhow::Result<()> {
    let letters = std::env::var("BENCH_LETTERS").ok().and_then(|text| text.parse().ok()).unwrap_or(2000);
    let plain = || InboxConfig::default().without(Extension::Pipelining);
    let cases = [
        Case { name: "one by one", batch: "1", connections: "1", inbox: InboxConfig::default(), letters: letters / 10 },
        Case {
            name: "batched, 10 connections, no PIPELINING",
            batch: "100",
            connections: "10",
            inbox: plain(),
            letters,
        },
        Case {
            name: "batched, 10 connections",
            batch: "100",
            connections: "10",
            inbox: InboxConfig::default(),
            letters,
        },
        Case {
            name: "batched, 50 connections",
            batch: "100",
            connections: "50",
            inbox: InboxConfig::default(),
            letters,
        },
    ];
    let server = Server::local(Durability::Durable).await?;
    println!("{:<42}{:>10}{:>9}{:>10}{:>12}", "send and settle", "letters/s", "ratio", "commits", "WAL bytes");
    println!("{:<42}{:>10}{:>9}{:>10}{:>12}", "", "", "", "a letter", "a letter");
    let mut first = None;
    for case in cases {
        let count = f64::from(u32::try_from(case.letters)?);
        let name = case.name;
        let cost = measure(&server, case).await.with_context(|| name.to_owned())?;
        let rate = count / cost.seconds;
        let ratio = rate / *first.get_or_insert(rate);
        println!("{name:<42}{rate:>10.0}{ratio:>9.1}{:>10.2}{:>12.0}", cost.commits / count, cost.wal / count);
    }
    Ok(())
}

async fn measure(server: &Server, case: Case) -> anyhow::Result<Cost> {
    let database = server.empty().await?;
    let inbox = DevInbox::start(case.inbox).await?;
    let config = configure(database.url(), &inbox, case.batch, case.connections)?;
    let store_settings = config.store.as_ref().context("a store")?;
    wiring::migrate(store_settings).await?;
    let store = wiring::open(store_settings).await?;
    let renderer = wiring::renderer(&config)?;
    let door = Door::new(store.queue.clone(), renderer.clone(), Arc::new(SystemChance));
    enqueue(&door, case.letters).await?;

    let workflows = config.workflows.clone().context("a sender")?;
    let room = Mailroom {
        queue: store.queue.clone(),
        workers: store.workers.clone(),
        pauses: store.pauses.clone(),
        renderer,
        composer: wiring::composer(&workflows.default.sender)?,
        transports: wiring::transports(&config)?,
        observer: Arc::new(LogObserver),
        notifier: Arc::new(LogNotifier),
        clock: Arc::new(SystemClock::start()),
        chance: Arc::new(SystemChance),
        workflows: Arc::new(workflows),
    };
    let mut probe = database.connect().await?;
    let before = counters(&mut probe).await?;
    let worker = Worker::new(room, store.tracker.clone(), config.worker.clone());
    let signals = Signals::default();
    let began = Instant::now();
    let working = {
        let signals = signals.clone();
        tokio::spawn(async move { worker.run(&signals).await })
    };
    wait_until_sent(&mut probe, case.letters).await?;
    let seconds = began.elapsed().as_secs_f64();
    signals.stop.cancel();
    working.await??;
    // The statistics of a session reach the view when it ends or rests; the worker's have.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let after = counters(&mut probe).await?;
    anyhow::ensure!(inbox.count() == case.letters, "{} letters were received", inbox.count());
    Ok(Cost { seconds, commits: after.0 - before.0, wal: after.1 - before.1 })
}

fn configure(url: &str, inbox: &DevInbox, batch: &str, connections: &str) -> anyhow::Result<Config> {
    let environment: BTreeMap<String, String> = [
        ("DATABASE_URL", url.to_owned()),
        ("SMTP_HOST", inbox.addr().ip().to_string()),
        ("SMTP_PORT", inbox.addr().port().to_string()),
        ("SMTP_FROM_ADDRESS", "post@example.org".to_owned()),
        ("EMAIL_WORKER_BATCH_SIZE", batch.to_owned()),
        ("EMAIL_WORKER_LANE_SHARE", batch.to_owned()),
        ("EMAIL_WORKER_CONCURRENCY", connections.to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    Ok(Config::read(Sources { file: None, environment })?)
}

async fn enqueue(door: &Door, letters: usize) -> anyhow::Result<()> {
    let line = br#"{"workflow":"password-reset","template":"password-reset","recipient":"reader@example.org",
        "data":{"reset_url":"https://app.example.org/reset","expires_in":"1 hour"}}"#;
    let fields = Fields::from_json(line)?;
    let mut left = letters;
    while left > 0 {
        let chunk = left.min(100);
        for answer in door.accept(vec![fields.clone(); chunk]).await? {
            answer?;
        }
        left -= chunk;
    }
    Ok(())
}

async fn wait_until_sent(probe: &mut PgConnection, letters: usize) -> anyhow::Result<()> {
    let wanted = i64::try_from(letters)?;
    for _ in 0..12_000 {
        let (sent,): (i64,) = sqlx::query_as("select count(*) from email.deliveries where status = 'sent'")
            .fetch_one(&mut *probe)
            .await?;
        if sent == wanted {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("not every letter was sent")
}

/// Commits in this database and bytes of WAL, so far.
async fn counters(probe: &mut PgConnection) -> anyhow::Result<(f64, f64)> {
    probe.ping().await?;
    let row: (f64, f64) = sqlx::query_as(
        "select xact_commit::float8, (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8
         from pg_stat_database where datname = current_database()",
    )
    .fetch_one(probe)
    .await?;
    Ok(row)
}
