//! `quorate status`: how a running server is.

use super::ask::{Facts, NoAnswer, info, whole_address};
use super::settings::CLIENT_LISTEN;
use super::{Exit, Failure, help, print};
use lexopt::Arg;
use std::time::Duration;

/// How long a server is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is shown, and under which name the server says it.
const LINES: [(&str, &str); 8] = [
    ("leader", "leader"),
    ("last index", "last_index"),
    ("durable index", "durable_index"),
    ("commit index", "commit_index"),
    ("last applied", "last_applied"),
    ("log bytes", "log_bytes"),
    ("clients", "connected_clients"),
    ("up for seconds", "uptime_in_seconds"),
];

/// Runs `quorate status` with what follows it.
pub(super) fn run(parser: &mut lexopt::Parser) -> Result<Exit, Failure> {
    let mut address: Option<String> = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(value) if address.is_none() => {
                let text = value.to_string_lossy();
                let whole = whole_address(&text).ok_or_else(|| {
                    Failure::usage(format_args!(
                        "address: {text:?}; expected a port, or a host and a port; try {CLIENT_LISTEN}"
                    ))
                })?;
                address = Some(whole);
            }
            Arg::Long("help") | Arg::Short('h') => return print(&help()),
            other => return Err(other.unexpected().into()),
        }
    }
    let address = address.unwrap_or_else(|| CLIENT_LISTEN.into());
    let facts = info(&address, PATIENCE).map_err(|error| {
        Failure::new(Exit::Unavailable, match error {
            NoAnswer::Silence(error) => format!(
                "{address}: {error}; expected a running server; try the address of its --client-listen"
            ),
            NoAnswer::Stranger(why) => {
                let why: String = why.chars().take(100).collect();
                format!(
                    "{address}: no server of quorate: {why:?}; expected the port for clients; try the \
                     address of its --client-listen"
                )
            }
        })
    })?;
    print(&report(&address, &facts))
}

fn report(address: &str, facts: &Facts) -> String {
    let fact = |name: &str| facts.get(name).map_or("?", String::as_str);
    let mut out = format!(
        "{} at {address}: {}, term {}\n",
        fact("server"),
        fact("quorate_role"),
        fact("term")
    );
    for (shown, name) in LINES {
        out.push_str(&format!("  {shown:15} {}\n", fact(name)));
    }
    out
}
