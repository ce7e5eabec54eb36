//! An HTML part as a mail client takes it apart: its tags, and the texts that are no text.

use std::cell::{Cell, RefCell};

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, CharacterTokens, StartTag, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

/// What of a page matters to whoever checks it.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Every opening tag, in order.
    pub(crate) tags: Vec<Tag>,
    /// What stands in `<style>`.
    pub(crate) css: String,
    /// How deep elements nest, at the deepest place.
    pub(crate) depth: usize,
}

/// Elements that hold nothing, and those that the next of their kind closes. Neither nests by itself.
const SHALLOW: [&str; 26] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr", "p",
    "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "colgroup",
];

/// An opening tag.
#[derive(Debug)]
pub(crate) struct Tag {
    /// Its name, in lower case.
    pub(crate) name: String,
    /// Its attributes, names in lower case, values as they mean.
    pub(crate) attributes: Vec<(String, String)>,
}

impl Tag {
    /// The value of an attribute, where the tag has it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Page {
    /// Takes `html` apart.
    pub(crate) fn read(html: &str) -> Self {
        let tokenizer = Tokenizer::new(Reader::default(), TokenizerOpts::default());
        let input = BufferQueue::default();
        input.push_back(StrTendril::from(html));
        let _script = tokenizer.feed(&input);
        tokenizer.end();
        tokenizer.sink.page.into_inner()
    }

    /// The tags of one name.
    pub(crate) fn tags_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Tag> {
        self.tags.iter().filter(move |tag| tag.name == name)
    }
}

#[derive(Default)]
struct Reader {
    page: RefCell<Page>,
    /// The element whose text is raw, while it is open.
    raw: RefCell<String>,
    /// How many elements are open.
    open: Cell<usize>,
}

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut page = self.page.borrow_mut();
        match token {
            TagToken(tag) if tag.kind == StartTag => {
                let attribute = |a: &html5ever::Attribute| (a.name.local.to_string(), a.value.to_string());
                let name = tag.name.to_string();
                if !SHALLOW.contains(&name.as_str()) {
                    self.open.set(self.open.get() + 1);
                    page.depth = page.depth.max(self.open.get());
                }
                page.tags.push(Tag { attributes: tag.attrs.iter().map(attribute).collect(), name: name.clone() });
                let kind = match name.as_str() {
                    "style" | "xmp" | "iframe" | "noembed" | "noframes" => Some(RawKind::Rawtext),
                    "title" | "textarea" => Some(RawKind::Rcdata),
                    "script" => Some(RawKind::ScriptData),
                    _ => None,
                };
                *self.raw.borrow_mut() = name;
                return kind.map_or(TokenSinkResult::Continue, TokenSinkResult::RawData);
            }
            TagToken(tag) => {
                self.raw.borrow_mut().clear();
                if !SHALLOW.contains(&&*tag.name) {
                    self.open.set(self.open.get().saturating_sub(1));
                }
            }
            CharacterTokens(text) if *self.raw.borrow() == "style" => page.css.push_str(&text),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_browsers_read_them() {
        let page =
            Page::read("<!-- <a href=x> --><A HREF='a&amp;b' class=c>x</a><img alt><p title=\"<b>\">&lt;i&gt;</p>");
        let names: Vec<&str> = page.tags.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(names, ["a", "img", "p"]);
        assert_eq!((page.tags[0].get("href"), page.tags[0].get("class")), (Some("a&b"), Some("c")));
        assert_eq!((page.tags[1].get("alt"), page.tags[1].get("src")), (Some(""), None));
    }

    #[test]
    fn depth_counts_what_is_open_at_once() {
        for (html, depth) in [("", 0), ("<b><i>x</i></b><b>x</b>", 2), ("<ul><li>a<li>b<br></ul><p>c<p>d", 1)] {
            assert_eq!(Page::read(html).depth, depth, "{html}");
        }
        assert_eq!(Page::read(&"<b>".repeat(900)).depth, 900);
    }

    #[test]
    fn what_stands_in_style_is_css_and_no_markup() {
        let page = Page::read("<style>a > b { content: '<i>' }</style><title><u></title><p>x</p>");
        assert_eq!(page.css, "a > b { content: '<i>' }");
        assert_eq!(page.tags.iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>(), ["style", "title", "p"]);
    }
}
