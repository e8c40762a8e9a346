use super::*;
use proptest::prelude::*;
use std::net::{TcpListener, TcpStream};
use std::thread;

const CLUSTER: u128 = 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10;

fn server(number: u8) -> ServerId {
    ServerId::new(number).expect("between 1 and 64")
}

fn identity(number: u8) -> Identity {
    Identity { cluster: CLUSTER, server: server(number), incarnation: 0x1122_3344_5566_7788 }
}

/// Lets `dialer` introduce itself to `expected`, and `acceptor` hear it.
fn shake(
    dialer: Identity,
    expected: u8,
    acceptor: Identity,
) -> (Result<Identity, HandshakeError>, Result<Identity, HandshakeError>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let dialing = thread::spawn(move || {
        let mut stream = TcpStream::connect(address)?;
        let outcome = introduce(&mut stream, &dialer, server(expected));
        outcome.map(|identity| (identity, stream))
    });
    let (mut stream, _) = listener.accept().expect("somebody dials");
    let received = receive(&mut stream, &acceptor, |who| match who.server.get() {
        9 => Err(Refusal::Stranger(who.server)),
        _ => Ok(()),
    });
    let introduced = dialing.join().expect("no panic");
    (introduced.map(|(identity, _)| identity), received)
}

#[test]
fn the_bytes_of_a_hello_are_these() {
    let hello = Hello { from: identity(1), to: server(2) };
    let mut expected = b"quorate\0\x01\x00\x01\x02".to_vec();
    expected.extend((1..=16_u8).rev());
    expected.extend(b"\x88\x77\x66\x55\x44\x33\x22\x11");
    // Computed with another program.
    expected.extend(b"\xa6\xd6\xd4\x20");
    assert_eq!(hello.encode().to_vec(), expected);
    assert_eq!(Hello::decode(&hello.encode()), Ok(hello));
}

#[test]
fn the_bytes_of_a_refusal_are_these() {
    let bytes = refusal("no");
    assert_eq!(bytes[..4], [3, 0, 0, 0]);
    assert_eq!(bytes[frame::HEADER..], *b"\x02no");
    assert_eq!(reason(b"\x02no"), Some("no".into()));
    assert_eq!(reason(b"\x02two\nlines \x1b[2J"), Some("two lines  [2J".into()));
    assert_eq!(reason(b"\x01no"), None);
    assert_eq!(reason(b""), None);
    assert!(refusal(&"ö".repeat(1000)).len() <= frame::HEADER + LIMIT);
}

#[test]
fn servers_that_fit_learn_who_the_other_is() {
    let (introduced, received) = shake(identity(1), 2, identity(2));
    assert_eq!(introduced.expect("they fit"), identity(2));
    assert_eq!(received.expect("they fit"), identity(1));
}

#[test]
fn what_does_not_fit_is_refused_and_both_sides_know_why() {
    let stranger = Identity { cluster: 7, ..identity(1) };
    let cases = [
        (stranger, 2, identity(2), "cluster 00000000000000000000000000000007 there"),
        (identity(1), 3, identity(2), "n3 is expected at this address, but here is n2"),
        (identity(2), 2, identity(2), "n2 is also the id of the server it talks to"),
        (identity(9), 2, identity(2), "n9 is not among the servers"),
    ];
    for (dialer, expected, acceptor, text) in cases {
        let (introduced, received) = shake(dialer, expected, acceptor);
        let (there, here) = (
            introduced.expect_err("refused").to_string(),
            received.expect_err("refused").to_string(),
        );
        assert!(there.starts_with("refused by the other side: "), "{there}");
        assert!(here.starts_with("refused: ") && here.contains(text), "{here}");
        assert!(there.contains(text), "{there}");
    }
}

/// A stream that plays back an answer and keeps what is written to it.
struct Script<'a> {
    answer: &'a [u8],
    written: Vec<u8>,
}

impl Read for Script<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.answer.read(buffer)
    }
}

impl Write for Script<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_dialer_refuses_a_server_that_it_did_not_dial() {
    let other = Identity { cluster: 7, ..identity(2) };
    let later = Hello { from: identity(2), to: server(1) }.encode_as(2);
    let cases = [
        (Hello { from: identity(3), to: server(1) }.encode(), "n2 is expected at this address"),
        (Hello { from: other, to: server(1) }.encode(), "cluster 0000000"),
        (later, "protocol version 2 there, 1 here"),
        ([0; HELLO], "this port is for the servers"),
    ];
    for (hello, text) in cases {
        let answer = control(WELCOME, &hello);
        let mut stream = Script { answer: &answer, written: Vec::new() };
        let error = introduce(&mut stream, &identity(1), server(2)).expect_err("refused");
        assert!(error.to_string().contains(text), "{error}");
        let said = String::from_utf8_lossy(&stream.written[HELLO..]).into_owned();
        assert!(said.contains(text), "{said}");
    }
}

#[test]
fn whoever_is_no_server_is_told_so_after_eight_bytes() {
    let mut stream = Script { answer: b"GET / HT", written: Vec::new() };
    let error = receive(&mut stream, &identity(1), |_| Ok(())).expect_err("refused");
    assert!(matches!(error, HandshakeError::Refused(Refusal::NotAServer)), "{error}");
    assert!(String::from_utf8_lossy(&stream.written).contains("clients use the client port"));
}

proptest! {
    #![proptest_config(crate::fixed())]

    #[test]
    fn a_hello_reads_back(from in 1_u8..=64, to in 1_u8..=64, cluster: u128, incarnation: u64) {
        let from = Identity { cluster, server: server(from), incarnation };
        let hello = Hello { from, to: server(to) };
        prop_assert_eq!(Hello::decode(&hello.encode()), Ok(hello));
    }

    #[test]
    fn no_changed_byte_goes_unnoticed(at in 0..HELLO, change in 1_u8..=255) {
        let mut bytes = Hello { from: identity(1), to: server(2) }.encode();
        bytes[at] ^= change;
        prop_assert!(Hello::decode(&bytes).is_err());
    }

    #[test]
    fn answers_of_any_kind_are_an_error(answer in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut stream = Script { answer: &answer, written: Vec::new() };
        prop_assert!(introduce(&mut stream, &identity(1), server(2)).is_err());
        let mut stream = Script { answer: &answer, written: Vec::new() };
        prop_assert!(receive(&mut stream, &identity(1), |_| Ok(())).is_err());
    }
}
