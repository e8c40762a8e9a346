//! The command line: one file for each subcommand.
//!
//! What every subcommand shares is here: exit codes, and errors in one line of the form
//! "what: value; expected ...; try ...".

mod arguments;
mod ask;
mod check;
mod children;
mod cluster;
mod config_file;
mod coverage;
mod formulas;
mod huge_pages;
mod inductive;
mod json;
mod list;
mod log;
mod log_lines;
mod one_line;
mod open_files;
mod place;
mod progress;
mod prove;
mod quorum;
mod render;
mod replay;
mod serve;
mod settings;
mod signals;
mod simulate;
mod status;
mod text;
mod values;
mod watch;

use std::ffi::OsString;
use std::fmt;
use std::process::ExitCode;
use text::unknown;

/// How the command ends, for scripts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Exit {
    /// Everything asked for was done, and everything holds.
    Holds = 0,
    /// A property is violated, a search was vacuous, a count has changed, or something never happened.
    Violated = 1,
    /// A search was stopped before its end.
    Incomplete = 2,
    /// The command line is not what it should be.
    Usage = 64,
    /// A file is not what it should be.
    BadData = 65,
    /// A file is not there.
    NoInput = 66,
    /// Something that is needed is not to be had: nobody answers, a port or a log is in use.
    Unavailable = 69,
    /// A server has stopped by itself.
    Failed = 70,
    /// A file cannot be written.
    CannotWrite = 73,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// An error, in one line, and the code with which the command ends.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    fn new(exit: Exit, message: impl fmt::Display) -> Failure {
        Failure { exit, message: message.to_string() }
    }

    fn usage(message: impl fmt::Display) -> Failure {
        Failure::new(Exit::Usage, message)
    }
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Failure {
        use lexopt::Error;
        let none = || "none".to_owned();
        Failure::usage(match error {
            Error::MissingValue { option } => {
                let option = option.unwrap_or_else(none);
                format!("{option}: no value; expected one; try quorate help")
            }
            Error::UnexpectedValue { option, value } => {
                format!("{option}: {value:?}; expected no value; try {option}")
            }
            Error::UnexpectedOption(option) => nothing_more(&option),
            Error::UnexpectedArgument(argument) => nothing_more(&argument.to_string_lossy()),
            Error::NonUnicodeValue(value) => {
                format!("argument: {value:?}; expected UTF-8; try quorate help")
            }
            other => {
                format!("arguments: {other}; expected what quorate help says; try quorate help")
            }
        })
    }
}

fn nothing_more(argument: &str) -> String {
    format!("argument: {argument:?}; expected nothing more; try quorate help")
}

const INTRODUCTION: &str = "\
quorate: leader and follower replication, proved, exhaustively checked, and run

In each term at most one server is leader; it alone takes client requests and replicates them; a write
counts when a majority holds it durably. The checks below run the very core that the cluster runs.

  quorate cluster                       three servers of a key-value store, to try with redis-cli
  quorate check                         explore every interleaving of a small cluster
  quorate check quorum-without-leader   why quorums alone are not enough
  quorate simulate                      random runs of larger clusters, with faults
  quorate prove                         the proof for clusters of any size
  quorate list                          the models and the properties

quorate help says more.
";

const COMMANDS: [&str; 12] = [
    "cluster",
    "serve",
    "status",
    "log",
    "check",
    "simulate",
    "inductive",
    "prove",
    "coverage",
    "list",
    "replay",
    "help",
];

/// Runs the command with these arguments.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    match dispatch(arguments) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            note(&format!("quorate: {}", failure.message));
            failure.exit.into()
        }
    }
}

fn dispatch(arguments: Vec<OsString>) -> Result<Exit, Failure> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let Some(first) = parser.next()? else {
        return print(INTRODUCTION);
    };
    match first {
        lexopt::Arg::Long("help") | lexopt::Arg::Short('h') => print(&help()),
        lexopt::Arg::Long("version") | lexopt::Arg::Short('V') => {
            must_end(&mut parser)?;
            print(&format!("quorate {}\n", env!("CARGO_PKG_VERSION")))
        }
        lexopt::Arg::Value(command) => match command.to_str() {
            Some("cluster") => cluster::run(&mut parser),
            Some("serve") => serve::run(&mut parser),
            Some("status") => status::run(&mut parser),
            Some("log") => log::run(&mut parser),
            Some("check") => check::run(&mut parser),
            Some("simulate") => simulate::run(&mut parser),
            Some("prove") => prove::run(&mut parser),
            Some("inductive") => inductive::run(&mut parser),
            Some("coverage") => coverage::run(&mut parser),
            Some("list") => list::run(&mut parser),
            Some("replay") => replay::run(&mut parser),
            Some("help") => print(&help()),
            _ => {
                let value = command.to_string_lossy();
                Err(Failure::usage(unknown("command", &value, COMMANDS, "quorate help")))
            }
        },
        other => {
            let option = match other {
                lexopt::Arg::Short(letter) => format!("-{letter}"),
                lexopt::Arg::Long(name) => format!("--{name}"),
                lexopt::Arg::Value(_) => unreachable!("a value is a command"),
            };
            let known = ["--help", "--version"];
            Err(Failure::usage(unknown("option", &option, known, "quorate help")))
        }
    }
}

