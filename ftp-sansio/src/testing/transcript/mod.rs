//! Transcripts: tests that read as documents.
//!
//! A transcript is a conversation, a line for everything that happens. `C:` and `S:` are what the client and the server say on
//! the control connection, without the CRLF; bytes that do not print are written `\xNN` (`\xNN{5000}` for very many).
//! `+300s` lets time pass, `#` begins a comment, and `given:` lines at the start say how the world is. What goes on outside of
//! the control connection is told in a few words, such as `data: connects`.
//!
//! [`server`] plays the lines of the client, and expects everything else from a server's session; [`client`] the other way
//! round. Nothing may happen that the transcript does not tell, and nothing may be missing. Each transcript is run twice, the
//! second time with every byte by itself.
//!
//! # A server's transcript
//!
//! The store is empty, and knows `anna` and `guest` (who may only read) with the password `hush`.
//!
//! | line | |
//! |---|---|
//! | `given: file /a "text"`, `given: folder /pub`, `given: room 3` | what the store holds, and how much fits into it |
//! | `given: logged in` (`as guest`) | the conversation begins after the 230 |
//! | `given: ipv6`, `given: on one machine`, `given: public ip 198.51.100.4`, `given: active off`, `given: attempts 3`, `given: no ports` | the server |
//! | `given: plain store`, `given: own words` | the store reads, writes and names files and no more; it knows `SITE GREET` |
//! | `given: tls allowed`, `given: tls required`, `given: implicit tls`, `given: data tls required`, `given: resumption required`, `given: ccc` | its TLS |
//! | `given: host ftp.example.com`, `given: fxp`, `given: data never kept`, `given: markers every 4` | the hosts it knows; whether two servers may meet here; no data connection stays open; restart markers |
//! | `given: secured`, `given: private data` | the conversation begins under TLS (before `logged in`); PROT P was said |
//! | `given: too many sessions`, `given: events` | it turns the client away; its events are told (`event:`) |
//! | `given: logins` | who asks to be let in is told (`driver: anna of ftp.example.com, protected: true`) |
//! | `given: slow answers`, `given: slow aborts` | the driver answers only when told: `driver: answers`, `driver: aborts` |
//! | `C: line`, `C-part: bytes` | the client sends a line, or bytes without an end of line |
//! | `control: closes`, `control: breaks`, `control: stops reading`, `control: reads again`, `server: stops` | |
//! | `tls: up` (`with sni ftp.example.com`), `tls: fails`, `tls: down` | what came of TLS on the control connection |
//! | `data: connects`, `data: connects from 203.0.113.5` | somebody comes to the passive port |
//! | `data: accepts`, `data: refuses` | the answer to a connection that the server makes |
//! | `data: secured`, `data: secured, not resumed`, `data: handshake fails` | what came of TLS on the data connection |
//! | `data: sends "text"`, `data: closes`, `data: resets` | the client's end of the data connection; also of one that stayed open |
//! | `data: receives "text"` | the client reads the next bytes of the data; they must be these |
//! | `data: ends` | the client has read all there is, and the end |
//! | `S: line` | *expected*: a line of the server |
//! | `data: calls 192.0.2.7:2000`, `data: turns away 203.0.113.5`, `data: 50001 is closed`, `data: is aborted` | *expected* |
//! | `data: awaits tls`, `data: begins tls` | *expected*: the handshake on a data connection, with the server in TLS's part of the server or of the client |
//! | `data: stays open`, `data: is closed` | *expected*: the data connection is kept for the next transfer, or that one is given up |
//! | `tls: starts`, `tls: stops` | *expected*: TLS on the control connection is to begin, or to end |
//! | `tls: gets "bytes"` | *expected*: bytes that the session had not taken when TLS was to begin |
//! | `closed: gracefully`, `closed: abruptly` | *expected*: the control connection's end |
//!
//! # A client's transcript
//!
//! Results come in the order in which things were asked for; one out of its turn says whose it is (`result of retrieve b: …`).
//!
//! | line | |
//! |---|---|
//! | `given: passive host port`, `given: passive long`, `given: active`, `given: active long`, `given: believe passive host`, `given: ipv6`, `given: pret` | the ways to data connections |
//! | `given: greeted`, `given: step by step`, `given: eager uploads`, `given: synch`, `given: keepalive 60s`, `given: beginnings` | the client; without pipelining; the first 1xx of every transfer is told |
//! | `given: explicit tls`, `given: implicit tls`, `given: clear data`, `given: resumption` | its TLS |
//! | `S: line`, `S-part: bytes` | the server sends a line, or bytes without an end of line |
//! | `control: closes`, `control: breaks`, `control: given up` | the last by the driver |
//! | `tls: up`, `tls: up again` (resumed), `tls: fails`, `tls: down` | what became of TLS on the control connection |
//! | `user: login anna hush` (`account`), `user: secure`, `user: clear`, `user: retrieve a` (`from 5`, `as text`, `in records`, `in blocks`), `user: resume a at 42` (`in blocks`), `user: store a "text"`, `user: append a "text"`, `user: list` (`pub`), `user: names`, `user: facts`, `user: relay STOR a` | what the user asks for |
//! | `user: pwd`, `user: size a`, `user: time a`, `user: features`, `user: facts of a`, `user: space`, `user: digest XMD5 a`, `user: lines HELP`, `user: address PASV`, `user: do DELE a`, `user: raw SITE x`, `user: rename a to b` | |
//! | `user: abort` (`retrieve b`), `user: quit`, `user: asks for status` | |
//! | `data: connected`, `data: refused` | the answer to the connection that the client made last |
//! | `data: listening 192.0.2.7:40001`, `data: cannot listen`, `data: accepted` | active mode |
//! | `data: secured`, `data: resumed`, `data: cannot be secured` | the data connection's TLS |
//! | `data: brings "text"`, `data: marks 42`, `data: ends`, `data: breaks` | a download's data; in blocks, what is in them |
//! | `data: takes "text"`, `data: is sent`, `data: breaks` | an upload's data: the next bytes, which must be these |
//! | `data: goes away` | the server closes the connection between two transfers |
//! | `C: line` | *expected*: a line of the client |
//! | `C-urgent: bytes` | *expected*: urgent data |
//! | `data: connects 192.0.2.1:50001`, `data: listens`, `data: may come`, `data: may go` (`by tls as client`), `data: is closed`, `data: is reset` | *expected* |
//! | `tls: starts`, `tls: reads "…"` (what had come in clear text), `tls: stops` | *expected* |
//! | `event: …` | *expected*: the greeting, the beginning of a transfer, a restart marker, an answer to STAT |
//! | `user: gets "text"` | *expected*: what a download or a listing brought, before its result |
//! | `result: …`, `refused: …`, `session: …`, `closed: …` | *expected*: how an operation ended, and the session |

