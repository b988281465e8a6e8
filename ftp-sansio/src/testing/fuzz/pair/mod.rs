//! A client and a server joined, under a program of what a user asks for and what goes wrong between them.
//!
//! A program is a [`Setting`] and [`Step`]s. The fuzz target reads them out of its bytes, and a property makes them up; [`run`] is the same
//! for both.

mod program;
mod versions;
mod world;

use alloc::vec::Vec;
use core::time::Duration;

pub use self::program::pair;
pub use self::world::run;
use crate::client::{self, AbortStyle, DataPath, Options};
use crate::server::{self, DataTls};
use crate::testing::pair::Faults;
use crate::tls::Resumption;

/// Two configurations, and the dice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Setting {
    /// Decides how bytes are cut, how long things take, and in which order the drivers work.
    pub seed: u64,
    /// Chooses the client's configuration, a bit for each thing.
    pub client: u16,
    /// Chooses the server's.
    pub server: u16,
}

impl Setting {
    /// That of these choices.
    #[must_use]
    pub const fn new(seed: u64, client: u16, server: u16) -> Self {
        Self {
            seed,
            client,
            server,
        }
    }

    fn client(self) -> client::Config {
        let has = |bit: u32| self.client >> bit & 1 == 1;
        let ways = [
            DataPath::Passive,
            DataPath::PassiveHostPort,
            DataPath::Active,
            DataPath::ActiveLong,
            DataPath::PassiveLong,
        ];
        let mut config = client::Config {
            data_path: ways[usize::from(self.client) % 8 % ways.len()],
            trace: has(3),
            pipelining: !has(4),
            eager_uploads: has(5),
            pret: has(6),
            keepalive: has(8).then_some(Duration::from_secs(20)),
            ..client::Config::default()
        };
        if has(7) {
            config.abort = AbortStyle::Synch;
        }
        if has(9) {
            config.timeouts = client::Timeouts::all(Duration::from_secs(2));
        }
        if has(10) {
            config.tls = client::Tls::Explicit;
            config.protect_data = !has(11);
        }
        if has(12) {
            config.resumption = Resumption::Require;
        }
        config
    }

    fn server(self) -> server::Config {
        let has = |bit: u32| self.server >> bit & 1 == 1;
        let mut config = server::Config {
            trace: has(0),
            active: !has(1),
            fxp: has(2),
            keep_data: !has(3),
            ..server::Config::default()
        };
        if has(4) {
            config.timeouts.data_open = Duration::from_secs(2);
            config.timeouts.data_progress = Duration::from_secs(2);
        }
        if has(5) {
            config.timeouts.doubt = Duration::ZERO;
        }
        if has(6) {
            config.tuning.markers_every = Some(100);
        }
        if has(7) {
            config.timeouts.idle = Duration::from_secs(10);
            config.timeouts.login = Duration::from_secs(5);
        }
        config.tls = match self.server >> 8 & 3 {
            0 => server::Tls::Off,
            1 => server::Tls::Require,
            _ => server::Tls::Allow,
        };
        config.ccc = has(10);
        if has(11) {
            config.data_tls = DataTls::Require;
        }
        if has(12) {
            config.resumption = Resumption::Require;
        }
        config
    }
}

/// Something that happens.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Step {
    /// The user asks for all of this at once, and waits for the ends.
    Ask {
        /// What for, in this order.
        wishes: Vec<Wish>,
        /// The last of them is given up after so many steps of the simulation.
        abort: Option<u8>,
    },
    /// The network is like this from now on.
    Faults(Faults),
    /// Nobody does anything for so long.
    Wait(Duration),
    /// The user says QUIT.
    Quit,
}

/// Something that a user asks for. Names are few: see [`NAMES`].
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Wish {
    /// With the right password?
    Login(bool),
    /// AUTH TLS, PBSZ and PROT.
    Secure,
    /// CCC.
    Clear,
    /// RETR.
    Retrieve(Name, Options),
    /// STOR, with so many bytes.
    Store(Name, Options, usize),
    /// APPE.
    Append(Name, Options, usize),
    /// STOU.
    StoreUnique(Options, usize),
    /// NLST of the root, or LIST, or MLSD.
    List(u8),
    /// DELE.
    Delete(Name),
    /// RNFR and RNTO.
    Rename(Name, Name),
    /// One of [`COMMANDS`]; and whether any reply will do.
    Command(usize, bool),
}

impl Wish {
    /// Whether a listing may look different afterwards.
    fn changes(&self) -> bool {
        match self {
            Self::Command(command, _) => COMMANDS[command % COMMANDS.len()].ends_with("/new"),
            Self::Login(_) | Self::Secure | Self::Clear | Self::Retrieve(..) | Self::List(_) => {
                false
            }
            _ => true,
        }
    }
}

/// Which of the files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name(u8);

impl Name {
    /// One of them, whatever the number.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number % NAMES.len() as u8)
    }

    const fn text(self) -> &'static str {
        NAMES[self.0 as usize]
    }
}

/// The names of files: two are there from the beginning, one cannot be made since its folder is missing.
pub const NAMES: [&str; 4] = ["/a", "/b", "/pub/c", "/nowhere/d"];

/// Commands that move no data and change no file, but much else.
pub const COMMANDS: [&str; 36] = [
    "PWD",
    "CWD /pub",
    "CWD /",
    "CWD /nowhere",
    "CDUP",
    "SIZE /a",
    "MDTM /a",
    "MLST /a",
    "FEAT",
    "HELP",
    "STAT",
    "STAT /",
    "NOOP",
    "SYST",
    "TYPE A",
    "TYPE I",
    "TYPE E",
    "REST 5",
    "REST 0",
    "RANG 1 0",
    "ALLO 5",
    "RNFR /a",
    "USER anna",
    "PASS hush",
    "PASV",
    "EPSV",
    "EPSV ALL",
    "PORT 192,0,2,7,156,65",
    "OPTS MLST size;",
    "ABOR",
    "FOO",
    "SITE x",
    "REIN",
    "ACCT x",
    "MKD /new",
    "RMD /new",
];

/// The content of a file of this length: no part of it is like another for long, and some of it are ends of lines.
fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}
