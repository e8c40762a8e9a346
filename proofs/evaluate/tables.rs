//! Finite structures as tables.
//!
//! A structure gives every sort so many elements, which are numbers from 0, and every symbol a value for each
//! combination of arguments. A relation is a row of bits, a function a row of bytes; the last argument moves by one
//! cell, as in an array. What the tables look like follows from the sizes of the sorts alone ([`Shape`]), so that the
//! state before a step and the one after it share it, and whole tables are compared word by word.

use crate::ast::{Description, Sort};
use std::fmt;

/// An element of a sort, or a truth value: 0 is false, 1 is true.
pub type Element = u8;

/// The most arguments that a symbol may have.
pub const MOST_ARGUMENTS: usize = 6;

/// The most elements that a sort may have.
pub const MOST_ELEMENTS: usize = 256;

/// The most cells that all tables of a structure may have together.
pub const MOST_CELLS: usize = 1 << 24;

/// The number of the sort of truth values; declared sorts have the numbers from 1, in the order of the description.
pub const BOOL: usize = 0;

/// The sorts and symbols of a description by number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vocabulary {
    /// The names of the sorts; first that of truth values.
    pub sorts: Vec<String>,
    /// The symbols, in the order of the description.
    pub symbols: Vec<SymbolSorts>,
}

/// A symbol with its sorts by number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SymbolSorts {
    /// Its name.
    pub name: String,
    /// The sorts of its arguments.
    pub arguments: Vec<usize>,
    /// The sort of its value.
    pub result: usize,
    /// Whether actions can change it.
    pub is_state: bool,
}

/// A structure, or a description, that is too large to be evaluated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TooLarge {
    /// What is, and how large it may be.
    pub what: String,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "too large to evaluate: {}", self.what)
    }
}

impl std::error::Error for TooLarge {}

impl Vocabulary {
    /// Numbers the sorts and symbols of a description.
    ///
    /// # Errors
    /// When a symbol has more than [`MOST_ARGUMENTS`].
    pub fn of(description: &Description) -> Result<Vocabulary, TooLarge> {
        let declared = description.sorts.iter().map(|sort| sort.name.clone());
        let sorts: Vec<String> = std::iter::once("Bool".to_owned()).chain(declared).collect();
        let mut symbols = Vec::new();
        for symbol in &description.symbols {
            if symbol.arguments.len() > MOST_ARGUMENTS {
                let (name, found) = (&symbol.name, symbol.arguments.len());
                let what = format!("{name} has {found} arguments; at most {MOST_ARGUMENTS}");
                return Err(TooLarge { what });
            }
            symbols.push(SymbolSorts {
                name: symbol.name.clone(),
                arguments: symbol.arguments.iter().map(|sort| number(&sorts, sort)).collect(),
                result: number(&sorts, &symbol.result),
                is_state: symbol.is_state,
            });
        }
        Ok(Vocabulary { sorts, symbols })
    }

    /// The number of a sort.
    pub fn sort(&self, sort: &Sort) -> usize {
        number(&self.sorts, sort)
    }

    /// The number of the symbol of this name.
    pub fn symbol(&self, name: &str) -> Option<usize> {
        self.symbols.iter().position(|symbol| symbol.name == name)
    }
}

/// The number of a sort of a description that has been checked: whatever it names is declared.
fn number(sorts: &[String], sort: &Sort) -> usize {
    match sort {
        Sort::Bool => BOOL,
        Sort::Named(name) => sorts.iter().position(|known| known == name).unwrap_or(BOOL),
    }
}

/// What the tables of a structure look like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shape {
    /// How many elements each sort has, by its number.
    sizes: Vec<usize>,
    layouts: Vec<Layout>,
    words: usize,
    bytes: usize,
}

/// Where the table of a symbol is, and how large.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Layout {
    /// How many elements each argument can be; 1 beyond the last argument.
    pub(super) sizes: [usize; MOST_ARGUMENTS],
    /// How many arguments there are.
    pub(super) arity: usize,
    /// How many cells that makes.
    pub(super) cells: usize,
    /// The first word, or byte, of the table.
    start: usize,
    is_relation: bool,
}

impl Shape {
    /// The shape of structures whose declared sorts have so many elements, in the order of the description.
    ///
    /// # Errors
    /// When a sort has more than [`MOST_ELEMENTS`], or all tables together more than [`MOST_CELLS`].
    ///
    /// # Panics
    /// When there is not one size for each declared sort, or a size is zero: formulas speak of sorts that have
    /// elements.
    pub fn new(vocabulary: &Vocabulary, declared: &[usize]) -> Result<Shape, TooLarge> {
        assert_eq!(declared.len() + 1, vocabulary.sorts.len(), "one size for each sort");
        assert!(declared.iter().all(|size| *size > 0), "every sort has an element");
        let sizes: Vec<usize> = std::iter::once(2).chain(declared.iter().copied()).collect();
        if let Some(sort) = sizes.iter().position(|size| *size > MOST_ELEMENTS) {
            let (name, size) = (&vocabulary.sorts[sort], sizes[sort]);
            let what = format!("sort {name} has {size} elements; at most {MOST_ELEMENTS}");
            return Err(TooLarge { what });
        }
        let (mut words, mut bytes, mut all) = (0, 0, 0_usize);
        let mut layouts = Vec::with_capacity(vocabulary.symbols.len());
        for symbol in &vocabulary.symbols {
            let mut layout = Layout {
                sizes: [1; MOST_ARGUMENTS],
                arity: symbol.arguments.len(),
                cells: 1,
                start: 0,
                is_relation: symbol.result == BOOL,
            };
            for (size, sort) in layout.sizes.iter_mut().zip(&symbol.arguments) {
                *size = sizes[*sort];
                layout.cells = layout.cells.saturating_mul(*size);
            }
            all = all.saturating_add(layout.cells);
            if all > MOST_CELLS {
                return Err(TooLarge {
                    what: format!("more than {MOST_CELLS} cells in all tables"),
                });
            }
            let (end, length) = match layout.is_relation {
                true => (&mut words, layout.cells.div_ceil(64)),
                false => (&mut bytes, layout.cells),
            };
            layout.start = *end;
            *end += length;
            layouts.push(layout);
        }
        Ok(Shape { sizes, layouts, words, bytes })
    }

