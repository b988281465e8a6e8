//! A transfer, the half that speaks: TYPE, STRU and MODE where they differ, the way to a data connection, REST, the command.
//! The half that moves is in [`moving`](super::moving), and its end in [`ending`](super::ending).
//!
//! It says each thing as soon as it may. Where the server has shown that it can take it (see [`Shown`](super::server::Shown)), the
//! command goes out behind the request for a data connection, without waiting for the connection: a *pair*.

use alloc::boxed::Box;
use core::net::SocketAddr;

use super::exchange::{Action, RestartMarker};
use super::failure::Failure;
use super::kept::DataPlane;
use super::operation::TransferRequest;
use super::queue::{Advance, Ahead, Flow, Pace};
use super::replies::{Part, Whose};
use super::route::Way;
use super::server::{Queues, Wanted};
use super::session::{Session, Timer};
use crate::data::Direction;
use crate::session::{Close, DataId, OperationId, TransferId};
use crate::time::Instant;
use crate::wire::{Command, Reply, Restart};

#[derive(Debug)]
pub(super) struct Transferring {
    pub(super) request: TransferRequest,
    pub(super) direction: Direction,
    pub(super) operation: OperationId,
    /// Its data goes to another server, or comes from one: there is no data connection here.
    pub(super) is_third_party: bool,
    next: Next,
    /// PRET was sent.
    is_announced: bool,
    pub(super) path: Path,
    pub(super) verb: Said,
    position: Position,
    /// The command left before its data connection was there.
    pub(super) is_pair: bool,
    /// Why it is tried once more, with nothing else in flight.
    pub(super) again: Option<Again>,
    pub(super) data: Data,
    /// What went over the data connection.
    pub(super) bytes: u64,
    pub(super) resumed: Option<bool>,
    pub(super) marker: Option<Box<RestartMarker>>,
    /// Why it shall end as soon as the peer's replies are in step again.
    pub(super) giving_up: Option<Failure>,
    /// Why its data broke, where it is known better than from the server's reply.
    pub(super) broken_by: Option<Failure>,
}

/// What is to be said next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Next {
    Settings,
    Route,
    Position,
    Verb,
    Nothing,
}

/// What became of REST.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Position {
    Unsaid,
    Said,
    Accepted,
}

/// What became of the command that moves the data.
#[derive(Debug)]
pub(super) enum Said {
    Unsaid,
    /// It has had no reply.
    Issued,
    /// It has had a 1xx.
    Underway,
    Answered(Reply),
}

/// How the data of a transfer fares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Data {
    Waiting,
    Moving(TransferId),
    Complete(u64),
    Broken,
}

/// Why a transfer is tried once more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Again {
    /// The way to its data connection had failed: the other way is tried.
    OtherWay,
    /// It was refused in a pair, for want of a data connection.
    Pair,
    /// The connection that was kept open was lost.
    Lost,
    /// It was lost, or refused, behind another transfer.
    Disorder,
}

/// The way to the data connection.
#[derive(Debug)]
pub(super) struct Path {
    /// How many there were before it.
    pub(super) attempt: u32,
    pub(super) way: Option<Way>,
    pub(super) state: Stretch,
    pub(super) data: Option<DataId>,
    /// It is one that was kept open by the transfer before.
    pub(super) is_kept: bool,
    /// It has failed, and the command, which is in flight already, will.
    pub(super) failed: Option<Failure>,
}

/// How far it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stretch {
    Unasked,
    /// Active: the driver opens a listener.
    Opening,
    /// Active: it listens here.
    Listening(SocketAddr),
    /// EPSV, PASV, PORT or the like is sent.
    Asked,
    /// Passive: the server listens here, and it is not this transfer's turn yet.
    Offered(SocketAddr),
    /// Passive: the driver connects.
    Connecting,
    /// The connection is there; in active mode, the server knows where to come.
    Ready,
}

impl Path {
    pub(super) const fn new(way: Option<Way>, attempt: u32) -> Self {
        Self {
            attempt,
            way,
            state: Stretch::Unasked,
            data: None,
            is_kept: false,
            failed: None,
        }
    }

