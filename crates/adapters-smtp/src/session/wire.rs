//! The byte stream below a session: written in one piece per stage, read within bounds.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, BufWriter, ReadBuf};

/// The most that a server may say in answer to what we wrote last, in bytes. Without a bound,
/// a babbling server would fill our memory until the stage's time is up.
const ANSWER_LIMIT: usize = 64 * 1024;
/// Commands and usual letters fit; larger ones leave in pieces of this size.
const WRITE_BUFFER: usize = 32 * 1024;

/// Anything that bytes travel over.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

/// Collects small writes until the flush, and turns the end of the stream and an endless
/// answer into errors.
pub(crate) struct Wire<S: AsyncWrite> {
    socket: BufWriter<S>,
    may_read: usize,
}

impl<S: Socket> Wire<S> {
    pub(crate) fn new(socket: S) -> Self {
        Self { socket: BufWriter::with_capacity(WRITE_BUFFER, socket), may_read: ANSWER_LIMIT }
    }

    /// The socket itself. What was written and not flushed is dropped.
    pub(crate) fn into_socket(self) -> S {
        self.socket.into_inner()
    }

    /// Whether the server has nothing to say, as it should be between two letters. If it has
    /// (a farewell, the end of the stream, an answer nobody asked for), the connection is of
    /// no further use; one byte of it is read.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        poll_fn(|cx| {
            let mut byte = [0_u8; 1];
            let read = Pin::new(&mut self.socket).poll_read(cx, &mut ReadBuf::new(&mut byte));
            Poll::Ready(read.is_pending())
        })
        .await
    }
}

impl<S: Socket + 'static> Wire<S> {
    /// The same wire, whatever it is made of.
    pub(crate) fn boxed(self) -> Wire<Box<dyn Socket>> {
        Wire::new(Box::new(self.into_socket()))
    }
}

impl<S: Socket> AsyncRead for Wire<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.may_read == 0 {
            return Poll::Ready(Err(io::Error::new(ErrorKind::InvalidData, "the answer has no end")));
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(cx, buf);
        let count = buf.filled().len().saturating_sub(before);
        self.may_read = self.may_read.saturating_sub(count);
        match read {
            Poll::Ready(Ok(())) if count == 0 => Poll::Ready(Err(ErrorKind::UnexpectedEof.into())),
            other => other,
        }
    }
}

impl<S: Socket> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.may_read = ANSWER_LIMIT;
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn an_endless_answer_ends_and_the_next_one_may_begin() {
        let (ours, mut theirs) = duplex(4 * ANSWER_LIMIT);
        let mut wire = Wire::new(ours);
        theirs.write_all(&vec![b'x'; 2 * ANSWER_LIMIT]).await.unwrap();
        let mut buffer = [0_u8; 1024];
        let mut read = 0;
        let error = loop {
            match wire.read(&mut buffer).await {
                Ok(count) => read += count,
                Err(error) => break error,
            }
        };
        assert_eq!((error.kind(), read), (ErrorKind::InvalidData, ANSWER_LIMIT));
        wire.write_all(b"NOOP\r\n").await.unwrap();
        assert_eq!(wire.read(&mut buffer).await.unwrap(), buffer.len());
    }

    #[tokio::test]
    async fn the_end_of_the_stream_is_an_error() {
        let (ours, theirs) = duplex(64);
        drop(theirs);
        let error = Wire::new(ours).read(&mut [0_u8; 8]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }
}
