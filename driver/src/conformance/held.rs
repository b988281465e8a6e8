//! A gate that holds up what a store does to a file, until a test lets it pass.

use std::fs::File;
use std::future::poll_fn;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use bytes::Bytes;

use crate::runtime::Runtime;

/// Shut at first. Clones are the same gate.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Who stands before it, and may not pass yet.
    waiting: usize,
    /// How many may pass.
    permits: usize,
    wakers: Vec<Waker>,
}

impl Gate {
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.0.lock().unwrap();
        change(&mut state);
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    async fn until(&self, mut is_so: impl FnMut(&mut State) -> bool) {
        poll_fn(|context| {
            let mut state = self.0.lock().unwrap();
            if is_so(&mut state) {
                return Poll::Ready(());
            }
            state.wakers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Waits until something stands before it.
    pub(super) async fn holds(&self) {
        self.until(|state| state.waiting > 0).await;
    }

    /// Lets one pass: who waits, or who comes next.
    pub(super) fn let_pass(&self) {
        self.change(|state| {
            state.waiting = state.waiting.saturating_sub(1);
            state.permits += 1;
        });
    }

    /// Waits until it may pass.
    pub(super) async fn pass(&self) {
        let take = |state: &mut State| match state.permits.checked_sub(1) {
            Some(left) => {
                state.permits = left;
                true
            }
            None => false,
        };
        let mut may = false;
        self.change(|state| {
            may = take(state);
            state.waiting += usize::from(!may);
        });
        if !may {
            self.until(take).await;
        }
    }

    /// Writes behind the gate as work on a blocking thread does: it goes on when nobody waits for it any more.
    pub(super) async fn write<R: Runtime>(&self, runtime: &R, file: Arc<File>, data: Bytes) {
        let (gate, written) = (self.clone(), Self::default());
        let done = written.clone();
        runtime.spawn(async move {
            gate.pass().await;
            (&*file).write_all(&data).unwrap();
            done.let_pass();
        });
        written.pass().await;
    }
}
