//! The one table of legal replies: verb × phase × reply class (RFC 959 § 5.4 and § 6), for both roles.
//!
//! Theory first. A command and its replies are an *exchange*. It is *issued* when the command has been sent, and *underway* once
//! a preliminary reply (1xx) came. Each reply moves it on by one [`Step`], and which step that is depends on the
//! reply's class alone, never on the three digits (RFC 1123 § 4.1.2.11). The RFC draws a diagram for each group of
//! commands; a row of [`step`] is such a diagram. What is not listed is a violation: the server machine never sends it, and
//! the client machine takes it for a peer that lost its way.

use crate::wire::{Class, Verb};

/// What the replies belong to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exchange {
    /// The connection itself: 220, or 120 first (RFC 959 § 5.4, "connection establishment").
    Greeting,
    /// A command of a known verb.
    Command(Verb),
    /// A command nobody here knows: sent raw, or received and refused.
    Unknown,
}

/// How far an exchange is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// No reply has come yet.
    Issued,
    /// A preliminary reply has come, the final one has not.
    Underway,
}

/// What a legal reply does to its exchange.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// It is underway; another reply follows.
    Preliminary,
    /// It has ended, and well.
    Completed,
    /// It has ended, and the peer waits for the command that completes it (PASS after USER, RNTO after RNFR …).
    Intermediate,
    /// It has ended, and badly.
    Refused,
}

/// The groups of RFC 959 § 6, a diagram each.
#[derive(Clone, Copy)]
enum Diagram {
    /// "cmd → 2 → success", the first diagram.
    Plain,
    /// The connection's own: as [`Plain`](Self::Plain), and 120 may come first, once.
    Greeting,
    /// The second diagram: a 1xx, or several (110 markers), before the end. A 2xx without a 1xx is an end too.
    Transfer,
    /// The first half of a pair: only a 3xx is good (RNFR, REST, RANG).
    FirstOfTwo,
    /// USER and PASS, the login's diagram; AUTH and ADAT (RFC 2228 § 8.2) have the same shape. ACCT has not: no command
    /// is left that could follow it (RFC 959 § 5.4).
    Login,
    /// MIC, CONF and ENC: the good replies are 6xx (RFC 2228 § 5.2), of mechanisms that are not offered, and no codes here.
    Protected,
    /// A verb from outside the table.
    Unknown,
}

const fn diagram(exchange: Exchange) -> Diagram {
    match exchange {
        Exchange::Greeting => Diagram::Greeting,
        Exchange::Unknown => Diagram::Unknown,
        Exchange::Command(verb) => match verb {
            // What SITE does is the server's own affair: some of its words are the first of two (350).
            Verb::Site => Diagram::Unknown,
            Verb::User | Verb::Pass | Verb::Auth | Verb::Adat => Diagram::Login,
            Verb::Mic | Verb::Conf | Verb::Enc => Diagram::Protected,
            // A good RANG is a 350 (draft-bryan-ftp-range § 3).
            Verb::Rnfr | Verb::Rest | Verb::Rang => Diagram::FirstOfTwo,
            Verb::Rein => Diagram::Greeting,
            verb if verb.moves_data() => Diagram::Transfer,
            _ => Diagram::Plain,
        },
    }
}

/// What a reply of `class` does to an exchange in `phase`, or nothing where it is not legal there.
#[must_use]
pub const fn step(exchange: Exchange, phase: Phase, class: Class) -> Option<Step> {
    use Class::{Completion, Intermediate, PermanentNegative, Preliminary, TransientNegative};
    use Diagram as D;
    use Phase::{Issued, Underway};
    match (diagram(exchange), phase, class) {
        (_, _, TransientNegative | PermanentNegative) => Some(Step::Refused),

        (D::Plain, Issued, Completion) => Some(Step::Completed),

        (D::Greeting, Issued, Preliminary) => Some(Step::Preliminary),
        (D::Greeting, Issued | Underway, Completion) => Some(Step::Completed),

        (D::Transfer, Issued | Underway, Preliminary) => Some(Step::Preliminary),
        (D::Transfer, Issued | Underway, Completion) => Some(Step::Completed),

        (D::FirstOfTwo, Issued, Intermediate) => Some(Step::Intermediate),

        (D::Login, Issued, Completion) => Some(Step::Completed),
        (D::Login, Issued, Intermediate) => Some(Step::Intermediate),

        (D::Unknown, Issued, Preliminary) => Some(Step::Preliminary),
        (D::Unknown, Issued | Underway, Completion) => Some(Step::Completed),
        (D::Unknown, Issued | Underway, Intermediate) => Some(Step::Intermediate),

        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSES: [Class; 5] = [
        Class::Preliminary,
        Class::Completion,
        Class::Intermediate,
        Class::TransientNegative,
        Class::PermanentNegative,
    ];

    /// Every row of the table as a word: a letter for each class 1xx to 5xx; `p`reliminary, `c`ompleted,
    /// `i`ntermediate, `r`efused, `-` not legal.
    fn row(exchange: Exchange, phase: Phase) -> [u8; 5] {
        CLASSES.map(|class| match step(exchange, phase, class) {
            None => b'-',
            Some(Step::Preliminary) => b'p',
            Some(Step::Completed) => b'c',
            Some(Step::Intermediate) => b'i',
            Some(Step::Refused) => b'r',
        })
    }

    #[test]
    fn every_cell_is_as_the_rfc_draws_it() {
        assert_eq!(
            (
                &row(Exchange::Greeting, Phase::Issued),
                &row(Exchange::Greeting, Phase::Underway)
            ),
            (b"pc-rr", b"-c-rr")
        );
        assert_eq!(
            (
                &row(Exchange::Unknown, Phase::Issued),
                &row(Exchange::Unknown, Phase::Underway)
            ),
            (b"pcirr", b"-cirr")
        );
        for &verb in Verb::ALL {
            let rows = (
                &row(Exchange::Command(verb), Phase::Issued),
                &row(Exchange::Command(verb), Phase::Underway),
            );
            let expected: (&[u8; 5], &[u8; 5]) = match verb {
                Verb::User | Verb::Pass | Verb::Auth | Verb::Adat => (b"-cirr", b"---rr"),
                Verb::Mic | Verb::Conf | Verb::Enc => (b"---rr", b"---rr"),
                Verb::Rnfr | Verb::Rest | Verb::Rang => (b"--irr", b"---rr"),
                Verb::Rein => (b"pc-rr", b"-c-rr"),
                Verb::Site => (b"pcirr", b"-cirr"),
                Verb::Retr
                | Verb::Stor
                | Verb::Stou
                | Verb::Appe
                | Verb::List
                | Verb::Nlst
                | Verb::Mlsd => (b"pc-rr", b"pc-rr"),
                _ => (b"-c-rr", b"---rr"),
            };
            assert_eq!(rows, expected, "{}", verb.name());
        }
    }
}
