//! The SQL of `docs/moving-over.md`, run as it stands there, on tables as the other systems lay them out: what waits is
//! moved once, what cannot be moved stays behind with a reason, and everything that was moved arrives once.

use anyhow::{Context, Result, ensure};
use postroom_tests::{Kind, Room, workspace};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

/// The statements below a heading of the guide.
fn documented(heading: &str) -> Result<String> {
    let guide = std::fs::read_to_string(workspace().join("docs/moving-over.md"))?;
    let (_, section) = guide.split_once(&format!("\n## {heading}\n")).with_context(|| format!("no {heading}"))?;
    let section = section.split("\n## ").next().unwrap_or_default();
    let (_, block) = section.split_once("```sql\n").context("no SQL")?;
    Ok(block.split("```").next().unwrap_or_default().to_owned())
}

/// What a letter of all three systems is filled with.
const DATA: &str = r#"{"inviter_name": "Robin", "organization_name": "Example", "role": "editor",
                       "accept_url": "https://app.example.org/accept"}"#;

/// Another system's tables in the database of a mailroom.
struct Old {
    room: Room,
    connection: PgConnection,
}

impl Old {
    async fn with(schema: &'static str) -> Result<Self> {
        let room = Room::open(Kind::Postgres).await?;
        let mut connection = PgConnection::connect(&room.store.url()).await?;
        connection.execute(schema).await?;
        Ok(Self { room, connection })
    }

    async fn fill(&mut self, rows: &str) -> Result<()> {
        self.connection.execute(AssertSqlSafe(rows.replace("DATA", &format!("'{DATA}'")))).await?;
        Ok(())
    }

    async fn move_over(&mut self, heading: &str) -> Result<()> {
        self.connection.execute(AssertSqlSafe(documented(heading)?)).await?;
        Ok(())
    }

    /// A column of texts of the old tables.
    async fn texts(&mut self, sql: &'static str) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar(sql).fetch_all(&mut self.connection).await?)
    }

    /// Moves twice, beside an old worker that holds a row, and gives who got a letter.
    async fn moved(mut self, heading: &str, held: &'static str) -> Result<(Self, Vec<String>)> {
        let mut worker = PgConnection::connect(&self.room.store.url()).await?;
        let mut sending = worker.begin().await?;
        ensure!(sending.execute(held).await?.rows_affected() == 1, "the old worker holds a row");
        self.move_over(heading).await?;
        self.move_over(heading).await?;
        sending.rollback().await?;
        let delivered = self.room.delivered().await?;
        Ok((self, delivered))
    }
}

const JOBS: &str = "
    CREATE SCHEMA kb;
    CREATE TABLE kb.email_jobs (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(), template_name varchar(100) NOT NULL,
        to_email varchar(320) NOT NULL, to_name varchar(255), subject varchar(500) NOT NULL DEFAULT 'Welcome',
        template_data jsonb NOT NULL DEFAULT '{}', status varchar(20) NOT NULL DEFAULT 'pending',
        attempts int NOT NULL DEFAULT 0, max_attempts int NOT NULL DEFAULT 3, last_error text,
        mailgun_message_id varchar(255), created_at timestamptz NOT NULL DEFAULT now(), processed_at timestamptz,
        next_retry_at timestamptz, source_type varchar(50), source_id uuid,
        CONSTRAINT email_jobs_status_check CHECK (status IN ('pending', 'processing', 'sent', 'failed'))
    )";

