use super::*;
use proptest::prelude::*;

fn set(condition: Condition, get: bool) -> Command {
    Command::Set { key: "k".into(), value: "new".into(), condition, get }
}

fn with(value: Option<&str>) -> Store {
    let mut store = Store::new();
    if let Some(value) = value {
        store.apply(&Command::SetMany(vec![("k".into(), value.into())]));
    }
    store
}

fn get(store: &Store) -> Option<String> {
    match store.query(&Query::Get("k".into())) {
        Reply::Value(value) => Some(String::from_utf8_lossy(&value).into_owned()),
        Reply::Nothing => None,
        other => panic!("{other:?}"),
    }
}

/// For each condition: whether the key gets its value when it has none, another one, the expected one.
#[test]
fn a_key_gets_its_value_only_if_the_condition_holds() {
    let cases = [
        (Condition::Always, [true, true, true]),
        (Condition::IfAbsent, [true, false, false]),
        (Condition::IfPresent, [false, true, true]),
        (Condition::IfEqual("old".into()), [false, false, true]),
    ];
    for (condition, expected) in cases {
        for (before, is_set) in [None, Some("other"), Some("old")].into_iter().zip(expected) {
            let mut store = with(before);
            let reply = store.apply(&set(condition.clone(), false));
            assert_eq!(reply, if is_set { Reply::Done } else { Reply::Nothing }, "{condition:?}");
            let after = if is_set { Some("new") } else { before };
            assert_eq!(get(&store).as_deref(), after, "{condition:?} {before:?}");
            // With GET the answer is the value before, whether it was set or not.
            let mut store = with(before);
            let reply = store.apply(&set(condition.clone(), true));
            assert_eq!(reply, before.map_or(Reply::Nothing, |old| Reply::Value(old.into())));
            assert_eq!(get(&store).as_deref(), after, "{condition:?} {before:?} GET");
        }
    }
    let set = Command::SetIfAbsent { key: "k".into(), value: "new".into() };
    assert_eq!(with(None).apply(&set), Reply::Integer(1));
    let mut store = with(Some("old"));
    assert_eq!(store.apply(&set), Reply::Integer(0));
    assert_eq!(get(&store).as_deref(), Some("old"));
}

#[test]
fn integers_are_added_to_and_nothing_else_is() {
    let add = |amount| Command::Add { key: "k".into(), amount };
    let (max, min) = (i64::MAX.to_string(), i64::MIN.to_string());
    let cases = [
        (None, 5, Reply::Integer(5), "5"),
        (Some("10"), -15, Reply::Integer(-5), "-5"),
        (Some(&*max), 1, Reply::Failed(Failure::Overflow), &*max),
        (Some(&*min), -1, Reply::Failed(Failure::Overflow), &*min),
        (Some(&*max), i64::MIN, Reply::Integer(-1), "-1"),
        (Some("x"), 1, Reply::Failed(Failure::NotAnInteger), "x"),
        (Some(""), 1, Reply::Failed(Failure::NotAnInteger), ""),
        (Some("01"), 1, Reply::Failed(Failure::NotAnInteger), "01"),
        (Some(" 1"), 1, Reply::Failed(Failure::NotAnInteger), " 1"),
    ];
    for (before, amount, reply, after) in cases {
        let mut store = with(before);
        assert_eq!(store.apply(&add(amount)), reply, "{before:?} {amount}");
        assert_eq!(get(&store).as_deref(), Some(after));
    }
    let failures = [Failure::NotAnInteger, Failure::Overflow].map(|why| why.to_string());
    assert_eq!(failures[0], "ERR value is not an integer or out of range");
    assert_eq!(failures[1], "ERR increment or decrement would overflow");
}

#[test]
fn values_grow_to_their_limit() {
    let append =
        |value: &str| Command::Append { key: "k".into(), value: value.into(), max_length: 5 };
    let mut store = Store::new();
    assert_eq!(store.apply(&append("ab")), Reply::Integer(2));
    assert_eq!(store.apply(&append("cde")), Reply::Integer(5));
    assert_eq!(store.apply(&append("f")), Reply::Failed(Failure::TooLong(5)));
    assert_eq!(store.apply(&append("")), Reply::Integer(5));
    assert_eq!(get(&store).as_deref(), Some("abcde"));
}

