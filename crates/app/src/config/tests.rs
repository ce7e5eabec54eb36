use super::*;

fn read(file: &str, environment: &[(&str, &str)]) -> Result<Config, Mistakes> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::read(Sources { file: Some(file.to_owned()), environment })
}

#[test]
fn all_mistakes_are_reported_at_once_by_name() {
    let mistakes = read(
        "[worker]\nlease = \"soon\"\nbatchsize = 3\n[workflows.invite]\nin_doubt = \"maybe\"",
        &[
            ("DATABASE_URL", "mysql://user:secret@host/db"),
            ("SMTP_PORT", "99999"),
            ("SMTP_USERNAME", "me"),
            ("SMTP_TLS", "perhaps"),
            ("EMAIL_ENABLED", "maybe"),
            ("EMAIL_WORKER_BATCH_SIZE", "0"),
            ("SMTP_FROM_ADDRESS", "nobody"),
        ],
    )
    .unwrap_err();
    let mut fields: Vec<&str> = mistakes.0.iter().map(|mistake| mistake.field.as_str()).collect();
    fields.sort_unstable();
    let expected = [
        "DATABASE_URL",
        "EMAIL_ENABLED",
        "EMAIL_WORKER_BATCH_SIZE",
        "SMTP_FROM_ADDRESS",
        "SMTP_PASSWORD",
        "SMTP_PORT",
        "SMTP_TLS",
        "worker.batchsize",
        "worker.lease",
        "workflows.invite.in_doubt",
    ];
    assert_eq!(fields, expected);
    assert!(!mistakes.to_string().contains("secret"));
}

#[test]
fn the_variables_that_applications_use_already_work() {
    let config = read(
        "",
        &[
            ("DATABASE_URL", "postgres://app@localhost/app"),
            ("EMAIL_ENABLED", "true"),
            ("EMAIL_WORKER_ENABLED", "true"),
            ("EMAIL_WORKER_BATCH_SIZE", "10"),
            ("EMAIL_WORKER_POLL_INTERVAL", "5s"),
            ("SMTP_HOST", "mailpit"),
            ("SMTP_PORT", "1025"),
            ("SMTP_FROM_ADDRESS", "noreply@example.org"),
            ("SMTP_FROM_NAME", "Example"),
        ],
    )
    .unwrap();
    assert!(matches!(config.store, Some(StoreSettings::Postgres(_))));
    assert_eq!((config.worker.batch_size, config.worker.poll_every), (10, Duration::from_secs(5)));
    let smtp = config.smtp.unwrap();
    assert_eq!((smtp.host.as_str(), smtp.port), ("mailpit", Some(1025)));
    assert_eq!(config.workflows.unwrap().default.sender.name(), Some("Example"));
}

#[test]
fn a_workflow_may_want_something_else() {
    let file = "[sender]\naddress = \"a@example.org\"\n[workflows.tfa]\nretry = \"quarter-hour\"\nin_doubt = \"hold\"\n\
                [workflows.tfa.sender]\naddress = \"codes@example.org\"\n[tenants.acme]\nenabled = false";
    let config = read(file, &[]).unwrap();
    let workflows = config.workflows.unwrap();
    let tfa = workflows.of(&postroom_domain::id::Workflow::parse("tfa").unwrap());
    assert_eq!(tfa.policy.retry.max_attempts(), 3);
    assert_eq!(tfa.policy.in_doubt, postroom_domain::policy::InDoubtPolicy::Hold);
    assert_eq!(tfa.sender.address().as_str(), "codes@example.org");
    assert_eq!(workflows.default.policy.retry.max_attempts(), 5);
    assert_eq!(config.held_tenants.len(), 1);
}

#[test]
fn a_secret_may_stand_in_a_file_and_is_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "hunter2\n").unwrap();
    let path = file.to_str().unwrap();
    let config =
        read("", &[("SMTP_HOST", "mail.example.org"), ("SMTP_USERNAME", "me"), ("SMTP_PASSWORD_FILE", path)]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    let gone = read("", &[("DATABASE_URL_FILE", "/nowhere/at/all")]).unwrap_err();
    assert_eq!(gone.0[0].field, "DATABASE_URL_FILE");
}

#[test]
fn a_store_is_named_by_a_url_that_is_never_repeated() {
    assert!(matches!(parse_store("sqlite://letters.db"), Ok(StoreSettings::Sqlite(_))));
    let refused = parse_store("mysql://user:secret@host/db").unwrap_err();
    assert!(!refused.to_string().contains("secret"));
}

const MAILGUN: [(&str, &str); 2] = [("MAILGUN_API_KEY", "key"), ("MAILGUN_DOMAIN", "mg.example.org")];

fn fields(environment: &[(&str, &str)]) -> Vec<String> {
    read("", environment).unwrap_err().0.into_iter().map(|mistake| mistake.field).collect()
}

#[test]
fn one_provider_needs_no_choice_and_two_do() {
    let config = read("", &MAILGUN).unwrap();
    assert_eq!(config.route, [Provider::Mailgun]);
    let both = [&MAILGUN[..], &[("SMTP_HOST", "mail.example.org")]].concat();
    assert_eq!(fields(&both), ["EMAIL_TRANSPORTS"]);
    let config = read("", &[&both[..], &[("EMAIL_TRANSPORTS", "mailgun, smtp")]].concat()).unwrap();
    assert_eq!(config.route, [Provider::Mailgun, Provider::Smtp]);
}