    pub(super) fn is_passive(&self) -> bool {
        self.way.is_some_and(Way::is_passive)
    }
}

impl Transferring {
    /// Hands back a command that moves no data, or parameters that no codec knows.
    pub(super) fn new(request: TransferRequest, id: OperationId) -> Result<Self, TransferRequest> {
        let is_known = request.parameters().is_known();
        match request.direction().filter(|_| is_known) {
            Some(direction) => Ok(Self::of(request, direction, id)),
            None => Err(request),
        }
    }

    /// Hands back a command that moves no data. Nothing here has to know what the data looks like.
    pub(super) fn third_party(
        request: TransferRequest,
        id: OperationId,
    ) -> Result<Self, TransferRequest> {
        match request.direction() {
            Some(direction) => Ok(Self {
                is_third_party: true,
                ..Self::of(request, direction, id)
            }),
            None => Err(request),
        }
    }

    fn of(request: TransferRequest, direction: Direction, operation: OperationId) -> Self {
        Self {
            request,
            direction,
            operation,
            is_third_party: false,
            next: Next::Settings,
            is_announced: false,
            path: Path::new(None, 0),
            verb: Said::Unsaid,
            position: Position::Unsaid,
            is_pair: false,
            again: None,
            data: Data::Waiting,
            bytes: 0,
            resumed: None,
            marker: None,
            giving_up: None,
            broken_by: None,
        }
    }

    /// Says it all again, by this way if there is one, and with nothing else in flight.
    pub(super) fn say_again(&mut self, session: &mut Session, why: Again, way: Option<Way>) {
        self.retreat(session);
        self.path.way = way;
        self.verb = Said::Unsaid;
        self.is_pair = false;
        self.data = Data::Waiting;
        self.again = Some(why);
    }

    /// Forgets its way to a data connection. One that was kept open may be another's by now.
    pub(super) fn retreat(&mut self, session: &mut Session) {
        if self.path.is_kept {
            self.give_up_turn(session);
        } else {
            self.drop_data(session, Close::Abruptly);
        }
        self.path = Path::new(None, self.path.attempt.wrapping_add(1));
        self.next = Next::Settings;
        self.is_announced = false;
        self.position = Position::Unsaid;
    }

    /// It has, or has asked for, a data connection, and has not said what for.
    pub(super) fn is_early(&self) -> bool {
        matches!(self.verb, Said::Unsaid) && self.path.state != Stretch::Unasked
    }

    /// It is to be tried again.
    pub(super) fn has_to_be_alone(&self) -> bool {
        matches!(self.verb, Said::Unsaid) && self.again.is_some()
    }

    /// What it said behind another transfer was lost, or refused because of that.
    pub(super) fn start_over(&mut self, session: &mut Session) -> Flow {
        self.say_again(session, Again::Disorder, None);
        self.giving_up
            .take()
            .map_or(Flow::Continue, |why| Flow::Finish(Err(why)))
    }

    pub(super) fn wanted(&self) -> Wanted {
        self.request.wanted()
    }

    /// Whether its data connection may stay open for the next one.
    pub(super) fn leaves_open(&self) -> bool {
        self.request.parameters().leaves_open()
    }

    pub(super) fn part(&self, part: Part) -> Whose {
        Whose::Task(self.operation, part)
    }

    /// Says what may be said now.
    pub(super) fn advance(&mut self, session: &mut Session, now: Instant, ahead: Ahead) -> Advance {
        if matches!(self.verb, Said::Unsaid) && self.is_lost(&session.data) {
            self.retreat(session);
        }
        loop {
            let next = match self.next {
                Next::Settings => self.say_settings(session, ahead),
                Next::Route => self.say_route(session, now, ahead),
                Next::Position => self.say_position(session, ahead),
                Next::Verb => self.say_verb(session, ahead),
                Next::Nothing => return Advance::Sent,
            };
            match next {
                Some(next) => self.next = next,
                None => return Advance::Waits,
            }
        }
    }

