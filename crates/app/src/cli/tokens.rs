//! `postroom tokens`: who may call the HTTP API and the dashboard.

use std::time::Duration;

use clap::{Args, Subcommand};
use comfy_table::Cell;
use postroom_domain::access::{Scope, Scopes, TokenId, TokenName};
use postroom_domain::id::TenantId;
use postroom_domain::time::Timestamp;
use postroom_ports::access::{AccessToken, Revoked};
use serde_json::{Value, json};

use super::context::{Context, Format};
use super::{Failure, output, table};
use crate::config::{nearest, parse_duration};
use crate::documents::time;
use crate::system::random;
use crate::tokens::{TokenChance, Tokens, WantedToken};

/// Access tokens.
#[derive(Args, Debug)]
pub(super) struct TokensCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make one, and see it this once
    Create(Create),
    /// Which there are, for what, until when, and when each was last used
    List,
    /// End one for good, at once
    Revoke(Revoke),
}

/// Makes a token.
#[derive(Args, Debug)]
#[command(
    after_help = "Scopes:\n  enqueue    hand letters in\n  read       see deliveries and how it goes, addresses \
                  masked\n  operate    cancel, retry, redrive, resolve, pause and resume\n  addresses  see whole \
                  addresses\nNone includes another. A token of a tenant reaches the letters of that tenant alone.\n\nThe \
                  token is shown once: the store keeps its SHA-256.\n\nExamples:\n  postroom tokens create --name \
                  \"the shop\" --scope enqueue --tenant north\n  postroom tokens create --name support --scope \
                  read,operate --expires 90d"
)]
struct Create {
    /// Who uses it, and for what: one line for your colleagues
    #[arg(long, value_name = "TEXT")]
    name: String,
    /// What it is good for, with commas between: enqueue, read, operate, addresses
    #[arg(long = "scope", value_name = "SCOPES")]
    scopes: String,
    /// The tenant whose letters alone it reaches; without it all letters
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// How long it lasts (12h, 90d); without it until it is revoked
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
}

/// Ends a token.
#[derive(Args, Debug)]
#[command(
    after_help = "Every call with it is refused from then on; it cannot be undone. Exit status 1 if there is no \
                        such token."
)]
struct Revoke {
    /// Its id, as `postroom tokens list` shows it; not the token itself
    #[arg(value_name = "TOKEN_ID")]
    id: String,
}

impl TokensCommand {
    /// Runs it.
    ///
    /// # Errors
    /// A name, scope, tenant or time that is none, an id that no token has, or a store that cannot be used.
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self.what {
            What::Create(command) => command.run(context).await,
            What::List => list(context).await,
            What::Revoke(command) => command.run(context).await,
        }
    }
}

impl Create {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let wanted = self.wanted()?;
        let chance = TokenChance { id: random(), secret: random() };
        let issued = tokens(context).await?.create(wanted, chance).await?;
        let text = issued.text.expose();
        match context.format {
            Format::Json => {
                let mut document = document(&issued.token);
                document["token"] = text.into();
                output::line(&document.to_string());
            }
            Format::Text => {
                output::line(text);
                output::note(&format!(
                    "\nThis is the only time that it is shown. Send it with every call:\n  Authorization: Bearer \
                     {}…\nTo end it: postroom tokens revoke {}",
                    &text[..text.len() - 43],
                    issued.token.token_id
                ));
            }
        }
        Ok(())
    }

    fn wanted(self) -> Result<WantedToken, Failure> {
        let usage = |flag: &'static str| {
            move |mistake: postroom_domain::invalid::Invalid| Failure::usage(mistake.in_field(flag).to_string())
        };
        Ok(WantedToken {
            name: TokenName::parse(self.name).map_err(usage("--name"))?,
            scopes: Scopes::parse(&self.scopes).map_err(usage("--scope"))?,
            tenant_id: self.tenant.map(TenantId::parse).transpose().map_err(usage("--tenant"))?,
            expires_after: self.expires.as_deref().map(lifetime).transpose()?,
        })
    }
}

impl Revoke {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        // Whoever pastes the whole token should not find it repeated in a terminal's history of errors.
        let id = TokenId::parse(self.id).map_err(|_| {
            Failure::usage("TOKEN_ID: is no token id; `postroom tokens list` shows them (not the token itself)")
        })?;
        let tokens = tokens(context).await?;
        let revoked = tokens.revoke(&id).await?;
        match (revoked, context.format) {
            (Revoked::Unknown, _) => return Err(unknown(&id, &tokens.list().await?)),
            (_, Format::Json) => output::line(&json!({ "token_id": id.as_str(), "revoked": true }).to_string()),
            (Revoked::Done, Format::Text) => output::line(&format!("the token {id} is revoked")),
            (Revoked::Already, Format::Text) => output::line(&format!("the token {id} had been revoked before")),
        }
        Ok(())
    }
}

async fn list(context: &Context) -> Result<(), Failure> {
    let all = tokens(context).await?.list().await?;
    match context.format {
        Format::Json => {
            let all: Vec<Value> = all.iter().map(document).collect();
            output::line(&json!({ "tokens": all }).to_string());
        }
        Format::Text if all.is_empty() => {
            output::line("there are no tokens; `postroom tokens create --help` says how to make one");
        }
        Format::Text => {
            let header = ["token", "name", "scopes", "tenant", "created", "expires", "last used", "revoked"];
            output::line(&table::table(context.colours, header, all.iter().map(row).collect()));
        }
    }
    Ok(())
}

async fn tokens(context: &Context) -> Result<Tokens, Failure> {
    Ok(Tokens::new(context.open().await?.tokens))
}

fn lifetime(text: &str) -> Result<Duration, Failure> {
    let time = parse_duration(text).filter(|time| !time.is_zero());
    time.ok_or_else(|| Failure::usage("--expires: must be a time such as 12h or 90d, longer than zero"))
}

fn unknown(id: &TokenId, all: &[AccessToken]) -> Failure {
    let meant = match nearest(id.as_str(), all.iter().map(|token| token.token_id.as_str())) {
        Some(near) => format!("did you mean {near}?"),
        None => "`postroom tokens list` shows those that there are".to_owned(),
    };
    Failure::refused(format!("there is no token {id} here; {meant}"))
}

fn row(token: &AccessToken) -> [Cell; 8] {
    let moment = |at: Option<Timestamp>, never: &str| Cell::new(at.map_or_else(|| never.to_owned(), time));
    [
        Cell::new(token.token_id.as_str()),
        Cell::new(token.name.as_str()),
        Cell::new(token.scopes),
        Cell::new(token.tenant_id.as_ref().map_or("all", TenantId::as_str)),
        Cell::new(time(token.created_at)),
        moment(token.expires_at, "never"),
        moment(token.last_used_at, "never"),
        moment(token.revoked_at, "–"),
    ]
}

/// A token for scripts; nothing of its secret.
fn document(token: &AccessToken) -> Value {
    json!({
        "token_id": token.token_id.as_str(),
        "name": token.name.as_str(),
        "scopes": token.scopes.iter().map(Scope::as_str).collect::<Vec<_>>(),
        "tenant_id": token.tenant_id.as_ref().map(TenantId::as_str),
        "created_at": time(token.created_at),
        "expires_at": token.expires_at.map(time),
        "last_used_at": token.last_used_at.map(time),
        "revoked_at": token.revoked_at.map(time),
    })
}
