//! What must not get through: data that wants to be markup, code or a header, and templates
//! that never end.

use crate::folder::{Folder, name};
use postroom_adapters_minijinja::{Brand, Templates};
use postroom_ports::letter::Data;
use postroom_ports::template::{RenderError, TemplateRenderer};
use serde_json::{Value, json};

/// The sample of an embedded template with one variable changed.
fn with(template: &str, variable: &str, value: Value) -> (Templates, Data) {
    let templates = Templates::embedded(Brand::default()).unwrap();
    let mut data = templates.sample(&name(template)).unwrap();
    data.insert(variable.to_owned(), value);
    (templates, data)
}

#[test]
fn data_is_escaped_in_html_and_only_there() {
    let (templates, data) = with("invitation", "inviter_name", json!("<b>\"A\" & 'B'</b>"));
    let letter = templates.render(&name("invitation"), None, &data).unwrap();
    // Quotes end nothing outside of a tag.
    assert!(letter.html.contains("&lt;b&gt;\"A\" &amp; 'B'&lt;/b&gt;"));
    assert!(!letter.html.contains("<b>"));
    assert!(letter.text.contains("<b>\"A\" & 'B'</b>"));
}

#[test]
fn a_subject_is_text_and_not_html() {
    let (templates, data) = with("invitation", "organization_name", json!("A & B <C>"));
    let letter = templates.render(&name("invitation"), None, &data).unwrap();
    assert_eq!(letter.subject, "You've been invited to join A & B <C>");
}

#[test]
fn data_is_never_evaluated() {
    for code in ["{{ 7*7 }}", "{% include 'admin/tfa/body.txt.j2' %}", "{# gone #}", "{{ brand.accent }}"] {
        let (templates, data) = with("invitation", "inviter_name", json!(code));
        let letter = templates.render(&name("invitation"), None, &data).unwrap();
        assert!(letter.text.contains(code), "{code}");
        assert!(letter.html.contains(code), "{code}");
    }
}

#[test]
fn a_link_that_is_none_is_refused_by_the_name_of_its_variable() {
    for (template, variable) in [
        ("agency/forgot-password", "reset_url"),
        ("agency/password-changed", "support_url"),
        ("agency/welcome", "sign_in_url"),
        ("hub/email-verification", "verify_url"),
        ("hub/forgot-password", "reset_url"),
        ("hub/password-changed", "support_url"),
        ("hub/welcome", "sign_in_url"),
        ("invitation", "accept_url"),
        ("org/forgot-password", "reset_url"),
        ("org/invite", "accept_url"),
        ("org/password-changed", "support_url"),
        ("org/welcome", "sign_in_url"),
        ("password-reset", "reset_url"),
    ] {
        let (templates, mut data) = with(template, variable, Value::Null);
        for url in [
            json!("javascript:alert('secret')"),
            json!("data:text/html,secret"),
            json!("vbscript:secret"),
            json!("//secret.example.org/"),
            json!("java\tscript:secret"),
            json!(" https://secret.example.org/"),
            json!("https://secret@example.org/"),
            json!("https://example.org/\r\nsecret"),
            json!("secret"),
            json!(""),
            json!(7),
            json!(["https://secret.example.org/"]),
        ] {
            data.insert(variable.to_owned(), url.clone());
            let refusal = templates.render(&name(template), None, &data).unwrap_err();
            assert_eq!(refusal.field(), format!("data.{variable}"), "{template}: {url}");
            assert!(refusal.to_string().contains("not a link"), "{refusal}");
            assert!(!refusal.to_string().contains("secret"), "{refusal}");
        }
    }
}

#[test]
fn a_code_is_six_digits_of_text() {
    for code in [
        json!(42137),
        json!("42137"),
        json!("0421370"),
        json!("04213a"),
        json!("04 213"),
        json!("٠٤٢١٣٧"),
        json!(""),
        json!(true),
    ] {
        let (templates, data) = with("admin/tfa", "code", code.clone());
        let refusal = templates.render(&name("admin/tfa"), None, &data).unwrap_err();
        assert_eq!(refusal.field(), "data.code", "{code}");
        assert!(refusal.to_string().contains("6 digits"), "{refusal}");
        assert!(!refusal.to_string().contains("4213"), "{refusal}");
    }
    let (templates, data) = with("admin/tfa", "code", json!("000000"));
    assert!(templates.render(&name("admin/tfa"), None, &data).unwrap().text.contains("000000"));
}

#[test]
fn a_value_that_would_forge_a_header_is_refused_by_name() {
    for forged in ["A\r\nBcc: b@example.org", "A\nB", "A\u{85}B", "A\u{2028}B", "A\u{202E}B", "A\tB", "\u{7}", ""] {
        let (templates, data) = with("invitation", "organization_name", json!(forged));
        let refusal = templates.render(&name("invitation"), None, &data).unwrap_err();
        assert_eq!(refusal.field(), "data.organization_name", "{forged:?}: {refusal}");
        assert!(!refusal.to_string().contains("example.org"));
    }
}

