//! Finding the place in the replies again, where nobody can say how many are on their way.

use super::config::AbortStyle;
use super::exchange::Event;
use super::kept::Decoy;
use super::replies::Part;
use super::route::Way;
use super::server::Queues;
use super::session::{Session, Stage, Timer};
use crate::session::OperationId;
use crate::time::Instant;
use crate::wire::telnet::{DM, IAC, IP};
use crate::wire::{Class, Code, Command, Reply};

/// How far the replies have been followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Resync {
    /// ABOR was sent, and no final reply has come yet, to the transfer or to the ABOR.
    Aborting,
    /// The NOOP was sent. Did another reply come since?
    Probed { another: bool },
    /// PWD was sent, since nothing else that may be on its way is a 257: a 200 came that may be the NOOP's, or an unusual one to what was
    /// before it; or commands may have been lost.
    Confirming,
}

impl Session {
    /// Gives up the transfer that runs, with nothing behind it. How many replies an ABOR gets depends on the server and on what was on
    /// its way, so they are not counted: after the first one a NOOP is sent, and whatever comes before its 200 is the past. Where that
    /// 200 might be the ABOR's own, a PWD makes sure: a NOOP's late 200 would be taken for the answer to the next command.
    pub(super) fn abort_exchange(&mut self, now: Instant, id: OperationId) {
        self.append_synch();
        self.append_untracked(Command::Abor);
        // Whether the command has used it up is not known.
        self.position_pending |= self.awaiting.has(|part| part == Part::Restart);
        self.awaiting.clear();
        self.begin_following(now, Resync::Aborting, Some(id));
    }

    /// Some commands were lost, or are answered later: whatever comes before the answer to PWD is the past. Nothing that is sent behind a
    /// transfer is answered with a 257.
    pub(super) fn begin_resync(&mut self, now: Instant) {
        self.append_untracked(Command::Pwd);
        self.begin_following(now, Resync::Confirming, None);
    }

    fn begin_following(&mut self, now: Instant, how_far: Resync, aborted: Option<OperationId>) {
        self.stage = Stage::Resynchronising(how_far, aborted);
        if let Queues::Probing(_) = self.shown.queues {
            self.shown.queues = Queues::Unknown;
        }
        self.timers
            .start(Timer::Abort, now, self.config.timeouts.abort);
    }

    /// Telnet's Interrupt Process and Synch (RFC 959 § 4.1.3, RFC 854), for servers that take a look at the control connection only for
    /// them. TLS knows no urgent data, and they are sent over it like anything else (RFC 4217 § 14).
    pub(super) fn append_synch(&mut self) {
        const SYNCH: [u8; 4] = [IAC, IP, IAC, DM];
        if self.config.abort == AbortStyle::Plain {
            return;
        }
        if self.channel.is_secured() {
            self.out.append(|bytes| bytes.extend_from_slice(&SYNCH));
        } else {
            self.out.append_urgent(&SYNCH);
        }
    }

    fn append_untracked(&mut self, command: Command) {
        self.out.append(|bytes| command.encode(bytes));
        if self.config.trace {
            self.outputs.tell(Event::Sent(command));
        }
    }

    pub(super) fn resynchronise(
        &mut self,
        how_far: Resync,
        aborted: Option<OperationId>,
        reply: &Reply,
    ) {
        let mut follow = |how_far| self.stage = Stage::Resynchronising(how_far, aborted);
        match (how_far, reply.code()) {
            _ if reply.class() == Class::Preliminary => {}
            // A command that was thought lost waits for its data connection, and would let everything behind it wait.
            (Resync::Confirming, code) if aborted.is_none() && Way::of(code).is_some() => {
                let believes = self.config.believe_passive_host;
                let way = Way::of(code);
                let to = way.and_then(|way| way.target(reply, self.ends, believes));
                self.drop_decoy();
                self.data.decoy = to.map(Decoy::Wanted);
            }
            (Resync::Aborting, _) => {
                follow(Resync::Probed { another: false });
                self.append_untracked(Command::Noop);
            }
            (Resync::Probed { another: false }, Code::OK) => {
                follow(Resync::Confirming);
                self.append_untracked(Command::Pwd);
            }
            (Resync::Probed { another: true }, Code::OK) | (Resync::Confirming, Code::PATHNAME) => {
                self.stage = Stage::Open;
                self.drop_decoy();
                if let Some(id) = aborted {
                    self.with_transfer(id, |transfer, _| transfer.aborted());
                }
            }
            (Resync::Probed { .. }, _) => follow(Resync::Probed { another: true }),
            (Resync::Confirming, _) => {}
        }
    }
}
