//! Whom to ask for names.

use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};

/// How long one question may take, before it is asked once more.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why there is no answer: not even that there is no such record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unanswered(pub String);

/// Where a domain takes letters in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mx {
    /// The lower, the sooner it is tried.
    pub preference: u16,
    /// The host; empty: "none" (RFC 7505).
    pub host: String,
}

/// The DNS, as far as senders are concerned. No record is an empty answer, not an error.
#[async_trait]
pub trait Names: std::fmt::Debug + Send + Sync {
    /// The TXT records of a name, each in one piece.
    async fn txt(&self, name: &str) -> Result<Vec<String>, Unanswered>;

    /// The MX records of a name.
    async fn mx(&self, name: &str) -> Result<Vec<Mx>, Unanswered>;

    /// How many IPv4 and IPv6 addresses a name has.
    async fn addresses(&self, name: &str) -> Result<usize, Unanswered>;
}

/// The real DNS, by hickory-resolver.
pub struct Hickory(TokioResolver);

impl Hickory {
    /// Asks `resolver`, or whom the system asks.
    ///
    /// # Errors
    /// The system does not say whom it asks.
    pub fn new(resolver: Option<SocketAddr>) -> Result<Self, Unanswered> {
        let unanswered = |error: NetError| Unanswered(error.to_string());
        let mut builder = match resolver {
            None => TokioResolver::builder_tokio().map_err(unanswered)?,
            Some(address) => {
                let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                    connection.port = address.port();
                    connection
                });
                let server = NameServerConfig::new(address.ip(), true, connections.into());
                let config = ResolverConfig::from_name_servers(vec![server]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        let options = builder.options_mut();
        options.timeout = PATIENCE;
        options.attempts = 2;
        builder.build().map(Self).map_err(unanswered)
    }

    /// The answer's records of this type.
    async fn ask<T>(&self, name: &str, kind: RecordType, take: fn(&RData) -> Option<T>) -> Result<Vec<T>, Unanswered> {
        // The dot at the end keeps the system's own search domains out.
        let asked = self.0.lookup(format!("{}.", name.trim_end_matches('.')), kind).await;
        let records = |lookup: &Lookup| lookup.answers().iter().filter_map(|record| take(&record.data)).collect();
        match asked {
            Ok(lookup) => Ok(records(&lookup)),
            Err(error) if error.is_no_records_found() => Ok(Vec::new()),
            Err(error) => Err(Unanswered(error.to_string())),
        }
    }
}

#[async_trait]
impl Names for Hickory {
    async fn txt(&self, name: &str) -> Result<Vec<String>, Unanswered> {
        let text = |data: &RData| match data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        };
        self.ask(name, RecordType::TXT, text).await
    }

    async fn mx(&self, name: &str) -> Result<Vec<Mx>, Unanswered> {
        let mx = |data: &RData| match data {
            RData::MX(mx) => {
                let host = mx.exchange.to_ascii().trim_end_matches('.').to_owned();
                Some(Mx { preference: mx.preference, host })
            }
            _ => None,
        };
        self.ask(name, RecordType::MX, mx).await
    }

    async fn addresses(&self, name: &str) -> Result<usize, Unanswered> {
        let any = |data: &RData| matches!(data, RData::A(_) | RData::AAAA(_)).then_some(());
        let four = self.ask(name, RecordType::A, any).await?.len();
        Ok(four + self.ask(name, RecordType::AAAA, any).await?.len())
    }
}

impl std::fmt::Debug for Hickory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hickory")
    }
}
