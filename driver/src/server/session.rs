//! The one future of a session: it owns the machine, the control connection and the transfer, and polls them in turn.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ftp_sansio::server::{
    self as core, Action, Answer, Close, DataId, Endpoints, Event, Failure, Grant, Input, Output,
    RequestId, Route, StorageError, Transfer, TransferEvent, TransferId,
};
use ftp_sansio::tls::{Protection, TlsEvent};

use super::chain::{Chain, Left};
use super::data::Kept;
use super::passive;
use super::perform;
use super::roster::Seat;
use super::transfer::{self, Path, Secure};
use super::{SessionInfo, Shared};
use crate::control::{Control, PASSES};
use crate::parting::Parting;
use crate::runtime::{Runtime, Stream, Unread};
use crate::storage::{Account, Authenticator, Login, Storage};
use crate::tls::ControlServer;
use crate::trace::Served;

/// Pieces of a transfer that move without a wait before other tasks get their turn: some milliseconds of work.
const PIECES: usize = 8;

type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// An answer that the machine waits for.
enum Request<S> {
    Login(RequestId, Pending<Option<Account<S>>>),
    Storage(RequestId, Pending<Result<Answer, StorageError>>),
    /// The same, where it is waited for even if the machine does not wait any more.
    Stroke(RequestId, Pending<Result<Answer, StorageError>>),
}

/// When a session says its first word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Greets {
    AtOnce,
    /// After a handshake: implicit TLS.
    UnderTls,
}

pub(super) struct Session<R: Runtime, A: Authenticator> {
    shared: Arc<Shared<R, A>>,
    info: SessionInfo,
    machine: core::Session,
    control: Control<R>,
    /// The TLS that was begun on the control connection, for its data connections too, which may have it for longer.
    tls: Option<Box<ControlServer>>,
    ends: Endpoints,
    storage: Option<Arc<A::Storage>>,
    request: Option<Request<A::Storage>>,
    listener: Option<(DataId, passive::Lent<R::Listener>)>,
    transfer: Option<(TransferId, DataId, Chain<R::Stream>)>,
    /// The data connection that the last transfer left open (RFC 959 § 3.3).
    kept: Option<(DataId, Box<Kept<R::Stream>>)>,
    /// The one on which the last upload came, until its peer has ended it.
    parting: Option<Box<Parting<R>>>,
    told_to_stop: bool,
    trace: Served,
    /// Bytes of the transfer have moved in this pass.
    has_moved: bool,
    /// The machine knows that the peer will send nothing more: it was asked of the socket before a commit.
    peer_ended: bool,
    /// Dropped last: a stop waits for the seat, and with it for the sockets and unfinished files above.
    seat: Seat,
}

impl<R: Runtime, A: Authenticator> Session<R, A> {
    /// A session on a connection that was accepted; nothing where the connection is gone already.
    pub(super) fn new(
        shared: Arc<Shared<R, A>>,
        stream: R::Stream,
        peer: SocketAddr,
        seat: Seat,
        greets: Greets,
    ) -> Option<Self> {
        let ends = Endpoints {
            local: stream.local_addr().ok()?,
            peer,
        };
        let (config, now) = (shared.settings.config.clone(), shared.runtime.now());
        let machine = match (seat.has_room(), greets) {
            (true, Greets::AtOnce) => core::Session::new(config, ends, now),
            (true, Greets::UnderTls) => core::Session::implicit(config, ends, now),
            (false, Greets::AtOnce) => core::Session::turn_away(config, ends, now),
            // It could not be told in clear text, and is not worth a handshake.
            (false, Greets::UnderTls) => return None,
        };
        let control = Control::new(&shared.runtime, stream);
        let info = SessionInfo {
            id: seat.id(),
            peer,
            user: None,
        };
        Some(Self {
            trace: Served::new(&info),
            shared,
            seat,
            info,
            machine,
            control,
            tls: None,
            ends,
            storage: None,
            request: None,
            listener: None,
            transfer: None,
            kept: None,
            parting: None,
            told_to_stop: false,
            has_moved: false,
            peer_ended: false,
        })
    }

