//! What every adapter for kernel sockets needs alike: options, binding, connecting.
//!
//! All of it works on the standard library's sockets, which every reactor can adopt, so that an adapter is only the
//! reactor's own calls.

use std::io;
use std::mem::MaybeUninit;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::fd::AsFd as AsSocket;
#[cfg(windows)]
use std::os::windows::io::AsSocket;
use std::time::Duration;

use crate::runtime::Unread;
use socket2::{Domain, Protocol, SockRef, Socket, Type};

/// Connections that may wait to be accepted. The system lowers it to its own maximum.
const BACKLOG: i32 = 1024;

/// A non-blocking listener at `at`; port 0 lets the system choose.
///
/// An IPv6 listener takes IPv6 alone, so that `[::]` and `0.0.0.0` can be bound side by side on every system, and no
/// peer appears under an IPv4-mapped address.
///
/// # Errors
/// What the system says: the port is in use, the address is not ours.
pub fn bind(at: SocketAddr) -> io::Result<TcpListener> {
    let socket = new_socket(at)?;
    if at.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A restarted server must get its port back while old connections linger in TIME_WAIT. On Windows the option means
    // something else (stealing the port), and with port 0 Linux may hand one port to two callers who both set it.
    #[cfg(unix)]
    if at.port() != 0 {
        socket.set_reuse_address(true)?;
    }
    // Linux hands these down to what is accepted, which spares two calls for each.
    if OPTIONS_ARE_INHERITED {
        prepare(&socket)?;
    }
    socket.bind(&at.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Whether what a listener accepts has the listener's options.
const OPTIONS_ARE_INHERITED: bool = cfg!(target_os = "linux");

/// Accepts a connection at a listener that [`bind`] made: it and the peer's address. What it gives is non-blocking and [prepared](prepare);
/// a listener from elsewhere is to be prepared itself before.
///
/// # Errors
/// `WouldBlock` when nobody waits; else what the system says.
pub fn accept(listener: &impl AsSocket) -> io::Result<(TcpStream, SocketAddr)> {
    #[cfg(target_os = "linux")]
    let (stream, peer) = {
        use rustix::net::{SocketFlags, acceptfrom_with};

        // One call, instead of four with a flag each.
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let (stream, peer) = acceptfrom_with(listener, flags)?;
        let peer = peer.and_then(|peer| SocketAddr::try_from(peer).ok());
        (TcpStream::from(stream), peer)
    };
    #[cfg(not(target_os = "linux"))]
    let (stream, peer) = {
        let (stream, peer) = SockRef::from(listener).accept()?;
        stream.set_nonblocking(true)?;
        (TcpStream::from(stream), peer.as_socket())
    };
    // It is gone before anybody knew who it was.
    let peer = peer.ok_or(io::ErrorKind::ConnectionAborted)?;
    if !OPTIONS_ARE_INHERITED {
        prepare(&stream)?;
    }
    Ok((stream, peer))
}

/// Begins to connect to `to`, from the local address `from` if one is given.
///
/// The socket is non-blocking and [prepared](prepare). Once it is writable, [`finish_connect`] tells how the attempt went. Dropped before,
/// it is reset where it was established already: a FIN on a data connection that nobody has used is a whole file without a byte.
///
/// # Errors
/// What the system says at once; a refused connection on the loopback may come here already.
pub fn start_connect(to: SocketAddr, from: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = new_socket(to)?;
    prepare(&socket)?;
    reset_on_drop(&socket);
    if let Some(from) = from {
        socket.bind(&SocketAddr::new(from, 0).into())?;
    }
    match socket.connect(&to.into()) {
        Err(error) if !is_under_way(&error) => Err(error),
        _ => Ok(socket.into()),
    }
}

fn new_socket(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A connect that was interrupted goes on by itself (POSIX), as one that would block does.
fn is_under_way(error: &io::Error) -> bool {
    #[cfg(unix)]
    if rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::INPROGRESS) {
        return true;
    }
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

/// Sets what every FTP connection wants: no delay for small writes, and urgent bytes in line, because an ABOR may be
/// sent as urgent data and a byte taken out of line would be missing from the command.
///
/// [`start_connect`] and [`accept`] have done this already; an adapter does it to what it accepts otherwise.
///
/// # Errors
/// What the system says; some refuse options on a connection that the peer has already reset.
pub fn prepare(socket: &impl AsSocket) -> io::Result<()> {
    let socket = SockRef::from(socket);
    socket.set_tcp_nodelay(true)?;
    socket.set_out_of_band_inline(true)
}

/// Makes closing the socket a reset.
///
/// A failure is not reported: it means that the connection is gone, and then there is nothing to reset.
pub fn reset_on_drop(socket: &impl AsSocket) {
    let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
}

/// What there is to read, asked of the kernel.
///
/// # Errors
/// What the system says, which says it only once: after a reset was told of, there is nothing but an end to read.
pub fn unread(socket: &impl AsSocket) -> io::Result<Unread> {
    let mut byte = [MaybeUninit::uninit()];
    match SockRef::from(socket).peek(&mut byte) {
        Ok(0) => Ok(Unread::End),
        Ok(_) => Ok(Unread::Bytes),
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(Unread::Nothing),
            _ => Err(error),
        },
    }
}

/// Reads what is there; 0 is the peer's end.
///
/// # Errors
/// `WouldBlock` when nothing is there yet; else what the system says.
pub fn read(socket: &impl AsSocket, buffer: &mut [u8]) -> io::Result<usize> {
    io::Read::read(&mut &*SockRef::from(socket), buffer)
}

/// Writes what fits of these, in their order.
///
/// # Errors
/// `WouldBlock` when nothing fits now; else what the system says.
pub fn write(socket: &impl AsSocket, buffers: &[io::IoSlice<'_>]) -> io::Result<usize> {
    io::Write::write_vectored(&mut &*SockRef::from(socket), buffers)
}

/// Writes what fits as urgent data, the last byte of it being marked.
///
/// # Errors
/// `WouldBlock` when nothing fits now; else what the system says.
pub fn write_urgent(socket: &impl AsSocket, data: &[u8]) -> io::Result<usize> {
    SockRef::from(socket).send_out_of_band(data)
}

/// Says that nothing more will be written (a FIN).
///
/// # Errors
/// What the system says.
pub fn shutdown(socket: &impl AsSocket) -> io::Result<()> {
    SockRef::from(socket).shutdown(std::net::Shutdown::Write)
}

/// Says how an attempt to connect went. Where it went well, the connection will end in order when it is dropped.
///
/// # Errors
/// What the attempt has met in the background, such as a refusal.
pub fn finish_connect(socket: &impl AsSocket) -> io::Result<()> {
    let socket = SockRef::from(socket);
    socket.take_error()?.map_or(Ok(()), Err)?;
    socket.set_linger(None)
}
