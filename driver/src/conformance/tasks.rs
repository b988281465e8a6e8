//! The clock, timers, tasks and blocking work.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use ftp_sansio::time::Instant;

use super::support::{LOCALHOST, pair, poll_once, read_to_end, write_all};
use crate::runtime::{Runtime, Timer};

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(3600);

/// Waits as a driver does: the clock decides.
async fn wait_until<R: Runtime>(runtime: &R, timer: &mut R::Timer, at: Instant) {
    timer.set(Some(at));
    poll_fn(|context| {
        while timer.poll(context).is_ready() {
            if runtime.now() >= at {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    })
    .await;
}

/// Clones read one clock.
pub async fn the_clock_is_shared<R: Runtime>(runtime: R) {
    let clone = runtime.clone();
    let first = runtime.now();
    let second = clone.now();
    assert!(second >= first && second.saturating_since(first) < LONG);
    assert!(runtime.now() >= second);
}

/// A timer fires at its moment, and its moment stays past until it is set again.
pub async fn a_timer_fires<R: Runtime>(runtime: R) {
    let mut timer = runtime.timer();
    assert!(
        poll_once(|context| timer.poll(context)).is_pending(),
        "a new timer is not set"
    );
    wait_until(&runtime, &mut timer, runtime.now() + SHORT).await;
    assert!(poll_once(|context| timer.poll(context)).is_ready());
    timer.set(Some(runtime.now() + LONG));
    assert!(poll_once(|context| timer.poll(context)).is_pending());
    wait_until(&runtime, &mut timer, Instant::EPOCH).await;
}

/// A timer that somebody waits for is set to an earlier moment, and fires then.
pub async fn a_timer_is_set_again<R: Runtime>(runtime: R) {
    let mut timer = runtime.timer();
    timer.set(Some(runtime.now() + LONG));
    assert!(
        poll_fn(|context| Poll::Ready(timer.poll(context)))
            .await
            .is_pending()
    );
    for _ in 0..3 {
        wait_until(&runtime, &mut timer, runtime.now() + SHORT).await;
    }
}

/// A timer that was unset does not fire.
pub async fn a_timer_is_unset<R: Runtime>(runtime: R) {
    let (mut unset, mut other) = (runtime.timer(), runtime.timer());
    let at = runtime.now() + SHORT;
    unset.set(Some(at));
    assert!(
        poll_fn(|context| Poll::Ready(unset.poll(context)))
            .await
            .is_pending()
            || runtime.now() >= at
    );
    unset.set(None);
    wait_until(&runtime, &mut other, at + SHORT).await;
    assert!(poll_once(|context| unset.poll(context)).is_pending());
    wait_until(&runtime, &mut unset, at).await;
}

/// No moment is too far away to be set.
pub async fn a_timer_takes_any_moment<R: Runtime>(runtime: R) {
    let mut timer = runtime.timer();
    for far in [
        Duration::MAX,
        Duration::from_secs(u64::MAX / 2),
        LONG * 24 * 365 * 100,
    ] {
        timer.set(Some(Instant::from_epoch(far)));
        assert!(poll_once(|context| timer.poll(context)).is_pending());
    }
}

/// A task runs without anybody waiting for it.
pub async fn spawns<R: Runtime>(runtime: R) {
    let (mut here, mut there) = pair(&runtime, LOCALHOST).await;
    runtime.spawn(async move { write_all(&mut there, b"done").await.unwrap() });
    assert_eq!(read_to_end(&mut here).await.unwrap(), b"done");
}

/// A panic ends its own task, drops what that owned, and nothing else.
pub async fn survives_a_panicking_task<R: Runtime>(runtime: R) {
    for _ in 0..20 {
        let (mut here, there) = pair(&runtime, LOCALHOST).await;
        runtime.spawn(async move {
            let _there = there;
            panic!("a panic that this test expects");
        });
        assert_eq!(read_to_end(&mut here).await.unwrap(), b"");
    }
    spawns(runtime).await;
}

/// A panic in blocking work is raised where it is waited for.
pub async fn raises_a_panic<R: Runtime>(runtime: R) {
    let work = runtime.blocking(|| -> () { panic!("a panic that this test expects") });
    let panic = caught(work).await.expect_err("the panic was swallowed");
    assert_eq!(
        panic.downcast_ref::<&str>(),
        Some(&"a panic that this test expects")
    );
    assert_eq!(runtime.blocking(|| 7).await, 7);
}

async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut work = pin!(work);
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Err(panic) => Poll::Ready(Err(panic)),
        },
    )
    .await
}
