//! What a server can do, as its answer to EHLO says, and what a letter asks of it.

use std::fmt::Write as _;

use postroom_domain::failure::{Failure, FailureClass};
use postroom_ports::letter::FrozenLetter;
use smtp_proto::{EXT_8BIT_MIME, EXT_PIPELINING, EXT_SIZE, EXT_SMTP_UTF8, EhloResponse};

/// The extensions that matter to us.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    extensions: u32,
    size: Option<u64>,
}

impl Offer {
    pub(crate) fn of(response: &EhloResponse<String>) -> Self {
        // SIZE without a number, or 0, promises nothing (RFC 1870 §4).
        let size = u64::try_from(response.size).ok().filter(|size| *size > 0);
        Self { extensions: response.capabilities, size: size.filter(|_| response.has_capability(EXT_SIZE)) }
    }

    fn has(self, extension: u32) -> bool {
        self.extensions & extension != 0
    }

    /// Whether commands may be sent without waiting for replies (RFC 2920).
    pub(crate) fn pipelines(self) -> bool {
        self.has(EXT_PIPELINING)
    }

    /// MAIL with the parameters that this letter needs.
    ///
    /// # Errors
    /// Refuses a letter that this server cannot carry, before anything of it is said.
    pub(crate) fn mail_command(self, letter: &FrozenLetter) -> Result<String, Failure> {
        let size = u64::try_from(letter.bytes.len()).unwrap_or(u64::MAX);
        let mut command = format!("MAIL FROM:<{}>", letter.mail_from);
        if self.size.is_some_and(|limit| size > limit) {
            let detail =
                format!("the letter is {size} bytes long; the server takes at most {}", self.size.unwrap_or_default());
            return Err(Failure::new(FailureClass::Rejected, "SMTP_SIZE", &detail));
        }
        if self.has(EXT_SIZE) {
            // Writing to a String cannot fail.
            let _ = write!(command, " SIZE={size}");
        }
        if !letter.bytes.is_ascii() && self.has(EXT_8BIT_MIME) {
            command.push_str(" BODY=8BITMIME");
        }
        if needs_smtputf8(letter) {
            if !self.has(EXT_SMTP_UTF8) {
                let detail = "the address is written in UTF-8, and the server does not offer SMTPUTF8 (RFC 6531)";
                return Err(Failure::new(FailureClass::Rejected, "SMTPUTF8_UNSUPPORTED", detail));
            }
            command.push_str(" SMTPUTF8");
        }
        command.push_str("\r\n");
        Ok(command)
    }
}

/// UTF-8 in the envelope or in the header asks for SMTPUTF8; in a body it does not.
fn needs_smtputf8(letter: &FrozenLetter) -> bool {
    let header_end = letter.bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(letter.bytes.len());
    letter.mail_from.needs_smtputf8()
        || letter.rcpt_to.needs_smtputf8()
        || !letter.bytes.iter().take(header_end).all(u8::is_ascii)
}
