//! A peer that speaks bytes on a bare socket: whatever a test wants said, to a server or to a client.

use std::io;
use std::net::{IpAddr, SocketAddr};

use super::site::{ANNA, Site};
use super::support::{LOCALHOST, accept, join, read, read_to_end, write_all};
use crate::runtime::{Listener, Runtime, Stream};

pub(super) struct Peer<R: Runtime> {
    runtime: R,
    pub(super) stream: R::Stream,
    /// Read from the socket, and not taken yet.
    read: Vec<u8>,
}

impl<R: Runtime> Peer<R> {
    pub(super) fn of(runtime: &R, stream: R::Stream) -> Self {
        Self::having_read(runtime, stream, Vec::new())
    }

    /// One that goes on where `read` was read already.
    pub(super) fn having_read(runtime: &R, stream: R::Stream, read: Vec<u8>) -> Self {
        Self {
            runtime: runtime.clone(),
            stream,
            read,
        }
    }

    /// Connects; the greeting is still to be heard.
    pub(super) async fn connect(site: &Site<R>) -> Self {
        Self::connect_from(site, LOCALHOST).await
    }

    pub(super) async fn connect_from(site: &Site<R>, from: IpAddr) -> Self {
        let stream = site.runtime.connect(site.at, Some(from)).await.unwrap();
        Self::of(&site.runtime, stream)
    }

    /// Logged in as anna, under TYPE I.
    pub(super) async fn login(site: &Site<R>) -> Self {
        let mut peer = Self::connect(site).await;
        peer.hear("220").await;
        peer.ask(&format!("USER {}", ANNA.0), "331").await;
        peer.ask(&format!("PASS {}", ANNA.1), "230").await;
        peer.ask("TYPE I", "200").await;
        peer
    }

    pub(super) async fn say(&mut self, line: &str) {
        write_all(&mut self.stream, format!("{line}\r\n").as_bytes())
            .await
            .unwrap();
    }

    /// One line without its end; nothing after the peer's last.
    pub(super) async fn line(&mut self) -> io::Result<Option<String>> {
        let mut buffer = [0; 1000];
        loop {
            if let Some(end) = self.read.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.read.drain(..end + 2).take(end).collect();
                return Ok(Some(String::from_utf8(line).unwrap()));
            }
            match read(&mut self.stream, &mut buffer).await? {
                0 => return Ok(None),
                count => self.read.extend_from_slice(&buffer[..count]),
            }
        }
    }

    /// A whole reply, which must have this code.
    pub(super) async fn hear(&mut self, code: &str) -> String {
        let mut reply = String::new();
        loop {
            let line = self.line().await.expect("the connection broke");
            let line = line.unwrap_or_else(|| panic!("the end came instead of {code}"));
            reply.push_str(&line);
            if line.get(3..4) == Some(" ") && line.as_bytes()[0].is_ascii_digit() {
                break;
            }
            reply.push('\n');
        }
        assert!(reply.starts_with(code), "{reply:?} instead of {code}");
        reply
    }

    pub(super) async fn ask(&mut self, line: &str, code: &str) -> String {
        self.say(line).await;
        self.hear(code).await
    }

    /// Nothing more comes, and the end is in order.
    pub(super) async fn hear_the_end(&mut self) {
        assert_eq!(self.line().await.expect("not a reset"), None);
    }

    /// Waits until the other side is gone, in whichever way.
    pub(super) async fn outlive(&mut self) {
        while matches!(self.line().await, Ok(Some(_))) {}
    }

    /// Asks for a passive port.
    pub(super) async fn passive(&mut self) -> SocketAddr {
        let reply = self.ask("EPSV", "229").await;
        let port = reply.split('|').nth(3).unwrap().parse().unwrap();
        SocketAddr::new(self.stream.peer_addr().unwrap().ip(), port)
    }

    /// Begins a transfer, up to its 150.
    pub(super) async fn open(&mut self, command: &str) -> R::Stream {
        let at = self.passive().await;
        let data = self.runtime.connect(at, None).await.unwrap();
        self.ask(command, "150").await;
        data
    }

    /// Everything that a command sends over a data connection.
    pub(super) async fn fetch(&mut self, command: &str) -> Vec<u8> {
        let mut data = self.open(command).await;
        let all = read_to_end(&mut data).await.unwrap();
        self.hear("226").await;
        all
    }

    pub(super) async fn store(&mut self, command: &str, content: &[u8]) {
        let mut data = self.open(command).await;
        write_all(&mut data, content).await.unwrap();
        drop(data);
        self.hear("226").await;
    }

    /// As a server: hears a command and answers it.
    pub(super) async fn answer(&mut self, command: &str, reply: &str) {
        let line = self.line().await.unwrap().expect("the client is gone");
        assert!(line.starts_with(command), "{line:?} instead of {command}");
        self.say(reply).await;
    }

    /// As a server: opens a passive port, and then says this to the command for which it is.
    pub(super) async fn answer_transfer(&mut self, command: &str, reply: &str) -> R::Stream {
        let own = self.stream.local_addr().unwrap().ip();
        let mut listener = self.runtime.listen(SocketAddr::new(own, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        self.answer("EPSV", &format!("229 Here (|||{port}|)")).await;
        let (stream, _) = accept(&mut listener).await;
        self.answer(command, reply).await;
        stream
    }
}

/// Runs a server that follows a script for one connection, and what a client does with it.
pub(super) async fn scripted<R: Runtime, T>(
    runtime: &R,
    script: impl AsyncFnOnce(Peer<R>),
    client: impl AsyncFnOnce(SocketAddr) -> T,
) -> T {
    let mut listener = runtime.listen(SocketAddr::new(LOCALHOST, 0)).unwrap();
    let at = listener.local_addr().unwrap();
    let server = async {
        let (stream, _) = accept(&mut listener).await;
        script(Peer::of(runtime, stream)).await;
    };
    join(server, client(at)).await.1
}
