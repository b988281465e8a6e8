//! The FTP client and server of [`ftp_driver`] in a simulation: virtual time, a network in memory, and every run a pure function of its seed.
//!
//! [`Simulated`] is an adapter as any other, so that a program that is generic over [`Runtime`], or that only uses the client and the server,
//! can be tested as it is: with delays, small buffers, segments that are split anywhere, connections that break at a certain byte, hosts that do
//! not hear of each other. A wait of an hour takes no time. What a test finds is found again, by its seed.
//!
//! ```
//! use std::net::{IpAddr, SocketAddr};
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use ftp_runtime_simulated::client::{Config, Options};
//! use ftp_runtime_simulated::memory::MemoryStorage;
//! use ftp_runtime_simulated::sansio::wire::{Arg, Secret, VirtualPath};
//! use ftp_runtime_simulated::server::Grant;
//! use ftp_runtime_simulated::storage::{Account, Authenticator, Login};
//! use ftp_runtime_simulated::{
//!     Client, Conditions, Direction, Fault, Network, Runtime, Server, Simulation,
//! };
//!
//! struct Anybody(MemoryStorage);
//!
//! impl Authenticator for Anybody {
//!     type Storage = MemoryStorage;
//!
//!     async fn authenticate(&self, _: &Login) -> Option<Account<MemoryStorage>> {
//!         let storage = Arc::new(self.0.clone());
//!         Some(Account { storage, grant: Grant::read_write() })
//!     }
//! }
//!
//! /// An upload whose data connection is reset on the way has not happened, and can be repeated on the same session.
//! async fn a_broken_upload_is_repeated(net: Network) -> Result<(), Box<dyn std::error::Error>> {
//!     let [server_ip, client_ip]: [IpAddr; 2] = ["10.0.0.1".parse()?, "10.0.0.2".parse()?];
//!     let (there, here) = (net.host(server_ip), net.host(client_ip));
//!     let files = MemoryStorage::new();
//!     let server = Server::builder().build(there.clone(), Anybody(files.clone()))?;
//!     let at = SocketAddr::new(server_ip, 21);
//!     let (serving, listener) = (server.clone(), there.listen(at)?);
//!     there.spawn(async move { serving.serve(listener).await });
//!
//!     let mut client = Client::connect(here, at, Config::default()).await?;
//!     client.login(Arg::try_from("anna")?, Secret::new(Arg::try_from("hush")?)).await?;
//!     // The next connection is the data connection: 70,000 of its bytes arrive, and then it breaks.
//!     let direction = Direction::Forth;
//!     net.inject(client_ip, server_ip, Fault::Reset { direction, after: 70_000 });
//!     let path = Arg::try_from("report")?;
//!     for is_whole in [false, true] {
//!         let uploaded = async {
//!             let mut upload = client.store(path.clone(), Options::default()).await?;
//!             upload.write(vec![7; 100_000].into()).await?;
//!             upload.finish().await
//!         };
//!         assert_eq!(uploaded.await.is_ok(), is_whole);
//!         assert!(client.is_usable());
//!         assert_eq!(files.content(&VirtualPath::ROOT.join(&path)?).is_ok(), is_whole);
//!     }
//!     client.quit().await?;
//!
//!     // Nothing is left behind: no socket, no task, no work.
//!     server.stop(Duration::from_secs(10)).await;
//!     net.sleep(Duration::from_secs(1)).await;
//!     assert!(net.open().is_nothing(), "{:?}", net.open());
//!     assert_eq!(net.panicked(), 0);
//!     Ok(())
//! }
//!
//! for seed in 0..20 {
//!     Simulation::new(seed)
//!         .network(Conditions::drawn(seed))
//!         .run(a_broken_upload_is_repeated)
//!         .unwrap();
//! }
//! ```
//!
//! # What is decided by the seed
//!
//! Everything that is left open: which of the tasks that could go on is polled, how long a segment is under way and where it is
//! split, which port a socket gets, how long blocking work takes, the bits of [`Runtime::random`]. Two runs with one seed are
//! the same to the byte and to the nanosecond; [`Network::trace`] is a number to compare them by. What a program takes from elsewhere is not
//! in the seed's hands: the system's clock and random bits (a [`LocalStorage`] draws its names and times from these), other threads, the order of a
//! `HashMap`. None of these belongs into a run that is to be repeated.
//!
//! TLS draws its keys from the system's random bits, and yet nothing but the bytes depends on these: with a certificate whose signatures have a
//! fixed length (an Ed25519 one; ECDSA's vary), two runs with one seed have the same events at the same times, and what is delivered has the same
//! lengths. Compare them by [`Simulation::observe`] then, since [`Network::trace`] sums up the bytes too.
//!
//! # Time
//!
//! The clock stands still while anybody has something to do, but for 10 µs that each poll takes. When nobody has, it jumps to whatever
//! happens next. When nothing will, and the main future waits, that is a deadlock: the run panics and says who waits for what. So it does
//! past [`Simulation::limit`].
//!
//! [Blocking](Runtime::blocking) work is done on the simulation's one thread, at a drawn moment. It must not wait for other work, which would
//! be for ever.
//!
//! # The network
//!
//! Hosts are made by naming them ([`Network::host`]). Sockets behave as Linux's do: bounded buffers on both sides; a FIN after the last byte;
//! a reset where a socket is closed with something unread, or where something arrives for one that is closed; the end of a connection that was
//! reset told once, to whoever asks first, and an end of file afterwards; what had arrived before a reset still to be read
//! ([`Conditions::forgetful`] has other systems' way); a listener's backlog, and a SYN that is sent again when it is full; urgent bytes in line. There is no packet
//! loss to be seen, as TCP shows none: a late segment is one whose delay was long.
//!
//! What goes wrong is for a test to say: [`Network::inject`] for the next connection, [`Network::reset_between`] and
//! [`Network::partition`] for all there are.
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
