use super::*;
use crate::frame::Decoder;
use crate::peers::parcel::{self, Said};
use quorate_core::{Envelope, Index, LogPosition, Message, ServerId, Term};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
#[cfg(unix)]
use std::sync::Arc;

const LIMIT: usize = 1024 * 1024;

/// A message that the number can be told from.
fn parcel(number: u64) -> Envelope<Vec<u8>> {
    let server = |id| ServerId::new(id).expect("a server id");
    let last = LogPosition { term: Term(1), index: Index(1) };
    let message = Message::RequestVote { last };
    Envelope { from: server(1), to: server(2), term: Term(number), message }
}

fn parcels(numbers: std::ops::Range<u64>) -> impl Iterator<Item = Envelope<Vec<u8>>> {
    numbers.map(parcel)
}

/// A line, and where it leads.
fn line() -> (Line, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let stream = TcpStream::connect(listener.local_addr().expect("its address"));
    let (far, _) = listener.accept().expect("a connection");
    (Line::new(stream.expect("a stream"), LIMIT), far)
}

/// The next parcels that arrive, as their numbers.
fn arrive(far: &mut TcpStream, count: usize) -> Vec<u64> {
    let (mut decoder, mut numbers) = (Decoder::new(LIMIT), Vec::new());
    while numbers.len() < count {
        assert_ne!(decoder.read_from(far).expect("bytes"), 0, "the end after {numbers:?}");
        while let Some(payload) = decoder.next_frame().expect("a frame") {
            match parcel::decode::<Envelope<Vec<u8>>>(payload) {
                Ok(Said::Parcel(parcel)) => numbers.push(parcel.term.0),
                Ok(_) => panic!("no parcel"),
                Err(why) => panic!("{why}"),
            }
        }
    }
    numbers
}

/// The outcome of an offer: how many parcels were sent, and how many dropped.
fn counts(offered: &Offered) -> (usize, usize) {
    assert!(offered.unsendable.is_empty());
    (offered.sent, offered.dropped)
}

#[test]
fn what_does_not_fit_is_dropped() {
    let (mailbox, (line, _far)) = (Mailbox::new(2), line());
    assert_eq!(counts(&mailbox.offer(parcels(1..2))), (0, 0));
    assert_eq!(counts(&mailbox.offer(parcels(2..5))), (0, 2));
    let mut taken = Vec::new();
    let Found::Some(line) = mailbox.take(&mut taken, line, Duration::ZERO) else { panic!() };
    assert_eq!(taken, [parcel(1), parcel(2)]);
    taken.clear();
    assert!(matches!(mailbox.take(&mut taken, line, Duration::ZERO), Found::Nothing(_)));
    assert_eq!(counts(&mailbox.offer(parcels(4..5))), (0, 0));
    assert_eq!((mailbox.len(), mailbox.discard(), mailbox.len()), (1, 1, 0));
}

#[test]
fn a_closed_box_takes_and_gives_nothing() {
    let (mailbox, (line, _far)) = (Mailbox::new(2), line());
    assert_eq!(counts(&mailbox.offer(parcels(1..2))), (0, 0));
    mailbox.close();
    assert_eq!(counts(&mailbox.offer(parcels(2..3))), (0, 1));
    assert!(mailbox.is_closed());
    let found = mailbox.take(&mut Vec::new(), line, Duration::from_secs(60));
    assert!(matches!(found, Found::Closed));
    assert!(!mailbox.pause(Duration::from_secs(60)));
}

#[test]
fn a_poke_ends_one_pause() {
    let mailbox = Mailbox::<u8>::new(2);
    mailbox.poke();
    let begun = Instant::now();
    assert!(mailbox.pause(Duration::from_secs(60)));
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert!(mailbox.pause(Duration::from_millis(1)));
}

/// Lends a line, as the writer does when it waits; one that stays fresh.
fn lend(mailbox: &Mailbox<Envelope<Vec<u8>>>, mut line: Line) {
    line.stay_fresh();
    mailbox.lock().line = Some(line);
}

