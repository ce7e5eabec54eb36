//! How a command ends that did not end well.

use std::process::ExitCode;

use postroom_domain::invalid::Invalid;
use postroom_ports::error::{PortError, PortErrorKind};

use super::output;
use crate::config::Mistakes;

/// A failure for the person at the terminal, with the exit status that scripts read.
#[derive(Debug)]
pub struct Failure {
    status: u8,
    message: String,
}

impl Failure {
    /// Something was refused or is not as it should be.
    #[must_use]
    pub fn refused(message: impl Into<String>) -> Self {
        Self { status: 1, message: message.into() }
    }

    /// The command line or the configuration is wrong.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self { status: 2, message: message.into() }
    }

    /// The store cannot be used.
    #[must_use]
    pub fn store(message: impl Into<String>) -> Self {
        Self { status: 3, message: message.into() }
    }

    /// There is no such delivery.
    #[must_use]
    pub fn unknown(id: &str) -> Self {
        Self { status: 4, message: format!("there is no delivery '{id}' here; is this the right database?") }
    }

    /// The same, as something that is not as it should be: for whoever asks nothing but that.
    #[must_use]
    pub fn as_refusal(self) -> Self {
        Self { status: 1, ..self }
    }

    /// Input that was refused, by field.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "it is used where errors are mapped")]
    pub fn from_invalid(invalid: Invalid) -> Self {
        Self::refused(invalid.to_string())
    }

    /// Says it.
    pub(super) fn note(&self) {
        output::note(&format!("postroom: {}", self.message.trim_end()));
    }

    /// Says it and gives the exit status.
    #[must_use]
    pub fn report(self) -> ExitCode {
        self.note();
        ExitCode::from(self.status)
    }
}

impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        let advice = match error.kind() {
            PortErrorKind::Unavailable => "; check DATABASE_URL and whether the database runs",
            PortErrorKind::NotMigrated => "; run `postroom migrate` first",
            PortErrorKind::Corrupt | PortErrorKind::Unsupported | PortErrorKind::Other => "",
        };
        Self::store(format!("{error}{advice}"))
    }
}

impl From<Mistakes> for Failure {
    fn from(mistakes: Mistakes) -> Self {
        Self::usage(mistakes.to_string())
    }
}
