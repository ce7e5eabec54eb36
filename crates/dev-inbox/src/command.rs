//! Command lines, parsed (RFC 5321 §4.1.1).

use crate::address::{is_mailbox, path};
use crate::letter::{BodyType, SmtpUtf8};
use crate::reply::Reply;
use crate::verb::Verb;

/// A well-formed command.
pub(crate) enum Command {
    Ehlo,
    Helo,
    StartTls,
    Auth { mechanism: String, initial: Option<String> },
    Mail(MailFrom),
    Rcpt(String),
    Data,
    Rset,
    Noop,
    Vrfy,
    Quit,
}

/// `MAIL FROM:<path>` with its parameters.
#[derive(Default)]
pub(crate) struct MailFrom {
    pub(crate) path: String,
    pub(crate) size: Option<u64>,
    pub(crate) body: Option<BodyType>,
    pub(crate) smtputf8: SmtpUtf8,
}

/// Why a line is not a well-formed command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Unknown,
    NotImplemented,
    Syntax,
    Sender,
    Recipient,
    Parameter,
}

impl Fault {
    pub(crate) fn reply(self) -> Reply {
        match self {
            Self::Unknown => Reply::new(500, "5.5.2", "Unknown command"),
            Self::NotImplemented => Reply::new(502, "5.5.1", "Command not implemented"),
            Self::Syntax => Reply::new(501, "5.5.4", "Syntax error in parameters or arguments"),
            Self::Sender => Reply::new(501, "5.1.7", "Syntax error in the sender's address"),
            Self::Recipient => Reply::new(501, "5.1.3", "Syntax error in the recipient's address"),
            Self::Parameter => Reply::new(555, "5.5.4", "Parameter not recognized or not offered"),
        }
    }
}

/// Reads one command line, its line end removed.
pub(crate) fn parse(line: &[u8]) -> Result<Command, Fault> {
    let verb = Verb::of(line);
    let text = str::from_utf8(line).map_err(|_| Fault::Syntax)?;
    if text.chars().any(char::is_control) {
        return Err(Fault::Syntax);
    }
    let argument = text.split_once(' ').map_or("", |(_, argument)| argument);
    match verb {
        Verb::Ehlo => some(argument, Command::Ehlo),
        Verb::Helo => some(argument, Command::Helo),
        Verb::Vrfy => some(argument, Command::Vrfy),
        Verb::StartTls => none(argument, Command::StartTls),
        Verb::Data => none(argument, Command::Data),
        Verb::Rset => none(argument, Command::Rset),
        Verb::Quit => none(argument, Command::Quit),
        Verb::Noop => Ok(Command::Noop),
        Verb::Auth => auth(argument),
        Verb::Mail => mail(argument),
        Verb::Rcpt => rcpt(argument),
        Verb::NotImplemented => Err(Fault::NotImplemented),
        Verb::FinalDot | Verb::Unknown => Err(Fault::Unknown),
    }
}

fn some(argument: &str, command: Command) -> Result<Command, Fault> {
    if argument.trim().is_empty() { Err(Fault::Syntax) } else { Ok(command) }
}

fn none(argument: &str, command: Command) -> Result<Command, Fault> {
    if argument.trim().is_empty() { Ok(command) } else { Err(Fault::Syntax) }
}

fn auth(argument: &str) -> Result<Command, Fault> {
    let mut words = argument.split_ascii_whitespace();
    let mechanism = words.next().ok_or(Fault::Syntax)?.to_ascii_uppercase();
    let initial = words.next().map(str::to_owned);
    match words.next() {
        None => Ok(Command::Auth { mechanism, initial }),
        Some(_) => Err(Fault::Syntax),
    }
}

fn mail(argument: &str) -> Result<Command, Fault> {
    let (path, parameters) = addressed(argument, "FROM:").ok_or(Fault::Syntax)?;
    if !path.is_empty() && !is_mailbox(path) {
        return Err(Fault::Sender);
    }
    let mut mail = MailFrom { path: path.to_owned(), ..MailFrom::default() };
    for parameter in parameters.split_ascii_whitespace() {
        mail_parameter(&mut mail, &parameter.to_ascii_uppercase())?;
    }
    Ok(Command::Mail(mail))
}