    fn may_send(&self, session: &Session, pace: Pace, ahead: Ahead) -> bool {
        let has_turn = session.data.user.is_none_or(|user| user == self.operation);
        let is_alone = session.awaiting.is_empty() && has_turn;
        (self.again.is_none() || is_alone) && session.may_send(pace, ahead)
    }

    /// Each setting that differs from what is in force.
    fn say_settings(&self, session: &mut Session, ahead: Ahead) -> Option<Next> {
        while let Some(setting) = session.in_force.next(self.wanted()) {
            if !self.may_send(session, Pace::Once, ahead) {
                return None;
            }
            let command = setting.command();
            session.parameters_change(&command);
            session.send(command, self.part(Part::Setting(setting)));
        }
        Some(if self.is_third_party {
            Next::Position
        } else {
            Next::Route
        })
    }

    /// Asks for a data connection, unless there is one. An active one needs a listener first.
    fn say_route(&mut self, session: &mut Session, now: Instant, ahead: Ahead) -> Option<Next> {
        match self.path.state {
            Stretch::Unasked => self.choose_route(session, now, ahead),
            Stretch::Opening => None,
            Stretch::Listening(at) => self.ask_for_route(session, ahead, self.path.way?, Some(at)),
            _ => Some(Next::Position),
        }
    }

    fn choose_route(&mut self, session: &mut Session, now: Instant, ahead: Ahead) -> Option<Next> {
        // What was lost with such a connection is not trusted to another.
        if self.leaves_open() && self.again.is_none() {
            if let Some(kept) = session.data.kept {
                self.path.data = Some(kept.data);
                self.path.is_kept = true;
                self.path.state = Stretch::Ready;
                self.resumed = kept.resumed;
                return Some(Next::Position);
            }
            // The one ahead may leave its connection open.
            if ahead.transfers > 0 && session.shown.keeps != Some(false) {
                return None;
            }
        }
        let way = self.path.way.unwrap_or(session.route.first());
        if way.is_passive() {
            return self.ask_for_route(session, ahead, way, None);
        }
        if !self.may_send(session, Pace::Setup, ahead) {
            return None;
        }
        session.begin_work(self.operation);
        self.path.way = Some(way);
        let data = DataId(session.serial.next());
        self.path.data = Some(data);
        self.path.state = Stretch::Opening;
        session
            .timers
            .start(Timer::Listen, now, session.config.timeouts.data_open);
        session.outputs.act(Action::Listen {
            data,
            address: session.ends.local.ip(),
        });
        None
    }

    fn ask_for_route(
        &mut self,
        session: &mut Session,
        ahead: Ahead,
        way: Way,
        at: Option<SocketAddr>,
    ) -> Option<Next> {
        if !self.may_send(session, Pace::Setup, ahead) {
            return None;
        }
        // PORT and PASV close what was open (RFC 959 § 3.2).
        session.drop_kept(Close::Gracefully);
        if session.config.pret && !self.is_announced {
            self.is_announced = true;
            if let Some(pret) = self.request.announcement() {
                session.send(pret, self.part(Part::Pret));
                return self.ask_for_route(session, ahead, way, at);
            }
        }
        self.path.way = Some(way);
        session.send(way.command(at)?, self.part(Part::Route(self.path.attempt)));
        self.path.state = Stretch::Asked;
        let is_unknown = !session.shown.ports_in_order && !session.shown.no_pairs;
        if at.is_some()
            && is_unknown
            && ahead.transfer_follows
            && ahead.transfers == 0
            && session.may_send(Pace::Once, ahead)
        {
            session.send(Command::Pwd, Whose::PortProbe);
        }
        Some(Next::Position)
    }

