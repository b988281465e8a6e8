//! A transfer: TYPE, the way to a data connection, REST, the command, and then two ends in either order, the data's and the
//! reply's. It is complete only when both were good.

use super::exchange::{Action, Failure, Input, Outcome, Transfer, TransferEvent, Wait};
use super::operation::{Flow, TransferRequest};
use super::route::Way;
use super::session::{Session, Timer};
use crate::data::Direction;
use crate::sequence::Step;
use crate::session::{Admission, Close, DataId, OperationId, TransferId};
use crate::time::Instant;
use crate::wire::{Command, Reply, Restart};

#[derive(Debug)]
pub(super) struct Transferring {
    request: TransferRequest,
    direction: Direction,
    id: TransferId,
    state: State,
    /// The way in use, and whether the other one was tried before it.
    way: Option<(Way, bool)>,
    data: Option<DataId>,
    /// Why it shall end as soon as the peer's replies are in step again.
    giving_up: Option<Failure>,
}

#[derive(Debug)]
enum State {
    /// TYPE is sent.
    Representation,
    /// Active: the driver opens a listener.
    Listening,
    /// EPSV, PASV, PORT or EPRT is sent.
    Route,
    /// Passive: the driver connects.
    Connecting,
    /// REST is sent.
    Restart,
    /// The command is sent, and has had no reply.
    Issued,
    /// The data may move. Which of its two ends have come?
    Moving { data: Data, reply: Option<Reply> },
}

/// How the data of a transfer fares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Data {
    Moving,
    Complete(u64),
    Broken,
}

impl Transferring {
    /// Hands back a command that moves no data, or parameters that no codec knows.
    pub(super) fn new(request: TransferRequest, id: OperationId) -> Result<Self, TransferRequest> {
        let direction = request
            .direction()
            .filter(|direction| request.parameters().codec(*direction).is_some());
        let Some(direction) = direction else {
            return Err(request);
        };
        let (state, id) = (State::Representation, TransferId(id.0));
        Ok(Self {
            request,
            direction,
            id,
            state,
            way: None,
            data: None,
            giving_up: None,
        })
    }

    pub(super) fn begin(&mut self, session: &mut Session, now: Instant) -> Flow {
        match self.request.representation {
            Some(wanted) if session.representation != Some(wanted) => {
                session.representation = None;
                session.send(now, Command::Type(wanted));
                Flow::Continue
            }
            _ => self.seek_route(session, now, session.route.first(), false),
        }
    }

    /// Asks for a data connection. An active one needs a listener first.
    fn seek_route(
        &mut self,
        session: &mut Session,
        now: Instant,
        way: Way,
        is_second: bool,
    ) -> Flow {
        self.way = Some((way, is_second));
        if way.is_passive() {
            return self.ask_for_route(session, now, None);
        }
        self.drop_data(session, Close::Gracefully);
        let data = DataId(session.serial.next());
        self.data = Some(data);
        self.state = State::Listening;
        session
            .timers
            .start(Timer::DataOpen, now, session.config.timeouts.data_open);
        session.outputs.act(Action::Listen {
            data,
            address: session.ends.local.ip(),
        });
        Flow::Continue
    }

    fn ask_for_route(
        &mut self,
        session: &mut Session,
        now: Instant,
        at: Option<core::net::SocketAddr>,
    ) -> Flow {
        match self.way.and_then(|(way, _)| way.command(at)) {
            Some(command) => {
                self.state = State::Route;
                session.send(now, command);
                Flow::Continue
            }
            None => self.fail_route(session, now, Failure::NoDataConnection),
        }
    }

    /// One way failed: try the other, once.
    fn fail_route(&mut self, session: &mut Session, now: Instant, failure: Failure) -> Flow {
        session.timers.stop(Timer::DataOpen);
        self.drop_data(session, Close::Gracefully);
        match self.way {
            Some((way, false)) if way.other().is_possible(session.ends) => {
                self.seek_route(session, now, way.other(), true)
            }
            _ => Flow::Finish(Err(failure)),
        }
    }

    pub(super) fn replied(
        &mut self,
        session: &mut Session,
        now: Instant,
        step: Step,
        reply: Reply,
    ) -> Flow {
        if self.giving_up.is_some() && !matches!(self.state, State::Issued | State::Moving { .. }) {
            self.drop_data(session, Close::Abruptly);
            return self.aborted();
        }
        match &mut self.state {
            State::Representation => self.representation_set(session, now, step, reply),
            State::Route => self.route_given(session, now, step, reply),
            State::Restart if step == Step::Intermediate => self.issue(session, now),
            State::Restart => {
                self.drop_data(session, Close::Abruptly);
                Flow::Finish(Err(Failure::Refused(reply)))
            }
            State::Issued => self.first_reply(session, now, step, reply),
            // One more 1xx changes nothing, and above all no deadline.
            State::Moving { .. } if step == Step::Preliminary => Flow::Continue,
            State::Moving { reply: last, .. } => {
                *last = Some(reply);
                self.settle(session, now)
            }
            State::Listening | State::Connecting => Flow::Continue,
        }
    }

