//! The File Transfer Protocol as pure state machines.
//!
//! [`server::Session`] and [`client::Session`] are the two ends of a control connection. They own no socket, read no clock and wait for
//! nothing: bytes that came are given to `receive`, bytes to send are shown by `transmit`, what happens outside is told by
//! `handle`, what shall be done outside is given by `poll`, and `deadline` says when to come back at the latest. So they run on any
//! runtime, or on none, and a test owns their time.
//!
//! # A server's whole exchange
//!
//! Somebody logs in, fetches a file and leaves. What a driver does is to carry out each [`server::Action`] and to tell how it went.
//!
//! ```
//! use ftp_sansio::data::{Direction, End, Status};
//! use ftp_sansio::server::{Action, Close, Config, Endpoints, Grant, Input, Output, Session, Task, TransferEvent};
//! use ftp_sansio::time::Instant;
//!
//! /// What the session wants to say, as if a socket had taken all of it.
//! fn said(session: &mut Session, now: Instant) -> String {
//!     let mut text = String::new();
//!     while let Some(transmit) = session.transmit() {
//!         let count = transmit.bytes.len();
//!         text.push_str(&String::from_utf8_lossy(transmit.bytes));
//!         session.transmitted(now, count);
//!     }
//!     session.handle(now, Input::Flushed);
//!     text
//! }
//!
//! /// What it wants done next.
//! fn wanted(session: &mut Session) -> Action {
//!     loop {
//!         match session.poll().expect("something to do") {
//!             Output::Action(action) => return action,
//!             Output::Event(_) => {} // for logs
//!         }
//!     }
//! }
//!
//! let now = Instant::EPOCH;
//! let ends = Endpoints { local: "192.0.2.1:21".parse().unwrap(), peer: "192.0.2.7:40000".parse().unwrap() };
//! let mut session = Session::new(Config::default().into(), ends, now);
//! assert_eq!(said(&mut session, now), "220 FTP server ready.\r\n");
//!
//! session.receive(now, b"USER anna\r\nPASS hush\r\n");
//! let Action::Authenticate { request, .. } = wanted(&mut session) else { panic!() };
//! session.handle(now, Input::Login(request, Some(Grant::read_write())));
//! assert_eq!(said(&mut session, now), "331 Password, please.\r\n230 Logged in.\r\n");
//!
//! session.receive(now, b"TYPE I\r\nEPSV\r\n");
//! let Action::Listen { data, .. } = wanted(&mut session) else { panic!() };
//! session.handle(now, Input::Listening(data, Some(50_001)));
//! assert_eq!(said(&mut session, now), "200 Done.\r\n229 Entering extended passive mode (|||50001|)\r\n");
//!
//! session.receive(now, b"RETR greeting\r\n");
//! let Action::Transfer(transfer) = wanted(&mut session) else { panic!() };
//! let Task::Retrieve { path, .. } = &transfer.task else { panic!() };
//! assert_eq!(path.as_bytes(), b"/greeting");
//! let (id, file) = (transfer.id, b"hello");
//! session.handle(now, Input::Transfer(id, TransferEvent::Opened { path: None, size: Some(5) }));
//! assert_eq!(said(&mut session, now), "150 Opening data connection (5 bytes): /greeting\r\n");
//!
//! // The client has come to port 50001. An image travels as it is; only the codec can say that this was all of it.
//! session.handle(now, Input::Transfer(id, TransferEvent::Connected));
//! let mut codec = transfer.parameters.codec(Direction::Send).unwrap();
//! assert!(codec.is_identity());
//! let Status::Ended(end) = codec.step(&[], &mut [], End::Closed).status else { panic!() };
//! session.handle(now, Input::Transfer(id, TransferEvent::Ended { bytes: file.len() as u64, end }));
//! assert_eq!(said(&mut session, now), "226 Transfer complete.\r\n");
//!
//! session.receive(now, b"QUIT\r\n");
//! assert_eq!(said(&mut session, now), "221 Goodbye.\r\n");
//! assert_eq!(wanted(&mut session), Action::Close(Close::Gracefully));
//! ```
//!
//! # A client's whole exchange
//!
//! The same from the other side. Here the user's wishes are methods, and each ends in an [`client::Event::Finished`].
//!
//! ```
//! use ftp_sansio::client::{
//!     Action, Config, Credentials, Endpoints, Event, Input, Options, Outcome, Output, Session, TransferEvent,
//! };
//! use ftp_sansio::data::{End, Status};
//! use ftp_sansio::time::Instant;
//! use ftp_sansio::wire::Secret;
//!
//! # fn said(session: &mut Session, now: Instant) -> String {
//! #     let mut text = String::new();
//! #     while let Some(transmit) = session.transmit() {
//! #         let count = transmit.bytes.len();
//! #         text.push_str(&String::from_utf8_lossy(transmit.bytes));
//! #         session.transmitted(now, count);
//! #     }
//! #     session.handle(now, Input::Flushed);
//! #     text
//! # }
//! let now = Instant::EPOCH;
//! let ends = Endpoints { local: "192.0.2.7:40000".parse().unwrap(), peer: "192.0.2.1:21".parse().unwrap() };
//! let mut session = Session::new(Config::default().into(), ends, now);
//! session.receive(now, b"220 Hello.\r\n");
//! assert!(matches!(session.poll(), Some(Output::Event(Event::Greeting(_)))));
//!
//! let (user, password) = ("anna".parse().unwrap(), Secret::new("hush".parse().unwrap()));
//! let login = session.login(now, Credentials { user, password, account: None }).unwrap();
//! assert_eq!(said(&mut session, now), "USER anna\r\n");
//! session.receive(now, b"331 Password?\r\n");
//! assert_eq!(said(&mut session, now), "PASS hush\r\n");
//! session.receive(now, b"230 Logged in.\r\n");
//! assert!(matches!(session.poll(), Some(Output::Event(Event::Finished(id, Ok(_)))) if id == login));
//!
//! // TYPE and EPSV leave together; what goes ahead of the server's replies beyond that depends on what it has shown it can take.
//! let download = session.retrieve(now, "greeting".parse().unwrap(), Options::default()).unwrap();
//! assert_eq!(said(&mut session, now), "TYPE I\r\nEPSV\r\n");
//! session.receive(now, b"200 Fine.\r\n229 Come (|||50001|)\r\n");
//! let Some(Output::Action(Action::Connect { data, to })) = session.poll() else { panic!() };
//! assert_eq!(to, "192.0.2.1:50001".parse().unwrap());
//! # let mut sent = said(&mut session, now);
//! session.handle(now, Input::Connected(data));
//! # sent += &said(&mut session, now);
//! # assert_eq!(sent, "RETR greeting\r\n");
//!
//! session.receive(now, b"150 Here it is.\r\n");
//! let transfer = loop {
//!     match session.poll().expect("the word to move data") {
//!         Output::Action(Action::Transfer(transfer)) => break transfer,
//!         _ => {}
//!     }
//! };
//! // "hello" and a FIN have come over the data connection. The server's word comes before or after: both are needed.
//! let mut codec = transfer.parameters.codec(transfer.direction).unwrap();
//! let mut file = [0; 16];
//! let progress = codec.step(b"hello", &mut file, End::Closed);
//! let Status::Ended(end) = progress.status else { panic!() };
//! session.handle(now, Input::Transfer(transfer.id, TransferEvent::Ended { bytes: 5, end }));
//! session.receive(now, b"226 That was it.\r\n");
//! assert_eq!(&file[..progress.produced], b"hello");
//! let finished = loop {
//!     match session.poll().expect("the end of the download") {
//!         Output::Event(Event::Finished(id, result)) if id == download => break result,
//!         _ => {} // let go of the data connection
//!     }
//! };
//! assert!(matches!(finished, Ok(Outcome::Transferred { bytes: 5, .. })));
//!
//! session.quit(now);
//! assert_eq!(said(&mut session, now), "QUIT\r\n");
//! ```
//!
//! Beneath them:
//!
//! - [`wire`]: commands, replies, addresses, paths and facts, as values that are well formed by construction;
//! - [`sequence`]: the one table of which reply may follow what, which both machines go by;
//! - [`data`]: what happens to a file's bytes on the data connection, and the evidence that they ended cleanly;
//! - [`listing`]: the dialects in which servers list folders, read and written;
//! - [`tls`]: when TLS may begin and end, and what came of it.
//!
//! Whoever wants a client or a server and not a protocol takes `ftp-runtime-tokio` or `ftp-runtime-async-std`.
//!
//! # Features
//!
//! - `std` (on by default): lets the dependencies choose faster code at run time. Nothing in this crate needs `std`.
//! - `testing`: a client and a server joined under virtual time, transcripts as tests, and the bodies of the fuzz targets.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod client;
pub mod data;
pub mod listing;
pub mod sequence;
pub mod server;
mod session;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod time;
mod timer;
pub mod tls;
pub mod wire;
