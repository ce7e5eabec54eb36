//! The dialogue of a server without a script: RFC 5321 and its extensions.

use postroom_dev_inbox::{BodyType, Config, Extension, Security, SmtpUtf8, Verb};

use crate::client::{Client, HANG, start};

#[tokio::test]
async fn a_letter_is_captured_with_its_envelope_and_exact_bytes() {
    let inbox = start(Config::default()).await;
    let mut client = Client::greeted(&inbox).await;
    client.ask("MAIL FROM:<sender@example.org> BODY=8BITMIME SIZE=30", "250 2.1.0").await;
    client.ask("RCPT TO:<Ada@Example.org>", "250 2.1.5").await;
    client.ask("RCPT TO:<bob@example.org>", "250 2.1.5").await;
    client.ask("DATA", "354 ").await;
    client.ask("Subject: x\r\n\r\n..dot\r\n...\r\ngr\u{fc}n\r\n.", "250 2.0.0").await;
    client.ask("QUIT", "221 2.0.0").await;
    client.finds_it_closed().await;

    let letters = inbox.wait_for(1, HANG).await.unwrap();
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!(letter.mail_from, "sender@example.org");
    assert_eq!(letter.recipients, ["Ada@Example.org", "bob@example.org"]);
    assert_eq!(letter.bytes, "Subject: x\r\n\r\n.dot\r\n..\r\ngr\u{fc}n\r\n".as_bytes());
    assert_eq!((letter.sequence, letter.connection), (1, 1));
    assert_eq!((letter.tls, letter.authenticated_as.as_ref()), (Security::Plain, None));
    assert_eq!((letter.body_type, letter.smtputf8), (BodyType::EightBitMime, SmtpUtf8::NotAsked));

    let shown = format!("{letter:?}");
    assert!(!shown.contains('@') && !shown.contains("Subject"), "{shown}");
}

#[tokio::test]
async fn ehlo_offers_what_is_configured_and_nothing_else() {
    let inbox = start(Config::default().size_limit(1000)).await;
    let mut client = Client::connect(&inbox).await;
    client.say("EHLO client.example.org\r\n").await;
    let offer = client.reply().await;
    let mut lines: Vec<&str> = offer.lines().skip(1).map(|line| &line[4..]).collect();
    lines.sort_unstable();
    assert_eq!(lines, ["8BITMIME", "ENHANCEDSTATUSCODES", "PIPELINING", "SIZE 1000", "SMTPUTF8"]);

    let bare = start(Config::default().without_extensions()).await;
    let mut client = Client::connect(&bare).await;
    client.say("EHLO client.example.org\r\n").await;
    assert_eq!(client.reply().await, "250 inbox.localhost\r\n");
    // Nor are enhanced codes sent, or parameters understood.
    client.ask("NOOP", "250 Ok").await;
    for parameter in ["SIZE=1", "BODY=7BIT", "SMTPUTF8"] {
        client.ask(&format!("MAIL FROM:<a@example.org> {parameter}"), "555 Param").await;
    }

    let mut client = Client::connect(&bare).await;
    client.ask("HELO client.example.org", "250 inbox.localhost").await;
    client.sends_a_letter("ada@example.org", "hello").await;
}

#[tokio::test]
async fn commands_out_of_order_are_refused() {
    let inbox = start(Config::default()).await;
    let mut client = Client::connect(&inbox).await;
    for early in ["MAIL FROM:<a@example.org>", "RCPT TO:<b@example.org>", "DATA"] {
        client.ask(early, "503 5.5.1").await;
    }
    client.ask("RSET", "250 ").await;
    client.ask("NOOP", "250 ").await;
    client.ask("EHLO client.example.org", "250-").await;
    client.ask("RCPT TO:<b@example.org>", "503 5.5.1").await;
    client.ask("DATA", "503 5.5.1").await;
    client.ask("MAIL FROM:<a@example.org>", "250 ").await;
    client.ask("MAIL FROM:<a@example.org>", "503 5.5.1").await;
    client.ask("DATA", "554 5.5.1").await;
    client.ask("STARTTLS", "503 5.5.1").await;
    client.ask("AUTH PLAIN", "502 5.5.1").await;
    // RSET and EHLO both forget the sender.
    client.ask("RSET", "250 2.0.0").await;
    client.ask("RCPT TO:<b@example.org>", "503 ").await;
    client.ask("MAIL FROM:<>", "250 ").await;
    client.ask("EHLO client.example.org", "250-").await;
    client.ask("RCPT TO:<b@example.org>", "503 ").await;
}

