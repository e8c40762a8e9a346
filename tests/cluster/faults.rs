use crate::client::Client;
use crate::load::Load;
use crate::processes::{Cluster, facts, signal, wait_until};
use quorate_net::resp::Value;

/// How many clients ask at a time.
const CLIENTS: u64 = 5;

fn client_ports(cluster: &Cluster) -> Vec<u16> {
    cluster.ports.iter().map(|(_, port)| *port).collect()
}

/// A client of each other server than the leader, which that server has connected with the leader: `a` is 1.
fn clients_of_followers(cluster: &Cluster, leader: usize) -> Vec<Client> {
    let others = (0..3).filter(|place| *place != leader);
    let mut clients: Vec<Client> = others.map(|place| cluster.connect(place)).collect();
    for client in &mut clients {
        assert_eq!(client.ask(&["SET", "a", "1"]).expect("answered"), Value::OK);
    }
    clients
}

#[test]
fn any_server_takes_any_command() {
    let cluster = Cluster::start("any_server", 3);
    for place in 0..3 {
        let mut client = cluster.connect(place);
        let key = format!("key{place}");
        assert_eq!(client.ask(&["SET", &key, "some value"]).expect("answered"), Value::OK);
        for other in 0..3 {
            let found = cluster.connect(other).ask(&["GET", &key]).expect("answered");
            assert_eq!(found, Value::bulk("some value"));
        }
        let count = i64::try_from(place).expect("small") + 1;
        assert_eq!(client.ask(&["INCR", "count"]).expect("answered"), Value::Integer(count));
        assert_eq!(client.ask(&["DEL", &key, "none"]).expect("answered"), Value::Integer(1));
        assert_eq!(client.ask(&["GET", &key]).expect("answered"), Value::Null);
    }
}

#[test]
fn killed_leaders_and_followers_lose_nothing() {
    let mut cluster = Cluster::start("kills", 3);
    let load = Load::start(CLIENTS, client_ports(&cluster));
    load.wait_for(300);
    for round in 0..6 {
        let (leader, term) = cluster.leader_after(0);
        // The leader, one follower, the other one.
        let victim = (leader + round % 3) % 3;
        cluster.kill(victim);
        if victim == leader {
            cluster.leader_after(term);
        }
        load.wait_for(400);
        cluster.start_server(victim, &[]);
        cluster.wait_until_caught_up(victim);
        load.wait_for(300);
    }
    // Then all at once.
    (0..3).for_each(|place| cluster.kill(place));
    (0..3).for_each(|place| cluster.start_server(place, &[]));
    cluster.leader();
    load.wait_for(400);
    let record = load.end();
    // And once more, so that what is read comes from the disks alone.
    (0..3).for_each(|place| cluster.kill(place));
    (0..3).for_each(|place| cluster.start_server(place, &[]));
    cluster.leader();
    let mut client = cluster.connect(0);
    record.must_have_lost_nothing(&mut client);
    record.must_be_linearizable(&mut client);
}

#[test]
fn connections_that_know_a_leader_that_stands_still_find_the_next_one() {
    let cluster = Cluster::start("next_leader", 3);
    let (leader, term) = cluster.leader_after(0);
    let mut clients = clients_of_followers(&cluster, leader);
    signal("STOP", cluster.pid(leader));
    cluster.leader_after(term);
    for client in &mut clients {
        // This one may have gone to the old leader, and then nobody knows.
        let first = client.ask(&["SET", "a", "2"]).expect("answered");
        let is_in_doubt = matches!(&first, Value::Error(why) if why.starts_with("INDOUBT "));
        assert!(is_in_doubt || first == Value::OK, "{first:?}");
        assert_eq!(client.ask(&["SET", "a", "3"]).expect("answered"), Value::OK);
    }
}

#[test]
fn reads_that_a_leader_took_with_it_are_answered_by_the_next() {
    let mut cluster = Cluster::start("reads_again", 3);
    let (leader, term) = cluster.leader_after(0);
    let mut clients = clients_of_followers(&cluster, leader);
    signal("STOP", cluster.pid(leader));
    for client in &mut clients {
        client.send(&["GET", "a"]).expect("sent");
    }
    cluster.leader_after(term);
    cluster.kill(leader);
    for client in &mut clients {
        assert_eq!(client.receive().expect("answered"), Value::bulk("1"));
    }
}

#[test]
fn a_leader_that_stands_still_is_replaced_and_comes_back_as_a_follower() {
    let cluster = Cluster::start("stands_still", 3);
    let load = Load::start(CLIENTS, client_ports(&cluster));
    load.wait_for(300);
    for _ in 0..2 {
        let (leader, term) = cluster.leader_after(0);
        let pid = cluster.pid(leader);
        signal("STOP", pid);
        let (next, _) = cluster.leader_after(term);
        assert_ne!(next, leader);
        load.wait_for(300);
        signal("CONT", pid);
        wait_until("the old leader follows", || {
            let facts = facts(cluster.ports[leader].1);
            facts.is_some_and(|facts| {
                facts["quorate_role"] == "follower" && facts["leader"] != "none"
            })
        });
        load.wait_for(300);
    }
    let record = load.end();
    let mut client = cluster.connect(cluster.leader());
    record.must_have_lost_nothing(&mut client);
    record.must_be_linearizable(&mut client);
}
