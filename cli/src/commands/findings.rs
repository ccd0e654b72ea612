//! Prints the findings of checks, and turns the most serious grade into an exit code.

use stronglog_server::check::{Finding, Grade};

use crate::exit::{Exit, Outcome};
use crate::output::{FindingOutput, FindingsOutput};
use crate::terminal::{Format, bad, bold, faint, good, say, say_json};

/// Prints the findings. The exit code is 1 if one is bad, and 3 if one is a warning.
///
/// # Errors
/// Returns an error if the output cannot be written.
pub fn report(findings: &[Finding], format: Format) -> Outcome {
    let worst = findings.iter().map(|finding| finding.grade).max().unwrap_or(Grade::Good);
    if format.is_json() {
        let output = |finding: &Finding| FindingOutput { name: finding.name, grade: finding.grade.into(), detail: finding.detail.clone() };
        say_json(&FindingsOutput { grade: worst.into(), findings: findings.iter().map(output).collect() })?;
    } else {
        let width = findings.iter().map(|finding| finding.name.len()).max().unwrap_or_default();
        for Finding { name, grade, detail, .. } in findings {
            let sign = match grade {
                Grade::Good => good("✓"),
                Grade::Warning => bold("!"),
                Grade::Bad => bad("✗"),
            };
            say!("{sign} {}  {detail}", faint(format!("{name:width$}")))?;
        }
    }
    Ok(match worst {
        Grade::Good => Exit::Done,
        Grade::Warning => Exit::Attention,
        Grade::Bad => Exit::Failed,
    })
}
