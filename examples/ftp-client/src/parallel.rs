//! `-j`: files over several sessions with one server at once.
//!
//! The sessions' futures are polled in one task, so that nothing is shared between threads, and what is said stays in whole lines.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use ftp_driver::Runtime;
use ftp_sansio::wire::{Mode, Representation};

use crate::download::pass_on;
use crate::failure::Failure;
use crate::login::Credentials;
use crate::opener::Opener;
use crate::progress::Sum;
use crate::session::Session;
use crate::url::Target;

/// The sessions of one command: the first, and as many more as `-j` lets there be.
pub(crate) struct Sessions<'a, R: Runtime> {
    pub(crate) first: Session<R>,
    /// It may have waited for the others: whether it is there is not known.
    is_in_doubt: bool,
    more: More<'a, R>,
}

/// Those beside the first.
struct More<'a, R: Runtime> {
    /// It knows from the first whether the server has TLS.
    opener: Opener<R>,
    target: &'a Target,
    credentials: Credentials,
    /// Those that are open and have nothing to do.
    idle: RefCell<Vec<Session<R>>>,
    /// One more was refused, and the next would be.
    is_full: Cell<bool>,
}

/// What nobody has begun yet.
type Queue<T> = RefCell<VecDeque<T>>;

impl<'a, R: Runtime> Sessions<'a, R> {
    /// Opens the first.
    pub(crate) async fn open(opener: &Opener<R>, target: &'a Target) -> Result<Self, Failure> {
        let credentials = opener.credentials(target)?;
        let first = opener.open_as(target, credentials.clone()).await?;
        let mut settings = opener.settings.clone();
        settings.tls = settings.tls.settled(&target.host, first.is_protected());
        let more = More {
            opener: Opener {
                runtime: opener.runtime.clone(),
                settings,
            },
            target,
            credentials,
            idle: RefCell::default(),
            is_full: Cell::new(false),
        };
        Ok(Self {
            first,
            is_in_doubt: false,
            more,
        })
    }

    /// The first, as it can be used after [`each`](Self::each). While it waited for the others the server may have closed it, as servers do
    /// with those that say nothing: then it is another.
    pub(crate) async fn first(&mut self) -> Result<&mut Session<R>, Failure> {
        if std::mem::take(&mut self.is_in_doubt) && !self.first.is_there().await {
            let manner = (self.first.representation, self.first.mode);
            let mut session = match self.more.idle().await {
                Some(session) => session,
                None => self.more.open().await?,
            };
            (session.representation, session.mode) = manner;
            self.first = session;
        }
        Ok(&mut self.first)
    }

    /// Does this for each of the files, begun in their order; a session is opened when there is something for it to do. A failure of one
    /// file is a problem, and a session that is lost ends all of it, as with one session alone. `bytes` is what the files have together,
    /// where that is known.
    pub(crate) async fn each<T>(
        &mut self,
        files: Vec<T>,
        bytes: Option<u64>,
        work: impl AsyncFn(&mut Session<R>, T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.first().await?;
        let settings = &self.more.opener.settings;
        let count = files.len().min(settings.jobs);
        let _sum = (count > 1).then(|| Sum::begin(&settings.console, files.len(), bytes));
        let queue = Queue::from(VecDeque::from(files));
        self.is_in_doubt = count > 1;
        let manner = (self.first.representation, self.first.mode);
        let (more, queue, work) = (&self.more, &queue, &work);
        let mut lanes: Vec<Lane<'_>> = vec![Box::pin(empty(&mut self.first, queue, work))];
        for _ in 1..count {
            lanes.push(Box::pin(async move {
                let Some(mut session) = more.session(queue, manner).await else {
                    return Ok(());
                };
                empty(&mut session, queue, work).await?;
                more.idle.borrow_mut().push(session);
                Ok(())
            }));
        }
        together(lanes).await
    }

    /// Says goodbye, over all of them.
    pub(crate) async fn quit(self) {
        let idle = self.more.idle.into_inner().into_iter();
        let quit = idle.chain([self.first]).map(|session| -> Lane<'_> {
            Box::pin(async move {
                session.quit().await;
                Ok(())
            })
        });
        // Nothing that goes wrong now matters.
        let _ = together(quit.collect()).await;
    }
}

impl<R: Runtime> More<'_, R> {
    async fn open(&self) -> Result<Session<R>, Failure> {
        self.opener
            .open_as(self.target, self.credentials.clone())
            .await
    }

    /// One that has nothing to do, and that the server has not closed for that.
    async fn idle(&self) -> Option<Session<R>> {
        loop {
            let last = self.idle.borrow_mut().pop();
            let mut session = last?;
            if session.is_there().await {
                return Some(session);
            }
        }
    }

    /// One more session, as long as there is something to do. A server that does not let there be so many is no problem: those that there are
    /// go on.
    async fn session<T>(
        &self,
        queue: &Queue<T>,
        (representation, mode): (Representation, Mode),
    ) -> Option<Session<R>> {
        let idle = self.idle().await;
        if idle.is_some() || self.is_full.get() {
            return idle;
        }
        let mut opening = Box::pin(self.open());
        let opened = poll_fn(|context| match queue.borrow().is_empty() {
            true => Poll::Ready(None),
            false => opening.as_mut().poll(context).map(Some),
        });
        match opened.await? {
            Ok(mut session) => {
                (session.representation, session.mode) = (representation, mode);
                Some(session)
            }
            Err(failure) => {
                if !self.is_full.replace(true) {
                    let console = self.opener.console();
                    console.note(format_args!(
                        "there are fewer sessions than -j asks for: {failure}"
                    ));
                }
                None
            }
        }
    }
}