    /// How many elements a sort has, by its number.
    pub fn size(&self, sort: usize) -> usize {
        self.sizes[sort]
    }

    /// How many cells the table of a symbol has.
    pub fn cells(&self, symbol: usize) -> usize {
        self.layouts[symbol].cells
    }

    pub(super) fn layout(&self, symbol: usize) -> &Layout {
        &self.layouts[symbol]
    }

    /// The cell of some arguments.
    pub fn cell(&self, symbol: usize, arguments: &[Element]) -> usize {
        let layout = &self.layouts[symbol];
        debug_assert_eq!(arguments.len(), layout.arity, "as many arguments as the symbol has");
        let sizes = layout.sizes.iter();
        sizes.zip(arguments).fold(0, |cell, (size, argument)| {
            debug_assert!(usize::from(*argument) < *size, "an element of its sort");
            cell * size + usize::from(*argument)
        })
    }
}

impl Layout {
    /// The arguments of a cell, the first in the first place.
    pub(super) fn arguments(&self, mut cell: usize) -> [Element; MOST_ARGUMENTS] {
        let mut arguments = [0; MOST_ARGUMENTS];
        for place in (0..self.arity).rev() {
            // Less than the size of a sort, so it fits.
            arguments[place] = (cell % self.sizes[place]) as Element;
            cell /= self.sizes[place];
        }
        arguments
    }
}

/// The values of all symbols in one state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tables {
    bits: Vec<u64>,
    values: Vec<Element>,
}

impl Tables {
    /// Nothing is true, and every function has the first element for its value.
    pub fn new(shape: &Shape) -> Tables {
        Tables { bits: vec![0; shape.words], values: vec![0; shape.bytes] }
    }

    /// The value of a cell.
    pub fn at(&self, shape: &Shape, symbol: usize, cell: usize) -> Element {
        let layout = &shape.layouts[symbol];
        match layout.is_relation {
            true => (self.bits[layout.start + cell / 64] >> (cell % 64) & 1) as Element,
            false => self.values[layout.start + cell],
        }
    }

    /// Gives a cell a value.
    pub fn put(&mut self, shape: &Shape, symbol: usize, cell: usize, value: Element) {
        let layout = &shape.layouts[symbol];
        if layout.is_relation {
            let word = &mut self.bits[layout.start + cell / 64];
            let bit = 1 << (cell % 64);
            *word = if value == 0 { *word & !bit } else { *word | bit };
        } else {
            self.values[layout.start + cell] = value;
        }
    }

    /// Gives a symbol a value for some arguments.
    pub fn set(&mut self, shape: &Shape, symbol: usize, arguments: &[Element], value: Element) {
        self.put(shape, symbol, shape.cell(symbol, arguments), value);
    }

    /// Whether a symbol has the same values in both.
    pub fn agree(&self, other: &Tables, shape: &Shape, symbol: usize) -> bool {
        let layout = &shape.layouts[symbol];
        let part = |length: usize| layout.start..layout.start + length;
        match layout.is_relation {
            true => {
                let part = part(layout.cells.div_ceil(64));
                self.bits[part.clone()] == other.bits[part]
            }
            false => self.values[part(layout.cells)] == other.values[part(layout.cells)],
        }
    }

    /// The first cell from `from` on in which a symbol has different values.
    pub(super) fn differ_from(
        &self,
        other: &Tables,
        shape: &Shape,
        symbol: usize,
        from: usize,
    ) -> Option<usize> {
        let layout = &shape.layouts[symbol];
        let (start, cells) = (layout.start, layout.cells);
        if !layout.is_relation {
            return (from..cells).find(|at| self.values[start + at] != other.values[start + at]);
        }
        next_bit(from, cells, |word| self.bits[start + word] ^ other.bits[start + word])
    }

    /// The first cell from `from` on and before `end` in which a relation holds.
    pub(super) fn holds_from(
        &self,
        shape: &Shape,
        symbol: usize,
        from: usize,
        end: usize,
    ) -> Option<usize> {
        let start = shape.layouts[symbol].start;
        next_bit(from, end, |word| self.bits[start + word])
    }
}

/// The first bit from `from` on and before `end` that is set.
fn next_bit(from: usize, end: usize, word: impl Fn(usize) -> u64) -> Option<usize> {
    let mut at = from;
    while at < end {
        let rest = word(at / 64) >> (at % 64);
        if rest != 0 {
            let found = at + rest.trailing_zeros() as usize;
            return (found < end).then_some(found);
        }
        at = (at / 64 + 1) * 64;
    }
    None
}
