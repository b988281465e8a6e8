//! Tasks of which it is known whether they have anything to do, and which can be held.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};

/// All that were begun.
#[derive(Clone, Debug, Default)]
pub(super) struct Tasks(Arc<Mutex<All>>);

#[derive(Debug, Default)]
struct All {
    tasks: Vec<Arc<Task>>,
    are_held: bool,
}

#[derive(Debug)]
struct Task(Mutex<State>);

#[derive(Debug)]
struct State {
    /// It was woken, or is being polled.
    is_busy: bool,
    /// It was woken since it was polled last.
    is_woken: bool,
    waker: Option<Waker>,
}

impl Task {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn wake_now(&self) {
        let waker = self.state().waker.clone();
        waker.into_iter().for_each(Waker::wake);
    }

    fn poll(
        self: &Arc<Self>,
        task: Pin<&mut (impl Future<Output = ()> + ?Sized)>,
        context: &Context<'_>,
        is_held: bool,
    ) -> Poll<()> {
        let mut state = self.state();
        state.waker = Some(context.waker().clone());
        if is_held {
            return Poll::Pending;
        }
        (state.is_busy, state.is_woken) = (true, false);
        drop(state);
        let polled = task.poll(&mut Context::from_waker(&Waker::from(Arc::clone(self))));
        let mut state = self.state();
        state.is_busy = state.is_woken && polled.is_pending();
        polled
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let mut state = self.state();
        (state.is_busy, state.is_woken) = (true, true);
        drop(state);
        self.wake_now();
    }
}

impl Tasks {
    fn all(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap()
    }

    /// The same task, of which it is known.
    pub(super) fn observe(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let observed = Arc::new(Task(Mutex::new(State {
            is_busy: true,
            is_woken: true,
            waker: None,
        })));
        self.all().tasks.push(Arc::clone(&observed));
        let (mut task, tasks) = (Box::pin(task), self.clone());
        poll_fn(move |context| {
            let are_held = tasks.all().are_held;
            observed.poll(task.as_mut(), context, are_held)
        })
    }

    /// Whether each waits for something from outside.
    pub(super) fn are_at_rest(&self) -> bool {
        self.all().tasks.iter().all(|task| !task.state().is_busy)
    }

    /// From now on nothing is done, whatever comes.
    pub(super) fn hold(&self) {
        self.all().are_held = true;
    }

    /// Everything goes on for which something has come meanwhile.
    pub(super) fn release(&self) {
        let mut all = self.all();
        all.are_held = false;
        let woken = all.tasks.iter().filter(|task| task.state().is_woken);
        let woken: Vec<_> = woken.cloned().collect();
        drop(all);
        woken.iter().for_each(|task| task.wake_now());
    }
}
