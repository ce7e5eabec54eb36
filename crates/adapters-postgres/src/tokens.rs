//! Who may call.

use async_trait::async_trait;
use jiff_sqlx::Timestamp as Stored;
use postroom_domain::access::{Scope, Scopes, TokenId, TokenName};
use postroom_domain::id::TenantId;
use postroom_ports::access::{
    AccessToken, Created, KnownToken, LONGEST, NewToken, Revoked, TokenBook, TokenDigest, USE_NOTED_EVERY,
};
use postroom_ports::error::PortError;

use crate::connections::Connections;
use crate::error::port_error;
use crate::row::{micros, time};

/// The access tokens of a database.
#[derive(Clone, Debug)]
pub struct PostgresTokens {
    front: Connections,
}

/// One token as it is stored, less its digest.
struct Row {
    token_id: String,
    name: String,
    scopes: Vec<String>,
    tenant_id: Option<String>,
    created_at: Stored,
    expires_at: Option<Stored>,
    last_used_at: Option<Stored>,
    revoked_at: Option<Stored>,
}

impl PostgresTokens {
    pub(crate) const fn new(front: Connections) -> Self {
        Self { front }
    }
}

#[async_trait]
impl TokenBook for PostgresTokens {
    async fn create(&self, new: &NewToken) -> Result<Created, PortError> {
        const OPERATION: &str = "tokens.create";
        let failed = port_error(OPERATION);
        let scopes: Vec<&str> = new.scopes.iter().map(Scope::as_str).collect();
        let mut turn = self.front.turn().await.map_err(&failed)?;
        let row = sqlx::query_file_as!(
            Row,
            "queries/tokens/create.sql",
            new.token_id.as_str(),
            new.name.as_str(),
            &new.digest.0[..],
            &scopes as &[&str],
            new.tenant_id.as_ref().map(TenantId::as_str),
            new.expires_after.map(|time| micros(time.min(LONGEST))),
        )
        .fetch_optional(turn.session())
        .await
        .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        row.map_or(Ok(Created::Taken), |row| row.decode(OPERATION).map(Created::Done))
    }

    async fn find(&self, id: &TokenId) -> Result<Option<KnownToken>, PortError> {
        const OPERATION: &str = "tokens.find";
        let failed = port_error(OPERATION);
        let mut turn = self.front.turn().await.map_err(&failed)?;
        let row = sqlx::query_file!("queries/tokens/find.sql", id.as_str())
            .fetch_optional(turn.session())
            .await
            .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        let Some(row) = row else { return Ok(None) };
        let digest = row.digest.try_into().map_err(|_| PortError::corrupt(OPERATION, "tokens", "digest", id))?;
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
        Ok(Some(KnownToken { token: token.decode(OPERATION)?, digest: TokenDigest(digest), now: time(row.now) }))
    }

    async fn note_use(&self, id: &TokenId) -> Result<(), PortError> {
        let failed = port_error("tokens.note_use");
        let mut turn = self.front.turn().await.map_err(&failed)?;
        sqlx::query_file!("queries/tokens/use.sql", id.as_str(), micros(USE_NOTED_EVERY))
            .execute(turn.session())
            .await
            .map_err(&failed)?;
        turn.end().await.map_err(failed)
    }

    async fn list(&self) -> Result<Vec<AccessToken>, PortError> {
        const OPERATION: &str = "tokens.list";
        let failed = port_error(OPERATION);
        let mut turn = self.front.turn().await.map_err(&failed)?;
        let rows =
            sqlx::query_file_as!(Row, "queries/tokens/list.sql").fetch_all(turn.session()).await.map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        rows.into_iter().map(|row| row.decode(OPERATION)).collect()
    }

    async fn revoke(&self, id: &TokenId) -> Result<Revoked, PortError> {
        let failed = port_error("tokens.revoke");
        let mut turn = self.front.turn().await.map_err(&failed)?;
        let done = sqlx::query_file_scalar!("queries/tokens/revoke.sql", id.as_str())
            .fetch_optional(turn.session())
            .await
            .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        Ok(match done {
            Some(true) => Revoked::Done,
            Some(false) => Revoked::Already,
            None => Revoked::Unknown,
        })
    }
}

impl Row {
    fn decode(self, operation: &'static str) -> Result<AccessToken, PortError> {
        let id = self.token_id;
        let corrupt = |column| PortError::corrupt(operation, "tokens", column, &id);
        let scopes: Result<Scopes, _> = self.scopes.iter().map(|scope| Scope::parse(scope)).collect();
        Ok(AccessToken {
            token_id: TokenId::parse(id.as_str()).map_err(|_| corrupt("token_id"))?,
            name: TokenName::parse(self.name).map_err(|_| corrupt("name"))?,
            scopes: scopes.map_err(|_| corrupt("scopes"))?,
            tenant_id: self.tenant_id.map(TenantId::parse).transpose().map_err(|_| corrupt("tenant_id"))?,
            created_at: time(self.created_at),
            expires_at: self.expires_at.map(time),
            last_used_at: self.last_used_at.map(time),
            revoked_at: self.revoked_at.map(time),
        })
    }
}
