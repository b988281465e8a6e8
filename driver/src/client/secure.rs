//! The client's TLS: on a new data connection, at the end of an upload's, and what its failures mean.

use std::task::{Context, Poll, Waker};

use ftp_sansio::client::{Failure, Input, Protection, TlsRole, TransferEvent};

use super::connection::{Connected, Connection, Data};
use super::error::Error;
use crate::parting::{Guard, Parting};
use crate::runtime::{Runtime, Stream};
use crate::tls::{ControlClient, Engine, TlsError};
use crate::transport::Transport;

/// TLS on the data connection.
impl<R: Runtime> Connection<R> {
    /// Brings TLS up on a data connection whose transfer wants it. True when it is there, or will not be.
    pub(super) fn poll_secure(&mut self, context: &mut Context<'_>) -> bool {
        let (Some(transfer), Data::Connected(data, connected)) = (&self.transfer, &mut self.data)
        else {
            return false;
        };
        let Protection::Tls(role) = transfer.protection else {
            return false;
        };
        if transfer.data != *data || connected.resumed.is_some() {
            return false;
        }
        let id = transfer.id;
        if connected.transport.tls().is_none()
            && let Some(parting) = &mut self.parting
        {
            // The handshake is about to begin. What tickets have come by now it can use, though a reactor may yet have to tell of them.
            parting.look_again();
            let _ = parting.poll_over(&self.runtime, context);
        }
        let secured = secure(connected, self.tls.as_deref(), role, context);
        let event = match secured {
            Poll::Pending => return false,
            Poll::Ready(Ok(resumed)) => {
                connected.resumed = Some(resumed);
                TransferEvent::Secured { resumed }
            }
            Poll::Ready(Err(fault)) => {
                self.data_fault = Some(fault);
                self.transfer = None;
                TransferEvent::SecureFailed
            }
        };
        self.machine
            .handle(self.runtime.now(), Input::Transfer(id, event));
        true
    }

    /// Keeps a data connection until the server has ended it too. One on which all was sent may bring tickets for the next ones; a server that
    /// wanted it to resume a session has sent tickets before it refused.
    pub(super) fn part(&mut self, stream: Guard<R::Stream>) {
        self.parting = Some(Parting::new(&self.runtime, stream));
    }

    /// True when the server has ended it, or is not waited for any more.
    pub(super) fn poll_parting(&mut self, context: &mut Context<'_>) -> bool {
        self.parting
            .take_if(|parting| parting.poll_over(&self.runtime, context).is_ready())
            .is_some()
    }

    /// Whether a data connection waits for the server's end: the next one needs the tickets that it may bring.
    pub(super) const fn is_parting(&self) -> bool {
        self.parting.is_some()
    }

    /// What a failure means, with what TLS has to say of it.
    pub(super) fn explain(&mut self, failure: Failure) -> Error {
        match failure {
            Failure::Tls => Error::Tls(self.control_fault()),
            Failure::DataTls => {
                let fault = self.data_fault.take();
                Error::DataTls(fault.unwrap_or(TlsError::Ended))
            }
            failure => failure.into(),
        }
    }

    fn control_fault(&self) -> TlsError {
        let Some(tls) = &self.tls else {
            return TlsError::NotSetUp;
        };
        match self.control.fault() {
            Some(fault) => TlsError::of(fault, tls.seen()),
            None => TlsError::Ended,
        }
    }

    /// What the end of the session means for who wanted something of it.
    pub(super) fn closed(&mut self, failure: Option<Failure>) -> Error {
        let error = match failure {
            Some(failure) => self.explain(failure),
            None => Error::Closed(None),
        };
        self.error(error)
    }
}

/// Makes the handshake on a data connection; says whether it resumed.
fn secure<S: Stream>(
    connected: &mut Connected<S>,
    tls: Option<&ControlClient>,
    role: TlsRole,
    context: &mut Context<'_>,
) -> Poll<Result<bool, TlsError>> {
    let transport = &mut connected.transport;
    // The other part is for servers alone.
    let Some(tls) = tls.filter(|_| role == TlsRole::Client) else {
        return Poll::Ready(Err(TlsError::NotSetUp));
    };
    if transport.tls().is_none() {
        transport.start_tls(Engine::data(tls.session()?));
    }
    std::task::ready!(transport.poll_handshake(context))
        .map_err(|fault| TlsError::of(&fault, tls.seen()))?;
    Poll::Ready(Ok(transport.tls().is_some_and(Engine::resumed)))
}

/// Reads the tickets that have come with a data connection which is about to be reset: who loses them too often has none left to resume with.
pub(super) fn take_tickets<S: Stream>(transport: &mut Transport<S>) {
    // They come before everything else, and are not waited for.
    let _ = transport.poll_read(&mut Context::from_waker(Waker::noop()), &mut [0; 1]);
}