#[tokio::test]
async fn from_a_job_table_of_ones_own() -> Result<()> {
    let mut old = Old::with(JOBS).await?;
    old.fill(
        "INSERT INTO kb.email_jobs (template_name, to_email, to_name, template_data, status, attempts, next_retry_at) VALUES
            ('invitation', 'waiting@example.org', 'Waiting', DATA, 'pending', 0, NULL),
            ('invitation', 'again@example.org', NULL, DATA, 'pending', 2, now() - interval '1 minute'),
            ('invitation', 'locked@example.org', NULL, DATA, 'pending', 0, NULL),
            ('invitation', 'sending@example.org', NULL, DATA, 'processing', 1, NULL),
            ('invitation', 'sent@example.org', NULL, DATA, 'sent', 1, NULL),
            ('invitation', 'nobody', NULL, DATA, 'pending', 0, NULL),
            ('digest', 'other@example.org', NULL, '{}', 'pending', 0, NULL)",
    )
    .await?;
    let held = "SELECT FROM kb.email_jobs WHERE to_email = 'locked@example.org' FOR UPDATE";
    let (mut old, delivered) = old.moved("From a job table of your own", held).await?;
    assert_eq!(delivered, ["again@example.org", "waiting@example.org"]);
    let left = "SELECT to_email || ' ' || status || coalesce(' ' || last_error, '') FROM kb.email_jobs ORDER BY 1";
    let left = old.texts(left).await?;
    assert_eq!(left[..2], ["again@example.org failed moved to Postroom", "locked@example.org pending"]);
    assert!(left[2].starts_with("nobody failed recipient: "), "{}", left[2]);
    assert_eq!(
        left[3..],
        [
            "other@example.org pending",
            "sending@example.org processing",
            "sent@example.org sent",
            "waiting@example.org failed moved to Postroom",
        ]
    );
    // What the old worker let go of is moved by the next run, and nothing else.
    old.move_over("From a job table of your own").await?;
    let delivered = old.room.delivered().await?;
    assert_eq!(delivered, ["again@example.org", "locked@example.org", "waiting@example.org"]);
    Ok(())
}

const POST_OFFICE: &str = "
    CREATE TABLE post_office_emailtemplate (id serial PRIMARY KEY, name varchar(255) NOT NULL);
    CREATE TABLE post_office_email (
        id serial PRIMARY KEY, from_email varchar(254) NOT NULL DEFAULT 'post@example.org', \"to\" text NOT NULL,
        cc text NOT NULL DEFAULT '', bcc text NOT NULL DEFAULT '', subject varchar(989) NOT NULL DEFAULT '',
        message text NOT NULL DEFAULT '', html_message text NOT NULL DEFAULT '', status smallint, priority smallint,
        created timestamptz NOT NULL DEFAULT now(), last_updated timestamptz NOT NULL DEFAULT now(),
        scheduled_time timestamptz, expires_at timestamptz, message_id varchar(255), number_of_retries integer,
        headers jsonb, template_id integer REFERENCES post_office_emailtemplate, context jsonb,
        backend_alias varchar(64) NOT NULL DEFAULT ''
    );
    CREATE TABLE post_office_attachment_emails (
        id serial PRIMARY KEY, attachment_id integer NOT NULL, email_id integer NOT NULL REFERENCES post_office_email
    );
    INSERT INTO post_office_emailtemplate (name) VALUES ('invitation-mail')";

#[tokio::test]
async fn from_django_post_office() -> Result<()> {
    let mut old = Old::with(POST_OFFICE).await?;
    old.fill(
        "INSERT INTO post_office_email (\"to\", status, priority, cc, headers, template_id, context, expires_at) VALUES
            ('queued@example.org', 2, 3, '', '{\"X-Campaign\": \"spring\"}', 1, DATA, now() + interval '1 hour'),
            ('Some One <requeued@example.org>', 3, NULL, '', NULL, 1, DATA, NULL),
            ('sent@example.org', 0, 1, '', NULL, 1, DATA, NULL),
            ('failed@example.org', 1, 1, '', NULL, 1, DATA, NULL),
            ('finished@example.org', 2, 1, '', NULL, NULL, NULL, NULL),
            ('a@example.org, b@example.org', 2, 1, '', NULL, 1, DATA, NULL),
            ('copied@example.org', 2, 1, 'c@example.org', NULL, 1, DATA, NULL),
            ('attached@example.org', 2, 1, '', NULL, 1, DATA, NULL),
            ('locked@example.org', 2, 1, '', NULL, 1, DATA, NULL),
            ('nobody', 2, 1, '', NULL, 1, DATA, NULL);
         INSERT INTO post_office_attachment_emails (attachment_id, email_id)
         SELECT 1, id FROM post_office_email WHERE \"to\" = 'attached@example.org'",
    )
    .await?;
    let held = "SELECT FROM post_office_email WHERE \"to\" = 'locked@example.org' FOR UPDATE";
    let (mut old, delivered) = old.moved("From django-post_office", held).await?;
    assert_eq!(delivered, ["queued@example.org", "requeued@example.org"]);
    let waiting = "SELECT \"to\" FROM post_office_email WHERE status IN (2, 3) ORDER BY 1";
    assert_eq!(
        old.texts(waiting).await?,
        [
            "a@example.org, b@example.org",
            "attached@example.org",
            "copied@example.org",
            "finished@example.org",
            "locked@example.org",
        ]
    );
    let refused = "SELECT \"to\" FROM post_office_email WHERE status = 1 ORDER BY 1";
    assert_eq!(old.texts(refused).await?, ["failed@example.org", "nobody"]);
    let letters = old.room.received()?;
    let marked = letters.iter().find(|letter| letter.recipient == "queued@example.org").context("it arrived")?;
    assert_eq!(marked.header("X-Campaign"), "spring");
    Ok(())
}

