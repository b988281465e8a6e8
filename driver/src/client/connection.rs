//! One control connection and the data connection that belongs to it, driven by whoever waits for an operation.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};

use bytes::Bytes;
use ftp_sansio::client::{
    self as core, Action, Close, Config, DataId, Endpoints, Event, Failure, Input, Operation,
    OperationId, Outcome, Output, Protection, TlsEvent, Transfer, TransferEvent,
};
use ftp_sansio::wire::{Command, Reply};

use super::deadline::{Limit, Passing};
use super::error::Error;
use super::outward::{Connecting, Outward};
use super::progress;
use super::secure::take_tickets;
use crate::control::{Control, PASSES};
use crate::moving::poll_admit;
use crate::parting::{Guard, Parting};
use crate::runtime::{Runtime, Stream};
use crate::tls::{ControlClient, TlsError};
use crate::trace::Spoken;
use crate::transport::Transport;

/// A command or a reply, as it passes by.
#[derive(Debug)]
#[non_exhaustive]
pub enum Trace<'a> {
    /// This was sent. It prints no secrets.
    Sent(&'a Command),
    /// This came.
    Received(&'a Reply),
}

pub(super) type Observer = Box<dyn FnMut(Trace<'_>) + Send>;

/// The data connection, in whichever state it is.
pub(super) enum Data<R: Runtime> {
    None,
    Connecting(DataId, Connecting<R::Stream>),
    Listening(DataId, R::Listener),
    Connected(DataId, Connected<R::Stream>),
}

/// A data connection that is there.
pub(super) struct Connected<S> {
    pub(super) transport: Transport<S>,
    /// What was read beyond the end of one transfer: the beginning of the next (RFC 959 § 3.3).
    early: Bytes,
    /// A transfer has left it open, and none has begun on it since.
    is_idle: bool,
    /// Under TLS, once its handshake is complete: whether it resumed the control connection's session.
    pub(super) resumed: Option<bool>,
}

/// How many bytes of a transfer that was not begun yet are read, to see whether the server has closed.
const EARLY: usize = 512;

impl<S: Stream> Connected<S> {
    const fn new(transport: Transport<S>) -> Self {
        Self {
            transport,
            early: Bytes::new(),
            is_idle: false,
            resumed: None,
        }
    }

    /// Whether bytes of this transfer may move on it.
    fn is_ready_for(&self, transfer: &Transfer) -> bool {
        transfer.protection == Protection::Clear || self.resumed.is_some()
    }

    /// Ready when it is of no use any more: the server has closed it between two transfers, or it broke.
    fn poll_closed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !self.is_idle || !self.early.is_empty() {
            return Poll::Pending;
        }
        let mut room = [0; EARLY];
        match self.transport.poll_read(context, &mut room) {
            Poll::Ready(Ok(count)) if count > 0 => {
                self.early = Bytes::copy_from_slice(&room[..count]);
                Poll::Pending
            }
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// What the driving of a session has brought up.
pub(super) enum Happened {
    Greeted(Reply),
    Finished(OperationId, Result<Outcome, Error>),
    Closed(Option<Failure>),
}

pub(super) struct Connection<R: Runtime> {
    pub(super) runtime: R,
    pub(super) peer: SocketAddr,
    local: IpAddr,
    outward: Outward,
    pub(super) machine: core::Session,
    pub(super) control: Control<R>,
    pub(super) data: Data<R>,
    /// How TLS is done, where it can be.
    pub(super) tls: Option<Box<ControlClient>>,
    /// What was wrong with TLS on a data connection.
    pub(super) data_fault: Option<TlsError>,
    /// An upload's data connection that is over for this side, until the server has ended it too.
    pub(super) parting: Option<Parting<R>>,
    /// The transfer whose bytes may move, once there is a data connection for it.
    pub(super) transfer: Option<Transfer>,
    happened: VecDeque<Happened>,
    /// The operation that was begun and whose end has not been told: whoever begins the next one waits for it first.
    unfinished: Option<OperationId>,
    /// The transfer of which the server has said that it is under way.
    pub(super) underway: Option<OperationId>,
    /// How much data the server said would come then, in bytes.
    pub(super) announced: Option<u64>,
    /// The user's own deadline.
    pub(super) limit: Option<Box<Limit<R>>>,
    /// Why the session is over.
    ended_by: Option<Failure>,
    pub(super) observer: Option<Observer>,
    trace: Spoken,
}

impl<R: Runtime> Connection<R> {
    pub(super) fn new(
        runtime: R,
        stream: R::Stream,
        mut config: Config,
        outward: Outward,
        tls: Option<ControlClient>,
    ) -> io::Result<Self> {
        config.trace = true;
        let ends = Endpoints {
            local: stream.local_addr()?,
            peer: outward.peer().map_or_else(|| stream.peer_addr(), Ok)?,
        };
        let machine = core::Session::new(config.into(), ends, runtime.now());
        Ok(Self {
            control: Control::new(&runtime, stream),
            peer: ends.peer,
            local: ends.local.ip(),
            outward,
            machine,
            runtime,
            data: Data::None,
            tls: tls.map(Box::new),
            data_fault: None,
            parting: None,
            transfer: None,
            happened: VecDeque::new(),
            unfinished: None,
            underway: None,
            announced: None,
            limit: None,
            ended_by: None,
            observer: None,
            trace: Spoken::new(ends.peer),
        })
    }

    /// Does what can be done now; ready with what came of it.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Happened> {
        for _ in 0..PASSES {
            let now = self.runtime.now();
            // Data first: a user who was slow must not find the deadline of a connection that did move.
            let progress = self.poll_data(context)
                | self.poll_secure(context)
                | self.poll_parting(context)
                | self.act()
                | self.control.poll(&self.runtime, &mut self.machine, context)
                | self.control.keep_time(now, &mut self.machine, context)
                | self.poll_limit(context)
                | self.act();
            if let Some(happened) = self.happened.pop_front() {
                if let Happened::Finished(..) = &happened {
                    self.unfinished = None;
                }
                return Poll::Ready(happened);
            }
            if !progress {
                return Poll::Pending;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Begins an operation, after what an unfinished one has left behind is over.
    pub(super) async fn begin(&mut self, operation: Operation) -> Result<OperationId, Error> {
        self.settle().await.map_err(Error::before_begin)?;
        if self.limit_has_passed() {
            let usable = true;
            return Err(Error::Deadline {
                begun: false,
                usable,
            });
        }
        self.trace.begin(&operation);
        let begun = self.machine.begin(self.runtime.now(), operation);
        let id = begun.map_err(|refused| Error::NotPossible(refused.why))?;
        self.unfinished = Some(id);
        Ok(id)
    }

    /// Runs an operation to its end.
    pub(super) async fn run(&mut self, operation: Operation) -> Result<Outcome, Error> {
        let id = self.begin(operation).await?;
        poll_fn(|context| self.poll_finished(context, id)).await
    }

    /// Ready when an operation is over.
    pub(super) fn poll_finished(
        &mut self,
        context: &mut Context<'_>,
        id: OperationId,
    ) -> Poll<Result<Outcome, Error>> {
        loop {
            match std::task::ready!(self.poll(context)) {
                Happened::Finished(finished, result) if finished == id => {
                    return Poll::Ready(result.map_err(|error| self.error(error)));
                }
                Happened::Closed(failure) => return Poll::Ready(Err(self.closed(failure))),
                Happened::Finished(..) | Happened::Greeted(_) => {}
            }
        }
    }

    /// Lets an operation that was begun and then dropped come to its end.
    ///
    /// # Errors
    /// The session is over, or ends thereby.
    pub(super) async fn settle(&mut self) -> Result<(), Error> {
        if self.machine.is_closed() {
            return Err(self.closed(self.ended_by.clone()));
        }
        if self.unfinished.is_some() {
            self.abort();
        }
        poll_fn(|context| {
            while self.unfinished.is_some() {
                if let Happened::Closed(failure) = std::task::ready!(self.poll(context)) {
                    return Poll::Ready(Err(self.closed(failure)));
                }
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    pub(super) fn abort(&mut self) {
        if let Some(id) = self.unfinished {
            self.machine.abort(self.runtime.now(), id);
        }
        self.act();
    }

    /// Whether something was begun whose end is still to come.
    pub(super) const fn has_unfinished(&self) -> bool {
        self.unfinished.is_some()
    }

    fn limit_has_passed(&self) -> bool {
        let now = self.runtime.now();
        let limit = self.limit.as_ref();
        limit.is_some_and(|limit| limit.has_passed(now))
    }

    /// What a failure is called, now that the user's deadline may have brought it about.
    pub(super) fn error(&self, error: Error) -> Error {
        match self.limit_has_passed() {
            true => error.by_deadline(!self.machine.is_closed()),
            false => error,
        }
    }

    /// Heeds the user's deadline. True when it has just passed.
    fn poll_limit(&mut self, context: &mut Context<'_>) -> bool {
        let now = self.runtime.now();
        let Some(limit) = &mut self.limit else {
            return false;
        };
        match limit.poll(now, context) {
            None => false,
            Some(Passing::Now) => {
                self.abort();
                true
            }
            // The server does not let go.
            Some(Passing::Finally) => {
                self.machine.handle(now, Input::GivenUp);
                true
            }
        }
    }

    /// What the machine may do now, and the connection it may do it with: nothing until both are there.
    pub(super) fn moving(&mut self) -> Option<(&Transfer, &mut Transport<R::Stream>)> {
        match (&self.transfer, &mut self.data) {
            (Some(transfer), Data::Connected(id, connected))
                if transfer.data == *id && connected.is_ready_for(transfer) =>
            {
                Some((transfer, &mut connected.transport))
            }
            _ => None,
        }
    }

    /// With TLS on the data connection: whether it resumed the control connection's session.
    pub(super) fn data_resumed(&self) -> Option<bool> {
        match &self.data {
            Data::Connected(_, connected) => connected.resumed,
            _ => None,
        }
    }

    /// What of a transfer that begins was read with the end of the one before.
    pub(super) fn take_early(&mut self) -> Bytes {
        match &mut self.data {
            Data::Connected(_, connected) => std::mem::take(&mut connected.early),
            _ => Bytes::new(),
        }
    }

    /// Ends a transfer whose data marks its own end: the connection stays, with what was read beyond.
    pub(super) fn leave_open(&mut self, beyond: Bytes) {
        if let Data::Connected(_, connected) = &mut self.data {
            connected.early = beyond;
            connected.is_idle = true;
        }
    }

    pub(super) fn tell_transfer(&mut self, event: TransferEvent) {
        let is_end = matches!(event, TransferEvent::Ended { .. } | TransferEvent::Broken);
        let id = match &self.transfer {
            Some(transfer) => transfer.id,
            None => return,
        };
        if is_end {
            self.transfer = None;
        }
        self.machine
            .handle(self.runtime.now(), Input::Transfer(id, event));
    }

    /// Carries out what the machine asks for. True when there was something.
    fn act(&mut self) -> bool {
        let mut any = false;
        while let Some(output) = self.machine.poll() {
            any = true;
            match output {
                Output::Event(event) => self.tell(event),
                Output::Action(action) => self.carry_out(action),
            }
        }
        any
    }

    fn tell(&mut self, event: Event) {
        self.trace.tell(&event);
        match (event, &mut self.observer) {
            (Event::Sent(command), Some(observer)) => observer(Trace::Sent(&command)),
            (Event::Received(reply), Some(observer)) => observer(Trace::Received(&reply)),
            (Event::Greeting(reply), _) => self.happened.push_back(Happened::Greeted(reply)),
            (Event::Finished(id, result), _) => {
                let result = result.map_err(|failure| self.explain(failure));
                self.happened.push_back(Happened::Finished(id, result));
            }
            (Event::Underway(id, reply), _) => {
                self.underway = Some(id);
                self.announced = progress::announced(reply.text());
            }
            (Event::Closed(failure), _) => {
                self.ended_by.clone_from(&failure);
                self.happened.push_back(Happened::Closed(failure));
            }
            _ => {}
        }
    }

    fn carry_out(&mut self, action: Action) {
        self.trace.act(&action);
        match action {
            Action::Connect { data, to } => {
                let connecting = self.outward.connect_data(&self.runtime, to, self.local);
                self.data = Data::Connecting(data, connecting);
            }
            Action::Listen { data, address } => {
                let listening = self.outward.listen(&self.runtime, address).ok();
                let (listener, at) = listening.unzip();
                self.data = listener.map_or(Data::None, |listener| Data::Listening(data, listener));
                self.machine
                    .handle(self.runtime.now(), Input::Listening(data, at));
            }
            Action::StartTls(_) => match self.tls.as_ref().map(|tls| tls.session()) {
                Some(Ok(session)) => self.control.start_tls(session),
                _ => {
                    let failed = Input::Tls(TlsEvent::Failed);
                    self.machine.handle(self.runtime.now(), failed);
                }
            },
            Action::StopTls => self.control.stop_tls(),
            Action::Transfer(transfer) => {
                if let Data::Connected(_, connected) = &mut self.data {
                    connected.is_idle = false;
                }
                self.transfer = Some(transfer);
            }
            Action::Drop(data, how) => self.drop_data(data, how),
            Action::Close(how) => {
                self.data = Data::None;
                self.control.close(&self.runtime, how == Close::Gracefully);
            }
            // `Action` may grow; a driver that is older than its core cannot do what it does not know.
            _ => {}
        }
    }

    fn drop_data(&mut self, dropped: DataId, how: Close) {
        self.transfer.take_if(|transfer| transfer.data == dropped);
        match std::mem::replace(&mut self.data, Data::None) {
            Data::Connected(id, connected) if id == dropped && how == Close::Abruptly => {
                let mut stream = Guard::new(connected.transport);
                match connected.resumed {
                    Some(false) => self.part(stream),
                    Some(true) => take_tickets(&mut stream.transport),
                    None => {}
                }
            }
            Data::Connected(id, connected)
                if id == dropped && connected.transport.tls().is_some() =>
            {
                let mut stream = Guard::new(connected.transport);
                stream.end();
                stream.transport.close_now();
                self.part(stream);
            }
            Data::Connecting(id, _) | Data::Listening(id, _) | Data::Connected(id, _)
                if id == dropped => {}
            other => self.data = other,
        }
    }

    /// Brings the data connection about. True when it is there, or will not be.
    fn poll_data(&mut self, context: &mut Context<'_>) -> bool {
        let (id, result) = match &mut self.data {
            Data::Connecting(id, connecting) => match connecting.as_mut().poll(context) {
                Poll::Ready(result) => (*id, result.map(Transport::new)),
                Poll::Pending => return false,
            },
            // Only once the server has taken the command does it matter who comes.
            Data::Listening(id, listener) => match &self.transfer {
                Some(transfer) => match poll_admit(listener, transfer.admission, context) {
                    Poll::Ready(result) => (*id, result),
                    Poll::Pending => return false,
                },
                None => return false,
            },
            Data::Connected(id, connected) => {
                let id = *id;
                if connected.poll_closed(context).is_pending() {
                    return false;
                }
                self.data = Data::None;
                self.machine
                    .handle(self.runtime.now(), Input::DataClosed(id));
                return true;
            }
            Data::None => return false,
        };
        self.trace.data(result.as_ref().err());
        let input = match result {
            Ok(transport) => {
                self.data = Data::Connected(id, Connected::new(transport));
                Input::Connected(id)
            }
            Err(_) => {
                self.data = Data::None;
                Input::NotConnected(id)
            }
        };
        self.machine.handle(self.runtime.now(), input);
        true
    }
}