#[test]
fn a_subject_that_grows_too_long_is_refused() {
    let (templates, data) = with("invitation", "organization_name", json!("x".repeat(490)));
    let refusal = templates.render(&name("invitation"), None, &data).unwrap_err();
    assert!(matches!(refusal, RenderError::Limit { .. }), "{refusal}");
}

#[test]
fn control_characters_are_refused_in_bodies_too() {
    for control in ["a\0b", "a\u{1b}[2Jb", "a\u{7f}b", "a\u{9b}b"] {
        let (templates, data) = with("invitation", "inviter_name", json!(control));
        let refusal = templates.render(&name("invitation"), None, &data).unwrap_err();
        assert_eq!(refusal.field(), "data.inviter_name", "{control:?}");
    }
}

#[test]
fn what_is_neither_text_nor_number_is_refused_by_name() {
    for value in [json!(true), json!(false), json!(["a"]), json!({"a": "b"})] {
        let (templates, data) = with("invitation", "role", value.clone());
        let refusal = templates.render(&name("invitation"), None, &data).unwrap_err();
        assert_eq!(refusal.field(), "data.role", "{value}");
    }
    let (templates, data) = with("invitation", "role", json!(7));
    assert!(templates.render(&name("invitation"), None, &data).unwrap().text.contains("role:    7"));
}

#[test]
fn null_is_nothing() {
    let (templates, data) = with("invitation", "project_name", Value::Null);
    let letter = templates.render(&name("invitation"), None, &data).unwrap();
    assert!(!letter.text.contains("Project") && !letter.text.contains("None"));

    let (templates, data) = with("invitation", "role", Value::Null);
    let refusal = templates.render(&name("invitation"), None, &data).unwrap_err();
    assert_eq!(refusal.field(), "data.role");
}

#[test]
fn all_missing_variables_are_named_at_once() {
    let templates = Templates::embedded(Brand::default()).unwrap();
    // A null is as good as nothing.
    let data = Data::from_iter([("inviter_name".to_owned(), Value::Null), ("role".to_owned(), Value::Null)]);
    let refusal = templates.render(&name("invitation"), None, &data).unwrap_err();
    let RenderError::Missing { names, .. } = refusal else { unreachable!("{refusal}") };
    assert_eq!(names, ["accept_url", "inviter_name", "organization_name", "role"]);
}

#[test]
fn the_brand_is_not_the_callers_to_give() {
    let (templates, data) = with("invitation", "brand", json!({"name": "Another"}));
    let refusal = templates.render(&name("invitation"), None, &data).unwrap_err();
    assert_eq!(refusal.field(), "data.brand");
}

#[test]
fn an_unknown_template_is_refused_with_the_nearest_name() {
    let templates = Templates::embedded(Brand::default()).unwrap();
    let refusal = templates.render(&name("invitatoin"), None, &Data::new()).unwrap_err();
    assert!(refusal.to_string().contains("did you mean 'invitation'"), "{refusal}");
    for inside in ["layouts", "partials", "invitation/body.html.j2"] {
        let refusal = templates.render(&name(inside), None, &Data::new()).unwrap_err();
        assert!(matches!(refusal, RenderError::Unknown { .. }), "{inside}");
    }
}

#[test]
fn a_template_that_never_ends_is_stopped() {
    for (body, limit) in [
        ("{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}", "fuel"),
        ("{% for a in range(10000) %}{{ 'x' * 1000 }}{% endfor %}", "output"),
        ("{{ 'x' * 90000000 }}", "fuel"),
        ("{{ 'x' * 600000 }}", "output"),
        ("{% include 'endless/body.txt.j2' %}", "recursion"),
        ("{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}", "recursion"),
    ] {
        let folder =
            Folder::new().template("endless", &format!("{{% if on is defined %}}{body}{{% endif %}}"), &json!({}));
        let data = Data::from_iter([("on".to_owned(), json!("yes"))]);
        let refusal = folder.load().unwrap().render(&name("endless"), None, &data).unwrap_err();
        let RenderError::Limit { what, .. } = refusal else { unreachable!("{body}: {refusal}") };
        assert_eq!(what, limit, "{body}");
    }
}

#[test]
fn a_long_list_still_fits() {
    let body = "{% for row in rows %}{{ row.name }}: {{ row.total }}\n{% endfor %}";
    let folder = Folder::new().template("report", body, &json!({"rows": []}));
    let rows: Vec<_> = (0..5000).map(|n| json!({"name": "row", "total": n})).collect();
    let data = Data::from_iter([("rows".to_owned(), json!(rows))]);
    let letter = folder.load().unwrap().render(&name("report"), None, &data).unwrap();
    assert!(letter.text.contains("row: 4999"));
}