fn mail_parameter(mail: &mut MailFrom, parameter: &str) -> Result<(), Fault> {
    match parameter.split_once('=') {
        Some(("SIZE", octets)) => mail.size = Some(octets.parse().map_err(|_| Fault::Syntax)?),
        Some(("BODY", "7BIT")) => mail.body = Some(BodyType::SevenBit),
        Some(("BODY", "8BITMIME")) => mail.body = Some(BodyType::EightBitMime),
        Some(("BODY", _)) => return Err(Fault::Syntax),
        // Who wrote the letter first (RFC 4954 §5): taken note of by nobody here.
        Some(("AUTH", _)) => {}
        None if parameter == "SMTPUTF8" => mail.smtputf8 = SmtpUtf8::Asked,
        _ => return Err(Fault::Parameter),
    }
    Ok(())
}

fn rcpt(argument: &str) -> Result<Command, Fault> {
    let (path, parameters) = addressed(argument, "TO:").ok_or(Fault::Syntax)?;
    // The one mailbox that needs no domain (RFC 5321 §4.5.1).
    if !is_mailbox(path) && !path.eq_ignore_ascii_case("postmaster") {
        return Err(Fault::Recipient);
    }
    if !parameters.trim().is_empty() {
        return Err(Fault::Parameter);
    }
    Ok(Command::Rcpt(path.to_owned()))
}

/// `FROM:<path> parameters` or `TO:<path> parameters`, without the label.
fn addressed<'a>(argument: &'a str, label: &str) -> Option<(&'a str, &'a str)> {
    let (found, rest) = argument.split_at_checked(label.len())?;
    let (path, parameters) = path(rest)?;
    let separated = parameters.is_empty() || parameters.starts_with(' ');
    (found.eq_ignore_ascii_case(label) && separated).then_some((path, parameters))
}

#[cfg(test)]
mod tests {
    use super::{Command, Fault, parse};

    fn fault(line: &str) -> Option<Fault> {
        parse(line.as_bytes()).err()
    }

    #[test]
    fn well_formed_commands_are_read() {
        for line in [
            "EHLO client.example.org",
            "mail from:<>",
            "MAIL FROM:<a@example.org> SIZE=12 BODY=8BITMIME SMTPUTF8 AUTH=<>",
            "RCPT TO:<Postmaster>",
            "rcpt to:<b@example.org>",
            "AUTH PLAIN",
            "AUTH plain AGEAYg==",
            "NOOP anything at all",
            "QUIT",
        ] {
            assert_eq!(fault(line), None, "{line}");
        }
    }

    #[test]
    fn every_fault_has_its_kind() {
        for (line, kind) in [
            ("EHLO", Fault::Syntax),
            ("DATA now", Fault::Syntax),
            ("MAIL FROM: <a@example.org>", Fault::Syntax),
            ("MAIL TO:<a@example.org>", Fault::Syntax),
            ("MAIL FROM:a@example.org", Fault::Syntax),
            ("MAIL FROM:<a@example.org>SIZE=1", Fault::Syntax),
            ("MAIL FROM:<a@example.org> SIZE=x", Fault::Syntax),
            ("MAIL FROM:<a@example.org> BODY=9BIT", Fault::Syntax),
            ("MAIL FROM:<a@example.org> RET=FULL", Fault::Parameter),
            ("MAIL FROM:<nobody>", Fault::Sender),
            ("RCPT TO:<nobody>", Fault::Recipient),
            ("RCPT TO:<>", Fault::Recipient),
            ("RCPT TO:<a@example.org> NOTIFY=NEVER", Fault::Parameter),
            ("AUTH", Fault::Syntax),
            ("AUTH PLAIN a b", Fault::Syntax),
            ("NOOP \u{0}", Fault::Syntax),
            ("EXPN list", Fault::NotImplemented),
            ("BDAT 3 LAST", Fault::Unknown),
            ("", Fault::Unknown),
        ] {
            assert_eq!(fault(line), Some(kind), "{line}");
        }
        assert_eq!(parse(b"RCPT TO:<\xff@example.org>").err(), Some(Fault::Syntax));
    }

    #[test]
    fn an_address_is_kept_as_written() {
        let Ok(Command::Rcpt(path)) = parse(b"RCPT TO:<Ada.L@Example.ORG>") else {
            unreachable!("it is a RCPT command");
        };
        assert_eq!(path, "Ada.L@Example.ORG");
    }
}
