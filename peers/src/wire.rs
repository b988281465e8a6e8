//! A bare control connection, for what no client would do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

/// A control connection on which a test says each line itself.
#[derive(Debug)]
pub struct Wire(BufReader<TcpStream>);

/// A reply as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its three digits.
    pub code: u16,
    /// All its lines, with their ends.
    pub text: String,
}

impl Wire {
    /// Connects, without waiting for the greeting.
    pub fn connect(server: SocketAddr) -> Self {
        Self(BufReader::new(connect(server)))
    }

    /// Connects and logs in.
    pub fn login(server: SocketAddr, user: &str, password: &str) -> Self {
        let mut wire = Self::connect(server);
        assert_eq!(wire.answer().code, 220, "a greeting");
        wire.expect(&format!("USER {user}"), 331);
        wire.expect(&format!("PASS {password}"), 230);
        wire
    }

    /// Sends a line.
    pub fn send(&mut self, line: &str) {
        self.0
            .get_mut()
            .write_all(format!("{line}\r\n").as_bytes())
            .expect("the server takes a line");
    }

    /// Sends a line and reads its reply.
    pub fn ask(&mut self, line: &str) -> Answer {
        self.send(line);
        self.answer()
    }

    /// Sends a line whose reply has this code.
    #[track_caller]
    pub fn expect(&mut self, line: &str, code: u16) -> Answer {
        let answer = self.ask(line);
        assert_eq!(answer.code, code, "{line}: {}", answer.text);
        answer
    }

    /// Reads a reply, of one line or of several.
    #[track_caller]
    pub fn answer(&mut self) -> Answer {
        let mut text = self.line();
        let code: u16 = text
            .get(..3)
            .and_then(|code| code.parse().ok())
            .unwrap_or_else(|| panic!("no code: {text:?}"));
        let last = format!("{code} ");
        let mut more = text.as_bytes().get(3) == Some(&b'-');
        while more {
            let line = self.line();
            more = !line.starts_with(&last);
            text.push_str(&line);
        }
        Answer { code, text }
    }

    #[track_caller]
    fn line(&mut self) -> String {
        let mut line = Vec::new();
        let read = self.0.read_until(b'\n', &mut line);
        assert!(matches!(read, Ok(count) if count > 0), "no line: {read:?}");
        String::from_utf8_lossy(&line).into_owned()
    }

    /// Opens a data connection by EPSV.
    pub fn data(&mut self) -> TcpStream {
        let answer = self.expect("EPSV", 229);
        let port = answer
            .text
            .split('|')
            .nth(3)
            .and_then(|port| port.parse().ok());
        let mut server = self
            .0
            .get_ref()
            .peer_addr()
            .expect("a connection has a peer");
        server.set_port(port.unwrap_or_else(|| panic!("no port: {}", answer.text)));
        connect(server)
    }

    /// Sends the line that begins a transfer, which the server takes as a start.
    #[track_caller]
    pub fn begin(&mut self, line: &str) {
        let answer = self.ask(line);
        assert!(matches!(answer.code, 125 | 150), "{line}: {}", answer.text);
    }

    /// Fetches a file whole.
    pub fn retrieve(&mut self, name: &str) -> Vec<u8> {
        let mut data = self.data();
        self.begin(&format!("RETR {name}"));
        let mut bytes = Vec::new();
        data.read_to_end(&mut bytes).expect("the file's bytes");
        assert_eq!(self.answer().code, 226);
        bytes
    }
}

fn connect(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&server, LIMIT);
    let stream = stream.unwrap_or_else(|error| panic!("cannot connect to {server}: {error}"));
    stream
        .set_read_timeout(Some(LIMIT))
        .expect("a limit can be set");
    stream
        .set_write_timeout(Some(LIMIT))
        .expect("a limit can be set");
    stream
}
