//! Recorded answers, and what follows from them.

use std::time::Duration;

use example_http_json_transport::classify::{Answer, classify};
use postroom_domain::failure::{FailureClass, Scope};

const PAGE: &str = "<html>Bad Gateway</html>";

#[test]
fn every_answer_has_its_class() {
    let wait = Some(Duration::from_secs(30));
    let later = FailureClass::Deferred { scope: Scope::Provider, retry_after: wait };
    for (status, body, class) in [
        (200, PAGE, FailureClass::InDoubt),
        (202, r#"{"message": "taken"}"#, FailureClass::InDoubt),
        (204, "", FailureClass::InDoubt),
        (302, "", FailureClass::Misconfigured),
        (400, r#"{"message": "no such mailbox"}"#, FailureClass::Rejected),
        (401, "", FailureClass::Misconfigured),
        (404, PAGE, FailureClass::Misconfigured),
        (409, "", FailureClass::DEFERRED),
        (422, "", FailureClass::Rejected),
        (429, "", later),
        (500, "", FailureClass::InDoubt),
        (502, PAGE, FailureClass::InDoubt),
        (999, "", FailureClass::InDoubt),
    ] {
        let failure = classify(&Answer::Reply(status, wait, body.into())).unwrap_err();
        assert_eq!((failure.class, failure.code.as_str()), (class, &*format!("HTTP_{status}")));
    }
    let receipt = classify(&Answer::Reply(202, None, br#"{"id": "42", "message": "taken"}"#.to_vec())).unwrap();
    assert_eq!((receipt.provider_message_id.unwrap().as_str(), receipt.detail.as_str()), ("42", "taken"));
}
