//! What each object is: what its operations do and how they are answered, what it says of them to shorten the
//! search, and how it is put into words. That what it says is true in every state is tried in `contracts`; here it
//! must say as much as it can.

use crate::generate::recorded;
use quorate_cluster::Command;
use quorate_spec::linearizability::{
    Answer, BUDGET, Bytes, CommandLog, Commands, Contents, KeyValue, Left, LogOperation, Object,
    Request, Trace, Verdict, bytes, check,
};

fn get(key: &str) -> Request {
    Request::Get(bytes(key))
}

fn get_all(keys: &[&str]) -> Request {
    Request::GetAll(keys.iter().map(|key| bytes(key)).collect())
}

fn set(key: &str, value: &str) -> Request {
    Request::Set(bytes(key), bytes(value))
}

fn set_all(pairs: &[(&str, &str)]) -> Request {
    Request::SetAll(pairs.iter().map(|(key, value)| (bytes(key), bytes(value))).collect())
}

fn set_if(key: &str, expected: &str, value: &str) -> Request {
    Request::SetIfEqual { key: bytes(key), expected: bytes(expected), value: bytes(value) }
}

fn delete(keys: &[&str]) -> Request {
    Request::Delete(keys.iter().map(|key| bytes(key)).collect())
}

fn increment(key: &str, by: i64) -> Request {
    Request::Increment(bytes(key), by)
}

fn value(value: &str) -> Answer {
    Answer::Value(Some(bytes(value)))
}

fn values(values: &[Option<&str>]) -> Answer {
    Answer::Values(values.iter().map(|value| value.map(bytes)).collect())
}

const NIL: Answer = Answer::Value(None);

fn contents(pairs: &[(&str, &str)]) -> Contents {
    let mut contents = Contents::default();
    pairs.iter().for_each(|(key, value)| contents.set(&bytes(key), &bytes(value)));
    contents
}

/// In this store: what is asked, what is answered, and what the store then holds if it has changed.
type Case<'a> = (Request, Answer, Option<&'a [(&'a str, &'a str)]>);

#[test]
fn the_store_does_what_it_is_asked() {
    const MAX: &str = "9223372036854775807";
    let before = [("a", "1"), ("b", "x"), ("m", MAX), ("z", "07")];
    let with = |pairs: &[(&'static str, &'static str)]| [&before[..], pairs].concat();
    let (a_is_2, c_is_5, a_and_c) =
        (with(&[("a", "2")]), with(&[("c", "5")]), with(&[("a", "3"), ("c", "4")]));
    let cases: [Case<'_>; 18] = [
        (get("a"), value("1"), None),
        (get("c"), NIL, None),
        (get_all(&["b", "c", "a"]), values(&[Some("x"), None, Some("1")]), None),
        (set("a", "2"), Answer::Done, Some(&a_is_2)),
        (set("c", "5"), Answer::Done, Some(&c_is_5)),
        (set("a", "1"), Answer::Done, None),
        (set_all(&[("a", "9"), ("c", "4"), ("a", "3")]), Answer::Done, Some(&a_and_c)),
        (set_all(&[("a", "1"), ("b", "x")]), Answer::Done, None),
        (set_if("a", "1", "2"), Answer::Done, Some(&a_is_2)),
        (set_if("a", "2", "3"), Answer::NotDone, None),
        (set_if("c", "1", "2"), Answer::NotDone, None),
        (delete(&["c", "d"]), Answer::Number(0), None),
        (delete(&["b", "c", "b", "m", "z"]), Answer::Number(3), Some(&[("a", "1")])),
        (increment("a", 1), Answer::Number(2), Some(&a_is_2)),
        (increment("c", 5), Answer::Number(5), Some(&c_is_5)),
        (increment("a", 0), Answer::Number(1), None),
        (increment("m", 1), Answer::TooLarge, None),
        (increment("z", 1), Answer::NotANumber, None),
    ];
    let before = contents(&before);
    for (request, answer, after) in cases {
        let expected = (after.map(contents), answer);
        assert_eq!(KeyValue::apply(&before, &request), expected, "{request}");
    }
    assert_eq!(KeyValue::apply(&before, &increment("b", 1)).1, Answer::NotANumber);
}

#[test]
fn the_store_says_which_operations_change_nothing() {
    let free = [
        (get("a"), NIL),
        (get_all(&["a"]), values(&[None])),
        (set_if("a", "1", "2"), Answer::NotDone),
        (delete(&["a"]), Answer::Number(0)),
        (increment("a", 1), Answer::NotANumber),
        (increment("a", 1), Answer::TooLarge),
    ];
    for (request, answer) in free {
        assert!(KeyValue::changes_nothing(&request, &answer), "{request} -> {answer}");
    }
    let bound = [
        (set("a", "1"), Answer::Done),
        (set_all(&[("a", "1")]), Answer::Done),
        (set_if("a", "1", "1"), Answer::Done),
        (delete(&["a"]), Answer::Number(1)),
        (increment("a", 1), Answer::Number(0)),
    ];
    for (request, answer) in bound {
        assert!(!KeyValue::changes_nothing(&request, &answer), "{request} -> {answer}");
    }
}

