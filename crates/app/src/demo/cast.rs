//! The letters of the demo, and how each story ends.

use postroom_dev_inbox::{Act, Script, Stage};
use postroom_domain::invalid::Invalid;
use postroom_domain::status::Status;
use serde_json::{Value, json};

use crate::cli::Failure;
use crate::fields::Fields;

/// One letter and its story.
#[derive(Clone, Debug)]
pub struct Role {
    /// What the audience should know beforehand.
    pub story: &'static str,
    /// The flow that it belongs to.
    pub workflow: &'static str,
    /// To whom.
    pub recipient: &'static str,
    /// How it ends.
    pub ending: Status,
    template: &'static str,
    data: Value,
    due_at: Option<&'static str>,
}

impl Role {
    /// The letter, as anybody would hand it in.
    ///
    /// # Errors
    /// Never, unless the cast itself is miswritten; the field is named.
    pub fn fields(&self) -> Result<Fields, Failure> {
        let mut letter = json!({
            "workflow": self.workflow,
            "template": self.template,
            "recipient": self.recipient,
            "data": self.data,
            "source_type": "demo",
        });
        if let (Some(object), Some(due)) = (letter.as_object_mut(), self.due_at) {
            object.insert("due_at".to_owned(), due.into());
        }
        let Value::Object(object) = letter else {
            return Err(Failure::from_invalid(Invalid::new("letter", "is no object")));
        };
        Fields::from_object(object).map_err(Failure::from_invalid)
    }
}

/// The mailboxes whose server misbehaves.
const GREYLISTED: &str = "new.colleague@example.org";
const GONE: &str = "left.long.ago@example.org";
const NEVER: &str = "somebody@overloaded.example";

/// All letters, in the order in which they are handed in.
pub(super) fn cast() -> Vec<Role> {
    let invitation = json!({
        "inviter_name": "Robin Example", "organization_name": "Example Press", "role": "editor",
        "accept_url": "https://app.example.org/invitations/accept", "expires_in": "7 days",
    });
    let reset = json!({ "reset_url": "https://app.example.org/reset", "expires_in": "1 hour" });
    let code = json!({ "code": "042137", "expires_in": "10 minutes" });
    let role = |story, workflow, template, recipient, data: &Value, ending| Role {
        story,
        workflow,
        recipient,
        ending,
        template,
        data: data.clone(),
        due_at: None,
    };
    vec![
        role("an invitation", "invite", "invitation", "reader@example.org", &invitation, Status::Sent),
        role("a password reset", "password-reset", "password-reset", "forgetful@example.org", &reset, Status::Sent),
        role("a sign-in code", "admin-tfa", "admin/tfa", "admin@example.org", &code, Status::Sent),
        role(
            "an invitation to a mailbox that greylists strangers",
            "invite",
            "invitation",
            GREYLISTED,
            &invitation,
            Status::Sent,
        ),
        role(
            "an invitation to a mailbox that does not exist",
            "invite",
            "invitation",
            GONE,
            &invitation,
            Status::Failed,
        ),
        role(
            "a password reset by way of a server that never recovers",
            "password-reset",
            "password-reset",
            NEVER,
            &reset,
            Status::DeadLetter,
        ),
        Role {
            due_at: Some("2100-01-01T00:00:00Z"),
            ..role(
                "a scheduled letter that is called off in time",
                "invite",
                "invitation",
                "later@example.org",
                &invitation,
                Status::Cancelled,
            )
        },
    ]
}

/// What the mail server does to whom.
pub(super) fn direct(script: &Script) {
    script.for_recipient(GREYLISTED, Stage::Rcpt, vec![Act::greylisted()]);
    script.for_recipient_always(GONE, Stage::Rcpt, Act::no_such_mailbox());
    script.for_recipient_always(NEVER, Stage::Rcpt, Act::reply(451, "4.3.0", "Too busy, please come back later"));
}
