//! The FTP client and server of [`ftp_driver`] in a simulation.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod conditions;
mod connection;
mod listening;
mod network;
mod random;
mod ready;
mod simulated;
mod simulation;
mod task;
mod trace;
mod world;

pub use conditions::{Conditions, Direction, Fault, Link};
pub use ftp_driver::*;
pub use network::{Network, Open};
pub use simulated::{Listener, Simulated, Stream, Timer};
pub use simulation::Simulation;
pub use trace::Event;

/// The client in a simulation.
pub type Client = client::Client<Simulated>;

/// The server in a simulation.
pub type Server<A> = server::Server<Simulated, A>;

/// Local files in a simulation.
pub type LocalStorage = local::LocalStorage<Simulated>;
