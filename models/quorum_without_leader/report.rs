//! The report: what was searched, what was found, and why it is so.
//!
//! Every number and every verdict is taken from the searches. Where a text explains a result, it is printed
//! only if the result is the one that it explains.

use super::finding::{CONSISTENT, Facts, Finding, Step};
use super::history::WORKLOAD;
use super::quorums_only::INTERSECTION;
use super::replicas::{MAJORITY, REPLICAS};
use super::{Demonstration, FAILURES};
use std::fmt;

/// The width at which running text is broken.
const WIDTH: usize = 100;

const REGULAR: &str = "Intersecting quorums do promise something: no read misses a write that had \
    finished before the read began, and that is true in every state of this model. A write in progress \
    is another matter: one quorum may know of it and the next may not.";

const REPAIR: &str = "The repair without a leader: before a read returns, it makes a majority store what \
    it is going to return [ABD95]. That helps a register, where a newer value may simply replace an older \
    one. Commands that read and then change need one order on which all replicas agree.";

const LEADER: &str = "One replica leads. It alone takes writes and reads. It answers a write when a \
    majority holds it, and a read only after a majority has confirmed, since the read arrived, that it \
    still leads. At any moment a follower may take over in a higher term (two fail-overs at most), with \
    the votes of a majority, none of which holds anything fresher. It answers nothing before a majority \
    holds what it took over.";

const SAME_MOMENT: &str = "The moment at which quorums alone went wrong, with a leader. One replica has write \
    1, and both reads come and go; but it is the leader that has it and the leader that answers, and it \
    answers what a majority holds. A shortest such run:";

impl fmt::Display for Demonstration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        heading(f, "Quorums alone are not enough")?;
        let system = format!(
            "{REPLICAS} replicas hold a register. A writer writes {} values, one after the other, and a \
             reader reads {} times; they do not wait for each other. Up to {FAILURES} replicas fail for \
             good, at any moment. The property, `{CONSISTENT}`: a read never returns an older value than \
             a write or another read that had finished before it began.",
            WORKLOAD.writes, WORKLOAD.reads
        );
        paragraph(f, &system)?;

        heading(f, "Without a leader")?;
        let quorums = format!(
            "A write is sent to all replicas and returns when {MAJORITY} have stored it. A read asks all \
             replicas and returns the newest of the first {MAJORITY} answers."
        );
        paragraph(f, &quorums)?;
        write!(f, "{}", self.without_leader)?;
        if self.facts_without_leader.holds(INTERSECTION) == Some(true) {
            paragraph(f, REGULAR)?;
        }
        paragraph(f, REPAIR)?;
        write!(f, "{}", self.with_write_back)?;

        heading(f, "When replicas fail, without a leader")?;
        write!(f, "{}", self.facts_without_leader)?;

        heading(f, "The same clients with a leader")?;
        paragraph(f, LEADER)?;
        write!(f, "{}", self.with_leader)?;
        if let Some(steps) = &self.same_moment {
            paragraph(f, SAME_MOMENT)?;
            tell(f, steps)?;
        }

        heading(f, "When replicas fail, with a leader")?;
        write!(f, "{}", self.facts_with_leader)?;

        heading(f, "Verdict")?;
        paragraph(f, self.verdict())
    }
}

impl Demonstration {
    fn verdict(&self) -> &'static str {
        if self.confirms_the_pattern() {
            "Confirmed within these bounds: without a leader a read can go back although quorums \
             intersect; with a leader none does; and either way the system stops when its majority does."
        } else {
            "NOT confirmed: some result above is not what the pattern claims."
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = format!("{} distinct states, {} generated", self.distinct, self.generated);
        // Three outcomes: a violation, none anywhere, or a search that proves nothing.
        let Some(violated) = &self.violated else {
            let verdict =
                if self.exhausted { "EXHAUSTED, none violates" } else { "INCOMPLETE for" };
            return writeln!(f, "{verdict} `{CONSISTENT}`: {counts}.\n");
        };
        writeln!(f, "VIOLATED `{}`: the search ended after {counts}.", violated.property)?;
        let steps = self.counterexample.as_deref().unwrap_or_default();
        writeln!(f, "A shortest counterexample, {} steps:\n", steps.len().saturating_sub(1))?;
        tell(f, steps)?;
        paragraph(f, &format!("Why: {}", violated.why))
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts { distinct, generated, facts } = self;
        writeln!(f, "All {distinct} distinct states visited, {generated} generated.\n")?;
        for fact in facts {
            writeln!(f, "  {:<5} {}", if fact.holds { "true" } else { "FALSE" }, fact.statement)?;
        }
        writeln!(f)
    }
}

/// The steps of a run, numbered, and an empty line.
fn tell(f: &mut fmt::Formatter<'_>, steps: &[Step]) -> fmt::Result {
    for (number, step) in steps.iter().enumerate() {
        writeln!(f, "{number:>3}. {}\n       {}", step.action, step.state)?;
    }
    writeln!(f)
}

fn heading(f: &mut fmt::Formatter<'_>, title: &str) -> fmt::Result {
    writeln!(f, "{title}\n{}\n", "-".repeat(title.len()))
}

/// Running text, broken between words, and an empty line.
fn paragraph(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let mut column = 0;
    for word in text.split_whitespace() {
        let fits = column + 1 + word.len() <= WIDTH;
        // The first word begins the paragraph, one that fits goes on with the line, another begins a line.
        let gap = if column == 0 {
            ""
        } else if fits {
            " "
        } else {
            "\n"
        };
        write!(f, "{gap}{word}")?;
        column = if gap == " " { column + 1 + word.len() } else { word.len() };
    }
    writeln!(f, "\n")
}