    /// Polls everything until nothing moves any more.
    fn poll_all(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.seat.wake_me(context);
        let mut pieces = 0;
        for _ in 0..PASSES {
            if self.seat.is_cut_off() {
                return Poll::Ready(());
            }
            let now = self.shared.runtime.now();
            let progress = self.heed_stop()
                | self
                    .control
                    .poll(&self.shared.runtime, &mut self.machine, context)
                | self.act()
                | self.poll_request(context)
                | self.poll_transfer(context)
                | self.poll_kept(context)
                | self.poll_parting(context)
                | self.control.keep_time(now, &mut self.machine, context);
            if self.machine.is_closed() && self.machine_is_drained() {
                return self.poll_over(context);
            }
            if !progress {
                return Poll::Pending;
            }
            if std::mem::take(&mut self.has_moved) {
                // An ABOR is heard between any two pieces, even where this task does not let the reactor listen.
                self.control.look_again();
                pieces += 1;
                if pieces >= PIECES {
                    break;
                }
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// The machine has nothing more to say. A change to a file that has begun is still part of the session: once that is gone, nothing of it
    /// happens any more.
    fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.listener = None;
        self.let_go();
        self.transfer.take_if(|(.., chain)| chain.stop());
        self.request
            .take_if(|request| !matches!(request, Request::Stroke(..)));
        let gone = self.control.poll_gone(&self.shared.runtime, context);
        match (&self.transfer, &self.request) {
            (None, None) => gone,
            _ => Poll::Pending,
        }
    }

    fn heed_stop(&mut self) -> bool {
        let now_told = !self.told_to_stop && self.seat.is_stopping();
        if now_told {
            self.told_to_stop = true;
            self.input(Input::Shutdown);
        }
        now_told
    }

    fn machine_is_drained(&mut self) -> bool {
        !self.act()
    }

    fn input(&mut self, input: Input) {
        self.machine.handle(self.shared.runtime.now(), input);
    }

    /// Carries out what the machine asks for. True when there was something.
    fn act(&mut self) -> bool {
        let mut any = false;
        while let Some(output) = self.machine.poll() {
            any = true;
            match output {
                Output::Event(event) => self.tell(&event),
                Output::Action(action) => self.carry_out(action),
            }
        }
        any
    }

    fn tell(&mut self, event: &Event) {
        if let Event::LoggedIn(user) = event {
            self.info.user = Some(user.clone());
        }
        self.trace.tell(event);
        (self.shared.settings.observer)(&self.info, event);
        if matches!(event, Event::LoggedOut) {
            self.info.user = None;
        }
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::Authenticate {
                request,
                user,
                password,
                ..
            } => {
                let login = Login {
                    user,
                    password,
                    peer: self.ends.peer,
                    certificates: self.control.peer_certificates(),
                };
                let shared = self.shared.clone();
                let answer =
                    Box::pin(async move { shared.authenticator.authenticate(&login).await });
                self.request = Some(Request::Login(request, answer));
            }
            Action::Perform { request, operation } => {
                let storage = self.storage.as_mut();
                self.request = storage.map(|storage| {
                    let is_a_stroke = perform::is_a_stroke(&operation);
                    let answer = Box::pin(perform::begin(storage, operation));
                    match is_a_stroke {
                        true => Request::Stroke(request, answer),
                        false => Request::Storage(request, answer),
                    }
                });
                if self.request.is_none() {
                    self.input(Input::Storage(request, Err(StorageError::Denied)));
                }
            }
            Action::Listen { data, address } => {
                let listener = self.shared.passive.lend(&self.shared.runtime, address).ok();
                let port = listener.as_ref().map(passive::Lent::port);
                self.listener = listener.map(|listener| (data, listener));
                self.input(Input::Listening(data, port));
            }
            Action::Discard(data) => {
                self.listener.take_if(|(listening, _)| *listening == data);
                if self.kept.as_ref().is_some_and(|(kept, _)| *kept == data) {
                    self.let_go();
                }
            }
            Action::Transfer(transfer) => self.begin_transfer(transfer),
            Action::Commit(id) => {
                if let Some((_, _, chain)) = self
                    .transfer
                    .as_mut()
                    .filter(|(running, ..)| *running == id)
                {
                    chain.approve();
                }
            }
            Action::Abort(id) => self.stop_transfer(id),
            Action::StartTls(_) => self.start_tls(),
            Action::StopTls => self.control.stop_tls(),
            Action::Close(how) => {
                self.control
                    .close(&self.shared.runtime, how == Close::Gracefully);
            }
            // `Action` may grow; a driver that is older than its core cannot do what it does not know.
            _ => {}
        }
    }

    /// Ends a data connection that was kept, in order.
    fn let_go(&mut self) {
        if let Some((_, kept)) = self.kept.take() {
            kept.end();
        }
    }

    fn start_tls(&mut self) {
        let tls = self.shared.settings.tls.as_ref();
        let tls = tls.map(|tls| Box::new(tls.connection()));
        match tls.as_ref().map(|tls| tls.session()) {
            Some(Ok(session)) => self.control.start_tls(session),
            _ => self.input(Input::Tls(TlsEvent::Failed)),
        }
        self.tls = tls;
    }

    /// What is to be done about TLS on the data connection of a transfer, if it is a new one.
    fn protect(&self, protection: Protection) -> Secure {
        match (protection, &self.tls) {
            (Protection::Clear, _) => Secure::Clear,
            (Protection::Tls(role), Some(tls)) => match tls.data(role) {
                Ok(session) => Secure::With(Box::new(session)),
                Err(_) => Secure::Impossible,
            },
            (Protection::Tls(_), None) => Secure::Impossible,
        }
    }

    fn begin_transfer(&mut self, transfer: Transfer) {
        let (id, data) = (transfer.id, transfer.route.data());
        let secure = match transfer.route {
            Route::Kept(_) => Secure::Clear,
            _ => self.protect(transfer.protection),
        };
        let path = match transfer.route {
            Route::Connect { to, .. } => Path::Connect(to),
            // No connection was kept: the settings say that this driver cannot.
            Route::Kept(data) => match self.kept.take() {
                Some((kept, connection)) if kept == data => Path::Kept(connection),
                _ => Path::Nowhere,
            },
            Route::Accept { data, admission } => match self.listener.take() {
                Some((listening, listener)) if listening == data => {
                    Path::Accept(listener, admission)
                }
                _ => Path::Nowhere,
            },
        };
        let Some(storage) = self.storage.clone() else {
            let refusal = TransferEvent::Failed(Failure::Storage(StorageError::Denied));
            return self.input(Input::Transfer(id, refusal));
        };
        let chain = transfer::begin(
            self.shared.runtime.clone(),
            storage,
            transfer,
            secure,
            path,
            self.ends.local.ip(),
        );
        self.transfer = Some((id, data, chain));
    }

    /// At once, by dropping the chain; or when the change to a file that has begun is made.
    fn stop_transfer(&mut self, id: TransferId) {
        if self
            .transfer
            .take_if(|(running, _, chain)| *running == id && chain.stop())
            .is_some()
        {
            self.input(Input::Transfer(id, TransferEvent::Failed(Failure::Aborted)));
        }
    }

    fn poll_request(&mut self, context: &mut Context<'_>) -> bool {
        let input = match &mut self.request {
            None => return false,
            Some(Request::Login(request, answer)) => match answer.as_mut().poll(context) {
                Poll::Pending => return false,
                Poll::Ready(account) => {
                    let grant = account.as_ref().map(|account| Grant {
                        capabilities: account.storage.capabilities(),
                        ..account.grant.clone()
                    });
                    self.storage = account.map(|account| account.storage);
                    Input::Login(*request, grant)
                }
            },
            Some(Request::Storage(request, answer) | Request::Stroke(request, answer)) => {
                match answer.as_mut().poll(context) {
                    Poll::Pending => return false,
                    Poll::Ready(answer) => Input::Storage(*request, answer),
                }
            }
        };
        self.request = None;
        self.input(input);
        true
    }

    /// Moves the transfer on, until its bytes move or it has to wait: what the client is told of a small file goes out together.
    fn poll_transfer(&mut self, context: &mut Context<'_>) -> bool {
        let mut any = false;
        while let Some(has_moved) = self.poll_link(context) {
            any = true;
            if has_moved {
                self.has_moved = true;
                break;
            }
            self.act();
        }
        any
    }

    /// One step of the transfer, if there is one to make; true when that was bytes that moved.
    fn poll_link(&mut self, context: &mut Context<'_>) -> Option<bool> {
        let (id, data, chain) = self.transfer.as_mut()?;
        let (id, data) = (*id, *data);
        if chain.is_held() {
            return None;
        }
        if chain.is_about_to_commit() {
            // What the peer said or did before now comes first, though the reactor may not have told of it yet: an ABOR, or its end.
            match self.control.unread() {
                Unread::Nothing => {}
                // The reactor is about to wake this task for them.
                Unread::Bytes if self.machine.wants_read() => return None,
                Unread::Bytes => {}
                Unread::End if self.peer_ended => {}
                Unread::End => {
                    self.peer_ended = true;
                    self.input(Input::PeerEnded);
                    return Some(false);
                }
            }
        }
        let Poll::Ready(link) = chain.poll(context) else {
            return None;
        };
        self.transfer = link.next.map(|chain| (id, data, chain));
        match link.left {
            Left::Open(kept) => self.kept = Some((data, kept)),
            Left::Parting(stream) => {
                let parting = Parting::new(&self.shared.runtime, *stream);
                self.parting = Some(Box::new(parting));
            }
            Left::Nothing => {}
        }
        let has_moved = matches!(
            link.event,
            TransferEvent::Progress(_) | TransferEvent::Marker(_)
        );
        self.input(Input::Transfer(id, link.event));
        Some(has_moved)
    }
}

impl<R: Runtime, A: Authenticator> Session<R, A> {
    /// Notices when the peer closes the data connection that was left open.
    fn poll_kept(&mut self, context: &mut Context<'_>) -> bool {
        let Some((data, _)) = self
            .kept
            .take_if(|(_, kept)| kept.poll_closed(context).is_ready())
        else {
            return false;
        };
        self.input(Input::DataClosed(data));
        true
    }

    fn poll_parting(&mut self, context: &mut Context<'_>) -> bool {
        let runtime = &self.shared.runtime;
        self.parting
            .take_if(|parting| parting.poll_over(runtime, context).is_ready())
            .is_some()
    }
}

impl<R: Runtime, A: Authenticator> Future for Session<R, A> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let _entered = self.trace.enter();
        self.poll_all(context)
    }
}

// Every pinned thing in it is boxed.
impl<R: Runtime, A: Authenticator> Unpin for Session<R, A> {}
