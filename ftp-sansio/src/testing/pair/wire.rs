//! One end of a data connection: what comes over it and what goes, in clear text or under the tests' TLS.

use alloc::vec::Vec;

use crate::testing::channel::{Channel, Heard};
use crate::testing::network::{Network, Parcel};
use crate::tls::{Protection, TlsRole};

#[derive(Debug)]
pub(super) struct Wire {
    link: usize,
    is_server: bool,
    channel: Channel,
    /// Its TLS has to be up before anything else.
    in_handshake: bool,
    is_protected: bool,
}

/// What came.
#[derive(Debug)]
pub(super) enum Came {
    Nothing,
    Bytes(Vec<u8>),
    /// TLS is up.
    Secured,
    /// TLS could not be had.
    NotSecured,
    /// The end, in order.
    End,
    Broken,
}

impl Wire {
    pub(super) fn new(link: usize, is_server: bool, protection: Protection) -> Self {
        let mut channel = Channel::default();
        if let Protection::Tls(role) = protection {
            channel.start_tls(role == TlsRole::Client);
        }
        let is_protected = protection != Protection::Clear;
        Self {
            link,
            is_server,
            channel,
            in_handshake: is_protected,
            is_protected,
        }
    }

    pub(super) const fn in_handshake(&self) -> bool {
        self.in_handshake
    }

    /// The next thing that has arrived.
    pub(super) fn take(&mut self, network: &mut Network) -> Came {
        self.say_hello(network);
        loop {
            if self.channel.has_unread() {
                return Came::Bytes(self.channel.take_unread());
            }
            match self.channel.next(true) {
                None => {}
                Some(Heard::Bytes) => continue,
                Some(Heard::Up) => {
                    self.say_hello(network);
                    self.in_handshake = false;
                    return Came::Secured;
                }
                Some(Heard::Ended) => return Came::End,
                Some(Heard::Failed | Heard::Down) if self.in_handshake => return Came::NotSecured,
                Some(Heard::Failed | Heard::Down) => return Came::Broken,
            }
            let now = network.now;
            let link = network.link(self.link);
            let incoming = if self.is_server {
                &mut link.to_server
            } else {
                &mut link.to_client
            };
            match incoming.take(now) {
                None => return Came::Nothing,
                Some(Parcel::Bytes(bytes)) => self.channel.bring(&bytes),
                Some(Parcel::Fin) if self.in_handshake => return Came::NotSecured,
                // Under TLS a FIN is no end.
                Some(Parcel::Fin) if !self.is_protected => return Came::End,
                Some(Parcel::Fin | Parcel::Reset) => return Came::Broken,
            }
        }
    }

    /// Gives back what was not wanted yet.
    pub(super) fn put_back(&mut self, bytes: Vec<u8>) {
        self.channel.put_back(bytes);
    }

    /// Whether it is gone, while nobody wants anything of it: what came before the end is the beginning of a transfer.
    pub(super) fn is_gone(&mut self, network: &mut Network) -> bool {
        match self.take(network) {
            Came::Nothing => false,
            Came::Bytes(bytes) => {
                self.put_back(bytes);
                false
            }
            Came::Secured | Came::NotSecured | Came::End | Came::Broken => true,
        }
    }

    fn say_hello(&mut self, network: &mut Network) {
        if let Some(hello) = self.channel.hello() {
            network.send(self.link, self.is_server, Parcel::Bytes(hello));
        }
    }

    /// False where it stalls.
    pub(super) fn send(&mut self, network: &mut Network, bytes: &[u8]) -> bool {
        if network.stalls(self.link) {
            return false;
        }
        let bytes = self.channel.wrap(bytes);
        network.send(self.link, self.is_server, Parcel::Bytes(bytes))
    }

    /// Ends it in order. False where it stalls.
    pub(super) fn close(&mut self, network: &mut Network) -> bool {
        if network.stalls(self.link) {
            return false;
        }
        if let Some(close) = self.channel.stop_tls() {
            network.send(self.link, self.is_server, Parcel::Bytes(close));
        }
        network.send(self.link, self.is_server, Parcel::Fin)
    }

    pub(super) fn reset(&self, network: &mut Network) {
        network.send(self.link, self.is_server, Parcel::Reset);
    }
}
