//! Style sheets are written into the elements after data was escaped: none of it becomes markup by that.

use std::cell::RefCell;
use std::sync::LazyLock;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, StartTag, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use postroom_adapters_minijinja::{Brand, Templates};
use postroom_ports::letter::Data;
use postroom_ports::template::{RenderError, TemplateRenderer};
use proptest::prelude::*;
use serde_json::json;

use crate::folder::{Folder, name};

/// The names of all elements and of their attributes, in order, by a reader that is not the inliner's.
#[derive(Default)]
struct Skeleton(RefCell<Vec<String>>);

impl TokenSink for Skeleton {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        if let TagToken(tag) = token
            && tag.kind == StartTag
        {
            let mut attributes: Vec<String> = tag.attrs.iter().map(|a| a.name.local.to_string()).collect();
            attributes.sort();
            self.0.borrow_mut().push(format!("{} {}", tag.name, attributes.join(" ")));
        }
        TokenSinkResult::Continue
    }
}

fn skeleton(html: &str) -> Vec<String> {
    let tokenizer = Tokenizer::new(Skeleton::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    // The style sheet that stays is no markup.
    let (head, rest) = html.split_once("<style data-css-inline=\"keep\">").unwrap_or((html, ""));
    let rest = rest.split_once("</style>").map_or(rest, |(_, rest)| rest);
    input.push_back(StrTendril::from(format!("{head}{rest}")));
    let _script = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

/// Values that want out of where they stand: of text, of an attribute, of CSS.
fn hostile() -> impl Strategy<Value = String> {
    let bits = prop::sample::select(vec![
        "<",
        ">",
        "\"",
        "'",
        "&",
        "&lt;",
        "&quot;",
        "&#34;",
        "&amp;quot;",
        "</p>",
        "</style>",
        "<style>",
        "<script>",
        "<!--",
        "-->",
        "]]>",
        "<b onclick=x>",
        " onclick=x ",
        "=",
        "/",
        "\\",
        "\\22 ",
        "\\3c ",
        "\\27 ",
        ";",
        ":",
        "{",
        "}",
        "*/",
        "/*",
        "url(",
        "@import",
        "expression(",
        "color:red",
        "\u{a0}",
        "é",
        "😀",
        "\u{200f}",
        "س",
        "a",
        " ",
        "data-css-inline=keep",
        "<link rel=stylesheet href=x>",
        "<plaintext>",
        "<svg>",
        "<math>",
        "\n",
    ]);
    prop_oneof![3 => prop::collection::vec(bits, 0..12).prop_map(|bits| bits.concat()), 1 => "\\PC{0,40}"]
}

static EMBEDDED: LazyLock<Templates> = LazyLock::new(|| Templates::embedded(Brand::default()).unwrap());
static CARELESS: LazyLock<Templates> = LazyLock::new(careless);

/// A template that prints data wherever a careless author might.
fn careless() -> Templates {
    let html = "<!doctype html><html><head><title>{{ x }}</title>\
                <style>p { color: red } .a { margin: 0 } b { color: {{ y }} }</style></head><body>\
                <!-- {{ x }} --><p class=\"a {{ x }}\" title=\"{{ x }}\" style=\"color: {{ y }}\">{{ x }}</p>\
                <p style='width: 1px; height: {{ y }}'>{{ x }}</p><b id='{{ x }}'>{{ x }}</b>\
                <textarea>{{ x }}</textarea></body></html>";
    let sample = json!({"x": "a", "y": "blue"});
    Folder::new().template("own", "{{ x }}{{ y }}\n", &sample).file("own/body.html.j2", html).load().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn escaped_data_never_becomes_markup(values in prop::collection::vec(hostile(), 4)) {
        let (templates, invitation) = (&*EMBEDDED, name("invitation"));
        let mut data = templates.sample(&invitation).unwrap();
        let plain = templates.render(&invitation, None, &data).unwrap();
        for (field, value) in ["inviter_name", "recipient_name", "role", "project_name"].into_iter().zip(&values) {
            data.insert(field.to_owned(), json!(value));
        }
        // Only control characters are refused, and none is among them but the line break.
        let letter = templates.render(&invitation, None, &data).unwrap();
        prop_assert_eq!(skeleton(&letter.html), skeleton(&plain.html));
        prop_assert!(letter.text.contains(values[2].as_str()));
    }

    #[test]
    fn not_even_where_an_author_is_careless(x in hostile(), y in hostile()) {
        let templates = &*CARELESS;
        let data = |x: &str, y: &str| Data::from_iter([("x".to_owned(), json!(x)), ("y".to_owned(), json!(y))]);
        let plain = templates.render(&name("own"), None, &data("a", "blue")).unwrap();
        match templates.render(&name("own"), None, &data(&x, &y)) {
            Ok(letter) => prop_assert_eq!(skeleton(&letter.html), skeleton(&plain.html), "{}", letter.html),
            Err(RenderError::Broken { reason, .. }) => prop_assert!(reason.contains("CSS"), "{reason}"),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}

#[test]
fn a_quote_in_the_disguise_of_css_ends_no_attribute() {
    let data =
        Data::from_iter([("x".to_owned(), json!("a")), ("y".to_owned(), json!("red; a\\22\\20onclick\\3dx\\20b: c"))]);
    let refusal = careless().render(&name("own"), None, &data).unwrap_err();
    assert!(refusal.to_string().contains("own/body.html.j2: its CSS has a backslash"), "{refusal}");
    assert!(!refusal.to_string().contains("onclick"), "{refusal}");
}

#[test]
fn the_style_sheet_stands_in_the_elements_and_what_they_cannot_say_stays() {
    let templates = Templates::embedded(Brand::default()).unwrap();
    let letter = templates.render(&name("invitation"), None, &templates.sample(&name("invitation")).unwrap()).unwrap();
    assert!(letter.html.contains("<h1 style=\"font-family: "), "{}", letter.html);
    assert_eq!(letter.html.matches("<style").count(), 1, "one sheet stays");
    assert!(letter.html.contains("prefers-color-scheme: dark") && letter.html.contains("max-width: 480px"));
}

#[test]
fn a_page_without_a_style_sheet_is_left_as_it_is() {
    let html = "<P>{{ x }}<br/>\n<td>&nbsp;é</td>";
    let folder = Folder::new().template("own", "a\n", &json!({"x": "<style>"})).file("own/body.html.j2", html);
    let letter =
        folder.load().unwrap().render(&name("own"), None, &Data::from_iter([("x".to_owned(), json!("<style>"))]));
    assert_eq!(letter.unwrap().html, "<P>&lt;style&gt;<br/>\n<td>&nbsp;é</td>");
}

#[test]
fn a_value_of_100_kb_fits_and_the_limit_holds_for_what_styles_add() {
    let templates = Templates::embedded(Brand::default()).unwrap();
    let mut data = templates.sample(&name("invitation")).unwrap();
    data.insert("role".to_owned(), json!("a <b> & ".repeat(12_500)));
    let letter = templates.render(&name("invitation"), None, &data).unwrap();
    assert!(letter.html.len() > 100_000 && letter.text.len() > 100_000);
    // Each row grows by far more than it is when its style is written into it.
    let html = "<style>p { margin: 0 0 16px; font-family: Helvetica, Arial, sans-serif; font-size: 16px; color: #111111 }</style>\
                {% for row in rows %}<p>{{ row }}</p>{% endfor %}";
    let folder = Folder::new().template("rows", "a\n", &json!({"rows": []})).file("rows/body.html.j2", html);
    let rows = Data::from_iter([("rows".to_owned(), json!(vec!["x"; 8000]))]);
    let refusal = folder.load().unwrap().render(&name("rows"), None, &rows).unwrap_err();
    assert!(matches!(refusal, RenderError::Limit { what: "output", .. }), "{refusal}");
}

#[test]
fn elements_that_nobody_closes_are_stopped_before_they_use_up_the_stack() {
    let render = |row: &str, rows: usize| {
        let html = format!("<style>b {{ color: red }}</style>{{% for row in rows %}}{row}{{{{ row }}}}{{% endfor %}}");
        let folder = Folder::new().template("rows", "a\n", &json!({"rows": []})).file("rows/body.html.j2", &html);
        let rows = Data::from_iter([("rows".to_owned(), json!(vec!["x"; rows]))]);
        folder.load().unwrap().render(&name("rows"), None, &rows)
    };
    let refusal = render("<b>", 5000).unwrap_err();
    assert!(matches!(refusal, RenderError::Limit { what: "nested elements", .. }), "{refusal}");
    for closed in ["<p>", "<b></b>", "<br>"] {
        assert!(render(closed, 5000).is_ok(), "{closed} does not nest");
    }
    assert!(render("<b>", 400).is_ok(), "what browsers show is shown");
}
