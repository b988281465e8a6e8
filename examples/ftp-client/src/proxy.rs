//! `--proxy`: the proxy that all connections go through.

use ftp_driver::client::Target;
use ftp_driver::proxy::Proxy;

use crate::cli::Options;
use crate::failure::Failure;
use crate::url;

/// The port of a proxy that has none: that of SOCKS, which curl takes for HTTP proxies too.
const PORT: u16 = 1080;

/// The proxy that the command line asks for.
///
/// # Errors
/// A URL of no use; a session in active mode, which no proxy of these kinds passes on.
pub(crate) fn wanted(options: &Options) -> Result<Option<Proxy>, Failure> {
    let Some(url) = &options.proxy else {
        return Ok(None);
    };
    if options.active {
        return Err(Failure::usage(
            "--active does not work through a --proxy: the server could not come to this side",
        ));
    }
    let proxy = parse(url).map_err(|failure| Failure::usage(format!("--proxy: {failure}")))?;
    Ok(Some(proxy))
}

/// Reads the URL of a proxy. It is not shown: a password may stand anywhere in it.
fn parse(text: &str) -> Result<Proxy, Failure> {
    let of_kind = |kind: &str| match kind.to_ascii_lowercase().as_str() {
        "socks5" | "socks5h" => Some(Proxy::socks5 as fn(Target) -> Proxy),
        "http" => Some(Proxy::http_connect as fn(Target) -> Proxy),
        _ => None,
    };
    let known = url::scheme(text).and_then(|(kind, rest)| Some((of_kind(kind)?, rest)));
    let (kind, rest) = known.ok_or_else(|| {
        Failure::usage("it is socks5://HOST[:PORT] or http://HOST[:PORT], with USER:PASSWORD@ before the host where it asks for them")
    })?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains('/') {
        return Err(Failure::usage("the URL of a proxy has no path"));
    }
    let (login, host) = match authority.rsplit_once('@') {
        Some((login, host)) => (Some(login), host),
        None => (None, authority),
    };
    let host = url::parse_host(host)?;
    let target = Target::new(&host.name, host.port.unwrap_or(PORT));
    let proxy = kind(target.map_err(|error| Failure::usage(error.to_string()))?);
    match login.map(url::parse_login).transpose()?.unwrap_or_default() {
        (None, None) => Ok(proxy),
        (user, password) => {
            let login = proxy.login(user.unwrap_or_default(), password.unwrap_or_default());
            login.map_err(|error| Failure::usage(error.to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use ftp_sansio::wire::{Arg, Secret};

    use super::*;
    use crate::failure::Exit;

    fn target(text: &str) -> Target {
        text.parse().unwrap()
    }

    fn good(text: &str) -> Proxy {
        parse(text).unwrap_or_else(|failure| panic!("{text}: {failure}"))
    }

    #[test]
    fn proxies() {
        let socks = |at| Proxy::socks5(target(at));
        let http = |at| Proxy::http_connect(target(at));
        assert_eq!(good("socks5://h"), socks("h:1080"));
        assert_eq!(good("SOCKS5h://h:9050/"), socks("h:9050"));
        assert_eq!(good("socks5://[::1]:9"), socks("[::1]:9"));
        assert_eq!(good("http://192.0.2.1"), http("192.0.2.1:1080"));
        assert_eq!(good("http://h:8080/"), http("h:8080"));
        let anna = |proxy: Proxy, password: &str| {
            let password = Secret::new(Arg::try_from(password).unwrap());
            proxy.login("anna".parse().unwrap(), password).unwrap()
        };
        let login = good("socks5://anna:p%40ss@h:1");
        assert_eq!(login, anna(socks("h:1"), "p@ss"));
        assert_eq!(good("http://anna@h:1"), anna(http("h:1"), ""));
    }

    #[test]
    fn what_is_no_proxy_is_told_without_its_password() {
        for text in [
            "",
            "h:1080",
            "socks4://anna:hush@h",
            "https://anna:hush@h",
            "socks5://anna:hush@",
            "socks5://anna:hush@h:0",
            "socks5://anna:hush@h:port",
            "socks5://anna:hush@h/path",
            "socks5://anna:hush/@h",
            "socks5://anna:hush%@h",
            "socks5://anna:hush@h ost",
            "socks5://anna:hush@h%00",
            // SOCKS has no empty password (RFC 1929 § 2), and HTTP no colon in a user's name (RFC 7617 § 2).
            "socks5://anna@h",
            "socks5://:hush@h",
            "http://an%3ana:hush@h",
        ] {
            let failure = parse(text).expect_err(text);
            assert_eq!(failure.exit(), Exit::Usage, "{text}");
            let shown = failure.to_string();
            assert!(!shown.contains("hush") && !shown.contains('\n'), "{shown}");
        }
    }
}
