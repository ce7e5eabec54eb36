//! What only a database with several sessions shows of tokens.

use postroom_domain::access::{Scopes, TokenId, TokenName};
use postroom_ports::access::{NewToken, TokenBook, TokenDigest};
use sqlx::{Connection, Executor};

use crate::scene::{Scene, refusal};

#[tokio::test]
async fn a_use_is_noted_without_waiting_for_somebody_who_holds_the_row() {
    let scene = Scene::fresh().await;
    let tokens = scene.store.tokens();
    let token_id = TokenId::parse("abcdefghijkl").unwrap();
    let new = NewToken {
        token_id: token_id.clone(),
        name: TokenName::parse("shop").unwrap(),
        digest: TokenDigest([1; 32]),
        scopes: Scopes::parse("read").unwrap(),
        tenant_id: None,
        expires_after: None,
    };
    tokens.create(&new).await.unwrap();
    let mut other = scene.connection().await;
    let mut transaction = other.begin().await.unwrap();
    transaction.execute("SELECT FROM email.tokens FOR UPDATE").await.unwrap();
    // Would never return if it waited: the row is ours until the end of the transaction.
    tokens.note_use(&token_id).await.unwrap();
    assert!(tokens.find(&token_id).await.unwrap().unwrap().token.last_used_at.is_none());
    transaction.rollback().await.unwrap();
    tokens.note_use(&token_id).await.unwrap();
    assert!(tokens.find(&token_id).await.unwrap().unwrap().token.last_used_at.is_some());
}

#[tokio::test]
async fn the_database_refuses_what_is_no_token() {
    let scene = Scene::fresh().await;
    let mut connection = scene.connection().await;
    for (id, name, digest, scopes) in [
        ("short", "shop", "sha256('x')", "'{read}'"),
        ("ABCDEFGHIJKL", "shop", "sha256('x')", "'{read}'"),
        ("abcdefghijkl", "", "sha256('x')", "'{read}'"),
        ("abcdefghijkl", "shop", "'x'::bytea", "'{read}'"),
        ("abcdefghijkl", "shop", "sha256('x')", "'{everything}'"),
    ] {
        let sql = format!(
            "INSERT INTO email.tokens (token_id, name, digest, scopes) VALUES ('{id}', '{name}', {digest}, {scopes})"
        );
        assert_eq!(refusal(&mut connection, &sql).await.0, "23514", "{sql}");
    }
}
