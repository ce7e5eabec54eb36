//! The few files that pages need; they come with the binary.

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// One file.
struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static str,
}

static ASSETS: [Asset; 3] = [
    Asset {
        name: "postroom.css",
        kind: "text/css; charset=utf-8",
        content: include_str!("../../../assets/postroom.css"),
    },
    Asset { name: "live.js", kind: "text/javascript; charset=utf-8", content: include_str!("../../../assets/live.js") },
    Asset { name: "postroom.svg", kind: "image/svg+xml", content: include_str!("../../../assets/postroom.svg") },
];

/// A browser may keep a file for a year: a new one has a new address.
const KEEP: &str = "public, max-age=31536000, immutable";

/// The routes. Whoever signs in needs them, too.
pub(super) fn routes() -> Router {
    let add = |all: Router, asset: &'static Asset| all.route(&address(asset.name), get(|| async { asset.answer() }));
    ASSETS.iter().fold(Router::new(), add)
}

impl Asset {
    fn answer(&self) -> Response {
        ([(header::CONTENT_TYPE, self.kind), (header::CACHE_CONTROL, KEEP)], self.content).into_response()
    }
}

/// The address of a file, which changes with its content.
pub(super) fn address(name: &str) -> String {
    let content = ASSETS.iter().find(|asset| asset.name == name).map_or("", |asset| asset.content);
    format!("/assets/{:016x}/{name}", fingerprint(content))
}

/// FNV-1a: it tells editions apart and protects nothing.
fn fingerprint(content: &str) -> u64 {
    content.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for asset in &ASSETS {
            // The name of SVG's namespace is no address that anybody asks.
            let text = asset.content.replace("http://www.w3.org/2000/svg", "");
            for word in ["http:", "https:", "@import", "url("] {
                assert!(!text.contains(word), "{} has {word}", asset.name);
            }
        }
    }

    #[test]
    fn the_script_is_small() {
        let script = ASSETS.iter().find(|asset| asset.name == "live.js").unwrap();
        assert!(script.content.lines().count() <= 60);
    }
}
