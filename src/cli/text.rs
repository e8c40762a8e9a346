//! Words and numbers as the command prints them.

use quorate_models::{Domain, OutOfDomain};
use std::time::Duration;

/// The width at which lines are broken, where they can be.
const WIDTH: usize = 110;

/// A number with its digits in groups of three.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A size in memory.
pub(super) fn memory(bytes: u64) -> String {
    format!("{} MiB", grouped(bytes >> 20))
}

/// A time in seconds.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// A number of things.
pub(super) fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// A line that begins with a label, broken between words; what follows is indented to the text.
pub(super) fn labelled(label: &str, width: usize, text: &str) -> String {
    let indent = width + 3;
    wrapped(&format!("  {label:width$} {text}"), indent)
}

/// A text broken between words; every line but the first is indented.
pub(super) fn wrapped(text: &str, indent: usize) -> String {
    let begin = text.len() - text.trim_start().len();
    let mut out = text[..begin].to_owned();
    let mut column = begin;
    // What is aligned with several spaces stays as it is.
    for (place, word) in text[begin..].split(' ').enumerate() {
        let length = word.chars().count();
        if place > 0 && column + 1 + length > WIDTH && column > indent {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else if place > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
    out
}

/// A word for a shell, in quotes if it needs them.
pub(super) fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The message that something has an unknown name, with the known ones and the nearest of them.
pub(super) fn unknown<S: AsRef<str>>(
    what: &str,
    value: &str,
    known: impl IntoIterator<Item = S>,
    otherwise_try: &str,
) -> String {
    let known: Vec<S> = known.into_iter().collect();
    let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
    let distance =
        |name: &&&str| strsim::damerau_levenshtein(&name.to_lowercase(), &value.to_lowercase());
    // Half a name may be wrong, but not more, or the hint is a guess.
    let is_near = |name: &&&str| distance(name) <= (name.len() / 2).min(4);
    let nearest = known.iter().min_by_key(distance).filter(is_near);
    let hint = nearest.map_or(otherwise_try, |name| *name);
    format!("{what}: {value:?}; expected one of {}; try {hint}", known.join(", "))
}

/// The message that a bound cannot have a value, with the nearest that it can have.
pub(super) fn out_of_domain(wrong: &OutOfDomain) -> String {
    match wrong.domain {
        Domain::Word(words) => {
            unknown(&format!("--{}", wrong.flag), &wrong.value, words, "quorate help")
        }
        Domain::Budget(_) => format!("{wrong}; try any"),
        Domain::Number(least, most) => {
            let is_large = wrong.value.parse().is_ok_and(|value: u128| value > u128::from(most));
            format!("{wrong}; try {}", if is_large { most } else { least.max(1) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{count, grouped, labelled, shell_word, unknown, wrapped};

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest_one_if_one_is_near() {
        let known = ["smoke", "elections"];
        assert_eq!(
            unknown("model", "smok", known, "quorate list"),
            "model: \"smok\"; expected one of smoke, elections; try smoke"
        );
        assert_eq!(
            unknown("model", "xxxxxxxxx", known, "quorate list"),
            "model: \"xxxxxxxxx\"; expected one of smoke, elections; try quorate list"
        );
        assert!(unknown("format", "xml", ["human", "json"], "quorate help").ends_with("help"));
    }

    #[test]
    fn long_lines_are_broken_between_words() {
        assert_eq!(wrapped("a b", 2), "a b\n");
        let words = vec!["12345678"; 30].join(" ");
        let text = labelled("reached", 10, &words);
        assert!(text.lines().all(|line| line.len() <= super::WIDTH));
        assert!(text.lines().skip(1).all(|line| line.starts_with(&(" ".repeat(13) + "1"))));
        assert_eq!(text.split_whitespace().count(), 31);
        // A word that fits nowhere stands alone.
        assert_eq!(wrapped(&format!("a {}", "x".repeat(200)), 2).lines().count(), 1);
    }

    #[test]
    fn numbers_and_words_are_readable() {
        assert_eq!([grouped(0), grouped(999), grouped(1_000_000)], ["0", "999", "1,000,000"]);
        assert_eq!([count(0, "step"), count(1, "step")], ["0 steps", "1 step"]);
        assert_eq!(shell_word("out/x-1.txt"), "out/x-1.txt");
        assert_eq!(shell_word("it's here.txt"), r"'it'\''s here.txt'");
    }
}
