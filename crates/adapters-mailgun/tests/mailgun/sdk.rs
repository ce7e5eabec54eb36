//! mailgun-rs's own sender. Its address is fixed and its time-outs are none, so it is driven
//! through a proxy, in a process of its own.
//!
//! ```text
//!   rule ─▶ Remote ═(JSON lines)═▶ child: MailgunTransport::by_sdk ─▶ CONNECT proxy, TLS: Fake
//! ```

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use postroom_adapters_mailgun::{MailgunConfig, MailgunTransport, Timeouts};
use postroom_domain::detail::Detail;
use postroom_domain::failure::{Failure, FailureClass};
use postroom_domain::id::{DeliveryId, ProviderMessageId, TransportName};
use postroom_domain::lifecycle::Evidence;
use postroom_ports::contract::letters::message;
use postroom_ports::contract::{LEAK, Peer, ReceivedLetter, TransportHarness};
use postroom_ports::letter::FrozenLetter;
use postroom_ports::transport::{MailTransport, Outgoing, Receipt, TransportCapabilities};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

use crate::contract::set;
use crate::fake::{Act, End, Fake, Front, Read, Request};
use crate::form::{field_of, fields};
use crate::letters::{letter, said, with_bytes};
use crate::tls::certified;

/// Tells the test below to be the child, and names the port where its parent listens.
const PARENT: &str = "POSTROOM_MAILGUN_SDK_PARENT";

/// What goes to the child: one letter, one line, one connection.
#[derive(Serialize, Deserialize)]
struct Errand {
    delivery_id: DeliveryId,
    letter: FrozenLetter,
}

/// What comes back.
type Outcome = Result<(Option<ProviderMessageId>, Detail), Failure>;

fn config() -> MailgunConfig {
    let timeouts = Timeouts { whole: Duration::from_secs(2), ..Timeouts::default() };
    MailgunConfig { timeouts, ..MailgunConfig::new(LEAK, "mg.example.org") }
}

/// In the parent it does nothing; started by [`Remote`], it is the child.
#[tokio::test]
async fn child() {
    #[expect(clippy::disallowed_methods, reason = "the variable is how a parent speaks to its child")]
    let Ok(parent) = std::env::var(PARENT) else { return };
    let transport = Arc::new(MailgunTransport::by_sdk(config()).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut told = TcpStream::connect(format!("127.0.0.1:{parent}")).await.unwrap();
    told.write_u16(listener.local_addr().unwrap().port()).await.unwrap();
    loop {
        let (socket, _) = tokio::select! {
            accepted = listener.accept() => accepted.unwrap(),
            // The parent is gone.
            _ = told.read_u8() => return,
        };
        tokio::spawn(run(socket, Arc::clone(&transport)));
    }
}

/// Runs one errand; a parent that hangs up drops the send where it is.
async fn run(mut socket: TcpStream, transport: Arc<MailgunTransport>) {
    let (mut asking, mut answering) = socket.split();
    let mut line = String::new();
    let mut asking = BufReader::new(&mut asking);
    if asking.read_line(&mut line).await.unwrap_or(0) == 0 {
        return;
    }
    let errand: Errand = serde_json::from_str(&line).unwrap();
    let sending = transport.send(Outgoing { delivery_id: &errand.delivery_id, letter: &errand.letter });
    tokio::select! {
        sent = sending => {
            let outcome: Outcome = sent.map(|receipt| (receipt.provider_message_id, receipt.detail));
            let _ = answering.write_all(&serde_json::to_vec(&outcome).unwrap()).await;
        }
        _ = asking.read_u8() => {}
    }
}

/// The transport in the child.
struct Remote {
    port: u16,
    twin: MailgunTransport,
    _child: Child,
    _told: TcpStream,
}

impl Remote {
    async fn start(fake: &Fake, authority: &NamedTempFile) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["sdk::child", "--exact"])
            .env(PARENT, listener.local_addr().unwrap().port().to_string())
            .env("HTTPS_PROXY", fake.url())
            .env("SSL_CERT_FILE", authority.path())
            .env_remove("SSL_CERT_DIR")
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (mut told, _) = listener.accept().await.unwrap();
        let port = told.read_u16().await.unwrap();
        Self { port, twin: MailgunTransport::by_sdk(config()).unwrap(), _child: child, _told: told }
    }
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Remote")
    }
}

#[async_trait]
impl MailTransport for Remote {
    fn name(&self) -> TransportName {
        self.twin.name()
    }

    fn capabilities(&self) -> TransportCapabilities {
        self.twin.capabilities()
    }

