//! Lines that a server writes while it runs, on standard error: for people, or as JSON for programs.
//!
//! Whoever has something to tell uses the macros of `tracing`, and no thread of the server waits for whoever
//! reads: a line goes to a thread that writes it, and if that cannot keep up, lines are counted and lost. A
//! pipe that nobody reads is no reason for a server to stand still.

use super::note;
use quorate_core::ServerId;
use serde_json::Value;
use std::fmt::{self, Write};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// How many lines wait to be written.
const ROOM: usize = 1024;
/// How long the last lines are waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long to wait for room.
const PAUSE: Duration = Duration::from_millis(5);

/// How lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum LogFormat {
    /// When, how serious, who, what.
    #[default]
    Human,
    /// An object with the keys timestamp, level, server and message, and perhaps others.
    Json,
}

impl LogFormat {
    /// The format of this name.
    pub(super) fn named(name: &str) -> Option<LogFormat> {
        match name {
            "human" => Some(LogFormat::Human),
            "json" => Some(LogFormat::Json),
            _ => None,
        }
    }
}

/// The level of this name.
pub(super) fn level(name: &str) -> Option<LevelFilter> {
    match name {
        "error" => Some(LevelFilter::ERROR),
        "warn" => Some(LevelFilter::WARN),
        "info" => Some(LevelFilter::INFO),
        "debug" => Some(LevelFilter::DEBUG),
        _ => None,
    }
}

/// What the thread that writes gets.
enum Work {
    Line(String),
    /// To say there that everything before is written.
    End(Sender<()>),
}

/// The lines of the server of this process, from here on. When this is dropped, those told before have been
/// written, or could not be.
pub(super) struct LogLines {
    format: LogFormat,
    work: SyncSender<Work>,
}

impl LogLines {
    /// Has everything that is told at this level or a more serious one written as lines of this server.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn begin(
        server: ServerId,
        format: LogFormat,
        level: LevelFilter,
    ) -> io::Result<LogLines> {
        let (work, taken) = sync_channel(ROOM);
        let lost = Arc::new(AtomicU64::new(0));
        let lines = Lines { server, format, work: work.clone(), lost: Arc::clone(&lost) };
        let writer = lines.clone();
        thread::Builder::new().name("log-lines".into()).spawn(move || writer.write(&taken))?;
        // A process runs one server, so nobody else has set one.
        let _ = tracing::subscriber::set_global_default(
            tracing_subscriber::registry().with(level).with(lines),
        );
        if format == LogFormat::Json {
            std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
        }
        Ok(LogLines { format, work })
    }

    /// Tells of a setting that is allowed and not wise.
    pub(super) fn warning(&self, what: &str) {
        match self.format {
            LogFormat::Human => note(&format!("quorate: warning: {what}")),
            LogFormat::Json => tracing::warn!("{what}"),
        }
    }

    /// Whether programs read the lines.
    pub(super) fn are_for_programs(&self) -> bool {
        self.format == LogFormat::Json
    }
}

impl Drop for LogLines {
    fn drop(&mut self) {
        let (written, wait) = channel();
        let (mut work, until) = (Work::End(written), Instant::now() + PATIENCE);
        while let Err(TrySendError::Full(again)) = self.work.try_send(work) {
            if Instant::now() >= until {
                return;
            }
            work = again;
            thread::sleep(PAUSE);
        }
        // Whoever does not read is not waited for longer.
        let _ = wait.recv_timeout(PATIENCE);
    }
}

/// What makes lines of events.
#[derive(Clone)]
struct Lines {
    server: ServerId,
    format: LogFormat,
    work: SyncSender<Work>,
    lost: Arc<AtomicU64>,
}

impl Lines {
    /// Writes lines until the process ends.
    fn write(&self, work: &Receiver<Work>) {
        for work in work {
            match work {
                Work::Line(line) => note(&line),
                // Whoever has stopped waiting does not need to know.
                Work::End(written) => drop(written.send(())),
            }
            let lost = self.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                let told = Told {
                    message: "lines were lost, because nobody read them in time".into(),
                    fields: vec![("lost", lost.into())],
                };
                note(&self.line(&Level::WARN, &told));
            }
        }
    }

    fn line(&self, level: &Level, told: &Told) -> String {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let (timestamp, server) = (timestamp(since), self.server);
        let Told { message, fields } = told;
        let mut out = match self.format {
            LogFormat::Human => format!("{timestamp} {level:5} {server} {}", one_line(message)),
            LogFormat::Json => format!(
                "{{\"timestamp\":\"{timestamp}\",\"level\":\"{level}\",\"server\":\"{server}\",\"message\":{}",
                Value::from(message.as_str())
            ),
        };
        for (name, value) in fields {
            // A text takes whatever is written to it.
            let _ = match (self.format, value) {
                (LogFormat::Human, Value::String(text)) => {
                    write!(out, " {name}={}", one_line(text))
                }
                (LogFormat::Human, value) => write!(out, " {name}={value}"),
                (LogFormat::Json, value) => write!(out, ",{}:{value}", Value::from(*name)),
            };
        }
        if self.format == LogFormat::Json {
            out.push('}');
        }
        out
    }
}

