//! The client's session: one control connection, and the operations that a user asks of it, one after another.
//!
//! A driver gives [`Session::receive`] what it reads and writes what [`Session::transmit`] shows. It carries out each
//! [`Action`] that [`Session::poll`] gives, and says what came of it with [`Session::handle`]. What the user wants are methods:
//! [`login`](Session::login), [`retrieve`](Session::retrieve), [`store`](Session::store) and the rest; each ends in an
//! [`Event::Finished`].
//!
//! ```
//! use ftp_sansio::client::{Config, Credentials, Endpoints, Event, Output, Session};
//! use ftp_sansio::time::Instant;
//! use ftp_sansio::wire::{Arg, Secret};
//!
//! # fn take(session: &mut Session, now: Instant) -> String {
//! #     let Some(transmit) = session.transmit() else { return String::new() };
//! #     let text = String::from_utf8_lossy(transmit.bytes).into_owned();
//! #     session.transmitted(now, text.len());
//! #     text
//! # }
//! let now = Instant::EPOCH;
//! let ends = Endpoints { local: "127.0.0.1:40000".parse().unwrap(), peer: "127.0.0.1:21".parse().unwrap() };
//! let mut session = Session::new(Config::default().into(), ends, now);
//! session.receive(now, b"220 Hello.\r\n");
//! assert!(matches!(session.poll(), Some(Output::Event(Event::Greeting(_)))));
//!
//! let (user, password) = ("anna".parse().unwrap(), Secret::new("hush".parse().unwrap()));
//! let login = session.login(now, Credentials { user, password, account: None }).unwrap();
//! assert_eq!(take(&mut session, now), "USER anna\r\n");
//! session.receive(now, b"331 Password?\r\n");
//! assert_eq!(take(&mut session, now), "PASS hush\r\n");
//! session.receive(now, b"230-Welcome,\r\n anna.\r\n230 Logged in.\r\n");
//! let Some(Output::Event(Event::Finished(operation, Ok(_)))) = session.poll() else { panic!() };
//! assert_eq!(operation, login);
//! ```

mod config;
mod ending;
mod exchange;
mod failure;
mod kept;
mod login;
mod meaning;
mod moving;
mod operation;
mod out;
mod queue;
mod rename;
mod replies;
mod resync;
mod route;
mod secure;
mod server;
mod session;
mod single;
mod transfer;

pub use config::{AbortStyle, Config, DataPath, Timeouts, Tls};
pub use exchange::{Action, Event, Input, Outcome, Output, RestartMarker, Transfer, TransferEvent};
pub use failure::{Failure, NotNow, Refused, Violation, Wait};
pub use meaning::{Digest, Lines, Meaning};
pub use operation::{Credentials, Operation, Options, TransferRequest};
pub use queue::{QUEUE_BYTES, QUEUE_LENGTH};
pub use session::{MEMORY_BOUND, Session};

pub use crate::session::{Admission, Close, DataId, Endpoints, OperationId, TransferId, Transmit};
pub use crate::tls::{Protection, Resumption, TlsEvent, TlsFacts, TlsRole, TlsTicket};