mod client;
mod server;

use super::script::Script;

/// Runs a server's transcript.
///
/// # Panics
/// Where the session does something else.
pub fn server(text: &str) {
    let script = Script::new(text);
    for piece in [usize::MAX, 1] {
        script.run(&mut server::Server::new(&script.given, piece));
    }
}

/// Runs a client's transcript.
///
/// # Panics
/// Where the session does something else.
pub fn client(text: &str) {
    let script = Script::new(text);
    for piece in [usize::MAX, 1] {
        script.run(&mut client::Client::new(&script.given, piece));
    }
}

/// A path of a transcript.
fn path(text: &str) -> crate::wire::VirtualPath {
    let path = crate::wire::VirtualPath::ROOT.join(&arg(text));
    path.unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// An argument of a transcript.
fn arg(text: &str) -> crate::wire::Arg {
    let arg = crate::wire::Arg::new(super::escape::unescape(text));
    arg.unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// The bytes of a quoted text.
fn text(quoted: &str) -> alloc::vec::Vec<u8> {
    super::escape::unquoted(quoted).unwrap_or_else(|| panic!("no text in quotes: {quoted:?}"))
}

/// Takes the complete lines out of what a session sent.
fn take_lines(sent: &mut alloc::vec::Vec<u8>, mut tell: impl FnMut(alloc::string::String)) {
    while let Some(end) = sent.windows(2).position(|two| two == b"\r\n") {
        let line: alloc::vec::Vec<u8> = sent.drain(..end + 2).collect();
        tell(super::escape::escape(&line[..end]));
    }
}
