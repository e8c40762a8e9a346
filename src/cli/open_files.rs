//! How many clients the system has room for.
//!
//! Every client is an open file, and most systems let a process begin with 1,024 of them. Past that nobody would be
//! refused with an error that a client can read; connections would wait and not be taken. So a server asks for more
//! at its start, and when it cannot have enough, it serves fewer clients and says so, as Redis does.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Open files for everything but clients: the log, the other servers, operators, and what the system's libraries
/// open.
const OTHERS: u64 = 256;

/// Makes room for so many clients. Returns how many there is room for, and what to say if that is fewer.
pub(super) fn room_for_clients(wanted: usize) -> (usize, Option<String>) {
    let needed = wanted as u64 + OTHERS;
    let Ok((now, most)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        // What cannot be asked for is found out when it is missing.
        return (wanted, None);
    };
    let raised = needed.min(most);
    let is_raised = now >= needed || setrlimit(Resource::RLIMIT_NOFILE, raised, most).is_ok();
    let limit = if is_raised { now.max(raised) } else { now };
    fewer(wanted, limit)
}

/// How many of the clients that are wanted there may be with so many open files.
fn fewer(wanted: usize, limit: u64) -> (usize, Option<String>) {
    let clients = usize::try_from(limit.saturating_sub(OTHERS)).unwrap_or(usize::MAX).max(1);
    if clients >= wanted {
        return (wanted, None);
    }
    let needed = wanted as u64 + OTHERS;
    let warning = format!(
        "max-clients: {wanted} clients need {needed} open files, and the system allows {limit}; serves {clients} \
         clients; try ulimit -n {needed}"
    );
    (clients, Some(warning))
}

#[test]
fn fewer_clients_are_served_where_files_are_scarce() {
    assert_eq!(fewer(100, 10_000), (100, None));
    assert_eq!(fewer(100, 100 + OTHERS), (100, None));
    let (clients, warning) = fewer(100, 99 + OTHERS);
    assert_eq!(clients, 99);
    assert!(warning.is_some_and(|warning| warning.contains("100 clients need 356 open files")));
    assert_eq!(fewer(100, 0).0, 1);
}
