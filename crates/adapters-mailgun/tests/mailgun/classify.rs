//! Recorded answers, and what follows from them.

use std::time::Duration;

use postroom_adapters_mailgun::classify::{
    RETRY_AFTER_LIMIT, Silence, Stage, classify, classify_silence, reason, retry_after,
};
use postroom_domain::failure::{FailureClass, Scope};

const LETTER: FailureClass = FailureClass::DEFERRED;
const PROVIDER: FailureClass = FailureClass::PROVIDER_DEFERRED;
const REJECTED: FailureClass = FailureClass::Rejected;
const MISCONFIGURED: FailureClass = FailureClass::Misconfigured;
const IN_DOUBT: FailureClass = FailureClass::InDoubt;

const PAGE: &str = "<html><body><h1>Service Unavailable</h1></body></html>";

#[test]
fn every_answer_has_its_class() {
    let table: &[(u16, &str, FailureClass)] = &[
        (301, "", MISCONFIGURED),
        (302, PAGE, MISCONFIGURED),
        (307, "", MISCONFIGURED),
        (308, "", MISCONFIGURED),
        (400, r#"{"message":"'from' parameter is not a valid address"}"#, REJECTED),
        (401, "Forbidden", MISCONFIGURED),
        (401, r#"{"message":"Invalid private key"}"#, MISCONFIGURED),
        (402, r#"{"message":"Payment required"}"#, MISCONFIGURED),
        (403, r#"{"message":"Domain is not allowed to send: the account is disabled"}"#, MISCONFIGURED),
        (404, r#"{"message":"Domain not found: mg.example.org"}"#, MISCONFIGURED),
        (405, PAGE, LETTER),
        (406, PAGE, LETTER),
        (407, PAGE, MISCONFIGURED),
        (408, "", PROVIDER),
        (409, "", LETTER),
        (413, PAGE, REJECTED),
        (418, "", LETTER),
        (421, PAGE, LETTER),
        (422, r#"{"message":"unprocessable"}"#, REJECTED),
        (425, "", PROVIDER),
        (429, r#"{"message":"Too many requests"}"#, PROVIDER),
        (451, PAGE, LETTER),
        (500, r#"{"message":"Internal Server Error"}"#, IN_DOUBT),
        (501, PAGE, IN_DOUBT),
        (502, PAGE, IN_DOUBT),
        (503, PAGE, IN_DOUBT),
        (503, "", IN_DOUBT),
        (503, r#"{"message":""}"#, IN_DOUBT),
        (503, r#"{"message":"Service temporarily unavailable, try again"}"#, PROVIDER),
        (504, r#"{"message":"Gateway timeout"}"#, IN_DOUBT),
        (599, "", IN_DOUBT),
        (999, "", IN_DOUBT),
    ];
    for (status, body, class) in table {
        let verdict = classify(*status, body.as_bytes(), None).unwrap_err();
        assert_eq!((verdict.class, verdict.code), (*class, format!("HTTP_{status}")), "{status} {body}");
    }
}

#[test]
fn an_acceptance_has_an_id() {
    let accepted = |status, body: &str| classify(status, body.as_bytes(), None);
    for (body, id) in [
        (r#"{"id":"<1.2@mg.example.org>","message":"Queued. Thank you."}"#, "1.2@mg.example.org"),
        (r#"{"id":"1@mg.example.org"}"#, "1@mg.example.org"),
        (r#"{"id":" <1@mg.example.org> ","more":[1,2,3]}"#, "1@mg.example.org"),
    ] {
        for status in [200, 201, 202] {
            assert_eq!(accepted(status, body).unwrap().id, id);
        }
    }
    for body in [
        "",
        PAGE,
        "{",
        r#"{"id":"<1@mg.exam"#,
        "{}",
        "[]",
        "null",
        r#"{"message":"Queued. Thank you."}"#,
        r#"{"id":""}"#,
        r#"{"id":"<>"}"#,
        r#"{"id":7}"#,
        r#"{"id":null}"#,
        r#"{"id":"a\nb"}"#,
    ] {
        for status in [200, 204, 299] {
            let verdict = accepted(status, body).unwrap_err();
            assert_eq!((verdict.class, &*verdict.code), (IN_DOUBT, "HTTP_UNREADABLE"), "{status} {body}");
        }
    }
}

#[test]
fn how_long_to_wait_goes_with_what_is_put_off() {
    let wait = Some(Duration::from_secs(90));
    let later = FailureClass::Deferred { scope: Scope::Provider, retry_after: wait };
    for (status, body) in [(408, ""), (429, ""), (503, r#"{"message":"busy"}"#)] {
        assert_eq!(classify(status, body.as_bytes(), wait).unwrap_err().class, later, "{status}");
    }
    assert_eq!(classify(503, PAGE.as_bytes(), wait).unwrap_err().class, IN_DOUBT);
    assert_eq!(classify(400, b"", wait).unwrap_err().class, REJECTED);
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let date = Some("Fri, 02 Jan 2026 10:00:00 GMT");
    let table = [
        ("0", Some(0)),
        (" 120 ", Some(120)),
        ("86400", Some(86_400)),
        ("86401", Some(86_400)),
        ("99999999999999999999999999", Some(86_400)),
        ("Fri, 02 Jan 2026 10:01:30 GMT", Some(90)),
        ("Friday, 02-Jan-26 10:01:30 GMT", Some(90)),
        ("Fri, 02 Jan 2026 09:00:00 GMT", Some(0)),
        ("Wed, 02 Jan 2036 10:00:00 GMT", Some(86_400)),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
    ];
    for (header, seconds) in table {
        assert_eq!(retry_after(header, date), seconds.map(Duration::from_secs), "{header:?}");
    }
    assert_eq!(RETRY_AFTER_LIMIT.as_secs(), 86_400);
    assert_eq!(retry_after("Fri, 02 Jan 2026 10:01:30 GMT", None), None, "a date alone says nothing");
    assert_eq!(retry_after("Fri, 02 Jan 2026 10:01:30 GMT", Some("today")), None);
    assert_eq!(retry_after("7", None), Some(Duration::from_secs(7)));
}

#[test]
fn only_the_api_gives_reasons() {
    assert_eq!(reason(br#"{"message":" why "}"#), Some("why".to_owned()));
    for other in ["", PAGE, "why", "\"why\"", "[]", r#"{"message":1}"#, r#"{"message":" "}"#, r#"{"error":"why"}"#] {
        assert_eq!(reason(other.as_bytes()), None, "{other}");
    }
}

#[test]
fn silence_is_doubt_after_the_last_byte_and_later_before_it() {
    let all = [Silence::Refused, Silence::Certificate, Silence::Lost, Silence::TimedOut, Silence::Unreadable];
    for silence in all {
        let certificate = silence == Silence::Certificate;
        let before = |class| if certificate { MISCONFIGURED } else { class };
        assert_eq!(classify_silence(Stage::Connect, silence).class, before(PROVIDER), "{silence:?}");
        assert_eq!(classify_silence(Stage::Request, silence).class, before(LETTER), "{silence:?}");
        assert_eq!(classify_silence(Stage::Answer, silence).class, IN_DOUBT, "{silence:?}");
    }
    let code = |stage, silence| classify_silence(stage, silence).code;
    assert_eq!(code(Stage::Connect, Silence::Refused), "CONNECT_REFUSED");
    assert_eq!(code(Stage::Connect, Silence::TimedOut), "TIMEOUT");
    assert_eq!(code(Stage::Connect, Silence::Certificate), "TLS");
    assert_eq!(code(Stage::Request, Silence::Lost), "CONNECTION_LOST");
    assert_eq!(code(Stage::Answer, Silence::TimedOut), "TIMEOUT_AFTER_BODY");
    assert_eq!(code(Stage::Answer, Silence::Lost), "ANSWER_LOST");
}

#[test]
fn no_status_falls_through() {
    for status in 0..=999 {
        for body in ["", PAGE, r#"{"message":"why"}"#] {
            let class = classify(status, body.as_bytes(), None).unwrap_err().class;
            assert!(class != REJECTED || (400..500).contains(&status), "{status}");
            assert!(class != IN_DOUBT || !(300..500).contains(&status), "{status}");
            assert!(!(500..600).contains(&status) || matches!(class, IN_DOUBT | PROVIDER), "{status}");
        }
    }
}
