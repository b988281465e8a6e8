//! A transfer's two ends in either order, the data's and the reply's: it is complete only when both were good. And giving it up.

use super::exchange::{Event, Outcome, RestartMarker};
use super::failure::Failure;
use super::kept::Kept;
use super::queue::Flow;
use super::replies::Part;
use super::session::{Session, Timer};
use super::transfer::{Again, Data, Said, Stretch, Transferring};
use crate::data::Direction;
use crate::sequence::Step;
use crate::session::Close;
use crate::time::Instant;
use crate::wire::{Arg, Code, Reply};

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
                self.retreat(session);
                Flow::Finish(Err(Failure::Refused(reply)))
            }
            Part::Route(attempt) if attempt == self.path.attempt => {
                self.route_given(session, step, reply)
            }
            Part::Restart if step == Step::Intermediate => {
                self.position_accepted();
                Flow::Continue
            }
            // A precaution, against a position that the server seems not to have taken either.
            Part::Restart if self.request.start.is_none() && !session.shown.restarts => {
                session.position_pending = false;
                self.position_accepted();
                Flow::Continue
            }
            // A connection that was kept open may be moving another's data.
            Part::Restart if matches!(self.verb, Said::Unsaid) => {
                self.retreat(session);
                Flow::Finish(Err(Failure::Refused(reply)))
            }
            // The command is in flight: its data is from the beginning of the file, and not wanted.
            Part::Restart => self.abort(session, now, Failure::Refused(reply)),
            Part::Verb if step == Step::Preliminary => {
                self.begun(session, now, reply);
                Flow::Continue
            }
            Part::Verb => self.answered(session, reply),
            Part::Route(_) | Part::Setting(_) | Part::Pret | Part::Only => Flow::Continue,
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
        session.shown.has_paired |= self.is_pair;
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
        if self.is_unwanted() {
            return self.aborted();
        }
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
            // What there is of it comes off the connection after the data of the one before.
            _ if self.is_anothers_turn(session) => {
                self.giving_up = Some(self.incomplete(reply));
                Flow::Continue
            }
            _ => {
                self.drop_data(session, Close::Abruptly);
                Flow::Finish(Err(self.incomplete(reply)))
            }
        }
    }

    /// Whether the connection that was kept open for it moves the data of another one.
    fn is_anothers_turn(&self, session: &Session) -> bool {
        let user = session.data.user;
        self.path.is_kept
            && !self.is_lost(&session.data)
            && user.is_some_and(|user| user != self.operation)
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
        let is_there = self.path.data.is_some() && !self.is_lost(&session.data);
        let is_left_open = is_there && code == Code::FILE_ACTION_COMPLETED;
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
        // What it has on a connection that others use comes off it in its turn.
        let is_behind = self.path.is_kept && session.data.user != Some(self.operation);
        match self.verb {
            Said::Unsaid => {
                self.retreat(session);
                return Flow::Finish(Err(why));
            }
            Said::Answered(_) if !is_behind => {
                self.drop_data(session, Close::Abruptly);
                return Flow::Finish(Err(why));
            }
            _ => self.giving_up = Some(why),
        }
        if let Said::Answered(_) = self.verb {
            return Flow::Continue;
        }
        let is_connecting = self.path.is_passive()
            && matches!(
                self.path.state,
                Stretch::Asked | Stretch::Offered(_) | Stretch::Connecting
            );
        // An ABOR would hit the data of the one before as well.
        if is_connecting || self.is_anothers_turn(session) {
            return Flow::Continue;
        }
        if session.awaiting.is_all_of(self.operation) {
            self.drop_data(session, Close::Abruptly);
            session.abort_exchange(now, self.operation);
        } else if !is_behind {
            self.drop_data(session, Close::Abruptly);
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
