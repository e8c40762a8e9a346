//! Being told to stop: by Ctrl-C, by the system, or by whoever started the command going away.

use super::{Exit, Failure};
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// The first signal to end sends something; the second ends the command at once.
pub(super) fn stop_signals() -> Result<(Sender<()>, Receiver<()>), Failure> {
    let (sender, receiver) = channel();
    let (told, was_told) = (sender.clone(), AtomicBool::new(false));
    let handler = move || {
        if was_told.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(Exit::Incomplete as u8));
        }
        // Whoever does not listen any more is ending.
        let _ = told.send(());
    };
    ctrlc::set_handler(handler)
        .map_err(|error| Failure::usage(format_args!("signals: {error}; expected to hear them")))?;
    Ok((sender, receiver))
}

/// Sends something when standard input ends: when whoever holds its other end has closed it or is gone, in
/// whatever way.
pub(super) fn stop_when_input_ends(sender: Sender<()>) -> Result<(), Failure> {
    let wait = move || {
        let (mut input, mut bytes) = (std::io::stdin().lock(), [0; 64]);
        // An error is an end too.
        while input.read(&mut bytes).is_ok_and(|count| count > 0) {}
        let _ = sender.send(());
    };
    let thread = thread::Builder::new().name("input".into()).spawn(wait);
    thread.map(|_| ()).map_err(|error| {
        Failure::new(Exit::Unavailable, format_args!("a thread could not be started: {error}"))
    })
}
