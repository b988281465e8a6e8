//! One transfer of the server: a chain of futures, each of which ends in an event for the machine.
//!
//! Dropping the chain at any point cancels the transfer: an upload that was not committed leaves the old file as it was.

use std::future::{Future, poll_fn};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use ftp_sansio::data::{CleanEnd, Codec, End};
use ftp_sansio::server::{Admission, Failure, ListForm, Task, Transfer, TransferEvent};

use crate::moving::{PIECE, convert, read_piece, write_all};
use crate::runtime::{Listener, Runtime, Stream};
use crate::storage::{Entries, Reader, Storage, StorageError, Writer};

/// What one link of the chain came to.
pub(super) struct Link {
    pub(super) event: TransferEvent,
    pub(super) next: Option<Chain>,
}

/// The next link, and whether it may still be dropped to stop the transfer.
pub(super) struct Chain {
    future: Pin<Box<dyn Future<Output = Link> + Send>>,
    /// Whether this link makes a finished upload visible.
    commits: bool,
    begun: bool,
}

impl Chain {
    fn new(future: impl Future<Output = Link> + Send + 'static) -> Self {
        Self {
            future: Box::pin(future),
            commits: false,
            begun: false,
        }
    }

    /// Whether dropping it stops the transfer. A commit that has begun must be waited for: nobody could say what became of it.
    pub(super) const fn can_stop(&self) -> bool {
        !(self.commits && self.begun)
    }

    /// Whether polling it would begin to make an upload visible.
    pub(super) const fn is_about_to_commit(&self) -> bool {
        self.commits && !self.begun
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Link> {
        self.begun = true;
        self.future.as_mut().poll(context)
    }
}

fn go_on(event: TransferEvent, next: Chain) -> Link {
    Link {
        event,
        next: Some(next),
    }
}

fn fail(failure: Failure) -> Link {
    Link {
        event: TransferEvent::Failed(failure),
        next: None,
    }
}

fn fail_storage(error: StorageError) -> Link {
    fail(Failure::Storage(error))
}

/// How the data connection is had.
pub(super) enum Path<R: Runtime> {
    Accept(R::Listener, Admission),
    Connect(std::net::SocketAddr),
    /// The listener is gone: a driver's fault, answered like a connection that never came.
    Nowhere,
}

/// Begins the chain: open what is asked for.
pub(super) fn begin<R: Runtime, S: Storage>(
    runtime: R,
    storage: Arc<S>,
    transfer: Transfer,
    path: Path<R>,
    local: IpAddr,
) -> Chain {
    Chain::new(async move {
        let Some(codec) = transfer.parameters.codec(transfer.direction()) else {
            return fail_storage(StorageError::Unsupported);
        };
        let opened = match transfer.task {
            Task::Retrieve { path, offset } => storage.open(&path, offset).await.map(|reader| {
                let size = reader.size().map(|size| size.saturating_sub(offset));
                (None, size, File::<S>::Read(reader))
            }),
            Task::Store { path, placement } => storage
                .create(&path, placement)
                .await
                .map(|writer| (Some(writer.path().clone()), None, File::Write(writer))),
            Task::List { path, form } => storage
                .list(&path)
                .await
                .map(|entries| (None, None, File::List(entries, form))),
        };
        match opened {
            Ok((chosen, size, file)) => {
                let next = connect(runtime, file, codec, path, local);
                go_on(TransferEvent::Opened { path: chosen, size }, next)
            }
            Err(error) => fail_storage(error),
        }
    })
}

/// What was opened.
enum File<S: Storage> {
    Read(S::Reader),
    Write(S::Writer),
    List(S::Entries, ListForm),
}

fn connect<R: Runtime, S: Storage>(
    runtime: R,
    file: File<S>,
    codec: Codec,
    path: Path<R>,
    local: IpAddr,
) -> Chain {
    Chain::new(async move {
        let stream = match path {
            Path::Accept(listener, admission) => accept(listener, admission).await,
            Path::Connect(to) => runtime.connect(to, Some(local)).await,
            Path::Nowhere => Err(io::ErrorKind::NotConnected.into()),
        };
        let Ok(stream) = stream else {
            return fail(Failure::NotConnected);
        };
        let data = Data {
            stream: Guard {
                stream,
                ended: false,
            },
            codec,
            bytes: 0,
            buffer: BytesMut::new(),
        };
        let next = match file {
            File::Read(reader) => send(data, reader),
            File::Write(writer) => receive(data, writer),
            File::List(entries, form) => list(data, entries, form),
        };
        go_on(TransferEvent::Connected, next)
    })
}

/// Accepts the data connection that may come; a stranger who came first is dropped, and the port goes on listening.
async fn accept<L: Listener>(mut listener: L, admission: Admission) -> io::Result<L::Stream> {
    loop {
        let (stream, peer) = poll_fn(|context| listener.poll_accept(context)).await?;
        if admission.admits(peer) {
            return Ok(stream);
        }
    }
}

/// A stream that is reset when it is dropped before its end, so that the peer cannot take a part for the whole.
struct Guard<S: Stream> {
    stream: S,
    ended: bool,
}

impl<S: Stream> Drop for Guard<S> {
    fn drop(&mut self) {
        if !self.ended {
            self.stream.reset_on_drop();
        }
    }
}

struct Data<S: Stream> {
    stream: Guard<S>,
    codec: Codec,
    bytes: u64,
    buffer: BytesMut,
}

impl<S: Stream> Data<S> {
    fn progress(&self) -> TransferEvent {
        TransferEvent::Progress(self.bytes)
    }

