//! How a session's connections leave this machine: from which address, through which proxy, and where the server may come to.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::pin::Pin;

use ftp_sansio::client::{Config, DataPath, Wait};

use super::error::Error;
use super::site::Site;
use crate::proxy::{Proxy, ProxyError};
use crate::runtime::{Listener, Runtime, within};
use crate::server::passive;
use crate::target::Target;
use crate::trace::note;

pub(super) type Connecting<S> = Pin<Box<dyn Future<Output = io::Result<S>> + Send>>;

/// Where this side listens in active mode ([`DataPath::Active`]).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Active {
    /// The ports that may be used, one of them at random each time; without them the system chooses.
    pub ports: Option<RangeInclusive<u16>>,
    /// The address that the server is told: that of the NAT in front, which has to pass the ports on. Without it, it is the control connection's own.
    pub address: Option<IpAddr>,
}

/// What of a [`Site`] the data connections need, too.
#[derive(Clone, Default)]
pub(super) struct Outward {
    active: Active,
    through: Option<Through>,
}

/// A proxy that the control connection goes through.
#[derive(Clone)]
struct Through {
    proxy: Proxy,
    /// The one of its addresses that answered.
    at: SocketAddr,
    server: Target,
}

impl Outward {
    /// Makes the control connection: by each of the addresses in turn, until one answers.
    pub(super) async fn connect<R: Runtime>(
        runtime: &R,
        site: &Site,
    ) -> Result<(R::Stream, Self), Error> {
        check(&site.config, site.proxy.as_ref())?;
        let limit = site.config.timeouts.connect;
        let first = site.proxy.as_ref().map_or(&site.server, Proxy::target);
        let addresses = within(runtime, limit, first.resolve(runtime)).await;
        let addresses = addresses
            .ok_or(Error::Timeout(Wait::Connect))?
            .map_err(Error::Connect)?;
        let mut failure = Error::Connect(io::ErrorKind::NotFound.into());
        for at in addresses {
            note!(%at, server = %site.server, through_proxy = site.proxy.is_some(), "connecting");
            let attempt = attempt(runtime, site, at);
            match within(runtime, limit, attempt).await {
                Some(Ok(stream)) => {
                    let through = site.proxy.clone().map(|proxy| Through {
                        proxy,
                        at,
                        server: site.server.clone(),
                    });
                    let active = site.active.clone();
                    return Ok((stream, Self { active, through }));
                }
                // Its other addresses would say the same.
                Some(Err(Error::Proxy(error))) if !error.is_retryable() => return Err(error.into()),
                Some(Err(error)) => failure = error,
                None => failure = Error::Timeout(Wait::Connect),
            }
        }
        Err(failure)
    }

    /// The other end of the control connection, as the machine knows it: it goes there for data, whatever a 227 says. Of a server whose name
    /// the proxy looks up, only the port is known; [`Self::target`] puts the name in again.
    pub(super) fn peer(&self) -> Option<SocketAddr> {
        let through = self.through.as_ref()?;
        Some(match through.server {
            Target::Address(address) => address,
            Target::Name(_, port) => (Ipv4Addr::UNSPECIFIED, port).into(),
        })
    }

    /// Makes a data connection, from the control connection's address.
    pub(super) fn connect_data<R: Runtime>(
        &self,
        runtime: &R,
        to: SocketAddr,
        from: IpAddr,
    ) -> Connecting<R::Stream> {
        let Some(through) = self.through.clone() else {
            return Box::pin(runtime.connect(to, Some(from)));
        };
        let connecting = runtime.connect(through.at, Some(from));
        Box::pin(async move {
            let (stream, target) = (connecting.await?, through.target(to));
            match through.proxy.pass_on(stream, &target).await {
                Ok(stream) => Ok(stream),
                Err(ProxyError::Io(error)) => Err(error),
                Err(error) => Err(io::Error::other(error)),
            }
        })
    }

    /// Listens for the server in active mode; what it is told is where it may come to.
    pub(super) fn listen<R: Runtime>(
        &self,
        runtime: &R,
        address: IpAddr,
    ) -> io::Result<(R::Listener, SocketAddr)> {
        let listener = match &self.active.ports {
            Some(ports) => passive::listen(runtime, address, ports)?,
            None => runtime.listen(SocketAddr::new(address, 0))?,
        };
        let at = listener.local_addr()?;
        let told = self.active.address.unwrap_or(at.ip());
        Ok((listener, SocketAddr::new(told, at.port())))
    }
}

impl Through {
    fn target(&self, to: SocketAddr) -> Target {
        match to.ip().is_unspecified() {
            true => self.server.with_port(to.port()),
            false => to.into(),
        }
    }
}

/// One attempt to reach the server, at its own address or its proxy's.
async fn attempt<R: Runtime>(runtime: &R, site: &Site, at: SocketAddr) -> Result<R::Stream, Error> {
    let connected = runtime.connect(at, site.source).await;
    let stream = connected.map_err(Error::Connect)?;
    match &site.proxy {
        Some(proxy) => Ok(proxy.pass_on(stream, &site.server).await?),
        None => Ok(stream),
    }
}

/// Active mode and a proxy exclude each other.
fn check(config: &Config, proxy: Option<&Proxy>) -> Result<(), ProxyError> {
    let is_active = matches!(config.data_path, DataPath::Active | DataPath::ActiveLong);
    match proxy {
        Some(_) if is_active => Err(ProxyError::ActiveMode),
        _ => Ok(()),
    }
}
