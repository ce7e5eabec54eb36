//! A DNS server that knows what a test told it, and that there is nothing else.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::net::UdpSocket;

const TXT: u16 = 16;
const MX: u16 = 15;

/// What a test says of the world's names.
#[derive(Clone, Debug, Default)]
pub struct Zone(BTreeMap<(String, u16), Vec<Vec<u8>>>);

impl Zone {
    /// A sender's domain with everything that receivers look for, and the key of the selector `s1`.
    #[must_use]
    pub fn in_order(domain: &str) -> Self {
        let key = "A".repeat(392);
        Self::default()
            .txt(domain, "v=spf1 include:_spf.example.net -all")
            .txt("_spf.example.net", "v=spf1 ip4:192.0.2.0/24 -all")
            .txt(&format!("s1._domainkey.{domain}"), &format!("v=DKIM1; k=rsa; p={key}"))
            .txt(&format!("_dmarc.{domain}"), "v=DMARC1; p=reject; rua=mailto:reports@example.org")
            .mx(domain, 10, "mail.example.net")
    }

    /// One more TXT record.
    #[must_use]
    pub fn txt(mut self, name: &str, text: &str) -> Self {
        let pieces = text.as_bytes().chunks(255);
        let data = pieces.flat_map(|piece| [&[u8::try_from(piece.len()).unwrap_or(u8::MAX)], piece].concat()).collect();
        self.0.entry((name.to_owned(), TXT)).or_default().push(data);
        self
    }

    /// One more MX record.
    #[must_use]
    pub fn mx(mut self, name: &str, preference: u16, host: &str) -> Self {
        let data = [&preference.to_be_bytes()[..], &encoded(host)].concat();
        self.0.entry((name.to_owned(), MX)).or_default().push(data);
        self
    }

    /// Without any TXT and MX records of this name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _), _| known != name);
        self
    }

    /// Answers by this zone, for as long as the test's runtime lives; the address is for `--resolver`.
    ///
    /// # Errors
    /// No port is free.
    pub async fn serve(self) -> Result<SocketAddr> {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await?;
        let address = socket.local_addr()?;
        let zone = Arc::new(self);
        tokio::spawn(async move {
            let mut question = [0; 1500];
            while let Ok((length, asker)) = socket.recv_from(&mut question).await {
                // A question that cannot be read gets no answer, and the test misses it.
                if let Ok(answer) = zone.answer(&question[..length]) {
                    drop(socket.send_to(&answer, asker).await);
                }
            }
        });
        Ok(address)
    }

    /// RFC 1035 §4: header, the question again, and the records, whose name points back at the question's.
    fn answer(&self, question: &[u8]) -> Result<Vec<u8>> {
        let mut labels = Vec::new();
        let mut at = 12;
        loop {
            let length = usize::from(*question.get(at).context("no name")?);
            at += 1;
            if length == 0 {
                break;
            }
            labels.push(String::from_utf8_lossy(question.get(at..at + length).context("no label")?).to_lowercase());
            at += length;
        }
        let kind: [u8; 2] = question.get(at..at + 2).context("no type")?.try_into()?;
        let end = at + 4;
        let name = labels.join(".");
        let records = self.0.get(&(name.clone(), u16::from_be_bytes(kind))).map(Vec::as_slice).unwrap_or_default();
        let known = self.0.keys().any(|(known, _)| *known == name);
        // Response, authoritative, recursion available; "no such name" where there is none.
        let flags: u16 = if known { 0x8580 } else { 0x8583 };
        let mut answer = question.get(..2).context("no id")?.to_vec();
        for number in [flags, 1, u16::try_from(records.len())?, 0, 0] {
            answer.extend(number.to_be_bytes());
        }
        answer.extend(question.get(12..end).context("no question")?);
        for data in records {
            answer.extend([0xC0, 12, kind[0], kind[1], 0, 1, 0, 0, 0, 60]);
            answer.extend(u16::try_from(data.len())?.to_be_bytes());
            answer.extend(data);
        }
        Ok(answer)
    }
}

fn encoded(name: &str) -> Vec<u8> {
    let labels = name.split('.').filter(|label| !label.is_empty());
    let mut bytes: Vec<u8> =
        labels.flat_map(|label| [&[u8::try_from(label.len()).unwrap_or(63)], label.as_bytes()].concat()).collect();
    bytes.push(0);
    bytes
}
