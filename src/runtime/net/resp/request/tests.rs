use super::*;
use proptest::prelude::*;

type Command = Vec<Vec<u8>>;

/// Every command that is whole, and the error after them if there is one.
fn take_all(requests: &mut Requests) -> (Vec<Command>, Option<ProtocolError>) {
    let mut found = Vec::new();
    loop {
        match requests.next_request() {
            Ok(Some(request)) => found.push(request.iter().map(<[u8]>::to_vec).collect()),
            Ok(None) => return (found, None),
            Err(error) => return (found, Some(error)),
        }
    }
}

fn parse(bytes: &[u8]) -> (Vec<Command>, Option<ProtocolError>) {
    let mut requests = Requests::new(Limits::default());
    requests.feed(bytes);
    take_all(&mut requests)
}

fn command(words: &[&str]) -> Command {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

fn encode(command: &Command) -> Vec<u8> {
    let mut out = Vec::new();
    crate::resp::write_array(&mut out, command.len());
    command.iter().for_each(|argument| crate::resp::write_bulk(&mut out, argument));
    out
}

#[test]
fn commands_are_arrays_of_bulk_strings() {
    let (found, error) = parse(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n");
    assert_eq!((found, error), (vec![command(&["GET", "k"]), command(&["PING"])], None));
}

#[test]
fn commands_are_also_lines_of_words() {
    let (found, error) = parse(b"PING\r\nset a \"b c\"\n\r\n  \r\nget a\r\n");
    let expected = vec![command(&["PING"]), command(&["set", "a", "b c"]), command(&["get", "a"])];
    assert_eq!((found, error), (expected, None));
}

#[test]
fn commands_without_arguments_are_skipped() {
    let (found, error) = parse(b"*0\r\n*-1\r\n*-5\r\n*1\r\n$4\r\nPING\r\n");
    assert_eq!((found, error), (vec![command(&["PING"])], None));
}

#[test]
fn what_is_no_command_is_refused_in_the_words_of_redis() {
    let long = vec![b'x'; 70_000];
    let with = |start: &str| [start.as_bytes(), &long].concat();
    let cases = [
        (b"*x\r\n".to_vec(), "invalid multibulk length"),
        (b"*01\r\n".to_vec(), "invalid multibulk length"),
        (b"*2147483648\r\n".to_vec(), "invalid multibulk length"),
        (b"*1\r\n$-1\r\n".to_vec(), "invalid bulk length"),
        (b"*1\r\n$x\r\n".to_vec(), "invalid bulk length"),
        (b"*1\r\n$\r\n".to_vec(), "invalid bulk length"),
        (b"*1\r\n$4194305\r\n".to_vec(), "invalid bulk length"),
        (b"*1\r\n:1\r\n".to_vec(), "expected '$', got ':'"),
        (b"*1\r\n\r\n".to_vec(), "expected '$', got ' '"),
        (with("*"), "too big mbulk count string"),
        (with("*1\r\n$"), "too big bulk count string"),
        (with("GET "), "too big inline request"),
        (b"get \"a\r\n".to_vec(), "unbalanced quotes in request"),
        (
            b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4194300\r\n".to_vec(),
            "a command of more than 4194304 bytes",
        ),
    ];
    for (bytes, text) in cases {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
        let (found, error) = parse(&[b"PING\r\n", &bytes[..]].concat());
        assert_eq!(found, [command(&["PING"])], "{shown}");
        let error = error.unwrap_or_else(|| panic!("{shown}: no error")).to_string();
        assert_eq!(error, format!("Protocol error: {text}"), "{shown}");
    }
}

#[test]
fn an_error_comes_again() {
    let mut requests = Requests::new(Limits::default());
    requests.feed(b"*1\r\n:1\r\n");
    let first = requests.next_request().map(|_| ());
    assert_eq!(first, Err(ProtocolError::ExpectedDollar(b':')));
    assert_eq!(requests.next_request().map(|_| ()), first);
}

#[test]
fn claims_reserve_nothing() {
    let mut requests = Requests::new(Limits::default());
    requests.feed(b"*1048576\r\n$4000000\r\nx");
    assert!(requests.next_request().is_ok_and(|request| request.is_none()));
    assert!(requests.is_waiting());
    assert!(requests.capacity() < 100_000, "{}", requests.capacity());
}

#[test]
fn memory_for_a_large_command_is_given_back() {
    let mut requests = Requests::new(Limits::default());
    let many: Command = vec![b"x".to_vec(); 300_000];
    requests.feed(&encode(&many));
    assert_eq!(take_all(&mut requests), (vec![many], None));
    assert!(requests.capacity() > 1_000_000);
    requests.feed(&encode(&command(&["PING"])));
    assert_eq!(take_all(&mut requests), (vec![command(&["PING"])], None));
    assert!(requests.capacity() < 100_000, "{}", requests.capacity());
}

fn any_command() -> impl Strategy<Value = Command> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..8)
}

/// Bytes that often look like the protocol.
fn likely_bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..4),
        prop::sample::select(vec!["*", "$", "\r\n", "\n", "\"", "'", "*2\r\n", "$1\r\nx\r\n", "-"])
            .prop_map(|text| text.as_bytes().to_vec()),
        (0..30_u32).prop_map(|number| number.to_string().into_bytes()),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// Feeds bytes in pieces, taking what is whole after each.
fn parse_in_pieces(bytes: &[u8], cuts: &[usize]) -> (Vec<Command>, Option<ProtocolError>) {
    let mut requests = Requests::new(Limits::default());
    let (mut found, mut rest, mut cuts) = (Vec::new(), bytes, cuts.iter().cycle());
    while !rest.is_empty() {
        let (now, later) = rest.split_at(rest.len().min(*cuts.next().expect("endless")));
        requests.feed(now);
        let (more, error) = take_all(&mut requests);
        found.extend(more);
        if error.is_some() {
            return (found, error);
        }
        rest = later;
    }
    (found, None)
}

proptest! {
    #![proptest_config(crate::fixed())]

    #[test]
    fn commands_read_back_however_the_stream_is_cut(
        commands in prop::collection::vec(any_command(), 0..10),
        cuts in prop::collection::vec(1_usize..60, 1..10),
    ) {
        let bytes: Vec<u8> = commands.iter().flat_map(encode).collect();
        prop_assert_eq!(parse_in_pieces(&bytes, &cuts), (commands, None));
    }

    #[test]
    fn bytes_of_any_kind_mean_the_same_however_they_are_cut(
        bytes in likely_bytes(),
        cuts in prop::collection::vec(1_usize..20, 1..10),
    ) {
        prop_assert_eq!(parse_in_pieces(&bytes, &cuts), parse(&bytes));
    }
}
