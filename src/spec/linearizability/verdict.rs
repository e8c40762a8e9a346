//! What a check of a history says, in words.

use super::history::Call;
use super::object::Object;
use super::search::Stuck;
use super::timeline::Timeline;
use core::fmt;

/// What the check of a history found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The history is linearizable.
    Linearizable {
        /// For each part of the history an order that explains it. Operations of unknown outcome that are
        /// not in it need not have taken effect.
        orders: Vec<Vec<Call>>,
    },
    /// It is not, and why.
    NotLinearizable(Box<Refutation>),
    /// It is not known: the budget ran out.
    Incomplete {
        /// The keys of the first part that was given up.
        keys: Vec<String>,
        /// How many placements were tried in it.
        tried: u64,
    },
}

/// Why a history is not linearizable.
///
/// The operation `stuck` cannot have its answer: every order of what was invoked before it completed, with all
/// the answers that were ever given, fails to explain this one or an earlier one. The longest order
/// that the search found explains everything that completed before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refutation {
    /// The keys of the part of the history that no order explains.
    pub keys: Vec<String>,
    /// The operation that cannot be placed by the time it completes.
    pub stuck: Call,
    /// A longest order without it.
    pub order: Vec<Call>,
    /// The state to which that order leads.
    pub state: String,
    /// The other operations that were open when `stuck` completed, and are not in the order.
    pub open: Vec<Call>,
    /// The operation `stuck`, in words.
    stuck_words: String,
    /// The last operations of the order, in words.
    order_words: Vec<String>,
    /// The open operations, in words.
    open_words: Vec<String>,
}

/// How many operations are told in words at most, of each kind.
const TOLD: usize = 12;

impl Refutation {
    pub(super) fn new<O: Object>(
        keys: Vec<String>,
        calls: &[Call],
        timeline: &Timeline<'_, O>,
        stuck: Stuck,
    ) -> Refutation {
        let words = |op: &u32| timeline.operations[*op as usize].to_string();
        let named = |ops: &[u32]| ops.iter().map(|op| calls[*op as usize]).collect();
        let Stuck { order, forced, open, state } = stuck;
        Refutation {
            keys,
            stuck: calls[forced as usize],
            stuck_words: words(&forced),
            order_words: order[order.len().saturating_sub(TOLD)..].iter().map(words).collect(),
            open_words: open.iter().take(TOLD).map(words).collect(),
            order: named(&order),
            open: named(&open),
            state,
        }
    }
}

impl fmt::Display for Refutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not linearizable{}: no order explains", on(&self.keys))?;
        write!(f, "\n  {}", self.stuck_words)?;
        match self.order.len().saturating_sub(self.order_words.len()) {
            0 => write!(f, "\nafter")?,
            untold => write!(f, "\nafter {untold} operations and")?,
        }
        if self.order.is_empty() {
            write!(f, "\n  nothing")?;
        }
        self.order_words.iter().try_for_each(|words| write!(f, "\n  {words}"))?;
        write!(f, "\nwhich leave {}", self.state)?;
        if !self.open.is_empty() {
            write!(f, "\nand with or without these, which were open")?;
            self.open_words.iter().try_for_each(|words| write!(f, "\n  {words}"))?;
        }
        match self.open.len() - self.open_words.len() {
            0 => Ok(()),
            untold => write!(f, "\n  and {untold} more"),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Linearizable { .. } => write!(f, "linearizable"),
            Verdict::NotLinearizable(refutation) => write!(f, "{refutation}"),
            Verdict::Incomplete { keys, tried } => {
                write!(f, "INCOMPLETE{}: gave up after {tried} placements", on(keys))
            }
        }
    }
}

/// The keys of a part, in words.
fn on(keys: &[String]) -> String {
    match keys {
        [] => String::new(),
        [key] => format!(" at key {key}"),
        keys => {
            let told = keys.iter().take(TOLD).cloned().collect::<Vec<_>>().join(", ");
            let more = if keys.len() > TOLD { ", ..." } else { "" };
            format!(" at keys {told}{more}")
        }
    }
}
