//! A transfer, the half that moves: its data connection and its bytes.

use alloc::boxed::Box;

use super::exchange::{Action, Event, Input, RestartMarker, Transfer, TransferEvent};
use super::failure::{Failure, Wait};
use super::kept::DataPlane;
use super::queue::Flow;
use super::session::{Session, Timer};
use super::transfer::{Again, Data, Said, Stretch, Transferring};
use crate::data::Direction;
use crate::session::{Admission, Close, DataId, TransferId};
use crate::time::Instant;
use crate::tls::Resumption;
use crate::wire::{Arg, Reply};

/// Questions.
impl Transferring {
    pub(super) const fn is_unwanted(&self) -> bool {
        self.giving_up.is_some()
    }

    pub(super) const fn data_is_complete(&self) -> bool {
        matches!(self.data, Data::Complete(_))
    }

    /// The server has not begun to take it, and may refuse for want of a data connection.
    pub(super) fn is_uncertain_upload(&self) -> bool {
        self.direction == Direction::Send && matches!(self.verb, Said::Unsaid | Said::Issued)
    }

    pub(super) const fn final_reply(&self) -> Option<&Reply> {
        match &self.verb {
            Said::Answered(reply) => Some(reply),
            _ => None,
        }
    }

    pub(super) fn moves(&self, id: TransferId) -> bool {
        self.data == Data::Moving(id)
    }

    pub(super) fn has_data(&self, data: DataId) -> bool {
        self.path.data == Some(data)
    }

    pub(super) fn waits_on(&self, timer: Timer) -> bool {
        match timer {
            Timer::Listen => self.path.state == Stretch::Opening,
            Timer::ThirdParty => self.is_third_party && matches!(self.verb, Said::Underway),
            _ => false,
        }
    }

    /// Whether it can do something with the data connection, if it has it.
    pub(super) fn wants_turn(&self, session: &Session) -> bool {
        match self.path.state {
            Stretch::Offered(_) => true,
            Stretch::Ready => {
                let may_move = match self.verb {
                    Said::Underway | Said::Answered(_) => true,
                    Said::Issued => self.is_eager(session),
                    Said::Unsaid => false,
                };
                // What is not wanted any more has to be taken off a connection that is kept open, or it goes with it.
                let is_wanted = !self.is_unwanted() || self.path.is_kept;
                let has_data = self.path.data.is_some() && !self.is_lost(&session.data);
                may_move && self.data == Data::Waiting && is_wanted && has_data
            }
            _ => false,
        }
    }

    /// Whether its data may leave before the server's word. Never where that word may be that it has to be asked for again: in MODE B, and
    /// in a pair until one was taken.
    fn is_eager(&self, session: &Session) -> bool {
        session.config.eager_uploads
            && self.direction == Direction::Send
            && !self.leaves_open()
            && (!self.is_pair || session.shown.has_paired)
    }

    /// Its connection was kept open by others, and is gone with the data that the server has sent.
    pub(super) fn has_lost_data(&self, data: &DataPlane) -> bool {
        self.final_reply().is_some() && self.data == Data::Waiting && self.is_lost(data)
    }

    /// Whether something other than a reply is waited for next, which has a deadline of its own: its data, its turn, or its end.
    pub(super) fn waits_for_data(&self, session: &Session) -> bool {
        self.is_unwanted()
            || matches!(self.data, Data::Moving(_))
            || self.path.state == Stretch::Connecting
            || self.waits_on(Timer::ThirdParty)
            || self.wants_turn(session)
    }
}

/// The data connection.
impl Transferring {
    /// The data connection is this transfer's now: makes it, or moves the bytes.
    pub(super) fn take_turn(&mut self, session: &mut Session, now: Instant) -> Flow {
        if let Stretch::Offered(to) = self.path.state {
            let data = DataId(session.serial.next());
            self.path.data = Some(data);
            self.path.state = Stretch::Connecting;
            session
                .timers
                .start(Timer::DataOpen, now, session.config.timeouts.data_open);
            session.outputs.act(Action::Connect { data, to });
            return Flow::Continue;
        }
        if self.is_unwanted() {
            self.drop_data(session, Close::Abruptly);
            return match self.verb {
                Said::Answered(_) => self.aborted(),
                _ => Flow::Continue,
            };
        }
        let Some(data) = self.path.data else {
            return Flow::Continue;
        };
        let id = TransferId(session.serial.next());
        self.data = Data::Moving(id);
        if self.path.is_kept || self.path.is_passive() {
            self.expect_progress(session, now);
        } else {
            session
                .timers
                .start(Timer::DataOpen, now, session.config.timeouts.data_open);
        }
        session.outputs.act(Action::Transfer(Transfer {
            id,
            operation: self.operation,
            data,
            admission: Admission::only(session.ends.peer.ip()),
            direction: self.direction,
            parameters: self.request.parameters(),
            protection: session.data.protection(),
        }));
        Flow::Continue
    }

    fn expect_progress(&self, session: &mut Session, now: Instant) {
        let timeout = session.config.timeouts.data_progress;
        session.timers.start(Timer::DataProgress, now, timeout);
    }

