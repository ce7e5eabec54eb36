//! The connection: octets in, lines and bodies out; replies gathered and sent
//! when the client has to wait for them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::body::{Body, BodyFault};

const READ_SIZE: usize = 16 * 1024;

/// Small enough to split every reply, large enough to end soon.
const SLOW_PIECE: usize = 4;

/// One command line as it arrived.
pub(crate) enum Line {
    /// The line, its CRLF removed.
    Text(Vec<u8>),
    /// Ended by a bare LF, which ends no line in SMTP (RFC 5321 §2.3.8).
    BareLf,
    /// Longer than the limit; it was read to its end.
    TooLong,
    /// The client closed the connection.
    Closed,
}

/// A stream with its buffers.
pub(crate) struct Wire {
    stream: Stream,
    input: Vec<u8>,
    output: Vec<u8>,
    reads: u64,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// During a handshake, after one that failed, and after a reset.
    Gone,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream: Stream::Plain(stream), input: Vec::new(), output: Vec::new(), reads: 0 }
    }

    /// How many reads there were: commands with the same number came together.
    pub(crate) fn reads(&self) -> u64 {
        self.reads
    }

    /// The next line. Replies so far are sent only if it has not arrived yet:
    /// that answers a pipelined group with one write.
    pub(crate) async fn line(&mut self, limit: usize) -> io::Result<Line> {
        let mut overlong = false;
        loop {
            if let Some(end) = self.input.iter().position(|octet| *octet == b'\n') {
                let mut line: Vec<u8> = self.input.drain(..=end).collect();
                if overlong || line.len() > limit {
                    return Ok(Line::TooLong);
                }
                line.pop();
                return Ok(if line.pop() == Some(b'\r') { Line::Text(line) } else { Line::BareLf });
            }
            if self.input.len() > limit {
                overlong = true;
                self.input.clear();
            }
            if self.fill().await? == 0 {
                return Ok(Line::Closed);
            }
        }
    }

    /// A body up to its final dot; what follows stays for the next line.
    pub(crate) async fn body(&mut self, limit: usize) -> io::Result<Result<Vec<u8>, BodyFault>> {
        let mut body = Body::new(limit);
        loop {
            if let Some(used) = body.push(&self.input) {
                self.input.drain(..used);
                return Ok(body.finish());
            }
            self.input.clear();
            if self.fill().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Puts a reply in line.
    pub(crate) fn say(&mut self, octets: &[u8]) {
        self.output.extend_from_slice(octets);
    }

    /// Sends what is in line.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        let output = std::mem::take(&mut self.output);
        self.stream.write(&output).await
    }

    /// Sends what is in line, then these octets piece by piece.
    pub(crate) async fn trickle(&mut self, octets: &[u8], pause: Duration) -> io::Result<()> {
        self.flush().await?;
        for piece in octets.chunks(SLOW_PIECE) {
            tokio::time::sleep(pause).await;
            self.stream.write(piece).await?;
        }
        Ok(())
    }

    /// Sends what is in line, then nothing more until the client has left.
    pub(crate) async fn stall(&mut self) -> io::Result<()> {
        self.flush().await?;
        while self.fill().await? > 0 {
            self.input.clear();
        }
        Ok(())
    }

    /// Sends what is in line and closes the connection in good order.
    pub(crate) async fn close(&mut self) -> io::Result<()> {
        self.flush().await?;
        self.stream.shutdown().await
    }

    /// Sends what is in line and resets the connection.
    pub(crate) async fn reset(&mut self) -> io::Result<()> {
        self.flush().await?;
        let stream = std::mem::replace(&mut self.stream, Stream::Gone);
        match &stream {
            Stream::Plain(tcp) => tcp.set_zero_linger(),
            Stream::Tls(tls) => tls.get_ref().0.set_zero_linger(),
            Stream::Gone => Ok(()),
        }
    }

    /// Sends what is in line and makes the handshake. Octets that were sent
    /// ahead of it in clear are thrown away: whoever injected them must not
    /// be heard inside the encrypted session (RFC 3207 §4.2).
    pub(crate) async fn secure(&mut self, config: Arc<ServerConfig>) -> io::Result<()> {
        self.flush().await?;
        self.input.clear();
        if let Stream::Plain(tcp) = std::mem::replace(&mut self.stream, Stream::Gone) {
            let tls = TlsAcceptor::from(config).accept(tcp).await?;
            self.stream = Stream::Tls(Box::new(tls));
        }
        Ok(())
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.flush().await?;
        self.reads += 1;
        self.input.reserve(READ_SIZE);
        self.stream.read(&mut self.input).await
    }
}

impl Stream {
    async fn read(&mut self, into: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read_buf(into).await,
            Self::Tls(tls) => tls.read_buf(into).await,
            Self::Gone => Ok(0),
        }
    }

    async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.write_all(octets).await,
            Self::Tls(tls) => {
                tls.write_all(octets).await?;
                tls.flush().await
            }
            Self::Gone => Ok(()),
        }
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.shutdown().await,
            Self::Tls(tls) => tls.shutdown().await,
            Self::Gone => Ok(()),
        }
    }
}