    fn representation_set(
        &mut self,
        session: &mut Session,
        now: Instant,
        step: Step,
        reply: Reply,
    ) -> Flow {
        if step != Step::Completed {
            return Flow::Finish(Err(Failure::Refused(reply)));
        }
        session.representation = self.request.representation;
        self.seek_route(session, now, session.route.first(), false)
    }

    fn route_given(
        &mut self,
        session: &mut Session,
        now: Instant,
        step: Step,
        reply: Reply,
    ) -> Flow {
        let Some((way, _)) = self.way else {
            return Flow::Continue;
        };
        if step != Step::Completed {
            return self.fail_route(session, now, Failure::Refused(reply));
        }
        if !way.is_passive() {
            return self.restart(session, now);
        }
        let Some(to) = way.target(&reply, session.ends, session.config.believe_passive_host) else {
            return self.fail_route(session, now, Failure::Malformed(reply));
        };
        let data = DataId(session.serial.next());
        self.data = Some(data);
        self.state = State::Connecting;
        session
            .timers
            .start(Timer::DataOpen, now, session.config.timeouts.data_open);
        session.outputs.act(Action::Connect { data, to });
        Flow::Continue
    }

    fn restart(&mut self, session: &mut Session, now: Instant) -> Flow {
        // A position that was set and never used (a transfer that was refused or given up, a raw REST) would move this one.
        if self.request.offset == 0 && !session.position_pending {
            return self.issue(session, now);
        }
        self.state = State::Restart;
        session.send(now, Command::Rest(Restart::Offset(self.request.offset)));
        Flow::Continue
    }

    fn issue(&mut self, session: &mut Session, now: Instant) -> Flow {
        self.state = State::Issued;
        session.send(now, self.request.command.clone());
        Flow::Continue
    }

    /// The 1xx lets the data move. A 2xx without one is the end of a download whose data may still be on its way; an upload cannot be
    /// complete before it has begun.
    fn first_reply(
        &mut self,
        session: &mut Session,
        now: Instant,
        step: Step,
        reply: Reply,
    ) -> Flow {
        let last = match step {
            Step::Preliminary => None,
            Step::Completed if self.direction == Direction::Receive => Some(reply),
            Step::Completed => {
                self.drop_data(session, Close::Abruptly);
                return Flow::Finish(Err(Failure::Incomplete(Some(reply))));
            }
            _ => {
                self.drop_data(session, Close::Abruptly);
                return Flow::Finish(Err(Failure::Refused(reply)));
            }
        };
        self.state = State::Moving {
            data: Data::Moving,
            reply: last,
        };
        self.start_moving(session, now);
        Flow::Continue
    }

    fn start_moving(&self, session: &mut Session, now: Instant) {
        let (Some(data), Some((way, _))) = (self.data, self.way) else {
            return;
        };
        session.timers.stop(Timer::Reply);
        if way.is_passive() {
            session.timers.start(
                Timer::DataProgress,
                now,
                session.config.timeouts.data_progress,
            );
        } else {
            session
                .timers
                .start(Timer::DataOpen, now, session.config.timeouts.data_open);
        }
        session.outputs.act(Action::Transfer(Transfer {
            id: self.id,
            data,
            admission: Admission::only(session.ends.peer.ip()),
            direction: self.direction,
            parameters: self.request.parameters(),
        }));
    }

    /// Whether only the data's end is outstanding.
    pub(super) const fn has_final_reply(&self) -> bool {
        matches!(self.state, State::Moving { reply: Some(_), .. })
    }

    /// What the driver tells of the data connection.
    pub(super) fn happened(&mut self, session: &mut Session, now: Instant, input: Input) -> Flow {
        match input {
            Input::Connected(data) if self.data == Some(data) => self.connected(session, now),
            Input::NotConnected(data) if self.data == Some(data) => {
                self.not_connected(session, now)
            }
            Input::Listening(data, at)
                if self.data == Some(data) && matches!(self.state, State::Listening) =>
            {
                session.timers.stop(Timer::DataOpen);
                match at {
                    Some(at) => self.ask_for_route(session, now, Some(at)),
                    None => self.fail_route(session, now, Failure::NoDataConnection),
                }
            }
            Input::Transfer(id, event) if self.id == id => self.moved(session, now, &event),
            _ => Flow::Continue,
        }
    }

    fn connected(&mut self, session: &mut Session, now: Instant) -> Flow {
        session.timers.stop(Timer::DataOpen);
        if let Some((way, _)) = self.way {
            session.route.worked(way);
        }
        match self.state {
            State::Connecting => self.restart(session, now),
            State::Moving {
                data: Data::Moving, ..
            } => {
                session.timers.start(
                    Timer::DataProgress,
                    now,
                    session.config.timeouts.data_progress,
                );
                Flow::Continue
            }
            _ => Flow::Continue,
        }
    }

