//! The rules of a [`TokenBook`](crate::access::TokenBook).

use std::time::Duration;

use postroom_domain::access::{Scope, Scopes, TokenId, TokenName};

use super::StoreHarness;
use super::desk::Desk;
use super::letters::tenant_id;
use crate::access::{AccessToken, Created, KnownToken, NewToken, Revoked, TokenDigest, USE_NOTED_EVERY};

const HOUR: Duration = Duration::from_hours(1);

/// A token for everything that may be read, without an end.
fn token(id: &str) -> NewToken {
    NewToken {
        token_id: TokenId::parse(id).expect("a sample id is valid"),
        name: TokenName::parse("the shop – Größe 1").expect("a sample name is valid"),
        digest: TokenDigest(std::array::from_fn(|place| u8::try_from(place * 8).unwrap_or(0))),
        scopes: Scopes::from_iter([Scope::Read]),
        tenant_id: None,
        expires_after: None,
    }
}

const FIRST: &str = "first0token0";
const SECOND: &str = "second0token";

impl Desk {
    /// Makes a token that nothing speaks against.
    async fn token(&self, new: &NewToken) -> AccessToken {
        match self.tokens.create(new).await.expect("the store takes tokens") {
            Created::Done(token) => token,
            Created::Taken => panic!("a new token is taken in"),
        }
    }

    async fn known(&self, new: &NewToken) -> Option<KnownToken> {
        self.tokens.find(&new.token_id).await.expect("the store finds tokens")
    }

    async fn use_it(&self, new: &NewToken) {
        self.tokens.note_use(&new.token_id).await.expect("the store notes uses");
    }

    async fn revoke(&self, new: &NewToken) -> Revoked {
        self.tokens.revoke(&new.token_id).await.expect("the store revokes")
    }

    async fn tokens(&self) -> Vec<AccessToken> {
        self.tokens.list().await.expect("the store lists tokens")
    }
}

/// A token is found with everything that it was made with, its digest to the last bit, and lasts as long as it was
/// made for by the store's clock.
pub async fn a_token_is_found_as_it_was_made<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let plain = token(FIRST);
    let all = NewToken {
        scopes: Scope::ALL.into_iter().collect(),
        tenant_id: Some(tenant_id("north")),
        expires_after: Some(HOUR),
        ..token(SECOND)
    };
    for new in [plain, all] {
        let before = desk.now().await;
        let made = desk.token(&new).await;
        let after = desk.now().await;
        assert_eq!((&made.token_id, &made.name), (&new.token_id, &new.name));
        assert_eq!((made.scopes, &made.tenant_id), (new.scopes, &new.tenant_id));
        assert!(before <= made.created_at && made.created_at <= after, "it is made by the store's clock");
        assert_eq!(made.expires_at, new.expires_after.map(|time| made.created_at.plus(time)));
        assert_eq!((made.last_used_at, made.revoked_at), (None, None));
        let known = desk.known(&new).await.expect("it is good");
        assert_eq!(known.token, made);
        assert_eq!(known.digest.0, new.digest.0);
        assert!(after <= known.now, "the store says its time");
    }
}

/// An id that no token has finds none, however near it is to one that has.
pub async fn an_unknown_token_is_not_found<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    desk.token(&token(FIRST)).await;
    assert!(desk.known(&token("first0token00")).await.is_none());
    assert!(desk.known(&token("first0tokem0")).await.is_none());
}

/// A token that lasts an hour is good within the hour and not after it.
pub async fn a_token_is_good_until_its_time_is_up<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let new = NewToken { expires_after: Some(HOUR), ..token(FIRST) };
    desk.token(&new).await;
    harness.advance(HOUR / 2).await;
    assert!(desk.known(&new).await.is_some(), "its time is not up yet");
    harness.advance(HOUR / 2).await;
    assert!(desk.known(&new).await.is_none());
}

/// A token without an end is good for years.
pub async fn a_token_without_an_end_lasts<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let new = token(FIRST);
    desk.token(&new).await;
    harness.advance(24 * 4000 * HOUR).await;
    assert!(desk.known(&new).await.is_some());
}

/// A token that was revoked is good for nothing from then on; others stay.
pub async fn a_revoked_token_is_not_found<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let (one, other) = (token(FIRST), token(SECOND));
    desk.token(&one).await;
    desk.token(&other).await;
    desk.revoke(&one).await;
    assert!(desk.known(&one).await.is_none());
    assert!(desk.known(&other).await.is_some());
}

/// Whoever revokes hears whether there was a token, and whether it had been revoked; the first time counts.
pub async fn revoke_says_what_there_was_to_revoke<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let new = token(FIRST);
    assert_eq!(desk.revoke(&new).await, Revoked::Unknown);
    desk.token(&new).await;
    let before = desk.now().await;
    assert_eq!(desk.revoke(&new).await, Revoked::Done);
    let revoked_at = desk.tokens().await[0].revoked_at.expect("it says when it was revoked");
    assert!(before <= revoked_at, "by the store's clock");
    assert_eq!(desk.revoke(&new).await, Revoked::Already);
    assert_eq!(desk.tokens().await[0].revoked_at, Some(revoked_at));
    let expired = NewToken { expires_after: Some(HOUR), ..token(SECOND) };
    desk.token(&expired).await;
    harness.advance(2 * HOUR).await;
    assert_eq!(desk.revoke(&expired).await, Revoked::Done, "one that is over can be revoked as well");
}

