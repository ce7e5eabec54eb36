//! Templates from a folder: what it may change, and why it is refused.

use crate::folder::{Folder, name};
use postroom_adapters_minijinja::{Brand, LoadError, Templates};
use postroom_ports::letter::Data;
use postroom_ports::template::{RenderError, TemplateRenderer};
use serde_json::json;

fn data(json: serde_json::Value) -> Data {
    serde_json::from_value(json).unwrap()
}

#[test]
fn a_new_folder_is_a_new_template() {
    let templates = Folder::new().template("hub/hello", "Hello {{ who }}\n", &json!({"who": "Sam"})).load().unwrap();
    let names: Vec<_> = templates.templates().iter().map(ToString::to_string).collect();
    let embedded = Templates::embedded(Brand::default()).unwrap().templates();
    let mut expected: Vec<_> = embedded.iter().map(ToString::to_string).collect();
    assert!(!expected.contains(&"hub/hello".to_owned()));
    expected.push("hub/hello".to_owned());
    expected.sort();
    assert_eq!(names, expected);
    let letter = templates.render(&name("hub/hello"), None, &data(json!({"who": "<you>"}))).unwrap();
    assert_eq!(letter.text, "Hello <you>");
}

#[test]
fn one_file_replaces_one_file_and_the_version_tells() {
    let embedded = Templates::embedded(Brand::default()).unwrap();
    let changed = Folder::new().file("invitation/subject.txt.j2", "Join {{ organization_name }}").load().unwrap();
    let versions = |template: &str| {
        let name = name(template);
        let sample = embedded.sample(&name).unwrap();
        let render = |templates: &Templates| templates.render(&name, None, &sample).unwrap();
        (render(&embedded), render(&changed))
    };
    let (old, new) = versions("invitation");
    assert_eq!(new.subject, "Join Sample Organization");
    assert_eq!(old.html, new.html);
    assert_ne!(old.version, new.version);
    let (old, new) = versions("admin/tfa");
    assert_eq!(old.version, new.version, "a template that uses none of the changed files");
}

#[test]
fn one_changed_letter_is_another_version() {
    let version = |body: &str| {
        let templates = Folder::new().template("own", body, &json!({})).load().unwrap();
        templates.render(&name("own"), None, &Data::new()).unwrap().version
    };
    assert_ne!(version("a body"), version("a bodY"));
    assert_eq!(version("a body"), version("a body"));
}

#[test]
fn a_changed_layout_changes_the_version_of_all_that_extend_it() {
    let embedded = Templates::embedded(Brand::default()).unwrap();
    let layout = "{% block content %}{% endblock %}{% block reason %}{% endblock %}";
    let changed = Folder::new().file("layouts/base.txt.j2", layout).load().unwrap();
    for name in embedded.templates() {
        let sample = embedded.sample(&name).unwrap();
        let version = |templates: &Templates| templates.render(&name, None, &sample).unwrap().version;
        assert_ne!(version(&embedded), version(&changed), "{name}");
    }
}

#[test]
fn a_variable_of_a_layout_or_partial_is_required_too() {
    let templates = Folder::new()
        .file("layouts/own.txt.j2", "{{ motto }}{% block content %}{% endblock %}{% include \"partials/own.txt.j2\" %}")
        .file("partials/own.txt.j2", "{{ signature }}{{ postscript | default('') }}")
        .template(
            "own",
            "{% extends \"layouts/own.txt.j2\" %}{% block content %}{{ order.total }}{% endblock %}",
            &json!({"order": {"total": 3}, "motto": "Ever on", "signature": "Sam"}),
        )
        .load()
        .unwrap();
    let refusal = templates.render(&name("own"), None, &data(json!({"order": {}}))).unwrap_err();
    let RenderError::Missing { names, .. } = refusal else { unreachable!("{refusal}") };
    assert_eq!(names, ["motto", "order.total", "signature"]);
}