/// Refuses what follows a command that takes nothing.
fn must_end(parser: &mut lexopt::Parser) -> Result<(), Failure> {
    match parser.next()? {
        Some(argument) => Err(argument.unexpected().into()),
        None => Ok(()),
    }
}

/// Prints a line to standard error. If nobody reads it, that is no reason to fail.
fn note(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Prints to standard output. A reader that has gone away is no error: the exit code still tells.
fn print(text: &str) -> Result<Exit, Failure> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::CannotWrite, format_args!("standard output: {error}")))
        }
        _ => Ok(Exit::Holds),
    }
}

fn help() -> String {
    format!(
        "\
Usage:
  quorate cluster [OPTIONS]          run a whole cluster on this machine, until Ctrl-C
  quorate serve [OPTIONS]            run one server, until Ctrl-C or SIGTERM
  quorate status [ADDRESS]           how a server is, by its port for clients ({client})
  quorate log DIR                    print a server's log and say whether it is sound; changes nothing
  quorate check [MODEL] [OPTIONS]    explore a model exhaustively; without a model, {default}
  quorate simulate [OPTIONS]         run clusters by chance, with faults; every check on the way
  quorate inductive [OPTIONS]        take a step of the core from any state that the proofs' invariant allows
  quorate prove [FILE] [OPTIONS]     prove the protocol for any number of servers, with z3 and cvc5
  quorate coverage FILE...           what has never happened in all the runs that were merged into files
  quorate list                       models, properties, reachability witnesses and guards
  quorate replay FILE                run a scenario or a saved counterexample, checking every step
  quorate help                       this text

Options of check:
  --plain                tell states apart as whole clusters: simple and slow
  --validate             do every step under all names of the servers, and compare
  --formulas             evaluate the formulas that solvers prove on every abstract action
  --search bfs|dfs       in which order states are explored (dfs)
  --threads N            how many threads explore (all processors)
  --property NAME        check this property alone, and that no assertion fails; end-to-end for those
                         that say what the protocol is for, without the local ones
  --time-limit TIME      stop after a time, like 90, 90s, 5m or 2h
  --state-limit N        stop soon after this many distinct states
  --memory-limit SIZE    stop at this much memory, like 800M or 4G (most of what is available)
  --format human|json    how the result is printed (human)
  --save FILE            save a counterexample, for quorate replay
  --coverage FILE        add what happened to a file, and say what never has in all its runs
  --update-counts        record the counts found as those of the model

Bounds of check, where they are to differ from the model's:
{bounds}
Options of simulate:
{simulation}
Options of prove, which needs the programs z3 or cvc5:
{proof}
Options of inductive:
{inductive}
Ctrl-C stops any of these four and prints what it has found so far; a second Ctrl-C ends it at once.

Options of cluster:
  --servers N            how many servers, 1 to 7 (3)
  --data DIR             where their logs are kept and found again (a directory that is removed at the end)

Options of serve, each with its value or the default in brackets:
{settings}  --config FILE               settings in a file of TOML, a line like id = 1 each; peer = [\"2=...\"]
  --init                      make an empty log first, for a server that has never run
  --stop-on-eof               stop when standard input ends, too

Exit codes: 0 done, all hold; 1 violated, vacuous, count changed, or something never happened; 2 incomplete;
64 usage; 65 a file is not what it should be; 66 no such file; 69 nobody answers, or a port or log is in use;
70 a server has stopped by itself; 73 a file cannot be written.
",
        client = settings::CLIENT_LISTEN,
        settings = settings::settings_help(),
        default = quorate_models::NAMED[0].name,
        bounds = arguments::bounds_help(),
        simulation = simulate::flags_help(),
        proof = prove::flags_help(),
        inductive = inductive::flags_help(),
    )
}