#[tokio::test]
async fn malformed_and_unknown_commands_are_refused_and_the_dialogue_goes_on() {
    let inbox = start(Config::default()).await;
    let mut client = Client::greeted(&inbox).await;
    client.ask("FROBNICATE", "500 5.5.2").await;
    client.ask("HELP", "502 5.5.1").await;
    client.ask("VRFY ada", "252 ").await;
    client.ask("MAIL FROM:<nobody>", "501 5.1.7").await;
    client.ask("MAIL FROM: <a@example.org>", "501 5.5.4").await;
    client.ask("MAIL FROM:<a@example.org> RET=FULL", "555 5.5.4").await;
    client.ask("MAIL FROM:<a@example.org>", "250 ").await;
    client.ask("RCPT TO:<nobody>", "501 5.1.3").await;
    client.ask(&format!("NOOP {}", "x".repeat(1017)), "250 ").await;
    client.ask(&format!("NOOP {}", "x".repeat(1018)), "500 5.5.2 Line too long").await;
    client.ask(&format!("NOOP {}", "x".repeat(100_000)), "500 5.5.2 Line too long").await;
    client.say("NOOP\n").await;
    client.hears("500 5.5.2 Lines end with CR LF").await;
    client.ask("RCPT TO:<ada@example.org>", "250 ").await;
}

#[tokio::test]
async fn utf8_addresses_need_smtputf8() {
    let inbox = start(Config::default()).await;
    let mut client = Client::greeted(&inbox).await;
    client.ask("MAIL FROM:<j\u{f6}rg@example.org>", "553 5.6.7").await;
    client.ask("MAIL FROM:<a@example.org>", "250 ").await;
    client.ask("RCPT TO:<j\u{f6}rg@example.org>", "553 5.6.7").await;
    client.ask("RSET", "250 ").await;
    client.ask("MAIL FROM:<j\u{f6}rg@example.org> SMTPUTF8", "250 ").await;
    client.ask("RCPT TO:<z\u{fc}@example.org>", "250 ").await;
    client.ask("DATA", "354 ").await;
    client.ask(".", "250 ").await;
    let letters = inbox.letters();
    assert_eq!(letters[0].smtputf8, SmtpUtf8::Asked);
    assert_eq!(letters[0].recipients, ["z\u{fc}@example.org"]);
    assert_eq!(letters[0].bytes, b"");

    let without = start(Config::default().without(Extension::SmtpUtf8)).await;
    let mut client = Client::greeted(&without).await;
    client.ask("MAIL FROM:<j\u{f6}rg@example.org> SMTPUTF8", "555 ").await;
}

#[tokio::test]
async fn letters_above_the_size_limit_are_refused_before_and_after_they_are_sent() {
    let inbox = start(Config::default().size_limit(20)).await;
    let mut client = Client::greeted(&inbox).await;
    client.ask("MAIL FROM:<a@example.org> SIZE=21", "552 5.3.4").await;
    client.ask("MAIL FROM:<a@example.org> SIZE=20", "250 ").await;
    client.ask("RCPT TO:<b@example.org>", "250 ").await;
    client.ask("DATA", "354 ").await;
    client.ask("0123456789\r\n0123456\r\n.", "552 5.3.4").await;
    // The transaction is over, the connection is not; 20 octets fit exactly.
    client.ask("DATA", "503 ").await;
    client.sends_a_letter("b@example.org", "0123456789\r\n012345").await;
    assert_eq!(inbox.letters()[0].bytes.len(), 20);
}