    async fn send<'a>(&self, outgoing: Outgoing<'a>) -> Result<Receipt, Failure> {
        let errand = Errand { delivery_id: outgoing.delivery_id.clone(), letter: outgoing.letter.clone() };
        let mut line = serde_json::to_vec(&errand).unwrap();
        line.push(b'\n');
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        socket.write_all(&line).await.unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await.unwrap();
        let outcome: Outcome = serde_json::from_slice(&answer).unwrap();
        outcome.map(|(provider_message_id, detail)| Receipt { provider_message_id, detail })
    }

    async fn reconcile<'a>(&self, outgoing: Outgoing<'a>) -> Result<Evidence, Failure> {
        self.twin.reconcile(outgoing).await
    }
}

struct Harness {
    transport: Arc<Remote>,
    fake: Mutex<Fake>,
    _authority: NamedTempFile,
}

impl Harness {
    async fn send(&self, letter: &FrozenLetter) -> Result<Receipt, Failure> {
        crate::letters::send(&*self.transport, letter).await
    }

    async fn last(&self) -> Request {
        self.fake.lock().await.seen().pop().unwrap()
    }
}

fn words(request: &Request, name: &str) -> String {
    String::from_utf8(field_of(request, name)).unwrap()
}

#[async_trait]
impl TransportHarness for Harness {
    async fn fresh() -> Self {
        let (tls, authority) = certified("api.mailgun.net");
        let fake = Fake::start(Front::Proxy(tls)).await;
        let transport = Arc::new(Remote::start(&fake, &authority).await);
        Self { transport, fake: Mutex::new(fake), _authority: authority }
    }

    fn transport(&self) -> Arc<dyn MailTransport> {
        Arc::clone(&self.transport) as Arc<dyn MailTransport>
    }

    async fn set_peer(&self, peer: Peer) {
        set(&mut *self.fake.lock().await, peer).await;
    }

    /// Words arrive, no bytes: they are put back into the frame of the contract's letters, so
    /// that the rules can tell one letter from another.
    async fn received(&self) -> Vec<ReceivedLetter> {
        let seen = self.fake.lock().await.seen();
        let whole = seen.iter().filter(|request| request.body.is_some());
        whole
            .map(|request| ReceivedLetter {
                recipient: words(request, "to"),
                bytes: message(words(request, "text").trim_end_matches("\r\n")),
            })
            .collect()
    }
}

postroom_ports::transport_contract!(
    Harness,
    skip { the_bytes_arrive_unchanged: "mailgun-rs's sender takes words, and Mailgun writes other bytes around them" }
);

#[tokio::test]
async fn text_and_html_arrive_with_names_in_quotes() {
    let harness = Harness::fresh().await;
    let letter = with_bytes(
        b"From: =?utf-8?q?Caf=C3=A9=2C_Post?= <post@example.com>\r\nTo: \"Doe, \\\"John\\\"\" <a@example.org>\r\n\
          Subject: A letter\r\nDate: Fri, 02 Jan 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\
          Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
          Content-Type: multipart/alternative; boundary=\"b\"\r\n\r\n--b\r\n\
          Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nCaf=C3=A9\r\n\
          --b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+eDwvcD4=\r\n--b--\r\n"
            .to_vec(),
    );
    harness.send(&letter).await.unwrap();
    let request = harness.last().await;
    assert_eq!(request.line, "POST /v3/mg.example.org/messages HTTP/1.1");
    assert_eq!(words(&request, "from"), "\"Café, Post\" <post@example.com>");
    assert_eq!(words(&request, "to"), "\"Doe, \\\"John\\\"\" <a@example.org>");
    assert_eq!(words(&request, "subject"), "A letter");
    assert_eq!(words(&request, "text").trim_end(), "Café");
    assert_eq!(words(&request, "html"), "<p>x</p>");
    assert_eq!(fields(&request).len(), 5);
}

#[tokio::test]
async fn what_it_cannot_carry_it_refuses() {
    let transport = MailgunTransport::by_sdk(config()).unwrap();
    let head = "From: post@example.com\r\nTo: a@example.org\r\n";
    for bytes in [
        format!("{head}Reply-To: b@example.org\r\n\r\nwords"),
        format!("{head}List-Unsubscribe: <https://example.org>\r\n\r\nwords"),
        format!("{head}Content-Type: text/html\r\n\r\nwords"),
        format!("{head}Content-Type: application/pdf\r\n\r\nwords"),
        format!(
            "{head}Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n"
        ),
        format!("From: a@example.org, b@example.org\r\n{head}\r\nwords"),
        "To: a@example.org\r\n\r\nwords".to_owned(),
    ] {
        let outcome = said(crate::letters::send(&transport, &with_bytes(bytes.clone().into_bytes())).await);
        assert_eq!(outcome, ("rejected", "SDK_CANNOT_CARRY".to_owned()), "{bytes}");
    }
}

