//! Simulated connections.
