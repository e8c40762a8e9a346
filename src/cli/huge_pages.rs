//! Huge pages for a search.
//!
//! A search that knows millions of states looks into a table of gigabytes at places without any order. Most of the time
//! of such a look goes into finding where in memory the place is, unless the system keeps the table in pages of 2 MiB
//! and not of 4 KiB. Where Linux does so for those who ask, the C library's allocator asks if the environment says so
//! when a process starts; so a search begins by starting once more, with the environment as it should be. It stays the
//! same process, and whoever has set `GLIBC_TUNABLES` has decided.

use std::env;
use std::ffi::OsStr;

/// The variable that the C library's allocator reads.
const TUNABLES: &str = "GLIBC_TUNABLES";
/// What it should say.
const WISH: &str = "glibc.malloc.hugetlb=1";
/// Where Linux says who has huge pages.
const WHO: &str = "/sys/kernel/mm/transparent_hugepage/enabled";

/// Starts this process once more, so that its memory lies in huge pages, if that is to be had and was not asked for yet.
/// Where it cannot, all goes on as it is.
pub(super) fn ask() {
    let who = std::fs::read_to_string(WHO).unwrap_or_default();
    if is_of_use(&who, env::var_os(TUNABLES).as_deref()) {
        start_again();
    }
}

/// Whether to ask helps, by what Linux says and by what the variable is.
fn is_of_use(who: &str, tunables: Option<&OsStr>) -> bool {
    who.contains("[madvise]") && tunables.is_none()
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn start_again() {
    use std::os::unix::process::CommandExt;
    let mut arguments = env::args_os();
    let Ok(program) = env::current_exe() else { return };
    let mut again = std::process::Command::new(program);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    // Returns only if it did not happen.
    let _ = again.args(arguments).env(TUNABLES, WISH).exec();
}

/// Other C libraries have no such variable.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn start_again() {}

#[test]
fn it_is_asked_once_and_only_where_it_helps() {
    assert!(is_of_use("always [madvise] never\n", None));
    assert!(!is_of_use("always [madvise] never\n", Some(OsStr::new(WISH))));
    assert!(!is_of_use("always [madvise] never\n", Some(OsStr::new(""))));
    assert!(!is_of_use("[always] madvise never\n", None));
    assert!(!is_of_use("always madvise [never]\n", None));
    assert!(!is_of_use("", None));
}