#[test]
fn several_keys_are_counted_as_they_come() {
    let mut store = Store::new();
    let pairs = [("a", "1"), ("b", "2"), ("a", "3")];
    let pairs = pairs.map(|(key, value)| (key.into(), value.into())).to_vec();
    assert_eq!(store.apply(&Command::SetMany(pairs)), Reply::Done);
    let keys: Vec<Bytes> = ["a", "c", "a", "b"].map(Bytes::from).to_vec();
    assert_eq!(store.query(&Query::Exists(keys.clone())), Reply::Integer(3));
    let expected = [Some("3"), None, Some("3"), Some("2")].map(|value| value.map(Bytes::from));
    assert_eq!(store.query(&Query::GetMany(keys.clone())), Reply::Values(expected.to_vec()));
    assert_eq!((store.query(&Query::Size), store.len()), (Reply::Integer(2), 2));
    assert_eq!(store.query(&Query::Length("b".into())), Reply::Integer(1));
    assert_eq!(store.query(&Query::Length("c".into())), Reply::Integer(0));
    assert_eq!(store.apply(&Command::Delete(keys)), Reply::Integer(2));
    assert!(store.is_empty());
}

/// The encoding is part of the format of logs. A change needs a new format version.
#[test]
fn the_bytes_of_commands_are_these() {
    let condition = Condition::IfEqual("o".into());
    let set = Command::Set { key: "k".into(), value: "new".into(), condition, get: true };
    let cases: [(Command, &[u8]); 7] = [
        (set, b"\x00\x01k\x03new\x03\x01o\x01"),
        (self::set(Condition::Always, false), b"\x00\x01k\x03new\x00\x00"),
        (Command::SetIfAbsent { key: "k".into(), value: "v".into() }, b"\x01\x01k\x01v"),
        (Command::SetMany(vec![("k".into(), "v".into())]), b"\x02\x01\x01k\x01v"),
        (Command::Delete(vec!["k".into(), "".into()]), b"\x03\x02\x01k\x00"),
        // The amount is written in zigzag: -3 is 5.
        (Command::Add { key: "k".into(), amount: -3 }, b"\x04\x01k\x05"),
        (
            Command::Append { key: "k".into(), value: "v".into(), max_length: 300 },
            b"\x05\x01k\x01v\xac\x02",
        ),
    ];
    for (command, bytes) in cases {
        assert_eq!(postcard::to_allocvec(&command).as_deref(), Ok(bytes), "{command:?}");
        assert_eq!(postcard::from_bytes(bytes), Ok(command));
    }
}

fn any_command() -> impl Strategy<Value = Command> {
    let key = || prop::sample::select(vec!["a", "b", "c"]).prop_map(Bytes::from);
    let value = || prop::collection::vec(any::<u8>(), 0..5).prop_map(Bytes::from);
    let number = || (-3..3_i64).prop_map(|n| Bytes::from(&*n.to_string()));
    let condition = prop_oneof![
        Just(Condition::Always),
        Just(Condition::IfAbsent),
        Just(Condition::IfPresent),
        number().prop_map(Condition::IfEqual),
    ];
    prop_oneof![
        (key(), number(), condition, any::<bool>())
            .prop_map(|(key, value, condition, get)| Command::Set { key, value, condition, get }),
        (key(), value()).prop_map(|(key, value)| Command::SetIfAbsent { key, value }),
        prop::collection::vec((key(), value()), 0..4).prop_map(Command::SetMany),
        prop::collection::vec(key(), 0..4).prop_map(Command::Delete),
        (key(), any::<i64>()).prop_map(|(key, amount)| Command::Add { key, amount }),
        (key(), value()).prop_map(|(key, value)| Command::Append { key, value, max_length: 8 }),
    ]
}

proptest! {
    #![proptest_config(crate::session::tests::fixed())]

    #[test]
    fn a_command_that_fails_changes_nothing_and_all_read_back(
        commands in prop::collection::vec(any_command(), 0..40),
    ) {
        let mut store = Store::new();
        for command in commands {
            let bytes = postcard::to_allocvec(&command).expect("it can be encoded");
            prop_assert_eq!(postcard::from_bytes::<Command>(&bytes), Ok(command.clone()));
            let before = store.clone();
            let reply = store.apply(&command);
            if let Reply::Failed(_) = reply {
                prop_assert_eq!(&store, &before);
            }
            // The same command on the same store gives the same.
            let mut again = before;
            prop_assert_eq!(again.apply(&command), reply);
            prop_assert_eq!(&again, &store);
        }
    }
}
