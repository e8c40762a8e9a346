//! The notation reads back what it prints, and says what is wrong with what it cannot read.

use quorate_cluster::notation::Notation;
use quorate_cluster::{Action, Choices, Cluster, Envelope, NetworkKind, Server, Setting};
use quorate_core::{Parameters, Spreading};

/// Runs clusters at random and hands every action and every state to `look`.
fn wander(network: NetworkKind, seed: u64, mut look: impl FnMut(&Action, &Cluster)) {
    let mut random = fastrand::Rng::with_seed(seed);
    for servers in 1..=5 {
        let parameters = Parameters {
            batch: random.usize(1..3),
            window: random.usize(1..3),
            max_uncommitted: 6,
            max_reads: 2,
            spreading: Spreading::AtOnce,
        };
        let mut cluster = Cluster::new(&Setting { servers, network, parameters });
        let mut possible = Vec::new();
        for _ in 0..400 {
            cluster.possible_actions(&Choices::all(), &mut possible);
            let action = possible.swap_remove(random.usize(..possible.len()));
            possible.clear();
            cluster.perform(&parameters, &action).expect("a possible action can happen");
            look(&action, &cluster);
        }
    }
}

#[test]
fn actions_and_states_are_read_back_as_they_were() {
    for network in NetworkKind::ALL {
        wander(network, 7, |action, cluster| {
            let text = action.to_string();
            assert_eq!(text.parse().as_ref(), Ok(action), "{text}");
            let text = cluster.to_string();
            assert_eq!(text.parse().as_ref(), Ok(cluster), "{text}");
        });
    }
}

#[test]
fn settings_are_read_back_as_they_were() {
    for network in NetworkKind::ALL {
        let setting = Setting { servers: 3, network, parameters: Parameters::default() };
        assert_eq!(setting.to_string().parse(), Ok(setting));
    }
}

#[test]
fn a_broken_text_never_panics_and_its_error_names_a_place() {
    let mut texts = Vec::new();
    wander(NetworkKind::Faulty, 11, |action, cluster| {
        texts.push(action.to_string());
        texts.push(cluster.to_string());
    });
    let mut random = fastrand::Rng::with_seed(13);
    for text in texts.iter().step_by(17) {
        let cut = random.usize(..text.len());
        if text.is_char_boundary(cut) {
            let _ = text[..cut].parse::<Action>();
            if let Err(error) = text[..cut].parse::<Cluster>() {
                assert!(error.line >= 1 && error.column >= 1 && !error.expected.is_empty());
            }
        }
        let mut bytes = text.clone().into_bytes();
        bytes[cut] = random.u8(..);
        let changed = String::from_utf8_lossy(&bytes).into_owned();
        let _ = changed.parse::<Action>();
        let _ = changed.parse::<Cluster>();
    }
}

#[test]
fn an_error_says_what_stands_where_and_what_should() {
    let told = |text: &str| text.parse::<Action>().expect_err(text).to_string();
    assert_eq!(
        told("deliver n0>n2@1 VoteGranted"),
        "column 9: n0>n2@1; expected a server, n1 to n64"
    );
    assert_eq!(told("crash n1 keep=x"), "column 15: x; expected a number");
    assert_eq!(told("sync n1"), "column 8: the end; expected \" \"");
    assert_eq!(told("heal n1"), "column 5: a space; expected nothing more");
    assert!(told("explode n1").starts_with("column 1: explode; expected one of election_timeout,"));
    let error = Envelope::from_notation("n1>n2@1 Vote").expect_err("no such message");
    assert!(error.to_string().starts_with("column 9: Vote; expected one of RequestVote,"));
    let error = "n1 follower term=1 log=[2:noop,1:c1]".parse::<Server>().expect_err("terms fall");
    assert!(error.to_string().contains("never decrease"), "{error}");
}

#[test]
fn what_a_server_holds_is_left_out_where_it_follows() {
    let text = "n1 follower term=2 log=[1:noop]";
    let server: Server = text.parse().expect("a server");
    assert_eq!(server.to_string(), text);
    assert_eq!(server.disk.log, server.state.log);
    let text =
        "n1 follower term=2 log=[1:noop] disk=[]@1/- writes=[0+[1:noop]@2/-:replicate(n1,2,0,1)]";
    let server: Server = text.parse().expect("a server");
    assert_eq!(server.state.unfinished.len(), 1);
    assert_eq!(server.state.durable.index.0, 0);
    assert_eq!(server.to_string(), text);
}
