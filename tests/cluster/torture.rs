//! Torture: three servers under load, and one fault after the other, often two at a time.
//!
//! Servers are killed, one or all at once, and stopped for a while; links between them are cut in one direction or
//! both, lose and delay frames, stand still and break; a directory is taken away from under a server, a disk runs
//! full, a log is damaged while its server is down. Which fault comes when follows from a seed; the threads and the
//! network of the machine have their own say, so a seed repeats the faults and not every moment of them.
//!
//! What must hold: after each round of faults the servers elect a leader, all of them catch up, and writes go on,
//! within the time that [`crate::processes::PATIENCE`] allows. No server ends that was not made to. In the end all
//! that was acknowledged is there, on every server, read from the disks alone, and one store explains everything
//! that clients saw.
//!
//! `cargo xtask torture --minutes N --seed S` runs it for as long as it is told to.

mod faults;

use crate::load::{Habits, Load};
use crate::processes::{Cluster, facts, wait_until};
use faults::Deck;
use quorate_net::resp::Value;
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

/// Outcomes come soon, so that clients soon ask again; segments are short, so that new ones are often made.
const OPTIONS: &[&str] = &["--request-timeout", "1s", "--segment-bytes", "64K"];

/// The server whose data is on a small file system, where there is one.
const ON_SMALL_DISK: usize = 2;

/// A run.
pub(crate) struct Torture {
    cluster: Cluster,
    load: Option<Load>,
    random: fastrand::Rng,
    seed: u64,
    /// Who led when the round began.
    leader: usize,
    begun: Instant,
    /// The longest time from the end of a fault until everything was as before.
    longest: Duration,
    rounds: u32,
    /// A small file system, if there is one.
    small_disk: Option<PathBuf>,
}

#[test]
fn faults_of_every_kind_lose_nothing_and_show_nothing_wrong() {
    torture(1, Duration::from_secs(60));
}

#[test]
#[ignore = "takes as long as it is told to: cargo xtask torture"]
fn torture_of_any_length() {
    let number = |name: &str| -> u64 {
        let text = std::env::var(name).unwrap_or_else(|_| panic!("{name}: not set"));
        text.parse().unwrap_or_else(|_| panic!("{name}: {text:?}; expected a number"))
    };
    let minutes = number("QUORATE_TORTURE_MINUTES");
    torture(number("QUORATE_TORTURE_SEED"), Duration::from_secs(60 * minutes));
}

/// Runs for at least so long, and until every kind of fault has been there.
fn torture(seed: u64, length: Duration) {
    let mut torture = Torture::begin(seed);
    let mut deck = Deck::new(torture.small_disk.is_some());
    while torture.begun.elapsed() < length || !deck.is_through() {
        torture.round(&mut deck);
    }
    torture.end();
}

impl Torture {
    fn begin(seed: u64) -> Torture {
        let mut cluster = Cluster::prepare(&format!("torture_{seed}"), 3, OPTIONS);
        cluster.through_proxies(seed);
        let small_disk = std::env::var_os("QUORATE_SMALL_DISK").map(PathBuf::from);
        if let Some(disk) = &small_disk {
            cluster.keep_elsewhere(ON_SMALL_DISK, disk.join("n3"));
        }
        cluster.begin();
        let habits = Habits {
            clients: 8,
            seed: seed << 8,
            patience: Duration::from_millis(1500),
            rest: Duration::from_millis(20),
            epoch: Duration::from_secs(10),
        };
        let load = Load::start_with(habits, cluster.ports.iter().map(|(_, port)| *port).collect());
        let (random, begun) = (fastrand::Rng::with_seed(seed), Instant::now());
        let (longest, rounds) = (Duration::ZERO, 0);
        let (load, leader) = (Some(load), 0);
        Torture { cluster, load, random, seed, leader, begun, longest, rounds, small_disk }
    }

    fn load(&self) -> &Load {
        self.load.as_ref().expect("clients are under way")
    }

    /// Says what happens, and when.
    fn say(&self, what: &str) {
        let (seconds, written) = (self.begun.elapsed().as_secs_f64(), self.load().acknowledged());
        println!("{seconds:7.1} s {written:8} written  {what}");
    }

