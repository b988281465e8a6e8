//! Nothing but a home for the benches: `cargo bench`.
#![forbid(unsafe_code)]
