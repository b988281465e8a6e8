//! A transfer, the half that moves: its data connection, its bytes, and its two ends in either order, the data's and the reply's. It is
//! complete only when both were good.

use alloc::boxed::Box;

use super::exchange::{Action, Event, Input, Outcome, RestartMarker, Transfer, TransferEvent};
use super::failure::{Failure, Wait};
use super::kept::{DataPlane, Kept};
use super::queue::Flow;
use super::replies::Part;
use super::session::{Session, Timer};
use super::transfer::{Again, Data, Said, Stretch, Transferring};
use crate::data::Direction;
use crate::sequence::Step;
use crate::session::{Admission, Close, DataId, TransferId};
use crate::time::Instant;
use crate::tls::Resumption;
use crate::wire::{Arg, Code, Reply};

/// Questions.
impl Transferring {
    pub(super) const fn is_unwanted(&self) -> bool {
        self.giving_up.is_some()
    }

    pub(super) const fn data_has_ended(&self) -> bool {
        matches!(self.data, Data::Complete(_) | Data::Broken)
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
    pub(super) fn wants_turn(&self, data: &DataPlane, is_eager: bool) -> bool {
        match self.path.state {
            Stretch::Offered(_) => true,
            Stretch::Ready => {
                let may_move = match self.verb {
                    Said::Underway | Said::Answered(_) => true,
                    Said::Issued => {
                        is_eager && self.direction == Direction::Send && !self.leaves_open()
                    }
                    Said::Unsaid => false,
                };
                // What is not wanted any more has to be taken off a connection that is kept open, or it goes with it.
                let is_wanted = !self.is_unwanted() || self.path.is_kept;
                let has_data = self.path.data.is_some() && !self.is_lost(data);
                may_move && self.data == Data::Waiting && is_wanted && has_data
            }
            _ => false,
        }
    }

    /// Its connection was kept open by others, and is gone with the data that the server has sent.
    pub(super) fn has_lost_data(&self, data: &DataPlane) -> bool {
        self.final_reply().is_some() && self.data == Data::Waiting && self.is_lost(data)
    }

    /// Whether something other than a reply is waited for next, which has a deadline of its own: its data, its turn, or its end.
    pub(super) fn waits_for_data(&self, data: &DataPlane, is_eager: bool) -> bool {
        self.is_unwanted()
            || matches!(self.data, Data::Moving(_))
            || self.path.state == Stretch::Connecting
            || self.waits_on(Timer::ThirdParty)
            || self.wants_turn(data, is_eager)
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
    fn fail_route(&mut self, session: &mut Session, failure: Failure) -> Flow {
        self.drop_data(session, Close::Gracefully);
        self.path.state = Stretch::Ready;
        self.path.failed = Some(failure);
        match self.verb {
            Said::Unsaid => self.try_other_way(session),
            _ => Flow::Continue,
        }
    }

    fn try_other_way(&mut self, session: &mut Session) -> Flow {
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
            Data::Moving(_) => self.data_ended(session, Data::Broken),
            _ => Flow::Continue,
        }
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

    fn mark(&mut self, session: &mut Session, marker: RestartMarker) {
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

/// The replies.
impl Transferring {
    pub(super) fn replied(
        &mut self,
        session: &mut Session,
        now: Instant,
        part: Part,
        step: Step,
        reply: Reply,
    ) -> Flow {
        match part {
            Part::Setting(_) if step != Step::Completed => {
                Flow::Finish(Err(Failure::Refused(reply)))
            }
            Part::Route(_) => self.route_given(session, step, reply),
            Part::Restart if step == Step::Intermediate => {
                self.position_accepted();
                Flow::Continue
            }
            Part::Restart if matches!(self.verb, Said::Unsaid) => {
                self.drop_data(session, Close::Abruptly);
                Flow::Finish(Err(Failure::Refused(reply)))
            }
            // The command is in flight: its data is from the beginning of the file, and not wanted.
            Part::Restart => self.abort(session, now, Failure::Refused(reply)),
            Part::Verb if step == Step::Preliminary => {
                self.begun(session, now, reply);
                Flow::Continue
            }
            Part::Verb => self.answered(session, reply),
            Part::Setting(_) | Part::Pret | Part::Only => Flow::Continue,
        }
    }

    fn route_given(&mut self, session: &mut Session, step: Step, reply: Reply) -> Flow {
        let Some(way) = self.path.way else {
            return Flow::Continue;
        };
        if step != Step::Completed {
            return self.fail_route(session, Failure::Refused(reply));
        }
        if !way.is_passive() {
            self.path.state = Stretch::Ready;
            return Flow::Continue;
        }
        match way.target(&reply, session.ends, session.config.believe_passive_host) {
            Some(to) => {
                self.path.state = Stretch::Offered(to);
                Flow::Continue
            }
            None => self.fail_route(session, Failure::Malformed(reply)),
        }
    }

    /// A 1xx. The first one lets the data move; one more changes nothing, and above all no deadline.
    fn begun(&mut self, session: &mut Session, now: Instant, reply: Reply) {
        if let (Code::RESTART_MARKER, Some(marker)) = (reply.code(), marker(&reply)) {
            self.mark(session, marker);
        }
        if !matches!(self.verb, Said::Issued) {
            return;
        }
        self.verb = Said::Underway;
        if self.again == Some(Again::Pair) {
            session.shown.no_pairs = true;
        }
        if self.is_third_party {
            let timeout = session.config.timeouts.third_party;
            session.timers.start(Timer::ThirdParty, now, timeout);
        }
        session.outputs.tell(Event::Underway(self.operation, reply));
    }

    /// The final reply.
    fn answered(&mut self, session: &mut Session, reply: Reply) -> Flow {
        let was_underway = matches!(self.verb, Said::Underway);
        let is_refusal = reply.class().is_negative();
        if self.is_unwanted() {
            // Its data may be on a connection that is another's still.
            let is_to_come = !is_refusal && self.path.is_kept && !self.is_lost(&session.data);
            if is_to_come && self.data == Data::Waiting {
                self.verb = Said::Answered(reply);
                return Flow::Continue;
            }
            if !self.path.is_kept {
                self.drop_data(session, Close::Abruptly);
            }
            return self.aborted();
        }
        if self.is_third_party {
            session.timers.stop(Timer::ThirdParty);
            return Flow::Finish(match (is_refusal, was_underway) {
                (false, _) => Ok(Outcome::Reply(reply)),
                (true, false) => Err(Failure::Refused(reply)),
                (true, true) => Err(self.incomplete(reply)),
            });
        }
        if self.path.failed.is_some() && is_refusal {
            return self.try_other_way(session);
        }
        if is_refusal && let Some(again) = self.may_try_again(reply.code()) {
            let is_free = session.data.user.is_none_or(|user| user == self.operation);
            if self.path.is_kept && is_free && session.data.is_kept(self.path.data) {
                // The server has it no more.
                session.drop_kept(Close::Abruptly);
            }
            self.say_again(session, again, None);
            return Flow::Continue;
        }
        if is_refusal && !was_underway {
            // What is kept open stays so: a refused transfer has sent nothing.
            if !self.path.is_kept {
                self.drop_data(session, Close::Abruptly);
            }
            return Flow::Finish(Err(Failure::Refused(reply)));
        }
        self.verb = Said::Answered(reply);
        self.settle(session)
    }

    /// Whether a refusal was for want of a data connection that there would have been step by step, or on another connection. Only a
    /// transfer of which nothing has come can be asked for again without its user's knowledge, and only once.
    fn may_try_again(&self, code: Code) -> Option<Again> {
        const WANT: [Code; 5] = [
            Code::CANNOT_OPEN_DATA_CONNECTION,
            Code::TRANSFER_ABORTED,
            Code::BAD_SEQUENCE,
            Code::SYNTAX_ERROR,
            Code::NOT_IMPLEMENTED,
        ];
        let has_data = match self.direction {
            // Nobody can send again what the user has given away.
            Direction::Send => self.data != Data::Waiting,
            Direction::Receive => self.bytes > 0 || matches!(self.data, Data::Complete(_)),
        };
        if has_data || self.again.is_some() || !WANT.contains(&code) {
            return None;
        }
        if self.path.is_kept {
            return Some(Again::Lost);
        }
        self.is_pair.then_some(Again::Pair)
    }

    /// Ends the operation once both ends have come, or once one of them was bad and the other does not matter any more.
    pub(super) fn settle(&mut self, session: &mut Session) -> Flow {
        let Said::Answered(reply) = &self.verb else {
            return Flow::Continue;
        };
        let (is_good, reply) = (reply.class().is_positive(), reply.clone());
        match self.data {
            Data::Complete(bytes) if is_good => {
                self.leave_data(session, reply.code());
                Flow::Finish(Ok(Outcome::Transferred {
                    bytes,
                    reply,
                    resumed: self.resumed,
                }))
            }
            // An upload cannot be complete before it has ended: the server means something else than this file. A download's data may
            // be on its way.
            Data::Waiting | Data::Moving(_)
                if is_good
                    && self.direction == Direction::Receive
                    && self.may_still_come(session) =>
            {
                Flow::Continue
            }
            // What an unexpected close of a connection that was kept open lost before anything came is asked for again.
            Data::Broken | Data::Waiting
                if self.is_lost(&session.data)
                    && self.bytes == 0
                    && self.again.is_none()
                    && self.direction == Direction::Receive =>
            {
                self.say_again(session, Again::Lost, None);
                Flow::Continue
            }
            _ => {
                self.drop_data(session, Close::Abruptly);
                Flow::Finish(Err(self.incomplete(reply)))
            }
        }
    }

    fn may_still_come(&self, session: &Session) -> bool {
        self.path.failed.is_none() && !self.is_lost(&session.data)
    }

    /// What becomes of the data connection after a transfer that went well: 250 says that it is left open, 226 that it is closed (RFC 959
    /// § 3.2).
    fn leave_data(&mut self, session: &mut Session, code: Code) {
        if !self.leaves_open() {
            return self.drop_data(session, Close::Gracefully);
        }
        let is_left_open = code == Code::FILE_ACTION_COMPLETED;
        if is_left_open || session.shown.keeps.is_none() {
            session.shown.keeps = Some(is_left_open);
        }
        if !is_left_open {
            return self.drop_data(session, Close::Gracefully);
        }
        if let (false, Some(data)) = (self.path.is_kept, self.path.data.take()) {
            let resumed = self.resumed;
            session.data.kept = Some(Kept { data, resumed });
        }
    }

    fn incomplete(&mut self, reply: Reply) -> Failure {
        self.broken_by.take().unwrap_or(Failure::Incomplete {
            reply: Some(reply),
            marker: self.marker.take(),
        })
    }
}

/// Giving up.
impl Transferring {
    /// Gives the transfer up, for this reason. Before its command was sent, and while only its data is outstanding, nothing needs to be
    /// said. Else an ABOR does it; but not where something follows that it might hit, nor where the server waits for a
    /// connection and does not listen: then the data connection is reset, made for that if need be, and the reply to that awaited.
    pub(super) fn abort(&mut self, session: &mut Session, now: Instant, why: Failure) -> Flow {
        if self.is_unwanted() {
            return Flow::Continue;
        }
        if !matches!(self.verb, Said::Issued | Said::Underway) {
            self.drop_data(session, Close::Abruptly);
            return Flow::Finish(Err(why));
        }
        self.giving_up = Some(why);
        let is_connecting = self.path.is_passive()
            && matches!(
                self.path.state,
                Stretch::Asked | Stretch::Offered(_) | Stretch::Connecting
            );
        let is_behind = self.path.is_kept && session.data.user != Some(self.operation);
        if !is_connecting && !is_behind {
            self.drop_data(session, Close::Abruptly);
        }
        if !is_connecting
            && session.awaiting.ends_with(self.operation)
            && session.awaiting.count_transfers() == 1
        {
            self.drop_data(session, Close::Abruptly);
            session.abort_exchange(now, self.operation);
        }
        Flow::Continue
    }

    /// The end of a transfer that was given up, now that the replies are in step.
    pub(super) fn aborted(&mut self) -> Flow {
        Flow::Finish(Err(self.giving_up.take().unwrap_or(Failure::Aborted)))
    }
}

/// `MARK yyyy = mmmm`: the sender's marker and the server's (RFC 959 § 4.2).
fn marker(reply: &Reply) -> Option<RestartMarker> {
    let line = reply.first_line().trim_ascii();
    let rest = match line.split_at_checked(4) {
        Some((word, rest)) if word.eq_ignore_ascii_case(b"MARK") => rest,
        _ => line,
    };
    let at = rest.iter().position(|&byte| byte == b'=')?;
    let (local, server) = rest.split_at_checked(at)?;
    let word = |bytes: &[u8]| Arg::try_from(bytes.trim_ascii()).ok();
    let server = word(server.get(1..)?).filter(|server| !server.is_empty())?;
    Some(RestartMarker {
        server,
        local: word(local),
        offset: None,
    })
}