    /// One fault, or two at a time, and what must be true after it.
    fn round(&mut self, deck: &mut Deck) {
        self.rounds += 1;
        self.leader = self.cluster.leader();
        let fault = deck.draw(&mut self.random);
        if fault.is_for_itself() {
            self.say(&format!("{fault}"));
            self.suffer(fault);
        } else {
            let other = if self.random.bool() { deck.companion(&mut self.random) } else { None };
            let lasts = Duration::from_millis(self.random.u64(300..2500));
            let both = other.map(|other| format!(", and {other}")).unwrap_or_default();
            self.say(&format!("{fault}{both}, for {} ms", lasts.as_millis()));
            other.into_iter().for_each(|other| self.inflict(other));
            self.inflict(fault);
            // The fault lasts; clients go on meanwhile.
            thread::sleep(lasts);
        }
        self.heal();
        self.recover();
    }

    /// Waits until everything is as before: a leader, nobody behind, and writes.
    fn recover(&mut self) {
        let begun = Instant::now();
        self.must_all_run();
        self.cluster.leader();
        (0..3).for_each(|place| self.cluster.wait_until_caught_up(place));
        self.load().wait_for(30);
        self.longest = self.longest.max(begun.elapsed());
        self.must_all_run();
    }

    fn must_all_run(&mut self) {
        for (place, server) in self.cluster.servers.iter_mut().enumerate() {
            let ended = server.as_mut().map(|server| server.0.try_wait().expect("it is a child"));
            assert_eq!(ended, Some(None), "n{} has ended by itself", place + 1);
        }
    }

    /// Ends the clients, and checks what they saw.
    fn end(mut self) {
        self.say("faults end");
        let record = self.load.take().expect("clients are under way").end();
        record.write(&self.history()).expect("the directory for tests can be written");
        // What is read comes from the disks alone.
        (0..3).for_each(|place| self.cluster.kill(place));
        (0..3).for_each(|place| self.cluster.start_server(place, &[]));
        let leader = self.cluster.leader();
        (0..3).for_each(|place| self.cluster.wait_until_caught_up(place));
        let mut client = self.cluster.connect(leader);
        record.must_have_lost_nothing(&mut client);
        // Each server has all of it, and not only the leader.
        wait_until("all servers have applied the same", || {
            let applied = |(_, port): &(u16, u16)| facts(*port)?.get("last_applied").cloned();
            let applied: Vec<_> = self.cluster.ports.iter().map(applied).collect();
            applied.iter().all(|index| index.is_some() && *index == applied[0])
        });
        for place in 0..3 {
            let mut client = self.cluster.connect(place);
            assert_eq!(client.ask(&["READONLY"]).expect("answered"), Value::OK);
            record.must_have_lost_nothing(&mut client);
        }
        let once = record.acknowledged.len();
        let (operations, unknown) = record.must_be_linearizable(&mut client);
        println!(
            "TORTURE PASSED with seed {}: {:.0} s, {} rounds of faults, {operations} operations linearizable, \
             {unknown} of them of unknown outcome, {once} keys written once and none lost, {:.1} s at most \
             until all was as before",
            self.seed,
            self.begun.elapsed().as_secs_f64(),
            self.rounds,
            self.longest.as_secs_f64()
        );
        (0..3).for_each(|place| self.cluster.kill(place));
        let _ = fs::remove_dir_all(&self.cluster.directory);
    }

    fn history(&self) -> PathBuf {
        self.cluster.directory.join("history.txt")
    }
}

impl Drop for Torture {
    /// What a run has left is evidence, if it failed.
    fn drop(&mut self) {
        if !thread::panicking() {
            return;
        }
        let written = self.load.as_ref().map(|load| load.write(&self.history()));
        if let Some(Err(error)) = written {
            println!("{}: {error}", self.history().display());
        }
        println!(
            "TORTURE FAILED with seed {} after {:.0} s and {} rounds; what servers wrote, their data and \
             history.txt are in {}",
            self.seed,
            self.begun.elapsed().as_secs_f64(),
            self.rounds,
            self.cluster.directory.display()
        );
    }
}
