//! Every act, and every stage at which it can be asked for.

use std::time::Duration;

use postroom_dev_inbox::{Act, Config, Script, Stage, Verb};
use tokio::time::Instant;

use crate::client::{Client, HANG, start};

const STAGES: [Stage; 9] = [
    Stage::Connect,
    Stage::Ehlo,
    Stage::Mail,
    Stage::Rcpt,
    Stage::Data,
    Stage::Body,
    Stage::Rset,
    Stage::Noop,
    Stage::Quit,
];

/// Goes to the moment at which the server owes the reply of `stage`.
async fn at(client: &mut Client, stage: Stage) {
    if stage == Stage::Connect {
        return;
    }
    client.hears("220 ").await;
    if stage == Stage::Ehlo {
        return client.say("EHLO client.example.org\r\n").await;
    }
    client.ask("EHLO client.example.org", "250-").await;
    let steps = [
        (Stage::Mail, "MAIL FROM:<a@example.org>", "250 "),
        (Stage::Rcpt, "RCPT TO:<b@example.org>", "250 "),
        (Stage::Data, "DATA", "354 "),
        (Stage::Body, "hello\r\n.", "250 "),
        (Stage::Rset, "RSET", "250 "),
        (Stage::Noop, "NOOP", "250 "),
        (Stage::Quit, "QUIT", "221 "),
    ];
    for (reached, command, usual) in steps {
        if reached == stage {
            return client.say(format!("{command}\r\n")).await;
        }
        client.ask(command, usual).await;
    }
}

/// Whether the letter has been taken before the reply of `stage` is owed.
fn letters_before(stage: Stage) -> usize {
    usize::from(matches!(stage, Stage::Rset | Stage::Noop | Stage::Quit))
}

#[tokio::test]
async fn every_stage_can_be_answered_with_a_reply_once() {
    for stage in STAGES {
        let inbox = start(Config::default()).await;
        inbox.script().next(stage, Act::reply(450, "4.2.0", "scripted"));
        let mut client = Client::raw(&inbox).await;
        at(&mut client, stage).await;
        assert_eq!(client.reply().await, "450 4.2.0 scripted\r\n", "{stage:?}");
        assert_eq!(inbox.count(), letters_before(stage), "{stage:?}");
        // The next one is answered as usual.
        let mut client = Client::raw(&inbox).await;
        at(&mut client, stage).await;
        let usual = if stage == Stage::Data { "354" } else { "2" };
        client.hears(usual).await;
    }
}

#[tokio::test]
async fn every_stage_can_hang_up_reset_stall_babble_or_say_421() {
    for stage in STAGES {
        let inbox = start(Config::default()).await;
        let script = inbox.script();

        script.next(stage, Act::Close);
        let mut client = Client::raw(&inbox).await;
        at(&mut client, stage).await;
        client.finds_it_closed().await;

        script.next(stage, Act::Reset);
        let mut client = Client::raw(&inbox).await;
        at(&mut client, stage).await;
        client.finds_it_reset().await;

        script.next(stage, Act::Stall);
        let mut client = Client::raw(&inbox).await;
        at(&mut client, stage).await;
        client.say("NOOP\r\nNOOP\r\n").await;
        client.leaves_unanswered().await;

        script.next(stage, Act::Garbage(b"\xff\0 what?\r\n".to_vec()));
        let mut client = Client::raw(&inbox).await;
        at(&mut client, stage).await;
        tokio::io::AsyncWriteExt::shutdown(&mut client.stream).await.unwrap();
        assert_eq!(client.rest().await.unwrap(), b"\xff\0 what?\r\n", "{stage:?}");

        script.next(stage, Act::shutting_down());
        let mut client = Client::raw(&inbox).await;
        at(&mut client, stage).await;
        client.hears("421 4.3.2").await;
        client.finds_it_closed().await;

        inbox.wait_for_open(0, HANG).await.unwrap();
        assert_eq!(inbox.count(), 5 * letters_before(stage), "{stage:?}");
    }
}

#[tokio::test]
async fn a_slow_reply_arrives_whole_and_not_before_its_pauses() {
    let pause = Duration::from_millis(20);
    for stage in STAGES {
        let inbox = start(Config::default()).await;
        inbox.script().next(stage, Act::Slow(pause));
        let begun = Instant::now();
        let mut client = Client::raw(&inbox).await;
        at(&mut client, stage).await;
        let reply = client.reply().await;
        // A pause may last longer, never less: this holds on any machine.
        let pauses = u32::try_from(reply.len().div_ceil(4)).unwrap();
        assert!(begun.elapsed() >= pause * pauses, "{stage:?}: {reply:?}");
        let accepted = letters_before(stage) + usize::from(stage == Stage::Body);
        assert_eq!(inbox.count(), accepted, "{stage:?}");
    }
}

