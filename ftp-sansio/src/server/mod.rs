//! The server's session: one control connection from the greeting to the goodbye.
//!
//! A driver gives [`Session::receive`] what it reads and writes what [`Session::transmit`] shows. It carries out each
//! [`Action`] that [`Session::poll`] gives, and says what came of it with [`Session::handle`]. It reads no protocol and makes no
//! decision.
//!
//! ```
//! use core::time::Duration;
//! use ftp_sansio::server::{Action, Config, Endpoints, Event, Grant, Input, Output, Session};
//! use ftp_sansio::time::Instant;
//!
//! # fn take(session: &mut Session, now: Instant) -> String {
//! #     let Some(transmit) = session.transmit() else { return String::new() };
//! #     let text = String::from_utf8_lossy(transmit.bytes).into_owned();
//! #     session.transmitted(now, text.len());
//! #     text
//! # }
//! let now = Instant::EPOCH;
//! let ends = Endpoints { local: "127.0.0.1:21".parse().unwrap(), peer: "127.0.0.1:40000".parse().unwrap() };
//! let mut session = Session::new(Config::default().into(), ends, now);
//! assert_eq!(take(&mut session, now), "220 FTP server ready.\r\n");
//!
//! session.receive(now, b"USER anna\r\nPASS hush\r\nPWD\r\n");
//! assert_eq!(take(&mut session, now), "331 Password, please.\r\n");
//!
//! assert!(matches!(session.poll(), Some(Output::Event(Event::Connected))));
//! // The machine asks whether the password is right; until it knows, PWD waits its turn.
//! let Some(Output::Action(Action::Authenticate { request, user, .. })) = session.poll() else { panic!() };
//! assert_eq!(user.as_bytes(), b"anna");
//! session.handle(now, Input::Login(request, Some(Grant::read_write())));
//! assert_eq!(take(&mut session, now), "230 Logged in.\r\n257 \"/\" is the current folder.\r\n");
//! ```

mod access;
mod capabilities;
mod changes;
mod config;
mod digests;
mod exchange;
mod features;
mod files;
mod host;
mod information;
mod limits;
mod lookahead;
mod options;
mod parameters;
mod pattern;
mod replies;
mod rights;
mod routes;
mod running;
mod secure;
mod session;
mod site;
mod storage;
mod transfer;

pub use capabilities::{Capabilities, Capability};
pub use config::{Config, DataTls, Grant, Hosts, Timeouts, Tls};
pub use exchange::{
    Action, Ended, Event, Failure, Input, ListForm, Output, Route, Task, Transfer, TransferEvent,
    TransferFailure, TransferReport,
};
pub use limits::MEMORY_BOUND;
pub use pattern::Pattern;
pub use session::Session;
pub use storage::{Answer, Changes, FileDigest, Operation, Placement, SiteRequest, StorageError};

pub use crate::session::{Admission, Close, DataId, Endpoints, RequestId, TransferId, Transmit};
