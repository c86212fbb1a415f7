//! A stream whose other end must take what is written to it within a time.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Fails a write with `TimedOut` where `limit` has passed since the first write after the last read: an answer takes that long at
/// most, however slowly the other end takes it.
#[derive(Debug)]
pub(super) struct Bounded<S> {
    stream: S,
    limit: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> Bounded<S> {
    pub(super) const fn new(stream: S, limit: Duration) -> Self {
        Self { stream, limit, deadline: None }
    }
}

impl<S: AsyncWrite + Unpin> Bounded<S> {
    fn write_with(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let limit = self.limit;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(limit)));
        if deadline.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        write(Pin::new(&mut self.stream), context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.deadline = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write_with(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write_with(context, |stream, context| stream.poll_write_vectored(context, pieces))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn whoever_takes_nothing_or_a_little_at_a_time_is_given_up() {
        for takes in [0, 1] {
            let (mut near, far) = duplex(64);
            let mut stream = Bounded::new(far, LIMIT);
            let taking = tokio::spawn(async move {
                let mut one = [0; 1];
                while takes > 0 && near.read_exact(&mut one).await.is_ok() {
                    sleep(LIMIT / 4).await;
                }
                near
            });
            let error = stream.write_all(&[b'x'; 4096]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            drop(stream);
            taking.await.unwrap();
        }
    }

    #[tokio::test]
    async fn each_request_has_the_whole_time_for_its_answer() {
        let (mut near, far) = duplex(64);
        let mut stream = Bounded::new(far, LIMIT);
        let asking = tokio::spawn(async move {
            for _ in 0..4 {
                near.write_all(b"?").await.unwrap();
                sleep(LIMIT / 2).await;
                near.read_exact(&mut [0; 64]).await.unwrap();
            }
        });
        for _ in 0..4 {
            stream.read_exact(&mut [0; 1]).await.unwrap();
            stream.write_all(&[b'x'; 64]).await.unwrap();
        }
        asking.await.unwrap();
    }
}