#[tokio::test]
async fn a_letter_can_be_accepted_and_its_reply_never_sent() {
    let inbox = start(Config::default()).await;
    inbox.script().next(Stage::Body, Act::AcceptThenClose);
    inbox.script().next(Stage::Body, Act::AcceptThenStall);

    let mut client = Client::raw(&inbox).await;
    at(&mut client, Stage::Body).await;
    client.finds_it_closed().await;
    assert_eq!(inbox.count(), 1);

    let mut client = Client::raw(&inbox).await;
    at(&mut client, Stage::Body).await;
    inbox.wait_for(2, HANG).await.unwrap();
    client.leaves_unanswered().await;
    assert_eq!(inbox.count(), 2);
}

#[tokio::test]
async fn a_scripted_success_moves_the_dialogue_on() {
    let inbox = start(Config::default()).await;
    let script = inbox.script();
    script.always(Stage::Rcpt, Act::reply_multiline(251, "2.1.5", ["Not here,", "but forwarded"]));
    script.always(Stage::Body, Act::reply(250, None, "queued as 4711"));
    let mut client = Client::greeted(&inbox).await;
    client.ask("MAIL FROM:<a@example.org>", "250 ").await;
    client.say("RCPT TO:<b@example.org>\r\n").await;
    assert_eq!(client.reply().await, "251-2.1.5 Not here,\r\n251 2.1.5 but forwarded\r\n");
    client.ask("DATA", "354 ").await;
    client.ask("hello\r\n.", "250 queued as 4711").await;
    assert_eq!(inbox.letters()[0].recipients, ["b@example.org"]);
}

#[tokio::test]
async fn a_standing_rule_holds_until_the_script_is_cleared_while_running() {
    let script = Script::default();
    script.always(Stage::Noop, Act::out_of_order());
    let inbox = start(Config::default().with_script(script.clone())).await;
    let mut client = Client::greeted(&inbox).await;
    client.ask("NOOP", "451 4.3.0").await;
    client.ask("NOOP", "451 4.3.0").await;
    script.clear();
    client.ask("NOOP", "250 ").await;
}

#[tokio::test]
async fn a_server_that_turns_us_away_hears_only_quit() {
    let inbox = start(Config::default()).await;
    inbox.script().next(Stage::Connect, Act::reply(554, "5.3.2", "No service"));
    let mut client = Client::raw(&inbox).await;
    client.hears("554 5.3.2").await;
    client.ask("EHLO client.example.org", "503 ").await;
    client.ask("NOOP", "503 ").await;
    client.ask("QUIT", "221 ").await;
    client.finds_it_closed().await;
}

#[tokio::test]
async fn what_the_dialogue_refuses_by_itself_uses_up_no_rule() {
    let inbox = start(Config::default()).await;
    inbox.script().next(Stage::Mail, Act::out_of_order());
    let mut client = Client::connect(&inbox).await;
    client.ask("MAIL FROM:<a@example.org>", "503 ").await;
    client.ask("EHLO client.example.org", "250-").await;
    client.ask("MAIL FROM:<nobody>", "501 ").await;
    client.ask("MAIL FROM:<a@example.org>", "451 4.3.0").await;
    client.ask("MAIL FROM:<a@example.org>", "250 ").await;
}

#[tokio::test]
async fn replies_owed_to_earlier_pipelined_commands_come_before_the_hangup() {
    let inbox = start(Config::default()).await;
    inbox.script().next(Stage::Rcpt, Act::Close);
    let mut client = Client::greeted(&inbox).await;
    client.say("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n").await;
    client.hears("250 2.1.0").await;
    client.finds_it_closed().await;
    assert_eq!(inbox.transcript()[0].verbs(), [Verb::Ehlo, Verb::Mail, Verb::Rcpt]);
}

#[tokio::test]
async fn data_can_be_granted_without_recipients_and_a_lone_dot_ends_it() {
    let inbox = start(Config::default()).await;
    inbox.script().always(Stage::Rcpt, Act::no_such_mailbox());
    inbox.script().next(Stage::Data, Act::reply(354, None, "Go on"));
    let mut client = Client::greeted(&inbox).await;
    client.say("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n").await;
    for start in ["250 ", "550 5.1.1", "354 Go on"] {
        client.hears(start).await;
    }
    client.ask(".", "554 5.5.1").await;
    client.ask("MAIL FROM:<a@example.org>", "250 ").await;
    assert_eq!(inbox.count(), 0);
}