#[tokio::test]
async fn a_body_line_above_998_octets_is_refused() {
    let inbox = start(Config::default()).await;
    let mut client = Client::greeted(&inbox).await;
    client.envelope(&["b@example.org"]).await;
    client.ask("DATA", "354 ").await;
    client.ask(&format!("{}\r\n.", "x".repeat(999)), "500 5.6.0").await;
    client.sends_a_letter("b@example.org", &"x".repeat(998)).await;
    assert_eq!(inbox.count(), 1);
}

#[tokio::test]
async fn bare_line_feeds_around_a_dot_smuggle_nothing() {
    let inbox = start(Config::default()).await;
    let mut client = Client::greeted(&inbox).await;
    client.envelope(&["b@example.org"]).await;
    client.ask("DATA", "354 ").await;
    let smuggled = "one\n.\nMAIL FROM:<x@example.org>\n.\r\nRCPT TO:<y@example.org>\r\n.\ntwo";
    client.ask(&format!("{smuggled}\r\n."), "250 ").await;
    client.ask("QUIT", "221 ").await;
    let letters = inbox.letters();
    assert_eq!(letters.len(), 1);
    // The dot after CRLF was a stuffed one; all others are content.
    let content = format!("{smuggled}\r\n").replace("\r\n.\ntwo", "\r\n\ntwo");
    assert_eq!(String::from_utf8_lossy(&letters[0].bytes), content);
}

#[tokio::test]
async fn pipelined_commands_are_answered_in_order_and_counted_as_one_group() {
    let inbox = start(Config::default()).await;
    let mut client = Client::greeted(&inbox).await;
    client.say("MAIL FROM:<a@example.org>\r\nRCPT TO:<bad>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n").await;
    for start in ["250 2.1.0", "501 5.1.3", "250 2.1.5", "354 "] {
        client.hears(start).await;
    }
    client.say("hello\r\n.\r\nMAIL FROM:<a@example.org>\r\nRSET\r\nQUIT\r\n").await;
    for start in ["250 2.0.0", "250 2.1.0", "250 2.0.0", "221 "] {
        client.hears(start).await;
    }
    client.finds_it_closed().await;

    let transcript = inbox.transcript();
    let [conversation] = transcript.as_slice() else { panic!("{transcript:?}") };
    assert_eq!(
        conversation.batches,
        [
            vec![Verb::Ehlo],
            vec![Verb::Mail, Verb::Rcpt, Verb::Rcpt, Verb::Data],
            vec![Verb::FinalDot, Verb::Mail, Verb::Rset, Verb::Quit],
        ]
    );
    assert_eq!(conversation.largest_batch(), 4);
    assert_eq!(conversation.verbs().len(), 9);
}

#[tokio::test]
async fn replies_to_a_pipelined_group_come_with_one_write() {
    let inbox = start(Config::default()).await;
    let mut client = Client::greeted(&inbox).await;
    client.say("NOOP\r\nNOOP\r\nNOOP\r\nNO").await;
    let mut first = vec![0; 4096];
    let read = tokio::io::AsyncReadExt::read(&mut client.stream, &mut first).await.unwrap();
    assert_eq!(&first[..read], "250 2.0.0 Ok\r\n".repeat(3).as_bytes());
    client.say("OP\r\n").await;
    client.hears("250 ").await;
}

#[tokio::test]
async fn one_connection_carries_many_letters() {
    let inbox = start(Config::default()).await;
    let mut client = Client::greeted(&inbox).await;
    for number in 1..=3 {
        client.sends_a_letter("b@example.org", &format!("letter {number}")).await;
    }
    let letters = inbox.letters();
    assert_eq!(letters.iter().map(|letter| letter.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(letters.iter().all(|letter| letter.connection == 1));
    assert_eq!(letters[2].bytes, b"letter 3\r\n");
    assert_eq!(inbox.connections_opened(), 1);
}

#[tokio::test]
async fn a_connection_that_ends_inside_a_letter_leaves_none() {
    let inbox = start(Config::default()).await;
    let mut client = Client::greeted(&inbox).await;
    client.envelope(&["b@example.org"]).await;
    client.ask("DATA", "354 ").await;
    client.say("half a letter\r\n.").await;
    client.leaves_unanswered().await;
    inbox.wait_for_open(0, HANG).await.unwrap();
    assert_eq!(inbox.count(), 0);
}
