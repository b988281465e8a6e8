//! TLS in a server's transcript: what the driver is asked for, and what comes of it. No byte is encrypted.

use alloc::format;

use super::super::arg;
use super::Server;
use crate::server::Input;
use crate::testing::escape::quoted;
use crate::tls::{TlsEvent, TlsFacts, TlsTicket};

/// What the driver's engine is doing on the control connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tls {
    Off,
    Starting,
    Up,
    Stopping,
}

impl Server {
    /// TLS is up before the transcript begins.
    pub(super) fn secure(&mut self) {
        if self.tls == Tls::Off {
            self.say("AUTH TLS\r\n");
        }
        self.handshake_ends(TlsEvent::Up(TlsFacts::default()));
        self.observed.clear();
    }

    pub(super) fn start_tls(&mut self, _ticket: TlsTicket) {
        assert!(self.tls == Tls::Off, "TLS was begun already");
        assert!(
            self.session.transmit().is_none(),
            "something is to be sent in the clear"
        );
        self.tls = Tls::Starting;
        self.tell("tls: starts");
        self.feed_tls();
    }

    pub(super) fn stop_tls(&mut self) {
        assert!(self.tls == Tls::Up, "there is no TLS to stop");
        self.tls = Tls::Stopping;
        self.tell("tls: stops");
    }

    /// What the session has not taken is ciphertext.
    pub(super) fn feed_tls(&mut self) {
        if !self.unread.is_empty() {
            let bytes = core::mem::take(&mut self.unread);
            self.tell(format!("tls: gets {}", quoted(&bytes)));
        }
    }

    fn handshake_ends(&mut self, event: TlsEvent) {
        self.tls = match (self.tls, &event) {
            (Tls::Starting, TlsEvent::Up(_)) => Tls::Up,
            (Tls::Stopping, TlsEvent::Down) => Tls::Off,
            (Tls::Starting | Tls::Stopping | Tls::Up, TlsEvent::Failed) => Tls::Off,
            _ => panic!("nobody waits for this"),
        };
        self.handle(Input::Tls(event));
    }

    /// False for a line that tells what must have happened.
    pub(super) fn tls(&mut self, what: &str) -> bool {
        let event = match what.split_once(" with sni ") {
            Some(("up", host)) => TlsEvent::Up(TlsFacts::new(Some(arg(host)), false)),
            _ => match what {
                "up" => TlsEvent::Up(TlsFacts::default()),
                "down" => TlsEvent::Down,
                "fails" => TlsEvent::Failed,
                _ => return false,
            },
        };
        self.handshake_ends(event);
        true
    }
}
