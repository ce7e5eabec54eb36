//! The application on a real database, over real HTTP: the letters in the queue are exactly those whose row committed.
#![expect(clippy::unwrap_used, reason = "an unwrap in a test is an assertion")]

use example_axum_app::{SCHEMA, app};
use postroom::testing::Letters;
use postroom_adapters_postgres::{DatabaseUrl, PostgresConfig, PostgresStore, migrate};
use postroom_domain::status::Status;
use postroom_test_database::TestDatabase;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use sqlx::Executor as _;
use tokio::task::JoinSet;

struct Served {
    database: TestDatabase,
    store: PostgresStore,
    url: String,
}

impl Served {
    async fn start() -> Self {
        let database = TestDatabase::empty().await.unwrap();
        let config = PostgresConfig::new(DatabaseUrl::new(database.url()));
        migrate(&config).await.unwrap();
        database.connect().await.unwrap().execute(SCHEMA).await.unwrap();
        let store = PostgresStore::connect(&config).await.unwrap();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/sign-up", listener.local_addr().unwrap());
        let pool = database.pool(5).await.unwrap();
        tokio::spawn(async move { axum::serve(listener, app(pool)).await });
        Self { database, store, url }
    }

    async fn sign_up(&self, email: &str, name: &str) -> (StatusCode, Value) {
        sign_up(self.url.clone(), email.to_owned(), name.to_owned()).await
    }

    async fn members(&self) -> Vec<String> {
        let mut connection = self.database.connect().await.unwrap();
        sqlx::query_scalar("SELECT email FROM members ORDER BY 1").fetch_all(&mut connection).await.unwrap()
    }
}

async fn sign_up(url: String, email: String, name: String) -> (StatusCode, Value) {
    let client = Client::builder().no_proxy().build().unwrap();
    let response = client.post(url).json(&json!({"email": email, "name": name})).send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

#[tokio::test]
async fn the_letters_in_the_queue_are_exactly_those_whose_row_committed() {
    let served = Served::start().await;
    let tracker = served.store.tracker();

    let (status, answer) = served.sign_up("first@example.org", "First").await;
    assert_eq!(status, StatusCode::CREATED);
    let letters = Letters::to("first@example.org").of("welcome").in_status(Status::Queued);
    let delivery = letters.assert_enqueued(&tracker).await;
    assert_eq!(answer["delivery_id"], delivery.delivery_id.as_str());

    // Rolled back: the letter was enqueued before the row was refused, and went with it.
    let (status, answer) = served.sign_up("first@example.org", "Again").await;
    assert_eq!((status, &answer["field"]), (StatusCode::CONFLICT, &json!("email")));
    letters.assert_enqueued(&tracker).await;

    // Refused at the door, by the field that the caller knows.
    for (email, name, field) in [("nobody", "X", "email"), ("x@example.org", "X\r\nBcc: y@example.org", "name")] {
        let (status, answer) = served.sign_up(email, name).await;
        assert_eq!((status, answer["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some(field)));
    }

    assert_eq!(served.sign_up("second@example.org", "Second").await.0, StatusCode::CREATED);
    Letters::any().assert_count(&tracker, 2).await;
    assert_eq!(served.members().await, ["first@example.org", "second@example.org"]);
}

#[tokio::test]
async fn many_who_sign_up_at_once_under_one_address_get_one_letter() {
    let served = Served::start().await;
    let mut attempts = JoinSet::new();
    for _ in 0..8 {
        attempts.spawn(sign_up(served.url.clone(), "same@example.org".to_owned(), "Same".to_owned()));
    }
    let answers = attempts.join_all().await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == StatusCode::CREATED).count(), 1);
    Letters::to("same@example.org").assert_enqueued(&served.store.tracker()).await;
}
