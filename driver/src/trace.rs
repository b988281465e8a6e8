//! Spans and events for the crate `tracing`, with its feature on; without it nothing of this is compiled in.
//!
//! A session is a span at INFO, an operation of a client one at DEBUG within it. What passes by are events at DEBUG, what ends in a
//! failure is one at INFO or WARN. No password, account or proxy's password is ever in them: commands hide theirs, and of the
//! reply that answers one only the code is shown, in case the server repeats it.

#[cfg(feature = "tracing")]
pub(crate) use on::{Served, Spoken, note};

#[cfg(not(feature = "tracing"))]
pub(crate) use off::{Served, Spoken, note};

#[cfg(feature = "tracing")]
mod on {
    use std::fmt;
    use std::net::SocketAddr;

    use ftp_sansio::client::{self, Action, Event, Operation};
    use ftp_sansio::server;
    use ftp_sansio::wire::{Command, Escaped, Reply};
    use tracing::{Span, debug, debug_span, field, info, info_span};

    use crate::server::SessionInfo;

    /// An event of its own, outside of any session.
    macro_rules! note {
        ($($field:tt)*) => { ::tracing::debug!($($field)*) };
    }
    pub(crate) use note;

    /// A client's session.
    pub(crate) struct Spoken {
        session: Span,
        /// The operation that runs.
        operation: Span,
        /// The last command was a secret: its reply is not shown.
        is_secret: bool,
    }

    impl Spoken {
        pub(crate) fn new(peer: SocketAddr) -> Self {
            let session = info_span!("ftp_client", %peer);
            let operation = Span::none();
            Self {
                session,
                operation,
                is_secret: false,
            }
        }

        fn here(&self) -> &Span {
            match self.operation.is_none() {
                true => &self.session,
                false => &self.operation,
            }
        }

        pub(crate) fn begin(&mut self, operation: &Operation) {
            self.operation = debug_span!(
                parent: &self.session,
                "ftp_operation",
                operation = field::display(Name(operation)),
            );
        }

        pub(crate) fn tell(&mut self, event: &Event) {
            let here = self.here();
            match event {
                Event::Greeting(reply) => info!(parent: here, reply = %First(reply), "connected"),
                Event::Sent(command) => {
                    debug!(parent: here, command = %Shown(command), "sent");
                    self.is_secret = matches!(command, Command::Pass(_) | Command::Acct(_));
                }
                Event::Received(reply) if self.is_secret => {
                    debug!(parent: here, code = %reply.code(), "received");
                    self.is_secret = false;
                }
                Event::Received(reply) => {
                    debug!(parent: here, code = %reply.code(), text = %First(reply), "received");
                }
                Event::Finished(_, result) => {
                    match result {
                        Ok(_) => debug!(parent: here, "done"),
                        Err(failure) => info!(parent: here, failure = %Kind(failure), "failed"),
                    }
                    self.operation = Span::none();
                }
                Event::Closed(None) => info!(parent: here, "session ended"),
                Event::Closed(Some(failure)) => {
                    info!(parent: here, failure = %Kind(failure), "session lost");
                }
                _ => {}
            }
        }

        /// What concerns the data connection and TLS.
        pub(crate) fn act(&self, action: &Action) {
            let here = self.here();
            match action {
                Action::Connect { to, .. } => debug!(parent: here, %to, "data connection begins"),
                Action::Listen { address, .. } => {
                    debug!(parent: here, %address, "data connection awaited");
                }
                Action::Transfer(transfer) => debug!(
                    parent: here,
                    direction = ?transfer.direction,
                    protection = ?transfer.protection,
                    "data may move"
                ),
                Action::Drop(_, how) => debug!(parent: here, ?how, "data connection dropped"),
                Action::StartTls(_) => debug!(parent: here, "TLS begins"),
                Action::StopTls => debug!(parent: here, "TLS ends"),
                _ => {}
            }
        }

        pub(crate) fn data(&self, error: Option<&std::io::Error>) {
            match error {
                None => debug!(parent: self.here(), "data connection made"),
                Some(error) => info!(parent: self.here(), %error, "no data connection"),
            }
        }
    }

    /// A server's session.
    pub(crate) struct Served(Span);

