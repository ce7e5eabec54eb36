//! Recorded answers, and what follows from them.

use postroom_adapters_smtp::classify::{Silence, Stage, classify, classify_silence};
use postroom_domain::failure::FailureClass;

const LETTER: FailureClass = FailureClass::DEFERRED;
const PROVIDER: FailureClass = FailureClass::PROVIDER_DEFERRED;
const REJECTED: FailureClass = FailureClass::Rejected;
const MISCONFIGURED: FailureClass = FailureClass::Misconfigured;
const IN_DOUBT: FailureClass = FailureClass::InDoubt;

/// Where, which reply code, which enhanced code, what follows, and in which words it is said.
type Recorded = (Stage, u16, Option<[u8; 3]>, FailureClass, &'static str);

#[test]
fn every_answer_has_its_class() {
    use Stage::{Answer, Auth, Data, Ehlo, Greeting, Mail, Rcpt, StartTls};
    let table: &[Recorded] = &[
        (Greeting, 421, Some([4, 7, 0]), PROVIDER, "too many connections from your host"),
        (Greeting, 450, None, PROVIDER, "come back later"),
        (Greeting, 554, None, PROVIDER, "no SMTP service here"),
        (Greeting, 554, Some([5, 7, 1]), MISCONFIGURED, "your address is on our list"),
        (Greeting, 521, None, MISCONFIGURED, "this host takes no mail"),
        (Ehlo, 550, None, PROVIDER, "not you, not now"),
        (Ehlo, 550, Some([5, 7, 1]), MISCONFIGURED, "invalid HELO name"),
        (StartTls, 454, Some([4, 7, 0]), PROVIDER, "TLS not available due to temporary reason"),
        (StartTls, 501, None, MISCONFIGURED, "no parameters allowed"),
        (Auth, 535, Some([5, 7, 8]), MISCONFIGURED, "credentials invalid"),
        (Auth, 534, Some([5, 7, 9]), MISCONFIGURED, "mechanism too weak"),
        (Auth, 538, Some([5, 7, 11]), MISCONFIGURED, "encryption required"),
        (Auth, 504, Some([5, 5, 4]), MISCONFIGURED, "mechanism unknown"),
        (Auth, 454, Some([4, 7, 0]), PROVIDER, "temporary authentication failure"),
        (Mail, 530, Some([5, 7, 0]), MISCONFIGURED, "authentication required"),
        (Mail, 530, Some([5, 7, 1]), MISCONFIGURED, "must issue STARTTLS first"),
        (Mail, 550, Some([5, 7, 1]), MISCONFIGURED, "sender not allowed"),
        (Mail, 550, Some([5, 1, 8]), MISCONFIGURED, "sender domain does not exist"),
        (Mail, 501, Some([5, 1, 7]), MISCONFIGURED, "bad sender address syntax"),
        (Mail, 553, None, MISCONFIGURED, "sender not allowed"),
        (Mail, 550, None, MISCONFIGURED, "sender refused"),
        (Mail, 552, Some([5, 3, 4]), REJECTED, "message too big"),
        (Mail, 553, Some([5, 6, 7]), REJECTED, "address needs SMTPUTF8"),
        (Mail, 451, Some([4, 3, 0]), PROVIDER, "mail system in trouble"),
        (Mail, 452, Some([4, 3, 1]), PROVIDER, "insufficient storage"),
        (Mail, 450, Some([4, 7, 1]), LETTER, "greylisted"),
        (Mail, 421, None, PROVIDER, "idle too long"),
        (Rcpt, 550, Some([5, 1, 1]), REJECTED, "no such mailbox"),
        (Rcpt, 550, None, REJECTED, "no such mailbox"),
        (Rcpt, 551, None, REJECTED, "user not local"),
        (Rcpt, 553, None, REJECTED, "mailbox name not allowed"),
        (Rcpt, 556, Some([5, 1, 10]), REJECTED, "recipient address has null MX"),
        (Rcpt, 554, Some([5, 7, 1]), REJECTED, "relay access denied"),
        (Rcpt, 552, Some([5, 2, 2]), REJECTED, "mailbox full"),
        (Rcpt, 552, None, LETTER, "too many recipients, said the old way"),
        (Rcpt, 452, Some([4, 2, 2]), LETTER, "mailbox full for now"),
        (Rcpt, 452, Some([4, 5, 3]), LETTER, "too many recipients"),
        (Rcpt, 550, Some([5, 5, 3]), LETTER, "too many recipients"),
        (Rcpt, 450, Some([4, 7, 1]), LETTER, "greylisted"),
        (Rcpt, 450, None, LETTER, "mailbox busy"),
        (Rcpt, 451, Some([4, 3, 0]), LETTER, "local error"),
        (Rcpt, 450, Some([5, 1, 1]), LETTER, "no such mailbox, but softly"),
        (Rcpt, 550, Some([4, 2, 1]), LETTER, "the codes disagree"),
        (Rcpt, 503, Some([5, 5, 1]), LETTER, "need MAIL before RCPT"),
        (Rcpt, 421, Some([4, 3, 2]), PROVIDER, "shutting down"),
        (Rcpt, 598, None, REJECTED, "unheard of"),
        (Rcpt, 250, None, LETTER, "an answer to something else"),
        (Data, 451, None, LETTER, "aborted"),
        (Data, 554, Some([5, 6, 0]), REJECTED, "no"),
        (Data, 250, None, LETTER, "an answer to something else"),
        (Answer, 550, Some([5, 7, 1]), REJECTED, "looks like spam"),
        (Answer, 552, Some([5, 3, 4]), REJECTED, "too big"),
        (Answer, 554, None, REJECTED, "transaction failed"),
        (Answer, 451, Some([4, 7, 255]), LETTER, "rate limited"),
        (Answer, 452, None, LETTER, "insufficient storage"),
        (Answer, 421, None, PROVIDER, "closing"),
        (Answer, 354, None, IN_DOUBT, "go on"),
        (Answer, 199, None, IN_DOUBT, "what?"),
        (Answer, 999, None, IN_DOUBT, "what?"),
    ];
    for (stage, code, enhanced, class, words) in table {
        let verdict = classify(*stage, *code, *enhanced);
        assert_eq!((verdict.class, verdict.code), (*class, format!("SMTP_{code}")), "{stage:?} {code} {words}");
    }
}

#[test]
fn no_enhanced_code_is_no_code() {
    assert_eq!(classify(Stage::Mail, 550, Some([0, 0, 0])), classify(Stage::Mail, 550, None));
}

#[test]
fn silence_is_doubt_after_the_dot_and_later_before_it() {
    let stages = [Stage::Connect, Stage::Greeting, Stage::Ehlo, Stage::StartTls, Stage::Auth];
    for silence in [Silence::Lost, Silence::TimedOut, Silence::Unreadable] {
        for stage in stages {
            assert_eq!(classify_silence(stage, silence).class, PROVIDER, "{stage:?}");
        }
        for stage in [Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Body] {
            assert_eq!(classify_silence(stage, silence).class, LETTER, "{stage:?}");
        }
        assert_eq!(classify_silence(Stage::Answer, silence).class, IN_DOUBT);
    }
    let code = |stage, silence| classify_silence(stage, silence).code;
    assert_eq!(code(Stage::Connect, Silence::TimedOut), "TIMEOUT");
    assert_eq!(code(Stage::Body, Silence::Lost), "CONNECTION_LOST");
    assert_eq!(code(Stage::Data, Silence::Unreadable), "SMTP_UNREADABLE");
    assert_eq!(code(Stage::Answer, Silence::TimedOut), "TIMEOUT_AFTER_BODY");
    assert_eq!(code(Stage::Answer, Silence::Lost), "ANSWER_LOST");
}

#[test]
fn no_code_and_no_stage_falls_through() {
    let stages = [Stage::Greeting, Stage::Ehlo, Stage::Auth, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Answer];
    for stage in stages {
        for code in 0..=999 {
            for enhanced in [None, Some([4, 0, 0]), Some([5, 0, 0]), Some([255, 255, 255])] {
                let class = classify(stage, code, enhanced).class;
                assert!(class != IN_DOUBT || stage == Stage::Answer, "{stage:?} {code}");
                assert!(class != REJECTED || (500..600).contains(&code), "{stage:?} {code}");
            }
        }
    }
}