#[test]
fn a_route_names_what_is_configured_and_nothing_twice() {
    assert_eq!(fields(&[("EMAIL_TRANSPORTS", "smtp")]), ["SMTP_HOST"]);
    assert_eq!(fields(&[("EMAIL_TRANSPORTS", "pigeon")]), ["EMAIL_TRANSPORTS"]);
    assert_eq!(fields(&[("SMTP_HOST", "mail.example.org"), ("EMAIL_TRANSPORTS", "smtp,smtp")]), ["EMAIL_TRANSPORTS"]);
    assert_eq!(fields(&MAILGUN[..1]), ["MAILGUN_DOMAIN"]);
}

#[test]
fn a_letter_has_one_sender_whichever_provider_takes_it() {
    let senders = [("SMTP_FROM_ADDRESS", "a@example.org"), ("MAILGUN_FROM_EMAIL", "b@example.org")];
    let sender = |config: Config| config.workflows.unwrap().default.sender.address().to_string();
    let alone = read("", &[&MAILGUN[..], &senders].concat()).unwrap();
    assert_eq!(sender(alone), "b@example.org");
    let both = [("SMTP_HOST", "mail.example.org"), ("EMAIL_TRANSPORTS", "smtp,mailgun")];
    let mistakes = read("", &[&MAILGUN[..], &senders, &both].concat()).unwrap_err();
    assert_eq!(mistakes.0[0].field, "SMTP_FROM_ADDRESS");
    assert!(mistakes.to_string().contains("MAILGUN_FROM_EMAIL"));
}

#[test]
fn a_workflow_may_have_a_route_a_language_and_a_way_to_leave() {
    let both = [&MAILGUN[..], &[("SMTP_HOST", "mail.example.org"), ("EMAIL_TRANSPORTS", "smtp")]].concat();
    let senders = [("SMTP_FROM_ADDRESS", "a@example.org"), ("MAILGUN_FROM_EMAIL", "b@example.org")];
    let file = "[defaults]\nlocale = \"de\"\n[workflows.digest]\ntransports = \"mailgun\"\nlocale = \"pt_BR\"\n\
                unsubscribe = \"https://app.example.org/leave\"\nunsubscribe_post = true";
    let config = read(file, &[&both[..], &senders].concat()).unwrap();
    assert_eq!(config.providers(), [Provider::Smtp, Provider::Mailgun]);
    let workflows = config.workflows.clone().unwrap();
    let digest = workflows.of(&postroom_domain::id::Workflow::parse("digest").unwrap());
    assert_eq!(digest.route.iter().map(ToString::to_string).collect::<Vec<_>>(), ["mailgun"]);
    assert_eq!(digest.sender.address().as_str(), "b@example.org", "the sender of its own route");
    assert!(digest.unsubscribe.is_some());
    assert_eq!(workflows.default.sender.address().as_str(), "a@example.org");
    let locale = |settings: &crate::mailroom::WorkflowSettings| settings.locale.as_ref().map(ToString::to_string);
    assert_eq!((locale(digest).as_deref(), locale(&workflows.default).as_deref()), (Some("pt-br"), Some("de")));
    assert_eq!(config.languages, workflows.languages());
}

#[test]
fn the_languages_of_letters_are_known_without_a_sender() {
    let file = "[defaults]\nlocale = \"de\"\n[workflows.notice]\nmax_attempts = 2\n[workflows.digest]\nlocale = \"ar\"";
    let config = read(file, &[("POSTROOM_LOCALE", "fr")]).unwrap();
    assert!(config.workflows.is_none());
    let of =
        |name: &str| config.languages.of(&postroom_domain::id::Workflow::parse(name).unwrap()).unwrap().to_string();
    assert_eq!((of("digest"), of("notice"), of("another")), ("ar".into(), "fr".into(), "fr".into()));
}

#[test]
fn mistakes_of_a_workflow_are_named_by_their_keys() {
    let file = "[sender]\naddress = \"a@example.org\"\n[workflows.digest]\ntransports = \"mailgun\"\nlocale = \"german\"\n\
                unsubscribe_post = true\n[workflows.notice]\nunsubscribe = \"http://x\"\n[mailgun]\nclient = \"curl\"\n\
                tags = \"one\"";
    let mut fields: Vec<String> = read(file, &[]).unwrap_err().0.into_iter().map(|mistake| mistake.field).collect();
    fields.sort();
    let expected = [
        "MAILGUN_API_KEY",
        "mailgun.client",
        "mailgun.tags",
        "workflows.digest.locale",
        "workflows.digest.unsubscribe_post",
        "workflows.notice.unsubscribe",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn what_is_captured_has_one_way_out_whatever_is_configured() {
    let elsewhere = [
        ("MAILGUN_API_KEY", "a key"),
        ("MAILGUN_DOMAIN", "mg.example.org"),
        ("SMTP_HOST", "mail.example.org"),
        ("SMTP_FROM_ADDRESS", "post@example.org"),
        ("MAILGUN_FROM_EMAIL", "post@example.org"),
        ("EMAIL_TRANSPORTS", "mailgun,smtp"),
    ];
    let inbox = std::net::SocketAddr::from(([127, 0, 0, 1], 2525));
    for (file, environment) in [("[workflows.invite]\ntransports = \"mailgun\"", &elsewhere[..]), ("", &[])] {
        let captured = read(file, environment).unwrap().captured_at(inbox).unwrap();
        assert_eq!(captured.providers(), [Provider::Smtp]);
        assert!(captured.mailgun.is_none());
        let smtp = captured.smtp.unwrap();
        assert_eq!((smtp.host.as_str(), smtp.port), ("127.0.0.1", Some(2525)));
        let workflows = captured.workflows.unwrap();
        assert!(workflows.own.values().chain([&workflows.default]).all(|settings| settings.route.is_empty()));
    }
}
