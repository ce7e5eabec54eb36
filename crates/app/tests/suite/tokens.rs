//! Tokens: made once, shown once, checked with every call.

use std::sync::Arc;
use std::time::Duration;

use postroom::tokens::{Denied, IssuedToken, TokenChance, Tokens, WantedToken};
use postroom_domain::access::{Scope, Scopes, TokenName};
use postroom_domain::id::TenantId;
use postroom_ports::access::{MockTokenBook, TokenBook};
use postroom_ports::error::{PortError, PortErrorKind};
use postroom_ports::memory::{ManualClock, MemoryStore};

fn wanted() -> WantedToken {
    WantedToken {
        name: TokenName::parse("shop").unwrap(),
        scopes: Scopes::parse("read,operate").unwrap(),
        tenant_id: Some(TenantId::parse("north").unwrap()),
        expires_after: Some(Duration::from_hours(1)),
    }
}

fn chance(byte: u8) -> TokenChance {
    TokenChance { id: [byte; 16], secret: [byte; 32] }
}

async fn made() -> (Tokens, Arc<MemoryStore>, ManualClock, IssuedToken) {
    let clock = ManualClock::default();
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let tokens = Tokens::new(Arc::clone(&store) as Arc<dyn TokenBook>);
    let issued = tokens.create(wanted(), chance(1)).await.unwrap();
    (tokens, store, clock, issued)
}

#[tokio::test]
async fn a_token_is_let_in_with_what_it_was_made_for() {
    let (tokens, store, _, issued) = made().await;
    let token = tokens.verify(issued.text.expose()).await.unwrap();
    assert_eq!(token, issued.token);
    assert!(token.scopes.has(Scope::Operate) && !token.scopes.has(Scope::Enqueue));
    let noted = store.list().await.unwrap()[0].last_used_at;
    assert!(noted.is_some(), "its use is noted");
}

#[tokio::test]
async fn another_secret_under_a_known_id_is_denied_and_no_use() {
    let (tokens, store, _, issued) = made().await;
    let text = issued.text.expose();
    for place in [text.len() - 43, text.len() - 1] {
        let mut other = text.to_owned();
        other.replace_range(place..=place, if &text[place..=place] == "x" { "y" } else { "x" });
        assert!(matches!(tokens.verify(&other).await, Err(Denied::Token)), "at {place}");
    }
    assert_eq!(store.list().await.unwrap()[0].last_used_at, None);
}

#[tokio::test]
async fn a_token_that_is_over_or_revoked_is_denied() {
    let (tokens, _, clock, issued) = made().await;
    let other = tokens.create(wanted(), chance(2)).await.unwrap();
    tokens.revoke(&other.token.token_id).await.unwrap();
    assert!(matches!(tokens.verify(other.text.expose()).await, Err(Denied::Token)));
    clock.advance(Duration::from_hours(1));
    assert!(matches!(tokens.verify(issued.text.expose()).await, Err(Denied::Token)));
}

#[tokio::test]
async fn what_is_no_token_by_its_form_costs_no_question_to_the_store() {
    // The double panics when it is called.
    let tokens = Tokens::new(Arc::new(MockTokenBook::new()));
    for text in ["", "postroom", "postroom_abcdefghijkl_short", "Basic dXNlcjpwYXNz"] {
        assert!(matches!(tokens.verify(text).await, Err(Denied::Token)), "{text:?}");
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_asked_is_no_denial_of_the_token() {
    let (_, _, _, issued) = made().await;
    let mut book = MockTokenBook::new();
    book.expect_find().returning(|_| Err(PortError::new(PortErrorKind::Unavailable, "tokens.find", "gone")));
    let denied = Tokens::new(Arc::new(book)).verify(issued.text.expose()).await.unwrap_err();
    assert!(matches!(denied, Denied::Store(error) if error.is_transient()));
}

#[tokio::test]
async fn a_use_that_cannot_be_noted_lets_the_caller_in_and_one_just_noted_is_not_noted_again() {
    let (tokens, store, clock, issued) = made().await;
    let mut known = store.find(&issued.token.token_id).await.unwrap().unwrap();
    let mut book = MockTokenBook::new();
    let first = known.clone();
    book.expect_find().once().return_once(move |_| Ok(Some(first)));
    book.expect_note_use()
        .once()
        .returning(|_| Err(PortError::new(PortErrorKind::Unavailable, "tokens.note_use", "busy")));
    known.token.last_used_at = Some(known.now);
    book.expect_find().once().return_once(move |_| Ok(Some(known)));
    let busy = Tokens::new(Arc::new(book));
    for _ in 0..2 {
        busy.verify(issued.text.expose()).await.unwrap();
    }
    clock.advance(Duration::from_mins(1));
    tokens.verify(issued.text.expose()).await.unwrap();
}

#[tokio::test]
async fn two_tokens_of_one_chance_are_refused_and_no_secret_is_shown() {
    let (tokens, _, _, issued) = made().await;
    let refused = tokens.create(wanted(), chance(1)).await.unwrap_err();
    assert_eq!(refused.kind(), PortErrorKind::Other);
    let secret = &issued.text.expose()[issued.text.expose().len() - 43..];
    for shown in [format!("{issued:?}"), format!("{:?}", chance(1)), refused.to_string()] {
        assert!(!shown.contains(secret) && !shown.contains("1, 1"), "{shown}");
    }
}
