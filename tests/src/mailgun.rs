//! Mailgun, as far as one letter needs it: takes `messages.mime` and keeps the bytes, and knows its domain.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server on this machine that answers like Mailgun's API and delivers nothing.
#[derive(Debug)]
pub struct Mailgun {
    url: String,
    letters: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Mailgun {
    /// Starts it.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let letters = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let kept = letters.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let kept = kept.clone();
                // A request that cannot be read gets no answer, and its letter is missed by the test.
                tokio::spawn(async move { take(connection, &kept).await });
            }
        });
        Ok(Self { url, letters })
    }

    /// What `MAILGUN_API_URL` has to say.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The messages that it took, byte by byte.
    #[must_use]
    pub fn letters(&self) -> Vec<Vec<u8>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn take(mut connection: TcpStream, kept: &Mutex<Vec<Vec<u8>>>) -> Result<()> {
    let mut request = Vec::new();
    let (head, boundary) = loop {
        read(&mut connection, &mut request).await?;
        if let Some(end) = find(&request, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
            let original = String::from_utf8_lossy(&request[..end]).into_owned();
            if head.starts_with("get ") {
                let (status, body) = account(&original);
                return answer(&mut connection, status, &body).await;
            }
            let boundary = original.split("boundary=").nth(1).context("no multipart request")?;
            break (head, boundary.lines().next().unwrap_or_default().trim_matches('"').to_owned());
        }
    };
    let last = format!("--{boundary}--");
    while find(&request, last.as_bytes()).is_none() {
        read(&mut connection, &mut request).await?;
    }
    ensure!(head.starts_with("post /v3/mg.example.org/messages.mime"), "another address");
    ensure!(head.contains("content-length:"), "a body in chunks");
    let part = find(&request, b"name=\"message\"").context("no message")?;
    let start = part + find(&request[part..], b"\r\n\r\n").context("no content")? + 4;
    let end = start + find(&request[start..], format!("\r\n--{boundary}").as_bytes()).context("no end")?;
    kept.lock().unwrap_or_else(PoisonError::into_inner).push(request[start..end].to_vec());
    answer(&mut connection, "200 OK", r#"{"id": "<taken@mg.example.org>", "message": "Queued. Thank you."}"#).await
}

/// What it says of its domain, to whoever has the key `key`.
fn account(head: &str) -> (&'static str, String) {
    let key = format!("Basic {}", STANDARD.encode("api:key"));
    if !head.lines().any(|line| line.ends_with(&key)) {
        return ("401 Unauthorized", r#"{"message": "Invalid private key"}"#.to_owned());
    }
    if !head.starts_with("GET /v4/domains/mg.example.org ") {
        return ("404 Not Found", r#"{"message": "Domain not found"}"#.to_owned());
    }
    let key = r#"{"record_type": "TXT", "name": "s1._domainkey.mg.example.org", "valid": "valid"}"#;
    ("200 OK", format!(r#"{{"domain": {{"state": "active"}}, "sending_dns_records": [{key}]}}"#))
}

async fn answer(connection: &mut TcpStream, status: &str, body: &str) -> Result<()> {
    // One request per connection, and said so: a client that sent its next one here would never get an answer.
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close");
    connection.write_all(format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).await?;
    connection.shutdown().await?;
    // Closing with something unread would reset the connection and take the answer with it.
    let mut unread = Vec::new();
    while connection.read_buf(&mut unread).await? > 0 {}
    Ok(())
}

async fn read(connection: &mut TcpStream, into: &mut Vec<u8>) -> Result<()> {
    ensure!(connection.read_buf(into).await? > 0, "the request ended early");
    Ok(())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
