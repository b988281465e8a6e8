//! Making a session: reach the server, hear its greeting, log in.

use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::task::{Poll, ready};
use std::time::Duration;

use ftp_sansio::client::{Config, Credentials, Tls, Wait};

use super::Client;
use super::connection::{Connection, Happened, Observer, Trace};
use super::error::Error;
use super::outward::Outward;
use super::site::Site;
use crate::proxy::Proxy;
use crate::runtime::{Runtime, within};
use crate::target::Target;
use crate::tls::{ClientTls, ServerName};

/// Sets up a client; [`connect`](Self::connect) makes it.
///
/// ```no_run
/// # async fn example<R: ftp_driver::Runtime>(runtime: R) -> Result<(), Box<dyn std::error::Error>> {
/// use ftp_driver::client::{Client, Credentials, Target};
/// use ftp_driver::proxy::Proxy;
/// use ftp_driver::sansio::wire::Secret;
///
/// let anna = Credentials { user: "anna".parse()?, password: Secret::new("hush".parse()?), account: None };
/// let mut client = Client::builder(runtime)
///     .proxy(Proxy::socks5("proxy.example.org:1080".parse::<Target>()?))
///     .credentials(anna)
///     .deadline(std::time::Duration::from_secs(30))
///     .connect(Target::new("ftp.example.org", 21)?)
///     .await?;
/// client.quit().await?;
/// # Ok(())
/// # }
/// ```
pub struct Builder<R: Runtime> {
    runtime: R,
    /// Its server is set when it is connected to.
    site: Site,
    observer: Option<Observer>,
    deadline: Option<Duration>,
}

impl<R: Runtime> std::fmt::Debug for Builder<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("site", &self.site)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl<R: Runtime> Builder<R> {
    pub(super) fn new(runtime: R) -> Self {
        Self {
            runtime,
            site: Site::new(SocketAddr::from(([0; 4], 0))),
            observer: None,
            deadline: None,
        }
    }

    /// How the session behaves: its timeouts, the way to data connections, and more.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.site.config = config;
        self
    }

    /// Who logs in. Without it nobody does before [`Client::login`].
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.site.credentials = Some(credentials);
        self
    }

    /// How TLS is done. [`Config::tls`] says when it begins:
    ///
    /// - [`Tls::Implicit`](super::Tls::Implicit): with the first byte. [`Client::secure`] is still to be called before data can be moved.
    /// - [`Tls::Explicit`](super::Tls::Explicit): with [`Client::secure`], before which nothing of consequence is said: it is refused with
    ///   [`Error::NotPossible`].
    /// - [`Tls::Off`](super::Tls::Off): with [`Client::secure`], if it is ever called. Where the server then has no TLS, what follows goes
    ///   on in clear text: whoever sits in between can bring that about.
    ///
    /// With [`credentials`](Self::credentials) and one of the first two, [`connect`](Self::connect) secures the session before it logs in.
    ///
    /// The server's certificate must be for the name that it is connected to by, unless `tls` trusts it whatever its name is. It is asked of
    /// data connections too.
    #[must_use]
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.site.tls = Some(tls);
        self
    }

    /// The name that the server's certificate must have, and that the server is told (SNI), where it is another than that of the server.
    #[must_use]
    pub fn server_name(mut self, name: ServerName) -> Self {
        self.site.server_name = Some(name);
        self
    }

    /// The proxy that all connections go through. Its time counts as that of connecting.
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.site.proxy = Some(proxy);
        self
    }

    /// The local address to connect from.
    #[must_use]
    pub const fn source(mut self, source: IpAddr) -> Self {
        self.site.source = Some(source);
        self
    }

    /// The ports to listen at in active mode, which a firewall lets through.
    #[must_use]
    pub fn active_ports(mut self, ports: RangeInclusive<u16>) -> Self {
        self.site.active.ports = Some(ports);
        self
    }

    /// The address to tell the server in active mode: that of a NAT which passes the ports on to here.
    #[must_use]
    pub const fn active_address(mut self, address: IpAddr) -> Self {
        self.site.active.address = Some(address);
        self
    }

    /// Shows every command and reply, from the greeting's on.
    #[must_use]
    pub fn observe(mut self, observer: impl FnMut(Trace<'_>) + Send + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// How long all of [`connect`](Self::connect) may take, whatever the timeouts of its parts are. Without it only those hold.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// What was set so far, for this server.
    #[must_use]
    pub fn site(&self, server: impl Into<Target>) -> Site {
        Site {
            server: server.into(),
            ..self.site.clone()
        }
    }

    /// Looks the server up, connects to each of its addresses in turn, each for [`Timeouts::connect`](super::Timeouts) at the most,
    /// waits for the greeting, and logs in where [`credentials`](Self::credentials) were given.
    ///
    /// # Errors
    /// [`Error::Connect`] or [`Error::Timeout`] of the last address tried, [`Error::Proxy`], what came instead of a greeting, and
    /// [`Error::LoginRefused`]. Nothing has been changed on the server then.
    pub async fn connect(self, server: impl Into<Target>) -> Result<Client<R>, Error> {
        let site = self.site(server);
        self.connect_to(&site).await
    }

    /// As [`connect`](Self::connect), with what the site says in place of what was set here.
    pub(super) async fn connect_to(self, site: &Site) -> Result<Client<R>, Error> {
        let runtime = self.runtime.clone();
        // Boxed, since it is used once and is large, and what waits for it should not be.
        let opening = Box::pin(open(self.runtime, site, self.observer));
        match self.deadline {
            Some(limit) => within(&runtime, limit, opening)
                .await
                .unwrap_or(Err(Error::Timeout(Wait::Connect))),
            None => opening.await,
        }
    }
}

async fn open<R: Runtime>(
    runtime: R,
    site: &Site,
    observer: Option<Observer>,
) -> Result<Client<R>, Error> {
    let (stream, outward) = Outward::connect(&runtime, site).await?;
    let mut connection = prepare(runtime, stream, site, outward)?;
    connection.observer = observer;
    let greeting = poll_fn(|context| {
        loop {
            match ready!(connection.poll(context)) {
                Happened::Greeted(greeting) => return Poll::Ready(Ok(greeting)),
                Happened::Closed(failure) => {
                    return Poll::Ready(Err(connection.closed(failure)));
                }
                Happened::Finished(..) => {}
            }
        }
    })
    .await?;
    let mut client = Client::greeted(connection, greeting);
    if let Some(credentials) = &site.credentials {
        if site.config.tls != Tls::Off {
            client.secure().await?;
        }
        client.login_with(credentials.clone()).await?;
        client.changed.more = false;
    }
    Ok(client)
}

/// Not in the future above, which would have room for it twice.
fn prepare<R: Runtime>(
    runtime: R,
    stream: R::Stream,
    site: &Site,
    outward: Outward,
) -> Result<Box<Connection<R>>, Error> {
    let tls = site.control_tls()?;
    let connection = Connection::new(runtime, stream, site.config.clone(), outward, tls);
    connection.map(Box::new).map_err(Error::Connect)
}