#[test]
fn what_only_the_engine_can_see_missing_is_named_too() {
    let templates = Folder::new()
        .template("own", "{% for row in rows %}{{ row.name }}{% endfor %}", &json!({"rows": []}))
        .template("link", "{% for row in rows %}{{ row.url | link }}{% endfor %}", &json!({"rows": []}))
        .template("asked", "{% if x is defined %}yes{% endif %}{{ x }}", &json!({"x": "y"}))
        .load()
        .unwrap();
    for (template, field) in [("own", "data.row.name"), ("link", "data.row.url"), ("asked", "data.x")] {
        let refusal = templates.render(&name(template), None, &data(json!({"rows": [{}]}))).unwrap_err();
        assert!(matches!(refusal, RenderError::Missing { .. }), "{template}: {refusal}");
        assert_eq!(refusal.field(), field);
    }
}

#[test]
fn a_broken_folder_is_refused_whole_and_says_where() {
    let own = |body: &str| Folder::new().template("own", body, &json!({"x": "y"}));
    for (folder, said) in [
        (own("a\n{% if %}"), "own/body.txt.j2, line 2"),
        (Folder::new().file("own/subject.txt.j2", "a"), "lacks body.html.j2"),
        (own("").file("own/sample.json", "[]"), "own/sample.json"),
        (own("").file("own/sample.json", "{\"a\": }"), "own/sample.json"),
        (own("{{ y }}"), "the sample of template \"own\" does not render: data.y: missing"),
        (own("{{ x | uper }}"), "own/body.txt.j2, line 1: unknown filter"),
        (own("{% include \"gone.txt.j2\" %}"), "own/body.txt.j2, line 1: template not found"),
        (own("").file("own/subject.txt.j2", "a\nb\n"), "its subject contains a line break"),
        (Folder::new().template("Own", "", &json!({})), "template folder \"Own\""),
        (Folder::new().file("own/body.txt.j2", &"x".repeat(300_000)), "too large"),
    ] {
        let refusal = folder.load().unwrap_err().to_string();
        assert!(refusal.contains(said), "{said}: {refusal}");
    }
}

#[test]
fn no_html_part_gets_around_escaping() {
    for html in [
        "<p>{{ x | safe }}</p>",
        "{% autoescape false %}<p>{{ x }}</p>{% endautoescape %}",
        "<p>{% include \"partials/raw.txt.j2\" %}</p>",
    ] {
        let folder = Folder::new()
            .template("own", "", &json!({"x": "y"}))
            .file("partials/raw.txt.j2", "{{ x }}")
            .file("own/body.html.j2", html);
        assert!(folder.load().is_err(), "{html}");
    }
    let folder = Folder::new()
        .template("own", "", &json!({"x": "y"}))
        .file("partials/part.html.j2", "{% macro quoted() %}<q>{{ caller() }}</q>{% endmacro %}")
        .file(
            "own/body.html.j2",
            "{% from \"partials/part.html.j2\" import quoted %}{% set y %}{{ x }}{% endset %}\
             {% call quoted() %}{{ x }}{% endcall %}{{ y }}{{ x ~ '<i>' }}{{ [x] | join('<u>') }}",
        );
    let letter = folder.load().unwrap().render(&name("own"), None, &data(json!({"x": "<b>"}))).unwrap();
    assert_eq!(letter.html, "<q>&lt;b&gt;</q>&lt;b&gt;&lt;b&gt;&lt;i&gt;&lt;b&gt;");
}

#[cfg(unix)]
#[test]
fn a_folder_that_holds_itself_is_refused() {
    let folder = Folder::new().file("own/subject.txt.j2", "a");
    // A mounted folder is made of symbolic links, so they are followed.
    std::os::unix::fs::symlink(".", folder.0.path().join("own/again")).unwrap();
    let refusal = folder.load().unwrap_err();
    assert!(matches!(refusal, LoadError::TooDeep { .. }), "{refusal}");
}

#[test]
fn a_folder_that_is_not_there_is_refused_by_its_path() {
    let refusal = Templates::embedded(Brand::default()).unwrap().with_folder("no/such/folder".as_ref()).unwrap_err();
    assert!(refusal.to_string().contains("no/such/folder"), "{refusal}");
}

#[test]
fn hidden_files_are_not_templates() {
    let templates =
        Folder::new().file(".draft/subject.txt.j2", "a").file("invitation/.body.txt.j2.swp", "{% if").load();
    assert_eq!(templates.unwrap().templates(), Templates::embedded(Brand::default()).unwrap().templates());
}
