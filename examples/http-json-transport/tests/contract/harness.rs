//! The transport and its provider, as the contract asks for them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use example_http_json_transport::transport::HttpJsonTransport;
use postroom_domain::id::TransportName;
use postroom_ports::contract::{LEAK, Peer, ReceivedLetter, TransportHarness};
use postroom_ports::transport::MailTransport;
use reqwest::{Certificate, Client, Url};

use crate::provider::Provider;

pub(crate) struct Harness {
    pub(crate) transport: Arc<HttpJsonTransport>,
    pub(crate) provider: Provider,
}

#[async_trait]
impl TransportHarness for Harness {
    async fn fresh() -> Self {
        let provider = Provider::start().await;
        let trusted = Certificate::from_pem(provider.certificate.as_bytes()).unwrap();
        // Long enough for a busy machine to answer, short enough for silence to be found out.
        let client = Client::builder().timeout(Duration::from_secs(2)).tls_certs_only([trusted]).no_proxy();
        let endpoint = Url::parse(&format!("https://localhost:{}/letters", provider.address.port())).unwrap();
        let name = TransportName::parse("http-json").unwrap();
        let transport = HttpJsonTransport::new(client, name, endpoint, LEAK.into()).unwrap();
        Self { transport: Arc::new(transport), provider }
    }

    fn transport(&self) -> Arc<dyn MailTransport> {
        self.transport.clone()
    }

    async fn set_peer(&self, peer: Peer) {
        self.provider.set(peer).await;
    }

    async fn received(&self) -> Vec<ReceivedLetter> {
        self.provider.received()
    }
}
