//! Places where a test can have the process killed. In a release build they are nothing.

/// Kills the process with SIGKILL where `RUNWRIGHT_CRASH_AT` is `<place>:<n>` and this is the nth time that `place` is passed.
#[cfg(debug_assertions)]
pub fn point(place: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static WANTED: OnceLock<Option<(String, u32)>> = OnceLock::new();
    static PASSED: AtomicU32 = AtomicU32::new(0);

    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("RUNWRIGHT_CRASH_AT").ok()?;
        let (place, count) = text.split_once(':')?;
        Some((place.to_owned(), count.parse().ok()?))
    });
    let Some((wanted, count)) = wanted else { return };
    if wanted == place && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *count {
        let outcome =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        unreachable!("the process outlived its own SIGKILL: {outcome:?}");
    }
}

#[cfg(not(debug_assertions))]
#[inline]
pub fn point(_place: &str) {}