    /// What the driver tells of the connection itself.
    pub(super) fn data_happened(
        &mut self,
        session: &mut Session,
        now: Instant,
        input: Input,
    ) -> Flow {
        match (input, self.path.state) {
            (Input::Connected(_), Stretch::Connecting) => {
                session.timers.stop(Timer::DataOpen);
                self.path.state = Stretch::Ready;
                if self.is_unwanted() {
                    self.drop_data(session, Close::Abruptly);
                } else if let Some(way) = self.path.way {
                    session.route.worked(way);
                }
            }
            // Active: the server has come.
            (Input::Connected(_), _)
                if matches!(self.data, Data::Moving(_)) && !self.path.is_kept =>
            {
                session.timers.stop(Timer::DataOpen);
                if let Some(way) = self.path.way {
                    session.route.worked(way);
                }
                self.expect_progress(session, now);
            }
            (Input::NotConnected(_), Stretch::Connecting) => {
                return self.fail_route(session, Failure::NoDataConnection);
            }
            (Input::NotConnected(_), _) if matches!(self.data, Data::Moving(_)) => {
                return self.moved(session, now, TransferEvent::Broken);
            }
            (Input::Listening(_, at), Stretch::Opening) => {
                session.timers.stop(Timer::Listen);
                let speakable = |at| {
                    self.path
                        .way
                        .is_some_and(|way| way.command(Some(at)).is_some())
                };
                match at.filter(|at| speakable(*at)) {
                    Some(at) => self.path.state = Stretch::Listening(at),
                    None => return self.fail_route(session, Failure::NoDataConnection),
                }
            }
            _ => {}
        }
        Flow::Continue
    }

    /// One way failed: try the other, once; but if the command is in flight already, only after it has failed too.
    pub(super) fn fail_route(&mut self, session: &mut Session, failure: Failure) -> Flow {
        self.drop_data(session, Close::Gracefully);
        self.path.state = Stretch::Ready;
        self.path.failed = Some(failure);
        match self.verb {
            Said::Unsaid => self.try_other_way(session),
            Said::Answered(_) => self.settle(session),
            _ => Flow::Continue,
        }
    }

    pub(super) fn try_other_way(&mut self, session: &mut Session) -> Flow {
        let failure = self.path.failed.take().unwrap_or(Failure::NoDataConnection);
        match self.path.way.map(super::route::Way::other) {
            Some(other)
                if self.again != Some(Again::OtherWay) && other.is_possible(session.ends) =>
            {
                self.say_again(session, Again::OtherWay, Some(other));
                Flow::Continue
            }
            _ => Flow::Finish(Err(failure)),
        }
    }

    /// The peer has closed the connection.
    pub(super) fn data_closed(&mut self, session: &mut Session) -> Flow {
        match self.data {
            Data::Moving(_) => return self.data_ended(session, Data::Broken),
            // There is nothing left that the reply could leave open.
            Data::Complete(_) => self.drop_data(session, Close::Gracefully),
            _ => {}
        }
        Flow::Continue
    }

    /// What the driver tells of the bytes.
    pub(super) fn moved(
        &mut self,
        session: &mut Session,
        now: Instant,
        event: TransferEvent,
    ) -> Flow {
        match event {
            TransferEvent::Secured { resumed } => {
                self.resumed = Some(resumed);
                if !resumed && session.config.resumption == Resumption::Require {
                    return self.abort(session, now, Failure::NotResumed);
                }
                self.expect_progress(session, now);
            }
            TransferEvent::Progress(bytes) => {
                self.bytes = bytes;
                self.expect_progress(session, now);
            }
            TransferEvent::Marker(marker) => {
                // A codec lets only printable characters through.
                let server = Arg::try_from(marker.text()).unwrap_or_default();
                let marker = RestartMarker {
                    server,
                    local: None,
                    offset: Some(marker.offset()),
                };
                self.mark(session, marker);
                self.expect_progress(session, now);
            }
            TransferEvent::Ended { bytes, end: _ } => {
                self.bytes = bytes;
                return self.data_ended(session, Data::Complete(bytes));
            }
            TransferEvent::Broken => return self.data_ended(session, Data::Broken),
            TransferEvent::SecureFailed => {
                self.broken_by = Some(Failure::DataTls);
                return self.data_ended(session, Data::Broken);
            }
        }
        Flow::Continue
    }

    fn data_ended(&mut self, session: &mut Session, how: Data) -> Flow {
        self.data = how;
        session.timers.stop(Timer::DataOpen);
        session.timers.stop(Timer::DataProgress);
        if self.is_unwanted() {
            return Flow::Continue;
        }
        if self.final_reply().is_some() {
            return self.settle(session);
        }
        match how {
            // Whether it stays open is for the final reply to say.
            Data::Complete(_) if self.leaves_open() => session.data.user = None,
            // It is let go of before that reply, since the server may wait for its close.
            Data::Complete(_) => self.drop_data(session, Close::Gracefully),
            _ => self.drop_data(session, Close::Abruptly),
        }
        Flow::Continue
    }

    pub(super) fn mark(&mut self, session: &mut Session, marker: RestartMarker) {
        self.marker = Some(Box::new(marker.clone()));
        session.outputs.tell(Event::Marker(self.operation, marker));
    }

    pub(super) fn timed_out(&mut self, session: &mut Session, now: Instant, timer: Timer) -> Flow {
        match (self.path.state, timer) {
            (Stretch::Connecting | Stretch::Opening, Timer::DataOpen | Timer::Listen) => {
                self.fail_route(session, Failure::Timeout(Wait::DataOpen))
            }
            (_, Timer::DataOpen) => self.abort(session, now, Failure::Timeout(Wait::DataOpen)),
            (_, Timer::ThirdParty) => self.abort(session, now, Failure::Timeout(Wait::ThirdParty)),
            _ => self.abort(session, now, Failure::Timeout(Wait::DataProgress)),
        }
    }
}
