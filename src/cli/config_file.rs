//! Reading a configuration file of `quorate serve`: TOML, with the settings as its keys.
//!
//! Whoever reads an error of this module has an editor open. So each names the file and the line, the key and
//! its value, and what is allowed.

use super::settings::{SETTINGS, Setting, Settings};
use super::text::unknown;
use super::{Exit, Failure};
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The longest file that is read, in bytes.
const MAX_LENGTH: u64 = 1 << 20;

/// Takes the settings of a file.
///
/// # Errors
/// The first thing that is wrong with it.
pub(super) fn read(file: &Path, settings: &mut Settings) -> Result<(), Failure> {
    let show = file.display();
    let missing = |error: std::io::Error| {
        let what = format_args!("{show}: {error}; expected a configuration file; try quorate help");
        Failure::new(Exit::NoInput, what)
    };
    let metadata = std::fs::metadata(file).map_err(missing)?;
    let bad = |what: String| Failure::new(Exit::BadData, format_args!("{show}{what}"));
    if metadata.is_dir() {
        let what = "a directory; expected a configuration file; try quorate help";
        return Err(Failure::new(Exit::NoInput, format_args!("{show}: {what}")));
    }
    if metadata.len() > MAX_LENGTH {
        return Err(bad(format!(": {} bytes; expected at most {MAX_LENGTH}", metadata.len())));
    }
    let bytes = std::fs::read(file).map_err(missing)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        bad(format!(": byte {at} is no UTF-8; expected TOML"))
    })?;
    take(&text, settings).map_err(bad)
}

/// Takes the settings of a text. An error begins with the line.
fn take(text: &str, settings: &mut Settings) -> Result<(), String> {
    let line = |at: usize| 1 + text[..at.min(text.len())].matches('\n').count();
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let what = error.message().replace('\n', ", ");
        format!(":{}: {what}; expected a line like id = 1", line(at))
    })?;
    for (key, value) in table.get_ref() {
        let name: &str = key.get_ref().as_ref();
        let at = line(key.span().start);
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            let known = SETTINGS.iter().map(|setting| setting.name);
            return Err(format!(":{at}: {}", unknown("key", name, known, "quorate help")));
        };
        let values = texts(setting, value).map_err(|what| format!(":{at}: {name}: {what}"))?;
        for (start, value) in values {
            (setting.set)(settings, &value).map_err(|wrong| {
                let (at, example) = (line(start), written(setting, wrong.example));
                format!(":{at}: {name}: {value:?}; {}; try {example}", wrong.expected)
            })?;
        }
    }
    Ok(())
}

/// How a value is written in a file.
fn written(setting: &Setting, example: &str) -> String {
    let name = setting.name;
    match setting.is_list {
        true => format!("{name} = [{example:?}]"),
        false if example.bytes().all(|byte| byte.is_ascii_digit()) => format!("{name} = {example}"),
        false => format!("{name} = {example:?}"),
    }
}

/// The values of a key as they would be given to its flag, and where they begin.
fn texts(setting: &Setting, value: &Spanned<DeValue<'_>>) -> Result<Vec<(usize, String)>, String> {
    let one = |value: &Spanned<DeValue<'_>>| {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
            _ => return None,
        };
        Some((value.span().start, text))
    };
    let found = match value.get_ref() {
        DeValue::Array(values) if setting.is_list => values.iter().map(one).collect(),
        DeValue::Array(_) => None,
        _ if setting.is_list => None,
        _ => one(value).map(|text| vec![text]),
    };
    found.ok_or_else(|| {
        let kind = value.get_ref().type_str();
        match setting.is_list {
            true => format!(
                "a value of type {kind}; expected a list of texts; try {}",
                written(setting, "2=127.0.0.1:7002")
            ),
            false => {
                format!("a value of type {kind}; expected a text or a number; try quorate help")
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::take;
    use crate::cli::settings::Settings;

    fn error(text: &str) -> String {
        take(text, &mut Settings::default()).expect_err(text)
    }

    #[test]
    fn a_file_says_what_flags_say() {
        let mut settings = Settings::default();
        let text = "# n1\nid = 1\ndata = \"d\"\npeer = [\n \"2=a:1\", \"3=b:2,c:3\",\n]\nheartbeat = '9ms'\n";
        take(text, &mut settings).expect("all is well");
        assert_eq!(settings.id.map(quorate_core::ServerId::get), Some(1));
        assert_eq!(settings.peers.len(), 2);
        assert_eq!(settings.peers[1].clients.as_deref(), Some("c:3"));
        assert_eq!(settings.timing.heartbeat.as_millis(), 9);
    }

    #[test]
    fn errors_name_line_key_value_and_what_is_right() {
        let cases = [
            ("id = 1\nid = 2\n", ":2: duplicate key"),
            ("\nid = 0\n", ":2: id: \"0\"; expected a number from 1 to 64; try id = 1"),
            ("id = 0x1\n", ":1: id: a value of type integer; expected a text or a number"),
            ("ids = 1\n", ":1: key: \"ids\"; expected one of id, data,"),
            ("peer = \"2=a:1\"\n", ":1: peer: a value of type string; expected a list of texts"),
            ("peer = [\"a:1\"]\n", ":1: peer: \"a:1\"; expected ID=HOST:PORT"),
            ("init = true\n", ":1: key: \"init\"; expected one of"),
            ("data = true\n", ":1: data: a value of type boolean; expected a text or a number"),
            ("[server]\nid = 1\n", ":1: key: \"server\"; expected one of"),
            ("id 1\n", ":1: "),
        ];
        for (text, expected) in cases {
            let error = error(text);
            assert!(error.starts_with(expected), "{text:?}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