    impl Served {
        pub(crate) fn new(info: &SessionInfo) -> Self {
            let SessionInfo { id, peer, .. } = info;
            Self(info_span!("ftp_session", id, %peer, user = field::Empty))
        }

        /// What runs until this is dropped belongs to the session: the embedder's storage and logins, too.
        pub(crate) fn enter(&self) -> tracing::span::EnteredSpan {
            self.0.clone().entered()
        }

        pub(crate) fn tell(&self, event: &server::Event) {
            match event {
                server::Event::LoggedIn(user) => {
                    self.0.record("user", field::display(user));
                    info!(parent: &self.0, %user, "logged in");
                }
                server::Event::LoginRefused(user) => {
                    info!(parent: &self.0, %user, "login refused");
                }
                server::Event::LoggedOut => info!(parent: &self.0, "logged out"),
                server::Event::Ended(why) => info!(parent: &self.0, ?why, "session ended"),
                event => debug!(parent: &self.0, ?event, "event"),
            }
        }
    }

    /// An operation by its verb, and a transfer's command whole.
    struct Name<'a>(&'a Operation);

    impl fmt::Display for Name<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self.0 {
                Operation::Login(credentials) => write!(f, "login {}", credentials.user),
                Operation::Command(command, _) => Shown(command).fmt(f),
                Operation::Rename { from, to } => write!(f, "rename {from} {to}"),
                Operation::Transfer(request) | Operation::ThirdParty(request) => {
                    Shown(&request.command).fmt(f)
                }
                Operation::Secure => f.write_str("secure"),
                Operation::ClearControl => f.write_str("clear control"),
                _ => f.write_str("other"),
            }
        }
    }

    /// A command without its secrets. Of one that is not known, and of SITE, nobody knows what its argument is.
    struct Shown<'a>(&'a Command);

    impl fmt::Display for Shown<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let verb = self.0.verb().map(ftp_sansio::wire::Verb::name);
            let mut line = Vec::new();
            match (self.0, verb) {
                (Command::Pass(_) | Command::Acct(_), Some(verb)) => write!(f, "{verb} ***"),
                (Command::Unknown { verb, .. }, _) => verb.fmt(f),
                (_, Some("SITE")) => f.write_str("SITE"),
                (command, _) => {
                    command.encode(&mut line);
                    Escaped(line.trim_ascii_end()).fmt(f)
                }
            }
        }
    }

    /// The first line of a reply.
    struct First<'a>(&'a Reply);

    impl fmt::Display for First<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            Escaped(self.0.first_line()).fmt(f)
        }
    }

    /// A failure without the words of its reply, which were shown when it came, if they may be.
    struct Kind<'a>(&'a client::Failure);

    impl fmt::Display for Kind<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self.0 {
                client::Failure::Refused(reply) => write!(f, "refused: {}", reply.code()),
                client::Failure::LoginRefused(reply) => {
                    write!(f, "login refused: {}", reply.code())
                }
                client::Failure::Malformed(reply) => write!(f, "malformed: {}", reply.code()),
                client::Failure::Closed(_) => f.write_str("closed"),
                client::Failure::Incomplete { .. } => f.write_str("incomplete"),
                client::Failure::Protocol(_) => f.write_str("protocol violation"),
                failure => failure.fmt(f),
            }
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use std::net::SocketAddr;

    use ftp_sansio::client::{Action, Event, Operation};
    use ftp_sansio::server;

    use crate::server::SessionInfo;

    macro_rules! note {
        ($($field:tt)*) => {};
    }
    pub(crate) use note;

    pub(crate) struct Spoken;

    impl Spoken {
        pub(crate) const fn new(_: SocketAddr) -> Self {
            Self
        }

        pub(crate) const fn begin(&self, _: &Operation) {}

        pub(crate) const fn tell(&self, _: &Event) {}

        pub(crate) const fn act(&self, _: &Action) {}

        pub(crate) const fn data(&self, _: Option<&std::io::Error>) {}
    }

    /// That something happens within a session: here nobody is told of it.
    pub(crate) struct Entered;

    pub(crate) struct Served;

    impl Served {
        pub(crate) const fn new(_: &SessionInfo) -> Self {
            Self
        }

        pub(crate) const fn enter(&self) -> Entered {
            Entered
        }

        pub(crate) const fn tell(&self, _: &server::Event) {}
    }
}