fn trace(key: usize, saw: Option<&str>, left: Left<&str>) -> Trace<Bytes> {
    let left = match left {
        Left::Same => Left::Same,
        Left::Value(value) => Left::Value(bytes(value)),
        Left::Nothing => Left::Nothing,
        Left::SameOr(value) => Left::SameOr(bytes(value)),
        Left::Anything => Left::Anything,
    };
    Trace { key, saw: saw.map(bytes), left }
}

#[test]
fn the_store_says_what_operations_saw_and_left() {
    let one = |saw, left| vec![trace(0, saw, left)];
    let cases = [
        (get("a"), Some(value("1")), one(Some("1"), Left::Same)),
        (get("a"), Some(NIL), one(None, Left::Same)),
        (get("a"), None, vec![]),
        (
            get_all(&["a", "b"]),
            Some(values(&[None, Some("1")])),
            vec![trace(0, None, Left::Same), trace(1, Some("1"), Left::Same)],
        ),
        (set("a", "1"), None, one(None, Left::Value("1"))),
        (set("a", "1"), Some(Answer::Done), one(None, Left::Value("1"))),
        (
            set_all(&[("a", "1"), ("b", "2"), ("a", "3")]),
            None,
            vec![trace(1, None, Left::Value("2")), trace(0, None, Left::Value("3"))],
        ),
        (set_if("a", "1", "2"), Some(Answer::Done), one(Some("1"), Left::Value("2"))),
        (set_if("a", "1", "2"), Some(Answer::NotDone), vec![]),
        (set_if("a", "1", "2"), None, one(None, Left::SameOr("2"))),
        (
            delete(&["a", "b"]),
            None,
            vec![trace(0, None, Left::Nothing), trace(1, None, Left::Nothing)],
        ),
        (increment("a", 2), Some(Answer::Number(5)), one(Some("3"), Left::Value("5"))),
        // There was 0, or nothing.
        (increment("a", 2), Some(Answer::Number(2)), one(None, Left::Value("2"))),
        (increment("a", 2), Some(Answer::NotANumber), vec![]),
        (increment("a", 2), None, one(None, Left::Anything)),
    ];
    for (request, answer, expected) in cases {
        let traces = KeyValue::traces(&request, answer.as_ref());
        assert_eq!(traces, expected, "{request} -> {answer:?}");
    }
}

#[test]
fn the_store_says_who_could_have_noticed_what() {
    let one = [Some("1")];
    let cases = [
        // What has other keys, what changes nothing, and what is overwritten.
        (get("b"), None, set("a", "1"), false),
        (increment("a", 1), None, get("a"), false),
        (increment("a", 1), None, get_all(&["a"]), false),
        (set("a", "2"), Some(Answer::Done), set("a", "1"), false),
        (set_all(&[("a", "2")]), None, set("a", "1"), false),
        (delete(&["a"]), None, set("a", "1"), false),
        // A read of unknown outcome changes nothing and tells nobody.
        (get("a"), None, set("a", "1"), false),
        (increment("a", 1), None, set("a", "1"), true),
        (set_if("a", "1", "2"), None, set("a", "1"), true),
        // Who saw what it left, and who saw something else.
        (get("a"), Some(value("1")), set("a", "1"), true),
        (get("a"), Some(value("2")), set("a", "1"), false),
        (get("a"), Some(NIL), set("a", "1"), false),
        (get("a"), Some(NIL), delete(&["a"]), true),
        (get("a"), Some(value("1")), delete(&["a"]), false),
        (get("a"), Some(value("2")), set_if("a", "1", "2"), true),
        (get("a"), Some(value("3")), set_if("a", "1", "2"), false),
        (get("a"), Some(value("7")), increment("a", 1), true),
        (get_all(&["b", "a"]), Some(values(&[None, one[0]])), set("a", "1"), true),
        (get_all(&["b", "a"]), Some(values(&[one[0], None])), set("a", "1"), false),
        (get_all(&["b", "a"]), Some(values(&[one[0], None])), delete(&["a"]), true),
        (delete(&["a"]), Some(Answer::Number(1)), set("a", "1"), true),
        (delete(&["a"]), Some(Answer::Number(0)), set("a", "1"), false),
        (delete(&["a"]), Some(Answer::Number(1)), delete(&["a"]), false),
        (delete(&["a", "b"]), Some(Answer::Number(1)), set("a", "1"), true),
        (delete(&["a", "b"]), Some(Answer::Number(0)), set("a", "1"), true),
        (increment("a", 1), Some(Answer::Number(2)), set("a", "1"), true),
        (increment("a", 1), Some(Answer::Number(3)), set("a", "1"), false),
        (increment("a", 1), Some(Answer::NotANumber), set("a", "1"), false),
        (set_if("a", "1", "2"), Some(Answer::Done), set("a", "1"), true),
        (set_if("a", "1", "2"), Some(Answer::Done), set("a", "3"), false),
        (set_if("a", "1", "2"), Some(Answer::Done), set_if("a", "3", "4"), true),
        // Of several the one that matters.
        (get("a"), Some(value("2")), set_all(&[("b", "2"), ("a", "1")]), false),
        (get("a"), Some(value("1")), set_all(&[("b", "2"), ("a", "1")]), true),
        (get("a"), Some(value("1")), set_all(&[("a", "1"), ("a", "2")]), false),
        (get("a"), Some(NIL), delete(&["b", "a"]), true),
        (get("c"), Some(NIL), delete(&["b", "a"]), false),
    ];
    for (by, answer, of, expected) in cases {
        let notices = KeyValue::notices(&by, answer.as_ref(), &of);
        assert_eq!(notices, expected, "{by} -> {answer:?} notices {of}");
    }
}

