//! Pair.
/// Pair
#[derive(Debug)]
pub struct Pair;
