//! The property that no assertion in a server ever fails.
//!
//! The core states what it relies on in assertions, which stay on. One that fails is a finding like any
//! other: it has a name, it can be replayed, and it does not end the program that looks for it.

use core::any::Any;
use core::sync::atomic::{AtomicBool, Ordering};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

/// The name of this property.
pub const ASSERTIONS: &str = "Assertions";

thread_local! {
    /// Whether a panic of this thread is about to be caught here.
    static IS_GUARDED: AtomicBool = const { AtomicBool::new(false) };
}

/// Lets a server work. If one of its assertions fails, nothing is printed.
///
/// # Errors
/// What the assertion said; then whatever the server was changing means nothing any more.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let hook = take_hook();
        set_hook(Box::new(move |panic| {
            if !IS_GUARDED.with(|guarded| guarded.load(Ordering::Relaxed)) {
                hook(panic);
            }
        }));
    });
    let was_guarded = IS_GUARDED.with(|guarded| guarded.swap(true, Ordering::Relaxed));
    let result = catch_unwind(AssertUnwindSafe(work));
    IS_GUARDED.with(|guarded| guarded.store(was_guarded, Ordering::Relaxed));
    result.map_err(|panic| format!("a server's own assertion failed: {}", message(&*panic)))
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it said nothing")
}

#[cfg(test)]
mod tests {
    use super::guarded;
    use core::sync::atomic::{AtomicUsize, Ordering};
    use std::panic::{catch_unwind, set_hook, take_hook};

    /// How many panics were told of.
    static TOLD: AtomicUsize = AtomicUsize::new(0);

    #[test]
    fn a_failed_assertion_is_a_result() {
        // Only this test looks at what is told, so no other in this program may be guarded.
        set_hook(Box::new(|_| {
            TOLD.fetch_add(1, Ordering::Relaxed);
        }));
        assert_eq!(guarded(|| 1), Ok(1));
        let failed: Result<(), String> = guarded(|| panic!("term {} fell", 2));
        assert_eq!(failed, Err("a server's own assertion failed: term 2 fell".to_owned()));
        let failed: Result<(), String> = guarded(|| panic!("a term fell"));
        assert_eq!(failed, Err("a server's own assertion failed: a term fell".to_owned()));
        let told = || TOLD.load(Ordering::Relaxed);
        assert_eq!(told(), 0, "what is caught is not told");
        let unguarded = catch_unwind(|| panic!("anything else"));
        assert_eq!((unguarded.is_err(), told()), (true, 1));
        drop(take_hook());
    }
}