    /// A buffer with room for a piece: the last one again, where nobody holds on to it.
    fn buffer(&mut self, size: usize) -> BytesMut {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        buffer.reserve(size);
        buffer
    }

    /// Converts a piece and writes it out.
    async fn write(&mut self, piece: Bytes, end: End) -> io::Result<Option<CleanEnd>> {
        let (piece, clean) = convert(&mut self.codec, piece, end);
        self.bytes += piece.len() as u64;
        write_all(&mut self.stream.stream, piece).await?;
        Ok(clean)
    }

    /// Ends what was sent with a FIN.
    async fn finish(mut self) -> Link {
        let Ok(Some(end)) = self.write(Bytes::new(), End::Closed).await else {
            return fail(Failure::Broken);
        };
        if self.stream.stream.shutdown().is_err() {
            return fail(Failure::Broken);
        }
        self.ended(end)
    }

    /// All is as it should be: the socket is let go of as any other.
    fn ended(mut self, end: CleanEnd) -> Link {
        self.stream.ended = true;
        Link {
            event: TransferEvent::Ended {
                bytes: self.bytes,
                end,
            },
            next: None,
        }
    }
}

fn send<S: Stream, F: Reader>(mut data: Data<S>, mut reader: F) -> Chain {
    Chain::new(async move {
        let buffer = data.buffer(PIECE);
        let piece = match reader.read(buffer).await {
            Ok(piece) => piece,
            Err(error) => return fail_storage(error),
        };
        if piece.is_empty() {
            return data.finish().await;
        }
        let piece = piece.freeze();
        if data.write(piece.clone(), End::More).await.is_err() {
            return fail(Failure::Broken);
        }
        data.buffer = piece.try_into_mut().unwrap_or_default();
        go_on(data.progress(), send(data, reader))
    })
}

fn receive<S: Stream, F: Writer>(mut data: Data<S>, mut writer: F) -> Chain {
    Chain::new(async move {
        let mut buffer = data.buffer(PIECE);
        let Ok(ended) = read_piece(&mut data.stream.stream, &mut buffer).await else {
            return fail(Failure::Broken);
        };
        data.bytes += buffer.len() as u64;
        let piece = buffer.freeze();
        let (converted, clean) = convert(
            &mut data.codec,
            piece.clone(),
            if ended { End::Closed } else { End::More },
        );
        if !converted.is_empty()
            && let Err(error) = writer.write(converted).await
        {
            return fail_storage(error);
        }
        data.buffer = piece.try_into_mut().unwrap_or_default();
        match (ended, clean) {
            (false, _) => go_on(data.progress(), receive(data, writer)),
            (true, Some(end)) => {
                let progress = data.progress();
                go_on(progress, commit(data, writer, end))
            }
            (true, None) => fail(Failure::Broken),
        }
    })
}

fn commit<S: Stream, F: Writer>(data: Data<S>, writer: F, end: CleanEnd) -> Chain {
    let commit = Chain::new(async move {
        match writer.commit(&end).await {
            Ok(()) => data.ended(end),
            Err(error) => fail_storage(error),
        }
    });
    Chain {
        commits: true,
        ..commit
    }
}

fn list<S: Stream, F: Entries>(mut data: Data<S>, mut entries: F, form: ListForm) -> Chain {
    Chain::new(async move {
        let some = match entries.next().await {
            Ok(some) => some,
            Err(error) => return fail_storage(error),
        };
        if some.is_empty() {
            return data.finish().await;
        }
        let mut text = Vec::with_capacity(some.len() * 80);
        let now = crate::calendar::today();
        for entry in &some {
            form.write(entry, now, &mut text);
        }
        if data.write(text.into(), End::More).await.is_err() {
            return fail(Failure::Broken);
        }
        go_on(data.progress(), list(data, entries, form))
    })
}
