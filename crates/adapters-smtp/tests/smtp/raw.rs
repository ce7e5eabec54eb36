//! A server that says exactly what a test has written down, right or wrong.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Waits for the client to say something that ends with `after`, then says `words`.
pub(crate) struct Line {
    after: &'static str,
    words: Vec<u8>,
}

impl Line {
    pub(crate) fn words_are(&mut self, words: &str) {
        self.words = words.as_bytes().to_vec();
    }
}

pub(crate) fn line(after: &'static str, words: &str) -> Line {
    Line { after, words: words.as_bytes().to_vec() }
}

pub(crate) const HELLO: &str = "250-raw.localhost\r\n250 PIPELINING\r\n";

/// Serves one connection per play, each a list of lines; returns the port, and all that the
/// client said when it is over.
pub(crate) async fn play(plays: Vec<Vec<Line>>) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let mut heard = Vec::new();
        for lines in plays {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut said = Vec::new();
            let mut spoken = Vec::new();
            for line in lines {
                while !spoken.ends_with(line.after.as_bytes()) {
                    let mut bytes = [0_u8; 4096];
                    let count = socket.read(&mut bytes).await.unwrap_or(0);
                    if count == 0 {
                        break;
                    }
                    spoken.extend_from_slice(&bytes[..count]);
                }
                said.append(&mut spoken);
                if socket.write_all(&line.words).await.is_err() {
                    break;
                }
            }
            heard.push(String::from_utf8_lossy(&said).into_owned());
        }
        heard
    });
    (port, server)
}
