//! The subject: one line.

use postroom_domain::id::TemplateName;
use postroom_domain::letter::{SUBJECT_LIMIT, Subject};
use postroom_ports::template::RenderError;

/// Makes one line of what the subject template rendered: runs of spaces become one, the ends
/// are trimmed. What is still no [`Subject`] then is the template's own mistake, because every
/// value in it was checked when it was printed.
///
/// # Errors
/// [`RenderError::Limit`] if it is too long, else [`RenderError::Broken`].
pub(crate) fn one_line(template: &TemplateName, rendered: &str) -> Result<Subject, RenderError> {
    let words: Vec<_> = rendered.split(' ').filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    if line.len() > SUBJECT_LIMIT {
        return Err(RenderError::Limit { template: template.clone(), what: "the length of a subject" });
    }
    Subject::parse(line).map_err(|refusal| RenderError::Broken {
        template: template.clone(),
        reason: format!("its subject {}", refusal.reason),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(rendered: &str) -> Result<Subject, RenderError> {
        one_line(&TemplateName::parse("example").unwrap(), rendered)
    }

    #[test]
    fn spaces_are_collapsed() {
        assert_eq!(subject("  Your   code ").unwrap().as_str(), "Your code");
    }

    #[test]
    fn what_is_not_one_line_is_refused() {
        for bad in ["", "  ", "a\r\nBcc: b", "a\nb", "a\0b", "a\tb", "a\u{2028}b", "a\u{85}b"] {
            assert!(matches!(subject(bad), Err(RenderError::Broken { .. })), "{bad:?}");
        }
    }

    #[test]
    fn an_overlong_one_is_refused() {
        assert!(subject(&"a".repeat(SUBJECT_LIMIT)).is_ok());
        let refusal = subject(&"a".repeat(SUBJECT_LIMIT + 1)).unwrap_err();
        assert!(matches!(refusal, RenderError::Limit { .. }));
    }
}
