//! Running the command, and comparing what it does with a golden file.

use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Some runs of the command in a directory of their own. What they do is one golden file.
pub(crate) struct Session {
    name: &'static str,
    pub(crate) directory: PathBuf,
    text: String,
}

/// How one run ended.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The command, ready for arguments.
pub(crate) fn quorate() -> Command {
    Command::new(env!("CARGO_BIN_EXE_quorate"))
}

impl Run {
    pub(crate) fn of(output: &Output) -> Run {
        let stderr = String::from_utf8_lossy(&output.stderr);
        // A slow machine sees more of the progress than a fast one.
        let is_progress = |line: &&str| line.contains(" distinct, ") && line.contains(", depth ");
        let stderr = stderr.lines().filter(|line| !is_progress(line));
        Run {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: stderr.map(|line| format!("{line}\n")).collect(),
        }
    }

    /// Checks that the command ended with an error in one line of the form that all have.
    pub(crate) fn must_fail(&self, code: i32) {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert_eq!(self.stdout, "");
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        assert!(self.stderr.starts_with("quorate: "), "{}", self.stderr);
    }
}

impl Session {
    pub(crate) fn new(name: &'static str) -> Session {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("command_line").join(name);
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).expect("the directory for tests can be written");
        Session { name, directory, text: String::new() }
    }

    /// Writes a file for the runs that follow.
    pub(crate) fn write(&self, file: &str, content: impl AsRef<[u8]>) {
        fs::write(self.directory.join(file), content).expect("the directory can be written");
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.directory.join(file)).expect("the command wrote this file")
    }

    /// Runs the command with the words of a line.
    pub(crate) fn run(&mut self, line: &str) -> Run {
        self.run_with(&line.split_whitespace().collect::<Vec<&str>>())
    }

    pub(crate) fn run_with<A: AsRef<OsStr>>(&mut self, arguments: &[A]) -> Run {
        let output = quorate()
            .args(arguments)
            .current_dir(&self.directory)
            .output()
            .expect("the command was built");
        let run = Run::of(&output);
        let words = arguments.iter().map(|word| word.as_ref().to_string_lossy());
        let line: Vec<String> = words.map(|word| format!(" {word}")).collect();
        self.text += &format!("$ quorate{}\n{}", line.concat(), without_times(&run.stdout));
        self.text += &run.stderr.lines().map(|line| format!("! {line}\n")).collect::<String>();
        self.text += &format!("exit code {}\n\n", run.code.unwrap_or(-1));
        run
    }

    /// Runs lines that are wrong, each of which must be refused with what would be right.
    pub(crate) fn must_refuse(&mut self, lines: &[&str]) {
        for line in lines {
            let run = self.run(line);
            run.must_fail(64);
            let form = ["; expected ", "; try "];
            assert!(form.iter().all(|part| run.stderr.contains(part)), "{line}: {}", run.stderr);
        }
    }

    /// Runs a line that finds a violation, and the command that is then printed, which must find the same.
    pub(crate) fn must_find_again(&mut self, line: &str) {
        let mut json = |line: &str| -> Value {
            let run = self.run(&format!("{line} --format json"));
            serde_json::from_str(&run.stdout).expect("one JSON object")
        };
        let first = json(line);
        let again = first["violation"]["again"].as_str().expect("a command").to_owned();
        let second = json(again.strip_prefix("quorate ").expect("it is this command"));
        assert_eq!(second["violation"], first["violation"]);
        assert_eq!(second["verdict"], "violated");
    }

    /// Compares what happened with the golden file.
    pub(crate) fn end(self) {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command_line/golden");
        let file = golden.join(format!("{}.txt", self.name));
        if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
            fs::write(&file, &self.text).expect("the golden file can be written");
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        let difference =
            (1..).zip(expected.lines().zip(self.text.lines())).find(|(_, (a, b))| a != b);
        if let Some((line, (expected, now))) = difference {
            let file = file.display();
            panic!("{file}:{line}: golden: {expected}\nnow: {now}\nUPDATE=1 rewrites the file");
        }
        let lengths = (expected.lines().count(), self.text.lines().count());
        assert_eq!(lengths.0, lengths.1, "{}: lines; UPDATE=1 rewrites it", file.display());
    }
}

/// What a run printed, without what is different each time.
fn without_times(text: &str) -> String {
    let line = |line: &str| match line.starts_with("  took ") {
        true => "  took       (time, rate, memory)\n".to_owned(),
        false => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}
