//! Reading the notation.

use super::Notation;
use core::fmt;

/// A place in a text that is being read.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    text: &'a str,
    position: usize,
}

/// A text that is not what it should be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotationError {
    /// The line in the text, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// What stands there.
    pub found: String,
    /// What should stand there.
    pub expected: String,
}

impl fmt::Display for NotationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NotationError { line, column, found, expected } = self;
        if *line > 1 {
            write!(f, "line {line}, ")?;
        }
        let found = if found.is_empty() { "the end" } else { found };
        write!(f, "column {column}: {found}; expected {expected}")
    }
}

impl core::error::Error for NotationError {}

impl<'a> Reader<'a> {
    /// A reader at the beginning of a text.
    pub const fn new(text: &'a str) -> Reader<'a> {
        Reader { text, position: 0 }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    /// The error that something else was expected here.
    pub fn error(&self, expected: impl Into<String>) -> NotationError {
        let before = self.text.get(..self.position).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = self.rest();
        let word_end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let found: String = match rest.chars().next() {
            Some('\n') => "the end of the line".to_owned(),
            Some(first) if first.is_whitespace() => "a space".to_owned(),
            _ => rest[..word_end].chars().take(40).collect(),
        };
        NotationError {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            found,
            expected: expected.into(),
        }
    }

    /// Takes a literal if it stands here.
    pub fn take(&mut self, literal: &str) -> bool {
        let stands = self.rest().starts_with(literal);
        if stands {
            self.position += literal.len();
        }
        stands
    }

    /// Takes a literal that must stand here.
    ///
    /// # Errors
    /// When it does not.
    pub fn must(&mut self, literal: &str) -> Result<(), NotationError> {
        if self.take(literal) { Ok(()) } else { Err(self.error(format!("{literal:?}"))) }
    }

    /// Takes letters, underscores and hyphens, possibly none.
    pub fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let is_inside = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '-';
        let end = rest.find(|c| !is_inside(c)).unwrap_or(rest.len());
        self.position += end;
        &rest[..end]
    }

    /// Takes a word that must be one of these, and gives its place among them.
    ///
    /// # Errors
    /// When another word stands here.
    pub fn one_of(&mut self, words: &[&str]) -> Result<usize, NotationError> {
        let start = self.clone();
        let word = self.word();
        let place = words.iter().position(|known| *known == word);
        place.ok_or_else(|| start.error(format!("one of {}", words.join(", "))))
    }

    /// Takes a decimal number.
    ///
    /// # Errors
    /// When none stands here, or one of more than 64 bits.
    pub fn number(&mut self) -> Result<u64, NotationError> {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number = rest[..end].parse().map_err(|_| self.error("a number"))?;
        self.position += end;
        Ok(number)
    }

    /// Takes a field that must stand here: a space, its name, `=` and its value.
    ///
    /// # Errors
    /// When it does not.
    pub fn field<T: Notation>(&mut self, name: &str) -> Result<T, NotationError> {
        self.must(" ")?;
        self.must(name)?;
        self.must("=")?;
        T::read(self)
    }

    /// Takes a field if it stands here.
    ///
    /// # Errors
    /// When it does, but its value is wrong.
    pub fn optional<T: Notation>(&mut self, name: &str) -> Result<Option<T>, NotationError> {
        if self.take(&format!(" {name}=")) { T::read(self).map(Some) } else { Ok(None) }
    }

    /// Takes a list between two brackets, with commas between the items.
    ///
    /// # Errors
    /// When a bracket is missing or an item is wrong.
    pub fn list<T: Notation>(&mut self, open: &str, close: &str) -> Result<Vec<T>, NotationError> {
        self.must(open)?;
        let mut items = Vec::new();
        while !self.take(close) {
            if !items.is_empty() {
                self.must(",")?;
            }
            items.push(T::read(self)?);
        }
        Ok(items)
    }

    /// Requires that nothing is left.
    ///
    /// # Errors
    /// When something is.
    pub fn end(&self) -> Result<(), NotationError> {
        if self.rest().is_empty() { Ok(()) } else { Err(self.error("nothing more")) }
    }
}

/// Writes a list between two brackets, with commas between the items.
pub(super) fn write_list<'a, T: Notation + 'a>(
    out: &mut dyn fmt::Write,
    open: &str,
    items: impl IntoIterator<Item = &'a T>,
    close: &str,
) -> fmt::Result {
    out.write_str(open)?;
    for (place, item) in items.into_iter().enumerate() {
        if place > 0 {
            out.write_str(",")?;
        }
        item.write(out)?;
    }
    out.write_str(close)
}

/// Writes a field: a space, its name, `=` and its value.
pub(super) fn write_field<T: Notation>(
    out: &mut dyn fmt::Write,
    name: &str,
    value: &T,
) -> fmt::Result {
    write!(out, " {name}=")?;
    value.write(out)
}

/// Writes a field unless it has the value it begins with.
pub(super) fn write_unless_default<T: Notation + Default + PartialEq>(
    out: &mut dyn fmt::Write,
    name: &str,
    value: &T,
) -> fmt::Result {
    if *value == T::default() { Ok(()) } else { write_field(out, name, value) }
}
