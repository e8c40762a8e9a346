//! The lines that have code in a program, from its debug information.

use super::Lines;
use std::path::Path;
use std::process::Command;

/// The lines that have code, by file as the compiler was given it.
pub(super) fn lines_with_code(program: &Path) -> Result<Lines, String> {
    let output = Command::new("objdump").arg("--dwarf=decodedline").arg(program).output();
    let output = output.map_err(|error| format!("objdump: {error}"))?;
    if !output.status.success() {
        return Err(format!("objdump: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(read(&String::from_utf8_lossy(&output.stdout)))
}

/// Reads what objdump prints: a line with the path of a file and a colon, then a line `name line address ...` for
/// each run of instructions.
fn read(text: &str) -> Lines {
    let mut lines = Lines::new();
    let mut file = "";
    for row in text.lines() {
        let mut words = row.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some(path), None, None) => file = path.strip_suffix(':').unwrap_or(file),
            (Some(_), Some(line), Some(address)) if address.starts_with("0x") => {
                if let Ok(line) = line.parse() {
                    lines.entry(file.to_owned()).or_default().insert(line);
                }
            }
            _ => {}
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::read;
    use std::collections::BTreeSet;

    #[test]
    fn runs_of_instructions_belong_to_the_file_named_before() {
        let text = "CU: src/main.rs:\nFile name   Line number   Starting address    View    Stmt\n\
                    src/core/log.rs:\nlog.rs      12      0x42b1f0      x\nlog.rs      14      0x42b21c      x\n\
                    log.rs      -      0x42b252\n\nsrc/core/step.rs:\nstep.rs     3     0x42b300     x\n";
        let lines = read(text);
        assert_eq!(lines["src/core/log.rs"], BTreeSet::from([12, 14]));
        assert_eq!(lines["src/core/step.rs"], BTreeSet::from([3]));
    }
}