/// A token id is given once: another token of that id is refused, also when the first is revoked, and the first
/// stays as it is.
pub async fn a_taken_token_id_is_refused_and_the_first_stays<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let new = token(FIRST);
    let made = desk.token(&new).await;
    let other = NewToken { scopes: Scope::ALL.into_iter().collect(), digest: TokenDigest([7; 32]), ..token(FIRST) };
    let create = || async { desk.tokens.create(&other).await.expect("the store answers") };
    assert_eq!(create().await, Created::Taken);
    let known = desk.known(&new).await.expect("the first is good");
    assert_eq!((known.token, known.digest.0), (made, new.digest.0));
    desk.revoke(&new).await;
    assert_eq!(create().await, Created::Taken);
    assert!(desk.known(&new).await.is_none(), "it stays revoked");
}

/// All tokens are listed, good or not, the newest first.
pub async fn every_token_is_listed_the_newest_first<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    assert_eq!(desk.tokens().await, []);
    let ids = ["revoked00000", "expired00000", "good00000000"];
    for id in ids {
        let expires_after = (id == ids[1]).then_some(HOUR / 2);
        desk.token(&NewToken { expires_after, ..token(id) }).await;
        harness.advance(HOUR).await;
    }
    desk.revoke(&token(ids[0])).await;
    let listed = desk.tokens().await;
    let listed_ids: Vec<&str> = listed.iter().map(|token| token.token_id.as_str()).collect();
    assert_eq!(listed_ids, [ids[2], ids[1], ids[0]]);
    assert!(listed[2].revoked_at.is_some() && listed[1].expires_at.is_some());
}

/// That somebody knows the id of a token, and the store looked it up, is no use of it.
pub async fn to_find_a_token_is_no_use_of_it<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let new = token(FIRST);
    desk.token(&new).await;
    for _ in 0..2 {
        let known = desk.known(&new).await.expect("it is good");
        assert_eq!(known.token.last_used_at, None);
        assert!(known.is_use_worth_a_note(), "the first use is worth a note");
    }
}

/// A use is noted by the store's clock; those that follow within the minute are not, and the next one is.
pub async fn a_use_is_noted_once_a_minute<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let new = token(FIRST);
    desk.token(&new).await;
    let last_use = || async { desk.known(&new).await.expect("it is good").token.last_used_at };
    let before = desk.now().await;
    desk.use_it(&new).await;
    assert!(last_use().await.is_some_and(|at| at >= before), "the first use is noted");
    harness.advance(USE_NOTED_EVERY / 2).await;
    let first = last_use().await;
    desk.use_it(&new).await;
    assert_eq!(last_use().await, first, "the second is not");
    assert!(!desk.known(&new).await.expect("it is good").is_use_worth_a_note());
    harness.advance(USE_NOTED_EVERY / 2).await;
    let first = last_use().await;
    assert!(desk.known(&new).await.expect("it is good").is_use_worth_a_note());
    desk.use_it(&new).await;
    assert!(last_use().await > first, "the third is");
}

/// What uses one token says nothing about another.
pub async fn a_use_is_of_one_token_alone<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let (one, other) = (token(FIRST), token(SECOND));
    desk.token(&one).await;
    desk.token(&other).await;
    desk.use_it(&one).await;
    let used: Vec<bool> = desk.tokens().await.iter().map(|token| token.last_used_at.is_some()).collect();
    assert_eq!(used.iter().filter(|used| **used).count(), 1);
    assert!(desk.known(&one).await.expect("it is good").token.last_used_at.is_some());
}

/// A token that is revoked or over has no uses any more, and neither has one that is not there.
pub async fn a_token_that_is_good_for_nothing_notes_no_use<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let (revoked, expired) = (token(FIRST), NewToken { expires_after: Some(HOUR), ..token(SECOND) });
    desk.token(&revoked).await;
    desk.token(&expired).await;
    desk.revoke(&revoked).await;
    harness.advance(HOUR).await;
    for new in [&revoked, &expired, &token("unknown00000")] {
        desk.use_it(new).await;
    }
    assert!(desk.tokens().await.iter().all(|token| token.last_used_at.is_none()));
}

/// Many uses of one token at the same moment are all taken, and one of them is noted.
pub async fn uses_at_once_are_no_failure<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let new = token(FIRST);
    desk.token(&new).await;
    let uses: Vec<_> = (0..8)
        .map(|_| {
            let (tokens, id) = (harness.tokens(), new.token_id.clone());
            tokio::spawn(async move { tokens.note_use(&id).await })
        })
        .collect();
    for one in uses {
        one.await.expect("a use does not panic").expect("the store notes uses");
    }
    assert!(desk.known(&new).await.expect("it is good").token.last_used_at.is_some());
}