/// A text without what would begin another line or command a terminal.
fn one_line(text: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
    text.chars().map(escape).collect()
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut told = Told::default();
        event.record(&mut told);
        let line = self.line(event.metadata().level(), &told);
        if self.work.try_send(Work::Line(line)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What an event says.
#[derive(Default)]
struct Told {
    message: String,
    fields: Vec<(&'static str, Value)>,
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => self.fields.push((name, format!("{value:?}").into())),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message = value.to_owned(),
            name => self.fields.push((name, value.into())),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.fields.push((field.name(), value.into()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.fields.push((field.name(), value.into()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.push((field.name(), value.into()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.fields.push((field.name(), value.into()));
    }
}

/// A moment in universal time, given as the time since the beginning of 1970.
fn timestamp(since: Duration) -> String {
    let seconds = since.as_secs();
    let (days, in_day) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (in_day / 3_600, in_day / 60 % 60, in_day % 60);
    let milliseconds = since.subsec_millis();
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z")
}

/// The date so many days after the first of January 1970. Years are counted from March, so that the day which
/// some years have more is the last one, and all 400 years take up the same number of days.
fn date(days: u64) -> (u64, u64, u64) {
    // From the first of March of the year 0, 719,468 days before.
    let days = days + 719_468;
    let (era, in_era) = (days / 146_097, days % 146_097);
    let year = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year + year / 4 - year / 100);
    // Five months from March on have 153 days.
    let from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dates() {
        let at = |seconds| timestamp(Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(951_782_399), "2000-02-28T23:59:59.000Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00.000Z");
        assert_eq!(at(1_735_689_599), "2024-12-31T23:59:59.000Z");
        assert_eq!(timestamp(Duration::from_millis(4_102_444_800_007)), "2100-01-01T00:00:00.007Z");
    }

    /// What a line says after its timestamp.
    fn line(format: LogFormat, tell: impl FnOnce()) -> String {
        let (work, taken) = sync_channel(ROOM);
        let server = ServerId::new(1).expect("a server");
        let lines = Lines { server, format, work, lost: Arc::default() };
        let subscriber = tracing_subscriber::registry().with(LevelFilter::INFO).with(lines);
        tracing::subscriber::with_default(subscriber, tell);
        match taken.try_recv() {
            Ok(Work::Line(line)) => line,
            _ => String::new(),
        }
    }

    #[test]
    fn lines_say_everything_in_one_line() {
        let tell = || tracing::warn!(count = 3, who = "a\nb", "twice \"two\"\nlines");
        let human = line(LogFormat::Human, tell);
        assert!(human.ends_with("Z WARN  n1 twice \"two\"\\nlines count=3 who=a\\nb"), "{human}");
        let json = line(LogFormat::Json, tell);
        let value: Value = serde_json::from_str(&json).expect("it is JSON");
        assert_eq!((&value["level"], &value["server"]), (&"WARN".into(), &"n1".into()));
        assert_eq!(value["message"], "twice \"two\"\nlines");
        assert_eq!((&value["count"], &value["who"]), (&3.into(), &"a\nb".into()));
        assert_eq!(value["timestamp"].as_str().map(str::len), Some(24));
        assert_eq!(json.lines().count(), 1);
    }

    #[test]
    fn what_is_not_serious_enough_is_not_told() {
        assert_eq!(line(LogFormat::Human, || tracing::debug!("hidden")), "");
        assert!(line(LogFormat::Human, || tracing::info!("shown")).ends_with("n1 shown"));
    }

    #[test]
    fn lines_that_find_no_room_are_counted_and_nobody_waits() {
        let (work, _taken) = sync_channel(ROOM);
        let (server, lost) = (ServerId::new(1).expect("a server"), Arc::new(AtomicU64::new(0)));
        let lines = Lines { server, format: LogFormat::Human, work, lost: Arc::clone(&lost) };
        let subscriber = tracing_subscriber::registry().with(lines);
        tracing::subscriber::with_default(subscriber, || {
            (0..ROOM + 7).for_each(|number| tracing::info!("{number}"));
        });
        assert_eq!(lost.load(Ordering::Relaxed), 7);
    }
}
