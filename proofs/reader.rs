//! Reading text as nested lists.
//!
//! A description is written in lists, as solvers write formulas: `(name argument ...)`. This knows words, texts in
//! double quotes, lists, and comments from `;` to the end of the line; what they mean is for others to say. Solvers
//! answer in the same notation, so their answers are read with it, too.

use std::fmt;

/// A place in a text, both counted from 1; columns are counted in characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// What is wrong with a text, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Where it is.
    pub at: Position,
    /// What it is: `what: value; expected ...`.
    pub message: String,
}

impl Problem {
    /// A problem at this place.
    pub fn new(at: Position, message: impl fmt::Display) -> Problem {
        Problem { at, message: message.to_string() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.at.line, self.at.column, self.message)
    }
}

impl std::error::Error for Problem {}

/// A word, a text or a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// Where it begins.
    pub at: Position,
    /// What it is.
    pub kind: Kind,
}

/// What a [`Node`] is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A word; in bars `|` it may hold anything else, and is given without them.
    Word(String),
    /// A text in double quotes, without them.
    Text(String),
    /// A list.
    List(Vec<Node>),
}

impl Node {
    /// The word, if it is one.
    pub fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            Kind::Text(_) | Kind::List(_) => None,
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            Kind::Word(_) | Kind::List(_) => None,
        }
    }

    /// The items, if it is a list.
    pub fn items(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            Kind::Word(_) | Kind::Text(_) => None,
        }
    }

    /// The word that a list begins with.
    pub fn head(&self) -> Option<&str> {
        self.items()?.first()?.word()
    }

    /// What it is, in a message.
    pub(crate) fn in_words(&self) -> String {
        match &self.kind {
            Kind::Word(word) => format!("{word:?}"),
            Kind::Text(_) => "a text".to_owned(),
            Kind::List(items) if items.is_empty() => "an empty list".to_owned(),
            Kind::List(_) => match self.head() {
                Some(head) => format!("a list that begins with {head:?}"),
                None => "a list".to_owned(),
            },
        }
    }
}

/// How deep lists may be nested. Nothing sensible comes near, and whatever walks over them may recur.
pub const DEEPEST: usize = 200;

/// Reads all of a text.
///
/// # Errors
/// The first parenthesis, quote or bar that has no partner, or a list that is nested too deeply.
pub fn read(text: &str) -> Result<Vec<Node>, Problem> {
    read_deeply(text, DEEPEST)
}

/// Reads all of a text in which lists may be nested this deep.
pub(crate) fn read_deeply(text: &str, deepest: usize) -> Result<Vec<Node>, Problem> {
    let mut lists: Vec<(Position, Vec<Node>)> = Vec::new();
    let mut top = Vec::new();
    let mut tokens = Tokens { rest: text, at: Position { line: 1, column: 1 } };
    while let Some((at, token)) = tokens.next()? {
        let node = match token {
            Token::Open if lists.len() == deepest => {
                return Err(Problem::new(
                    at,
                    format_args!("list: nested more than {deepest} deep"),
                ));
            }
            Token::Open => {
                lists.push((at, Vec::new()));
                continue;
            }
            Token::Close => match lists.pop() {
                Some((at, items)) => Node { at, kind: Kind::List(items) },
                None => {
                    return Err(Problem::new(at, "list: \")\"; expected a \"(\" before it"));
                }
            },
            Token::Word(word) => Node { at, kind: Kind::Word(word.to_owned()) },
            Token::Text(text) => Node { at, kind: Kind::Text(text.to_owned()) },
        };
        lists.last_mut().map_or(&mut top, |(_, items)| items).push(node);
    }
    match lists.first() {
        Some((at, _)) => Err(Problem::new(*at, "list: \"(\" is not closed; expected a \")\"")),
        None => Ok(top),
    }
}

enum Token<'a> {
    Open,
    Close,
    Word(&'a str),
    Text(&'a str),
}

struct Tokens<'a> {
    rest: &'a str,
    at: Position,
}

impl<'a> Tokens<'a> {
    /// Takes this many bytes, which end at a character's boundary.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        for character in taken.chars() {
            if character == '\n' {
                self.at = Position { line: self.at.line + 1, column: 1 };
            } else {
                self.at.column += 1;
            }
        }
        self.rest = rest;
        taken
    }

    /// Takes what stands between two equal marks, and the marks.
    fn quoted(&mut self, mark: char, what: &str) -> Result<&'a str, Problem> {
        let at = self.at;
        self.take(1);
        let Some(end) = self.rest.find(mark) else {
            let message = format_args!("{what}: {mark:?} is not closed; expected another {mark:?}");
            return Err(Problem::new(at, message));
        };
        let text = self.take(end);
        self.take(1);
        Ok(text)
    }

    fn next(&mut self) -> Result<Option<(Position, Token<'a>)>, Problem> {
        loop {
            let at = self.at;
            let Some(first) = self.rest.chars().next() else { return Ok(None) };
            let token = match first {
                ';' => {
                    self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
                    continue;
                }
                _ if first.is_whitespace() => {
                    self.take(first.len_utf8());
                    continue;
                }
                '(' => {
                    self.take(1);
                    Token::Open
                }
                ')' => {
                    self.take(1);
                    Token::Close
                }
                '"' => Token::Text(self.quoted('"', "text")?),
                '|' => Token::Word(self.quoted('|', "word")?),
                _ => {
                    let ends = |c: char| c.is_whitespace() || "();\"|".contains(c);
                    Token::Word(self.take(self.rest.find(ends).unwrap_or(self.rest.len())))
                }
            };
            return Ok(Some((at, token)));
        }
    }
}