#[tokio::test]
async fn a_letter_with_attachments_is_refused_as_what_it_is() {
    let transport = MailgunTransport::by_sdk(config()).unwrap();
    for (level, disposition) in [("mixed", "attachment; filename=\"a.pdf\""), ("related", "inline; filename=\"a.png\"")]
    {
        let bytes = format!(
            "From: post@example.com\r\nTo: a@example.org\r\nSubject: A letter\r\n\
             Content-Type: multipart/{level}; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nwords\r\n\
             --b\r\nContent-Type: application/pdf\r\nContent-Disposition: {disposition}\r\n\r\nbytes\r\n--b--\r\n"
        );
        let failure = crate::letters::send(&transport, &with_bytes(bytes.into_bytes())).await.unwrap_err();
        assert_eq!((failure.class, failure.code.as_str()), (FailureClass::Rejected, "SDK_CANNOT_CARRY"));
        assert!(failure.detail.as_str().contains("it has attachments; use the other client"), "{failure}");
    }
}

#[tokio::test]
async fn a_status_is_all_that_is_known_of_an_answer() {
    let harness = Harness::fresh().await;
    for (status, class) in [
        (400, "rejected"),
        (401, "misconfigured"),
        (404, "misconfigured"),
        (408, "deferred"),
        (413, "rejected"),
        (429, "deferred"),
        (500, "in_doubt"),
        // With a reason that this sender throws away.
        (503, "in_doubt"),
    ] {
        harness.fake.lock().await.then(Act::answer(status, "Retry-After: 5\r\n", r#"{"message":"why"}"#));
        assert_eq!(said(harness.send(&letter("one")).await), (class, format!("HTTP_{status}")));
    }
}

#[tokio::test]
async fn every_status_has_its_class() {
    let harness = Harness::fresh().await;
    for status in 200..=599 {
        let answer = match status {
            // They have no body by definition.
            204 | 205 | 304 => Act::say(format!("HTTP/1.1 {status} Nothing\r\nConnection: close\r\n\r\n")),
            _ => Act::json(status, r#"{"message":"why"}"#),
        };
        harness.fake.lock().await.then(answer);
        let (class, code) = said(harness.send(&letter("one")).await);
        let expected = match status {
            200..=399 | 500..=599 => "in_doubt",
            401..=404 | 407 => "misconfigured",
            400 | 413 | 422 => "rejected",
            _ => "deferred",
        };
        let named = if status < 400 { "HTTP_UNREADABLE".to_owned() } else { format!("HTTP_{status}") };
        assert_eq!((class, code), (expected, named), "{status}");
    }
    harness.send(&letter("one")).await.unwrap();
}

#[tokio::test]
async fn what_is_no_answer_of_the_api_leaves_a_letter_in_doubt() {
    let harness = Harness::fresh().await;
    let megabytes = format!("<html>{}</html>", " ".repeat(20_000_000));
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"id\"";
    for (what, act, code) in [
        ("html", Act::answer(200, "", "<html>"), "HTTP_UNREADABLE"),
        ("20 MB of html", Act::answer(200, "", &megabytes), "HTTP_UNREADABLE"),
        ("cut json", Act::json(200, r#"{"id":"<1@mg.exam"#), "HTTP_UNREADABLE"),
        ("no id", Act::json(200, r#"{"id":"","message":"Queued."}"#), "HTTP_UNREADABLE"),
        ("redirect without a target", Act::answer(307, "", ""), "HTTP_UNREADABLE"),
        ("no http", Act::say("yes, perhaps\r\n"), "ANSWER_LOST"),
        ("reset", Act::say("").ending(End::Reset), "ANSWER_LOST"),
        ("stall", Act::say("").ending(End::Stall), "TIMEOUT_AFTER_BODY"),
        ("stall midway", Act::say(half).ending(End::Stall), "TIMEOUT_AFTER_BODY"),
    ] {
        harness.fake.lock().await.then(act);
        assert_eq!(said(harness.send(&letter("one")).await), ("in_doubt", code.to_owned()), "{what}");
    }
    // Before there is a connection, nothing can have left.
    for end in [End::Close, End::Reset] {
        harness.fake.lock().await.then(Act::say("").after(Read::Nothing).ending(end));
        assert_eq!(said(harness.send(&letter("one")).await).0, "deferred", "{end:?}");
    }
}

/// This sender follows redirects, and cannot be told not to. What it finds there is no answer to a letter.
#[tokio::test]
async fn a_redirect_is_no_acceptance() {
    let harness = Harness::fresh().await;
    for status in [301, 302, 303, 307, 308] {
        let fake = harness.fake.lock().await;
        fake.then(Act::answer(status, "Location: /elsewhere\r\n", ""));
        fake.always(Act::answer(200, "", "<html>elsewhere</html>"));
        drop(fake);
        assert_eq!(said(harness.send(&letter("one")).await).0, "in_doubt", "{status}");
    }
}
