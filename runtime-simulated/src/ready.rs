//! Which tasks are to be polled.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

/// The tasks that were woken, in the order of their numbers: in which order they were woken does not matter.
#[derive(Debug, Default)]
pub(crate) struct Ready(Mutex<BTreeSet<u64>>);

impl Ready {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn insert(&self, task: u64) {
        self.lock().insert(task);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// One of them, which `draw` chooses by its place.
    pub(crate) fn take(&self, draw: impl FnOnce(usize) -> usize) -> Option<u64> {
        let mut tasks = self.lock();
        let place = if tasks.len() > 1 {
            draw(tasks.len())
        } else {
            0
        };
        let task = tasks.iter().nth(place).copied()?;
        tasks.remove(&task);
        Some(task)
    }

    pub(crate) fn waker(self: &Arc<Self>, task: u64) -> Waker {
        Waker::from(Arc::new(TaskWaker {
            task,
            ready: Arc::clone(self),
        }))
    }
}

struct TaskWaker {
    task: u64,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.ready.insert(self.task);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.insert(self.task);
    }
}
