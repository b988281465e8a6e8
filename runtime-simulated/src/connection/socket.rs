//! What a socket can do: one end of a connection, as a program has it.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::task::{Context, Poll};

use bytes::Buf;
use ftp_driver::runtime::{Interest, Unread};

use crate::world::World;

impl World {
    pub(crate) fn local_addr(&mut self, id: u64, side: usize) -> io::Result<SocketAddr> {
        self.end(id, side).map(|end| end.address)
    }

    pub(crate) fn peer_addr(&mut self, id: u64, side: usize) -> io::Result<SocketAddr> {
        if self.end(id, side)?.dead {
            return Err(io::ErrorKind::NotConnected.into());
        }
        self.local_addr(id, 1 - side)
    }

    pub(crate) fn poll_ready(
        &mut self,
        id: u64,
        side: usize,
        context: &Context<'_>,
        interest: Interest,
    ) -> Poll<io::Result<()>> {
        let by_whim = self.conditions.capricious && self.random.one_in(16);
        let (room, waiting) = (self.conditions.send_buffer.max(1), self.waiting(context));
        let end = self.end(id, side)?;
        let over = end.dead || by_whim;
        let (is_ready, slot) = match interest {
            Interest::Read => (end.incoming_len > 0 || end.ended, &mut end.reader),
            Interest::Write => (
                end.shut || end.outgoing_len + end.on_wire < room,
                &mut end.writer,
            ),
        };
        if over || is_ready {
            return Poll::Ready(Ok(()));
        }
        *slot = Some(waiting);
        Poll::Pending
    }

    pub(crate) fn try_read(
        &mut self,
        id: u64,
        side: usize,
        mut room: &mut [u8],
    ) -> io::Result<usize> {
        let end = self.end(id, side)?;
        let mut count = 0;
        while let Some(front) = end.incoming.front_mut() {
            let taken = front.len().min(room.len());
            room[..taken].copy_from_slice(&front[..taken]);
            front.advance(taken);
            (count, room) = (count + taken, &mut room[taken..]);
            if !front.is_empty() {
                break;
            }
            end.incoming.pop_front();
        }
        end.incoming_len -= count;
        if count > 0 || room.is_empty() {
            self.transmit(id, 1 - side);
            return Ok(count);
        }
        // An end that had come before the reset stays one.
        if end.ended {
            return Ok(0);
        }
        match (end.error.take(), end.dead) {
            (Some(error), _) => Err(error.into()),
            (None, true) => Ok(0),
            (None, false) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    pub(crate) fn try_write(
        &mut self,
        id: u64,
        side: usize,
        buffers: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        let takes_part = self.conditions.capricious && self.random.one_in(8);
        let part = self.random.draw();
        let capacity = self.conditions.send_buffer.max(1);
        let end = self.end(id, side)?;
        if let Some(error) = end.error.take() {
            return Err(error.into());
        }
        if end.dead || end.shut {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let all: usize = buffers.iter().map(|buffer| buffer.len()).sum();
        let room = capacity.saturating_sub(end.outgoing_len + end.on_wire);
        let mut left = all.min(room);
        if all == 0 {
            return Ok(0);
        }
        if left == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        if takes_part {
            left = 1 + (part % left as u64) as usize;
        }
        let mut taken = Vec::with_capacity(left);
        for buffer in buffers {
            let count = buffer.len().min(left - taken.len());
            taken.extend_from_slice(&buffer[..count]);
        }
        end.outgoing_len += left;
        end.outgoing.push_back(taken.into());
        self.transmit(id, side);
        Ok(left)
    }

    pub(crate) fn shutdown(&mut self, id: u64, side: usize) -> io::Result<()> {
        let end = self.end(id, side)?;
        if end.dead {
            return Err(io::ErrorKind::NotConnected.into());
        }
        end.shut = true;
        self.transmit(id, side);
        Ok(())
    }

    pub(crate) fn unread(&mut self, id: u64, side: usize) -> io::Result<Unread> {
        let end = self.end(id, side)?;
        if end.incoming_len > 0 {
            return Ok(Unread::Bytes);
        }
        if end.ended {
            return Ok(Unread::End);
        }
        match (end.error.take(), end.dead) {
            (Some(error), _) => Err(error.into()),
            (None, true) => Ok(Unread::End),
            (None, false) => Ok(Unread::Nothing),
        }
    }

    pub(crate) fn reset_on_drop(&mut self, id: u64, side: usize) {
        if let Ok(end) = self.end(id, side) {
            end.reset_on_drop = true;
        }
    }

    /// An end is let go of: in order, or with a reset where that was wanted, or where something came that nobody has read.
    pub(crate) fn drop_end(&mut self, id: u64, side: usize) {
        let Ok(end) = self.end(id, side) else { return };
        end.held = false;
        (end.reader, end.writer) = (None, None);
        if !end.dead {
            if end.reset_on_drop || end.incoming_len > 0 {
                self.reset(id, side);
            } else {
                end.shut = true;
                self.transmit(id, side);
            }
        }
        self.tidy(id);
    }
}