    /// Where to begin. A position that was set and never used (a transfer that was refused or given up, a raw REST) would move this
    /// transfer too. REST goes out only where its command can follow at once.
    fn say_position(&mut self, session: &mut Session, ahead: Ahead) -> Option<Next> {
        // What the position is will be known then.
        if session.awaiting.has(|part| part == Part::Restart) {
            return None;
        }
        let start = match &self.request.start {
            Some(start) => start.clone(),
            None if session.position_pending => Restart::Offset(0),
            None => return Some(Next::Verb),
        };
        if session.in_force.next(self.wanted()).is_some() {
            return Some(Next::Settings);
        }
        if !self.may_follow(session, ahead) {
            return None;
        }
        session.send(Command::Rest(start), self.part(Part::Restart));
        self.position = Position::Said;
        Some(Next::Verb)
    }

    fn say_verb(&mut self, session: &mut Session, ahead: Ahead) -> Option<Next> {
        match self.position {
            // A RETR can be given up if the position behind which it left is refused; a STOR would have done its harm.
            Position::Said
                if self.direction == Direction::Send
                    || !session.shown.restarts
                    || !self.may_pair(session, ahead) =>
            {
                return None;
            }
            // Somebody's setting was refused meanwhile.
            Position::Unsaid if session.in_force.next(self.wanted()).is_some() => {
                return Some(Next::Settings);
            }
            _ => {}
        }
        if !self.may_follow(session, ahead) {
            return None;
        }
        self.is_pair = !self.is_third_party && self.path.state != Stretch::Ready;
        self.verb = Said::Issued;
        session.send(self.request.command.clone(), self.part(Part::Verb));
        if self.is_pair
            && ahead.transfer_follows
            && ahead.transfers == 0
            && session.shown.queues == Queues::Unknown
        {
            session.shown.queues = Queues::Probing(false);
            session.send(Command::Noop, Whose::Probe);
        }
        Some(Next::Nothing)
    }

    /// Whether the command that moves the data may follow what was sent so far. Never behind a setting that may still be refused: the
    /// data would not be what it is taken for.
    fn may_follow(&self, session: &Session, ahead: Ahead) -> bool {
        let pace = match self.direction {
            _ if self.is_third_party => Pace::Once,
            Direction::Receive => Pace::Fetch,
            Direction::Send if self.path.is_kept => Pace::AfterData,
            Direction::Send => Pace::Once,
        };
        let has_route = self.is_third_party
            || match self.path.state {
                Stretch::Ready => !self.is_lost(&session.data),
                Stretch::Asked | Stretch::Offered(_) | Stretch::Connecting => {
                    self.may_pair(session, ahead)
                }
                _ => false,
            };
        has_route
            && !session
                .awaiting
                .has(|part| matches!(part, Part::Setting(_)))
            && self.may_send(session, pace, ahead)
    }

    /// Whether its command may leave before its data connection is there. In passive mode that gains something only where another
    /// transfer follows, or is ahead: the server cannot begin before the connection is there anyway.
    fn may_pair(&self, session: &Session, ahead: Ahead) -> bool {
        let is_worth_it = match self.path.is_passive() {
            true => ahead.transfers > 0 || ahead.transfer_follows,
            false => session.shown.ports_in_order,
        };
        is_worth_it
            && session.config.pipelining
            && self.again.is_none()
            && session.shown.takes_pairs()
            && self
                .path
                .way
                .is_some_and(|way| session.route.has_worked(way))
    }

    pub(super) const fn position_accepted(&mut self) {
        self.position = Position::Accepted;
    }

    /// Whether the connection that was kept open for it is gone.
    pub(super) fn is_lost(&self, data: &DataPlane) -> bool {
        self.path.is_kept && !data.is_kept(self.path.data)
    }

    pub(super) fn drop_data(&mut self, session: &mut Session, how: Close) {
        if self.path.state == Stretch::Opening {
            session.timers.stop(Timer::Listen);
        }
        self.give_up_turn(session);
        if self.path.is_kept {
            if session.data.is_kept(self.path.data) {
                session.drop_kept(how);
            }
        } else if let Some(data) = self.path.data.take() {
            session.outputs.act(Action::Drop(data, how));
        }
    }

    fn give_up_turn(&self, session: &mut Session) {
        if session.data.user == Some(self.operation) {
            session.data.user = None;
            session.timers.stop(Timer::DataOpen);
            session.timers.stop(Timer::DataProgress);
        }
    }
}