const RIVER: &str = "
    CREATE TYPE river_job_state AS ENUM (
        'available', 'cancelled', 'completed', 'discarded', 'pending', 'retryable', 'running', 'scheduled');
    CREATE TABLE river_job (
        id bigserial PRIMARY KEY, state river_job_state NOT NULL DEFAULT 'available', attempt smallint NOT NULL DEFAULT 0,
        max_attempts smallint NOT NULL DEFAULT 25, attempted_at timestamptz, created_at timestamptz NOT NULL DEFAULT now(),
        finalized_at timestamptz, scheduled_at timestamptz NOT NULL DEFAULT now(), priority smallint NOT NULL DEFAULT 1,
        args jsonb NOT NULL, attempted_by text[], errors jsonb[], kind text NOT NULL, metadata jsonb NOT NULL DEFAULT '{}',
        queue text NOT NULL DEFAULT 'default', tags varchar(255)[] NOT NULL DEFAULT '{}', unique_key bytea,
        unique_states bit(8),
        CONSTRAINT finalized_or_finalized_at_null CHECK (
            (finalized_at IS NULL AND state NOT IN ('cancelled', 'completed', 'discarded')) OR
            (finalized_at IS NOT NULL AND state IN ('cancelled', 'completed', 'discarded'))),
        CONSTRAINT priority_in_range CHECK (priority >= 1 AND priority <= 4)
    )";

#[tokio::test]
async fn from_river() -> Result<()> {
    let mut old = Old::with(RIVER).await?;
    old.fill(
        "INSERT INTO river_job (kind, state, priority, finalized_at, args)
         SELECT kind, state::river_job_state, priority, CASE state WHEN 'completed' THEN now() END,
                jsonb_build_object('email', email, 'name', 'Reader', 'data', DATA::jsonb)
           FROM (VALUES
                ('send_invitation', 'available', 1, 'available@example.org'),
                ('send_invitation', 'retryable', 4, 'retryable@example.org'),
                ('send_invitation', 'running', 1, 'running@example.org'),
                ('send_invitation', 'completed', 1, 'completed@example.org'),
                ('send_invitation', 'available', 1, 'locked@example.org'),
                ('send_invitation', 'available', 1, 'nobody'),
                ('resize_picture', 'available', 1, 'picture@example.org')
           ) AS rows (kind, state, priority, email)",
    )
    .await?;
    let held = "SELECT FROM river_job WHERE args ->> 'email' = 'locked@example.org' FOR UPDATE";
    let (mut old, delivered) = old.moved("From River", held).await?;
    assert_eq!(delivered, ["available@example.org", "retryable@example.org"]);
    let states = "SELECT (args ->> 'email') || ' ' || state FROM river_job ORDER BY 1";
    assert_eq!(
        old.texts(states).await?,
        [
            "available@example.org cancelled",
            "completed@example.org completed",
            "locked@example.org available",
            "nobody discarded",
            "picture@example.org available",
            "retryable@example.org cancelled",
            "running@example.org running",
        ]
    );
    Ok(())
}
