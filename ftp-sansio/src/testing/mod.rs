//! Support for tests: an in-memory store, transcripts that read as documents, a client and a server machine joined under
//! virtual time, a client joined to a made-up server with the habits of real ones, and the bodies of the fuzz targets.
//!
//! What is here panics where a test would fail. It belongs to tests, and to nothing that runs.

mod channel;
mod digest;
mod escape;
pub mod fuzz;
pub mod model;
mod network;
pub mod pair;
mod random;
mod script;
pub mod store;
pub(crate) mod stream;
mod tls;
pub mod transcript;

pub use model::Model;
pub use pair::Pair;
pub use random::Random;
pub use store::Store;