#[test]
fn the_store_in_words() {
    let requests = [
        (get("a"), r#"GET "a""#),
        (get_all(&["a", "b"]), r#"MGET "a" "b""#),
        (set("a", "\n"), r#"SET "a" "\n""#),
        (set_all(&[("a", "1"), ("b", "2")]), r#"MSET "a" "1" "b" "2""#),
        (set_if("a", "1", "2"), r#"SET "a" "2" IFEQ "1""#),
        (delete(&["a", "b"]), r#"DEL "a" "b""#),
        (increment("a", -1), r#"INCRBY "a" -1"#),
    ];
    for (request, words) in requests {
        assert_eq!(request.to_string(), words);
    }
    let answers = [
        (Answer::Done, "OK"),
        (Answer::NotDone, "nil"),
        (NIL, "nil"),
        (value("1"), r#""1""#),
        (values(&[Some("1"), None]), r#"["1" nil]"#),
        (Answer::Number(-1), "-1"),
        (Answer::NotANumber, "error: not a number"),
        (Answer::TooLarge, "error: too large"),
    ];
    for (answer, words) in answers {
        assert_eq!(answer.to_string(), words);
    }
    assert_eq!(Contents::default().to_string(), "nothing");
    assert_eq!(contents(&[("b", "2"), ("a", "1")]).to_string(), r#""a"="1" "b"="2""#);
}

fn commands(numbers: &[u64]) -> Commands {
    Commands(numbers.iter().copied().map(Command).collect())
}

const fn append(number: u64) -> LogOperation {
    LogOperation::Append(Command(number))
}

#[test]
fn the_list_does_what_it_is_asked() {
    let (one, both) = (commands(&[1]), commands(&[1, 2]));
    assert_eq!(CommandLog::apply(&one, &LogOperation::Read), (None, one.clone()));
    assert_eq!(CommandLog::apply(&one, &append(2)), (Some(both.clone()), both.clone()));
    assert!(CommandLog::changes_nothing(&LogOperation::Read, &one));
    assert!(!CommandLog::changes_nothing(&append(2), &both));
    assert_eq!([append(2).to_string(), LogOperation::Read.to_string()], ["append c2", "read"]);
    assert_eq!(both.to_string(), "[c1,c2]");
}

#[test]
fn all_operations_on_the_list_belong_together() {
    let verdict = |last: &[u64]| {
        let told = [
            (append(1), commands(&[1])),
            (append(2), commands(&[1, 2])),
            (LogOperation::Read, commands(last)),
        ];
        let one_by_one = (0..).zip(told);
        let told = one_by_one.map(|(at, (op, answer))| (1, op, 2 * at, Some((2 * at + 1, answer))));
        check::<CommandLog>(&recorded(told), BUDGET)
    };
    let Verdict::Linearizable { orders } = verdict(&[1, 2]) else { panic!("it is one list") };
    assert_eq!(orders.len(), 1);
    let refuted = verdict(&[1]).to_string();
    assert!(refuted.contains("\n  client 1 from 4 to 5: read -> [c1]\n"), "{refuted}");
    assert!(refuted.ends_with("which leave [c1,c2]"), "{refuted}");
}

/// An object that says no more than it must: a number that only grows.
struct Counter;

impl Object for Counter {
    type Key = u8;
    type Op = u64;
    type Answer = u64;
    type Value = u64;
    type State = u64;

    fn keys(_op: &u64) -> Vec<u8> {
        vec![0]
    }
    fn initial(_keys: &[u8]) -> u64 {
        7
    }
    fn apply(state: &u64, op: &u64) -> (Option<u64>, u64) {
        (Some(state + op), state + op)
    }
}

#[test]
fn an_object_need_not_say_more_than_it_must() {
    assert!(!Counter::changes_nothing(&0, &7));
    assert!(Counter::notices(&1, None, &2) && Counter::reaches(&9, &1, &8));
    assert_eq!(Counter::traces(&1, Some(&8)), []);
    for (sums, expected) in [([10, 8], true), ([8, 10], false)] {
        let told = [(1, 2, 0, Some((1, sums[0]))), (2, 1, 0, Some((1, sums[1])))];
        let verdict = check::<Counter>(&recorded(told), BUDGET);
        assert_eq!(matches!(verdict, Verdict::Linearizable { .. }), expected, "{verdict}");
    }
}
