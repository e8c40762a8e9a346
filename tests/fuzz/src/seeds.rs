//! Where the search begins: valid inputs of every kind.
//!
//! They are made here and not kept as files, so that they follow every change of a format.

use crate::id;
use crate::log::{identity, path};
use crate::peers::framed;
use quorate_cluster::{Choices, Cluster, NetworkKind, Setting};
use quorate_core::{
    AbstractAction, Entry, Envelope, Index, LogPosition, Message, Parameters, Payload, Round, Term,
    Write,
};
use quorate_net::handshake::{Hello, Identity, refusal};
use quorate_wal::testing::SimulatedFiles;
use quorate_wal::{Options, Wal};
use std::path::Path;

/// The seeds of a target, by its name; none for an unknown one.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "peers" => peers(),
        "clients" => clients(),
        "log" => logs(),
        "notation" => texts(),
        "core" => runs(),
        "configuration" => files(),
        _ => Vec::new(),
    }
}

fn messages() -> Vec<Message<Vec<u8>>> {
    let position = |term, index| LogPosition { term: Term(term), index: Index(index) };
    let entry = |term, command: &[u8]| Entry {
        term: Term(term),
        payload: Payload::Command(command.to_vec()),
    };
    let noop = Entry { term: Term(2), payload: Payload::NoOp };
    vec![
        Message::RequestVote { last: position(1, 3) },
        Message::VoteGranted,
        Message::AppendEntries {
            previous: position(1, 3),
            entries: vec![noop, entry(2, b"a command"), entry(2, &[7; 100])],
            commit_index: Index(4),
            round: Round(1),
        },
        Message::AppendAccepted { match_index: Index(6), round: Round(300) },
        Message::AppendRejected { previous: Index(9), hint: position(1, 2), round: Round(2) },
        Message::StaleTerm { current: Term(70_000) },
    ]
}

/// A hello, answers to one, and messages: as payloads, in frames, and as parts to be framed.
fn peers() -> Vec<Vec<u8>> {
    let from = Identity { cluster: 7, server: id(2), incarnation: 9 };
    let hello = Hello { from, to: id(1) }.encode();
    let payload = |message| {
        let envelope = Envelope { from: id(2), to: id(1), term: Term(2), message };
        let mut bytes = vec![3];
        bytes.extend(postcard::to_allocvec(&envelope).expect("it can be encoded"));
        bytes
    };
    let payloads: Vec<Vec<u8>> = messages().into_iter().map(payload).collect();
    let with = |kind: u8, content: &[u8]| [&[kind, 5], content].concat();
    let mut seeds = vec![
        with(0, &hello),
        with(0, &[&[41, 1][..], &hello].concat()),
        with(1, &refusal("some reason")),
        with(2, &[1, 4, 3, 2, b'n', b'o']),
    ];
    seeds.extend(payloads.iter().map(|payload| with(3, payload)));
    let parts: Vec<u8> =
        payloads.iter().flat_map(|p| [&[p.len() as u8], &p[..]].concat()).collect();
    seeds.push(with(1, &framed(&parts)));
    seeds.push(with(2, &parts));
    seeds
}

fn clients() -> Vec<Vec<u8>> {
    let texts = [
        "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n",
        "*1\r\n$4\r\nPING\r\nPING\r\nSET a \"b c\\x41\\n\"\r\nget 'it\\'s'\r\n\r\n*0\r\n*-1\r\n",
        "*2\r\n$6\r\nAPPEND\r\n$65\r\n",
        "*17\r\n",
        "+OK\r\n",
        "-INDOUBT the write may or may not take effect\r\n",
        ":-42\r\n",
        "*3\r\n$1\r\na\r\n$-1\r\n_\r\n",
        "%1\r\n+a\r\n~2\r\n#t\r\n,1.5\r\n",
        "=7\r\ntxt:abc\r\n",
    ];
    let flags = [0_u8, 1].into_iter();
    flags.flat_map(|flag| texts.map(|text| [&[flag], text.as_bytes()].concat())).collect()
}

/// Logs of one to three segments, their checksums as they are and to be made right.
fn logs() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for batches in [0, 1, 3, 6] {
        let files = SimulatedFiles::new();
        let (directory, options) = (Path::new("/n1"), Options { segment_bytes: 2048 });
        Wal::<Vec<u8>, _>::init(files.clone(), directory, identity(), options).expect("init");
        let opened = Wal::<Vec<u8>, _>::open(files.clone(), directory, identity(), options);
        let (mut wal, _) = opened.expect("open");
        for number in 0..batches {
            let term = Term(1 + number / 2);
            let command = Payload::Command(vec![number as u8; 40 * number as usize]);
            let write = Write {
                truncate_to: Index(number),
                entries: vec![Entry { term, payload: command }],
                term,
                voted_for: Some(id(1)),
                witness: AbstractAction::BumpTerm { server: id(1), term },
            };
            wal.append(&[write]).expect("append");
        }
        let segments: Vec<Vec<u8>> = (1..).map_while(|n| files.content(&path(n))).collect();
        let count = segments.len().min(3);
        let content = segments[..count].concat();
        for flags in [0, 1, 2, 5] {
            seeds.push([&[flags, count as u8 - 1], &content[..]].concat());
        }
    }
    seeds
}

/// Actions and states of clusters that run by chance, from a fixed seed.
fn texts() -> Vec<Vec<u8>> {
    let mut random = fastrand::Rng::with_seed(3);
    let mut texts = Vec::new();
    for network in NetworkKind::ALL {
        let parameters = Parameters { batch: 2, window: 2, ..Parameters::default() };
        let setting = Setting { servers: 3, network, parameters };
        texts.push(setting.to_string());
        let mut cluster = Cluster::new(&setting);
        let mut possible = Vec::new();
        for step in 0..300 {
            cluster.possible_actions(&Choices::all(), &mut possible);
            let action = possible.swap_remove(random.usize(..possible.len()));
            possible.clear();
            cluster.perform(&parameters, &action).expect("a possible action can happen");
            if step % 10 == 0 {
                texts.push(action.to_string());
                texts.push(cluster.to_string());
            }
        }
    }
    texts.into_iter().map(String::into_bytes).collect()
}

/// Whole elections, and what chance makes of the rest.
fn runs() -> Vec<Vec<u8>> {
    let mut random = fastrand::Rng::with_seed(5);
    let mut seeds = Vec::new();
    for voters in 0..5 {
        let mut bytes = vec![2, 2, 5, 3, 0, voters];
        // An election timeout, its write, and a vote of each other server.
        bytes.extend([0, 5]);
        (1..7).for_each(|from| bytes.extend([9, from, 0, 0]));
        bytes.push(5);
        bytes.extend(std::iter::repeat_with(|| random.u8(..)).take(300));
        seeds.push(bytes);
    }
    seeds
}

fn files() -> Vec<Vec<u8>> {
    let texts = [
        "# n1\nid = 1\ncluster = \"orders\"\ndata = \"data/n1\"\npeer-listen = \"10.0.0.1:7379\"\n\
         client-listen = \"127.0.0.1:6379\"\npeer = [\"2=10.0.0.2:7379\", \"3=b:2,c:3\"]\n",
        "heartbeat = \"50ms\"\nelection-min = '150ms'\nelection-max = \"300ms\"\n",
        "request-timeout = \"3s\"\nmax-log-bytes = \"2G\"\nsegment-bytes = 1048576\n",
        "id = 0\n",
        "ids = 1\n[server]\nid = 0x1\n",
        "data = \"\"\"\nover\nlines\"\"\"\ndata = true\n",
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}