/// Does what there is to do, over one session.
async fn empty<R: Runtime, T>(
    session: &mut Session<R>,
    queue: &Queue<T>,
    work: &impl AsyncFn(&mut Session<R>, T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    loop {
        let next = queue.borrow_mut().pop_front();
        let Some(file) = next else { return Ok(()) };
        if let Err(failure) = work(session, file).await {
            pass_on(session, failure)?;
        }
    }
}

/// What one session does, to its end.
type Lane<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>;

/// Lets all of them go on until each is at its end. The first failure ends the others.
///
/// Each is polled when it was woken, and not whenever another was; and when one has ended, since what it waits for may be of no use then.
async fn together(lanes: Vec<Lane<'_>>) -> Result<(), Failure> {
    let mut lanes: Vec<_> = lanes
        .into_iter()
        .map(|lane| (lane, Arc::<Call>::default()))
        .collect();
    poll_fn(|context| {
        let mut at = 0;
        while let Some((lane, call)) = lanes.get_mut(at) {
            if !call.is_heard(context.waker()) {
                at += 1;
                continue;
            }
            let waker = Waker::from(Arc::clone(call));
            match lane.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Pending => at += 1,
                Poll::Ready(done) => {
                    done?;
                    drop(lanes.swap_remove(at));
                    lanes.iter().for_each(|(_, call)| call.wake_by_ref());
                }
            }
        }
        match lanes.is_empty() {
            true => Poll::Ready(Ok(())),
            false => Poll::Pending,
        }
    })
    .await
}

/// The waker of one lane: it remembers that it was called, and wakes the task.
struct Call {
    is_made: AtomicBool,
    task: Mutex<Waker>,
}

impl Default for Call {
    /// It is polled a first time without having been woken.
    fn default() -> Self {
        Self {
            is_made: AtomicBool::new(true),
            task: Mutex::new(Waker::noop().clone()),
        }
    }
}

impl Call {
    /// Whether it was made since the last time; the next one wakes this task.
    fn is_heard(&self, task: &Waker) -> bool {
        let mut known = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone_from(task);
        self.is_made.swap(false, Ordering::AcqRel)
    }
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_made.store(true, Ordering::Release);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        task.wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    /// A waker that counts.
    #[derive(Default)]
    struct Count(std::sync::atomic::AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Pending until it was polled so often; it wakes itself where `wakes`.
    async fn polled(times: usize, wakes: bool, polls: &Cell<usize>) -> Result<(), Failure> {
        poll_fn(|context| {
            polls.set(polls.get() + 1);
            if polls.get() == times {
                return Poll::Ready(Ok(()));
            }
            if wakes {
                context.waker().wake_by_ref();
            }
            Poll::Pending
        })
        .await
    }

    #[test]
    fn each_is_polled_when_it_is_woken() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        let (busy, quiet) = (Cell::new(0), Cell::new(0));
        let lanes: Vec<Lane<'_>> = vec![
            Box::pin(polled(4, true, &busy)),
            Box::pin(polled(2, false, &quiet)),
        ];
        let mut all = Box::pin(together(lanes));
        for round in 1..4 {
            assert!(all.as_mut().poll(&mut context).is_pending());
            assert_eq!((busy.get(), quiet.get()), (round, 1));
            assert_eq!(count.0.load(Ordering::Relaxed), round);
        }
        // The end of one is told to the other.
        assert!(all.as_mut().poll(&mut context).is_ready());
        assert_eq!((busy.get(), quiet.get()), (4, 2));
    }

    #[test]
    fn the_first_failure_ends_the_others() {
        let mut context = Context::from_waker(Waker::noop());
        let polls = Cell::new(0);
        let lanes: Vec<Lane<'_>> = vec![
            Box::pin(polled(2, false, &polls)),
            Box::pin(async { Err(Failure::new(Exit::Connect, "lost")) }),
        ];
        let mut all = Box::pin(together(lanes));
        let Poll::Ready(Err(failure)) = all.as_mut().poll(&mut context) else {
            panic!("it goes on");
        };
        assert_eq!((failure.exit(), polls.get()), (Exit::Connect, 1));
    }

    #[test]
    fn nothing_to_do_is_done() {
        let mut context = Context::from_waker(Waker::noop());
        let mut all = Box::pin(together(Vec::new()));
        assert!(all.as_mut().poll(&mut context).is_ready());
    }
}
