use async_trait::async_trait;
use postroom_domain::access::{Scope, TokenId};
use postroom_ports::access::{AccessToken, Created, KnownToken, NewToken, Revoked, TokenBook};
use postroom_ports::error::{PortError, PortErrorKind};

use super::store::{BrokenStore, Fault};

#[async_trait]
impl TokenBook for BrokenStore {
    async fn create(&self, new: &NewToken) -> Result<Created, PortError> {
        let mut new = new.clone();
        match self.fault {
            Fault::TokensLoseScopes => new.scopes = [Scope::Read].into_iter().collect(),
            Fault::TokensNeverEnd => new.expires_after = None,
            Fault::TokensEndOfThemselves => {
                new.expires_after = new.expires_after.or(Some(std::time::Duration::from_hours(24 * 365)));
            }
            _ => {}
        }
        let created = self.inner.create(&new).await?;
        match (self.fault, &created) {
            (Fault::TokensLoseScopes, Created::Done(token)) => {
                Ok(Created::Done(AccessToken { scopes: Scope::ALL.into_iter().collect(), ..token.clone() }))
            }
            (Fault::TakenTokenIsSuccess, Created::Taken) => {
                let known = self.inner.find(&new.token_id).await?;
                Ok(known.map_or(Created::Taken, |known| Created::Done(known.token)))
            }
            _ => Ok(created),
        }
    }

    async fn find(&self, id: &TokenId) -> Result<Option<KnownToken>, PortError> {
        match self.fault {
            Fault::FindsTheNearestToken => {
                let all = self.inner.list().await?;
                let near = all.into_iter().find(|token| token.token_id.as_str()[..5] == id.as_str()[..5]);
                return match near {
                    Some(token) => self.inner.find(&token.token_id).await,
                    None => Ok(None),
                };
            }
            Fault::FindIsAUse => self.inner.note_use(id).await?,
            _ => {}
        }
        self.inner.find(id).await
    }

    async fn note_use(&self, id: &TokenId) -> Result<(), PortError> {
        match self.fault {
            Fault::NotesNoUse => Ok(()),
            Fault::UsesOfEverybody => {
                for token in self.inner.list().await? {
                    self.inner.note_use(&token.token_id).await?;
                }
                Ok(())
            }
            Fault::UsesCollide => {
                let known = self.inner.find(id).await?;
                if known.is_some_and(|known| known.token.last_used_at == Some(known.now)) {
                    return Err(PortError::new(
                        PortErrorKind::Unavailable,
                        "tokens.note_use",
                        "somebody else notes one",
                    ));
                }
                self.inner.note_use(id).await
            }
            Fault::DeadTokensAreUsed => {
                self.notes().dead_use = self.inner.find(id).await?.is_none().then_some(());
                self.inner.note_use(id).await
            }
            _ => self.inner.note_use(id).await,
        }
    }

    async fn list(&self) -> Result<Vec<AccessToken>, PortError> {
        let mut tokens = self.inner.list().await?;
        match self.fault {
            Fault::ListsGoodTokensAlone => tokens.retain(|token| token.revoked_at.is_none()),
            Fault::DeadTokensAreUsed if self.notes().dead_use.is_some() => {
                for token in &mut tokens {
                    token.last_used_at = Some(token.created_at);
                }
            }
            _ => {}
        }
        Ok(tokens)
    }

    async fn revoke(&self, id: &TokenId) -> Result<Revoked, PortError> {
        match self.fault {
            Fault::RevokeOnlySaysSo => Ok(Revoked::Done),
            Fault::RevokeSaysDone => self.inner.revoke(id).await.map(|_| Revoked::Done),
            _ => self.inner.revoke(id).await,
        }
    }
}
