//! Where the servers of `quorate cluster` keep their logs, and the ports that they get.

use super::{Exit, Failure};
use quorate_core::ServerId;
use quorate_wal::{ClusterId, Identity, Options, RealFiles, Wal};
use std::fs::{self, DirBuilder, File};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// The file that says which cluster a directory holds. It is there only when all logs have been made.
const NAME: &str = "cluster.toml";

/// Shorter files than a server has by itself: to make three of them at once takes no time.
const SEGMENTS: Options = Options { segment_bytes: 8 << 20 };

/// A directory with the logs of all servers of a cluster.
pub(super) struct Place {
    pub(super) directory: PathBuf,
    pub(super) cluster: ClusterId,
    pub(super) servers: usize,
    is_temporary: bool,
}

/// A number that nobody has had before.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

impl Place {
    /// The directory that was asked for, or one that goes away with this; made if it is not there.
    pub(super) fn open(asked: Option<&Path>, servers: Option<usize>) -> Result<Place, Failure> {
        let directory = match asked {
            Some(directory) => directory.to_owned(),
            None => std::env::temp_dir().join(format!("quorate-{:016x}", random())),
        };
        let show = directory.display();
        let cannot = |what: String| Failure::new(Exit::CannotWrite, format_args!("{show}: {what}"));
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&directory);
        let somewhere = "expected a directory that can be made; try another --data";
        made.map_err(|error| cannot(format!("{error}; {somewhere}")))?;
        let directory = directory.canonicalize().map_err(|error| cannot(error.to_string()))?;
        let file = directory.join(NAME);
        if file.exists() {
            return Place::found(directory, servers);
        }
        let is_empty = fs::read_dir(&directory).map(|mut entries| entries.next().is_none());
        if !is_empty.map_err(|error| cannot(error.to_string()))? {
            return Err(cannot(format!(
                "holds something, but no {NAME}; expected an empty directory, or one that quorate cluster has \
                 made; try another --data"
            )));
        }
        let cluster = ClusterId(u128::from(random()) << 64 | u128::from(random()));
        let servers = servers.unwrap_or(3);
        let place = Place { directory, cluster, servers, is_temporary: asked.is_none() };
        place.make().map_err(|error| {
            Failure::new(Exit::CannotWrite, format_args!("{}: {error}", place.directory.display()))
        })?;
        Ok(place)
    }

    /// A directory that holds a cluster.
    fn found(directory: PathBuf, servers: Option<usize>) -> Result<Place, Failure> {
        let file = directory.join(NAME);
        let text = fs::read_to_string(&file).map_err(|error| error.to_string());
        let (cluster, there) = text.and_then(|text| parse(&text)).map_err(|what| {
            Failure::new(Exit::BadData, format_args!("{}: {what}", file.display()))
        })?;
        if let Some(asked) = servers.filter(|asked| *asked != there) {
            return Err(Failure::usage(format_args!(
                "--servers: {asked}; expected {there}, the servers of the cluster in {}; try another --data",
                directory.display()
            )));
        }
        Ok(Place { directory, cluster, servers: there, is_temporary: false })
    }

    /// Makes empty logs, and at last the file that says so.
    fn make(&self) -> Result<(), String> {
        for number in 1..=self.servers {
            let server = u8::try_from(number).ok().and_then(ServerId::new);
            let server = server.ok_or_else(|| format!("{number} names no server"))?;
            let identity = Identity { cluster: self.cluster, server };
            let directory = self.data(number);
            Wal::<()>::init(RealFiles, &directory, identity, SEGMENTS)
                .map_err(|error| error.to_string())?;
        }
        let text = format!("cluster = \"{}\"\nservers = {}\n", self.cluster, self.servers);
        let (new, file) = (self.directory.join("cluster.toml.tmp"), self.directory.join(NAME));
        let write = || {
            let mut out = File::create(&new)?;
            out.write_all(text.as_bytes())?;
            out.sync_all()?;
            fs::rename(&new, &file)?;
            File::open(&self.directory)?.sync_all()
        };
        write().map_err(|error| error.to_string())
    }

    /// Where a server's log is.
    fn data(&self, number: usize) -> PathBuf {
        self.directory.join(format!("n{number}"))
    }

    /// Writes the configuration files of all servers, whose ports are given.
    pub(super) fn configure(&self, ports: &[Ports]) -> Result<(), Failure> {
        let address = |port: u16| format!("127.0.0.1:{port}");
        for (number, Ports { peer, client, http }) in (1..).zip(ports) {
            let others = (1..).zip(ports).filter(|(other, _)| *other != number);
            let others = others.map(|(other, Ports { peer, client, .. })| {
                format!("    \"{other}={},{}\",\n", address(*peer), address(*client))
            });
            let text = format!(
                "id = {number}\ncluster = \"{}\"\ndata = {}\npeer-listen = \"{}\"\nclient-listen = \
                 \"{}\"\nhttp-listen = \"{}\"\nsegment-bytes = {}\npeer = [\n{}]\n",
                self.cluster,
                quoted(&self.data(number)),
                address(*peer),
                address(*client),
                address(*http),
                SEGMENTS.segment_bytes,
                others.collect::<String>()
            );
            let file = self.directory.join(format!("n{number}.toml"));
            fs::write(&file, text).map_err(|error| {
                Failure::new(Exit::CannotWrite, format_args!("{}: {error}", file.display()))
            })?;
        }
        Ok(())
    }

    /// What becomes of the directory at the end.
    pub(super) fn fate(&self) -> &'static str {
        if self.is_temporary { "removed at the end" } else { "kept" }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_temporary {
            // What cannot be removed is in a directory for such.
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

/// A path as a text of TOML.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The cluster and how many servers it has.
fn parse(text: &str) -> Result<(ClusterId, usize), String> {
    let expected = "expected cluster, an id of 32 hexadecimal digits, and servers, from 1 to 7";
    let table = DeTable::parse(text).map_err(|error| format!("{}; {expected}", error.message()))?;
    let get = |name: &str| table.get_ref().get(name).map(|value| value.get_ref());
    let cluster = match get("cluster") {
        Some(DeValue::String(text)) => text.parse().ok(),
        _ => None,
    };
    let servers = match get("servers") {
        Some(DeValue::Integer(number)) => number.as_str().parse().ok(),
        _ => None,
    };
    let servers = servers.filter(|servers| (1..=7).contains(servers));
    cluster.zip(servers).ok_or_else(|| expected.to_owned())
}

/// The ports of one server, on loopback.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) peer: u16,
    pub(super) client: u16,
    pub(super) http: u16,
}

/// Ports of loopback that are free now: outside the range from which the system chooses, so that no connection
/// happens to take one before its server does.
pub(super) fn free_ports(servers: usize) -> Option<Vec<Ports>> {
    const RANGE: std::ops::Range<u16> = 10_000..32_000;
    for _ in 0..1_000 {
        let step = u16::try_from(3 * servers).ok()?;
        let choices = u64::from(RANGE.end - RANGE.start - step);
        let first = RANGE.start + u16::try_from(random() % choices).ok()?;
        let bound =
            (first..first + step).map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)));
        if bound.collect::<Result<Vec<_>, _>>().is_ok() {
            let each = step / 3;
            let ports = |client| Ports { client, peer: client + each, http: client + 2 * each };
            return Some((first..first + each).map(ports).collect());
        }
    }
    None
}
