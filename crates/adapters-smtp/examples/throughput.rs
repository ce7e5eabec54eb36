//! What one write per stage is worth: the same letters over one connection, sent by our
//! session and by a client that writes line by line and waits.
//!
//! ```text
//! cargo run --release -p postroom-adapters-smtp --example throughput
//! ```
#![expect(clippy::print_stdout, reason = "its numbers are what it is for")]

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use mail_send::SmtpClient;
use mail_send::smtp::message::Message;
use postroom_adapters_smtp::{PoolLimits, SmtpConfig, SmtpTransport, TlsMode};
use postroom_dev_inbox::{Config, DevInbox};
use postroom_domain::address::EmailAddress;
use postroom_domain::id::DeliveryId;
use postroom_ports::letter::FrozenLetter;
use postroom_ports::transport::{MailTransport, Outgoing};
use tokio::net::TcpStream;
use tokio::time::Instant;

type Outcome<T> = Result<T, Box<dyn Error>>;

const OURS: u32 = 5_000;
/// Fewer, because each takes some 40 ms where Nagle meets a delayed acknowledgement.
const NAIVE: u32 = 100;

#[tokio::main]
async fn main() -> Outcome<()> {
    let inbox = DevInbox::start(Config::default()).await?;
    let letter = letter()?;
    let ours_rate = ours(inbox.addr(), &letter).await?;
    let naive_rate = line_by_line(inbox.addr(), &letter).await?;
    println!("one write per stage, no delay  {ours_rate:8.0} letters/s");
    println!("line by line, as sockets come  {naive_rate:8.0} letters/s");
    println!("ratio {:.1}", ours_rate / naive_rate);
    Ok(())
}

fn letter() -> Outcome<FrozenLetter> {
    let body = "A line of a letter, as long as lines are.\r\n".repeat(40);
    Ok(FrozenLetter {
        mail_from: EmailAddress::parse("post@example.com")?,
        rcpt_to: EmailAddress::parse("someone@example.org")?,
        bytes: format!("From: post@example.com\r\nSubject: A letter\r\n\r\n{body}").into_bytes(),
        message_id: "1@example.com".to_owned(),
        subject: "A letter".to_owned(),
        template_version: "1".to_owned(),
        locale: None,
    })
}

async fn ours(server: SocketAddr, letter: &FrozenLetter) -> Outcome<f64> {
    let pool = PoolLimits { connections: 1, letters: OURS, ..PoolLimits::default() };
    let host = SmtpConfig::new(server.ip().to_string());
    let transport = SmtpTransport::new(SmtpConfig { port: server.port(), tls: Some(TlsMode::None), pool, ..host })?;
    let delivery_id = DeliveryId::parse("letter-1")?;
    let start = Instant::now();
    for _ in 0..OURS {
        transport.send(Outgoing { delivery_id: &delivery_id, letter }).await?;
    }
    Ok(f64::from(OURS) / start.elapsed().as_secs_f64())
}

async fn line_by_line(server: SocketAddr, letter: &FrozenLetter) -> Outcome<f64> {
    let mut client = SmtpClient { stream: TcpStream::connect(server).await?, timeout: Duration::from_secs(30) };
    client.read().await?;
    client.ehlo("localhost").await?;
    let start = Instant::now();
    for _ in 0..NAIVE {
        let message = Message::new(letter.mail_from.as_str(), [letter.rcpt_to.as_str()], letter.bytes.as_slice());
        client.send(message).await?;
    }
    Ok(f64::from(NAIVE) / start.elapsed().as_secs_f64())
}
