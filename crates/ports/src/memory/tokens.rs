//! Who may call.

use async_trait::async_trait;
use postroom_domain::access::TokenId;
use postroom_domain::time::Timestamp;

use super::MemoryStore;
use crate::access::{AccessToken, Created, KnownToken, LONGEST, NewToken, Revoked, TokenBook, TokenDigest};
use crate::error::PortError;

/// A token, what its secret must come to, and its place in the order in which they were made.
#[derive(Debug)]
pub(super) struct TokenRow {
    token: AccessToken,
    digest: TokenDigest,
    serial: usize,
}

impl TokenRow {
    fn is_good(&self, now: Timestamp) -> bool {
        self.token.revoked_at.is_none() && self.token.expires_at.is_none_or(|at| at > now)
    }

    fn known(&self, now: Timestamp) -> KnownToken {
        KnownToken { token: self.token.clone(), digest: self.digest, now }
    }
}

#[async_trait]
impl TokenBook for MemoryStore {
    async fn create(&self, new: &NewToken) -> Result<Created, PortError> {
        let (mut tables, now) = self.begin();
        if tables.tokens.contains_key(&new.token_id) {
            return Ok(Created::Taken);
        }
        let token = AccessToken {
            token_id: new.token_id.clone(),
            name: new.name.clone(),
            scopes: new.scopes,
            tenant_id: new.tenant_id.clone(),
            created_at: now,
            expires_at: new.expires_after.map(|after| now.plus(after.min(LONGEST))),
            last_used_at: None,
            revoked_at: None,
        };
        let row = TokenRow { token: token.clone(), digest: new.digest, serial: tables.tokens.len() };
        tables.tokens.insert(new.token_id.clone(), row);
        Ok(Created::Done(token))
    }

    async fn find(&self, id: &TokenId) -> Result<Option<KnownToken>, PortError> {
        let (tables, now) = self.begin();
        Ok(tables.tokens.get(id).filter(|row| row.is_good(now)).map(|row| row.known(now)))
    }

    async fn note_use(&self, id: &TokenId) -> Result<(), PortError> {
        let (mut tables, now) = self.begin();
        if let Some(row) = tables.tokens.get_mut(id).filter(|row| row.is_good(now))
            && row.known(now).is_use_worth_a_note()
        {
            row.token.last_used_at = Some(now);
        }
        Ok(())
    }

    async fn list(&self) -> Result<Vec<AccessToken>, PortError> {
        let (tables, _) = self.begin();
        let mut rows: Vec<&TokenRow> = tables.tokens.values().collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.serial));
        Ok(rows.into_iter().map(|row| row.token.clone()).collect())
    }

    async fn revoke(&self, id: &TokenId) -> Result<Revoked, PortError> {
        let (mut tables, now) = self.begin();
        let Some(row) = tables.tokens.get_mut(id) else { return Ok(Revoked::Unknown) };
        if row.token.revoked_at.is_some() {
            return Ok(Revoked::Already);
        }
        row.token.revoked_at = Some(now);
        Ok(Revoked::Done)
    }
}
