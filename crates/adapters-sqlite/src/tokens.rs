//! Who may call.

use async_trait::async_trait;
use postroom_domain::access::{Scopes, TokenId, TokenName};
use postroom_domain::id::TenantId;
use postroom_domain::time::Timestamp;
use postroom_ports::access::{
    AccessToken, Created, KnownToken, LONGEST, NewToken, Revoked, TokenBook, TokenDigest, USE_NOTED_EVERY,
};
use postroom_ports::error::PortError;

use crate::error::failed;
use crate::row::Place;
use crate::store::{SqliteStore, micros};

/// The access tokens of a store.
#[derive(Clone, Debug)]
pub struct SqliteTokens {
    store: SqliteStore,
}

/// One token as it is stored, less its digest.
struct Row {
    token_id: String,
    name: String,
    scopes: String,
    tenant_id: Option<String>,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl SqliteTokens {
    pub(crate) const fn new(store: SqliteStore) -> Self {
        Self { store }
    }
}

#[async_trait]
impl TokenBook for SqliteTokens {
    async fn create(&self, new: &NewToken) -> Result<Created, PortError> {
        const OPERATION: &str = "tokens.create";
        let (id, name, digest) = (new.token_id.as_str(), new.name.as_str(), &new.digest.0[..]);
        let (scopes, tenant) = (new.scopes.to_string(), new.tenant_id.as_ref().map(TenantId::as_str));
        let lasting = new.expires_after.map(|time| micros(time.min(LONGEST)));
        let mut write = self.store.begin(OPERATION).await?;
        let row = sqlx::query_file_as!(Row, "queries/tokens/create.sql", id, name, digest, scopes, tenant, lasting)
            .fetch_optional(write.connection())
            .await
            .map_err(failed(OPERATION))?;
        write.commit().await?;
        row.map_or(Ok(Created::Taken), |row| row.decode(OPERATION).map(Created::Done))
    }

    async fn find(&self, id: &TokenId) -> Result<Option<KnownToken>, PortError> {
        const OPERATION: &str = "tokens.find";
        let mut read = self.store.read(OPERATION).await?;
        let row = sqlx::query_file!("queries/tokens/find.sql", id.as_str())
            .fetch_optional(&mut *read)
            .await
            .map_err(failed(OPERATION))?;
        let Some(row) = row else { return Ok(None) };
        let at = Place { operation: OPERATION, table: "tokens", row: id.as_str() };
        let digest = at.parsed("digest", row.digest.try_into())?;
        let token = Row {
            token_id: row.token_id,
            name: row.name,
            scopes: row.scopes,
            tenant_id: row.tenant_id,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
        };
        let now = Timestamp::from_micros(row.now);
        Ok(Some(KnownToken { token: token.decode(OPERATION)?, digest: TokenDigest(digest), now }))
    }

    async fn note_use(&self, id: &TokenId) -> Result<(), PortError> {
        const OPERATION: &str = "tokens.note_use";
        // Not behind those who wait for their turn to write: a note is small, and its caller wants an answer.
        let mut write = self.store.begin_ahead(OPERATION).await?;
        sqlx::query_file!("queries/tokens/use.sql", id.as_str(), micros(USE_NOTED_EVERY))
            .execute(write.connection())
            .await
            .map_err(failed(OPERATION))?;
        write.commit().await
    }

    async fn list(&self) -> Result<Vec<AccessToken>, PortError> {
        const OPERATION: &str = "tokens.list";
        let mut read = self.store.read(OPERATION).await?;
        let rows = sqlx::query_file_as!(Row, "queries/tokens/list.sql")
            .fetch_all(&mut *read)
            .await
            .map_err(failed(OPERATION))?;
        rows.into_iter().map(|row| row.decode(OPERATION)).collect()
    }

    async fn revoke(&self, id: &TokenId) -> Result<Revoked, PortError> {
        const OPERATION: &str = "tokens.revoke";
        let mut write = self.store.begin(OPERATION).await?;
        let there = sqlx::query_file_scalar!("queries/tokens/count.sql", id.as_str())
            .fetch_one(write.connection())
            .await
            .map_err(failed(OPERATION))?;
        let done = sqlx::query_file!("queries/tokens/revoke.sql", id.as_str())
            .execute(write.connection())
            .await
            .map_err(failed(OPERATION))?;
        write.commit().await?;
        Ok(match (there, done.rows_affected()) {
            (0, _) => Revoked::Unknown,
            (_, 0) => Revoked::Already,
            _ => Revoked::Done,
        })
    }
}

impl Row {
    fn decode(self, operation: &'static str) -> Result<AccessToken, PortError> {
        let at = Place { operation, table: "tokens", row: &self.token_id };
        Ok(AccessToken {
            token_id: at.parsed("token_id", TokenId::parse(self.token_id.as_str()))?,
            name: at.parsed("name", TokenName::parse(self.name))?,
            // None at all is a set, too.
            scopes: if self.scopes.is_empty() {
                Scopes::default()
            } else {
                at.parsed("scopes", Scopes::parse(&self.scopes))?
            },
            tenant_id: at.parsed("tenant_id", self.tenant_id.map(TenantId::parse).transpose())?,
            created_at: Timestamp::from_micros(self.created_at),
            expires_at: self.expires_at.map(Timestamp::from_micros),
            last_used_at: self.last_used_at.map(Timestamp::from_micros),
            revoked_at: self.revoked_at.map(Timestamp::from_micros),
        })
    }
}
