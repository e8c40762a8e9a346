//! The systems that are measured, each with what starts a server of it.
//!
//! Every server has the settings that its maker gives it, with exceptions that are all named here: etcd's heartbeats
//! and elections where tuned ones are asked for, and Redis' way of writing, for which there is no usual one.

use super::servers::Ports;
use super::speech::Speech;
use std::path::{Path, PathBuf};

/// Which system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// This project.
    Quorate,
    /// etcd, the system to compare with: it replicates and is linearizable too.
    Etcd,
    /// One server of Redis that makes every write durable before it answers: no replication, no elections.
    Redis,
}

/// How long heartbeats and elections take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Timing {
    /// As the maker says.
    Default,
    /// A heartbeat each 20 ms, and an election as soon as that makes sense: etcd's timeout of 150 ms is the
    /// shortest wait, to which chance adds as much again; this project says both ends, here 75 and 150 ms.
    Tuned,
}

impl Kind {
    /// All of them, in the order in which they are told.
    pub(super) const ALL: [Kind; 3] = [Kind::Quorate, Kind::Etcd, Kind::Redis];

    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Quorate => "quorate",
            Kind::Etcd => "etcd",
            Kind::Redis => "redis",
        }
    }

    /// How many servers are started.
    pub(super) fn servers(self) -> usize {
        match self {
            Kind::Quorate | Kind::Etcd => 3,
            Kind::Redis => 1,
        }
    }

    /// How they are talked to.
    pub(super) fn speech(self) -> Speech {
        match self {
            Kind::Quorate | Kind::Redis => Speech::Resp,
            Kind::Etcd => Speech::Grpc,
        }
    }

    /// The program of a server.
    ///
    /// # Errors
    /// When it is not there, with what to do about it.
    pub(super) fn program(self) -> Result<PathBuf, String> {
        let (program, package) = match self {
            Kind::Quorate => return crate::checker::build_command(),
            Kind::Etcd => ("etcd", "etcd-server"),
            Kind::Redis => ("redis-server", "redis-server"),
        };
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&paths).map(|path| path.join(program));
        found.into_iter().find(|path| path.is_file()).ok_or_else(|| {
            format!(
                "{program} is missing; to run it: install {package} with the system's package manager"
            )
        })
    }

    /// What a server is started with: the one at this place among its ports, in its directory, for the first time
    /// or again.
    pub(super) fn arguments(
        self,
        place: usize,
        ports: &[Ports],
        directory: &Path,
        timing: Timing,
        is_new: bool,
    ) -> Vec<String> {
        let data = directory.display().to_string();
        let words = match self {
            Kind::Quorate => quorate(place, ports, &data, is_new),
            Kind::Etcd => etcd(place, ports, &data),
            Kind::Redis => redis(ports[place], &data),
        };
        let tuned = match (timing, self) {
            (Timing::Default, _) | (Timing::Tuned, Kind::Redis) => "",
            (Timing::Tuned, Kind::Quorate) => {
                " --heartbeat 20ms --election-min 75ms --election-max 150ms"
            }
            (Timing::Tuned, Kind::Etcd) => " --heartbeat-interval 20 --election-timeout 150",
        };
        // No directory that is used here has a space in it, for each is below the build directory.
        words.into_iter().chain(tuned.split_whitespace().map(String::from)).collect()
    }
}

fn quorate(place: usize, ports: &[Ports], data: &str, is_new: bool) -> Vec<String> {
    let mut words = ["serve", "--cluster", "bench", "--id"].map(String::from).to_vec();
    words.extend([(place + 1).to_string(), "--data".into(), data.into()]);
    words.extend(is_new.then(|| "--init".into()));
    for (other, Ports { peers, clients }) in ports.iter().enumerate() {
        let (peers, clients) = (format!("127.0.0.1:{peers}"), format!("127.0.0.1:{clients}"));
        words.extend(if other == place {
            ["--peer-listen".into(), peers, "--client-listen".into(), clients].to_vec()
        } else {
            vec!["--peer".into(), format!("{}={peers},{clients}", other + 1)]
        });
    }
    words
}

fn etcd(place: usize, ports: &[Ports], data: &str) -> Vec<String> {
    let peers = |ports: &Ports| format!("http://127.0.0.1:{}", ports.peers);
    let mine = &ports[place];
    let clients = format!("http://127.0.0.1:{}", mine.clients);
    let named = ports.iter().enumerate().map(|(at, ports)| format!("n{}={}", at + 1, peers(ports)));
    let all: Vec<String> = named.collect();
    [
        ("--name", format!("n{}", place + 1)),
        ("--data-dir", data.into()),
        ("--listen-client-urls", clients.clone()),
        ("--advertise-client-urls", clients),
        ("--listen-peer-urls", peers(mine)),
        ("--initial-advertise-peer-urls", peers(mine)),
        ("--initial-cluster", all.join(",")),
        ("--initial-cluster-state", "new".into()),
        ("--initial-cluster-token", "bench".into()),
    ]
    .into_iter()
    .flat_map(|(name, value)| [name.into(), value])
    .collect()
}

/// Every write goes to the log and to the disk before it is answered; nothing else is written, neither snapshots nor
/// the log anew.
fn redis(ports: Ports, data: &str) -> Vec<String> {
    [
        ("--port", ports.clients.to_string().as_str()),
        ("--bind", "127.0.0.1"),
        ("--dir", data),
        ("--appendonly", "yes"),
        ("--appendfsync", "always"),
        ("--auto-aof-rewrite-percentage", "0"),
        ("--save", ""),
    ]
    .into_iter()
    .flat_map(|(name, value)| [name.into(), value.into()])
    .collect()
}

#[cfg(test)]
mod tests {
    use super::{Kind, Timing};
    use crate::cluster::servers::Ports;
    use std::path::Path;

    #[test]
    fn every_server_knows_itself_and_the_others() {
        let ports = [1, 3, 5].map(|peers| Ports { peers, clients: peers + 1 });
        let line = |kind: Kind, place, timing, is_new| {
            kind.arguments(place, &ports, Path::new("/d"), timing, is_new).join(" ")
        };
        assert_eq!(
            line(Kind::Quorate, 1, Timing::Tuned, true),
            "serve --cluster bench --id 2 --data /d --init --peer 1=127.0.0.1:1,127.0.0.1:2 \
             --peer-listen 127.0.0.1:3 --client-listen 127.0.0.1:4 --peer 3=127.0.0.1:5,127.0.0.1:6 \
             --heartbeat 20ms --election-min 75ms --election-max 150ms"
        );
        assert!(!line(Kind::Quorate, 1, Timing::Default, false).contains("--init"));
        let etcd = line(Kind::Etcd, 2, Timing::Default, true);
        assert!(
            etcd.starts_with("--name n3 --data-dir /d --listen-client-urls http://127.0.0.1:6 ")
        );
        assert!(etcd.contains(
            "--initial-cluster n1=http://127.0.0.1:1,n2=http://127.0.0.1:3,n3=http://127.0.0.1:5 "
        ));
        assert!(
            !etcd.contains("election") && line(Kind::Etcd, 2, Timing::Tuned, true).contains("150")
        );
        assert!(line(Kind::Redis, 0, Timing::Default, true).contains("--appendfsync always"));
    }
}
