//! Requests in the protocol of Redis, one at a time on a connection.

use super::{Answer, Ask, View};
use quorate_net::resp::{Value, decode, write_array, write_bulk};

/// Appends a request.
pub(super) fn ask(ask: &Ask<'_>, out: &mut Vec<u8>) {
    let words: &[&[u8]] = match ask {
        Ask::Set(key, value) => &[b"SET", key, value],
        Ask::Get(key) => &[b"GET", key],
        Ask::View => &[b"INFO", b"quorate"],
    };
    write_array(out, words.len());
    words.iter().for_each(|word| write_bulk(out, word));
}

/// The reply, if it is complete; it is removed.
pub(super) fn answer(is_view: bool, arrived: &mut Vec<u8>) -> Result<Option<Answer>, String> {
    let Some((value, length)) = decode(arrived)? else { return Ok(None) };
    arrived.drain(..length);
    Ok(Some(match value {
        Value::Bulk(bytes) if is_view => Answer::View(view(&String::from_utf8_lossy(&bytes))),
        Value::Bulk(bytes) => Answer::Found(bytes),
        Value::Null => Answer::Missing,
        reply if reply == Value::OK => Answer::Stored,
        Value::Error(text) => Answer::Refused(text.into_owned()),
        other => Answer::Refused(format!("{other:?}")),
    }))
}

/// What a server says of itself. A server of Redis, which has no such facts, is alone and leads.
fn view(text: &str) -> View {
    let facts = || text.lines().filter_map(|line| line.split_once(':'));
    let find = |wanted: &str| {
        let value = facts().find(|(name, _)| *name == wanted)?.1;
        value.strip_prefix('n').unwrap_or(value).parse().ok()
    };
    if facts().next().is_none() {
        return View { me: 1, leader: 1, term: 0, committed: 0, applied: 0 };
    }
    let number = |name| find(name).unwrap_or(0);
    View {
        me: number("server"),
        leader: number("leader"),
        term: number("term"),
        committed: number("commit_index"),
        applied: number("last_applied"),
    }
}

#[cfg(test)]
mod tests {
    use super::{answer, ask, view};
    use crate::cluster::speech::{Answer, Ask};

    #[test]
    fn requests_are_commands() {
        let mut out = Vec::new();
        ask(&Ask::Set(b"k", b"vw"), &mut out);
        ask(&Ask::Get(b"k"), &mut out);
        let text = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\nvw\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";
        assert_eq!(String::from_utf8_lossy(&out), text);
    }

    #[test]
    fn replies_are_taken_one_by_one() {
        let mut arrived = b"+OK\r\n$1\r\nv\r\n$-1\r\n-TRYAGAIN no\r\n:1\r\n$1\r".to_vec();
        let mut next = || answer(false, &mut arrived).expect("understood");
        assert_eq!(next(), Some(Answer::Stored));
        assert_eq!(next(), Some(Answer::Found(b"v".to_vec())));
        assert_eq!(next(), Some(Answer::Missing));
        assert_eq!(next(), Some(Answer::Refused("TRYAGAIN no".into())));
        assert_eq!(next(), Some(Answer::Refused("Integer(1)".into())));
        assert_eq!(next(), None);
        assert_eq!(arrived, b"$1\r");
    }

    #[test]
    fn a_leader_is_read_from_what_servers_say() {
        let seen = view("# Quorate\r\nserver:n3\r\nterm:7\r\nleader:n2\r\nlast_applied:5\r\n");
        assert_eq!(
            [seen.me, seen.leader, seen.term, seen.committed, seen.applied],
            [3, 2, 7, 0, 5]
        );
        assert_eq!(view("server:n3\r\nleader:none").leader, 0);
        let alone = view("");
        assert_eq!((alone.me, alone.leader), (1, 1));
    }
}