#[test]
fn whoever_brings_something_sends_it_while_the_writer_waits() {
    let (mailbox, (line, mut far)) = (Mailbox::new(2), line());
    lend(&mailbox, line);
    // More than the box would hold.
    assert_eq!(counts(&mailbox.offer(parcels(1..6))), if cfg!(unix) { (5, 0) } else { (0, 3) });
    if cfg!(unix) {
        assert_eq!(mailbox.len(), 0);
        assert_eq!(arrive(&mut far, 5), [1, 2, 3, 4, 5]);
    }
}

#[test]
fn a_line_that_was_not_used_for_long_is_the_writers_to_look_at() {
    let (mailbox, (line, _far)) = (Mailbox::new(2), line());
    while line.is_fresh() {
        std::thread::yield_now();
    }
    mailbox.lock().line = Some(line);
    assert_eq!(counts(&mailbox.offer(parcels(1..2))), (0, 0));
    assert_eq!(mailbox.len(), 1);
    // Nor does anything overtake what waits for it.
    let line = mailbox.lock().line.take().expect("the line that was lent");
    lend(&mailbox, line);
    assert_eq!(counts(&mailbox.offer(parcels(2..3))), (0, 0));
    assert_eq!(mailbox.len(), 2);
}

#[test]
fn what_a_connection_does_not_take_at_once_stays_in_order() {
    let (mailbox, (line, mut far)) = (Mailbox::new(1_000_000), line());
    lend(&mailbox, line);
    // Until the far side, which reads nothing, has taken all it can.
    let mut next = 0;
    while mailbox.len() == 0 {
        let _ = mailbox.offer(parcels(next..next + 1000));
        next += 1000;
    }
    // What comes after that must wait, too.
    let _ = mailbox.offer(parcels(next..next + 1000));
    next += 1000;
    let is_left = |inside: &Inside<_>| inside.line.as_ref().is_some_and(Line::has_unsent);
    assert_eq!(is_left(&mailbox.lock()), cfg!(unix));
    let line = mailbox.lock().line.take().expect("the line that was lent");
    let writer = std::thread::spawn(move || {
        let (mut line, mut batch) = (line, Vec::new());
        while mailbox.len() > 0 || line.has_unsent() {
            let Found::Some(found) = mailbox.take(&mut batch, line, Duration::ZERO) else {
                panic!("something waits")
            };
            line = found;
            let mut parcels = batch.drain(..);
            loop {
                let _ = line.fill(&mut parcels);
                if !line.has_unsent() {
                    break;
                }
                line.write().expect("the far side reads");
            }
        }
    });
    let arrived = arrive(&mut far, usize::try_from(next).expect("a number"));
    assert!(arrived.into_iter().eq(0..next));
    writer.join().expect("the writer");
}

#[cfg(unix)]
#[test]
fn the_writer_is_woken_for_what_a_connection_does_not_take_at_once() {
    let (mailbox, (mut line, _far)) = (Arc::new(Mailbox::new(1_000_000)), line());
    line.stay_fresh();
    let (sender, woken) = std::sync::mpsc::channel();
    let writer = Arc::clone(&mailbox);
    std::thread::spawn(move || {
        let found = writer.take(&mut Vec::new(), line, Duration::from_secs(60));
        sender.send(matches!(found, Found::Some(line) if line.has_unsent()))
    });
    while mailbox.lock().line.is_none() {
        std::thread::yield_now();
    }
    // Nothing waits in the box, so that it is only the rest on the line that there is to do.
    let can_take = |inside: &Inside<_>| inside.line.as_ref().is_some_and(|line| !line.has_unsent());
    let mut next = 0;
    while can_take(&mailbox.lock()) {
        let _ = mailbox.offer(parcels(next..next + 1000));
        next += 1000;
    }
    assert_eq!(woken.recv_timeout(Duration::from_secs(30)), Ok(true));
}