    fn not_connected(&mut self, session: &mut Session, now: Instant) -> Flow {
        match self.state {
            State::Connecting => self.fail_route(session, now, Failure::NoDataConnection),
            State::Moving {
                data: Data::Moving, ..
            } => self.moved(session, now, &TransferEvent::Broken),
            _ => Flow::Continue,
        }
    }

    fn moved(&mut self, session: &mut Session, now: Instant, event: &TransferEvent) -> Flow {
        let State::Moving {
            data: data @ Data::Moving,
            ..
        } = &mut self.state
        else {
            return Flow::Continue;
        };
        match event {
            TransferEvent::Progress(_) => {
                session.timers.start(
                    Timer::DataProgress,
                    now,
                    session.config.timeouts.data_progress,
                );
                return Flow::Continue;
            }
            TransferEvent::Ended { bytes, end: _ } => *data = Data::Complete(*bytes),
            TransferEvent::Broken => *data = Data::Broken,
        }
        session.timers.stop(Timer::DataOpen);
        session.timers.stop(Timer::DataProgress);
        self.settle(session, now)
    }

    /// Ends the operation once both ends have come, or once one of them was bad and the other does not matter any more.
    fn settle(&mut self, session: &mut Session, now: Instant) -> Flow {
        if self.giving_up.is_some() {
            return Flow::Continue;
        }
        let State::Moving { data, reply } = &mut self.state else {
            return Flow::Continue;
        };
        match (*data, reply.take()) {
            (Data::Complete(bytes), Some(reply)) if reply.class().is_positive() => self.finish(
                session,
                Close::Gracefully,
                Ok(Outcome::Transferred { bytes, reply }),
            ),
            // Refused at the end: what data had moved does not count, and no more need come.
            (_, Some(reply)) if reply.class().is_negative() => self.finish(
                session,
                Close::Abruptly,
                Err(Failure::Incomplete(Some(reply))),
            ),
            // And a server that calls an upload complete before it had its end means something else than this file.
            (Data::Moving, Some(reply)) if self.direction == Direction::Send => self.finish(
                session,
                Close::Abruptly,
                Err(Failure::Incomplete(Some(reply))),
            ),
            (Data::Broken, Some(reply)) => self.finish(
                session,
                Close::Abruptly,
                Err(Failure::Incomplete(Some(reply))),
            ),
            (Data::Moving, last) => {
                *reply = last;
                Flow::Continue
            }
            // The data has ended one way or the other: the final reply must come now. The connection is let go of first, since the
            // server may wait for its close.
            (Data::Complete(_) | Data::Broken, _) => {
                let how = if *data == Data::Broken {
                    Close::Abruptly
                } else {
                    Close::Gracefully
                };
                self.drop_data(session, how);
                session
                    .timers
                    .start(Timer::Reply, now, session.config.timeouts.reply);
                Flow::Continue
            }
        }
    }

    fn finish(
        &mut self,
        session: &mut Session,
        how: Close,
        result: Result<Outcome, Failure>,
    ) -> Flow {
        session.timers.stop(Timer::DataOpen);
        session.timers.stop(Timer::DataProgress);
        self.drop_data(session, how);
        Flow::Finish(result)
    }

    pub(super) fn timed_out(&mut self, session: &mut Session, now: Instant, timer: Timer) -> Flow {
        match (&self.state, timer) {
            (State::Connecting | State::Listening, _) => {
                self.fail_route(session, now, Failure::Timeout(Wait::DataOpen))
            }
            (_, Timer::DataOpen) => self.abort(session, now, Failure::Timeout(Wait::DataOpen)),
            _ => self.abort(session, now, Failure::Timeout(Wait::DataProgress)),
        }
    }

    /// Gives the transfer up, for this reason. A reply that is on its way before the command was sent ends it; while only this side
    /// or the data is waited for nothing needs to be said; else an ABOR does it.
    pub(super) fn abort(&mut self, session: &mut Session, now: Instant, why: Failure) -> Flow {
        if self.giving_up.is_some() {
            return Flow::Continue;
        }
        self.giving_up = Some(why);
        match &self.state {
            State::Representation | State::Route | State::Restart => Flow::Continue,
            State::Listening | State::Connecting | State::Moving { reply: Some(_), .. } => {
                self.drop_data(session, Close::Abruptly);
                session.timers.stop(Timer::DataOpen);
                session.timers.stop(Timer::DataProgress);
                self.aborted()
            }
            State::Issued | State::Moving { .. } => {
                session.timers.stop(Timer::DataOpen);
                session.timers.stop(Timer::DataProgress);
                self.drop_data(session, Close::Abruptly);
                session.abort_exchange(now);
                Flow::Continue
            }
        }
    }

    /// The end of a transfer that was given up, now that the replies are in step.
    pub(super) fn aborted(&mut self) -> Flow {
        Flow::Finish(Err(self.giving_up.take().unwrap_or(Failure::Aborted)))
    }

    pub(super) fn drop_data(&mut self, session: &mut Session, how: Close) {
        if let Some(data) = self.data.take() {
            session.outputs.act(Action::Drop(data, how));
        }
    }
}
